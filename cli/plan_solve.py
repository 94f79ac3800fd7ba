"""Solve the siting problem of a study for the objective it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from scipy import sparse

from quarterhour.coverage.circles import ServiceCircles
from quarterhour.coverage.locate import locate
from quarterhour.data.faults import Fault, FaultLog, InputFaults
from quarterhour.data.study import STUDY_FILE
from quarterhour.optimize.effort import Effort
from quarterhour.optimize.objectives import OBJECTIVES, decay_named, solve_objective
from quarterhour.optimize.option_kinds import check_kinds
from quarterhour.optimize.plan import Plan
from quarterhour.optimize.problem import SitingProblem
from quarterhour.optimize.solve import plan_max_coverage

from .part_workers import part_workers
from .premises import Premises
from .study_run import StudyRun
from .tiled_search import pair_search

#: Objectives of walking look at candidates up to this many times the type's threshold away
#: (project choice): farther ones serve nobody.
WALK_REACH = 2.0

#: Numbers of a decay function come after its name.
_DECAY = "decay"


def solved(run: StudyRun, problem: SitingProblem) -> Plan:
    """Return the plan of a study's problem.

    Raises
    ------
    InputFaults
        If no plan keeps the quotas, none was found in time, or the objective cannot be had.
    KeyboardInterrupt
        If the user stopped it.
    """
    options = run.config.plan
    run.progress("plan_solve", 0, int(options.time_limit))
    try:
        plan = _solve(run, problem)
    except InputFaults as wrong:
        raise InputFaults(in_study_file(wrong.faults)) from None
    if plan.status == "interrupted":
        raise KeyboardInterrupt  # the best so far is no plan to keep under this key
    if not plan.found:
        raise InputFaults(in_study_file(plan.conflicts or [_none_in_time(options.time_limit)]))
    return plan


def _solve(run: StudyRun, problem: SitingProblem) -> Plan:
    """Return what the objective finds; parts are solved side by side where it is asked for them."""
    options, given = run.config.plan, objective_options(run)
    effort = Effort(
        solver=options.solver, time_limit=options.time_limit, gap=options.gap, seed=options.seed,
        threads=options.threads, progress=run.progress,
    )  # fmt: skip
    if options.objective != "coverage" or not given.get("by_parts"):
        return solve_objective(options.objective, problem, given, **effort)
    with part_workers(run) as executor:
        return plan_max_coverage(problem, by_parts=True, executor=executor, **effort)


def objective_options(run: StudyRun) -> dict[str, object]:
    """Return the options of the study's objective, decay functions made from their numbers.

    Raises
    ------
    InputFaults
        If a decay function is unknown or its numbers do not fit.
    """
    given: dict[str, object] = dict(run.config.plan.objective_options)
    decay = given.get(_DECAY)
    if isinstance(decay, tuple) and decay:
        numbers = [float(number) for number in decay[1:] if not isinstance(number, str)]
        given[_DECAY] = decay_named(str(decay[0]), numbers)
    return given


def option_faults(run: StudyRun) -> list[Fault]:
    """Return what is wrong with the options of the objective."""
    options, log = run.config.plan, FaultLog()
    objective = OBJECTIVES[options.objective]
    where = {"file": STUDY_FILE, "column": "plan.objective_options"}
    for name in sorted(set(options.objective_options) - set(objective.options)):
        known = ", ".join(objective.options) or "–"
        log.add(
            "siting_objective_option", file=where["file"], column=where["column"], value=name,
            kind=objective.name, known=known,
        )  # fmt: skip
    for name in objective.required:
        if name not in options.objective_options:
            column = f"plan.objective_options.{name}"
            log.add(
                "siting_objective_needs", file=where["file"], column=column, value=objective.name
            )
    try:
        given = {k: v for k, v in objective_options(run).items() if k in objective.options}
        check_kinds(objective.resolve(), given, objective.name)
    except InputFaults as wrong:
        return [*log.faults, *in_study_file(wrong.faults)]
    return log.faults


def with_impedance(
    run: StudyRun, problem: SitingProblem, circles: ServiceCircles, ground: Premises
) -> SitingProblem:
    """Return the problem with walking costs, where its objective needs them."""
    if not OBJECTIVES[run.config.plan.objective].impedance:
        return problem
    places = locate(
        run.network, ground.table, snap_limit=run.config.streets.snap_limit,
        count_access=circles.locations.count_access,
    )  # fmt: skip
    limits = _limits(circles, problem.types)
    walks = pair_search(run)(
        run.network, circles.locations, places, limit=max(limits.values()),
        by="metres" if circles.criterion == "metres" else "seconds", profile=circles.profile,
    )  # fmt: skip
    shape = (problem.n_demand, problem.n_candidates)
    whole = sparse.csr_array((walks.cost, walks.indices, walks.indptr), shape=shape)
    return replace(problem, impedance=tuple(_within(whole, limits[kind]) for kind in problem.types))


def _limits(circles: ServiceCircles, types: Iterable[str]) -> Mapping[str, float]:
    known = {kind.id: kind.limit(circles.criterion) for kind in circles.types}
    return {kind: WALK_REACH * known[kind] for kind in types}


def _within(costs: sparse.csr_array, limit: float) -> sparse.csr_array:
    """Return the entries up to a limit, zeros kept."""
    found = sparse.coo_array(costs)
    near = found.data <= limit
    data = np.asarray(found.data[near], np.float64)
    return sparse.csr_array((data, (found.row[near], found.col[near])), shape=costs.shape)


def _none_in_time(seconds: float) -> Fault:
    return Fault(
        "plan_none_in_time", file=STUDY_FILE, column="plan.time_limit", value=f"{seconds:g}"
    )


def in_study_file(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults of options with the file they stand in."""
    return [fault if fault.file else replace(fault, file=STUDY_FILE) for fault in faults]
