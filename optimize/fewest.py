"""The fewest outlets, or the least cost, that cover everybody or a share of the residents.

The model stands in `fewest_model`, the search in `fewest_large`.

Full cover: the location set covering problem (LSCP), Toregas, Swain, ReVelle and Bergman, "The
location of emergency service facilities", Operations Research 19, 1971. Partial cover: Daskin and
Owen, "Two new location covering problems: the partial p-center problem and the partial set
covering problem", Geographical Analysis 31, 1999.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Unpack

import numpy as np

from .arrays import Floats
from .conflicts import find_conflicts
from .cover_reduce import reduce_covering
from .covered import chosen_pairs, newly_covered
from .covering import covering_of
from .effort import Effort, Run
from .fewest_large import search_covering
from .finish import Extras, Found, plan_of, refused
from .objective_checks import number_between, refuse_rules
from .plan import Plan
from .problem import SitingProblem
from .target_floors import lowered, target_floors
from .targets import Targets, build_targets

#: What is minimised: the number of new outlets, or `SitingProblem.cost` summed.
Price = Literal["outlets", "cost"]


def plan_fewest(
    problem: SitingProblem,
    *,
    share: float | None = 1.0,
    each: str = "all",
    price: Price = "outlets",
    strict: bool = False,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan with the fewest new outlets (or the least cost) that reaches the targets.

    Parameters
    ----------
    problem
        Demand, cover sets, candidates, quotas and floors. Existing outlets count; the floors are
        targets as well.
    share
        Share of residents to be covered, 0..1; None: the floors of the problem alone.
    each
        Of whom the share is taken: ``"all"`` residents and types together, each ``"type"``, a
        level of `SitingProblem.demand_groups` (each of its groups and each type, e.g.
        ``"community"``), or ``"point"``: every demand point within reach is covered for every
        type, whoever lives there (the set cover of the textbooks; ``share`` is not looked at).
    price
        ``"outlets"`` or ``"cost"``.
    strict
        What happens to a share beyond what the candidates can reach: False lowers it to that and
        notes it, True refuses it as infeasible.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``sense`` is "min". ``unreachable`` names the demand out of reach of every candidate,
        ``notes`` the targets that were lowered, ``figures["share_of_residents"]`` the share of
        (resident, type) pairs covered in the end, over all whose coverage is known.

    Raises
    ------
    InputFaults
        If an option is out of range or unknown, or the problem holds a rule this objective
        cannot take.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "fewest", floors=True)
    if share is not None:
        number_between("share", share, 0.0, 1.0)
    targets = build_targets(problem, share, each, strict=strict)
    blocking = tuple(note for note in targets.notes if note.severity == "fault")
    conflicts = (*find_conflicts(replace(problem, floors=())), *blocking)
    if conflicts:
        return refused(problem, run, conflicts, sense="min", kind="fewest")
    openings = targets.openings
    paid = problem.cost[openings.candidate, openings.kind]
    found = _search(targets, paid if price == "cost" else np.ones(openings.count), run)
    extras = Extras(
        unreachable=targets.unreachable,
        notes=targets.notes,
        targets=target_floors(problem, share, each),
        target_option="plan.objective" if each == "point" else "plan.objective_options.share",
    )
    asked = replace(problem, floors=lowered(problem, problem.floors))
    plan = plan_of(asked, openings, found, run, sense="min", kind="fewest", extras=extras)
    return replace(plan, figures=_figures(problem, plan)) if plan.found else plan


def _search(targets: Targets, price: Floats, run: Run) -> Found:
    """Reduce, search and prove; the start is what greedy found."""
    state = reduce_covering(covering_of(targets, price))
    columns = targets.openings.keep_columns(state.kept)
    search = search_covering(state, columns, run)
    start = search.greedy if np.isfinite(search.greedy) else 0.0
    if search.best is None:
        return Found(None, 0.0, search.bound, 0.0, search.ended)
    return Found(state.restore(search.best), search.value, search.bound, start, search.ended)


def _figures(problem: SitingProblem, plan: Plan) -> dict[str, float]:
    known = np.where(problem.unknown, 0.0, problem.residents[:, None])
    covered = problem.covered | newly_covered(problem, chosen_pairs(problem, plan))
    total = known.sum()
    share = float(known[covered].sum() / total) if total else 1.0
    prices = [problem.cost[item.candidate, item.type] for item in plan.chosen]
    return {
        "share_of_residents": share,
        "outlets": float(len(plan.chosen)),
        "cost": float(sum(prices)),
    }
