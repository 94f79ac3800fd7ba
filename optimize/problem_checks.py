"""The contract of `SitingProblem`: every breach found, each listed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from quarterhour.data.faults import FaultLog

if TYPE_CHECKING:
    from .problem import Quota, SitingProblem


def check(problem: SitingProblem) -> None:
    """Raise `InputFaults` with every breach of the contract of `SitingProblem`."""
    log = FaultLog()
    _check_shapes(problem, log)
    log.raise_if_any()  # the checks below index by these shapes
    _check_ids(problem, log)
    _check_numbers(problem, log)
    _check_quotas(problem, log)
    _check_floors(problem, log)
    _check_spacing(problem, log)
    _check_sites(problem, log)
    log.raise_if_any()


def _shapes(problem: SitingProblem) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Yield (field, shape found, shape expected)."""
    n, m, kinds = problem.n_demand, problem.n_candidates, len(problem.types)
    yield "covers", (len(problem.covers),), (kinds,)
    for number, matrix in enumerate(problem.covers):
        yield f"covers[{number}]", matrix.shape, (n, m)
    yield "residents", problem.residents.shape, (n,)
    for name in ("weights", "covered", "unknown"):
        yield name, getattr(problem, name).shape, (n, kinds)
    for name in ("allowed", "cost", "fixed", "fixed_year", "previous"):
        yield name, getattr(problem, name).shape, (m, kinds)
    for name in ("capacity", "required", "upgrade"):
        yield name, getattr(problem, name).shape, (m,)
    yield "circle_weight", problem.circle_weight.shape, (n,)
    yield "year_weight", problem.year_weight.shape, (len(problem.years),)
    yield "xy", problem.xy.shape, (m, 2)
    for level, labels in problem.groups.items():
        yield f"groups[{level}]", labels.shape, (m,)
    for level, labels in problem.demand_groups.items():
        yield f"demand_groups[{level}]", labels.shape, (n,)
    for number, matrix in enumerate(problem.impedance):
        yield f"impedance[{number}]", matrix.shape, (n, m)
    yield "impedance", (len(problem.impedance),), (kinds if problem.impedance else 0,)


def _check_shapes(problem: SitingProblem, log: FaultLog) -> None:
    if not problem.types:
        log.add("siting_no_types", column="types")
    if not problem.years:
        log.add("siting_no_years", column="years")
    for name, found, expected in _shapes(problem):
        if found != expected:
            log.add("siting_shape", column=name, value=found, shape=str(expected))


def _check_ids(problem: SitingProblem, log: FaultLog) -> None:
    columns = {
        "types": np.array(problem.types, dtype=object),
        "demand_ids": problem.demand_ids,
        "candidate_ids": problem.candidate_ids,
        "years": np.array(problem.years, dtype=object),
    }
    for name, ids in columns.items():
        seen, count = np.unique(ids.astype(str), return_counts=True)
        for value in seen[count > 1]:
            log.add("siting_duplicate", column=name, value=value)


def _check_numbers(problem: SitingProblem, log: FaultLog) -> None:
    least: dict[str, tuple[Any, float]] = {
        "residents": (problem.residents, 0),
        "weights": (problem.weights, 0),
        "cost": (problem.cost, 0),
        "capacity": (problem.capacity, 1),
        "budget": (np.array([problem.budget or 0.0]), 0),
        "year_weight": (problem.year_weight, 0),
        "circle_weight": (problem.circle_weight, 0),
        "keep_weight": (np.array([problem.keep_weight]), 0),
        "spacing": (np.array(list(problem.spacing.values()), dtype=np.float64), 0),
    }
    for kind, matrix in zip(problem.types, problem.impedance, strict=False):
        least[f"impedance[{kind}]"] = (matrix.data, 0)
    for name, (values, bound) in least.items():
        wrong = values[~np.isfinite(values) | (values < bound)]
        if len(wrong):
            log.add("siting_number", column=name, value=wrong[0], count=len(wrong), least=bound)


def _check_quotas(problem: SitingProblem, log: FaultLog) -> None:
    for number, quota in enumerate(problem.quotas):
        where = f"quotas[{number}]"
        if quota.minimum < 0 or (quota.maximum is not None and quota.maximum < quota.minimum):
            text = f"{quota.minimum}..{quota.maximum}"
            log.add("siting_quota_order", column=where, value=text)
        if quota.type and quota.type not in problem.types:
            known = ", ".join(problem.types)
            log.add("siting_unknown_type", column=where, value=quota.type, known=known)
        if not _group_known(problem, quota):
            value = f"{quota.level}={quota.group}"
            levels = ", ".join(problem.groups) or "–"
            log.add("siting_unknown_group", column=where, value=value, known=levels)

        if quota.action not in {"", "new", "upgrade"}:
            _unknown(log, where, quota.action, ("new", "upgrade"))
        _check_year(problem, log, where, quota.year)


def _check_year(problem: SitingProblem, log: FaultLog, where: str, year: str) -> None:
    if year and year not in problem.years:
        _unknown(log, where, year, problem.years)


def _unknown(log: FaultLog, where: str, value: str, known: Iterable[str]) -> None:
    log.add("siting_unknown", column=where, value=value, known=", ".join(known) or "–")


def _check_floors(problem: SitingProblem, log: FaultLog) -> None:
    for number, floor in enumerate(problem.floors):
        where = f"floors[{number}]"
        if not 0 <= floor.share <= 1:
            log.add("siting_share", column=where, value=floor.share)
        if floor.type and floor.type not in problem.types:
            _unknown(log, where, floor.type, problem.types)
        if floor.level not in problem.demand_groups and (floor.level or floor.group):
            _unknown(log, where, f"{floor.level}={floor.group}", problem.demand_groups)
        _check_year(problem, log, where, floor.year)


def _check_spacing(problem: SitingProblem, log: FaultLog) -> None:
    for kind in problem.spacing:
        if kind not in problem.types:
            _unknown(log, f"spacing[{kind}]", kind, problem.types)
    if any(problem.spacing.values()) and not np.isfinite(problem.xy).all():
        count = int((~np.isfinite(problem.xy).all(axis=1)).sum())
        log.add("siting_no_position", column="xy", count=count)


def _group_known(problem: SitingProblem, quota: Quota) -> bool:
    """Whether the level exists; a group without candidates is for `conflicts` to judge."""
    if not quota.level:
        return not quota.group
    return quota.level in problem.groups


def _check_sites(problem: SitingProblem, log: FaultLog) -> None:
    for site, kind in np.argwhere(problem.fixed & ~problem.allowed):
        name = f"{problem.candidate_ids[site]} / {problem.types[kind]}"
        log.add("siting_not_allowed", column="fixed", value=name)
    for site in np.flatnonzero(problem.required & ~problem.allowed.any(axis=1)):
        log.add("siting_not_allowed", column="required", value=problem.candidate_ids[site])
    years = problem.fixed_year[problem.fixed]
    for year in np.unique(years[(years < -1) | (years >= len(problem.years))]):
        _unknown(log, "fixed_year", str(year), map(str, range(-1, len(problem.years))))
    for number, sites in enumerate(problem.exclusive):
        for site in sites[(sites < 0) | (sites >= problem.n_candidates)]:
            log.add("siting_no_site", column=f"exclusive[{number}]", value=site)
