"""How fast it is, as ratios to floors taken in the same run: `python -m benchmarks [names]`, or `make bench`."""
