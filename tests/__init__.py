"""What Kundengraph promises, as sentences that run."""
