"""The pure parts of backends/sql."""
