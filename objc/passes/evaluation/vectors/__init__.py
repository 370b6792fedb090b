"""Vectors: lengths, projections, cosines and deviations from a mean."""
