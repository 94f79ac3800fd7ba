"""Plans of the single-source capacitated p-median, kept between calls of the compiled search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .arrays import Bools, Ints
from .kernels_single_source import Sites, assign, shake
from .limits import TOLERANCE
from .median_search import NOISE
from .single_source_table import Table


class SingleSearch:
    """A search from a plan on; the same seed and the same calls give the same plans.

    Parameters
    ----------
    table
        The problem.
    chosen
        Openings (q,) that keep the limits; as many stay open.
    seed
        Of all random choices.

    Attributes
    ----------
    who
        Outlet of each row (R,) in the best plan, −1 = left out.
    value, start
        Its cost, and that of the first plan.
    """

    def __init__(self, table: Table, chosen: Bools, seed: int) -> None:
        self.table = table
        self._dice = np.array([seed * 2 + 1], np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        self._noise = NOISE * max(float(table.out.sum()), 1.0)
        self._sites = _sites(table, chosen, self._dice)
        assign(self._sites, self._noise)
        self._opened, self.who = self._sites.opened.copy(), self._sites.who.copy()
        self.value = self.start = table.value(self.who)

    def chosen(self) -> Bools:
        """Return the openings of the best plan (q,)."""
        marks = np.zeros(self.table.count, dtype=bool)
        marks[self._opened] = True
        return marks

    def shake(self, rounds: int) -> float:
        """Disturb and mend the plan so many rounds; return the cost of the best."""
        if len(self._opened):
            shake(self._sites, self._opened, self.who, self.value, rounds, self._noise)
            self.value = self.table.value(self.who)
        return self.value

    def offer(self, chosen: Bools) -> None:
        """Give rows to the outlets of another plan (q,); keep it where it is cheaper."""
        sites = _sites(self.table, chosen, self._dice)
        assign(sites, self._noise)
        self.take(chosen, sites.who)

    def take(self, chosen: Bools, who: Ints) -> None:
        """Go on from a plan where it is cheaper than the best."""
        value = self.table.value(who)
        if value < self.value - self._noise:
            self._sites = _sites(self.table, chosen, self._dice)
            self._sites.who[:] = who
            served = who >= 0
            size = self._sites.size
            self._sites.load[:] = np.bincount(who[served], size[served], len(self._sites.load))
            self._opened, self.who, self.value = self._sites.opened.copy(), who.copy(), value


def _sites(table: Table, chosen: Bools, dice: npt.NDArray[np.uint64]) -> Sites:
    rows, outlets = table.cost.shape
    limits = table.walking.openings.limits
    columns = limits.matrix.tocsc()
    is_open = np.ones(outlets, dtype=np.bool_)
    is_open[: table.count] = chosen
    return Sites(
        cost=table.cost,
        size=table.walking.persons,
        room=table.spare_room(),
        out=table.out,
        opened=np.flatnonzero(chosen).astype(np.int64),
        fixed=np.arange(table.count, outlets, dtype=np.int64),
        usable=np.any(np.isfinite(table.cost), axis=0),
        who=np.full(rows, -1, dtype=np.int64),
        load=np.zeros(outlets),
        is_open=is_open,
        start=columns.indptr.astype(np.int64),
        row=columns.indices.astype(np.int64),
        value=columns.data.astype(np.float64),
        lower=limits.lower - TOLERANCE,
        upper=limits.upper + TOLERANCE,
        activity=limits.activity(chosen),
        dice=dice,
    )
