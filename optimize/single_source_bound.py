"""The bound of the single-source capacitated p-median, and what it rules out."""

from __future__ import annotations

import numpy as np

from .arrays import Bools, Floats
from .kernels_knapsack import Knapsacks, climb, rule_out
from .median_rows import total_rows
from .single_source_table import Table

#: Steps in vain before steps are halved.
_PATIENCE = 30

#: Prices of room that are tried first, as shares of a mean walk for a mean row.
_PRICES = (0.0, 0.25, 0.5, 1.0, 2.0)

#: States of `Knapsacks` after `rule_out`.
_MAY, _OPEN, _MUST = 1, 2, 3


class SingleBound:
    """Lagrangean bound, raised between calls; see `kernels_knapsack`.

    Parameters
    ----------
    table
        The problem. Of its limits the bound knows those on the total and on outlets that must
        open; it holds whatever the others are.

    Attributes
    ----------
    value
        No plan below the goals given so far costs less.
    """

    def __init__(self, table: Table, first: Floats) -> None:
        self.table = table
        self.often: Floats
        self.value = -np.inf
        size, room = table.units()
        state = np.full(len(room), _OPEN, dtype=np.int64)
        state[: table.count] = _MAY
        cost = table.cost.copy()
        cost[size[:, None] > room[None, :]] = np.inf
        self.left = Knapsacks(cost, size, room, table.out.copy(), state, most_open(table))
        self.multipliers = self._priced(first)
        self.wished = np.zeros(table.count, dtype=bool)
        self.often = np.zeros(cost.shape)

    def _priced(self, first: Floats) -> Floats:
        """Return the first multipliers with the price of room that gives the best bound."""
        unit = first.mean() / max(self.left.size.mean(), 1e-300)
        tries: list[Floats] = [
            np.minimum(first + price * unit * self.left.size, self.table.out) for price in _PRICES
        ]
        bounds = [climb(self.left, u.copy(), np.inf, 1, 0.0, 1)[0] for u in tries]
        return tries[int(np.argmax(bounds))]

    def climb(self, goal: float, rounds: int, theta: float) -> None:
        """Raise the bound by some steps; rule out what plans below ``goal`` cannot hold."""
        bound, chosen, self.often = climb(
            self.left, self.multipliers, goal, rounds, theta, _PATIENCE
        )
        self.value = max(self.value, float(bound))
        self.wished = chosen[: self.table.count]
        if self.value < goal:
            rule_out(self.left, self.multipliers, goal)
            self.left = with_opened(self.left)

    def pairs(self) -> int:
        """Return how many (row, outlet) pairs are left."""
        return int(np.isfinite(self.left.cost).sum())

    def may_open(self) -> Bools:
        """Return which openings (q,) are not ruled out."""
        open_: Bools = self.left.state[: self.table.count] > 0
        return open_


def with_opened(left: Knapsacks) -> Knapsacks:
    """Return the knapsacks with the outlets open that `rule_out` has found must be."""
    must = left.state == _MUST
    left.state[must] = _OPEN
    return left._replace(most=left.most - int(must.sum()))


def most_open(table: Table) -> int:
    """Return how many openings the limits allow at most, from the rows that count them all."""
    openings = table.walking.openings
    upper = openings.limits.upper[total_rows(openings)]
    return int(np.floor(upper.min(initial=table.count) + 1e-9))
