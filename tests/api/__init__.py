"""Against real servers and over HTTP."""
