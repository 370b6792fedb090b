"""Log-gamma functions far out, where their differences cancel."""
