"""Old quarters: hutong with their fine lanes and the villages the city has swallowed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from . import layout
from .estates import clear
from .geometry import Rect, crossings, samples
from .names import LANES, Name, Register
from .plane import Dice, Line, Point
from .ways import Draft

_DIAGONAL = layout.DIAGONAL.points


@dataclass(frozen=True, slots=True)
class Courtyard:
    """A cluster of courtyards on a lane."""

    name: Name
    place: Point
    year: int


@dataclass(frozen=True, slots=True)
class Quarter:
    """Courtyards (residential points) and roofs (drawing) of an old quarter."""

    courtyards: list[Courtyard]
    roofs: list[Rect]
    name: Name


def build(block: layout.Block, draft: Draft, names: Register, dice: Dice) -> Quarter:
    """Return an old quarter; adds its lanes to the draft."""
    village = block.use == "village"
    _, y0, _, y1 = block.rect
    pitch = 52.0 if village else 59.0
    rows = round((y1 - y0) / pitch)
    heights = [y0 + (y1 - y0) * (r + dice.between(-0.12, 0.12)) / rows for r in range(1, rows)]
    courtyards: list[Courtyard] = []
    for y in heights:
        courtyards += _lane(block, y, draft, names, dice)
    alleys = _alleys(block, [y0, *heights, y1], draft, dice)
    roofs = _roofs(block, [y0, *heights, y1], [_DIAGONAL, *alleys], dice)
    quarter = ("平川村", "Pingchuan Village") if village else ("钟楼胡同区", "Bell Tower Hutongs")
    return Quarter(courtyards, roofs, quarter)


def _lane(
    block: layout.Block, y: float, draft: Draft, names: Register, dice: Dice
) -> list[Courtyard]:
    """Draw one wavering lane, here and there broken off; return its courtyards."""
    x0, _, x1, _ = block.rect
    village = block.use == "village"
    if village:
        word = names.next_of(LANES, "街", "Village Street")
    else:
        word = names.next_of(LANES, "胡同", "Hutong")
    line: Line = [(x0, y)]
    x = x0
    while x1 - x > 95:
        x += dice.between(45, 85)
        line.append((x, y + dice.between(-9, 9) * (1.3 if village else 1)))
    line.append((x1, y))
    if not min(abs(x0), abs(x1 - layout.EDGE)) > 20:
        line = line[:-1] if x1 >= layout.EDGE else line[1:]
    if dice.chance(0.3):
        line = line[:-1] if dice.chance(0.5) else line[1:]  # a blind lane
    kind = dice.pick(("living_street", "residential", "footway", "living_street"))
    tags = {"highway": kind, "name": word[0], "name:en": word[1]}
    if kind == "residential" and dice.chance(0.5):
        tags["oneway"] = "yes"
    draft.add(line, tags, street=True)
    return _courtyards(block, line, word, dice)


def _courtyards(block: layout.Block, line: Line, word: Name, dice: Dice) -> list[Courtyard]:
    found = []
    for i, (a, b) in enumerate(itertools.pairwise(line)):
        side = 1 if dice.chance(0.6) else -1
        share = dice.between(0.3, 0.7)
        place = (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share + side * 14)
        number = 2 * i + 1 + (side > 0)
        name = (f"{word[0]}{number}号院", f"{number} {word[1]}")
        found.append(Courtyard(name, place, block.age + dice.whole(-10, 30)))
    return found


def _alleys(block: layout.Block, heights: list[float], draft: Draft, dice: Dice) -> list[Line]:
    """Draw the short alleys between lanes, staggered, some of them blind; return them."""
    x0, _, x1, _ = block.rect
    drawn: list[Line] = []
    pitch = 95.0 if block.use == "village" else 150.0
    for low, high in itertools.pairwise(heights):
        count = max(1, round((x1 - x0) / pitch))
        for k in range(count):
            x = x0 + (x1 - x0) * (k + dice.between(0.25, 0.75)) / count
            if dice.chance(0.2) or not clear(samples((x, low + 8, x + 1, high - 8))).all():
                continue
            middle = (x + dice.between(-6, 6), (low + high) / 2)
            end = draft.reach(middle, (dice.between(-0.15, 0.15), 1), high - low)
            start = draft.reach(middle, (dice.between(-0.15, 0.15), -1), high - low)
            if start is None and end is None:
                continue
            blind = dice.chance(0.12)
            line = [p for p in (start, middle, None if blind else end) if p is not None]
            if len(line) > 1:
                draft.add(line, {"highway": "footway"})
                drawn.append(line)
    return drawn


def _roofs(block: layout.Block, heights: list[float], ways: list[Line], dice: Dice) -> list[Rect]:
    """Return two rows of low houses between each pair of lanes, clear of the ways given."""
    x0, _, x1, _ = block.rect
    roofs: list[Rect] = []
    for low, high in itertools.pairwise(heights):
        middle, deep = (low + high) / 2, (high - low) / 2 - 13
        if deep < 8:
            continue
        for base in (middle - deep - 1, middle + 1):
            x = x0 + 16 + dice.between(0, 6)
            while x < x1 - 40:
                wide = dice.between(15, 30)
                house = (x, base, x + wide, base + deep)
                if dice.chance(0.93) and _stands_free(house, ways):
                    roofs.append(house)
                x += wide + dice.between(2.5, 6)
    return roofs


def _stands_free(rect: Rect, ways: list[Line]) -> bool:
    x0, y0, x1, y1 = rect
    if abs((x0 + x1) / 2 - 1600) < 24:
        return False
    slants: list[Line] = [
        [(x0 - 3, y0 - 3), (x1 + 3, y1 + 3)],
        [(x0 - 3, y1 + 3), (x1 + 3, y0 - 3)],
    ]
    if any(crossings(slant, way) for slant in slants for way in ways):
        return False
    return bool(clear(samples(rect, 20)).all())
