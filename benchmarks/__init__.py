"""Every speed, memory and call figure that the documentation quotes, measured again by `python -m benchmarks`."""
