"""Objectives as a whole: the shape of the sum, whether it is bounded, what leaves it as it is."""
