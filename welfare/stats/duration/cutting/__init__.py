"""Dated records and changing conditions, cut into spells."""
