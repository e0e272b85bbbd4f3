"""Puts everything together: configuration, stack, application, command line, demo. Knows all other packages."""
