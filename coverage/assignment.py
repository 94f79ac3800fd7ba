"""Assignment of demand to limited supply: most served first, then least walking, proven optimal.

With flows ``f_ij >= 0`` from demand *i* to supply *j* over the pairs within walking reach::

    sum_j f_ij <= demand_i           (each unit served once)
    sum_i f_ij <= capacity_j         (or one row for each use that shares a capacity)

one after the other, each without giving up what came before:

1. the most served, ``max sum f``;
2. of these, the most served by preferred pairs, where some are preferred;
3. of these, the least walking, ``min sum metres_ij f_ij``.

Each step is a linear program solved by HiGHS (``scipy.optimize.linprog``). Its dual values are
checked here once more: they give a bound that no assignment can pass, so optimality does not rest
on the solver's word. Where each pair uses one capacity, all demands and capacities whole numbers
give whole flows (the matrix is totally unimodular; Hoffman and Kruskal 1956); with capacities
shared by time slots this need not hold, and `Assignment.whole` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import linprog

from .errors import QueryError, raise_all
from .pairs import Pairs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Relative difference between value and bound up to which they are the same number.
PROOF_TOLERANCE: Final = 1e-6
#: Flows under this many units are arithmetic noise.
_NOISE: Final = 1e-7


class AssignmentError(RuntimeError):
    """The solver gave no proven optimum: a fault of the program, not of the input."""


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Who is served where: n demands, m supplies, p pairs.

    Attributes
    ----------
    source, target
        int64 (p,): demand and supply of each pair.
    flow
        float64 (p,): units of demand served through each pair.
    demand
        float64 (n,): what was asked for.
    used
        float64 (m,): units that each supply serves.
    cost
        Total of cost × flow, e.g. person-metres.
    served_bound, cost_bound
        No assignment serves more, and none that serves as many walks less; from the duals.
    """

    source: Ints
    target: Ints
    flow: Floats
    demand: Floats
    used: Floats
    cost: float
    served_bound: float
    cost_bound: float

    @property
    def served(self) -> Floats:
        """float64 (n,): units of each demand that are served."""
        flows = np.bincount(self.source, weights=self.flow, minlength=len(self.demand))
        return np.asarray(np.minimum(flows, self.demand), np.float64)

    @property
    def unserved(self) -> Floats:
        """float64 (n,): units of each demand that are not."""
        left = self.demand - self.served
        return np.where(left < _NOISE, 0.0, left)

    @property
    def whole(self) -> bool:
        """Whether every flow is a whole number."""
        return bool(np.allclose(self.flow, np.round(self.flow), atol=1e-6))


def assign(pairs: Pairs, demand: npt.ArrayLike, capacity: npt.ArrayLike) -> Assignment:
    """Assign demand to supply within reach.

    Parameters
    ----------
    pairs
        Demand (sources) × supply (targets) within the walking limit.
    demand
        (n,) units at each source, from 0.
    capacity
        (m,) units that each target can serve, from 0; ``inf`` for no limit.

    Returns
    -------
    Assignment
        ``cost`` in units of demand × unit of the pairs (m or s).

    Raises
    ------
    QueryError
        If sizes do not fit or a figure is NaN or negative.
    AssignmentError
        If the solver proves no optimum.
    """
    source = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
    target = pairs.indices.astype(np.int64)
    return assign_flows(source, target, pairs.cost, demand, capacity)


def assign_flows(
    source: npt.ArrayLike,
    target: npt.ArrayLike,
    cost: npt.ArrayLike,
    demand: npt.ArrayLike,
    capacity: npt.ArrayLike,
    *,
    preferred: npt.ArrayLike | None = None,
    use: sp.csr_array | None = None,
    use_capacity: npt.ArrayLike | None = None,
) -> Assignment:
    """Assign demand to supply over any list of pairs.

    Parameters
    ----------
    source, target
        (p,) demand and supply of each pair.
    cost
        (p,) cost of serving one unit, from 0.
    demand, capacity
        (n,) and (m,) units, from 0; a capacity may be ``inf``.
    preferred
        (p,) bool: pairs that shall serve as many as possible once most are served.
    use, use_capacity
        (k, p) and (k,): further limits ``use @ flow <= use_capacity``, e.g. one for each lot and
        time slot.

    Raises
    ------
    QueryError
        If sizes do not fit or a figure is NaN or negative.
    AssignmentError
        If the solver proves no optimum.
    """
    ends = np.asarray(source, np.int64), np.asarray(target, np.int64)
    price, wanted, room = (np.asarray(a, np.float64) for a in (cost, demand, capacity))
    raise_all(QueryError, _breaches(*ends, price, wanted, room))
    if not len(price):
        return Assignment(*ends, np.zeros(0), wanted, np.zeros_like(room), 0.0, 0.0, 0.0)
    limits = _Limits.build(*ends, wanted, room, use, use_capacity)
    every = np.ones(len(price))
    first = limits.best(-every)
    limits = limits.also(-every, first.value)
    if preferred is not None:
        liked = np.asarray(preferred, np.float64)
        limits = limits.also(-liked, limits.best(-liked).value)
    last = limits.best(price)
    flow = np.where(last.flow < _NOISE, 0.0, last.flow)
    used = np.bincount(ends[1], weights=flow, minlength=len(room)).astype(np.float64)
    total = float(price @ flow)
    return Assignment(*ends, flow, wanted, used, total, -first.bound, last.bound)


@dataclass(frozen=True, slots=True)
class _Optimum:
    """A proven optimum of one step: ``bound <= value``, equal up to `PROOF_TOLERANCE`."""

    flow: Floats
    value: float
    bound: float


@dataclass(frozen=True, slots=True)
class _Limits:
    """``matrix @ flow <= right``, ``flow >= 0``."""

    matrix: sp.csr_array
    right: Floats

    @classmethod
    def build(
        cls,
        source: Ints,
        target: Ints,
        demand: Floats,
        capacity: Floats,
        use: sp.csr_array | None,
        use_capacity: npt.ArrayLike | None,
    ) -> _Limits:
        """Return one row a demand, one a finite capacity and one a further use."""
        rows = [_incidence(source, len(demand)), _incidence(target, len(capacity))]
        right = [demand, capacity]
        if use is not None:
            rows.append(sp.csr_array(use))
            right.append(np.asarray(use_capacity, np.float64))
        limits = np.concatenate(right)
        kept = np.isfinite(limits)
        return cls(sp.csr_array(sp.vstack(rows, format="csr")[kept]), limits[kept])

    def also(self, objective: Floats, value: float) -> _Limits:
        """Return the limits with ``objective @ flow`` held at its optimum.

        The solver's own tolerance (1e-7) leaves room enough for the arithmetic of the sum.
        """
        held = sp.csr_array(objective[None, :])
        matrix = sp.csr_array(sp.vstack([self.matrix, held], format="csr"))
        return _Limits(matrix, np.append(self.right, value))

    def best(self, objective: Floats) -> _Optimum:
        """Return the flow of least ``objective``, proven by its duals."""
        found = linprog(objective, A_ub=self.matrix, b_ub=self.right, method="highs")
        if found.status != 0:
            raise AssignmentError(f"no optimum: {found.message}")
        bound = self._bound(objective, np.minimum(found.ineqlin.marginals, 0.0))
        value = float(found.fun)
        if value - bound > PROOF_TOLERANCE * max(1.0, abs(value)):
            raise AssignmentError(f"value {value} is not proven: the bound is {bound}")
        return _Optimum(np.asarray(found.x, np.float64), value, bound)

    def _bound(self, objective: Floats, dual: Floats) -> float:
        """Return the weak-duality bound ``right @ dual``, less what the duals fall short of.

        A pair whose reduced cost is negative by e can lower the value by e × its largest flow.
        """
        reduced = objective - self.matrix.T @ dual
        short = np.minimum(reduced, 0.0)
        if not short.any():
            return float(self.right @ dual)
        return float(self.right @ dual + short @ self._largest())

    def _largest(self) -> Floats:
        """Return an upper limit of each flow from the rows whose entries are all positive."""
        entries = self.matrix.tocoo()
        positive = np.asarray(self.matrix.min(axis=1).todense()).ravel() >= 0
        usable = positive[entries.row] & (entries.data > 0)
        largest = np.full(self.matrix.shape[1], np.inf)
        rooms = self.right[entries.row[usable]] / entries.data[usable]
        np.minimum.at(largest, entries.col[usable], rooms)
        return largest


def _incidence(row: Ints, rows: int) -> sp.csr_array:
    size = len(row)
    return sp.csr_array((np.ones(size), (row, np.arange(size))), shape=(rows, size))


def _breaches(
    source: Ints, target: Ints, cost: Floats, demand: Floats, capacity: Floats
) -> list[str]:
    found = []
    if not len(source) == len(target) == len(cost):
        found.append(f"{len(source)} sources, {len(target)} targets and {len(cost)} costs")
    for name, ends, size in (("demand", source, len(demand)), ("capacity", target, len(capacity))):
        if len(ends) and not (ends.min() >= 0 and ends.max() < size):
            found.append(f"a pair names a {name} that is not among the {size} given")
    for name, values in (("demand", demand), ("capacity", capacity), ("cost", cost)):
        bad = int((~(values >= 0)).sum()) + int(np.isinf(values).sum()) * (name != "capacity")
        if bad:
            found.append(f"{bad} of {name} are negative, NaN or infinite")
    return found
