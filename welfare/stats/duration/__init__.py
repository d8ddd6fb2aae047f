"""Time to an event: dated records into spells, survival curves, competing risks and models of the hazard."""
