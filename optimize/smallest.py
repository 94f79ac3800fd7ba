"""The fewest rules that contradict one another, proven by hitting sets.

A **correction set** is a set of rules without which all others can be kept. Every contradiction
shares a rule with every correction set, so a smallest set of rules that meets all correction sets
known so far has no more rules than the smallest contradiction. If it contradicts itself it is one;
if not, the rules that a plan keeping it breaks are a further correction set. Reiter, "A theory of
diagnosis from first principles", Artificial Intelligence 32, 1987; Liffiton and Sakallah,
"Algorithms for computing minimal unsatisfiable subsets of constraints", Journal of Automated
Reasoning 40, 2008; Ignatiev, Previti, Liffiton and Marques-Silva, "Smallest MUS extraction with
minimal hitting set dualization", CP 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pulp

from .model import CoverageModel
from .rows_of import at_least
from .rule_model import RuleModels
from .solvers import Request, Solver


def smallest(
    models: RuleModels, always: Sequence[int], known: Sequence[int], left: Callable[[], float]
) -> tuple[list[int], bool]:
    """Return the fewest rules that contradict ``always``, and whether fewer are proven not to.

    Parameters
    ----------
    models
        Answers whether rules can be kept together.
    always
        Rules (indices in `RuleModels.rules`) that are kept and not counted.
    known
        Rules that contradict ``always``, as few as are known.
    left
        Seconds left; once they are over ``known`` is returned, unproven.
    """
    found: list[list[int]] = []
    counted = [rule for rule in range(len(models.rules)) if rule not in set(always)]
    try:
        while left() > 0:
            request = replace(models.request, seconds=min(models.request.seconds, left()))
            meets = meeting_set(found, models.solver, request)
            if meets is None:
                break
            if len(meets) >= len(known):
                return list(known), True
            others = [rule for rule in counted if rule not in set(meets)]
            answer, broken = models.broken([*always, *meets], others)
            if answer == "infeasible":
                return meets, True
            if answer == "unknown" or not broken:
                break
            found.append(broken)
    except KeyboardInterrupt:
        pass  # what is known is still true
    return list(known), False


def meeting_set(
    sets: Sequence[Sequence[int]], solver: Solver, request: Request
) -> list[int] | None:
    """Return the fewest members that meet every one of ``sets``; None where that is not proven.

    minimise sum of z  subject to  sum of z over each set >= 1.
    """
    if not sets:
        return []
    lp = pulp.LpProblem("meeting_set", pulp.LpMaximize)
    members = sorted({member for some in sets for member in some})
    z = {member: lp.add_variable(f"in_{member}", 0, 1, pulp.LpInteger) for member in members}
    lp.setObjective(pulp.LpAffineExpression(dict.fromkeys(z.values(), -1.0)))
    for number, some in enumerate(sets):
        at_least(lp, f"meets_{number}", {z[member]: 1.0 for member in some}, 1.0)
    model = CoverageModel(lp, list(z.values()), [])
    outcome = solver.solve(model, replace(request, gap=0.0))
    chosen = model.chosen()
    if outcome.ended == "interrupted":
        raise KeyboardInterrupt
    meets = {members[place] for place in np.flatnonzero(chosen).tolist()}
    proven = outcome.bound is not None and -outcome.bound > len(meets) - 0.5
    return sorted(meets) if proven and all(meets & set(some) for some in sets) else None
