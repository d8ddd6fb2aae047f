"""The scan in space and time, or in time alone: cylinders, places around a centre during an interval of steps."""
