"""Unit effects and period effects as codes, the latter by group of units: what the normal equations need of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

Array = np.ndarray

_AT_ONCE = 4_000_000  # cells of the table of units by periods that are written out at a time


@dataclass(frozen=True)
class Piece:
    """Some units of one group, with all their rows.

    Attributes
    ----------
    group : int
        Place of the group among the groups.
    rows : array of int, shape (r,)
        Places of the rows.
    place : array of int, shape (r,)
        Of each row in the table of these units by the group's slots, read along the rows of the table.
    units : slice
        Codes of the units.
    """

    group: int
    rows: Array
    place: Array
    units: slice


@dataclass(frozen=True)
class Calendars:
    """The effects of a model, n rows: U units, S slots (a slot is a period of one group), k covariates.

    A row adds the effect of its unit, that of its slot, and its covariates times their slopes. All slots of a group
    stand together, and all units of one.

    Attributes
    ----------
    unit : array of int, shape (n,)
        From 0 to U - 1, every code in use; no unit has two rows of one slot.
    slot : array of int, shape (n,)
        From 0 to S - 1, every code in use.
    covariates : array of float, shape (n, k)
        Centred.
    unit_names : array of int, shape (U,)
        The units' codes as given.
    slot_group, slot_period : array of int, shape (S,)
        Group and period of each slot, as given; sorted by group, then period.
    centre : array of float, shape (k,)
        What was taken from the covariates.
    """

    unit: Array
    slot: Array
    covariates: Array
    unit_names: Array
    slot_group: Array
    slot_period: Array
    centre: Array

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.unit_names)

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return len(self.slot_group)

    @cached_property
    def starts(self) -> Array:
        """Where the slots of each group begin; last, where those of the last end."""
        return np.append(np.flatnonzero(np.diff(self.slot_group, prepend=self.slot_group[0] - 1)), self.slots)

    def block(self, group: int) -> slice:
        """Return the slots of the group at a place."""
        return slice(int(self.starts[group]), int(self.starts[group + 1]))

    @cached_property
    def pieces(self) -> list[Piece]:
        """The rows by group, and by so many units that a table of them by periods is small."""
        group_of_slot = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        group_of_unit = np.empty(self.units, dtype=np.int64)
        group_of_unit[self.unit] = group_of_slot[self.slot]
        order = np.argsort(self.unit, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(self.unit, minlength=self.units))])
        found = []
        for group in range(len(self.starts) - 1):
            mine, wide = np.flatnonzero(group_of_unit == group), int(np.diff(self.starts)[group])
            step = max(1, _AT_ONCE // wide)
            for begin in range(int(mine[0]), int(mine[-1]) + 1, step):
                units = slice(begin, min(begin + step, int(mine[-1]) + 1))
                rows = order[first[units.start] : first[units.stop]]
                place = (self.unit[rows] - begin) * wide + self.slot[rows] - self.starts[group]
                found.append(Piece(group, rows, place, units))
        return found

    def table(self, piece: Piece, values: Array) -> Array:
        """Return values by row as a table of a piece's units by its group's slots, 0 where there is no row."""
        wide = int(np.diff(self.starts)[piece.group])
        out = np.zeros((piece.units.stop - piece.units.start) * wide)
        out[piece.place] = values[piece.rows]
        return out.reshape(-1, wide)

    @cached_property
    def components(self) -> tuple[Array, Array]:
        """Return which units and slots are linked by rows, each to a code: shape (U,) and (S,).

        Effects of a unit and a slot add up to something that the rows determine only where the two are linked.
        """
        return linked(self, np.ones(len(self.unit), dtype=bool))

    @cached_property
    def free(self) -> Array:
        """Whether each slot has an effect of its own, shape (S,): all but the first of each linked set, held at 0."""
        free = np.ones(self.slots, dtype=bool)
        free[np.unique(self.components[1], return_index=True)[1]] = False
        return free


def calendars(unit: Array, group: Array, period: Array, covariates: Array) -> Calendars:
    """Put rows in order by group.

    Parameters
    ----------
    unit, group, period : array of int, shape (n,)
        Codes from 0 on, not all in use. All rows of a unit are of one group.
    covariates : array of float, shape (n, k)
    """
    periods, many = int(period.max()) + 1, int(unit.max()) + 1
    slots, slot = np.unique(group * periods + period, return_inverse=True)
    units, place = np.unique(group * many + unit, return_inverse=True)
    centre = covariates.mean(axis=0)
    return Calendars(place, slot, covariates - centre, units % many, slots // periods, slots % periods, centre)


def linked(model: Calendars, rows: Array) -> tuple[Array, Array]:
    """Return which units and slots some of the rows link, each to a code: shape (U,) and (S,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = model.units + model.slots
    ends = (model.unit[rows], model.slot[rows] + model.units)
    _, found = connected_components(coo_array((np.ones(len(ends[0])), ends), shape=(size, size)), directed=False)
    return found[: model.units], found[model.units :]
