"""Why each site was chosen: what it wins, what is lost without it, what would come closest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats, Ints
from .cover_state import CoverState
from .covered import chosen_pairs, newly_covered
from .openings import flatten
from .plan import Chosen, Plan
from .problem import SitingProblem
from .swaps import fits_instead, gain_without


@dataclass(frozen=True, slots=True)
class SiteEvidence:
    """The case for one new outlet.

    Attributes
    ----------
    chosen
        The outlet: candidate and type index.
    within_reach
        Residents within its threshold, covered before or not, persons.
    newly_covered
        Those of them that no existing outlet covers, persons.
    exclusive
        Those of them that no other new outlet covers either: lost if it is dropped, persons.
    lost
        Objective lost if it is dropped (equals ``exclusive`` unless priorities weigh it).
    alternative
        Candidate index of the best site that could take its place under all quotas, with its type
        in ``alternative_type``; -1 where there is none.
    alternative_lost
        Objective lost if the alternative takes its place; equals ``lost`` where there is none.
    """

    chosen: Chosen
    within_reach: float
    newly_covered: float
    exclusive: float
    lost: float
    alternative: int
    alternative_type: int
    alternative_lost: float


@dataclass(frozen=True, slots=True)
class TypeCoverage:
    """Residents covered for one type before and after, and how many are known, persons."""

    type: str
    known: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class PlanCoverage:
    """What the plan changes, every resident counted once in each figure, persons.

    Attributes
    ----------
    types
        One entry for each type.
    helped
        Residents newly covered for at least one type.
    complete_before, complete_after
        Residents covered for every type of the plan; a type unknown for them does not count
        as covered.
    """

    types: tuple[TypeCoverage, ...]
    helped: float
    complete_before: float
    complete_after: float


def plan_coverage(problem: SitingProblem, plan: Plan) -> PlanCoverage:
    """Return coverage before and after ``plan``, by type and for the residents as a whole."""
    before = problem.covered & ~problem.unknown
    after = before | newly_covered(problem, chosen_pairs(problem, plan))
    residents = problem.residents
    types = tuple(
        TypeCoverage(
            name,
            known=float(residents[~problem.unknown[:, kind]].sum()),
            before=float(residents[before[:, kind]].sum()),
            after=float(residents[after[:, kind]].sum()),
        )
        for kind, name in enumerate(problem.types)
    )
    return PlanCoverage(
        types,
        helped=float(residents[(after & ~before).any(axis=1)].sum()),
        complete_before=float(residents[before.all(axis=1)].sum()),
        complete_after=float(residents[after.all(axis=1)].sum()),
    )


def site_evidence(problem: SitingProblem, plan: Plan) -> tuple[SiteEvidence, ...]:
    """Return the case for each new outlet of ``plan``, in its order."""
    pairs = chosen_pairs(problem, plan)
    openings = flatten(problem)
    state = CoverState.of(openings, pairs[openings.candidate, openings.kind])
    residents = _by_pair(problem, pairs)
    number = np.full(problem.allowed.shape, -1)
    number[openings.candidate, openings.kind] = np.arange(openings.count)
    return tuple(
        _evidence(state, item, int(number[item.candidate, item.type]), residents)
        for item in plan.chosen
    )


def _by_pair(problem: SitingProblem, pairs: Bools) -> Floats:
    """Return residents within reach, newly covered and exclusive for each pair (m, K, 3)."""
    table = np.zeros((*pairs.shape, 3))
    for kind, matrix in enumerate(problem.covers):
        known = ~problem.unknown[:, kind]
        gap = known & ~problem.covered[:, kind]
        only = gap & (matrix @ pairs[:, kind].astype(np.int64) == 1)
        counted = np.column_stack([known, gap, only]) * problem.residents[:, None]
        table[:, kind] = matrix.T @ counted
    return table


def _evidence(state: CoverState, item: Chosen, opening: int, residents: Floats) -> SiteEvidence:
    lost = max(float(state.margin[opening]), 0.0)
    other, other_lost = _alternative(state, opening, lost)
    within, newly, only = residents[item.candidate, item.type].tolist()
    return SiteEvidence(
        chosen=item,
        within_reach=within,
        newly_covered=newly,
        exclusive=only,
        lost=lost,
        alternative=_at(state.openings.candidate, other),
        alternative_type=_at(state.openings.kind, other),
        alternative_lost=other_lost,
    )


def _at(values: Ints, index: int) -> int:
    return -1 if index < 0 else int(values[index])


def _alternative(state: CoverState, opening: int, lost: float) -> tuple[int, float]:
    """Return the best opening in its place and the objective lost by it, or (-1, lost)."""
    fits = fits_instead(state, opening) & ~state.chosen
    if not fits.any():
        return -1, lost
    gain = np.where(fits, gain_without(state, opening), -np.inf)
    best = int(np.argmax(gain))
    if gain[best] <= 0:
        return -1, lost
    return best, lost - float(gain[best])
