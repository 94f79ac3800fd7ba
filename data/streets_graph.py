"""From a graph that someone saved to `Streets`: one edge a street, walking rules applied."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from .faults import FaultLog
from .streets import Objects, Source, Streets
from .streets_build import Bools, Chains, Floats, Ints, build_streets, drop_twins
from .streets_files import in_degrees, sha256, usable_crs
from .walking_rules import WalkingRules, barrier_stops, is_signal, walkable

_LONGEST_LIST = 10_000  # characters of a written list of values that is still taken apart
_CLOSE = 1e-7  # degrees, about 1 cm: an end of a line this near to its node is the node

Lonlat = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class SavedGraph:
    """A graph as it was saved: n nodes, m edges, coordinates in ``crs``.

    Attributes
    ----------
    crs
        Anything pyproj understands, or None.
    node_id
        object (n,), text.
    x, y
        float64 (n,), NaN where a node has none.
    node_tags
        Attribute name to object (n,) of text, "" = none.
    u, v
        object (m,): ids of the end nodes.
    geometry
        object (m,): shapely line, or None for a straight one.
    tags
        Attribute name to object (m,) of text, "" = none; several values are written as a Python
        list, as osmnx does.
    """

    crs: Any
    node_id: Objects
    x: Floats
    y: Floats
    node_tags: Mapping[str, Objects]
    u: Objects
    v: Objects
    geometry: Objects
    tags: Mapping[str, Objects]


def streets_of_graph(
    graph: SavedGraph, path: Path, *, log: FaultLog, walking: WalkingRules, kind: str
) -> Streets | None:
    """Turn a saved graph into streets; see `quarterhour.data.streets_osmnx.read_graphml`."""
    ends = _ends(graph, path, log)
    crs = usable_crs(graph.crs, path, log)
    if ends is None or crs is None:
        return None
    nodes = in_degrees(graph.x, graph.y, crs, path, log)
    x, y, start = _drawn(graph, *ends)
    line = None if nodes is None else in_degrees(x, y, crs, path, log)
    if nodes is None or line is None:
        return None
    values = {key: [_listed(text) for text in column] for key, column in graph.tags.items()}
    keep = _kept(values, walking, len(graph.u))
    if not _report_left_out(keep, path, log):
        return None
    return build_streets(
        drop_twins(_chains(ends, nodes, line, start, values).select(keep)),
        source=Source(str(path), kind, sha256(path)),
        signals=_nodes_where(is_signal, graph),
        stops=_nodes_where(partial(barrier_stops, rules=walking), graph),
        label=partial(_label, graph.node_id),
    )


def _label(node_id: Objects, ref: int) -> str:
    return str(node_id[ref])


def _ends(graph: SavedGraph, path: Path, log: FaultLog) -> tuple[Ints, Ints] | None:
    """Return the end nodes of every edge by number, or note what is wrong with the nodes."""
    if np.isnan(graph.x).any() or np.isnan(graph.y).any():
        log.add("streets_columns", file=path, value="x, y")
        return None
    index = pd.Index(graph.node_id)
    if not index.is_unique:
        log.add("streets_damaged", file=path, value=index[index.duplicated()][0])
        return None
    u, v = index.get_indexer(pd.Index(graph.u)), index.get_indexer(pd.Index(graph.v))
    lost = (u < 0) | (v < 0)
    if lost.any():
        example = f"{graph.u[lost][0]} – {graph.v[lost][0]}"
        log.add("streets_dangling", file=path, value=example, count=int(lost.sum()))
        return None
    return u.astype(np.int64), v.astype(np.int64)


def _drawn(graph: SavedGraph, u: Ints, v: Ints) -> tuple[Floats, Floats, Ints]:
    """Return the points of every edge; one without a line is straight."""
    straight = shapely.is_missing(graph.geometry) | shapely.is_empty(graph.geometry)
    ends = np.stack([graph.x[[u, v]], graph.y[[u, v]]], axis=-1).swapaxes(0, 1)[straight]
    lines = graph.geometry.copy()
    lines[straight] = shapely.linestrings(ends)
    points = shapely.get_coordinates(lines)
    start = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(lines))])
    return points[:, 0], points[:, 1], start.astype(np.int64)


def _chains(
    ends: tuple[Ints, Ints], nodes: Lonlat, line: Lonlat, start: Ints, values: dict[str, list[Any]]
) -> Chains:
    """Return every edge as a chain from node to node, its line between them."""
    first, last = start[:-1], start[1:] - 1
    u, v = ends
    ahead = _apart(nodes, u, line, first) + _apart(nodes, v, line, last)
    behind = _apart(nodes, v, line, first) + _apart(nodes, u, line, last)
    # Undirected graphs of osmnx may name the ends in the other order than the line runs.
    u, v = np.where(behind < ahead, v, u), np.where(behind < ahead, u, v)
    lon, lat = line[0].copy(), line[1].copy()
    for node, at in ((u, first), (v, last)):
        near = _apart(nodes, node, line, at) <= _CLOSE
        lon[at[near]], lat[at[near]] = nodes[0][node[near]], nodes[1][node[near]]
    spots = np.concatenate([start[1:], start[:-1]])  # the end of one edge, then the next begins
    node = np.concatenate([v, u])
    ref = np.insert(np.arange(len(lon)) + len(nodes[0]), spots, node)
    return Chains(
        ref=ref,
        lon=np.insert(lon, spots, nodes[0][node]),
        lat=np.insert(lat, spots, nodes[1][node]),
        start=start + 2 * np.arange(len(start)),
        highway=_first_values(values.get("highway"), len(u)),
        name=_joined(values.get("name"), len(u)),
    )


def _apart(nodes: Lonlat, node: Ints, line: Lonlat, at: Ints) -> Floats:
    """Return how far, in degrees, points of lines lie from nodes."""
    return np.hypot(nodes[0][node] - line[0][at], nodes[1][node] - line[1][at])


def _listed(text: str) -> list[str]:
    """Return the values of an attribute: osmnx writes several as a Python list of literals."""
    if text.startswith("[") and text.endswith("]") and len(text) <= _LONGEST_LIST:
        try:
            return [str(value) for value in ast.literal_eval(text)]
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [text]
    return [text] if text else []


def _kept(values: dict[str, list[Any]], walking: WalkingRules, size: int) -> Bools:
    """Say which edges are walkable in all the ways they were made of."""
    keep = np.ones(size, np.bool_)
    known: dict[tuple[tuple[str, ...], ...], bool] = {}
    if "highway" not in values:
        return keep
    for i in range(size):
        tags = tuple(tuple(column[i]) for column in values.values())
        if tags not in known:
            known[tags] = _all_walkable(dict(zip(values, tags, strict=True)), walking)
        keep[i] = known[tags]
    return keep


def _all_walkable(tags: dict[str, tuple[str, ...]], walking: WalkingRules) -> bool:
    if not tags["highway"]:
        return True  # a graph of the user's own, without classes
    parts = range(max(len(column) for column in tags.values()))
    return all(
        walkable(
            {key: each[min(part, len(each) - 1)] for key, each in tags.items() if each}, walking
        )
        for part in parts
    )


def _report_left_out(keep: Bools, path: Path, log: FaultLog) -> bool:
    """Note edges that are not walked; return False where none is left."""
    left_out = int(np.count_nonzero(~keep))
    if left_out == len(keep):
        log.add("streets_no_walkable", file=path, count=left_out)
    elif left_out:
        log.add("streets_left_out", file=path, count=left_out, severity="warning")
    return left_out < len(keep)


def _first_values(column: list[list[str]] | None, size: int) -> Objects:
    """Return the class of every edge; stairs only where nothing else is on the way."""
    values = np.full(size, "", np.object_)
    for i, several in enumerate(column or []):
        values[i] = next((each for each in several if each != "steps"), "".join(several[:1]))
    return values


def _joined(column: list[list[str]] | None, size: int) -> Objects:
    values = np.full(size, "", np.object_)
    for i, several in enumerate(column or []):
        values[i] = "; ".join(several)
    return values


def _nodes_where(holds: Callable[[Mapping[str, str]], bool], graph: SavedGraph) -> Ints:
    names = list(graph.node_tags)
    rows = zip(*graph.node_tags.values(), strict=True)
    found = [i for i, row in enumerate(rows) if holds(dict(zip(names, row, strict=True)))]
    return np.array(found, np.int64)
