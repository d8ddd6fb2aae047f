"""Proportional hazards in plain arrays: risk sets, the maximum, residuals, checks and the baseline."""
