"""One series of periods: how it moves with time and season, and errors that hold although neighbours are alike."""
