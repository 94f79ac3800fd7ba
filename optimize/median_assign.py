"""Walking with assignment solved: outlets that serve so many persons, several outlets a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pulp

from .arrays import Bools, Floats
from .effort import Run
from .existing import Existing
from .finish import Extras, Found, rounding
from .median_assign_model import assignment_model
from .median_levels import solve_levels
from .median_nearest import nearest_only
from .median_rows import Walking
from .median_serving import (
    Serving,
    assignment_of,
    cost_of,
    figures_of,
    serving_of,
    valid,
)
from .model import CoverageModel
from .single_source import solve_single
from .single_source_table import LARGEST, table_of

#: Share of the time left for either step of the start: openings as if there were no capacities,
#: then the best assignment to them.
_START = 0.2

#: The same where a search takes the assignment over.
_QUICK = 0.1


def assign_solve(
    walking: Walking,
    existing: Existing | None,
    many: int,
    room: Floats,
    run: Run,
    *,
    split: bool,
) -> tuple[Found, Extras]:
    """Return the plan of least walking with assignment, and who is served where."""
    serving = serving_of(walking, existing, many, room, split=split)
    whole = many == 1 and not split and 0 < np.prod(serving.cost.shape) <= LARGEST
    relaxed = (
        nearest_only(walking, run, share=_QUICK)
        if whole
        else solve_levels(walking, run, share=_START)
    )
    if relaxed.chosen is None:
        return relaxed, Extras()
    if whole:
        return _each_row_whole(serving, relaxed, run)
    model, assigned = assignment_model(serving)
    start = _assign_to(model, relaxed.chosen, run)
    solved, outcome = run.solve(model)
    if outcome.ended == "infeasible" or not len(model.opened):
        return relaxed, Extras()
    chosen, shares = solved, _values(assigned, split=split)
    if not walking.openings.limits.kept_by(chosen) or not valid(serving, shares, chosen):
        chosen, shares = start
    value = cost_of(serving, shares)
    if cost_of(serving, start[1]) < value:
        chosen, shares = start
        value = cost_of(serving, shares)
    bound = 0.0 if outcome.bound is None else -outcome.bound - rounding(value) * 1e-3
    bound = max(relaxed.bound if many == 1 and _no_way_out(walking) else 0.0, bound)
    found = Found(chosen, value, min(bound, value), cost_of(serving, start[1]), outcome.ended)
    return found, _extras(serving, shares)


def _each_row_whole(serving: Serving, relaxed: Found, run: Run) -> tuple[Found, Extras]:
    """Return the plan in which each row goes to one outlet, from the openings without room."""
    assert relaxed.chosen is not None  # noqa: S101 - for the type checker
    stopped = relaxed.ended == "interrupted"
    solved = solve_single(
        table_of(serving), relaxed.chosen, replace(run, time_limit=0.0) if stopped else run
    )
    apart = relaxed.bound if _no_way_out(serving.walking) else 0.0
    bound = min(max(solved.bound, apart, 0.0), solved.value)
    found = Found(
        solved.chosen, solved.value, bound, solved.start, relaxed.ended if stopped else solved.ended
    )
    return found, _extras(serving, solved.shares)


def _extras(serving: Serving, shares: Floats) -> Extras:
    return Extras(assignment=assignment_of(serving, shares), figures=figures_of(serving, shares))


def _no_way_out(walking: Walking) -> bool:
    """Whether nobody would rather pay the penalty than walk to the nearest existing outlet."""
    near = walking.near[np.isfinite(walking.near)]
    return bool((near <= walking.outside).all())


def _assign_to(model: CoverageModel, chosen: Bools, run: Run) -> tuple[Bools, Floats]:
    """Return the best assignment to given openings, left in the model as its warm start."""
    for x, is_open in zip(model.opened, chosen, strict=True):
        x.lowBound = x.upBound = float(is_open)
    run.solve(model, share=_START)
    count = sum(v.name.startswith("serve_") for v in model.covered)
    whole = any(v.cat == pulp.LpInteger for v in model.covered[:count])
    shares = _values(model.covered[:count], split=not whole)
    for x, is_open in zip(model.opened, chosen, strict=True):
        x.lowBound, x.upBound = 0, 1
        x.varValue = float(is_open)
    return chosen, shares


def _values(variables: Sequence[pulp.LpVariable], *, split: bool) -> Floats:
    values = np.clip(np.array([v.varValue or 0.0 for v in variables], dtype=np.float64), 0.0, 1.0)
    return values if split else np.round(values)
