"""Whether neighbours are alike: one number for the whole map, and one for each place."""
