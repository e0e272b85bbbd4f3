"""Laws that every world keeps, tried on random ones."""
