"""The headless command line: parse, call the workspace, print."""
