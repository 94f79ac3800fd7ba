"""Why each site was chosen: what it wins, what is lost without it, what would come closest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats, Ints, gather
from .cover_state import CoverState
from .covered import chosen_openings, chosen_pairs, newly_covered
from .limits import TOLERANCE
from .openings import Openings, flatten
from .plan import Chosen, Plan
from .problem import SitingProblem
from .swaps import fits_instead, gain_without

#: Alternatives looked at in the order of their gain, where floors forbid the best ones.
_TRIED = 50


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
    nearby, nearby_lost
        The same among the candidates that could serve some of the residents it newly serves: where
        to look when these premises fall through. -1 and ``lost`` where there is none.
    binding
        Indices in `SitingProblem.quotas` of the quotas it counts in that are used up to the last
        outlet: a minimum that needs it, or a maximum that lets no other beside it.
    """

    chosen: Chosen
    within_reach: float
    newly_covered: float
    exclusive: float
    lost: float
    alternative: int
    alternative_type: int
    alternative_lost: float
    nearby: int = -1
    nearby_lost: float = 0.0
    binding: tuple[int, ...] = ()


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
    openings = flatten(problem)
    chosen = chosen_openings(openings, plan)
    state = CoverState.of(openings, chosen)
    residents = _by_pair(problem, chosen_pairs(problem, plan))
    number = {
        (int(openings.candidate[o]), int(openings.kind[o])): int(o) for o in np.flatnonzero(chosen)
    }
    tight = _tight_rows(openings, chosen)
    quotas = {name: row for row, name in enumerate(openings.limits.names)}
    rows = {quotas[f"quota_{q}"]: q for q in range(len(problem.quotas)) if f"quota_{q}" in quotas}
    return tuple(
        _evidence(
            state, item, number[item.candidate, item.type], residents,
            {row: quota for row, quota in rows.items() if tight[row]},
        )
        for item in plan.chosen
    )  # fmt: skip


def binding_quotas(problem: SitingProblem, plan: Plan) -> tuple[tuple[int, int], ...]:
    """Return (index, outlets) of every quota whose minimum or maximum the plan just meets."""
    openings = flatten(problem)
    chosen = chosen_openings(openings, plan)
    tight, used = _tight_rows(openings, chosen), openings.limits.activity(chosen)
    number = {f"quota_{q}": q for q in range(len(problem.quotas))}
    return tuple(
        (number[name], round(float(used[row])))
        for row, name in enumerate(openings.limits.names)
        if tight[row] and name in number
    )


def _tight_rows(openings: Openings, chosen: Bools) -> Bools:
    """Return which limits (L,) are at a bound that means something."""
    limits = openings.limits
    used = limits.activity(chosen)
    at_most = used >= limits.upper - TOLERANCE
    at_least = (used <= limits.lower + TOLERANCE) & (limits.lower > 0)
    tight: Bools = at_most | at_least
    return tight


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


def _evidence(
    state: CoverState,
    item: Chosen,
    opening: int,
    residents: Floats,
    quotas: dict[int, int],
) -> SiteEvidence:
    lost = max(_lost(state, opening), 0.0)
    fits = _may_replace(state, opening)
    other, other_lost = _alternative(state, opening, lost, fits)
    near, near_lost = _alternative(state, opening, lost, fits & _shares_rows(state, opening))
    within, newly, only = residents[item.candidate, item.type].tolist()
    counted, _ = state.limits_of(opening)
    return SiteEvidence(
        chosen=item,
        within_reach=within,
        newly_covered=newly,
        exclusive=only,
        lost=lost,
        alternative=_at(state.openings.candidate, other),
        alternative_type=_at(state.openings.kind, other),
        alternative_lost=other_lost,
        nearby=_at(state.openings.candidate, near),
        nearby_lost=near_lost,
        binding=tuple(quotas[row] for row in counted.tolist() if row in quotas),
    )


def _at(values: Ints, index: int) -> int:
    return -1 if index < 0 else int(values[index])


def _lost(state: CoverState, opening: int) -> float:
    """Return the objective lost without an opening; margins leave completed circles out."""
    if not len(state.openings.circles.weight):
        return float(state.margin[opening])
    without = state.chosen.copy()
    without[opening] = False
    return state.value() - state.openings.value(without)


def _may_replace(state: CoverState, opening: int) -> Bools:
    """Return which openings (q,) at another site keep every limit in its place."""
    openings = state.openings
    same_site = (openings.candidate == openings.candidate[opening]) & (
        openings.kind == openings.kind[opening]
    )
    fits: Bools = fits_instead(state, opening) & ~state.chosen & ~same_site
    return fits


def _shares_rows(state: CoverState, opening: int) -> Bools:
    """Return which openings (q,) cover some of the rows that an opening covers."""
    columns, _ = gather(state.openings.covers, state.rows_of(opening))
    shares = np.zeros(state.openings.count, dtype=bool)
    shares[columns] = True
    return shares


def _alternative(state: CoverState, opening: int, lost: float, fits: Bools) -> tuple[int, float]:
    """Return the best of some openings in its place and the objective lost, or (-1, lost).

    Where circles are rewarded the `_TRIED` best by plain coverage are compared in full.
    """
    openings = state.openings
    if not fits.any():
        return -1, lost
    gain = np.where(fits, gain_without(state, opening), -np.inf)
    best, best_lost = -1, lost
    for other in _most_gain(openings, gain, int(fits.sum())):
        after = _lost_instead(state, opening, other, lost - float(gain[other]))
        if after is not None and after < best_lost:
            best, best_lost = other, after
        if after is not None and not len(openings.circles.weight):
            break
    return best, best_lost


def _most_gain(openings: Openings, gain: Floats, count: int) -> list[int]:
    """Return the openings to try, the largest gain first: one is enough without extra rules."""
    if not len(openings.circles.weight) and not len(openings.floors.names):
        return [int(np.argmax(gain))]
    first = np.argsort(-gain, kind="stable")[: min(_TRIED, count)]
    return [int(opening) for opening in first]


def _lost_instead(state: CoverState, opening: int, other: int, plainly: float) -> float | None:
    """Return the objective lost by an exchange, None where it breaks a floor."""
    openings = state.openings
    if not len(openings.circles.weight) and not len(openings.floors.names):
        return plainly
    after = state.chosen.copy()
    after[opening], after[other] = False, True
    if not openings.floors.kept_by(openings.covered(after)):
        return None
    return state.value() - openings.value(after)
