"""`kundengraph export` and `kundengraph import`: customer users as CSV or JSON lines."""
