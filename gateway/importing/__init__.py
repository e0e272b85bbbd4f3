"""`kundengraph import-otobo`: a file of OTOBO's settings, read and printed as a configuration."""
