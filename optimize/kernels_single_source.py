"""Compiled: plans of the single-source capacitated p-median by iterated local search.

Rows are given to open outlets by regret, then shifted, swapped, chained, and medians exchanged;
then outlets are exchanged at random and all of that again.
Martello and Toth, "Knapsack problems", 1990, ch. 7 (regret); Osman and Christofides, "Capacitated
clustering problems by hybrid simulated annealing and tabu search", International Transactions in
Operational Research 1, 1994 (shift and swap); Stefanello, de Araujo and Mueller, "Matheuristics
for the capacitated p-median problem", International Transactions in Operational Research 22, 2015.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inner

from .kernels_dice import below, random

Array = NDArray[Any]

#: A plan this much dearer than the best, as a share of it, is still gone on from.
_SLACK = 0.01

#: Rows freed at random, at most on average.
_LOOSE = 20.0

#: Rounds in vain after which the search goes back to the best plan.
_PATIENCE = 60


class Sites(NamedTuple):
    """A plan under search: R rows, O outlets, of which the first q may open.

    Attributes
    ----------
    cost
        (R, O), inf out of reach.
    size, room
        Persons of each row (R,) and what each outlet holds (O,), with a hair to spare.
    out
        Cost of leaving a row out (R,).
    opened
        Outlets that are open and may be exchanged (p,).
    fixed
        Outlets open for good (e,).
    usable
        Whether an outlet may be opened (O,).
    who
        Outlet of each row (R,), −1 = left out.
    load
        Persons at each outlet (O,).
    is_open
        (O,).
    start, row, value
        Limits by column, CSC over the q openings.
    lower, upper, activity
        Limits (L,) and where the plan stands.
    dice
        State of the random numbers (1,), uint64.
    """

    cost: Array
    size: Array
    room: Array
    out: Array
    opened: Array
    fixed: Array
    usable: Array
    who: Array
    load: Array
    is_open: Array
    start: Array
    row: Array
    value: Array
    lower: Array
    upper: Array
    activity: Array
    dice: Array


@inner
def _paid(t: Any, r: int, o: int) -> Any:
    return t.out[r] if o < 0 else t.cost[r, o]


@inner
def _total(t: Any) -> Any:
    total = 0.0
    for r in range(len(t.who)):
        total += _paid(t, r, t.who[r])
    return total


@inner
def _move(t: Any, r: int, o: int) -> None:
    if t.who[r] >= 0:
        t.load[t.who[r]] -= t.size[r]
    if o >= 0:
        t.load[o] += t.size[r]
    t.who[r] = o


@inner
def _outlets(t: Any) -> Array:
    """Return all open outlets."""
    p, e = len(t.opened), len(t.fixed)
    outlets = np.empty(p + e, np.int64)
    for k in range(p):
        outlets[k] = t.opened[k]
    for k in range(e):
        outlets[p + k] = t.fixed[k]
    return outlets


@inner
def _best_two(t: Any, outlets: Array, r: int) -> Any:
    """Return the cheapest outlet with room for row r (−1 = none), and the regret without it."""
    first, second, which = t.out[r], t.out[r], -1
    for o in outlets:
        c = t.cost[r, o]
        if c < second and t.load[o] + t.size[r] <= t.room[o]:
            if c < first:
                first, second, which = c, first, o
            else:
                second = c
    return which, second - first


@inner
def _give_by_regret(t: Any, outlets: Array, todo: Array, many: int) -> None:
    """Give the first ``many`` rows of ``todo`` to outlets, the largest regret first."""
    best, regret = np.empty(many, np.int64), np.empty(many)
    for i in range(many):
        best[i], regret[i] = _best_two(t, outlets, todo[i])
    while many > 0:
        top = 0
        for i in range(1, many):
            if regret[i] > regret[top]:
                top = i
        o = best[top]
        _move(t, todo[top], o)
        many -= 1
        todo[top], best[top], regret[top] = todo[many], best[many], regret[many]
        if o < 0:
            continue
        for i in range(many):  # only where the outlet has become too full for one that could
            if t.load[o] + t.size[todo[i]] > t.room[o] and t.cost[todo[i], o] < np.inf:
                best[i], regret[i] = _best_two(t, outlets, todo[i])


@inner
def _shift(t: Any, outlets: Array, noise: float) -> Any:
    """Move each row to the cheapest outlet with room; return whether any moved."""
    moved = False
    for r in range(len(t.who)):
        now, best, which = _paid(t, r, t.who[r]), 0.0, -1
        best = now - noise
        for o in outlets:
            if t.cost[r, o] < best and t.load[o] + t.size[r] <= t.room[o]:
                best, which = t.cost[r, o], o
        if which >= 0:
            _move(t, r, which)
            moved = True
    return moved


@inner
def _at_nearest(t: Any, outlets: Array, r: int) -> Any:
    """Whether no open outlet is cheaper for row r than what it pays."""
    least = np.inf
    for o in outlets:
        least = min(least, t.cost[r, o])
    return least >= _paid(t, r, t.who[r])


@inner
def _swap(t: Any, outlets: Array, noise: float) -> Any:
    """Exchange the outlets of two rows wherever that saves; return whether any did."""
    moved, rows = False, len(t.who)
    for a in range(rows):
        if _at_nearest(t, outlets, a):
            continue  # of two rows that swap one must save
        for b in range(rows):
            x, y = t.who[a], t.who[b]
            if x == y or y < 0 or t.cost[a, y] >= _paid(t, a, x):
                continue
            if t.cost[a, y] + _paid(t, b, x) >= _paid(t, a, x) + t.cost[b, y] - noise:
                continue
            more = t.size[a] - t.size[b]
            if t.load[y] + more <= t.room[y] and (x < 0 or t.load[x] - more <= t.room[x]):
                _move(t, a, y)
                _move(t, b, x)
                moved = True
    return moved


@inner
def _chain(t: Any, outlets: Array, noise: float) -> Any:
    """Move a row to a full outlet and another out of it to a third wherever that saves."""
    moved = False
    for a in range(len(t.who)):
        for y in outlets:
            saved = _paid(t, a, t.who[a]) - t.cost[a, y]
            if saved <= noise or t.who[a] == y:
                continue
            over = t.load[y] + t.size[a] - t.room[y]
            for b in range(len(t.who)):
                if t.who[b] != y or t.size[b] < over:
                    continue
                to = _third(t, outlets, a, b, t.cost[b, y] + saved - noise)
                if to > -2:
                    _move(t, a, y)
                    _move(t, b, to)
                    moved = True
                    break
    return moved


@inner
def _third(t: Any, outlets: Array, a: int, b: int, limit: float) -> Any:
    """Return where row b goes below ``limit`` once row a has taken its place; −2 = nowhere."""
    to = -2
    if t.out[b] < limit:
        limit, to = t.out[b], -1
    for z in outlets:
        if z != t.who[b] and t.cost[b, z] < limit:
            freed = t.size[a] if z == t.who[a] else 0.0
            if t.load[z] - freed + t.size[b] <= t.room[z]:
                limit, to = t.cost[b, z], z
    return to


@inner
def _exchange(t: Any, k: int, j: int) -> Any:
    """Open outlet j at place k unless a limit forbids it; return whether it is done."""
    old = t.opened[k]
    for sign in (1.0, -1.0):
        for e in range(t.start[old], t.start[old + 1]):
            t.activity[t.row[e]] -= sign * t.value[e]
        for e in range(t.start[j], t.start[j + 1]):
            t.activity[t.row[e]] += sign * t.value[e]
        if sign < 0:
            return False
        kept = True
        for side in (old, j):
            for e in range(t.start[side], t.start[side + 1]):
                i = t.row[e]
                kept &= t.lower[i] <= t.activity[i] <= t.upper[i]
        if kept:
            break
    t.opened[k] = j
    t.is_open[old], t.is_open[j] = False, True
    return True


@inner
def _recenter(t: Any, noise: float) -> Any:
    """Exchange each outlet for one that serves the same rows at less; return whether any was."""
    moved, rows = False, len(t.who)
    members = np.empty(rows, np.int64)
    for k in range(len(t.opened)):
        old, many, now = t.opened[k], 0, 0.0
        for r in range(rows):
            if t.who[r] == old:
                members[many] = r
                many += 1
                now += t.cost[r, old]
        j = _better_center(t, members, many, t.load[old], now - noise)
        if j >= 0 and _exchange(t, k, j):
            for i in range(many):
                _move(t, members[i], j)
            moved = True
    return moved


@inner
def _better_center(t: Any, members: Array, many: int, load: float, best: float) -> Any:
    """Return the closed outlet that serves the members at least cost below ``best``; −1 = none."""
    which = -1
    for j in range(len(t.start) - 1):
        if t.is_open[j] or not t.usable[j] or load > t.room[j]:
            continue
        total = 0.0
        for i in range(many):
            total += t.cost[members[i], j]
            if total >= best:
                break
        if total < best:
            best, which = total, j
    return which


@inner
def _descend(t: Any, noise: float) -> None:
    """Move until nothing saves more than ``noise``."""
    outlets = _outlets(t)
    while True:
        while _shift(t, outlets, noise) or _swap(t, outlets, noise):
            pass
        if _recenter(t, noise):
            outlets = _outlets(t)
        elif not _chain(t, outlets, noise):
            return


@inner
def _free(t: Any, r: int, todo: Array, many: int) -> Any:
    _move(t, r, -1)
    todo[many] = r
    return many + 1


@inner
def _disturb(t: Any, todo: Array) -> Any:
    """Exchange some outlets and free the rows that this concerns; return how many."""
    p, q, many = len(t.opened), len(t.start) - 1, 0
    for _ in range(1 + below(t.dice, 3)):
        k, j = below(t.dice, p), below(t.dice, q)
        if t.is_open[j] or not t.usable[j]:
            continue
        old = t.opened[k]
        if not _exchange(t, k, j):
            continue
        for r in range(len(t.who)):
            if t.who[r] == old or (t.who[r] >= 0 and t.cost[r, j] < t.cost[r, t.who[r]]):
                many = _free(t, r, todo, many)
    loose = random(t.dice) * min(0.2, _LOOSE / len(t.who))
    for r in range(len(t.who)):
        if t.who[r] >= 0 and random(t.dice) < loose:
            many = _free(t, r, todo, many)
    return many


@compiled
def assign(t: Any, noise: float) -> Any:
    """Give every row an outlet of the plan ``opened`` by regret and mend it; return the cost."""
    todo = np.empty(len(t.who), np.int64)
    for r in range(len(t.who)):
        _move(t, r, -1)
        todo[r] = r
    _give_by_regret(t, _outlets(t), todo, len(t.who))
    _descend(t, noise)
    return _total(t)


@inner
def _copy(t: Any, opened: Array, who: Array) -> None:
    opened[:] = t.opened
    who[:] = t.who


@inner
def _go_back(t: Any, opened: Array, who: Array) -> None:
    for r in range(len(who)):
        _move(t, r, -1)
    for k in range(len(opened)):
        for e in range(t.start[t.opened[k]], t.start[t.opened[k] + 1]):
            t.activity[t.row[e]] -= t.value[e]
        t.is_open[t.opened[k]] = False
    for k in range(len(opened)):
        t.opened[k] = opened[k]
        t.is_open[opened[k]] = True
        for e in range(t.start[opened[k]], t.start[opened[k] + 1]):
            t.activity[t.row[e]] += t.value[e]
    for r in range(len(who)):
        _move(t, r, who[r])


@compiled
def shake(t: Any, opened: Array, who: Array, value: float, rounds: int, noise: float) -> float:
    """Disturb and mend the plan some rounds; keep the best in ``opened`` and ``who``.

    Parameters
    ----------
    t
        A plan, with rows given to outlets.
    opened, who
        The best plan (p,), (R,), improved in place; ``value`` is its cost.
    rounds
        How often.
    noise
        Differences up to this count as none.

    Returns
    -------
    float
        Cost of the best plan.
    """
    todo = np.empty(len(who), np.int64)
    here, given, vain = t.opened.copy(), t.who.copy(), 0
    now = _total(t)
    for _ in range(rounds):
        many = _disturb(t, todo)
        _give_by_regret(t, _outlets(t), todo, many)
        _descend(t, noise)
        found, vain = _total(t), vain + 1
        if found < value - noise:
            value, vain = found, 0
            _copy(t, opened, who)
        if found <= max(now, value * (1.0 + _SLACK * random(t.dice))):
            now = found
            _copy(t, here, given)
        elif vain % _PATIENCE == 0:
            now = value
            here[:] = opened
            given[:] = who
        _go_back(t, here, given)
    return value
