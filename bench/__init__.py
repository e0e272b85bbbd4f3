"""Measures the gateway as ratios within one run, over private servers: `python -m bench`."""
