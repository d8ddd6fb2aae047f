"""Where harm gathers: the window in space, in time or in both that holds more cases than chance would put into any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.patterns.profiles.shrinkage import fit_spread
from welfare.patterns.scan.asking.columns import read_columns
from welfare.patterns.scan.asking.layout import Layout, largest_distance, lay_out
from welfare.patterns.scan.asking.options import Options
from welfare.patterns.scan.dispersion import COUNTED, dispersion
from welfare.patterns.scan.monte_carlo import find_windows, random_maxima
from welfare.patterns.scan.tables import cluster_table, over_time, row_frame
from welfare.patterns.scan.words import NAMED, notes, paragraph, uneven_words
from welfare.schema.results import Result


@dataclass(frozen=True, repr=False, kw_only=True)
class Scan(Result):
    """Windows in which cases gather; see :func:`scan`.

    Attributes
    ----------
    table : DataFrame
        One row per cluster, the most likely first: cluster (1, 2, ...), llr, observed, expected (cases),
        relative_risk (inside against outside; under the permutation and expectation models observed over expected;
        missing under the normal), p_value, x, y (of the centre, as given; missing if none were), radius (in units
        of x and y, or km; of an ellipse half the longer axis), members (list of the input's row labels, nearest the
        centre first, then in order of time), start, end (first and last period in it; missing if no time was given).
        After these, where asked for: shape and angle (ellipses: ratio of the axes, and degrees of the longer axis
        from the x axis, counter-clockwise), mean_inside and mean_outside (normal model), p_gumbel.
    places : DataFrame
        One row per row of the input that was used, under its label; columns x, y (where given), observed, expected,
        cluster (its number in `table`; 0 outside all of them), period (where time was given).
    over_time : DataFrame or None
        Where time was given, one row per cluster and period: cluster, period, observed, expected (of the cluster's
        places, in the whole study period), inside (whether the period is in the cluster).
    geographic : bool
        Whether x and y are degrees, and radii km.
    model, shape : str
        Of the random maps, and of the windows.
    replicates : int
        Random maps behind the p-values; fewer than asked for where drawing stopped early.
    dispersion : float
        Variance of counts between places over that of chance, once clusters with a p-value of 0.05 or less
        are allowed for. Above 1, the p-values of models that take cases as independent are too small. Missing under
        the exponential, normal and permutation models.
    """

    places: pd.DataFrame
    over_time: pd.DataFrame | None
    geographic: bool
    model: str
    shape: str
    replicates: int
    dispersion: float

    def plot(self, ax: Any = None) -> Any:
        """Draw where the clusters are: on a map of the United States, on a plane, or on a calendar.

        Places in clusters with a p-value of 0.05 or less are set apart. A scan in time alone is drawn as
        `plot_over_time` draws it.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        if "x" not in self.places:
            return self.plot_over_time(ax=ax)
        from welfare.figures.clusters import cluster_map

        named = self.table[self.table["p_value"] <= NAMED]
        return cluster_map(self.places, named, geographic=self.geographic, ax=ax)

    def plot_over_time(self, cluster: int = 1, ax: Any = None) -> Any:
        """Draw observed and expected cases of a cluster's places, period by period.

        Parameters
        ----------
        cluster : int
            Its number in `table`.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        BadParameter
            If no time was given, or there is no such cluster.
        """
        if self.over_time is None or cluster not in set(self.over_time["cluster"]):
            raise BadParameter(
                "no time was given" if self.over_time is None else f"there is no cluster {cluster!r}",
                where="scan(...).plot_over_time()",
                spoiled="There is nothing to draw.",
                todo="Scan with time=, and name a cluster of `.table`.",
            )
        from welfare.figures.clusters import cluster_over_time

        return cluster_over_time(self.over_time[self.over_time["cluster"] == cluster], ax=ax)


def scan(
    cases: Sequence[float] | pd.Series,
    population: Sequence[float] | pd.Series | None,
    x: Sequence[float] | pd.Series | None = None,
    y: Sequence[float] | pd.Series | None = None,
    *,
    time: Any = None,
    model: str = "poisson",
    shape: str = "circle",
    max_share: float = 0.5,
    geographic: bool = False,
    replicates: int = 999,
    seed: int = 0,
    analysis: str = "retrospective",
    max_duration: float = 0.5,
    max_radius: float | None = None,
    min_cases: float = 2,
    covariates: Any = None,
    penalty: float = 0.5,
    gumbel: bool = False,
    stop_after: int | None = None,
) -> Scan:
    """Look for the windows in space, time or both that hold more cases than their population would give.

    Parameters
    ----------
    cases : sequence or Series of n counts
        Events per place, or per place and period: whole numbers, 0 or more. Under the normal model values of any sign.
    population : sequence or Series of n numbers, or None
        What cases are in proportion to if nothing gathers: animals, tasks, or expected counts from a model. Only the
        shares count: expected cases are scaled to as many as there were. Under other models: "bernoulli" cases and
        controls together; "exponential" time at risk; "normal" weights (1 for all alike); "expectation" expected
        counts, taken as they are; "permutation" nothing, None.
    x, y : sequences or Series of n numbers, or None
        Coordinates in any one unit; with `geographic`, longitude and latitude in degrees. None for a scan in time
        alone.
    time : sequence or Series of n periods, or None
        Years or other whole numbers, dates, pandas periods, or text that reads as one of them. Rows are then places
        by periods: rows at one point are one place, rows of one place and period are added up, and periods that no
        row is about count as periods all the same. None for a scan in space alone, where each row is a place.
    model : {"poisson", "negative_binomial", "bernoulli", "exponential", "normal", "permutation", "expectation"}
        What is counted, and what random maps look like: see Notes.
    shape : {"circle", "ellipse"}
        Shape of the window. Ellipses, in space alone, have axes of ratio 1, 1.5, 2, 3, 4 and 5 in 1 to 15 directions.
    max_share : float
        Largest share of the population a window's places may hold, above 0 and below 1.
    geographic : bool
        Measure along the earth's surface (WGS 84), radii in km.
    replicates : int
        Random maps behind the p-values; the smallest p-value possible is 1 / (replicates + 1).
    seed : int
        Of those maps.
    analysis : {"retrospective", "prospective"}
        Windows over any run of periods, or only those that reach the last: what is going on now.
    max_duration : float or int
        Longest window: a share of the study period of at most 0.5, or a whole number of periods.
    max_radius : float, optional
        Largest radius, in units of x and y, or km; of an ellipse, half its longer axis.
    min_cases : float
        Fewest cases in a window; under the normal model fewest places.
    covariates : Series or DataFrame of n rows, optional
        Categories that are allowed for (Poisson and negative binomial): each row's expected cases are its population
        times the rate of its category, all rows together. Rows of one point are then one place, one row a category.
    penalty : float
        Power of the penalty 4 s / (s + 1)^2 on ellipses with axes of ratio s; 0 for none.
    gumbel : bool
        Add the column p_gumbel: a p-value from a Gumbel distribution fitted to the random maps, which can be smaller
        than any rank.
    stop_after : int, optional
        Stop drawing random maps once so many were as high as the data: few are needed where there is no cluster.

    Returns
    -------
    Scan
        The most likely cluster, and further ones that share no place with those before it, as long as
        their likelihood ratio is not below that of every random map.

    Raises
    ------
    BadParameter
        If lengths or labels differ, options do not go together, or a number is out of its range.
    BadValue
        If a count is negative or not whole, or above its trials, a population is negative, or a value is not a number,
        not a period or not a place on earth.
    NoDenominator
        If no row has a population above zero.
    NotEstimable
        If fewer than three places or periods, or fewer than two cases, can be used, or no window can be formed.

    Notes
    -----
    Windows are centred on each place and grow place by place, over each run of periods; of all with at least two
    cases the one with the highest likelihood ratio (inside against outside) is the most likely cluster. Its p-value is
    the rank of that ratio among the highest ratios of maps on which nothing gathers: it allows for having looked
    everywhere. Further clusters are compared with the same highest ratios, which is conservative. On the random maps:

    - poisson: as many cases fall anew, each in proportion to population; any place with a rate of its own is a cluster.
    - negative_binomial: places differ by as much as they do, with gamma-distributed ratios, but wherever they stand;
      only high ones that stand together, or one far beyond the others, are a cluster. Circles and ratios are those of
      the Poisson model; the gamma is fitted to the counts, clusters included, which is conservative.
    - bernoulli: as many cases are picked anew among all cases and controls.
    - exponential: rows' events and times at risk change places; so do, under the normal model, values and weights.
    - permutation: each place and each period keeps its cases, but which of a place's cases fall in which period is
      shuffled. It needs no population: a place that is always high, or a month that is high everywhere, is no cluster.
    - expectation: counts are Poisson numbers with the expected counts for mean, and the ratio compares each window
      with its own expected count alone (Neill): that all places are high is a cluster too.

    The exponential and normal models and ellipses are built for space alone. All models but the negative binomial take
    cases as independent. Where facilities differ, or one occasion gives many records, their random maps are too smooth
    and p-values far too small: `dispersion` shows it. A cluster's edge is rough: places well inside the true area may
    be left out, and places beside it taken in.

    With `geographic`, circles are drawn by straight lines through the ellipsoid, which order places as geodesics do to
    a part in 100,000, and ellipses on a plane true to distance from the middle of the places. A p-value after
    `stop_after` maps is Besag and Clifford's: as many as were as high, over all that were drawn.

    References
    ----------
    Kulldorff M. A spatial scan statistic. Communications in Statistics: Theory and Methods 1997; 26: 1481-1496.
    Kulldorff M, et al. Evaluating cluster alarms. American Journal of Public Health 1998; 88: 1377-1380 (space and
    time). Kulldorff M, et al. PLoS Medicine 2005; 2: e59 (permutation). Kulldorff M, et al. Statistics in Medicine
    2006; 25: 3929-3943 (ellipses). Huang L, Kulldorff M, Gregorio D. Biometrics 2007; 63: 109-118 (exponential).
    Kulldorff M, Huang L, Konty K. International Journal of Health Geographics 2009; 8: 58 (normal). Neill DB.
    International Journal of Forecasting 2009; 25: 498-517 (expectation). Abrams AM, Kleinman K, Kulldorff M.
    International Journal of Health Geographics 2010; 9: 61 (Gumbel). Besag J, Clifford P. Biometrika 1991; 78: 301-304.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.scan.clusters import scan
    >>> cases = pd.Series([1, 1, 9, 8, 1, 1], index=list("abcdef"))
    >>> found = scan(cases, [10] * 6, x=[0, 1, 2, 2.5, 4, 5], y=[0] * 6, replicates=99)
    >>> found.table[["observed", "expected", "members"]].head(1).to_dict("records")
    [{'observed': 17.0, 'expected': 7.0, 'members': ['c', 'd']}]
    """
    _refuse_half_a_point(x, y)
    options = Options(
        model=model,
        shape=shape,
        in_space=x is not None,
        in_time=time is not None,
        max_share=max_share,
        max_radius=max_radius,
        max_duration=max_duration,
        min_cases=min_cases,
        penalty=penalty,
        analysis=analysis,
        geographic=geographic,
        replicates=replicates,
        gumbel=gumbel,
        stop_after=stop_after,
        seed=seed,
    )
    columns = read_columns(cases, population, x, y, time=time, covariates=covariates, options=options)
    return _searched(lay_out(columns, options), options)


def _searched(layout: Layout, options: Options) -> Scan:
    cases, base = layout.cells.cases, layout.cells.base
    reach = options.reach(cases.shape[1], largest_distance(options))
    spread = np.inf
    if options.model == "negative_binomial":
        spread = fit_spread(cases.sum(axis=1), cases.sum() * base.sum(axis=1) / base.sum()).shape
    # Drawing can only stop at maps as high as the data if those are searched first.
    first = find_windows(layout, options, reach, np.inf) if options.stop_after is not None else []
    maxima = random_maxima(layout, options, reach, spread, first[0].score if first else 0.0)
    windows = find_windows(layout, options, reach, float(maxima.scores.min()))
    places = row_frame(layout, options, windows)
    table = cluster_table(layout, options, windows, maxima)
    between, by_chance = np.nan, np.inf
    if options.model in COUNTED:
        trials = layout.rows["base"].to_numpy() if options.model == "bernoulli" else None
        between, by_chance = dispersion(places, table.loc[table["p_value"] <= NAMED, "cluster"], trials)
    uneven = uneven_words(between, by_chance, options, spread)
    return Scan(
        table=table,
        text=paragraph(table, layout, options, maxima, windows, uneven),
        dropped=layout.dropped,
        notes=notes(table, layout, options, maxima, windows, spread),
        places=places,
        over_time=over_time(layout, options, windows),
        geographic=options.geographic,
        model=options.model,
        shape=options.shape,
        replicates=len(maxima.scores),
        dispersion=between,
    )


def _refuse_half_a_point(x: Any, y: Any) -> None:
    if (x is None) != (y is None):
        raise BadParameter(
            f"{'y' if x is not None else 'x'} is missing",
            where="scan(x=, y=)",
            spoiled="A place has two coordinates.",
            todo="Give both, or neither for a scan in time alone.",
        )
