"""Differences in general: by series, by common factors and denominators, and where two arguments are near."""
