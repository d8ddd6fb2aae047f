"""Effects and variances from what papers print."""
