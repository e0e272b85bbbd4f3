"""Random faults on everything under mixed load, compared with a model: `python -m tests.soak --minutes N --seed S`."""
