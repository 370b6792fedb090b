"""Divergences, of which the terms cancel where the two sides nearly agree."""
