"""The shape of a loss in its inputs: curvature, slopes, kinks, bounds, invariances."""
