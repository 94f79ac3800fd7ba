"""Market share as a linear model with tangent cuts, and the rounds in which they are found.

Huff's share of demand r, with E own and C competing attraction of existing outlets, is
share(A) = (E + A) / (E + C + A), A = sum of attraction[r, o] * x[o]: concave and never falling in
A. The model holds  A[r] <= sum of attraction[r, o] * x[o]  (`amount_rows`)  and, at points a found
round by round,  s[r] <= share(a) + share'(a) * (A[r] − a)  (`Tangents`); where C = 0 the first
outlet wins all: s[r] <= sum of x[o]  (`monopoly_rows`). Tangents of a concave function lie above
it, so every bound of the model is a bound of the true problem.

Ljubić and Moreno, "Outer approximation and submodular cuts for maximum capture facility location
problems with random utilities", European Journal of Operational Research 266, 2018; Huff, "Defining
and estimating a trading area", Journal of Marketing 28, 1964.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pulp
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .model import CoverageModel, limit_rows, opening_variables
from .openings import Openings
from .rows_of import Rows, at_least, at_most

#: Tangents at the start: at 0 and wherever the attraction of all outlets has doubled.
_GROWTH = 2.0

#: An attraction below this share of a row's least is rounding left over from sums.
_LEAST = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """R rows of demand by q openings.

    Attributes
    ----------
    openings
        The columns and limits.
    rows
        Matrix of attractions (R, q), positive.
    ours, theirs
        Attraction of our own and of competing existing outlets (R,).
    weight
        Worth of the row's demand (R,).
    """

    openings: Openings
    rows: Rows
    ours: Floats
    theirs: Floats
    weight: Floats

    def share(self, rows: Ints, attraction: Floats) -> Floats:
        """Return our share of ``rows`` (k,) at our attraction (k,), existing outlets included."""
        least = np.where(self.theirs[rows] > 0, 0.0, _LEAST * self._least()[rows])
        ours = np.where(attraction > least, attraction, 0.0)
        every = ours + self.theirs[rows]
        return np.divide(ours, every, out=np.zeros(len(rows)), where=every > 0)

    def __call__(self, rows: Ints, attraction: Floats, /) -> Floats:
        """Return the weight captured of ``rows`` (k,): a `amounts.Worth`."""
        return np.asarray(self.weight[rows] * self.share(rows, attraction), dtype=np.float64)

    def _least(self) -> Floats:
        matrix = self.rows.matrix
        least = np.full(matrix.shape[0], np.inf)
        filled = np.flatnonzero(np.diff(matrix.indptr))
        if len(filled):
            least[filled] = np.minimum.reduceat(matrix.data, matrix.indptr[filled])
        return np.minimum(least, np.where(self.ours > 0, self.ours, np.inf))

    def attraction(self, chosen: Bools | Floats) -> Floats:
        """Return our attraction of each row (R,) with the chosen openings (q,)."""
        return np.asarray(self.ours + self.rows.matrix @ np.asarray(chosen, dtype=np.float64))

    def captured(self, chosen: Bools) -> float:
        """Return the weight captured with the chosen openings (q,), existing outlets included."""
        everyone = np.arange(len(self.weight))
        return float(self(everyone, self.attraction(chosen)).sum())


class Tangents:
    """A model of the market that grows by tangents; x may be continuous while they are found.

    Attributes
    ----------
    market
        The market.
    model
        The PuLP model: ``opened`` are x, ``covered`` the shares s.
    """

    __slots__ = ("_amount", "_base", "_count", "market", "model")

    def __init__(self, market: Market, name: str) -> None:
        self.market = market
        self._base = np.where(market.theirs + market.ours > 0, market.theirs + market.ours, 1.0)
        self._count = 0
        lp = pulp.LpProblem(name, pulp.LpMaximize)
        x = opening_variables(lp, market.openings)
        s = share_variables(lp, market)
        self.model = CoverageModel(lp, x, s)
        monopoly_rows(lp, market, x, s)
        self._amount = amount_rows(lp, market, x, self._base)
        limit_rows(lp, market.openings, x)
        self._first_tangents()

    def _first_tangents(self) -> None:
        """Add tangents where nothing is open, and at each doubling of all attraction."""
        most = np.asarray(self.market.rows.matrix.sum(axis=1)).ravel() / self._base
        level = 0.0
        while bool((rows := np.array([r for r in self._amount if most[r] >= level])).size):
            self._add(rows, np.full(len(rows), level))
            level = _GROWTH * (1 + level) - 1

    def _add(self, rows: Ints, scaled: Floats) -> None:
        """Add  s <= share(a) + share'(a) * (A − a)  at a = ``scaled`` for each of ``rows``."""
        base = self._base[rows]
        ours, theirs = self.market.ours[rows] / base, self.market.theirs[rows] / base
        slope = theirs / (1 + scaled) ** 2
        height = (ours + scaled) / (1 + scaled) - slope * scaled
        for row, lean, top in zip(rows.tolist(), slope.tolist(), height.tolist(), strict=True):
            terms = {self.model.covered[row]: 1.0, self._amount[row]: -lean}
            self._count += 1
            at_most(self.model.lp, f"tangent_{self._count}", terms, top)

    def cut_off(self, tolerance: float) -> int:
        """Add the tangents that the values now in the variables break; return how many.

        Parameters
        ----------
        tolerance
            Weight by which a row must claim too much to be worth a cut.
        """
        rows = np.array(list(self._amount), dtype=np.int64)
        if not len(rows):
            return 0
        amount = np.array([max(self._amount[r].varValue or 0.0, 0.0) for r in rows.tolist()])
        claimed = np.array([self.model.covered[r].varValue or 0.0 for r in rows.tolist()])
        base = self._base[rows]
        true = (self.market.ours[rows] / base + amount) / (1 + amount)
        excess = self.market.weight[rows] * (claimed - true)
        broken = excess > tolerance
        self._add(rows[broken], amount[broken])
        return int(broken.sum())

    def relax(self, *, relaxed: bool) -> None:
        """Let x be continuous, or binary again."""
        for x in self.model.opened:
            x.cat = pulp.LpContinuous if relaxed else pulp.LpInteger

    def start_from(self, chosen: Bools) -> None:
        """Set every variable to the plan ``chosen`` (q,), as a warm start."""
        market = self.market
        attraction = market.attraction(chosen)
        shares = market.share(np.arange(len(attraction)), attraction)
        added = (attraction - market.ours) / self._base
        for x, value in zip(self.model.opened, chosen.tolist(), strict=True):
            x.varValue = float(value)
        for s, value in zip(self.model.covered, shares.tolist(), strict=True):
            s.varValue = value
        for row, variable in self._amount.items():
            variable.varValue = float(added[row])


def share_variables(lp: pulp.LpProblem, market: Market) -> list[pulp.LpVariable]:
    """Add  0 <= s[r] <= 1: our share of the demand of row r (``share_k_i``)."""
    pairs = zip(market.rows.kind.tolist(), market.rows.demand.tolist(), strict=True)
    return [lp.add_variable(f"share_{k}_{i}", 0, 1) for k, i in pairs]


def monopoly_rows(
    lp: pulp.LpProblem, market: Market, x: list[pulp.LpVariable], s: list[pulp.LpVariable]
) -> None:
    """Add  s[r] <= sum of x[o] over the o that reach r  where no existing outlet does."""
    for row in np.flatnonzero(market.ours + market.theirs <= 0).tolist():
        terms = {x[o]: 1.0 for o in market.rows.columns(row)} | {s[row]: -1.0}
        at_least(lp, f"monopoly_{s[row].name[6:]}", terms, 0.0)


def amount_rows(
    lp: pulp.LpProblem, market: Market, x: list[pulp.LpVariable], base: Floats
) -> dict[int, pulp.LpVariable]:
    """Add  A[r] <= sum of attraction[r, o] / base[r] * x[o]  where anybody competes."""
    matrix: sparse.csr_array = market.rows.matrix
    amount: dict[int, pulp.LpVariable] = {}
    for row in np.flatnonzero(market.ours + market.theirs > 0).tolist():
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        scaled = (matrix.data[part] / base[row]).tolist()
        name = f"{market.rows.kind[row]}_{market.rows.demand[row]}"
        amount[row] = lp.add_variable(f"amount_{name}", 0, sum(scaled))
        terms = {x[o]: a for o, a in zip(matrix.indices[part].tolist(), scaled, strict=True)}
        at_least(lp, f"attraction_{name}", terms | {amount[row]: -1.0}, 0.0)
    return amount
