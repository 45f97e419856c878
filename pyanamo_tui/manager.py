"""PyAnamo_Manager, the documented Python client: thin over the workspace."""
