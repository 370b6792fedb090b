"""Probabilities and softmaxes: one less one of them, means under them, and two that are nearly the same."""
