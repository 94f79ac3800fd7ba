"""Nodes of the street network: ways of one level share a node wherever they cross or touch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import floor, hypot

from .geometry import meet
from .plane import Line, Point, to_lonlat
from .ways import Draft, Tags, Way

TOUCH = 0.4  # m; an end this near to another way lies on it
_CELL = 80.0


@dataclass(frozen=True, slots=True)
class Node:
    """A point of the network: id, place on the board (m), WGS-84 degrees, tags."""

    id: int
    place: Point
    lonlat: Point
    tags: Tags


@dataclass(frozen=True, slots=True)
class Street:
    """A way as a list of node ids with tags."""

    id: int
    nodes: list[int]
    tags: Tags


@dataclass(frozen=True, slots=True)
class Network:
    """Nodes by id, in order, and the ways between them."""

    nodes: dict[int, Node]
    ways: list[Street]


def node(draft: Draft) -> Network:
    """Return the network of a draft, every crossing and touching at grade made a shared node."""
    marked = [Way(_with_points(w.line, draft), w.tags, w.level) for w in draft.ways]
    lines = _split(marked)
    ids = _Ids()
    ways: list[Street] = []
    for way, line in zip(marked, lines, strict=True):
        refs = [ids.of(p) for p in line]
        refs = [r for i, r in enumerate(refs) if i == 0 or r != refs[i - 1]]
        if len(refs) > 1:
            ways.append(Street(len(ways) + 1, refs, way.tags))
    tags = {ids.of(p): t for p, t in draft.points.items()}
    nodes = {i: Node(i, p, to_lonlat(p), dict(tags.get(i, {}))) for i, p in ids.places.items()}
    return Network(nodes, ways)


class _Ids:
    """Gives one id to all points within the touching distance of each other."""

    def __init__(self) -> None:
        self.places: dict[int, Point] = {}
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)

    def of(self, point: Point) -> int:
        cx, cy = floor(point[0]), floor(point[1])
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for i in self._cells[cx + dx, cy + dy]:
                    x, y = self.places[i]
                    if hypot(point[0] - x, point[1] - y) <= TOUCH:
                        return i
        new = len(self.places) + 1
        self.places[new] = point
        self._cells[cx, cy].append(new)
        return new


def _with_points(line: Line, draft: Draft) -> Line:
    """Return the line with the tagged points that lie on it as vertices."""
    (west, south), (east, north) = (map(f, *line) for f in (min, max))
    for point in draft.points:
        if west - 1 < point[0] < east + 1 and south - 1 < point[1] < north + 1:
            line = _with_point(line, point)
    return line


def _with_point(line: Line, point: Point) -> Line:
    for i, (a, b) in enumerate(pairwise(line)):
        t = _foot(point, a, b)
        if t is not None and 0 < t < 1:
            return [*line[: i + 1], point, *line[i + 1 :]]
    return line


def _split(ways: list[Way]) -> list[Line]:
    """Return each way's line with a vertex at every meeting with another way of its level."""
    marks: dict[tuple[int, int], set[float]] = defaultdict(set)
    for one, two in _near_pairs(ways):
        for key, t in _meetings(ways, one, two):
            marks[key].add(t)
    lines = []
    for w, way in enumerate(ways):
        line = [way.line[0]]
        for i, (a, b) in enumerate(zip(way.line, way.line[1:], strict=False)):
            inner = sorted(t for t in marks[w, i] if 0 < t < 1)
            line += [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in inner]
            line.append(b)
        lines.append(line)
    return lines


Piece = tuple[int, int]  # way, piece of it


def _near_pairs(ways: list[Way]) -> Iterator[tuple[Piece, Piece]]:
    cells: dict[tuple[int, int, int], list[Piece]] = defaultdict(list)
    for w, way in enumerate(ways):
        for i, (a, b) in enumerate(zip(way.line, way.line[1:], strict=False)):
            for cell in _cells(a, b):
                cells[(way.level, *cell)].append((w, i))
    seen: set[tuple[Piece, Piece]] = set()
    for members in cells.values():
        for pair in combinations(members, 2):
            if pair[0][0] != pair[1][0] and pair not in seen:
                seen.add(pair)
                yield pair


def _cells(a: Point, b: Point) -> Iterator[tuple[int, int]]:
    x0, x1 = sorted((a[0], b[0]))
    y0, y1 = sorted((a[1], b[1]))
    for cx in range(floor((x0 - 1) / _CELL), floor((x1 + 1) / _CELL) + 1):
        for cy in range(floor((y0 - 1) / _CELL), floor((y1 + 1) / _CELL) + 1):
            yield cx, cy


def _meetings(ways: list[Way], one: Piece, two: Piece) -> Iterator[tuple[Piece, float]]:
    a, b = ways[one[0]].line[one[1] : one[1] + 2]
    c, d = ways[two[0]].line[two[1] : two[1] + 2]
    touching = False
    for key, point, ends in (
        (one, c, (a, b)),
        (one, d, (a, b)),
        (two, a, (c, d)),
        (two, b, (c, d)),
    ):
        t = _foot(point, *ends)
        if t is not None:
            touching = True
            yield key, t
    hit = None if touching else meet(a, b, c, d)
    if hit is not None:
        yield one, hit[0]
        yield two, hit[1]


def _foot(point: Point, a: Point, b: Point) -> float | None:
    """Return the fraction along ab nearest to the point if it touches the segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    if square == 0:
        return None
    t = min(1.0, max(0.0, ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square))
    gap = hypot(a[0] + dx * t - point[0], a[1] + dy * t - point[1])
    return t if gap <= TOUCH else None
