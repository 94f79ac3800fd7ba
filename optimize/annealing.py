"""Simulated annealing from a feasible plan: many small steps, each a fraction of a microsecond.

Kirkpatrick, Gelatt and Vecchi, "Optimization by simulated annealing", Science 220, 1983. A step
takes one open opening away and opens another one that shares a row with it (or one that covers
something uncovered) wherever all limits and floors stay kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import Bools, rows_met
from .cover_arrays import cover_of, held_list
from .kernels_anneal import Walk, anneal, begin
from .kernels_cover import Cover
from .openings import Openings

#: First and last temperature as a share of the mean worth of an open opening.
HOT, COLD = 0.05, 0.002

#: Moves between two looks at the clock and the keyboard: about a tenth of a second, or less.
_CHUNK = 200_000


def anneal_plan(
    openings: Openings,
    chosen: Bools,
    *,
    moves: int,
    seed: int,
    hot: float = HOT,
    cold: float = COLD,
    go_on: Callable[[], bool] = lambda: True,
    cover: Cover | None = None,
) -> Bools:
    """Return a plan at least as good as ``chosen``.

    Parameters
    ----------
    openings
        The problem.
    chosen
        A feasible plan (q,).
    moves
        Steps to try; the temperature falls over them geometrically.
    seed
        Of the walk; the same seed and moves give the same plan.
    hot, cold
        First and last temperature as a share of the mean worth of an open opening.
    go_on
        Asked about ten times a second; False ends the walk early.
    cover
        `cover_arrays.cover_of` of the openings, where it is there already.

    Returns
    -------
    ndarray of bool (q,)
        Feasible, never worse than ``chosen``.
    """
    arrays = cover_of(openings) if cover is None else cover
    walk, at_start = begin_walk(openings, arrays, chosen), openings.value(chosen)
    open_ones = int(chosen.sum())
    if not open_ones or not openings.count or moves <= 0:
        return chosen
    scale = max((at_start - openings.constant) / open_ones, 1e-9)
    dice = np.array([seed * 2 + 0x9E3779B97F4A7C15], dtype=np.uint64)
    chunks = max(1, round(moves / _CHUNK))
    each = -(-moves // chunks)
    found, best, value = chosen, np.empty(openings.count, dtype=np.int64), at_start
    for chunk in range(chunks):
        from_, to = (scale * hot * (cold / hot) ** (at / chunks) for at in (chunk, chunk + 1))
        now = openings.value(walk.chosen)
        size = anneal(arrays, walk, dice, from_, to, each, best, now)
        met = np.zeros(openings.count, dtype=bool)
        met[best[:size]] = True
        worth = openings.value(met)
        if worth > value:
            found, value = met, worth
        if not go_on():
            break
    return found if openings.feasible(found) else chosen


def begin_walk(openings: Openings, cover: Cover, chosen: Bools) -> Walk:
    """Return the walk that stands at the feasible plan ``chosen`` (q,)."""
    count = rows_met(openings.covers, chosen).astype(np.int32)
    covered = count > 0
    circles = openings.circles
    held, place, size = held_list(chosen)
    numbers = np.where(chosen, np.arange(1, len(chosen) + 1), 0)
    walk = Walk(
        chosen=chosen.copy(),
        counts=count,
        sums=np.asarray(openings.covers.astype(np.int64) @ numbers),
        alone=np.empty(len(count), dtype=np.int32),
        loss=np.zeros(len(chosen)),
        most=np.zeros(len(chosen)),
        most_circles=np.zeros(len(chosen)),
        used=openings.limits.activity(chosen),
        missing=np.diff(circles.members.indptr) - rows_met(circles.members, covered),
        reached=np.asarray(openings.floors.matrix @ covered.astype(np.float64)),
        held=held,
        place=place,
        size=size,
    )
    begin(cover, walk)
    return walk
