"""The one template environment: autoescape on, undefined names an error, templates shipped in the package."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def environment() -> Environment:
    """Return the environment every template of the reports is rendered in."""
    return Environment(
        loader=PackageLoader("welfare.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
