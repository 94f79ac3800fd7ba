# ruff: noqa: C901, PLR0912, PLR0917 - compiled loops are written out
"""Compiled: the Lagrangian dual of the p-median problem by subgradients.

With multipliers u[i] on  sum over j of x[i, j] = 1  the dual is
    L(u) = sum of u[i] + sum of the p least r[j],   r[j] = sum over i of min(0, cost[i, j] - u[i]).
Cornuejols, Fisher and Nemhauser, "Location of bank accounts to optimize float", Management Science
23, 1977; Camerini, Fratta and Maffioli, "On improving relaxation methods by modified gradient
techniques", Mathematical Programming Study 3, 1975.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inner

Array = NDArray[Any]

#: Places in the array of numbers kept between calls; from `KEPT` on how often each column
#: was taken of late.
BOUND, STEP, FAILS, COUNT, KEPT = 0, 1, 2, 3, 4

#: Weight of the present round in that average.
MEMORY = 0.05

#: Mark of a column that is open for certain.
OPEN = -2


@inner
def reduced_costs(start: Array, site: Array, cost: Array, u: Array, r: Array) -> Any:
    """Fill r (q,) for the multipliers u (R,); return the sum of u."""
    r[:] = 0.0
    total = 0.0
    for i in range(len(u)):
        level = u[i]
        total += level
        for e in range(start[i], start[i + 1]):
            c = cost[e]
            if c >= level:
                break
            r[site[e]] += c - level
    return total


@inner
def take_least(r: Array, p: int, taken: Array) -> Any:
    """Mark the p least of r (q,), only negative ones; return their sum."""
    q = len(r)
    if p >= q:
        level = 0.0
        spare = q
    elif p <= 0:
        taken[:] = False
        return 0.0
    else:
        level = np.partition(r, p - 1)[p - 1]
        spare = p
    total = 0.0
    for j in range(q):
        taken[j] = r[j] < level
        if taken[j]:
            spare -= 1
            total += r[j]
    if level < 0.0:
        for j in range(q):
            if spare > 0 and r[j] == level:
                taken[j] = True
                spare -= 1
                total += level
    return total


@inner
def slope(start: Array, site: Array, cost: Array, u: Array, taken: Array, g: Array) -> None:
    """Fill the subgradient g (R,): one less the taken columns that are nearer than u."""
    for i in range(len(u)):
        level = u[i]
        served = 1.0
        for e in range(start[i], start[i + 1]):
            if cost[e] >= level:
                break
            if taken[site[e]]:
                served -= 1.0
        g[i] = served


@compiled
def dual_value(
    start: Array, site: Array, cost: Array, u: Array, p: int, r: Array, taken: Array
) -> Any:
    """Return L(u), with r (q,) and the columns taken (q,) filled in."""
    total = reduced_costs(start, site, cost, u, r)
    return total + take_least(r, p, taken)


@compiled
def ascend(
    start: Array,
    site: Array,
    cost: Array,
    cap: Array,
    p: int,
    u: Array,
    d: Array,
    kept: Array,
    best: float,
    rounds: int,
    patience: int,
) -> Any:
    """Raise the dual for some rounds of deflected subgradient steps.

    Parameters
    ----------
    start, site, cost, cap, p
        The ranks, and the most columns to open.
    u
        Multipliers (2, R): the best so far, improved in place, and the present ones; both between
        0 and ``cap``.
    d
        Direction (R,), kept from call to call.
    kept
        Numbers kept from call to call: see `BOUND` and those after it.
    best
        Cost of the best plan known: where the steps aim.
    rounds
        How many.
    patience
        Rounds without success after which the step is halved.

    Returns
    -------
    float
        L(u[0]): a lower bound on the cost of every plan.
    """
    rows, q = u.shape[1], len(kept) - KEPT
    g, r, taken = np.empty(rows), np.empty(q), np.zeros(q, np.bool_)
    now = u[1]
    for _ in range(rounds):
        value = reduced_costs(start, site, cost, now, r) + take_least(r, p, taken)
        kept[COUNT] += 1.0
        if kept[COUNT] == 1.0 or value > kept[BOUND]:
            fresh = kept[COUNT] == 1.0 or value > kept[BOUND] + 1e-3 * (best - kept[BOUND])
            kept[BOUND] = value
            for i in range(rows):
                u[0, i] = now[i]
            if fresh:
                kept[FAILS] = 0.0
        else:
            kept[FAILS] += 1.0
        for j in range(q):
            kept[KEPT + j] += MEMORY * ((1.0 if taken[j] else 0.0) - kept[KEPT + j])
        if best <= kept[BOUND]:
            break
        slope(start, site, cost, now, taken, g)
        if kept[FAILS] >= patience:
            kept[FAILS] = 0.0
            kept[STEP] *= 0.5
            for i in range(rows):
                now[i] = u[0, i]
                d[i] = 0.0
            continue
        dg, dd = 0.0, 0.0
        for i in range(rows):
            if (g[i] > 0 and now[i] >= cap[i]) or (g[i] < 0 and now[i] <= 0):
                g[i] = 0.0
            dg += d[i] * g[i]
            dd += d[i] * d[i]
        beta = -1.5 * dg / dd if dg < 0.0 and dd > 0.0 else 0.0
        norm = 0.0
        for i in range(rows):
            d[i] = g[i] + beta * d[i]
            norm += d[i] * d[i]
        if norm < 1e-12:
            break
        size = kept[STEP] * (best - value) / norm
        for i in range(rows):
            now[i] = min(max(now[i] + size * d[i], 0.0), cap[i])
    return kept[BOUND]


@compiled
def narrow_count(start: Array, site: Array, cost: Array, number: Array, cap: Array) -> Any:
    """Return how many entries of each row stay; lower the caps (R,) by the open columns."""
    lengths = np.zeros(len(cap), np.int64)
    for i in range(len(cap)):
        for e in range(start[i], start[i + 1]):
            if cost[e] >= cap[i]:
                break
            if number[site[e]] == OPEN:
                cap[i] = cost[e]
                break
        for e in range(start[i], start[i + 1]):
            if cost[e] >= cap[i]:
                break
            if number[site[e]] >= 0:
                lengths[i] += 1
    return lengths


@compiled
def narrow_fill(
    start: Array,
    site: Array,
    cost: Array,
    number: Array,
    cap: Array,
    to: Array,
    new_site: Array,
    new_cost: Array,
) -> None:
    """Write the entries that stay, row i from ``to[i]`` on, with their new column numbers."""
    for i in range(len(cap)):
        at = to[i]
        for e in range(start[i], start[i + 1]):
            if cost[e] >= cap[i]:
                break
            if number[site[e]] >= 0:
                new_site[at] = number[site[e]]
                new_cost[at] = cost[e]
                at += 1


@compiled
def plan_costs(
    start: Array, site: Array, cost: Array, cap: Array, chosen: Array, costs: Array
) -> None:
    """Fill the cost of each row (R,) when the marked columns (q,) are open."""
    for i in range(len(cap)):
        costs[i] = cap[i]
        for e in range(start[i], start[i + 1]):
            if chosen[site[e]]:
                costs[i] = cost[e]
                break
