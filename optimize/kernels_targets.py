# ruff: noqa: C901, PLR0912 - compiled loops are written out
"""Compiled: annealing of a choice that pays for its openings and for what its groups lack."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inlined

from .kernels_dice import below, random
from .kernels_fewest import Task
from .kernels_moves import beside, for_uncovered, hold, release, swap_limits

Array = NDArray[Any]

#: Share of moves that only add, that only drop, and of the swaps that look beside the old opening.
_ADD, _DROP, _NEAR = 0.06, 0.06, 0.9


class Stroll(NamedTuple):
    """A choice on its way: counts of rows, what groups have, limits in use, the open as a list."""

    chosen: Array
    counts: Array
    reached: Array
    used: Array
    held: Array
    place: Array
    size: Array


@inlined
def _switch(t: Task, s: Stroll, opening: Any, sign: Any, fine: Array) -> Any:
    """Open (sign 1) or close (−1) for the rows alone; return the change of the fines."""
    change, first = 0.0, 1 if sign > 0 else 0
    for at in range(t.opening_start[opening], t.opening_start[opening + 1]):
        row = t.opening_rows[at]
        s.counts[row] += sign
        if s.counts[row] != first:
            continue
        for place in range(t.group_start[row], t.group_start[row + 1]):
            group = t.group_of[place]
            before = max(t.least[group] - s.reached[group], 0.0)
            s.reached[group] += sign * t.people[place]
            change += fine[group] * (max(t.least[group] - s.reached[group], 0.0) - before)
    return change


@inlined
def _proposed(t: Task, s: Stroll, dice: Array, old: Any) -> Any:
    """Return an opening beside ``old``, or one over an uncovered row, or any."""
    if old >= 0 and random(dice) < _NEAR:
        found = beside(t, dice, old)
        if found >= 0:
            return found
    return for_uncovered(t, s, dice)


@inlined
def _lacking(t: Task, s: Stroll) -> Any:
    for group in range(len(t.least)):  # noqa: SIM110 - compiled: no generators
        if s.reached[group] < t.least[group]:
            return True
    return False


@compiled
def stroll(
    t: Task, s: Stroll, dice: Array, fine: Array, heat: Array, moves: int, least: float, best: Array
) -> tuple[int, float]:
    """Walk ``moves`` moves in place, cooling from ``heat[0]`` to ``heat[1]``.

    ``fine`` (G,) is the price of each person a group lacks. Returns the number of openings of
    the cheapest choice met that lacks nothing and costs less than ``least``, written to
    ``best``, and its price; 0 and ``least`` where there was none. Limits are kept on the way
    (Kirkpatrick, Gelatt and Vecchi, "Optimization by simulated annealing", Science 220, 1983).
    """
    found, price, refused = 0, 0.0, False
    limited = len(t.lower) > 0
    for at in range(s.size[0]):
        price += t.price[s.held[at]]
    now = heat[0]
    cooling = (heat[1] / heat[0]) ** (64.0 / max(moves, 1))
    for move in range(moves):
        if move % 64 == 63:
            now *= cooling
        kind = random(dice)
        old, new = np.int64(-1), np.int64(-1)
        if kind >= _ADD and s.size[0] > 0:
            old = np.int64(s.held[below(dice, s.size[0])])
        if kind < 1.0 - _DROP or old < 0:
            new = _proposed(t, s, dice, old)
            if s.chosen[new]:
                continue
        paid = (t.price[new] if new >= 0 else 0.0) - (t.price[old] if old >= 0 else 0.0)
        if limited and not swap_limits(t, s, old, new):
            continue
        change = paid
        for step in range(4):  # away with the old, in with the new; where refused, both back
            if step == 2:
                refused = change > 0.0 and random(dice) >= np.exp(-change / now)
                if not refused:
                    break
            opening = old if step == 0 or step == 3 else new  # noqa: PLR1714
            if opening >= 0:
                change += _switch(t, s, opening, 1 if step % 2 else -1, fine)
        if refused:
            if limited:
                swap_limits(t, s, new, old)
            continue
        if old >= 0:
            release(s, old)
        if new >= 0:
            hold(s, new)
        price += paid
        if price < least - 1e-9 * (1.0 + abs(least)) and not _lacking(t, s):
            least, found = price, s.size[0]
            for at in range(found):
                best[at] = s.held[at]
    return found, least
