"""Cohorts against units not treated, period by period."""
