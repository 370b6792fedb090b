"""What is computed once, where, and not at all (stage 6)."""
