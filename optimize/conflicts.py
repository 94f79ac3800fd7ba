"""Quotas that contradict one another, found by counting and named in words.

Counting finds the conflicts people make: a group that must get more than its candidates hold,
minima that add up to more than a maximum, required sites beyond it, a budget too small. What only
the interplay of several rules forbids is left to the solver, which says that there is no plan.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quarterhour.data.faults import Fault

from .arrays import Bools
from .limits import TOLERANCE
from .problem import Quota, SitingProblem

#: Quotas named in one message; the rest are counted.
_NAMED = 6


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
            needed = sum(quota.minimum for quota in family)
            if needed > outer.maximum:
                option, parts = option_of(outer), _listed(family)
                limits = {"needed": needed, "maximum": outer.maximum, "parts": parts}
                yield Fault("siting_sum_over_maximum", column=option, params=tuple(limits.items()))


def _sums_over_held(problem: SitingProblem) -> Iterator[Fault]:
    for family in _families(problem, Quota()):
        union = np.zeros_like(problem.allowed)
        for quota in family:
            union |= open_in(problem, quota)
        needed, held = sum(quota.minimum for quota in family), held_by(problem, union)
        if len(family) > 1 and needed > held:
            yield _fault("siting_sum_over_held", _listed(family), needed=needed, held=held)


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
