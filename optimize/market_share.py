"""Market share after Huff: as much as possible with p outlets, or a target with the fewest.

maximise  sum of weight[r] * s[r]                          `plan_market_share`
minimise  sum of price[o] * x[o],  sum of weight[r] * s[r] >= target    `plan_target_share`

s is the share of each demand in the model of `market_model`; both are exact, because tangents are
added until the model's claim and the true share agree within the gap asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import numpy.typing as npt
import pulp

from quarterhour.coverage.decay import Decay
from quarterhour.data.faults import Fault

from .amounts import Amounts, AmountState, greedy_amounts, improve_amounts
from .arrays import Bools, Floats, Ints
from .conflicts import find_conflicts
from .effort import Effort, Run
from .existing import Existing
from .fewest import Price
from .finish import Extras, Found, plan_of, refused, rounding, whole_bound
from .market_model import Market, Tangents
from .objective_checks import by_pair, need_impedance, number_between, refuse_rules
from .plan import PROVEN, Plan, relative_gap
from .problem import SitingProblem
from .rows_of import at_least, columns_of, rows_of

_SWAP_SHARE, _SWAP_MOST = 0.15, 20.0

#: Rounds of tangents on the relaxation, and the share of the time they may use.
_ROUNDS, _RELAXED_SHARE = 12, 0.4

#: How much of the gap asked for all false claims together may use before they are cut.
_CLAIMED = 0.25


def plan_market_share(
    problem: SitingProblem,
    decay: Decay,
    *,
    existing: Existing | None = None,
    attraction: npt.ArrayLike = 1.0,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan that captures the most weight beside competitors.

    Parameters
    ----------
    problem
        With `SitingProblem.impedance`: walking costs of the candidates, stored within reach only.
    decay
        How attraction falls with the walking cost; Huff's is a `PowerDecay`.
    existing
        Own and competing outlets with their attraction; None = nobody competes.
    attraction
        Of a new outlet at no distance, one number, (m,) or (m, K), e.g. its floor area; in the
        unit of `Existing.attraction`.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``objective``: weight captured by our outlets, existing ones included;
        ``figures``: ``market_share`` and ``market_share_before`` of all known weight.

    Raises
    ------
    InputFaults
        If walking costs are missing, numbers do not fit, or the problem holds a rule this
        objective cannot take.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "market_share")
    need_impedance(problem, "market_share")
    pulls = by_pair("attraction", attraction, problem)
    conflicts = find_conflicts(problem)
    if conflicts:
        return refused(problem, run, conflicts, sense="max", kind="market_share")
    market, unreachable = build_market(problem, decay, existing, pulls)
    found = _most(market, run)
    extras = Extras(unreachable=unreachable, figures=_figures(problem, market, found.chosen))
    return plan_of(
        problem, market.openings, found, run, sense="max", kind="market_share", extras=extras
    )


def plan_target_share(
    problem: SitingProblem,
    decay: Decay,
    *,
    share: float,
    existing: Existing | None = None,
    attraction: npt.ArrayLike = 1.0,
    price: Price = "outlets",
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan with the fewest outlets (or the least cost) that reaches a market share.

    Parameters
    ----------
    problem, decay, existing, attraction
        As for `plan_market_share`.
    share
        Of all known weight, 0..1, that our outlets, existing ones included, must capture.
    price
        What is minimised: ``"outlets"`` or ``"cost"``.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``sense`` is "min"; infeasible, with the share that can be reached, where the target is
        beyond every candidate together.

    Raises
    ------
    InputFaults
        As for `plan_market_share`, and if ``share`` is out of range.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "target_share")
    need_impedance(problem, "target_share")
    number_between("share", share, 0.0, 1.0)
    pulls = by_pair("attraction", attraction, problem)
    market, unreachable = build_market(problem, decay, existing, pulls)
    target = share * _total(problem)
    conflicts = (*find_conflicts(problem), *_beyond(problem, market, share))
    if conflicts:
        return refused(problem, run, conflicts, sense="min", kind="target_share")
    paid = problem.cost[market.openings.candidate, market.openings.kind]
    goal = _Goal(market, target, paid if price == "cost" else np.ones(len(paid)))
    found = _fewest(goal, run)
    extras = Extras(unreachable=unreachable, figures=_figures(problem, market, found.chosen))
    return plan_of(
        problem, market.openings, found, run, sense="min", kind="target_share", extras=extras
    )


def build_market(
    problem: SitingProblem, decay: Decay, existing: Existing | None, attraction: Floats
) -> tuple[Market, Ints]:
    """Return the market of all known demand, and the (demand, type) pairs nobody reaches."""
    openings = columns_of(problem)
    pairs = ~problem.unknown & (problem.weights > 0)
    rows = rows_of(openings, problem.impedance, pairs, problem.n_candidates)
    matrix = rows.matrix.copy()
    pull = attraction[openings.candidate, openings.kind]
    matrix.data = decay(matrix.data) * pull[matrix.indices]
    matrix.eliminate_zeros()
    ours, theirs = _existing_attraction(problem, existing, decay)
    rows = replace(rows, matrix=matrix)
    market = Market(
        openings, rows, rows.of_pairs(ours), rows.of_pairs(theirs), rows.of_pairs(problem.weights)
    )
    nobody = ~rows.reached() & (market.ours + market.theirs <= 0)
    return market, rows.take(nobody).pairs()


def _existing_attraction(
    problem: SitingProblem, existing: Existing | None, decay: Decay
) -> tuple[Floats, Floats]:
    """Return the attraction (n, K) of our own and of competing existing outlets."""
    ours = np.zeros(problem.covered.shape)
    theirs = ours.copy()
    if existing is None:
        return ours, theirs
    for k, matrix in enumerate(existing.impedance):
        pull = matrix.copy()
        pull.data = decay(matrix.data) * existing.attraction[k][matrix.indices]
        own = existing.ours[k].astype(np.float64)
        ours[:, k], theirs[:, k] = pull @ own, pull @ (1 - own)
    return ours, theirs


def _total(problem: SitingProblem) -> float:
    return float(problem.weights[~problem.unknown].sum())


def _figures(problem: SitingProblem, market: Market, chosen: Bools | None) -> dict[str, float]:
    total = _total(problem)
    nothing = np.zeros(market.openings.count, dtype=bool)
    after = nothing if chosen is None else chosen
    named = {"market_share_before": nothing, "market_share": after}
    return {key: market.captured(c) / total if total else 0.0 for key, c in named.items()}


def _beyond(problem: SitingProblem, market: Market, share: float) -> tuple[Fault, ...]:
    """Return the fault of a target that not even everything open would reach."""
    total = _total(problem)
    most = market.captured(np.ones(market.openings.count, dtype=bool))
    if share * total <= most + rounding(most):
        return ()
    params = (("wanted", f"{100 * share:.2f} %"), ("most", f"{100 * most / total:.2f} %"))
    return (
        Fault("siting_target_out_of_reach", column="plan.share", value="market", params=params),
    )


# --- as much as possible -----------------------------------------------------------------------


def _most(market: Market, run: Run) -> Found:
    """Search, then close in with tangents until claim and truth agree or the time is over."""
    start, interrupted = _start(market, run)
    bound = market.captured(np.ones(market.openings.count, dtype=bool))
    best = start
    value = floor = 0.0 if start is None else market.captured(start)
    ended = "interrupted" if interrupted else "time_limit"
    if interrupted or run.left() <= 0 or (best is not None and _near(value, bound, run)):
        return Found(best, value, bound, floor, ended)
    tangents = Tangents(market, "market_share")
    worth = zip(tangents.model.covered, market.weight.tolist(), strict=True)
    tangents.model.lp.setObjective(pulp.LpAffineExpression(worth))
    _relaxed_rounds(tangents, _tolerance(market, run, bound), run)
    cuts = 1
    while cuts and run.left() > 0 and not (best is not None and _near(value, bound, run)):
        _offer(tangents, best, run)
        chosen, outcome = run.solve(tangents.model, gap=run.gap / 2)
        if outcome.ended == "infeasible" and best is None:
            return Found(None, 0.0, bound, 0.0, "infeasible")
        if outcome.bound is not None and outcome.bound >= value - PROVEN * (1 + value):
            bound = min(bound, outcome.bound)
        kept = market.openings.limits.kept_by(chosen)
        if kept and (best is None or market.captured(chosen) > value):
            best, value = chosen, market.captured(chosen)
        ended = outcome.ended
        cuts = tangents.cut_off(_tolerance(market, run, value)) if ended == "finished" else 0
    return Found(best, value, bound, floor, ended)


def _near(value: float, bound: float, run: Run) -> bool:
    return relative_gap(value, bound) <= max(PROVEN / 2, run.gap)


def _tolerance(market: Market, run: Run, value: float) -> float:
    """Return the weight by which one row may claim too much: all rows share the gap."""
    return _CLAIMED * max(run.gap, PROVEN) * max(value, PROVEN) / max(len(market.weight), 1)


def _start(market: Market, run: Run) -> tuple[Bools | None, bool]:
    state = greedy_amounts(AmountState(_amounts(market)))
    interrupted = False
    try:
        seconds = min(_SWAP_SHARE * run.time_limit, _SWAP_MOST)
        improve_amounts(state, seed=run.seed, seconds=seconds)
    except KeyboardInterrupt:
        interrupted = True
    kept = market.openings.limits.kept_by(state.chosen)
    return (state.chosen if kept else None), interrupted


def _amounts(market: Market) -> Amounts:
    return Amounts(market.openings, market.rows.matrix, market.ours, market)


def _relaxed_rounds(tangents: Tangents, tolerance: float, run: Run) -> None:
    """Find tangents on the relaxation, where each round costs one linear program."""
    tangents.relax(relaxed=True)
    deadline = run.left() * (1 - _RELAXED_SHARE)
    for _ in range(_ROUNDS):
        if run.left() <= deadline:
            break
        _, outcome = run.solve(tangents.model, gap=0.0, share=_RELAXED_SHARE)
        if outcome.ended != "finished" or not tangents.cut_off(tolerance):
            break
    tangents.relax(relaxed=False)
    _forget(tangents)


def _offer(tangents: Tangents, best: Bools | None, run: Run) -> None:
    """Start the solver from the best plan; not CBC, which from a start reads amounts wrongly."""
    if best is None or run.solver.name.startswith("CBC"):
        _forget(tangents)
    else:
        tangents.start_from(best)


def _forget(tangents: Tangents) -> None:
    """Clear all values: those of a relaxation or of an earlier round are no start."""
    for variable in tangents.model.lp.variables():
        variable.varValue = None


# --- the fewest for a target -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Goal:
    """A market, the weight to capture, and the price of each opening (q,)."""

    market: Market
    target: float
    price: Floats

    def reached(self, chosen: Bools) -> bool:
        captured = self.market.captured(chosen)
        return captured >= self.target - rounding(self.target) and (
            self.market.openings.limits.kept_by(chosen)
        )

    def value(self, chosen: Bools) -> float:
        return float(self.price[chosen].sum())


def _fewest(goal: _Goal, run: Run) -> Found:
    best = _cheap_start(goal)
    floor = value = 0.0 if best is None else goal.value(best)
    bound, ended, cuts = 0.0, "time_limit", 1
    tangents = _target_model(goal)
    _relaxed_rounds(tangents, _tolerance(goal.market, run, goal.target), run)
    while cuts and run.left() > 0:
        if best is not None and relative_gap(value, bound, "min") <= max(PROVEN, run.gap):
            break
        _offer(tangents, best, run)
        chosen, outcome = run.solve(tangents.model)
        ended = outcome.ended
        if ended == "infeasible" and best is None:
            return Found(None, 0.0, bound, 0.0, "infeasible")
        if outcome.bound is not None and (best is None or -outcome.bound <= value + 1e-6):
            bound = max(bound, whole_bound(-outcome.bound, goal.price, "min"))
        if goal.reached(chosen) and (best is None or goal.value(chosen) < value):
            best, value = chosen, goal.value(chosen)
        # A choice that claims a whole outlet less must be cut however small its false claim.
        cuts = tangents.cut_off(1e-3 * rounding(goal.target)) if ended == "finished" else 0
    return Found(best, value, bound, floor, ended)


def _target_model(goal: _Goal) -> Tangents:
    """Return the market with  sum of weight * s >= target  and the negative price as objective."""
    tangents = Tangents(goal.market, "target_share")
    lp, model = tangents.model.lp, tangents.model
    negative = zip(model.opened, (-goal.price).tolist(), strict=True)
    lp.setObjective(pulp.LpAffineExpression(negative))
    worth = dict(zip(model.covered, goal.market.weight.tolist(), strict=True))
    at_least(lp, "target", worth, goal.target)
    return tangents


def _cheap_start(goal: _Goal) -> Bools | None:
    """Return greedy picks, less those that the target and the minima do not need."""
    state = AmountState(_amounts(goal.market))
    greedy_amounts(state)
    if not goal.reached(state.chosen):
        return None
    order = np.flatnonzero(state.chosen)
    for opening in order[np.lexsort((state.margin[order], -goal.price[order]))].tolist():
        state.close(opening)
        if not goal.reached(state.chosen):
            state.open(opening)
    return state.chosen
