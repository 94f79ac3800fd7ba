"""Residents: one residential point a building, a courtyard cluster or a small compound."""

from __future__ import annotations

from dataclasses import dataclass

from .estates import Compound
from .geometry import Rect
from .names import Name
from .plane import Dice, Point
from .town import City

TOTAL = 60000  # persons with a known place of living
_UNCOUNTED = 5  # points whose residents are not known


@dataclass(slots=True)
class Residence:
    """A residential point on the board; ``residents`` is None where nobody has counted them."""

    id: str
    name: Name
    place: Point
    year: int
    weight: float
    gates: tuple[Point, ...] = ()
    compound: Compound | None = None
    residents: int | None = None
    households: int = 0
    vehicles: int = 0
    elderly: int = 0


def settle(city: City) -> list[Residence]:
    """Return the residential points with residents, households, vehicles and elderly."""
    dice = Dice(3)
    homes = [h for c in city.fabric.compounds for h in _compound(c, dice)]
    for quarter in city.fabric.quarters:
        for yard in quarter.courtyards:
            weight = dice.between(16, 34)
            homes.append(Residence("", yard.name, yard.place, yard.year, weight))
    _count(homes, dice)
    for number, home in enumerate(homes):
        home.id = f"R{number + 1:04d}"
    return homes


def _compound(compound: Compound, dice: Dice) -> list[Residence]:
    """Return a point for every two neighbours, or a single one where nothing inside is mapped."""
    numbered = _number(compound)
    if compound.inner == "none":
        x0, y0, x1, y1 = compound.rect
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        weight = sum(_weight(compound, b, dice) for _, pair in numbered for b in pair)
        gates = tuple(compound.gates)
        home = Residence("", compound.name, middle, compound.year, weight, gates, compound)
        return [home] if numbered else []
    gates = tuple(compound.gates) if compound.inner == "private" else ()
    homes = []
    for number, pair in numbered:
        name = (f"{compound.name[0]}{number}号楼", f"{compound.name[1]} No. {number}")
        x0, y0, x1, y1 = pair[0][0], pair[0][1], pair[-1][2], pair[-1][3]
        weight = sum(_weight(compound, b, dice) for b in pair)
        place = ((x0 + x1) / 2, (y0 + y1) / 2)
        homes.append(Residence("", name, place, compound.year, weight, gates, compound))
    return homes


def _number(compound: Compound) -> list[tuple[str, list[Rect]]]:
    """Return neighbouring buildings by twos, with their house numbers."""
    found, number = [], 1
    for row in compound.rows:
        for k in range(0, len(row), 2):
            pair = row[k : k + 2]
            words = f"{number}-{number + 1}" if len(pair) == 2 else str(number)
            found.append((words, pair))
            number += len(pair)
    return found


def _weight(compound: Compound, building: Rect, dice: Dice) -> float:
    x0, y0, x1, y1 = building
    floors = 6.0  # of six-storey slabs; the new towers are taller but half empty
    return (x1 - x0) * (y1 - y0) * floors * compound.density * dice.between(0.85, 1.15) / 100


def _count(homes: list[Residence], dice: Dice) -> None:
    """Share out the total by weight, whole persons, largest remainders first."""
    known = set(range(len(homes)))
    while len(homes) - len(known) < _UNCOUNTED:
        known.discard(dice.whole(0, len(homes) - 1))
    order = sorted(known)
    total = sum(homes[i].weight for i in order)
    exact = {i: TOTAL * homes[i].weight / total for i in order}
    rest = TOTAL - sum(int(v) for v in exact.values())
    extra = set(sorted(order, key=lambda i: (int(exact[i]) - exact[i], i))[:rest])
    for i in order:
        homes[i].residents = int(exact[i]) + (i in extra)
    for i, home in enumerate(homes):
        _household(home, home.residents or round(TOTAL * home.weight / total), dice)
        if i not in known:
            home.elderly = 0


def _household(home: Residence, residents: int, dice: Dice) -> None:
    old = min(1.0, max(0.0, (2015 - home.year) / 60))
    home.households = max(1, round(residents / dice.between(2.3, 2.8)))
    home.vehicles = round(home.households * dice.between(0.3, 0.5) * (1.5 - 0.9 * old))
    home.elderly = round(residents * (0.09 + 0.2 * old + dice.between(-0.03, 0.03)))
