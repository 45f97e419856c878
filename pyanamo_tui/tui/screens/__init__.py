"""The dashboard's screens: each renders Snapshots and asks the Workspace for the rest."""
