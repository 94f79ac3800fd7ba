"""Two plans side by side: what was kept, moved, dropped and gained, and whom it covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.optimize import linear_sum_assignment

from .arrays import Bools, Floats, Labels
from .covered import newly_covered, opening_years
from .plan import Chosen, Plan
from .problem import SitingProblem

Change = Literal["kept", "shifted", "moved", "dropped", "gained"]

#: Farthest that an outlet of a type counts as moved and not as dropped and gained, m.
MOVED_M = 500.0


@dataclass(frozen=True, slots=True)
class SiteChange:
    """What became of one outlet.

    Attributes
    ----------
    change
        ``kept``: same candidate, type and year. ``shifted``: same candidate and type, another
        year. ``moved``: the same type at another candidate nearby. ``dropped``, ``gained``: in the
        first or the second plan only.
    type
        Type id.
    before, after
        Candidate id in the first and in the second plan; "" where it is in one only.
    year_before, year_after
        Labels of the years in which it opens; "" where it is in one only, or without years.
    metres
        How far it moved, straight line, m; 0 unless moved.
    """

    change: Change
    type: str
    before: str
    after: str
    year_before: str
    year_after: str
    metres: float = 0.0


@dataclass(frozen=True, slots=True)
class CoverageChange:
    """Residents covered by existing and new outlets under each of two plans, persons.

    Attributes
    ----------
    type, group
        Type id and label of the grouping; "" = all together (of types: person-type pairs).
    known
        Residents whose coverage is known under both problems.
    before, after
        Of them, covered under the first and under the second plan, at the end of the last year.
    """

    type: str
    group: str
    known: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class PlanChanges:
    """What differs between two plans.

    Attributes
    ----------
    sites
        One entry an outlet, kept ones first, in the order of `Change`.
    coverage
        By type, by group, and by both; all together first.
    objective_before, objective_after
        Objectives as the two plans state them.
    """

    sites: tuple[SiteChange, ...]
    coverage: tuple[CoverageChange, ...]
    objective_before: float
    objective_after: float

    def count(self, change: Change, kind: str = "") -> int:
        """Return how many outlets (of the type ``kind``, "" = all) changed in this way."""
        return sum(site.change == change and kind in {"", site.type} for site in self.sites)


def compare_plans(
    first: tuple[SitingProblem, Plan],
    second: tuple[SitingProblem, Plan],
    *,
    level: str = "",
    moved: float = MOVED_M,
) -> PlanChanges:
    """Return what differs between two plans of problems over the same residents.

    Outlets are matched by the ids of candidates, types and years, so that candidates may have been
    added or taken away between the two; residents by the ids of demand points. Figures are of the
    demand points and types that both problems know.

    Parameters
    ----------
    first, second
        Each a problem and a plan of it, e.g. this year's and next year's, or two scenarios.
    level
        Grouping in `SitingProblem.demand_groups` of the second problem by which coverage is told
        apart too; "" = none.
    moved
        Farthest that an outlet counts as moved, m; needs `SitingProblem.xy` in both.

    Returns
    -------
    PlanChanges

    Raises
    ------
    KeyError
        If the second problem has no such level.
    """
    sites = [*_same_sites(first, second), *_other_sites(first, second, moved)]
    order = get_args(Change)
    sites.sort(key=lambda site: (order.index(site.change), site.type, site.before, site.after))
    return PlanChanges(
        sites=tuple(sites),
        coverage=tuple(_coverage(first, second, level)),
        objective_before=first[1].objective,
        objective_after=second[1].objective,
    )


def _keys(problem: SitingProblem, plan: Plan) -> dict[tuple[str, str], Chosen]:
    """Return the outlets of a plan by candidate id and type id."""
    return {
        (str(problem.candidate_ids[item.candidate]), problem.types[item.type]): item
        for item in plan.chosen
    }


def _same_sites(
    first: tuple[SitingProblem, Plan], second: tuple[SitingProblem, Plan]
) -> Iterable[SiteChange]:
    """Yield the outlets that are in both plans at the same candidate."""
    before, after = _keys(*first), _keys(*second)
    for key in before.keys() & after.keys():
        site, kind = key
        years = _year(first[0], before[key]), _year(second[0], after[key])
        change: Change = "kept" if years[0] == years[1] else "shifted"
        yield SiteChange(change, kind, site, site, *years)


def _other_sites(
    first: tuple[SitingProblem, Plan], second: tuple[SitingProblem, Plan], moved: float
) -> Iterable[SiteChange]:
    """Yield the outlets that are in one plan only, paired up as moves where near enough.

    Moves are paired so that the sum of their distances is least among the most pairs.
    """
    before, after = _keys(*first), _keys(*second)
    gone = [(key, item) for key, item in before.items() if key not in after]
    new = [(key, item) for key, item in after.items() if key not in before]
    for kind in {key[1] for key, _ in (*gone, *new)}:
        out = [(key[0], item) for key, item in gone if key[1] == kind]
        into = [(key[0], item) for key, item in new if key[1] == kind]
        apart = _distances(first[0], second[0], out, into)
        pairs = nearest_pairs(apart, moved)
        for one, two in pairs:
            (a, item), (b, other) = out[one], into[two]
            years = _year(first[0], item), _year(second[0], other)
            yield SiteChange("moved", kind, a, b, *years, metres=float(apart[one, two]))
        for one, (a, item) in enumerate(out):
            if one not in {pair[0] for pair in pairs}:
                yield SiteChange("dropped", kind, a, "", _year(first[0], item), "")
        for two, (b, other) in enumerate(into):
            if two not in {pair[1] for pair in pairs}:
                yield SiteChange("gained", kind, "", b, "", _year(second[0], other))


def _year(problem: SitingProblem, item: Chosen) -> str:
    return problem.years[item.year]


def _distances(
    first: SitingProblem,
    second: SitingProblem,
    out: list[tuple[str, Chosen]],
    into: list[tuple[str, Chosen]],
) -> Floats:
    """Return the distances from the outlets left to the new ones (a, b), m; NaN unknown."""
    here = first.xy[[item.candidate for _, item in out]].reshape(-1, 1, 2)
    there = second.xy[[item.candidate for _, item in into]].reshape(1, -1, 2)
    return np.asarray(np.hypot(*(here - there).transpose(2, 0, 1)), dtype=np.float64)


def nearest_pairs(apart: Floats, most: float = MOVED_M) -> list[tuple[int, int]]:
    """Return which outlets left moved to which new ones: the most pairs, the least metres in sum.

    Parameters
    ----------
    apart
        Distances between the outlets left and the new ones (a, b), m; NaN unknown.
    most
        Farthest that an outlet moves, m.
    """
    near = np.isfinite(apart) & (apart <= most)
    if not near.any():
        return []
    # A pair too far costs more than all the others together: as many near pairs as there can be.
    far = (most + 1.0) * (min(apart.shape) + 1)
    rows, columns = linear_sum_assignment(np.where(near, apart, far))
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(one, two) for one, two in pairs if near[one, two]]


def _coverage(
    first: tuple[SitingProblem, Plan], second: tuple[SitingProblem, Plan], level: str
) -> Iterable[CoverageChange]:
    problem = second[0]
    points, kinds = _shared(first[0], problem)
    known = ~problem.unknown[np.ix_(points[1], kinds[1])]
    known &= ~first[0].unknown[np.ix_(points[0], kinds[0])]
    before = _served(*first)[np.ix_(points[0], kinds[0])] & known
    after = _served(*second)[np.ix_(points[1], kinds[1])] & known
    residents = problem.residents[points[1]]
    labels: Labels = np.full(len(points[1]), "", dtype=object)
    if level:
        labels = problem.demand_groups[level][points[1]]
    groups = ["", *sorted(set(labels) - {""})]
    for group in groups:
        people = residents * ((labels == group) | (group == ""))
        for place, name in enumerate(["", *(problem.types[k] for k in kinds[1])]):
            some = slice(None) if not name else slice(place - 1, place)
            sums = [float(people @ mask[:, some].sum(axis=1)) for mask in (known, before, after)]
            yield CoverageChange(name, group, *sums)


def _shared(
    first: SitingProblem, second: SitingProblem
) -> tuple[tuple[list[int], list[int]], tuple[list[int], list[int]]]:
    """Return the places in both problems of the demand points and of the types they share."""
    demand = _places(first.demand_ids.tolist(), second.demand_ids.tolist())
    return demand, _places(list(first.types), list(second.types))


def _places(before: list[str], after: list[str]) -> tuple[list[int], list[int]]:
    place = {name: number for number, name in enumerate(before)}
    shared = [(place[name], number) for number, name in enumerate(after) if name in place]
    return [one for one, _ in shared], [two for _, two in shared]


def _served(problem: SitingProblem, plan: Plan) -> Bools:
    """Return who is covered (n, K) by existing and new outlets at the end of the last year."""
    newly = newly_covered(problem, opening_years(problem, plan) >= 0)
    served: Bools = (problem.covered & ~problem.unknown) | newly
    return served
