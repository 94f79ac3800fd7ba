"""Quotas that contradict one another, found by counting and named in words.

Counting finds the conflicts people make: a group that must get more than its candidates hold,
minima that add up to more than a maximum, required sites beyond it, a budget too small. Each is
named with the fewest quotas it takes. What only the interplay of several rules forbids is left to
the solver and to `explain`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

import numpy as np

from quarterhour.data.faults import Fault

from .arrays import Bools
from .limits import TOLERANCE
from .problem import Quota, SitingProblem

#: Quotas named in one message; the rest are counted.
_NAMED = 6

#: Sets of quotas looked at for the fewest that ask for more than their sites hold.
_TRIED = 2000


def find_conflicts(problem: SitingProblem) -> tuple[Fault, ...]:
    """Return every conflict that counting finds; none does not prove that there is a plan."""
    return (
        *_more_than_held(problem),
        *_sums_over_maximum(problem),
        *_sums_over_held(problem),
        *_required_over_maximum(problem),
        *_sites_overfull(problem),
        *_over_budget(problem),
    )


def no_plan() -> Fault:
    """Return the fault for a conflict that counting does not explain."""
    return Fault("siting_infeasible", column="plan")


def option_of(quota: Quota) -> str:
    """Return the study's option that sets ``quota``, e.g. ``plan.per_district.D1``.

    A quota of several options names all of them, ``plan.per_type.shop × plan.per_year.2027``.
    """
    if quota.type and quota.level == "community":
        parts = [f"plan.community_min.{quota.type} ({quota.group})"]
    else:
        parts = [f"plan.per_type.{quota.type}"] if quota.type else []
        parts += [f"plan.per_{quota.level}.{quota.group}"] if quota.level else []
    parts += [f"plan.per_year.{quota.year}"] if quota.year else []
    parts += [f"plan.upgrades ({quota.action})"] if quota.action else []
    return " × ".join(parts) or "plan.outlets"


def held_by(problem: SitingProblem, members: Bools) -> int:
    """Return how many outlets of the (candidate, type) pairs ``members`` (m, K) sites can hold."""
    return int(np.minimum(members.sum(axis=1), problem.capacity).sum())


def open_in(problem: SitingProblem, quota: Quota) -> Bools:
    """Return the members of ``quota`` (m, K) that may open in its year."""
    members = problem.members(quota)
    if quota.year:
        bound = problem.fixed & (problem.fixed_year >= 0)
        members &= ~bound | (problem.fixed_year == problem.years.index(quota.year))
    return members


def _fault(code: str, column: str, **params: object) -> Fault:
    return Fault(code, column=column, params=tuple(params.items()))


def _more_than_held(problem: SitingProblem) -> Iterator[Fault]:
    for quota in problem.quotas:
        held = held_by(problem, open_in(problem, quota)) if quota.minimum else 0
        if quota.minimum > held:
            option = option_of(quota)
            yield _fault("siting_over_held", option, minimum=quota.minimum, held=held)


def _sums_over_maximum(problem: SitingProblem) -> Iterator[Fault]:
    for outer in problem.quotas:
        if outer.maximum is None:
            continue
        for family in _families(problem, outer):
            fewest = _fewest_over(family, outer.maximum)
            needed = sum(quota.minimum for quota in fewest)
            if needed > outer.maximum:
                option, parts = option_of(outer), _listed(fewest)
                limits = {"needed": needed, "maximum": outer.maximum, "parts": parts}
                yield Fault("siting_sum_over_maximum", column=option, params=tuple(limits.items()))


def _fewest_over(family: list[Quota], maximum: int) -> list[Quota]:
    """Return the fewest quotas whose minima add up to more than ``maximum``; all if none do."""
    largest = sorted(family, key=lambda quota: -quota.minimum)
    sums = np.cumsum([quota.minimum for quota in largest])
    return largest[: int(np.searchsorted(sums, maximum, side="right")) + 1]


def _sums_over_held(problem: SitingProblem) -> Iterator[Fault]:
    for family in _families(problem, Quota()):
        places = {quota: open_in(problem, quota) for quota in family}
        fits = [q for q in family if q.minimum <= held_by(problem, places[q])]
        fewest = _fewest_crowded(problem, fits, places)
        if fewest:
            needed = sum(quota.minimum for quota in fewest)
            held = _held_together(problem, fewest, places)
            yield _fault("siting_sum_over_held", _listed(fewest), needed=needed, held=held)


def _fewest_crowded(
    problem: SitingProblem, family: list[Quota], places: Mapping[Quota, Bools]
) -> list[Quota]:
    """Return the fewest quotas that ask for more than their sites hold together; [] if none do.

    Of more sets than can be tried, one of which no quota can be left out.
    """

    def crowded(some: Sequence[Quota]) -> bool:
        return sum(quota.minimum for quota in some) > _held_together(problem, some, places)

    if not crowded(family):
        return []
    every = (some for size in range(2, len(family)) for some in combinations(family, size))
    for some in islice(every, _TRIED):
        if crowded(some):
            return list(some)
    for quota in family.copy():
        others = [other for other in family if other is not quota]
        family = others if crowded(others) else family
    return family


def _held_together(
    problem: SitingProblem, family: Sequence[Quota], places: Mapping[Quota, Bools]
) -> int:
    union = np.zeros_like(problem.allowed)
    for quota in family:
        union |= places[quota]
    return held_by(problem, union)


def _families(problem: SitingProblem, outer: Quota) -> Iterator[list[Quota]]:
    """Yield sets of quotas with minima, inside ``outer`` and disjoint among themselves."""
    families: dict[tuple[object, ...], dict[tuple[str, ...], Quota]] = {}
    for quota in problem.quotas:
        if quota.minimum and _inside(quota, outer):
            kind = (bool(quota.type), quota.level, bool(quota.year), bool(quota.action))
            same = families.setdefault(kind, {})
            key = (quota.type, quota.group, quota.year, quota.action)
            if key not in same or same[key].minimum < quota.minimum:
                same[key] = quota
    for same in families.values():
        yield list(same.values())


def _inside(inner: Quota, outer: Quota) -> bool:
    """Whether every outlet that counts towards ``inner`` counts towards ``outer``."""
    alike = all(
        getattr(outer, part) in {"", getattr(inner, part)} for part in ("type", "year", "action")
    )
    return alike and (not outer.level or (outer.level, outer.group) == (inner.level, inner.group))


def _listed(quotas: list[Quota]) -> str:
    named = [f"{option_of(quota)} ≥ {quota.minimum}" for quota in quotas[:_NAMED]]
    return ", ".join(named) + (f" … +{len(quotas) - _NAMED}" if len(quotas) > _NAMED else "")


def _required_over_maximum(problem: SitingProblem) -> Iterator[Fault]:
    for quota in problem.quotas:
        if quota.maximum is None:
            continue
        needed = int(_fixed_in(problem, quota).sum() + _required_in(problem, quota).sum())
        if needed > quota.maximum:
            option = option_of(quota)
            yield _fault("siting_required_over", option, needed=needed, maximum=quota.maximum)


def _fixed_in(problem: SitingProblem, quota: Quota) -> Bools:
    """Return the fixed pairs (m, K) that count towards ``quota`` in every plan."""
    fixed = problem.fixed & problem.members(quota)
    if quota.year and problem.n_years > 1:
        fixed &= problem.fixed_year == problem.years.index(quota.year)
    return fixed


def _required_in(problem: SitingProblem, quota: Quota) -> Bools:
    """Return the required sites (m,) without fixed pairs whose outlets all count in ``quota``."""
    if quota.year and problem.n_years > 1:
        return np.zeros_like(problem.required)
    elsewhere = (problem.allowed & ~problem.members(quota)).any(axis=1)
    only_here: Bools = problem.required & ~elsewhere & ~problem.fixed.any(axis=1)
    return only_here


def _sites_overfull(problem: SitingProblem) -> Iterator[Fault]:
    fixed = problem.fixed.sum(axis=1)
    for site in np.flatnonzero(fixed > problem.capacity):
        params = (("needed", int(fixed[site])), ("held", int(problem.capacity[site])))
        name = str(problem.candidate_ids[site])
        yield Fault("siting_site_overfull", column="fixed", value=name, params=params)


def _over_budget(problem: SitingProblem) -> Iterator[Fault]:
    if problem.budget is None:
        return
    limit = problem.budget + TOLERANCE
    fixed = float(problem.cost[problem.fixed].sum())
    if fixed > limit:
        yield _fault("siting_over_budget", "fixed", needed=fixed, budget=problem.budget)
    for quota in problem.quotas:
        cost = np.sort(problem.cost[problem.members(quota)])[: quota.minimum].sum()
        if cost > limit:
            option = option_of(quota)
            yield _fault("siting_over_budget", option, needed=float(cost), budget=problem.budget)
