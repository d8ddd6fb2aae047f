"""How groups are brought to a standard: their strata, the two methods, the interval, and what to doubt."""
