"""GraphiQL: its few sources, and the built bundle in dist/ as package data."""
