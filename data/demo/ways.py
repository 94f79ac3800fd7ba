"""Ways on the drawing board and the questions asked of them while the city is being laid out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import hypot

import numpy as np

from .geometry import Floats, between, lengths
from .plane import Line, Point

Tags = dict[str, str]
TUNNEL: Tags = {"tunnel": "yes", "layer": "-1"}
BRIDGE: Tags = {"bridge": "yes", "layer": "1"}


@dataclass(frozen=True, slots=True)
class Way:
    """A street or path; only ways of one ``level`` meet where they cross."""

    line: Line
    tags: Tags
    level: int = 0


@dataclass(slots=True)
class Draft:
    """Everything drawn so far: ways, and tags of single points on them."""

    ways: list[Way] = field(default_factory=list)
    points: dict[Point, Tags] = field(default_factory=dict)
    _ends: list[tuple[Point, Point]] = field(default_factory=list)
    _cache: tuple[int, Floats] = (0, np.zeros((0, 4)))

    def add(self, line: Line, tags: Tags, level: int = 0, *, street: bool = False) -> None:
        """Add a way; a ``street`` is one that gates and lanes may open to."""
        self.ways.append(Way(line, tags, level))
        if street and level == 0:
            self._ends += itertools.pairwise(line)

    def streets(self) -> Floats:
        """Return the pieces of all streets, shape (n, 4)."""
        if self._cache[0] != len(self._ends):
            pieces = np.array([[*a, *b] for a, b in self._ends])
            self._cache = (len(self._ends), pieces)
        return self._cache[1]

    def reach(self, start: Point, toward: Point, limit: float) -> Point | None:
        """Return where a straight line from ``start`` first meets a street within ``limit`` m."""
        pieces = self.streets()
        if not len(pieces):
            return None
        norm = hypot(*toward)
        rx, ry = toward[0] / norm * limit, toward[1] / norm * limit
        ax, ay = pieces[:, 0] - start[0], pieces[:, 1] - start[1]
        sx, sy = pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1]
        cross = rx * sy - ry * sx
        safe = np.where(np.abs(cross) < 1e-9, np.inf, cross)
        t, u = (ax * sy - ay * sx) / safe, (ax * ry - ay * rx) / safe
        hit = (np.abs(cross) >= 1e-9) & (t > 0) & (t <= 1) & (u >= 0) & (u <= 1)
        if not hit.any():
            return None
        first = float(t[hit].min())
        return start[0] + rx * first, start[1] + ry * first


@dataclass(frozen=True, slots=True)
class Break:
    """A stretch of a line, in metres along it, that is a bridge, a tunnel, or left out (gap)."""

    start: float
    stop: float
    kind: str


def cut(line: Line, breaks: Iterable[Break]) -> list[tuple[Line, str]]:
    """Return the pieces of the line with their kind: ``""``, ``bridge`` or ``tunnel``."""
    total = lengths(line)[-1]
    pieces: list[tuple[Line, str]] = []
    mark = 0.0
    for item in sorted(breaks, key=lambda b: b.start):
        if item.start - mark > 1:
            pieces.append((between(line, mark, item.start), ""))
        if item.kind != "gap":
            pieces.append((between(line, item.start, item.stop), item.kind))
        mark = item.stop
    if total - mark > 1:
        pieces.append((between(line, mark, total), ""))
    return pieces


def structure(kind: str) -> tuple[Tags, int]:
    """Return the tags and the level of a kind of piece."""
    return {"": ({}, 0), "bridge": (BRIDGE, 1), "tunnel": (TUNNEL, -1)}[kind]
