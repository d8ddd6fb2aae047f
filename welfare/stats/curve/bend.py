"""A threshold: the value of a condition from which harm moves with it, its interval, and a test that there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.results import Result
from welfare.stats.curve.asked import Asked
from welfare.stats.curve.fitted import Fitted, with_columns
from welfare.stats.estimates import Estimates, estimate
from welfare.stats.splines.broken_stick import fit_broken_stick


@dataclass(frozen=True, repr=False, kw_only=True)
class Threshold(Result):
    """A line that bends once; see :meth:`welfare.stats.curves.Curve.threshold`.

    Attributes
    ----------
    table : DataFrame
        The thresholds tried: threshold, deviance (-2 log likelihood over the dispersion).
    threshold, low, high : float
        In the condition's unit; an end of the interval is NaN where it runs past the thresholds tried.
    low_open, high_open : bool
        Whether it does.
    p_value : float
        Upper bound (Davies) of the chance of so good a bend were there none.
    slope_below, slope_above : float
        Ratio of rates per unit of the condition on either side.
    """

    threshold: float
    low: float
    high: float
    low_open: bool
    high_open: bool
    p_value: float
    slope_below: float
    slope_above: float

    def plot(self, ax: Any = None) -> Any:
        """Draw the deviance of each threshold tried.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        """
        from welfare.figures.curves import thresholds

        return thresholds(self.table, threshold=self.threshold, ax=ax)


def find_threshold(asked: Asked, fitted: Fitted) -> Threshold:
    """Fit a line that bends once to the rows of a curve.

    Parameters
    ----------
    asked : Asked
    fitted : Fitted

    Notes
    -----
    The interval is by profile likelihood, the deviance divided by Pearson's dispersion; where errors are clustered, by
    how much wider clusters make the error of the straight line, if that is more.
    """
    values = fitted.design.source[asked.condition]
    used = asked.frame.iloc[fitted.design.places]
    at = values.to_numpy(dtype=float)[fitted.design.places]

    def bent(threshold: float) -> Estimates:
        frame = used.assign(above_threshold=np.maximum(at - threshold, 0.0))
        return estimate(with_columns(asked, frame, [asked.condition, "above_threshold"]).question, frame)

    straight = estimate(with_columns(asked, used, [asked.condition]).question, used)
    dispersion = max(1.0, straight.dispersion, _by_clusters(straight))
    found = fit_broken_stick(
        lambda threshold: -2 * bent(threshold).loglik,
        at,
        straight=-2 * straight.loglik,
        dispersion=dispersion,
        points=40,
    )
    slopes = bent(found.threshold).table.set_index("term")["estimate"]
    below = float(np.exp(slopes[asked.condition]))
    above = float(np.exp(slopes[asked.condition] + slopes["above_threshold"]))
    low = "below the values tried" if found.low_open else f"{found.low:.4g}"
    high = "above the values tried" if found.high_open else f"{found.high:.4g}"
    text = (
        f"A line that bends once fits best with the bend at {asked.condition} {found.threshold:.4g} (95% interval "
        f"{low} to {high}): per further unit the rate is {below:.4g} times as high below it and {above:.4g} times "
        f"above. Were there no bend, so good a fit would come up with a probability of at most {found.p_value:.2g}. "
        "That the rate bends there is a description of these records, not proof of a level that is safe."
    )
    table = pd.DataFrame({"threshold": found.candidates, "deviance": found.deviances / dispersion})
    return Threshold(
        table=table,
        text=text,
        dropped=fitted.design.dropped,
        notes=(
            f"Thresholds were tried between {found.searched[0]:.4g} and {found.searched[1]:.4g}; deviances are divided "
            f"by {dispersion:.3g}.",
        ),
        threshold=found.threshold,
        low=found.low,
        high=found.high,
        low_open=found.low_open,
        high_open=found.high_open,
        p_value=found.p_value,
        slope_below=below,
        slope_above=above,
    )


def _by_clusters(straight: Estimates) -> float:
    """Return how many times the variance of the line's slope is what the model's own variance makes it."""
    if not straight.groups:
        return 1.0
    at = next(at for at, name in enumerate(straight.design.names) if name != "Intercept")
    trusting = straight.fit.inverse[at, at]
    return float(straight.covariance.matrix[at, at] / trusting) if trusting > 0 else 1.0
