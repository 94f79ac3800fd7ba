"""What no plan can keep, found by counting before anything is measured or written."""

from __future__ import annotations

from collections.abc import Iterator

from scipy import sparse

from quarterhour.data.faults import Fault, FaultLog, InputFaults
from quarterhour.data.study import STUDY_FILE
from quarterhour.optimize.arrays import Bools
from quarterhour.optimize.conflicts import find_conflicts
from quarterhour.optimize.from_circles import LEVELS, allowed_types
from quarterhour.optimize.problem import SitingProblem
from quarterhour.optimize.problem import siting_problem as make_problem
from quarterhour.optimize.solvers import choose_solver

from .plan_problem import with_options
from .plan_rules import planned_types, quotas, total
from .plan_solve import in_study_file, option_faults
from .premises import Premises
from .study_run import StudyRun

#: Candidate ids shown in a fault that knows no such candidate.
_SHOWN = 5


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
    found = list(_earlier_faults(run))
    if any(fault.column != "plan.previous" for fault in found):
        return found  # without premises nothing can be counted
    try:
        found += [*option_faults(run), *_site_faults(run), *_without_cost(run)]
        conflicts = () if found else find_conflicts(_bare_problem(run))
    except InputFaults as wrong:
        return [*found, *in_study_file(wrong.faults)]
    return [*found, *in_study_file(conflicts)]


def _earlier_faults(run: StudyRun) -> Iterator[Fault]:
    """Yield what is wrong with the earlier plan, the ledger, or the premises."""
    for read in (lambda: run.previous, lambda: run.ground):
        try:
            _ = read()
        except InputFaults as wrong:
            yield from in_study_file(wrong.faults)


def _site_faults(run: StudyRun) -> list[Fault]:
    """Return faults of the candidates that options name, and of upgrades without an outlet."""
    options, ground, log = run.config.plan, run.ground, FaultLog()
    ids = ground.table["id"].astype(str).tolist()
    known = set(ids)
    named = {
        "plan.required": options.required,
        "plan.forbidden": options.forbidden,
        "plan.exclusive": tuple(name for names in options.exclusive for name in names),
    }
    for option, names in named.items():
        for name in dict.fromkeys(names):
            if name not in known:
                shown = ", ".join(ids[:_SHOWN])
                log.add(
                    "plan_no_such_candidate", file=STUDY_FILE, column=option, value=name,
                    known=shown,
                )  # fmt: skip
    allowed = allowed_types(ground.table, planned_types(run))
    if not allowed.any():
        file = run.config.candidates.file or STUDY_FILE
        kinds = ", ".join(planned_types(run))
        log.add("plan_nothing_allowed", file=file, column="types", count=len(ids), types=kinds)
    may = {name: bool(row.any()) for name, row in zip(ids, allowed, strict=True)}
    for name in options.required:
        if name in known and not may[name]:
            log.add("plan_not_allowed", file=STUDY_FILE, column="plan.required", value=name)
    left = _left_by_ledger(ids, allowed, planned_types(run), ground)
    against = {
        "plan.forbidden": {*options.forbidden} & {*ground.fixed["candidate"].astype(str)},
        "plan.required": {name for name in options.required if may.get(name) and not left[name]},
    }
    for option, those in against.items():
        for name in sorted(those):
            log.add("plan_against_ledger", file=STUDY_FILE, column=option, value=name)
    if options.upgrades.enabled and not ground.upgrade.any():
        log.add("plan_no_upgrades", file=STUDY_FILE, column="plan.upgrades")
    return log.faults


def _without_cost(run: StudyRun) -> list[Fault]:
    """Return a fault for candidates whose cost a budget would have to know."""
    log = FaultLog()
    table = run.ground.table
    missing = table["cost"].isna()
    if run.config.plan.budget is not None and missing.any():
        name = table.loc[missing, "id"].iloc[0]
        file = run.config.candidates.file or STUDY_FILE
        log.add("budget_without_cost", file=file, value=name, count=int(missing.sum()))
    return log.faults


def _left_by_ledger(
    ids: list[str], allowed: Bools, types: tuple[str, ...], ground: Premises
) -> dict[str, bool]:
    """Return of each candidate whether the ledger leaves it a type that may open there."""
    given_up = set(zip(ground.dropped["candidate"], ground.dropped["type"], strict=True))

    def left(name: str, row: Bools) -> bool:
        pairs = zip(row, types, strict=True)
        return any(may and (name, kind) not in given_up for may, kind in pairs)

    return {name: left(name, row) for name, row in zip(ids, allowed, strict=True)}


def _bare_problem(run: StudyRun) -> SitingProblem:
    """Return the siting problem with nobody to cover: enough to count what quotas allow."""
    ground, options = run.ground, run.config.plan
    table, types = ground.table, planned_types(run)
    nobody = sparse.csr_array((1, len(table)), dtype="int8")
    unpriced = options.budget is None
    bare = make_problem(
        types=types,
        residents=[0.0],
        covers=[nobody] * len(types),
        total=total(options),
        quotas=quotas(run, ground.standing),
        candidate_ids=table["id"].tolist(),
        allowed=allowed_types(table, types),
        capacity=table["capacity"].to_numpy("int64"),
        cost=0.0 if unpriced else table["cost"].to_numpy(float)[:, None],
        budget=options.budget,
        groups={level: table[level].tolist() for level in LEVELS},
    )
    return with_options(bare, run, ground, previous=run.previous)
