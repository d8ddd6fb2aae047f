"""The options that every rate shares: an interval by name, its coverage, and the units a rate is given for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from welfare.errors import BadParameter


def check_method(method: str, offered: Iterable[str], where: str) -> None:
    """Refuse an interval or method of unknown name.

    Parameters
    ----------
    method : str
        What was asked for.
    offered : iterable of str
        What there is.
    where : str
        Function and argument, for the error.

    Raises
    ------
    BadParameter
        With the names there are.
    """
    names = list(offered)
    if method not in names:
        raise BadParameter(f"nothing is called {method!r}", where=where, todo=f"Use {', '.join(names)}.")


def check_level(level: float, where: str) -> None:
    """Refuse a coverage that is not between 0 and 1.

    Parameters
    ----------
    level : float
        Coverage of an interval.
    where : str
        Function, for the error.

    Raises
    ------
    BadParameter
        If it is no such share.
    """
    if not 0 < level < 1:
        raise BadParameter(
            f"level is {level!r}, not between 0 and 1",
            where=f"{where}(level=)",
            spoiled="No interval has that coverage.",
            todo="Give a share, e.g. 0.95 rather than 95.",
        )


def check_per(per: float, where: str) -> None:
    """Refuse units of exposure that are not above zero.

    Parameters
    ----------
    per : float
        Units of exposure that a rate is given for.
    where : str
        Function, for the error.

    Raises
    ------
    BadParameter
        If `per` is zero, negative or not finite.
    """
    if not (np.isfinite(per) and per > 0):
        raise BadParameter(f"per is {per!r}, not above zero", where=f"{where}(per=)", todo="Give the units, e.g. 1000.")


def per_units(per: float) -> str:
    """Say what a rate is per: ``per unit``, ``per 1,000 units``.

    Parameters
    ----------
    per : float
        Units of exposure.
    """
    return "per unit" if per == 1 else f"per {per:,g} units"
