"""The purely spatial scan: circles and ellipses around every place, for the data and for many random maps."""
