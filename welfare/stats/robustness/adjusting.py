"""P-values of a family, adjusted for how many there are: in plain arrays."""

from __future__ import annotations

import numpy as np

METHODS = {
    "holm": "Holm: the chance of one false finding or more is at most the level, however the p-values depend",
    "bonferroni": "Bonferroni: as Holm, and never fewer adjustments",
    "bh": "Benjamini-Hochberg: the expected share of false findings among all is at most the level, for independent or "
    "positively dependent p-values",
    "by": "Benjamini-Yekutieli: the expected share of false findings among all is at most the level, however the "
    "p-values depend",
}


def adjusted_p(p: np.ndarray, method: str, family: int) -> np.ndarray:
    """Adjust p-values of a family that may hold more tests than are at hand.

    Parameters
    ----------
    p : array, shape (n,)
        From 0 to 1, none missing.
    method : str
        One of `METHODS`.
    family : int
        Tests in the family, n or more.

    Returns
    -------
    array, shape (n,)

    References
    ----------
    Holm S. Scandinavian Journal of Statistics 1979; 6: 65-70. Benjamini Y, Hochberg Y. Journal of the Royal Statistical
    Society B 1995; 57: 289-300. Benjamini Y, Yekutieli D. Annals of Statistics 2001; 29: 1165-1188.
    """
    if method == "bonferroni":
        return np.minimum(1.0, p * family)
    order = np.argsort(p, kind="stable")
    rank = np.arange(1, len(p) + 1)
    if method == "holm":
        stepped = np.maximum.accumulate(p[order] * (family - rank + 1))
    else:
        dependence = np.sum(1 / np.arange(1, family + 1)) if method == "by" else 1.0
        # The largest come last: each is at most what a larger p-value was adjusted to.
        stepped = np.minimum.accumulate((p[order] * (family / rank) * dependence)[::-1])[::-1]
    out = np.empty(len(p))
    out[order] = np.minimum(1.0, stepped)
    return out


__all__ = ["METHODS", "adjusted_p"]
