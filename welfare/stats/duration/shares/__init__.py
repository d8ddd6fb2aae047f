"""Shares still without an event, or with each kind of event, by a time."""
