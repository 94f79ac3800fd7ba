"""Plans to compare with: greedy, and the nearest vacant premises of each worst gap.

Both keep the same maxima, capacities, budget, spacing and years as the optimised plan, and hold
what is fixed; so the difference is what choosing all sites together gains.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .arrays import Bools, Floats, Ints
from .cover_state import CoverState
from .covered import chosen_pairs, items_of, newly_covered
from .greedy import greedy
from .limits import TOLERANCE
from .openings import Openings, flatten
from .plan import Chosen
from .problem import SitingProblem


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A plan made by a simple rule.

    Attributes
    ----------
    name
        ``"greedy"`` or ``"nearest"``.
    chosen
        Its outlets.
    objective
        Worth under the objective of the problem.
    keeps_all
        Whether it keeps every quota and floor; simple rules may miss minima.
    newly_covered
        Residents newly covered by type (K,), persons.
    """

    name: str
    chosen: tuple[Chosen, ...]
    objective: float
    keeps_all: bool
    newly_covered: Floats


@dataclass(frozen=True, slots=True)
class WorstGap:
    """A gap that a bureau works on.

    Attributes
    ----------
    type
        Type index.
    points
        Its demand points, the one looked at first in front.
    """

    type: int
    points: tuple[int, ...]


def greedy_plan(problem: SitingProblem) -> Baseline:
    """Return the plan that always opens the outlet which adds most to those already open.

    Nemhauser, Wolsey and Fisher, Mathematical Programming 14, 1978.
    """
    openings = flatten(problem)
    state = greedy(CoverState(openings))
    return _baseline("greedy", problem, openings, state.chosen)


def nearest_premises_plan(
    problem: SitingProblem,
    gaps: Sequence[WorstGap],
    demand_xy: Floats,
    *,
    reach: Sequence[float],
) -> Baseline:
    """Return the plan of working through the list of gaps, worst first.

    For each gap the nearest candidate in a straight line that may still open the type is taken.
    The list is gone through again, each time for the next point of a gap that is still uncovered,
    until no more may open or nothing is left to do. A project's own rendering of today's practice;
    no published rule was found.

    Parameters
    ----------
    problem
        With positions of the candidates (``xy``).
    gaps
        In the order in which they are worked on.
    demand_xy
        Positions of the demand points (n, 2), m, in the plane of ``problem.xy``.
    reach
        By type, how far from a point premises are looked for, m.
    """
    search = _Search(problem, demand_xy, tuple(reach))
    search.open_fixed()
    while search.one_round(gaps):
        pass
    return _baseline("nearest", problem, search.openings, search.chosen)


class _Search:
    """The nearest-premises plan as it grows."""

    def __init__(self, problem: SitingProblem, demand_xy: Floats, reach: tuple[float, ...]) -> None:
        self.problem, self.demand_xy, self.reach = problem, demand_xy, reach
        self.openings = flatten(problem)
        self.limits_of = self.openings.limits.matrix.T.tocsr()
        self.chosen: Bools = np.zeros(self.openings.count, dtype=bool)
        self.used: Floats = np.zeros(len(self.openings.limits.names))
        self.met: Bools = problem.covered | problem.unknown
        self.sites = [np.flatnonzero(problem.allowed[:, k]) for k in range(len(problem.types))]
        self.trees = [cKDTree(problem.xy[sites]) if len(sites) else None for sites in self.sites]
        self.given_up: set[tuple[int, int]] = set()
        self.of_pair: dict[tuple[int, int], list[int]] = {}
        pairs = zip(self.openings.candidate.tolist(), self.openings.kind.tolist(), strict=True)
        for opening, pair in enumerate(pairs):
            self.of_pair.setdefault(pair, []).append(opening)
        self.reached_by = [matrix.T.tocsr() for matrix in problem.covers]

    def open_fixed(self) -> None:
        """Open what is decided already."""
        for candidate, kind in np.argwhere(self.problem.fixed).tolist():
            self._open(candidate, kind)

    def one_round(self, gaps: Sequence[WorstGap]) -> bool:
        """Serve one more point of each gap; return whether anything opened."""
        opened = False
        for gap in gaps:
            point = next(self._open_points(gap), None)
            if point is not None:
                opened |= self._serve(point, gap.type)
        return opened

    def _open_points(self, gap: WorstGap) -> Iterator[int]:
        for point in gap.points:
            if not self.met[point, gap.type] and (point, gap.type) not in self.given_up:
                yield point

    def _serve(self, point: int, kind: int) -> bool:
        for candidate in self._nearest(point, kind):
            if self._open(candidate, kind):
                if not self.met[point, kind]:
                    self.given_up.add((point, kind))  # near on the map, too far on foot
                return True
        self.given_up.add((point, kind))
        return False

    def _nearest(self, point: int, kind: int) -> list[int]:
        """Return the candidates of a type within reach of a point, nearest first."""
        tree = self.trees[kind]
        if tree is None:
            return []
        here = self.demand_xy[point]
        found = np.array(tree.query_ball_point(here, self.reach[kind]), dtype=np.int64)
        sites = self.sites[kind][np.sort(found)] if len(found) else found
        apart = np.hypot(*(self.problem.xy[sites] - here).T) if len(sites) else np.empty(0)
        return [int(site) for site in sites[np.argsort(apart, kind="stable")]]

    def _open(self, candidate: int, kind: int) -> bool:
        """Open a pair in the first year that lets it; return whether one did."""
        mine = self.of_pair.get((candidate, kind), [])
        if any(self.chosen[opening] for opening in mine):
            return False
        for opening in mine:
            rows, amounts = self._limits(opening)
            upper = self.openings.limits.upper[rows]
            if (self.used[rows] + amounts <= upper + TOLERANCE).all():
                self.chosen[opening] = True
                self.used[rows] += amounts
                self._cover(candidate, kind)
                return True
        return False

    def _limits(self, opening: int) -> tuple[Ints, Floats]:
        part = slice(self.limits_of.indptr[opening], self.limits_of.indptr[opening + 1])
        return self.limits_of.indices[part], self.limits_of.data[part]

    def _cover(self, candidate: int, kind: int) -> None:
        matrix = self.reached_by[kind]
        part = slice(matrix.indptr[candidate], matrix.indptr[candidate + 1])
        self.met[matrix.indices[part], kind] = True


def _baseline(name: str, problem: SitingProblem, openings: Openings, chosen: Bools) -> Baseline:
    items = items_of(openings, chosen)
    newly = newly_covered(problem, chosen_pairs(problem, items))
    return Baseline(
        name=name,
        chosen=items,
        objective=openings.value(chosen),
        keeps_all=openings.feasible(chosen),
        newly_covered=problem.residents @ newly.astype(np.float64),
    )
