"""Compiled: the Lagrangean bound of the single-source capacitated p-median, by knapsacks.

With multipliers u[r] on "each row is served once" every outlet o fills its room by itself:

v[o] = min sum over r of (cost[r, o] - u[r]) * a[r]  with  sum of size[r] * a[r] <= room[o],

and the bound is  sum of u + sum of v over existing outlets + the least sum of v over a plan.
Beasley, "Lagrangean heuristics for location problems", European Journal of Operational Research
65, 1993; knapsacks by dynamic programming over whole sizes, as in Martello and Toth, "Knapsack
problems", 1990.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inner

Array = NDArray[Any]

#: Share of the last step that is gone on with, and steps at which the climb ends, as shares.
_MEMORY, _LEAST = 0.4, 1e-3


class Knapsacks(NamedTuple):
    """Rows by outlets, sizes whole, with what is ruled out and forced so far.

    Attributes
    ----------
    cost
        (R, O), inf where ruled out.
    size, room
        Whole numbers (R,), (O,).
    out
        Cost of leaving a row out (R,), inf where ruled out.
    state
        (O,): 0 closed, 1 may open, 2 open.
    most
        Outlets of state 1 that may open.
    """

    cost: Array
    size: Array
    room: Array
    out: Array
    state: Array
    most: int


@inner
def _items(t: Any, u: Array, o: int, items: Array) -> Any:
    """List the rows that gain by outlet o; return how many, and their size in all."""
    many, load = 0, 0
    for r in range(len(u)):
        if u[r] > t.cost[r, o] and t.size[r] <= t.room[o]:
            items[many] = r
            many += 1
            load += t.size[r]
    return many, load


@inner
def _fill(t: Any, u: Array, o: int, items: Array, best: Array, took: Array, taken: Array) -> Any:
    """Return v[o] and mark in ``taken`` (R,) the rows that attain it."""
    for r in range(len(u)):
        taken[r] = False
    many, load = _items(t, u, o, items)
    if load > t.room[o]:
        return _pack(t, u, o, items, many, best, took, taken)
    value = 0.0
    for i in range(many):
        taken[items[i]] = True
        value -= u[items[i]] - t.cost[items[i], o]
    return value


@inner
def _pack(
    t: Any, u: Array, o: int, items: Array, many: int, best: Array, took: Array, taken: Array
) -> Any:
    """Do the same where not all of the first ``many`` items fit."""
    room = t.room[o]
    for c in range(room + 1):
        best[c] = 0.0
    for i in range(many):
        gain, size = u[items[i]] - t.cost[items[i], o], t.size[items[i]]
        for c in range(size):
            took[i, c] = False
        for c in range(room, size - 1, -1):
            took[i, c] = best[c - size] + gain > best[c]
            if took[i, c]:
                best[c] = best[c - size] + gain
    left = room
    for i in range(many - 1, -1, -1):
        if took[i, left]:
            taken[items[i]] = True
            left -= t.size[items[i]]
    return -best[room]


@inner
def _choose(t: Any, v: Array, chosen: Array) -> Any:
    """Mark the cheapest outlets that may open; return the sum of v of all that are open."""
    total = 0.0
    for o in range(len(v)):
        chosen[o] = t.state[o] == 2
        if chosen[o]:
            total += v[o]
    for _ in range(t.most):
        best = -1
        for o in range(len(v)):
            if t.state[o] == 1 and not chosen[o] and v[o] < 0 and (best < 0 or v[o] < v[best]):
                best = o
        if best < 0:
            break
        chosen[best] = True
        total += v[best]
    return total


@compiled
def climb(t: Any, u: Array, goal: float, rounds: int, theta: float, patience: int) -> Any:
    """Raise the bound by subgradients; leave the best multipliers in ``u``.

    Parameters
    ----------
    t
        `Knapsacks`.
    u
        Multipliers (R,), at most ``t.out``.
    goal
        Value of a plan: steps aim at it, and a bound that reaches it ends the climb.
    rounds
        Most steps.
    theta
        First step as a share of Polyak's (1969), halved after ``patience`` steps in vain.
    patience
        Steps in vain.

    Returns
    -------
    bound, chosen, often
        The bound; the outlets (O,) open in the solution of the best multipliers; and the share of
        the later steps in which a row is served by an outlet (R, O), about what the linear
        programme of the same bound would say.
    """
    rows, outlets = t.cost.shape
    now, step, served = u.copy(), np.zeros(rows), np.zeros(rows)
    items, best = np.empty(rows, np.int64), np.empty(t.room.max() + 1)
    took = np.empty((rows, len(best)), np.bool_)
    taken, v = np.zeros((outlets, rows), np.bool_), np.zeros(outlets)
    chosen, top = np.zeros(outlets, np.bool_), np.zeros(outlets, np.bool_)
    often, counted = np.zeros((rows, outlets)), 0
    bound, vain = -np.inf, 0
    for turn in range(rounds):
        for o in range(outlets):
            if t.state[o] > 0:
                v[o] = _fill(t, now, o, items, best, took, taken[o])
        value = _choose(t, v, chosen) + now.sum()
        counts = 4 * turn >= rounds  # the first quarter is too far off to count
        counted += counts
        _count(taken, chosen, served, often, counts)
        vain += 1
        if value > bound:
            vain = 0 if value > bound + 1e-5 * abs(goal) else vain
            bound = value
            u[:] = now
            top[:] = chosen
        if vain > patience:
            theta, vain = theta / 2, 0
            now[:] = u
            step[:] = 0.0
        far = theta * max(1.02 * goal - value, 1e-6 * abs(goal))
        if bound >= goal or theta < _LEAST or not _step(t, now, step, served, far):
            break
    return bound, top, often / max(counted, 1)


@inner
def _count(taken: Array, chosen: Array, served: Array, often: Array, counts: bool) -> None:
    """Count how often each row is served by what is chosen, and by which outlet."""
    for r in range(len(served)):
        served[r] = 0.0
        for o in range(len(chosen)):
            if chosen[o] and taken[o, r]:
                served[r] += 1.0
                often[r, o] += counts


@inner
def _step(t: Any, u: Array, step: Array, served: Array, far: float) -> Any:
    """Move the multipliers along a subgradient with memory; False where all rows are served."""
    length = 0.0
    for r in range(len(u)):
        step[r] = 1.0 - served[r] + _MEMORY * step[r]
        if u[r] >= t.out[r] and step[r] > 0:
            step[r] = 0.0
        length += step[r] * step[r]
    if length < 1e-12:
        return False
    for r in range(len(u)):
        u[r] = min(u[r] + far / length * step[r], t.out[r])
    return True


@inner
def _tables(t: Any, u: Array, o: int, items: Array, table: Array, back: Array) -> Any:
    """Fill the best of the first i items (table[i]) and of the others (back[i]) for each room."""
    many, _ = _items(t, u, o, items)
    room = t.room[o]
    for c in range(room + 1):
        table[0, c] = 0.0
        back[many, c] = 0.0
    for i in range(many):
        gain, size = u[items[i]] - t.cost[items[i], o], t.size[items[i]]
        _add_item(table[i], table[i + 1], gain, size, room)
    for i in range(many - 1, -1, -1):
        gain, size = u[items[i]] - t.cost[items[i], o], t.size[items[i]]
        _add_item(back[i + 1], back[i], gain, size, room)
    return many


@inner
def _add_item(before: Array, after: Array, gain: float, size: int, room: int) -> None:
    for c in range(room + 1):
        after[c] = before[c]
        if c >= size and before[c - size] + gain > after[c]:
            after[c] = before[c - size] + gain


@inner
def _forced(t: Any, u: Array, o: int, items: Array, table: Array, back: Array, held: Array) -> Any:
    """Return v[o]; set ``held`` (R,) to the same with each row forced into outlet o."""
    many, room = _tables(t, u, o, items, table, back), t.room[o]
    for r in range(len(u)):
        held[r] = np.inf
        if t.size[r] <= room and t.cost[r, o] < np.inf:
            held[r] = t.cost[r, o] - u[r] - table[many, room - t.size[r]]
    for i in range(many):
        r = items[i]
        left, most = room - t.size[r], 0.0
        for c in range(left + 1):
            most = max(most, table[i, c] + back[i + 1, left - c])
        held[r] = t.cost[r, o] - u[r] - most
    return -table[many, room]


@inner
def _margins(t: Any, v: Array, chosen: Array) -> Any:
    """Return v of the last outlet chosen and of the first one not, 0 where there is room for it."""
    count, last, following = 0, -np.inf, 0.0
    for o in range(len(v)):
        if t.state[o] == 1 and chosen[o]:
            count += 1
            last = max(last, v[o])
        elif t.state[o] == 1:
            following = min(following, v[o])
    return (last, following) if count == t.most else (0.0, 0.0)


@compiled
def rule_out(t: Any, u: Array, goal: float) -> Any:
    """Rule out, in ``t`` itself, whatever no plan below ``goal`` holds: outlets, pairs, outs.

    An outlet is opened (state 2) where none below ``goal`` does without it.

    Returns
    -------
    float
        The bound of these multipliers.
    """
    rows, outlets = t.cost.shape
    items, wide = np.empty(rows, np.int64), t.room.max() + 1
    table, back = np.empty((rows + 1, wide)), np.empty((rows + 1, wide))
    v, held = np.zeros(outlets), np.full((outlets, rows), np.inf)
    chosen = np.zeros(outlets, np.bool_)
    for o in range(outlets):
        if t.state[o] > 0:
            v[o] = _forced(t, u, o, items, table, back, held[o])
    bound = _choose(t, v, chosen) + u.sum()
    last, following = _margins(t, v, chosen)
    for o in range(outlets):
        if t.state[o] > 0:
            least = bound if chosen[o] else bound + v[o] - last
            if t.state[o] == 1 and chosen[o] and bound - v[o] + following >= goal:
                t.state[o] = 3
            _close(t, o, least, held[o] - v[o], goal)
    for r in range(rows):
        if bound + t.out[r] - u[r] >= goal:
            t.out[r] = np.inf
    return bound


@inner
def _close(t: Any, o: int, least: float, more: Array, goal: float) -> None:
    """Close outlet o, or to rows that cost ``more`` there, where no plan below the goal has it."""
    if least >= goal:
        t.state[o] = 0
    for r in range(len(more)):
        if t.state[o] == 0 or least + more[r] >= goal:
            t.cost[r, o] = np.inf
