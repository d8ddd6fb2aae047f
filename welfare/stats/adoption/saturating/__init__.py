"""One regression with an effect for each cohort and period."""
