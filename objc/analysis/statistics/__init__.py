"""What a loss estimates: calibration, propriety, the statistic elicited, the likelihood, divergences."""
