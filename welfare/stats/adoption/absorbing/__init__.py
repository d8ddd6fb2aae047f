"""Models with an effect for each unit and a calendar of period effects for each group of units, swept out exactly."""
