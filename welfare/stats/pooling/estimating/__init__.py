"""The weighted sums, the heterogeneity and the regression of effects, on plain arrays."""
