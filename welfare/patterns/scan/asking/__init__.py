"""What the caller asks of a scan, and the caller's rows laid out as places by steps of time."""
