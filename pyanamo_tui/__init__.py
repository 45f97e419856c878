"""pyanamo-tui: a dashboard, an engine and a client for PyAnamo workflow tables."""

__version__ = "0.1.0"
