"""The data-access core: what users do with a workflow table."""
