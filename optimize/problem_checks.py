"""The contract of `SitingProblem`: every breach found, each listed once."""

from __future__ import annotations

from collections.abc import Iterator
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
    for name in ("allowed", "cost", "fixed"):
        yield name, getattr(problem, name).shape, (m, kinds)
    for name in ("capacity", "required"):
        yield name, getattr(problem, name).shape, (m,)
    for level, labels in problem.groups.items():
        yield f"groups[{level}]", labels.shape, (m,)


def _check_shapes(problem: SitingProblem, log: FaultLog) -> None:
    if not problem.types:
        log.add("siting_no_types", column="types")
    for name, found, expected in _shapes(problem):
        if found != expected:
            log.add("siting_shape", column=name, value=found, shape=str(expected))


def _check_ids(problem: SitingProblem, log: FaultLog) -> None:
    columns = {
        "types": np.array(problem.types, dtype=object),
        "demand_ids": problem.demand_ids,
        "candidate_ids": problem.candidate_ids,
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
    }
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
