"""The only place that calls AWS: one service a module, typed in and out."""
