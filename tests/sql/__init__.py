"""What only databases have: drivers, look-ups by index, the registry."""
