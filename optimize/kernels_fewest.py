# ruff: noqa: C901 - compiled loops are written out
"""Compiled: a choice of openings with what each would cover or uncover, greedy, and a walk."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inlined, inner

from .kernels_dice import below

Array = NDArray[Any]

#: Arithmetic noise allowed when a limit is tested, as in `limits.TOLERANCE`.
_NOISE = 1e-6


class Task(NamedTuple):
    """A covering: cover sets both ways round, prices, groups of each row, limits of each opening.

    ``least`` is what each group needs, its rounding taken off; ``must`` marks rows.
    """

    row_start: Array
    row_openings: Array
    opening_start: Array
    opening_rows: Array
    price: Array
    must: Array
    group_start: Array
    group_of: Array
    people: Array
    least: Array
    limit_start: Array
    limit_rows: Array
    limit_values: Array
    lower: Array
    upper: Array


class Choice(NamedTuple):
    """A choice under search.

    ``score`` of a closed opening is the weight of the uncovered rows it covers, of an open one
    that of the rows it alone covers. ``only`` is the sum of the open openings of each row: of a
    row covered once, that opening. ``held`` and ``bare`` list the open openings and the rows that
    must be covered and are not, ``size`` their numbers; ``reached`` is what groups have.
    """

    chosen: Array
    counts: Array
    only: Array
    weight: Array
    score: Array
    opened_at: Array
    changed_at: Array
    held: Array
    held_place: Array
    bare: Array
    bare_place: Array
    size: Array
    used: Array
    reached: Array


@inlined
def _bare(c: Choice, row: Any) -> None:
    c.bare_place[row] = c.size[1]
    c.bare[c.size[1]] = row
    c.size[1] += 1


@inlined
def _covered(c: Choice, row: Any) -> None:
    c.size[1] -= 1
    last = c.bare[c.size[1]]
    c.bare[c.bare_place[row]] = last
    c.bare_place[last] = c.bare_place[row]


@inlined
def _count_people(t: Task, c: Choice, row: Any, sign: Any) -> None:
    for at in range(t.group_start[row], t.group_start[row + 1]):
        c.reached[t.group_of[at]] += sign * t.people[at]


@inlined
def _use(t: Task, c: Choice, opening: Any, sign: Any) -> None:
    for at in range(t.limit_start[opening], t.limit_start[opening + 1]):
        c.used[t.limit_rows[at]] += sign * t.limit_values[at]


@inner
def open_one(t: Task, c: Choice, opening: Any, now: Any) -> None:
    """Open a closed opening."""
    for at in range(t.opening_start[opening], t.opening_start[opening + 1]):
        row = t.opening_rows[at]
        c.counts[row] += 1
        c.changed_at[row] = now
        if c.counts[row] == 1:
            for place in range(t.row_start[row], t.row_start[row + 1]):
                c.score[t.row_openings[place]] -= c.weight[row]
            c.score[opening] += c.weight[row]
            if t.must[row]:
                _covered(c, row)
            _count_people(t, c, row, 1.0)
        elif c.counts[row] == 2:
            c.score[c.only[row]] -= c.weight[row]
        c.only[row] += opening
    c.chosen[opening] = True
    c.opened_at[opening] = now
    c.held_place[opening] = c.size[0]
    c.held[c.size[0]] = opening
    c.size[0] += 1
    _use(t, c, opening, 1.0)


@inner
def close_one(t: Task, c: Choice, opening: Any, now: Any) -> None:
    """Close an open opening."""
    for at in range(t.opening_start[opening], t.opening_start[opening + 1]):
        row = t.opening_rows[at]
        c.counts[row] -= 1
        c.changed_at[row] = now
        c.only[row] -= opening
        if c.counts[row] == 0:
            for place in range(t.row_start[row], t.row_start[row + 1]):
                c.score[t.row_openings[place]] += c.weight[row]
            c.score[opening] -= c.weight[row]
            if t.must[row]:
                _bare(c, row)
            _count_people(t, c, row, -1.0)
        elif c.counts[row] == 1:
            c.score[c.only[row]] += c.weight[row]
    c.chosen[opening] = False
    c.opened_at[opening] = now
    c.size[0] -= 1
    last = c.held[c.size[0]]
    c.held[c.held_place[opening]] = last
    c.held_place[last] = c.held_place[opening]
    _use(t, c, opening, -1.0)


@inner
def _may_open(t: Task, c: Choice, opening: Any) -> Any:
    for at in range(t.limit_start[opening], t.limit_start[opening + 1]):
        row = t.limit_rows[at]
        if c.used[row] + t.limit_values[at] > t.upper[row] + _NOISE:
            return False
    return True


@inner
def _may_close(t: Task, c: Choice, opening: Any) -> Any:
    for at in range(t.limit_start[opening], t.limit_start[opening + 1]):
        row = t.limit_rows[at]
        if c.used[row] - t.limit_values[at] < t.lower[row] - _NOISE:
            return False
    return True


@inlined
def _all_reached(t: Task, c: Choice) -> Any:
    for group in range(len(t.least)):  # noqa: SIM110 - compiled: no generators
        if c.reached[group] < t.least[group]:
            return False
    return True


@compiled
def start_choice(t: Task, c: Choice, chosen: Array) -> None:
    """Set an empty choice up: rows bare, scores of the weights; then open what is ``chosen``."""
    for row in range(len(c.counts)):
        if t.must[row]:
            _bare(c, row)
        for place in range(t.row_start[row], t.row_start[row + 1]):
            c.score[t.row_openings[place]] += c.weight[row]
    for opening in range(len(chosen)):
        if chosen[opening]:
            open_one(t, c, opening, 0)


@inner
def _weigh(t: Task, c: Choice) -> None:
    """Give each row the weight of its groups still short, as a share of what they need."""
    for row in range(len(c.counts)):
        weight = 1.0 * t.must[row]
        for at in range(t.group_start[row], t.group_start[row + 1]):
            group = t.group_of[at]
            if c.reached[group] < t.least[group]:
                weight += t.people[at] / t.least[group]
        change = weight - c.weight[row]
        if change == 0.0 or c.counts[row] > 1:
            c.weight[row] = weight
            continue
        c.weight[row] = weight
        if c.counts[row] == 1:
            c.score[c.only[row]] += change
            continue
        for place in range(t.row_start[row], t.row_start[row + 1]):
            c.score[t.row_openings[place]] += change


@inner
def _short(t: Task, c: Choice) -> Any:
    count = 0
    for group in range(len(t.least)):
        count += c.reached[group] < t.least[group]
    return count


@inner
def _unmet(t: Task, c: Choice) -> Any:
    """Return a minimum that is not met, or -1."""
    for row in range(len(t.lower)):
        if c.used[row] < t.lower[row] - _NOISE:
            return row
    return -1


@inner
def _counts_for(t: Task, opening: Any, limit: Any) -> Any:
    for at in range(t.limit_start[opening], t.limit_start[opening + 1]):
        if t.limit_rows[at] == limit and t.limit_values[at] > 0:
            return True
    return False


@compiled
def grow(t: Task, c: Choice) -> bool:
    """Open greedily, most weight for the price, until all is covered; return whether it is.

    Minima of the limits come first (Chvátal, "A greedy heuristic for the set-covering problem",
    Mathematics of Operations Research 4, 1979).
    """
    short = -1
    while True:
        unmet = _unmet(t, c)
        if _short(t, c) != short:
            short = _short(t, c)
            _weigh(t, c)
        if unmet < 0 and short == 0 and c.size[1] == 0:
            return True
        best, rate = np.int64(-1), 0.0
        for opening in range(len(t.price)):
            if c.chosen[opening] or (c.score[opening] <= 1e-12 and unmet < 0):
                continue
            if unmet >= 0 and not _counts_for(t, opening, unmet):
                continue
            here = (c.score[opening] + 1e-12) / (t.price[opening] + 1e-9)
            if (best < 0 or here > rate) and _may_open(t, c, opening):
                best, rate = np.int64(opening), here
        if best < 0:
            return False
        open_one(t, c, best, 0)


@compiled
def shrink(t: Task, c: Choice, order: Array) -> None:
    """Close, in this order, what neither a row nor a group nor a minimum needs."""
    for opening in order:
        if c.chosen[opening] and _may_close(t, c, opening):
            close_one(t, c, opening, 0)
            if c.size[1] > 0 or not _all_reached(t, c):
                open_one(t, c, opening, 0)


@inner
def _best_to_close(t: Task, c: Choice, barred: Any) -> Any:
    """Return the open opening that uncovers least weight for its price, oldest first."""
    best = np.int64(-1)
    for place in range(c.size[0]):
        opening = c.held[place]
        if opening == barred or t.price[opening] <= 0.0:
            continue
        if best >= 0:
            here, there = c.score[opening] * t.price[best], c.score[best] * t.price[opening]
            if here > there or (here == there and c.opened_at[opening] >= c.opened_at[best]):
                continue
        if _may_close(t, c, opening):
            best = np.int64(opening)
    return best


@inlined
def _changed_since(t: Task, c: Choice, opening: Any) -> Any:
    """Whether a row of a closed opening has changed since it closed."""
    closed = c.opened_at[opening]
    if closed == 0:
        return True
    for at in range(t.opening_start[opening], t.opening_start[opening + 1]):
        if c.changed_at[t.opening_rows[at]] > closed:
            return True
    return False


@inner
def _best_to_open(t: Task, c: Choice, row: Any) -> Any:
    """Return the opening over a row that covers most weight for its price, oldest first."""
    best = np.int64(-1)
    for place in range(t.row_start[row], t.row_start[row + 1]):
        opening = t.row_openings[place]
        if best >= 0:
            here, there = c.score[opening] * t.price[best], c.score[best] * t.price[opening]
            if here < there or (here == there and c.opened_at[opening] >= c.opened_at[best]):
                continue
        if _changed_since(t, c, opening) and _may_open(t, c, opening):
            best = np.int64(opening)
    return best


@compiled
def walk(
    t: Task, c: Choice, dice: Array, clock: Array, steps: int, enough: float, best: Array
) -> int:
    """Walk so many steps in place; return the size of the best full cover met, 0 if none is better.

    ``clock`` = steps so far, and as floats the price of the choice and of the best cover
    known; ``best`` takes the openings of a cheaper one. Ends early at a price of ``enough``.

    Gao, Weise and Li, "An efficient local search heuristic with row weighting for the unicost set
    covering problem", European Journal of Operational Research 246, 2015.
    """
    found = 0
    now, price, least = np.int64(clock[0]), clock[1], clock[2]
    last = np.int64(-1)
    for _ in range(steps):
        now += 1
        while c.size[1] == 0:
            if price < least - 1e-9 * (1.0 + least):
                least, found = price, c.size[0]
                for place in range(found):
                    best[place] = c.held[place]
            closing = _best_to_close(t, c, np.int64(-1))
            if closing < 0 or least <= enough:
                clock[0], clock[1], clock[2] = now, price, least
                return found
            close_one(t, c, closing, now)
            price -= t.price[closing]
        closing = _best_to_close(t, c, last)
        if closing >= 0:
            close_one(t, c, closing, now)
            price -= t.price[closing]
        while c.size[1] > 0:
            row = c.bare[below(dice, c.size[1])]
            opening = _best_to_open(t, c, row)
            if opening < 0 or price + t.price[opening] >= least - 1e-9 * (1.0 + least):
                break
            now += 1
            open_one(t, c, opening, now)
            price += t.price[opening]
            last = opening
            for at in range(c.size[1]):
                row = c.bare[at]
                c.weight[row] += 1.0
                for place in range(t.row_start[row], t.row_start[row + 1]):
                    c.score[t.row_openings[place]] += 1.0
    clock[0], clock[1], clock[2] = now, price, least
    return found
