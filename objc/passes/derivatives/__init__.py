"""Differentiation (stage 5): gradients, tangents and second derivatives, as programs."""
