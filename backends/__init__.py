"""Stores behind one protocol, and the directory that asks them in order. Imports none of the other packages."""
