"""Products, quotients and squares that leave the range on the way to a number that does not."""
