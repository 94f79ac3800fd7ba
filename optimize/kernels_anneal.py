# ruff: noqa: C901, PLR0912 - compiled loops are written out
"""Compiled: simulated annealing over feasible plans."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inlined

from .kernels_cover import Cover
from .kernels_dice import below as _below
from .kernels_dice import random as _random
from .kernels_moves import NOISE, beside, for_uncovered, hold, release, swap_limits

Array = NDArray[Any]

#: Arithmetic noise allowed when a limit or floor is tested, as in `limits.TOLERANCE`.


#: Share of moves that look for a new site beside the old one; that only add; that only drop.
_NEAR, _ADD, _DROP = 0.85, 0.04, 0.01


#: Stands in `Walk.alone` for nobody, and for several.
_NONE, _SEVERAL = -1, -2


class Walk(NamedTuple):
    """A feasible plan on its walk, and what a change of it would do.

    Of rows: how many openings cover each, the sum of their numbers (from 1), and the one that does
    so alone. Of openings: the worth of the rows that each open one covers alone, and the most that
    each can win from its rows, and beside them from circles. The open ones are a list, too.
    """

    chosen: Array
    counts: Array
    sums: Array
    alone: Array
    loss: Array
    most: Array
    most_circles: Array
    used: Array
    missing: Array
    reached: Array
    held: Array
    place: Array
    size: Array


@compiled
def begin(c: Cover, w: Walk) -> None:
    """Fill in what follows from ``chosen``, the counts and the sums."""
    for row in range(len(w.counts)):
        if w.counts[row] == 1:
            w.alone[row] = w.sums[row] - 1
            w.loss[w.alone[row]] += c.weight[row]
        else:
            w.alone[row] = _NONE if w.counts[row] == 0 else _SEVERAL
    for opening in range(len(w.most)):
        for at in range(c.opening_start[opening], c.opening_start[opening + 1]):
            row = c.opening_rows[at]
            w.most[opening] += c.weight[row]
            for k in range(c.circle_start[row], c.circle_start[row + 1]):
                w.most_circles[opening] += c.circle_weight[c.circle_of[k]]


@inlined
def _promise(c: Cover, w: Walk, old: Any, new: Any, least: Any) -> Any:
    """Return the most that closing ``old`` and opening ``new`` (-1: nothing) can win.

    Exact where there are no circles; not worked out where it is surely below ``least``.
    """
    change = 0.0
    if old >= 0:
        change -= c.gain[old] + w.loss[old]
    if new < 0:
        return change
    change += c.gain[new] + w.most_circles[new]
    if change + w.most[new] < least:
        return change + w.most[new]
    for at in range(uint64(c.opening_start[new]), uint64(c.opening_start[new + 1])):
        row = uint64(c.opening_rows[at])
        alone = w.alone[row]
        if alone == _NONE or alone == old:  # noqa: PLR1714, SIM109 - compiled
            change += c.weight[row]
    return change


@inlined
def _cover(c: Cover, w: Walk, opening: Any, plain: Any) -> Any:
    """Cover the rows of an opening; return what that wins."""
    won = c.gain[opening]
    w.loss[opening] = 0.0
    for at in range(uint64(c.opening_start[opening]), uint64(c.opening_start[opening + 1])):
        row = uint64(c.opening_rows[at])
        w.counts[row] += 1
        w.sums[row] += opening + 1
        if w.counts[row] == 2:
            w.loss[w.alone[row]] -= c.weight[row]
            w.alone[row] = _SEVERAL
        elif w.counts[row] == 1:
            w.alone[row] = opening
            w.loss[opening] += c.weight[row]
            won += c.weight[row]
            if plain:
                continue
            for f in range(c.floor_start[row], c.floor_start[row + uint64(1)]):
                w.reached[c.floor_rows[f]] += c.floor_values[f]
            for k in range(c.circle_start[row], c.circle_start[row + uint64(1)]):
                circle = c.circle_of[k]
                w.missing[circle] -= 1
                if w.missing[circle] == 0:
                    won += c.circle_weight[circle]
    return won


@inlined
def _uncover(c: Cover, w: Walk, opening: Any, plain: Any) -> Any:
    """Take an opening off its rows; return what that loses."""
    lost = c.gain[opening]
    for at in range(uint64(c.opening_start[opening]), uint64(c.opening_start[opening + 1])):
        row = uint64(c.opening_rows[at])
        w.counts[row] -= 1
        w.sums[row] -= opening + 1
        if w.counts[row] == 1:
            w.alone[row] = w.sums[row] - 1
            w.loss[w.alone[row]] += c.weight[row]
        elif w.counts[row] == 0:
            w.alone[row] = _NONE
            lost += c.weight[row]
            if plain:
                continue
            for f in range(c.floor_start[row], c.floor_start[row + uint64(1)]):
                w.reached[c.floor_rows[f]] -= c.floor_values[f]
            for k in range(c.circle_start[row], c.circle_start[row + uint64(1)]):
                circle = c.circle_of[k]
                if w.missing[circle] == 0:
                    lost += c.circle_weight[circle]
                w.missing[circle] += 1
    return lost


@inlined
def _floors_kept(c: Cover, w: Walk) -> Any:
    for f in range(len(c.floor_lower)):  # noqa: SIM110 - compiled: no generators
        if w.reached[f] < c.floor_lower[f] - NOISE:
            return False
    return True


@compiled
def anneal(
    c: Cover,
    w: Walk,
    dice: Array,
    hot: float,
    cold: float,
    moves: int,
    best: Array,
    at_start: float,
) -> int:
    """Walk ``moves`` moves from ``hot`` to ``cold`` in place; return the size of the best plan met.

    ``at_start`` is the value of the plan in ``w``; ``best`` (q,) takes the openings of the best
    plan met, to within a millionth. Every plan on the way keeps all limits and floors
    (Kirkpatrick, Gelatt and Vecchi, "Optimization by simulated annealing", Science 220, 1983).
    """
    value = most = at_start
    worth_noting = 1e-6 * abs(at_start)
    size = w.size[0]
    for at in range(size):
        best[at] = w.held[at]
    heat = hot
    plain = len(c.floor_lower) == 0 and len(c.circle_weight) == 0
    cooling = (cold / hot) ** (64.0 / max(moves, 1))
    for move in range(moves):
        if move % 64 == 63:
            heat *= cooling
        kind = _random(dice)
        old, new = np.int64(-1), np.int64(-1)
        if kind >= _ADD and w.size[0] > 0:
            old = np.int64(w.held[_below(dice, w.size[0])])
        if kind < _ADD or kind >= _ADD + _DROP:
            if kind >= 1.0 - _NEAR and old >= 0:
                new = beside(c, dice, old)
            else:
                new = for_uncovered(c, w, dice)
            if new < 0 or w.chosen[new]:
                continue
        least = heat * np.log(_random(dice))
        if _promise(c, w, old, new, least) < least:
            continue
        if not swap_limits(c, w, old, new):
            continue
        change = 0.0
        if old >= 0:
            change -= _uncover(c, w, old, plain)
        if new >= 0:
            change += _cover(c, w, new, plain)
        if change < least or not _floors_kept(c, w):
            if new >= 0:
                _uncover(c, w, new, plain)
            if old >= 0:
                _cover(c, w, old, plain)
            swap_limits(c, w, new, old)
            continue
        if old >= 0:
            release(w, old)
        if new >= 0:
            hold(w, new)
        value += change
        if value > most + worth_noting:
            most, size = value, w.size[0]
            for at in range(size):
                best[at] = w.held[at]
    if value > most:
        size = w.size[0]
        for at in range(size):
            best[at] = w.held[at]
    return int(size)
