"""Gated housing estates: blocks cut into walled compounds with gates, inner ways and buildings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import layout, skeleton
from .geometry import Floats, Rect, distance, samples, shrink
from .names import ROADS, Name, Register
from .plane import Dice, Point
from .ways import Draft, Tags

MIN_SIDE = 62.0  # m; a smaller remnant stays green
OUTWARD: dict[str, Point] = {"s": (0, -1), "e": (1, 0), "n": (0, 1), "w": (-1, 0)}
_CURVED = [r for r in layout.ROADS if r.name in {"铁北路", "迎宾大道"}]


@dataclass(slots=True)
class Compound:
    """A walled piece of a block.

    ``inner`` tells how its own ways are mapped: ``open`` (walkable through the gates),
    ``private`` (mapped but closed to walkers' data) or ``none``.
    """

    name: Name
    rect: Rect
    use: str
    year: int
    density: float
    inner: str = "open"
    gates: list[Point] = field(default_factory=list)
    rows: list[list[Rect]] = field(default_factory=list)

    @property
    def buildings(self) -> list[Rect]:
        """All buildings, row by row."""
        return [b for row in self.rows for b in row]


def clear(points: Floats) -> NDArray[np.bool_]:
    """Tell which points, shape (n, 2), keep their distance from ring, river and railway."""
    free: NDArray[np.bool_] = distance(points, skeleton.RING) >= layout.FRONTAGE + 14
    free &= distance(points, skeleton.RIVER) >= layout.RIVERSIDE + 22
    free &= distance(points, skeleton.RAIL) >= 30
    for road in _CURVED:
        free &= distance(points, road.points) >= 17
    x, y = points.T
    free &= (x >= 8) & (y >= 8) & (x <= layout.EDGE - 8) & (y <= layout.EDGE - 8)
    return free


def fit(rect: Rect) -> Rect | None:
    """Return the rectangle cut back until all of it is clear; None if too little is left."""
    step = 8.0
    while rect[2] - rect[0] >= MIN_SIDE and rect[3] - rect[1] >= MIN_SIDE:
        points = samples(rect, 18)
        bad = points[~clear(points)]
        if not len(bad):
            return rect
        x0, y0, x1, y1 = rect
        options = [(x0 + step, y0, x1, y1), (x0, y0 + step, x1, y1)]
        options += [(x0, y0, x1 - step, y1), (x0, y0, x1, y1 - step)]
        rect = max(options, key=lambda r: _removed(bad, r) / _lost(rect, r))
    return None


def _removed(bad: Floats, rect: Rect) -> int:
    x, y = bad.T
    return int(((x < rect[0]) | (x > rect[2]) | (y < rect[1]) | (y > rect[3])).sum())


def _lost(before: Rect, after: Rect) -> float:
    return _area(before) - _area(after)


def _area(rect: Rect) -> float:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def build(block: layout.Block, draft: Draft, names: Register, dice: Dice) -> list[Compound]:
    """Return the compounds of a block; adds its inner streets, gates and ways to the draft."""
    streets = block.use != "super"
    area = {"super": 72000.0, "towers": 42000.0}.get(block.use, 30000.0)
    rects = _divide(shrink(block.rect, 19.0), area, draft, names, dice, streets=streets)
    compounds = []
    for rect in rects:
        fitted = fit(rect)
        if fitted is not None:
            compounds.append(_compound(fitted, block, names, dice))
    for compound in compounds:
        finish(compound, draft, dice)
    return [c for c in compounds if c.gates]


def finish(compound: Compound, draft: Draft, dice: Dice) -> None:
    """Give a compound its gates and, if it has any, its ways and buildings."""
    _open_gates(compound, draft, dice)
    if compound.gates:
        _build_up(compound, draft, dice)


def _divide(
    rect: Rect, area: float, draft: Draft, names: Register, dice: Dice, *, streets: bool
) -> list[Rect]:
    """Cut a rectangle in two until the pieces are small; the first cut may become a street."""
    x0, y0, x1, y1 = rect
    wide, high = x1 - x0, y1 - y0
    if wide * high < area * 1.35 or (min(wide, high) < 85 and max(wide, high) < 230):
        return [rect]
    street = streets and dice.chance(0.72)
    gap, share = (9.0 if street else 2.5), dice.between(0.42, 0.58)
    if wide >= high:
        at = x0 + wide * share
        halves: list[Rect] = [(x0, y0, at - gap, y1), (at + gap, y0, x1, y1)]
        ends: tuple[Point, Point] = ((at, y0), (at + dice.between(-5, 5), y1))
    else:
        at = y0 + high * share
        halves = [(x0, y0, x1, at - gap), (x0, at + gap, x1, y1)]
        ends = ((x0, at), (x1, at + dice.between(-5, 5)))
    if street:
        _draw_street(ends, draft, names, dice)
    return [r for half in halves for r in _divide(half, area, draft, names, dice, streets=street)]


def _draw_street(ends: tuple[Point, Point], draft: Draft, names: Register, dice: Dice) -> None:
    """Draw a small street through a block; where a barrier cuts it off it is a dead end."""
    (ax, ay), (bx, by) = ends
    points = np.linspace(ends[0], ends[1], 25)
    free = np.flatnonzero(clear(points))
    if len(free) < 8 or free[-1] - free[0] + 1 != len(free):
        return
    first, last = points[free[0]], points[free[-1]]
    a, b = (float(first[0]), float(first[1])), (float(last[0]), float(last[1]))
    start = draft.reach(a, (ax - bx, ay - by), 62)
    stop = draft.reach(b, (bx - ax, by - ay), 62)
    if start is None and stop is None:
        return
    wide = dice.chance(0.3)
    kind = "tertiary" if wide and start and stop else "residential"
    name = names.next_of(ROADS, "路" if wide else "巷", "Road" if wide else "Lane")
    tags = {"highway": kind, "name": name[0], "name:en": name[1]}
    if dice.chance(0.2):
        tags["oneway"] = "yes"
    draft.add([start or a, stop or b], tags, street=True)


def _compound(rect: Rect, block: layout.Block, names: Register, dice: Dice) -> Compound:
    year = min(2023, block.age + dice.whole(-4, 5))
    draw = dice.unit()
    inner = "open" if draw < 0.55 else "private" if draw < 0.85 else "none"
    if _area(rect) < 12000 and dice.chance(0.6):
        inner = "none"
    use = "towers" if year >= 2009 else "slabs"
    density = block.density * dice.between(0.8, 1.2)
    return Compound(names.compound(year), rect, use, year, density, inner)


def _open_gates(compound: Compound, draft: Draft, dice: Dice) -> None:
    """Open one to three gates to the streets a short walk outside the wall."""
    wanted = 1 if _area(compound.rect) < 9000 else dice.whole(2, 3)
    if _area(compound.rect) > 30000:
        wanted = 3
    for side in dice.shuffled(list(OUTWARD)):
        if len(compound.gates) < wanted:
            _open_gate(compound, side, 36.0, draft, dice)
    for side in dice.shuffled(list(OUTWARD)):
        if not compound.gates:
            _open_gate(compound, side, 130.0, draft, dice)


def _open_gate(compound: Compound, side: str, limit: float, draft: Draft, dice: Dice) -> None:
    x0, y0, x1, y1 = compound.rect
    share = dice.between(0.25, 0.75)
    gate = {
        "s": (x0 + (x1 - x0) * share, y0), "n": (x0 + (x1 - x0) * share, y1),
        "w": (x0, y0 + (y1 - y0) * share), "e": (x1, y0 + (y1 - y0) * share),
    }[side]  # fmt: skip
    street = draft.reach(gate, OUTWARD[side], limit)
    if street is None:
        return
    out = OUTWARD[side]
    start = (gate[0] - out[0] * 11, gate[1] - out[1] * 11)
    if compound.inner == "none":
        start = (gate[0] - out[0] * 6, gate[1] - out[1] * 6)
    draft.add([start, gate, street], {"highway": "service"})
    draft.points[gate] = {"barrier": "gate"}
    compound.gates.append(gate)


def _build_up(compound: Compound, draft: Draft, dice: Dice) -> None:
    """Place buildings in rows that face south, and the ways between them."""
    x0, y0, x1, y1 = shrink(compound.rect, 11.0)
    closed: Tags = {"access": "private"} if compound.inner == "private" else {}
    if compound.inner != "none":
        loop = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        draft.add(loop, {"highway": "service", **closed})
    towers = compound.use == "towers"
    pitch, depth = (52.0, 20.0) if towers else (35.0, 13.0)
    rows = max(1, int((y1 - y0 - 2) / pitch))
    pitch = (y1 - y0) / rows
    for r in range(rows):
        middle = y0 + (r + 0.5) * pitch
        if r and compound.inner != "none" and (rows < 3 or r % 2 == 0):
            y = y0 + r * pitch
            draft.add([(x0, y), (x1, y)], {"highway": "footway", **closed})
        _place_row(compound, (x0 + 7, x1 - 7), middle, depth, dice)


def _place_row(
    compound: Compound, span: tuple[float, float], y: float, depth: float, dice: Dice
) -> None:
    wide = 27.0 if compound.use == "towers" else dice.between(44, 62)
    gap = 24.0 if compound.use == "towers" else 12.0
    count = max(1, int((span[1] - span[0] + gap) / (wide + gap)))
    row: list[Rect] = []
    wide = min(wide, span[1] - span[0])
    spare = (span[1] - span[0] - count * wide) / count
    for k in range(count):
        x = span[0] + spare / 2 + k * (wide + spare)
        if dice.chance(0.94):
            lift = dice.between(-2, 2)
            row.append((x, y - depth / 2 + lift, x + wide, y + depth / 2 + lift))
    if row:
        compound.rows.append(row)
