"""Districts, streets and communities: faces between the main lines, joined level by level."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry import Polygon

from . import layout, skeleton
from .geometry import crossings, densify, inside, lengths
from .names import COMMUNITIES, STREETS, Name, Register
from .noding import node
from .plane import Dice, Line, Point, to_lonlat
from .ways import Draft

_LINES = {"primary", "secondary"}
_ALSO = {"槐荫街", "药王街", "学府路", "麦田路", "砖窑路", "书香街", "仓储路", "文昌东路"}
_ALSO |= {"旧市街", "文庙街"}
_SHARES = (7, 7, 7, 6, 6, 7)  # communities of each street
_ORDER = ("north", "old", "outer")


@dataclass(frozen=True, slots=True)
class Area:
    """An area on the board; ``parts`` are the faces it is made of."""

    id: str
    name: Name
    level: str
    parent: str
    faces: tuple[Polygon, ...]
    outlines: tuple[Line, ...]

    def holds(self, point: Point) -> bool:
        """Tell whether the point of the board lies in the area."""
        return any(inside(point, line) for line in self.outlines)

    def rings(self) -> list[list[Line]]:
        """Return the polygons of the area, each as its rings in WGS-84 degrees."""
        whole = shapely.normalize(shapely.coverage_union_all(list(self.faces)))
        return [_degrees(part) for part in getattr(whole, "geoms", [whole])]


def _area(key: str, name: Name, level: str, parent: str, faces: Sequence[Polygon]) -> Area:
    return Area(key, name, level, parent, tuple(faces), tuple(_outline(f) for f in faces))


def _outline(face: Polygon) -> Line:
    return [(x, y) for x, y in face.exterior.coords]


def _degrees(part: Polygon) -> list[Line]:
    rings = [part.exterior, *part.interiors]
    return [[to_lonlat((x, y)) for x, y in list(r.coords)[::-1]] for r in rings]


def divide(people: list[tuple[Point, float]]) -> list[Area]:
    """Return districts, streets and communities of the city, in this order.

    Parameters
    ----------
    people : list of (place on the board in m, persons)
        Used to give communities a similar number of residents.
    """
    groups: dict[tuple[int, str], list[Polygon]] = defaultdict(list)
    for face in _faces():
        spot = face.representative_point()
        groups[_district(spot.x), _ring(spot.x, spot.y)].append(face)
    names = Register(Dice(2))
    districts: list[Area] = []
    streets: list[Area] = []
    communities: list[Area] = []
    for d, name in enumerate(layout.DISTRICTS):
        faces = [f for part in _ORDER for f in groups[d, part]]
        districts.append(_area(f"D{d + 1}", name, "district", "", faces))
        for s, part in enumerate(_ORDER):
            street = _street(d, s, groups[d, part])
            streets.append(street)
            communities += _communities(street, _SHARES[3 * d + s], people, names)
    return districts + streets + communities


def _street(d: int, s: int, faces: list[Polygon]) -> Area:
    zh, en = STREETS[3 * d + s]
    name = (zh + "街道", en + " Subdistrict")
    return _area(f"S{d + 1}{s + 1}", name, "street", f"D{d + 1}", faces)


def _communities(
    street: Area, count: int, people: list[tuple[Point, float]], names: Register
) -> list[Area]:
    parts = _join(list(street.faces), count, people)
    areas = []
    for k, faces in enumerate(parts):
        name = names.next_of(COMMUNITIES, "社区", "Community")
        areas.append(_area(f"C{street.id[1:]}{k + 1:02d}", name, "community", street.id, faces))
    return areas


def _faces() -> list[Polygon]:
    """Return the faces between main roads, ring, river, railway and the city's edge."""
    draft = Draft()
    edge = layout.EDGE
    draft.add(densify([(0, 0), (edge, 0), (edge, edge), (0, edge), (0, 0)], 100), {})
    for line in (skeleton.RING, skeleton.RIVER, skeleton.RAIL):
        draft.add(line, {})
    for road in layout.ROADS:
        if road.kind in _LINES or road.name in _ALSO:
            draft.add(road.points, {})
    network = node(draft)
    places = {i: (round(n.place[0], 2), round(n.place[1], 2)) for i, n in network.nodes.items()}
    pieces = {
        tuple(sorted((places[a], places[b])))
        for way in network.ways
        for a, b in zip(way.nodes, way.nodes[1:], strict=False)
    }
    lines = [shapely.LineString(p) for p in sorted(pieces)]
    found = shapely.polygonize(lines).geoms
    kept = [f for f in found if isinstance(f, Polygon) and _within(f)]
    return sorted(kept, key=lambda f: (f.bounds, f.area))


def _within(face: Polygon) -> bool:
    spot = face.representative_point()
    return bool(0 < spot.x < layout.EDGE and 0 < spot.y < layout.EDGE)


def _district(x: float) -> int:
    return int(x > 2020)


def _ring(x: float, y: float) -> str:
    if len(crossings([(x, y), (x, layout.EDGE + 500)], skeleton.RIVER)) == 0:
        return "north"
    return "old" if inside((x, y), skeleton.RING) else "outer"


def _join(
    faces: list[Polygon], count: int, people: list[tuple[Point, float]]
) -> list[tuple[Polygon, ...]]:
    """Join the lightest group with the neighbour it shares most border with, down to ``count``."""
    rings = [_outline(f) for f in faces]
    weight = [sum(n for p, n in people if inside(p, r)) for r in rings]
    groups = {i: [i] for i in range(len(faces))}
    mass = {i: weight[i] + 15 * faces[i].area / 10000 for i in groups}
    borders = _borders(rings)
    while len(groups) > count:
        light = min(groups, key=lambda i: (mass[i], i))
        near = {j: _shared(groups[light], groups[j], borders) for j in groups if j != light}
        best = max(near, key=lambda j: (near[j] > 0, near[j] / (400 + mass[j]), -j))
        groups[best] += groups.pop(light)
        mass[best] += mass.pop(light)
    return [tuple(faces[i] for i in sorted(g)) for g in groups.values()]


def _borders(rings: list[Line]) -> dict[tuple[int, int], float]:
    owners: dict[tuple[Point, ...], list[int]] = defaultdict(list)
    for i, ring in enumerate(rings):
        for a, b in itertools.pairwise(ring):
            owners[tuple(sorted((a, b)))].append(i)
    shared: dict[tuple[int, int], float] = defaultdict(float)
    for piece, who in owners.items():
        if len(who) == 2:
            shared[min(who), max(who)] += lengths(list(piece))[-1]
    return shared


def _shared(one: list[int], two: list[int], borders: dict[tuple[int, int], float]) -> float:
    return sum(borders.get((min(i, j), max(i, j)), 0.0) for i in one for j in two)
