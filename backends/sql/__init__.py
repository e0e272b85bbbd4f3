"""One SQL backend over three dialects."""
