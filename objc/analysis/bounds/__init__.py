"""Bounds on the value of a loss or a metric: one file for each inequality that they lean on."""
