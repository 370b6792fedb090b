"""Hessians in several numbers: sign of their minors, and diagonals with a low rank beside them."""
