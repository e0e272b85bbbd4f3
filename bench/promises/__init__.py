"""`python -m bench promises`: the numbers of docs/promises.md that are times and sizes, each measured within one run."""
