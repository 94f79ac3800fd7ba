"""What no plan can keep, found by counting before anything is measured or written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from quarterhour.data.faults import Fault, FaultLog, InputFaults
from quarterhour.data.study import STUDY_FILE
from quarterhour.optimize.conflicts import find_conflicts
from quarterhour.optimize.from_circles import LEVELS, allowed_types
from quarterhour.optimize.problem import SitingProblem
from quarterhour.optimize.problem import siting_problem as make_problem
from quarterhour.optimize.solvers import choose_solver

from .plan_stage import in_study_file, planned_types, quotas
from .study_run import StudyRun


def check_all(run: StudyRun) -> None:
    """Read the inputs and check the plan's options against them.

    Raises
    ------
    InputFaults
        With every fault of every file and option.
    """
    found = list(_solver_faults(run))
    try:
        _ = run.inputs
    except InputFaults as wrong:
        raise InputFaults([*wrong.faults, *found]) from None
    found += _plan_faults(run)
    if found:
        raise InputFaults(found)


def _solver_faults(run: StudyRun) -> Iterator[Fault]:
    try:
        choose_solver(run.config.plan.solver)
    except InputFaults as wrong:
        yield from in_study_file(wrong.faults)


def _plan_faults(run: StudyRun) -> list[Fault]:
    try:
        costs = _without_cost(run)
        conflicts = () if costs else find_conflicts(_bare_problem(run))
    except InputFaults as wrong:
        return in_study_file(wrong.faults)
    return [*costs, *in_study_file(conflicts)]


def _without_cost(run: StudyRun) -> list[Fault]:
    """Return a fault for candidates whose cost a budget would have to know."""
    log = FaultLog()
    missing = run.candidates["cost"].isna()
    if run.config.plan.budget is not None and missing.any():
        name = run.candidates.loc[missing, "id"].iloc[0]
        file = run.config.candidates.file or STUDY_FILE
        log.add("budget_without_cost", file=file, value=name, count=int(missing.sum()))
    return log.faults


def _bare_problem(run: StudyRun) -> SitingProblem:
    """Return the siting problem with nobody to cover: enough to count what quotas allow."""
    candidates, options = run.candidates, run.config.plan
    types = planned_types(run)
    nobody = sparse.csr_array((1, len(candidates)), dtype=np.int8)
    return make_problem(
        types=types,
        residents=[0.0],
        covers=[nobody] * len(types),
        total=options.outlets,
        quotas=quotas(run),
        candidate_ids=candidates["id"].tolist(),
        allowed=allowed_types(candidates, types),
        capacity=candidates["capacity"].to_numpy(np.int64),
        cost=0.0 if options.budget is None else candidates["cost"].to_numpy(float)[:, None],
        budget=options.budget,
        groups={level: candidates[level].tolist() for level in LEVELS},
    )
