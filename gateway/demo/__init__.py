"""`kundengraph demo`: a world of people with stories, and the private servers that hold it."""
