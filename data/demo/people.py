"""Residents: one residential point a building, a courtyard cluster or a small compound."""

from __future__ import annotations

from dataclasses import dataclass

from .city import City
from .estates import Compound
from .names import Name
from .plane import Dice, Point

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
    floors = 13.0 if compound.use == "towers" else 5.5
    weights = [
        (x1 - x0) * (y1 - y0) * floors * compound.density * dice.between(0.85, 1.15) / 100
        for x0, y0, x1, y1 in compound.buildings
    ]
    if compound.use == "towers":
        weights = [w * 0.42 for w in weights]  # new towers are still half empty
    if compound.inner == "none":
        x0, y0, x1, y1 = compound.rect
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        gates = tuple(compound.gates)
        home = Residence("", compound.name, middle, compound.year, sum(weights), gates, compound)
        return [home] if weights else []
    gates = tuple(compound.gates) if compound.inner == "private" else ()
    homes = []
    for k, ((x0, y0, x1, y1), weight) in enumerate(zip(compound.buildings, weights, strict=True)):
        name = (f"{compound.name[0]}{k + 1}号楼", f"{compound.name[1]} No. {k + 1}")
        place = ((x0 + x1) / 2, (y0 + y1) / 2)
        homes.append(Residence("", name, place, compound.year, weight, gates, compound))
    return homes


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
