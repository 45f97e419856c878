"""The Textual dashboard: renders Snapshots, asks the Workspace for everything."""
