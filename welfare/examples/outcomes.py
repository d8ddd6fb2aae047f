"""What happens at the simulated plants: inspection tasks, noncompliance records, line speeds, severe injuries."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.examples.truth import Effects

YEARS = range(2017, 2025)  # calendar years of injuries and speeds, federal fiscal years of inspection

_RECORDS_PER_TASK = 0.004
_BETWEEN_PLANTS_CV = 0.15  # plants differ in records per task beyond all that the files say of them
_TASKS_BY_VOLUME = (80.0, 200.0, 260.0, 480.0, 600.0)  # median per year
_HARDLY_OPEN = 0.06  # of the smallest plants, with so few tasks that most years' files leave them out
_RECORDS_BY_SPECIES = {"cattle": 1.0, "mixed": 1.1, "swine": 1.25, "small_stock": 0.8}
_RECORDS_BY_SIZE = {"Very Small": 1.1, "Small": 1.0, "Large": 0.8}
_RECORDS_PER_VOLUME_STEP = 0.93

_SPEED_BY_REGIME = {"traditional": 122.0, "sis": 125.0, "nels": 128.0, "npis": 136.0}  # birds/min, mean
_SPEED_PER_VOLUME_STEP, _SPEED_BETWEEN_PLANTS, _SPEED_BETWEEN_YEARS, _SPEED_UNDER_WAIVER = 2.0, 13.0, 5.0, 12.0
REFERENCE_SPEED = 130.0  # birds/min at which the planted speed ratio is 1

_INJURIES_AT_VOLUME_4 = {"livestock": 0.25, "poultry": 0.95, "processing": 0.15}  # per plant and year, traditional
INJURIES_LOG_PER_VOLUME_STEP = 0.5


def scaled_poisson(rng: np.random.Generator, expected: np.ndarray, ratio: np.ndarray | float) -> np.ndarray:
    """Draw Poisson counts of mean expected times ratio, as a base count thinned or added to.

    Where the ratio is 1 the count is the base count, so that industries with and without planted effects agree
    wherever nothing is planted.
    """
    base = rng.poisson(expected)
    extra = rng.poisson(expected * np.maximum(np.subtract(ratio, 1.0), 0.0))
    return rng.binomial(base, np.minimum(ratio, 1.0)) + extra


def draw_baselines(rng: np.random.Generator, plants: pd.DataFrame) -> pd.DataFrame:
    """Draw how often each livestock plant is inspected, and its records per task before anything is planted.

    Returns
    -------
    DataFrame
        Index of `plants`; columns tasks_per_year, records_per_task (what species, size and volume predict: 0.004 on
        average over tasks), between_plants (gamma of mean 1 and coefficient of variation 0.15), expected_findings
        (over all years; neither the gamma nor a planted effect is in it). 0 for plants without livestock.
    """
    volume = plants["volume_category"].to_numpy()
    tasks = np.array(_TASKS_BY_VOLUME)[volume - 1] * rng.lognormal(0.0, 0.5, len(plants))
    hardly_open = (volume == 1) & (rng.random(len(plants)) < _HARDLY_OPEN)
    tasks = np.where(hardly_open, rng.uniform(1.0, 8.0, len(plants)), tasks)
    tasks = np.where(plants["kind"] == "livestock", tasks, 0.0)
    by_species_and_size = plants["species"].map(_RECORDS_BY_SPECIES).fillna(0.0) * plants["size_class"].map(
        _RECORDS_BY_SIZE
    )
    relative = by_species_and_size.to_numpy() * _RECORDS_PER_VOLUME_STEP ** (volume - 1)
    rate = _RECORDS_PER_TASK * relative / (np.sum(relative * tasks) / tasks.sum())
    shape = 1 / _BETWEEN_PLANTS_CV**2
    return pd.DataFrame(
        {
            "tasks_per_year": tasks,
            "records_per_task": rate,
            "between_plants": rng.gamma(shape, 1 / shape, len(plants)),
            "expected_findings": rate * tasks * len(YEARS),
        },
        index=plants.index,
    )


def draw_handling(tasks: np.random.Generator, findings: np.random.Generator, plants: pd.DataFrame) -> pd.DataFrame:
    """Draw humane-handling tasks and noncompliance records per livestock plant and fiscal year.

    Parameters
    ----------
    tasks, findings : Generator
        Their streams.
    plants : DataFrame
        With the columns of :func:`draw_baselines` and `findings_ratio`.

    Returns
    -------
    DataFrame
        Columns plant (index of `plants`), year, tasks_count, findings_count.
    """
    livestock = plants[plants["kind"] == "livestock"]
    shape = (len(livestock), len(YEARS))
    mean = livestock["tasks_per_year"].to_numpy()[:, None] * tasks.lognormal(0.0, 0.1, shape)
    done = tasks.poisson(mean)
    rate = (livestock["records_per_task"] * livestock["between_plants"]).to_numpy()[:, None]
    ratio = np.broadcast_to(livestock["findings_ratio"].to_numpy()[:, None], shape)
    found = np.minimum(scaled_poisson(findings, done * rate, ratio), done)
    return _long(livestock.index, tasks_count=done, findings_count=found)


def draw_speeds(rng: np.random.Generator, plants: pd.DataFrame) -> pd.DataFrame:
    """Draw the mean line speed measured at each young-chicken plant in each year, birds/min to one decimal.

    Regimes differ by less than plants do: NPIS plants are faster on average, and the distributions overlap widely.

    Returns
    -------
    DataFrame
        Columns plant (index of `plants`), year, speed.
    """
    chicken = plants[plants["species"] == "young_chicken"]
    usual = chicken["regime"].map(_SPEED_BY_REGIME) + _SPEED_PER_VOLUME_STEP * (chicken["volume_category"] - 3)
    own = usual.to_numpy() + rng.normal(0.0, _SPEED_BETWEEN_PLANTS, len(chicken))
    yearly = own[:, None] + rng.normal(0.0, _SPEED_BETWEEN_YEARS, (len(chicken), len(YEARS)))
    granted = pd.to_datetime(chicken["waiver_from"].replace("", None)).dt.year.to_numpy()
    yearly += _SPEED_UNDER_WAIVER * (np.array(YEARS)[None, :] > granted[:, None])  # from the first whole year on
    return _long(chicken.index, speed=yearly.round(1))


def draw_injuries(
    rng: np.random.Generator, plants: pd.DataFrame, speeds: pd.DataFrame, effects: Effects
) -> pd.DataFrame:
    """Draw severe injuries per plant and calendar year: Poisson, log-linear in volume, regime and measured speed.

    Parameters
    ----------
    rng : Generator
        Their stream.
    plants, speeds : DataFrame
        From the other draws.
    effects : Effects
        NPIS multiplies the mean by `regime_ratio`; each 10 birds/min above 130 by `speed_ratio_per_10`, where speed
        is measured; SIS, NELS and NTI are as traditional inspection; a waiver acts through speed only.

    Returns
    -------
    DataFrame
        Columns plant, year, injuries_count; every plant and year.
    """
    volume = np.where(plants["kind"] == "processing", plants["processing_volume_category"], plants["volume_category"])
    mean = plants["kind"].map(_INJURIES_AT_VOLUME_4).to_numpy() * np.exp(INJURIES_LOG_PER_VOLUME_STEP * (volume - 4))
    speed = np.full((len(plants), len(YEARS)), REFERENCE_SPEED)
    speed[speeds["plant"].to_numpy(), speeds["year"].to_numpy() - YEARS[0]] = speeds["speed"]
    regime = np.where(plants["regime"] == "npis", effects.regime_ratio, 1.0)
    ratio = regime[:, None] * effects.speed_ratio_per_10 ** ((speed - REFERENCE_SPEED) / 10)
    return _long(plants.index, injuries_count=scaled_poisson(rng, np.repeat(mean[:, None], len(YEARS), 1), ratio))


def _long(index: pd.Index, **values: np.ndarray) -> pd.DataFrame:
    """Turn arrays of one row per plant and one column per year into one row per plant and year."""
    keys = {"plant": np.repeat(index.to_numpy(), len(YEARS)), "year": np.tile(np.array(YEARS), len(index))}
    return pd.DataFrame({**keys, **{name: array.ravel() for name, array in values.items()}})
