"""One's own fitted models as effects to pool, such as one model per country or agency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter


def effects_of(fits: Mapping[str, Any] | Sequence[Any], term: str) -> pd.DataFrame:
    """Take one term out of several fitted models.

    Parameters
    ----------
    fits : mapping of results by name, or sequence of results
        Each with a `.table` of term, estimate, std_error (:func:`welfare.count_model`).
    term : str
        As in their tables, in one unit and with the same meaning in all.

    Returns
    -------
    DataFrame
        Columns effect, variance, label; one row per fit.

    Raises
    ------
    BadParameter
        If no fit is given, one has no such table or term, or its term could not be estimated.

    Notes
    -----
    Fits on rows of the same places are not independent: say which belong together with ``pool(study=)``. A term means
    the same only where the other terms do.

    Examples
    --------
    >>> import pandas as pd
    >>> import welfare as wf
    >>> from welfare.stats.pooling.own_fits import effects_of
    >>> rows = pd.DataFrame({"deaths": [4, 9, 4, 7, 16, 7], "dense": [0, 1, 0] * 2, "country": list("AAABBB")})
    >>> fits = {name: wf.count_model("deaths ~ dense", part, errors="model") for name, part in rows.groupby("country")}
    >>> effects_of(fits, "dense").round(3).to_dict("list")
    {'effect': [0.811, 0.827], 'variance': [0.236, 0.134], 'label': ['A', 'B']}
    """
    named = fits if isinstance(fits, Mapping) else {f"fit {at + 1}": one for at, one in enumerate(fits)}
    if not named:
        raise BadParameter("no fit was given", where="effects_of(fits=)", todo="Give at least two.")
    return pd.DataFrame([_row(str(name), fit, term) for name, fit in named.items()])


def _row(name: str, fit: Any, term: str) -> dict[str, Any]:
    table = getattr(fit, "table", None)
    if table is None or not {"term", "estimate", "std_error"} <= set(table):
        raise BadParameter(
            f"{name} has no table of terms with their errors",
            where="effects_of(fits=)",
            todo="Give results of wf.count_model, or hand effects and variances to wf.pool.",
        )
    found = table[table["term"] == term]
    if found.empty or not np.isfinite(found[["estimate", "std_error"]].to_numpy(dtype=float)).all():
        raise BadParameter(
            f"{name} has no estimate of {term!r}",
            where="effects_of(term=)",
            spoiled="Leaving it out silently would choose which fits speak.",
            todo=f"It has {', '.join(map(str, table['term'][:8]))}; leave the fit out by name if it cannot be had.",
        )
    made_up = "SIMULATED " if str(getattr(fit, "text", "")).startswith("SIMULATED") else ""
    return {
        "effect": float(found["estimate"].iloc[0]),
        "variance": float(found["std_error"].iloc[0]) ** 2,
        "label": f"{made_up}{name}",
    }


__all__ = ["effects_of"]
