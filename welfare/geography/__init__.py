"""Where things are: distances on the ellipsoid, coordinates checked, the county a point lies in."""
