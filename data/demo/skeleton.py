"""The bones of the city: ring road, river, railway, main roads and their few crossings."""

from __future__ import annotations

from math import hypot

from . import layout
from .geometry import at, between, crossings, densify, lengths, offset
from .plane import Line, Point
from .ways import Break, Draft, Tags, cut, structure

RING, RIVER, RAIL = layout.ring(), layout.river(), layout.rail()
OUTER, INNER = offset(RING, -layout.FRONTAGE), offset(RING, layout.FRONTAGE)
SOUTH_BANK, NORTH_BANK = offset(RIVER, -layout.RIVERSIDE), offset(RIVER, layout.RIVERSIDE)
RING_TAGS = {"name": "环城路", "name:en": "Huancheng Ring Road"}


def draw() -> Draft:
    """Return the draft with everything that is not inside a block."""
    draft = Draft()
    _draw_ring(draft)
    _draw_water_and_rail(draft)
    for road in layout.ROADS:
        _draw_road(draft, road)
    _draw_foot_crossings(draft)
    _draw_riverside(draft)
    return draft


def _side(point: Point) -> str:
    x0, y0, x1, y1 = layout.RING_BOX
    gaps = {"w": point[0] - x0, "e": x1 - point[0], "s": point[1] - y0, "n": y1 - point[1]}
    return min(gaps, key=lambda k: abs(gaps[k]))


def _ring_breaks(line: Line, over: frozenset[str]) -> list[Break]:
    """Return the underpasses of a line below the ring, or the gaps between the side roads."""
    sides = sorted(crossings(line, OUTER) + crossings(line, INNER))
    breaks = []
    for mark in crossings(line, RING):
        if f"ring-{_side(at(line, mark))}" in over:
            breaks.append(Break(mark - 23, mark + 23, "tunnel"))
            continue
        low = max((s for s in sides if s <= mark), default=0.0)
        high = min((s for s in sides if s >= mark), default=lengths(line)[-1])
        breaks.append(Break(low, high, "gap"))
    return breaks


def _river_breaks(road: layout.Road) -> list[Break]:
    breaks = []
    banks = crossings(road.points, SOUTH_BANK) + crossings(road.points, NORTH_BANK)
    for mark in crossings(road.points, RIVER):
        near = sorted(b for b in banks if abs(b - mark) < 120)
        if "river" in road.over:
            breaks.append(Break(near[0] + 6, near[-1] - 6, "bridge"))
        else:
            far = near[-1] if len(near) > 1 else lengths(road.points)[-1]
            breaks.append(Break(near[0], far, "gap"))
    return breaks


def _rail_breaks(road: layout.Road) -> list[Break]:
    marks = crossings(road.points, RAIL)
    if "rail-level" in road.over:
        return []
    kind = "tunnel" if "rail" in road.over else "gap"
    return [Break(mark - 16, mark + 16, kind) for mark in marks]


def _road_tags(road: layout.Road) -> Tags:
    tags = {"highway": road.kind, "name": road.name, "name:en": road.name_en}
    if road.kind in {"primary", "secondary"}:
        tags["sidewalk"] = "both"
    return tags


def _draw_road(draft: Draft, road: layout.Road) -> None:
    breaks = _ring_breaks(road.points, road.over) + _river_breaks(road) + _rail_breaks(road)
    for line, kind in cut(road.points, breaks):
        extra, level = structure(kind)
        draft.add(line, _road_tags(road) | extra, level, street=True)


def carriageways() -> tuple[Line, Line]:
    """Return the two carriageways of the ring road, each in its direction of travel."""
    return offset(RING, -layout.CARRIAGEWAY), offset(RING, layout.CARRIAGEWAY)[::-1]


def _draw_ring(draft: Draft) -> None:
    trunk = {"highway": "trunk", "oneway": "yes", "foot": "no", **RING_TAGS}
    for line in carriageways():
        breaks = [Break(s - 42, s + 42, "bridge") for s in crossings(line, RIVER)]
        for piece, kind in cut(line, breaks):
            extra, level = structure(kind)
            draft.add(piece, trunk | extra, level)
    name = {"name": "环城辅路", "name:en": "Huancheng Side Road"}
    side = {"highway": "tertiary", "oneway": "yes", "sidewalk": "both", **name}
    for line in (OUTER, INNER[::-1]):
        banks = crossings(line, SOUTH_BANK) + crossings(line, NORTH_BANK)
        breaks = [_bank_gap(banks, s) for s in crossings(line, RIVER)]
        for piece, _ in cut(line, breaks):
            draft.add(piece, side, street=True)
    _draw_links(draft)


def _bank_gap(banks: list[float], mark: float) -> Break:
    near = [b for b in banks if abs(b - mark) < 110]
    return Break(min(near), max(near), "gap")


def _draw_links(draft: Draft) -> None:
    tags = {"highway": "trunk_link", "oneway": "yes", "foot": "no"}
    total = lengths(RING)[-1]
    water = crossings(RING, RIVER)
    for k in range(10):
        mark = (k + 0.35) * total / 10
        if min(abs(mark - w) for w in water) < 220 or mark + 110 > total:
            continue
        for side, start, stop in ((-1, mark, mark + 85), (1, mark + 85, mark)):
            inner, outer = (
                offset(RING, side * layout.CARRIAGEWAY),
                offset(RING, side * layout.FRONTAGE),
            )
            draft.add([_abreast(inner, start), _abreast(outer, stop)], tags)


def _abreast(line: Line, mark: float) -> Point:
    """Return the point of a line parallel to the ring that lies beside ``mark`` metres along it."""
    return at(line, mark / lengths(RING)[-1] * lengths(line)[-1])


def _draw_water_and_rail(draft: Draft) -> None:
    water = {"waterway": "river", "name": "澄河", "name:en": "Cheng River"}
    draft.add(RIVER, water, -5)
    rail = {"railway": "rail", "name": "澄津铁路", "name:en": "Chengjin Railway"}
    draft.add(RAIL, rail)
    crossing = next(r for r in layout.ROADS if "rail-level" in r.over)
    spot = at(crossing.points, crossings(crossing.points, RAIL)[0])
    draft.points[spot] = {"railway": "level_crossing"}


def _draw_foot_crossings(draft: Draft) -> None:
    """Draw footbridges and underpasses: stairs at both ends, a deck or a tube between them."""
    for kind, a, b in (*layout.FOOT_CROSSINGS, layout.RAIL_FOOT):
        steep = {"highway": "steps"} | structure(kind)[0]
        start = draft.reach(_beyond(b, a, -30), (a[0] - b[0], a[1] - b[1]), 160) or a
        stop = draft.reach(_beyond(a, b, -30), (b[0] - a[0], b[1] - a[1]), 160) or b
        line = [start, stop]
        draft.points.update({start: {}, stop: {}})  # the stairs reach the street's own level here
        total = lengths(line)[-1]
        level = structure(kind)[1] * 3  # over or under roads that have a level of their own
        deck = {"highway": "footway"} | structure(kind)[0]
        draft.add(between(line, 0, 9), steep, level)
        draft.add(between(line, 9, total - 9), deck, level)
        draft.add(between(line, total - 9, total), steep, level)
    _, a, b = layout.RIVER_FOOT
    name = {"name": "文庙步行桥", "name:en": "Wenmiao Footbridge"}
    draft.add([a, b], {"highway": "footway", **name} | structure("bridge")[0], 3)


def _beyond(a: Point, b: Point, by: float) -> Point:
    """Return the point ``by`` metres beyond b on the line from a to b (before it if negative)."""
    norm = hypot(b[0] - a[0], b[1] - a[1])
    return b[0] + (b[0] - a[0]) / norm * by, b[1] + (b[1] - a[1]) / norm * by


def _draw_riverside(draft: Draft) -> None:
    names = {
        "S": ("澄河南岸步道", "Cheng River South Walk"),
        "N": ("澄河北岸步道", "Cheng River North Walk"),
    }
    for key, line in (("S", SOUTH_BANK), ("N", NORTH_BANK)):
        name, name_en = names[key]
        tags = {"highway": "footway", "name": name, "name:en": name_en}
        dense = densify(line, 60)
        breaks = _ring_breaks(dense, frozenset({"ring-e"} if key == "S" else ()))
        for piece, kind in cut(dense, breaks):
            extra, level = structure(kind)
            draft.add(piece, tags | extra, level)
