"""Drives the compiled J1 searches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .engine import TOLERANCE, Engine
from .locate import Locations
from .tables import FAR, Arcs, ChainEnds, Entries, OnChains, OwnChains, Seeds, part

Array = NDArray[Any]
Found = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]

#: Ticks of an unlimited search at most; with a chain more it still fits 32 bits.
UNLIMITED = np.uint64(3 << 30)


def search_nearest(
    prepare: Callable[[int], Engine],
    origins: Locations,
    facilities: Locations,
    k: int,
    limit: float | None,
) -> Found:
    """Return cost, other unit and facility, each (n, k); NaN and -1 where none is reached.

    Parameters
    ----------
    prepare
        Returns the engine that walks backwards, its ticks coarser by the given powers of two;
        asked again when a walk within the limit is longer than 32 bits of ticks.
    origins, facilities
        Points on the network.
    k
        How many facilities.
    limit
        In the minimised unit, or None.
    """
    coarser = 0
    while True:
        engine = prepare(coarser)
        top = UNLIMITED
        if limit is not None:
            top = np.uint64(min(float(UNLIMITED), np.rint((limit + TOLERANCE) * engine.scale)))
        search = _one if k == 1 else _several
        cut, cost, label, other = search(engine, origins, facilities, k, top)
        if not (cut and top == UNLIMITED):
            return _in_units(engine, limit, cost, label, other)
        coarser += 2


def _in_units(
    engine: Engine, limit: float | None, cost: Array, label: Array, other: Array | None
) -> Found:
    reached = cost != FAR
    unit = 1.0 / engine.scale
    metres = np.where(reached, cost * unit, np.nan)
    if limit is not None:
        np.minimum(metres, limit, out=metres)
    facility = np.where(reached, label.astype(np.int64), -1)
    if other is not None:
        return metres, np.where(reached, other * unit, np.nan), facility
    if engine.costs.ratio is None:
        raise AssertionError("neither proportional nor carried")
    return metres, metres * engine.costs.ratio, facility


def _one(
    engine: Engine, origins: Locations, facilities: Locations, _: int, limit: Any
) -> tuple[bool, Array, Array, Array | None]:
    """Search the one nearest facility."""
    from . import kernels_nearest as kernel  # noqa: PLC0415 - numba only when needed

    g, (t, t2), (s, s2) = engine.graph, engine.targets(origins), engine.sources(facilities)
    g2 = engine.other
    dist, owner, beside = _labels(len(g.first), g2)
    arcs, seeds = partial(part, Arcs), Seeds.of(s, s2, len(g.first) - 1)
    cut = kernel.spread(arcs(g), seeds, limit, dist, owner, arcs(g2), beside)
    cost, label, other = _labels(len(t.owner), g2)
    ends, on, own = part(ChainEnds, g), partial(part, OnChains), OwnChains.of(s)
    own2 = None if s2 is None else OwnChains.of(s2)
    kernel.settle_targets(ends, on(t), limit, dist, owner, cost, label, on(t2), beside, other)
    kernel.settle_own_chains(g.ways, on(t), own, limit, cost, label, on(t2), own2, other)
    best, whose, best_other = _labels(len(origins), g2)
    entries = partial(part, Entries)
    kernel.best_of_entries(
        entries(t), limit, dist, owner, cost, label, best, whose, entries(t2), beside, other,
        best_other,
    )  # fmt: skip
    column = None if best_other is None else best_other.reshape(-1, 1)
    return cut, best.reshape(-1, 1), whose.reshape(-1, 1), column


def _labels(size: int | tuple[int, int], carried: object) -> tuple[Array, Array, Array | None]:
    """Return costs, labels and, where it is carried, the other unit, all unset."""
    beside = None if carried is None else np.zeros(size, np.uint64)
    return np.full(size, FAR, np.uint32), np.full(size, FAR, np.uint32), beside


def _several(
    engine: Engine, origins: Locations, facilities: Locations, k: int, limit: Any
) -> tuple[bool, Array, Array, Array | None]:
    """Search the k nearest facilities."""
    from . import kernels_several as kernel  # noqa: PLC0415 - numba only when needed

    g, (t, t2), (s, s2) = engine.graph, engine.targets(origins), engine.sources(facilities)
    g2 = engine.other
    costs, labels, besides = _labels((len(g.first), k), g2)
    count = np.zeros(len(g.first), np.int64)
    cut = kernel.spread_several(g, s, limit, costs, labels, count, g2, s2, besides)
    best, whose, other = _labels((len(origins), k), g2)
    kernel.offer_junctions(g, t, limit, costs, labels, count, best, whose, t2, besides, other)
    kernel.offer_own_chains(g, t, s, limit, best, whose, t2, s2, other)
    return cut, best, whose, other
