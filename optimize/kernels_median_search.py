"""Compiled: interchange search for the p-median problem with everything kept up to date.

For each closed column j and open place k the gain of the swap is  gain[j] - loss[k] + extra[j, k];
after a swap only the rows whose nearest or second outlet changed are counted again.
Resende and Werneck, "A fast swap-based local search procedure for location problems", Annals of
Operations Research 150, 2007; Whitaker, "A fast algorithm for the greedy interchange for
large-scale clustering and median location problems", INFOR 21, 1983.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inner

Array = NDArray[Any]

#: No open column.
NONE = np.int32(-1)


class Interchange(NamedTuple):
    """The ranks, and a plan under search.

    Attributes
    ----------
    start, site, cost, cap
        The ranks.
    col_start, col_row, col_cost
        The same by column.
    opened, place
        Column at each open place (p,); place of each column (q,), `NONE` where closed.
    near, next_near
        Cost of the nearest and second open column of each row (R,), at most the cap.
    who, next_who
        Their places (R,), `NONE` where it is the cap.
    gain, loss, extra
        (q,), (p,), (q, p).
    best, at
        For each column the largest extra - loss and its place (q,).
    dirty, moved, flag
        Working space: columns (q,) and places (p,) counted anew, rows (R,) to count anew.
    random
        State of the random numbers (1,), uint64.
    """

    start: Array
    site: Array
    cost: Array
    cap: Array
    col_start: Array
    col_row: Array
    col_cost: Array
    opened: Array
    place: Array
    near: Array
    next_near: Array
    who: Array
    next_who: Array
    gain: Array
    loss: Array
    extra: Array
    best: Array
    at: Array
    dirty: Array
    moved: Array
    flag: Array
    random: Array


@inner
def draw(random: Array, below: int) -> Any:
    """Return a random number 0 … below-1 (xorshift64*)."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64(((x * np.uint64(2685821657736338717)) >> np.uint64(11)) % np.uint64(below))


@inner
def look(t: Any, i: int) -> None:
    """Find the nearest and second open column of row i."""
    t.near[i], t.next_near[i] = t.cap[i], t.cap[i]
    t.who[i], t.next_who[i] = NONE, NONE
    for e in range(t.start[i], t.start[i + 1]):
        k = t.place[t.site[e]]
        if k >= 0:
            if t.who[i] < 0:
                t.who[i] = k
                t.near[i] = t.cost[e]
            else:
                t.next_who[i] = k
                t.next_near[i] = t.cost[e]
                return


@inner
def count_in(t: Any, i: int, sign: float) -> None:
    """Add (or with sign -1 take away) what row i adds to gain, loss and extra."""
    k, near, far = t.who[i], t.near[i], t.next_near[i]
    if k >= 0:
        t.loss[k] += sign * (far - near)
        t.moved[k] = True
    for e in range(t.start[i], t.start[i + 1]):
        c = t.cost[e]
        if c >= far:
            break
        j = t.site[e]
        t.dirty[j] = True
        if c < near:
            t.gain[j] += sign * (near - c)
            if k >= 0:
                t.extra[j, k] += sign * (far - near)
        elif k >= 0:
            t.extra[j, k] += sign * (far - c)


@inner
def refresh(t: Any) -> None:
    """Bring the best place of each column up to date after `count_in`."""
    p, many = len(t.opened), 0
    changed = np.empty(p, np.int64)
    for k in range(p):
        if t.moved[k]:
            changed[many] = k
            many += 1
    for j in range(len(t.best)):
        if t.dirty[j] or t.moved[t.at[j]]:
            t.dirty[j] = False
            best, at = -np.inf, 0
            for k in range(p):
                value = t.extra[j, k] - t.loss[k]
                if value > best:
                    best, at = value, k
            t.best[j], t.at[j] = best, at
            continue
        for c in range(many):
            k = changed[c]
            value = t.extra[j, k] - t.loss[k]
            if value > t.best[j]:
                t.best[j], t.at[j] = value, k
    for c in range(many):
        t.moved[changed[c]] = False


@compiled
def begin(t: Any) -> Any:
    """Fill everything from the columns in ``opened``; return the cost of the plan."""
    t.place[:] = NONE
    for k in range(len(t.opened)):
        t.place[t.opened[k]] = np.int32(k)
        t.moved[k] = True
    t.gain[:], t.loss[:], t.extra[:], t.best[:] = 0.0, 0.0, 0.0, -np.inf
    t.at[:] = 0
    total = 0.0
    for i in range(len(t.near)):
        look(t, i)
        count_in(t, i, 1.0)
        total += t.near[i]
    refresh(t)
    return total


@inner
def exchange(t: Any, k: int, j: int) -> None:
    """Open column j at place k instead of the one there."""
    rows = len(t.near)
    todo = np.empty(rows, np.int64)
    many = 0
    for i in range(rows):
        if t.who[i] == k or t.next_who[i] == k:
            t.flag[i] = True
            todo[many] = i
            many += 1
    for e in range(t.col_start[j], t.col_start[j + 1]):
        i = t.col_row[e]
        if not t.flag[i] and t.col_cost[e] < t.next_near[i]:
            todo[many] = i
            many += 1
    for c in range(many):
        count_in(t, todo[c], -1.0)
    t.place[t.opened[k]] = NONE
    t.opened[k] = j
    t.place[j] = np.int32(k)
    for c in range(many):
        look(t, todo[c])
        count_in(t, todo[c], 1.0)
        t.flag[todo[c]] = False
    refresh(t)


@inner
def total_cost(t: Any) -> Any:
    """Return the cost of the plan, summed afresh."""
    total = 0.0
    for i in range(len(t.near)):
        total += t.near[i]
    return total


@inner
def best_exchange(t: Any) -> Any:
    """Return the closed column whose best swap saves most, and what it saves."""
    most, which = -np.inf, -1
    for j in range(len(t.gain)):
        if t.place[j] < 0 and t.gain[j] + t.best[j] > most:
            most, which = t.gain[j] + t.best[j], j
    return which, most


@inner
def descend(t: Any, noise: float) -> None:
    """Swap until no swap saves more than ``noise``."""
    while True:
        j, saved = best_exchange(t)
        if j < 0 or saved <= noise:
            return
        exchange(t, t.at[j], j)


@inner
def go_back(t: Any, plan: Array) -> None:
    """Return to the columns ``plan`` (p,) by swaps."""
    wanted = np.zeros(len(t.place), np.bool_)
    for k in range(len(plan)):
        wanted[plan[k]] = True
    place = 0
    for k in range(len(plan)):
        if t.place[plan[k]] >= 0:
            continue
        while wanted[t.opened[place]]:
            place += 1
        exchange(t, place, plan[k])


@compiled
def local_search(t: Any, noise: float) -> Any:
    """Swap until no swap saves more than ``noise``; return the cost of the plan."""
    descend(t, noise)
    return total_cost(t)


@inner
def disturb(t: Any) -> None:
    """Make some swaps around a random row, or anywhere."""
    p, q = len(t.opened), len(t.place)
    i = draw(t.random, len(t.near))
    around = min(t.start[i + 1] - t.start[i], 4 * (q // p) + 4)
    anywhere = around == 0 or draw(t.random, 4) == 0
    strength = 1 + draw(t.random, max(1, min(p // 2, 9 if anywhere else 4)))
    for _ in range(strength):
        j = draw(t.random, q) if anywhere else t.site[t.start[i] + draw(t.random, around)]
        if t.place[j] >= 0:
            continue
        choice = draw(t.random, 4)
        k = t.at[j]
        if choice == 0:
            k = draw(t.random, p)
        elif choice == 1 and t.who[i] >= 0:
            k = np.int64(t.who[i])
        elif choice == 2 and t.next_who[i] >= 0:
            k = np.int64(t.next_who[i])
        exchange(t, k, j)


@compiled
def shake_and_search(t: Any, plan: Array, value: float, rounds: int, noise: float) -> Any:
    """Disturb the plan and mend it, some rounds; keep what is no worse.

    Parameters
    ----------
    t
        The plan ``plan``.
    plan
        Best columns (p,), improved in place; ``value`` is their cost.
    rounds
        How often.
    noise
        Differences up to this count as none.

    Returns
    -------
    float
        Cost of the best plan.
    """
    p, q = len(plan), len(t.place)
    if q <= p:
        return value
    for _ in range(rounds):
        disturb(t)
        descend(t, noise)
        now = total_cost(t)
        if now <= value + noise:
            value = min(value, now)
            for k in range(p):
                plan[k] = t.opened[k]
        else:
            go_back(t, plan)
    return value
