"""Edges cut into pieces: what barriers and added footways do to a network."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from .network import StreetNetwork
from .network_build import complete
from .network_convert import edge_lines

Array = NDArray[Any]
_COMPUTED = ("component", "component_length")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an edge: shares of it from u to v, and its end nodes (old or new numbers)."""

    low: float
    high: float
    u: int
    v: int


@dataclass(slots=True)
class Recut:
    """Cuts collected for one network, and the nodes and edges they add.

    The first piece of an edge keeps the edge's number, the others come behind all edges; an edge
    without pieces keeps its number and is closed. So everything untouched keeps its number.
    """

    network: StreetNetwork
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    node_xy: list[tuple[float, float]] = field(default_factory=list)
    added: list[tuple[Array, float, int, int]] = field(default_factory=list)

    def new_node(self, x: float, y: float) -> int:
        """Add a node and return its number."""
        self.node_xy.append((x, y))
        return self.network.n_nodes + len(self.node_xy) - 1

    def add_edge(self, points: Array, length: float, u: int, v: int) -> None:
        """Add an edge with its geometry (p, 2) and its length in metres."""
        self.added.append((points, length, u, v))

    def build(self) -> StreetNetwork:
        """Return the network with all cuts made."""
        values = {
            f.name: getattr(self.network, f.name)
            for f in fields(self.network)
            if f.name not in _COMPUTED and getattr(self.network, f.name) is not None
        }
        values["crs"] = self.network.crs
        self._close(values)
        self._cut_edges(values)
        self._append_edges(values)
        self._append_nodes(values)
        return StreetNetwork(**complete(values))

    def _close(self, values: dict[str, Any]) -> None:
        gone = [edge for edge, pieces in self.pieces.items() if not pieces]
        if not gone:
            return
        for name in ("factor_forward", "factor_backward"):
            factor = values.get(name, np.ones(self.network.n_edges)).copy()
            factor[gone] = np.inf
            values[name] = factor

    def _cut_edges(self, values: dict[str, Any]) -> None:
        """Replace cut edges by their first pieces and put the others behind."""
        rows = [(edge, piece) for edge, pieces in self.pieces.items() for piece in pieces[:1]]
        more = [(edge, piece) for edge, pieces in self.pieces.items() for piece in pieces[1:]]
        source = np.concatenate(
            [np.arange(self.network.n_edges), np.array([e for e, _ in more], np.int64)]
        )
        place = [edge for edge, _ in rows] + list(range(self.network.n_edges, len(source)))
        whole = [piece for _, piece in rows + more]
        for name in ("length", "delay", *_PER_EDGE):
            if name in values:
                values[name] = values[name][source]
        share = np.ones(len(source))
        share[place] = [piece.high - piece.low for piece in whole]
        for name in ("length", "delay"):
            if name in values:
                values[name] = values[name] * share
        values["edge_u"][place] = [piece.u for piece in whole]
        values["edge_v"][place] = [piece.v for piece in whole]
        old = edge_lines(self.network, source[place])
        parts = [
            shapely.get_coordinates(part_of(line, piece.low, piece.high))
            for line, piece in zip(old, whole, strict=True)
        ]
        _set_geometry(values, self.network, source, dict(zip(place, parts, strict=True)))

    def _append_edges(self, values: dict[str, Any]) -> None:
        if not self.added:
            return
        count = len(self.added)
        blank = {
            "edge_u": [u for _, _, u, _ in self.added],
            "edge_v": [v for *_, v in self.added],
            "length": [length for _, length, *_ in self.added],
            "steps": [False] * count,
            "edge_class": ["footway"] * count,
            "edge_name": [""] * count,
            "factor_forward": [1.0] * count,
            "factor_backward": [1.0] * count,
            "delay": [0.0] * count,
        }
        for name, more in blank.items():
            if name in values:
                values[name] = np.concatenate([values[name], np.array(more, values[name].dtype)])
        sizes = [len(points) for points, *_ in self.added]
        start = values["edge_start"]
        values["edge_start"] = np.concatenate([start, start[-1] + np.cumsum(sizes)])
        for axis, name in enumerate(("gx", "gy")):
            columns = [points[:, axis] for points, *_ in self.added]
            values[name] = np.concatenate([values[name], *columns])

    def _append_nodes(self, values: dict[str, Any]) -> None:
        count = len(self.node_xy)
        if count == 0:
            return
        xy = np.array(self.node_xy)
        known = set(values["node_id"].tolist())
        names = (f"cut-{number}" for number in range(len(known) + 2 * count))
        fresh = [name for name in names if name not in known][:count]
        values["x"] = np.concatenate([values["x"], xy[:, 0]])
        values["y"] = np.concatenate([values["y"], xy[:, 1]])
        values["node_id"] = np.concatenate([values["node_id"], np.array(fresh, object)])
        values["signal"] = np.concatenate([values["signal"], np.zeros(count, np.bool_)])


_PER_EDGE = (
    "edge_u", "edge_v", "steps", "edge_class", "edge_name", "factor_forward", "factor_backward",
)  # fmt: skip


def part_of(line: Any, low: float, high: float) -> Any:
    """Return the part of a line between two shares of its length, at least two points."""
    coords = shapely.get_coordinates(line)
    reach = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(coords, axis=0).T))])
    begin, end = low * reach[-1], high * reach[-1]
    inner = coords[(reach > begin) & (reach < end)]
    ends = [
        [np.interp(at, reach, coords[:, 0]), np.interp(at, reach, coords[:, 1])]
        for at in (begin, end)
    ]
    return shapely.linestrings(np.concatenate([ends[:1], inner, ends[1:]]))


def _set_geometry(
    values: dict[str, Any],
    network: StreetNetwork,
    source: NDArray[np.int64],
    parts: dict[int, NDArray[np.float64]],
) -> None:
    """Give each row the points of its source edge, or those in ``parts``."""
    begin = network.edge_start[source]
    count = network.edge_start[source + 1] - begin
    kept = np.ones(len(source), dtype=bool)
    for row, points in parts.items():
        count[row], kept[row] = len(points), False
    start = np.concatenate([[0], np.cumsum(count)])
    whole = np.repeat(kept, count)
    owner = np.repeat(np.arange(len(source)), count)
    at = (np.arange(start[-1]) - start[owner] + begin[owner])[whole]
    for axis, name in enumerate(("gx", "gy")):
        filled = np.empty(start[-1])
        filled[whole] = getattr(network, name)[at]
        for row, points in parts.items():
            filled[start[row] : start[row + 1]] = points[:, axis]
        values[name] = filled
    values["edge_start"] = start
