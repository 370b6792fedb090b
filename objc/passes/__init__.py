"""Passes: each takes a program and returns one that means the same, or a derivative of it."""
