"""The slow drift and the sudden step: counts watched over time, against what was expected of them."""
