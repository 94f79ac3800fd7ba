"""What is not housing: parks, campus, hospital, offices, shopping centre, works, fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi, sin

from . import layout
from .estates import OUTWARD, fit
from .geometry import Rect, between, box, crossings, densify, offset, shrink, spline
from .names import Name
from .plane import Dice, Line, Point
from .skeleton import RIVER
from .ways import Draft

NAMES: dict[str, list[Name]] = {
    "park": [("人民公园", "Renmin Park")],
    "green": [
        ("文庙绿地", "Wenmiao Green"), ("北渡口袋公园", "Beidu Pocket Park"),
        ("书香公园", "Shuxiang Park"), ("澄河湿地公园", "Cheng River Wetland Park"),
    ],
    "civic": [("市民中心", "Civic Centre")],
    "hospital": [("澄河市人民医院", "Chenghe People's Hospital")],
    "campus": [("澄河学院", "Chenghe College")],
    "mall": [("澄悦广场", "Chengyue Plaza")],
    "factory": [
        ("西郊仓库", "West Depot"), ("北环批发市场", "Beihuan Wholesale Market"),
        ("云帆产业园", "Yunfan Industrial Park"), ("澄河棉纺厂", "Chenghe Cotton Mill"),
        ("麦田物流园", "Maitian Logistics Park"),
    ],
    "farm": [("农田", "Fields")],
}  # fmt: skip


@dataclass(slots=True)
class Ground:
    """A piece of land drawn on the map; ``gates`` are its entrances, ``buildings`` its roofs."""

    kind: str
    name: Name
    ring: Line
    buildings: list[Rect] = field(default_factory=list)
    gates: list[Point] = field(default_factory=list)
    lake: Line = field(default_factory=list)


class Grounds:
    """Hands out the names of grounds in the order of the plan."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def build(self, block: layout.Block, draft: Draft, dice: Dice) -> Ground | None:
        """Return the ground of a block; adds its paths and gates to the draft."""
        rect = fit(shrink(block.rect, 18.0))
        if rect is None:
            return None
        turn = self._given.get(block.use, 0)
        self._given[block.use] = turn + 1
        names = NAMES[block.use]
        ground = Ground(block.use, names[turn % len(names)], box(rect))
        if block.use != "farm":
            _furnish(ground, rect, draft, dice)
        return ground


def _furnish(ground: Ground, rect: Rect, draft: Draft, dice: Dice) -> None:
    if ground.kind in {"park", "green"}:
        _paths(ground, rect, draft, dice)
    elif ground.kind == "mall":
        _mall(ground, rect, draft)
    else:
        _yard(ground, rect, draft, dice)


def _entrances(ground: Ground, rect: Rect, draft: Draft, inward: float, dice: Dice) -> list[Point]:
    """Open a gate on every side that has a street; return where its way ends inside."""
    x0, y0, x1, y1 = rect
    cx, cy = x0 + (x1 - x0) * dice.between(0.4, 0.6), y0 + (y1 - y0) * dice.between(0.4, 0.6)
    inner = []
    for side, gate in {"s": (cx, y0), "e": (x1, cy), "n": (cx, y1), "w": (x0, cy)}.items():
        out = OUTWARD[side]
        street = draft.reach(gate, out, 40)
        if street is None:
            continue
        end = (gate[0] - out[0] * inward, gate[1] - out[1] * inward)
        kind = "footway" if ground.kind in {"park", "green"} else "service"
        draft.add([end, gate, street], {"highway": kind})
        if kind == "service":
            draft.points[gate] = {"barrier": "gate"}
        ground.gates.append(gate)
        inner.append(end)
    return inner


def _paths(ground: Ground, rect: Rect, draft: Draft, dice: Dice) -> None:
    """Draw a winding ring path, a lake in the large park, and ways in from the gates."""
    x0, y0, x1, y1 = rect
    cx, cy, rx, ry = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) * 0.36, (y1 - y0) * 0.36
    ring = _wavy(cx, cy, rx, ry, dice)
    draft.add(ring, {"highway": "path" if ground.kind == "green" else "footway"})
    if ground.kind == "park":
        ground.lake = _wavy(cx - 15, cy + 10, rx * 0.72, ry * 0.7, dice)
    inner = _entrances(ground, rect, draft, 4, dice)
    for gate in inner:
        nearest = min(ring, key=lambda p: (p[0] - gate[0]) ** 2 + (p[1] - gate[1]) ** 2)
        bend = ((gate[0] + nearest[0]) / 2 + dice.between(-12, 12), (gate[1] + nearest[1]) / 2)
        draft.add(spline([gate, bend, nearest], 15), {"highway": "footway"})


def _wavy(cx: float, cy: float, rx: float, ry: float, dice: Dice) -> Line:
    swing, turn = dice.between(0.06, 0.12), dice.between(0, 6)
    points = []
    for k in range(28):
        a = 2 * pi * k / 28
        r = 1 + swing * sin(3 * a + turn) + 0.05 * sin(5 * a - turn)
        points.append((cx + rx * r * cos(a), cy + ry * r * sin(a)))
    return [*points, points[0]]


def _mall(ground: Ground, rect: Rect, draft: Draft) -> None:
    """Draw the shopping centre: a pedestrian cross between four large buildings."""
    x0, y0, x1, y1 = rect
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    name = {"name": "澄悦步行街", "name:en": "Chengyue Pedestrian Street"}
    for a, b in (((x0, cy), (x1, cy)), ((cx, y0), (cx, y1))):
        way = (b[0] - a[0], b[1] - a[1])
        start = draft.reach(a, (-way[0], -way[1]), 45) or a
        stop = draft.reach(b, way, 45) or b
        draft.add([start, (cx, cy), stop], {"highway": "pedestrian", **name}, street=True)
        ground.gates += [a, b]
    for bx0, bx1 in ((x0 + 10, cx - 16), (cx + 16, x1 - 10)):
        for by0, by1 in ((y0 + 10, cy - 16), (cy + 16, y1 - 10)):
            ground.buildings.append((bx0, by0, bx1, by1))


def _yard(ground: Ground, rect: Rect, draft: Draft, dice: Dice) -> None:
    """Draw a walled yard: campus, hospital, offices or works with a loop, rows and large roofs."""
    x0, y0, x1, y1 = shrink(rect, 22.0)
    works = ground.kind == "factory"
    closed = {"access": "private"} if works else {}
    draft.add([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], {"highway": "service", **closed})
    _entrances(ground, rect, draft, 22.0, dice)
    rows = max(1, round((y1 - y0) / (105 if works else 88)))
    pitch = (y1 - y0) / rows
    for r in range(1, rows):
        y = y0 + r * pitch
        kind = "service" if works or r % 2 else "footway"
        draft.add([(x0, y), (x1, y)], {"highway": kind, **closed})
    for r in range(rows):
        _large_roofs(ground, (x0 + 16, x1 - 16), y0 + (r + 0.5) * pitch, pitch, dice)


def _large_roofs(
    ground: Ground, span: tuple[float, float], y: float, pitch: float, dice: Dice
) -> None:
    x = span[0]
    while span[1] - x > 40:
        wide = min(dice.between(50, 110), span[1] - x)
        deep = pitch * dice.between(0.32, 0.6) / 2
        ground.buildings.append((x, y - deep, x + wide, y + deep))
        x += wide + dice.between(16, 26)


def river_banks() -> tuple[Line, Line]:
    """Return the rings of the river's water and of the green strip along it."""
    return _strip(layout.RIVER_HALF, wavy=True), _strip(layout.RIVERSIDE + 16, wavy=False)


def _strip(half: float, *, wavy: bool) -> Line:
    edges = [crossings(RIVER, [(x, 0.0), (x, layout.EDGE)])[0] for x in (0.0, layout.EDGE)]
    line = densify(between(RIVER, edges[0], edges[1]), 45)
    left, right = [], []
    for i, (a, b) in enumerate(zip(offset(line, half), offset(line, -half), strict=True)):
        swell = 1 + (0.09 * sin(i * 0.4) + 0.04 * sin(i * 0.95) if wavy else 0)
        centre = line[i]
        left.append(
            (centre[0] + (a[0] - centre[0]) * swell, centre[1] + (a[1] - centre[1]) * swell)
        )
        right.append(
            (centre[0] + (b[0] - centre[0]) * swell, centre[1] + (b[1] - centre[1]) * swell)
        )
    return [*left, *right[::-1], left[0]]
