"""Conditions and harm, counted: rates and models of counts, each with its doubt and with what was left out."""
