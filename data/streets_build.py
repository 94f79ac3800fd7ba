"""From chains of points to `Streets`: cut at junctions, keep curves, measure.

Every street reader ends here, so that all sources follow the same rules for junctions, signals,
barriers, missing points and length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from .streets import Objects, Source, Streets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WGS84 = Geod(ellps="WGS84")
_NO_IDS: Ints = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Chains:
    """Street lines as they are drawn: w chains over p points.

    Attributes
    ----------
    ref
        int64 (p,): identity of each point; two points meet only if they have the same one.
    lon, lat
        float64 (p,), degrees, WGS-84; NaN where the position is unknown.
    start
        int64 (w+1,): chain ``i`` owns points ``start[i]:start[i + 1]``.
    highway, name
        object (w,).
    """

    ref: Ints
    lon: Floats
    lat: Floats
    start: Ints
    highway: Objects
    name: Objects

    def select(self, keep: Bools) -> Chains:
        """Return the chains where ``keep``, bool (w,), holds."""
        start, take = _gather(self.start[:-1][keep], self.start[1:][keep] - 1)
        ref, lon, lat = self.ref[take], self.lon[take], self.lat[take]
        return Chains(ref, lon, lat, start, self.highway[keep], self.name[keep])


@dataclass(frozen=True, slots=True)
class _Points:
    """Chains without gaps: ``run`` numbers unbroken stretches, ``chain`` the line each is of."""

    ref: Ints
    lon: Floats
    lat: Floats
    run: Ints
    chain: Ints

    def take(self, keep: Bools) -> _Points:
        return _Points(
            self.ref[keep], self.lon[keep], self.lat[keep], self.run[keep], self.chain[keep]
        )


def build_streets(
    chains: Chains,
    *,
    source: Source,
    signals: Ints = _NO_IDS,
    stops: Ints = _NO_IDS,
    label: Callable[[int], str] = str,
) -> Streets:
    """Cut chains into edges between nodes.

    A point becomes a node where it is an end of a chain, is used twice or more (by two chains, or
    by one that meets itself), is a signal, or is a stop. All others become geometry. A chain is
    cut where positions are unknown, and a lone point left over is dropped. At a stop nothing is
    connected: each edge gets an end of its own there, labelled ``<label>#1``, ``#2``, ….

    Parameters
    ----------
    chains
        The lines.
    source
        Where they came from.
    signals, stops
        int64: values of ``chains.ref`` that are signals, or that nobody passes.
    label
        Gives the text of a node's id from its ``ref``.

    Returns
    -------
    Streets
        Nodes in the order of ``ref``, edges in the order of the chains.
    """
    points = _unbroken(chains)
    ref, place, uses = np.unique(points.ref, return_inverse=True, return_counts=True)
    stopped = np.isin(ref, stops)
    special = (uses >= 2) | stopped | np.isin(ref, signals)
    head, tail = _cuts(special[place], points.run)
    start, take = _gather(head, tail)
    node, owner, ends = _nodes(place, head, tail, stopped)
    lon, lat, start = _without_repeats(points.lon[take], points.lat[take], start)
    first = np.empty(len(ref), np.int64)
    first[place] = np.arange(len(place))
    chain = points.chain[head]
    highway = chains.highway[chain]
    return Streets(
        node_lon=points.lon[first[owner]],
        node_lat=points.lat[first[owner]],
        node_id=_labels(ref[owner], node >= len(ref), label),
        node_signal=np.isin(ref[owner], signals),
        edge_u=ends[:, 0].astype(np.int32),
        edge_v=ends[:, 1].astype(np.int32),
        edge_start=start,
        lon=lon,
        lat=lat,
        edge_length=geodesic_lengths(lon, lat, start),
        edge_steps=np.asarray(highway == "steps", np.bool_),
        edge_class=highway,
        edge_name=chains.name[chain],
        source=source,
    )


def geodesic_lengths(lon: Floats, lat: Floats, start: Ints) -> Floats:
    """Measure lines on the WGS-84 ellipsoid.

    Parameters
    ----------
    lon, lat
        float64 (p,), degrees.
    start
        int64 (m+1,): line ``i`` owns points ``start[i]:start[i + 1]``, at least one.

    Returns
    -------
    numpy.ndarray
        float64 (m,): metres along each line, by the geodesic of every segment (Karney 2013,
        as in PROJ).
    """
    if len(lon) < 2:
        return np.zeros(len(start) - 1)
    _, _, step = _WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    step[start[1:-1] - 1] = 0.0  # from the end of one line to the beginning of the next
    along = np.concatenate([step, [0.0]])
    return np.add.reduceat(along, start[:-1])


def drop_twins(chains: Chains) -> Chains:
    """Keep one of every set of chains with the same ends and the same line in either direction.

    Graphs saved by osmnx hold each two-way street twice. Positions are compared to 1e-7 degrees
    (about 1 cm); the first of a set stays.
    """
    start = chains.start
    line = np.rint(np.column_stack([chains.lon, chains.lat]) * 1e7).astype(np.int64)
    ends = zip(chains.ref[start[:-1]].tolist(), chains.ref[start[1:] - 1].tolist(), strict=True)
    seen: set[tuple[int, int, bytes]] = set()
    keep = np.empty(len(start) - 1, np.bool_)
    for i, (u, v) in enumerate(ends):
        ahead = line[start[i] : start[i + 1]]
        back = ahead[::-1]
        if u == v:
            key = (u, v, min(ahead.tobytes(), back.tobytes()))
        else:
            key = (u, v, ahead.tobytes()) if u < v else (v, u, back.tobytes())
        keep[i] = key not in seen
        seen.add(key)
    return chains.select(keep)


def _unbroken(chains: Chains) -> _Points:
    """Drop points without position and repeated ones; number what remains in one piece."""
    chain = np.repeat(np.arange(len(chains.start) - 1), np.diff(chains.start))
    known = np.isfinite(chains.lon) & np.isfinite(chains.lat)
    begins = np.ones(len(chain), np.bool_)
    begins[1:] = (np.diff(chain) != 0) | ~known[:-1]
    run = np.cumsum(begins) - 1
    points = _Points(chains.ref, chains.lon, chains.lat, run, chain).take(known)
    fresh = np.ones(len(points.ref), np.bool_)
    fresh[1:] = (np.diff(points.ref) != 0) | (np.diff(points.run) != 0)
    points = points.take(fresh)
    return points.take((np.bincount(points.run) >= 2)[points.run] if len(points.run) else fresh)


def _cuts(special: Bools, run: Ints) -> tuple[Ints, Ints]:
    """Return the first and last point of every edge: neighbouring nodes of one run."""
    turns = np.diff(run, prepend=-1) != 0
    node = special | turns
    node[:-1] |= turns[1:]
    node[-1:] = True
    at = np.flatnonzero(node)
    same = run[at[:-1]] == run[at[1:]]
    return at[:-1][same], at[1:][same]


def _gather(head: Ints, tail: Ints) -> tuple[Ints, Ints]:
    """Return CSR starts and the point of every place for edges that share their ends."""
    start = np.concatenate([[0], np.cumsum(tail - head + 1)]).astype(np.int64)
    return start, np.arange(start[-1]) + np.repeat(head - start[:-1], np.diff(start))


def _nodes(place: Ints, head: Ints, tail: Ints, stopped: Bools) -> tuple[Ints, Ints, Ints]:
    """Return nodes, the unique point each stands at, and the two end nodes of every edge."""
    at = np.column_stack([place[head], place[tail]]).ravel()
    key = at.copy()
    alone = stopped[at]
    key[alone] = len(stopped) + np.arange(np.count_nonzero(alone))
    node, first, ends = np.unique(key, return_index=True, return_inverse=True)
    return node, at[first], ends.reshape(-1, 2)


def _labels(ref: Ints, copied: Bools, label: Callable[[int], str]) -> Objects:
    """Return the nodes' ids as text, numbered where a stop has several."""
    texts = np.empty(len(ref), np.object_)
    numbers: dict[int, count[int]] = {}
    for i, (value, copy) in enumerate(zip(ref.tolist(), copied.tolist(), strict=True)):
        text = label(value)
        texts[i] = f"{text}#{next(numbers.setdefault(value, count(1)))}" if copy else text
    return texts


def _without_repeats(lon: Floats, lat: Floats, start: Ints) -> tuple[Floats, Floats, Ints]:
    """Drop inner points that repeat the point before them, or the end after them."""
    end = np.zeros(len(lon), np.bool_)
    end[start[:-1]] = end[start[1:] - 1] = True
    same = (np.diff(lon) == 0) & (np.diff(lat) == 0)
    again = np.concatenate([[False], same]) & ~end
    lon, lat, end, start = _drop(again, lon, lat, end, start)
    same = (np.diff(lon) == 0) & (np.diff(lat) == 0)
    before_end = np.concatenate([same & end[1:], [False]]) & ~end
    lon, lat, end, start = _drop(before_end, lon, lat, end, start)
    return lon, lat, start


def _drop(
    out: Bools, lon: Floats, lat: Floats, end: Bools, start: Ints
) -> tuple[Floats, Floats, Bools, Ints]:
    lost = np.concatenate([[0], np.cumsum(out)])
    return lon[~out], lat[~out], end[~out], start - lost[start]
