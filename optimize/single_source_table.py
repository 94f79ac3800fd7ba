"""The single-source capacitated p-median as dense tables, for its search and its bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats, Ints
from .limits import TOLERANCE
from .median_rows import Walking
from .median_serving import Serving, out_of_reach

#: Most rows times outlets that are kept as a dense table: 160 MB.
LARGEST = 20_000_000

#: Most whole units of room: finer sizes are rounded, which weakens the bound a little.
_UNITS = 1000

#: Room to spare for rounding, as in every check of a plan.
_HAIR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """R rows by O outlets, the q openings first.

    Attributes
    ----------
    serving
        Where it comes from.
    cost
        Weighted walk (R, O), inf out of reach.
    out
        Cost of leaving a row out (R,).
    whole
        Whether every plan's cost is a whole number.
    """

    serving: Serving
    cost: Floats
    out: Floats
    whole: bool

    @property
    def walking(self) -> Walking:
        """The walking problem."""
        return self.serving.walking

    @property
    def count(self) -> int:
        """Number of openings q."""
        return self.walking.openings.count

    def room(self) -> Floats:
        """Return persons each outlet can serve (O,), no more than there are."""
        room: Floats = np.minimum(self.serving.room, self.walking.persons.sum())
        return room

    def spare_room(self) -> Floats:
        """Return the room with a hair to spare for sums of persons."""
        return self.room() * (1 + _HAIR) + _HAIR

    def units(self) -> tuple[Ints, Ints]:
        """Return rows (R,) and room (O,) in whole units: what fits in persons fits in units."""
        persons, room = self.walking.persons, self.room()
        if bool((persons == np.floor(persons)).all()):
            size = persons.astype(np.int64)
            unit = max(int(np.gcd.reduce(size, initial=0)), 1)
            most = room.max(initial=0.0) / unit
            if most <= _UNITS:
                return size // unit, np.floor(room / unit + _HAIR).astype(np.int64)
        scale = _UNITS / max(room.max(initial=0.0), 1e-300)
        size = np.floor(np.maximum(persons * scale - _HAIR, 0.0)).astype(np.int64)
        return size, np.floor(room * scale + _HAIR).astype(np.int64)

    def value(self, who: Ints) -> float:
        """Return the cost of a plan that serves each row (R,) at an outlet, −1 = none."""
        paid = np.where(who < 0, self.out, self.cost[np.arange(len(who)), who])
        return float(paid.sum())

    def shares(self, who: Ints) -> Floats:
        """Return the share of each stored entry of the serving."""
        served: Floats = (who[self.serving.row()] == self.serving.cost.indices).astype(np.float64)
        return served

    def served_by(self, shares: Floats) -> Ints:
        """Return the outlet of each row (R,) from the shares, −1 = none."""
        who = np.full(self.cost.shape[0], -1, dtype=np.int64)
        used = np.flatnonzero(shares > 0.5)
        who[self.serving.row()[used]] = self.serving.cost.indices[used]
        return who


def table_of(serving: Serving) -> Table:
    """Return the tables of a serving problem in which each row goes to one outlet."""
    weight = serving.walking.weight
    cost = np.full(serving.cost.shape, np.inf)
    row = serving.row()
    cost[row, serving.cost.indices] = serving.cost.data * weight[row]
    out = out_of_reach(serving)
    known = (cost[np.isfinite(cost)], out)
    whole = all(bool((part == np.floor(part)).all()) for part in known)
    return Table(serving, cost, out, whole)


def filled(table: Table, chosen: Bools) -> Bools:
    """Return the plan with as many outlets more as the limits allow, the roomiest first."""
    limits = table.walking.openings.limits
    columns = limits.matrix.tocsc()
    activity, full = limits.activity(chosen), chosen.copy()
    for o in np.argsort(-table.room()[: table.count], kind="stable").tolist():
        part = slice(columns.indptr[o], columns.indptr[o + 1])
        more = activity[columns.indices[part]] + columns.data[part]
        if not full[o] and bool((more <= limits.upper[columns.indices[part]] + TOLERANCE).all()):
            activity[columns.indices[part]] = more
            full[o] = True
    return full


def trimmed(table: Table, chosen: Bools, who: Ints) -> Bools:
    """Return the plan without openings that serve nobody, as far as the limits allow."""
    openings, kept = table.walking.openings, chosen.copy()
    used = np.zeros(table.cost.shape[1], dtype=bool)
    used[who[who >= 0]] = True
    idle = chosen & ~used[: table.count] & (openings.gain <= 0)
    for o in np.flatnonzero(idle).tolist():
        kept[o] = False
        kept[o] = not openings.limits.kept_by(kept)
    return kept
