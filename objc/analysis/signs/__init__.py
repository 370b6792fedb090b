"""Signs of formulas: what algebra, root isolation and the parts of a sum say of them."""
