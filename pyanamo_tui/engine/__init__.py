"""The worker process: claims items, runs their tasks, writes the logs back."""
