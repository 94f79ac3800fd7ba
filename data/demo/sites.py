"""Premises that could become outlets, and parking lots."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from . import layout
from .geometry import inside
from .names import Name
from .outlets import Outlet, Spot, pull, spots
from .people import Residence
from .plane import Dice, Point
from .skeleton import RING
from .town import City

COUNT = 330
_SMALL = ("便利店", "早餐店", "美容美发", "洗衣店", "快递驿站", "便民维修", "家政服务")
_OWNERS = ("闲置底商", "腾退商铺", "社区用房", "国企自有房", "小区配套房", "临时车棚改造")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A premises on the board: types it may hold ("" = all), m², cost in yuan a year, outlets."""

    id: str
    name: str
    address: str
    place: Point
    types: str
    area: int
    cost: int
    capacity: int


def find(city: City, homes: list[Residence], outlets: list[Outlet]) -> list[Candidate]:
    """Return premises along streets: more where people live, none in a shop that is open."""
    dice = Dice(30)
    places = [s for s in spots(city) if _vacant(s, outlets)]
    weights = [float(w) + 25 for w in pull(places, homes, 150)]
    found: list[Candidate] = []
    while len(found) < COUNT:
        i = dice.weighted(weights)
        found.append(_candidate(len(found) + 1, places[i], dice))
        x, y = places[i].place
        for j, other in enumerate(places):
            if hypot(other.place[0] - x, other.place[1] - y) < 40:
                weights[j] = 0.0
    return found


def _vacant(spot: Spot, outlets: list[Outlet]) -> bool:
    x, y = spot.place
    return all(hypot(o.place[0] - x, o.place[1] - y) > 14 for o in outlets)


def _candidate(number: int, spot: Spot, dice: Dice) -> Candidate:
    large = dice.chance(0.12)
    area = dice.whole(220, 1200) if large else dice.whole(18, 160)
    rent = dice.between(1.6, 3.2) if inside(spot.place, RING) else dice.between(0.8, 1.8)
    return Candidate(
        id=f"H{number:03d}",
        name=f"{spot.address[0]}{dice.pick(_OWNERS)}",
        address=layout.CITY[0] + spot.address[0],
        place=spot.place,
        types=_types(area, dice),
        area=area,
        cost=round(area * rent * 365 / 1000) * 1000,
        capacity=dice.whole(3, 6) if area > 400 else 2 if area > 220 else 1,
    )


def _types(area: int, dice: Dice) -> str:
    if area > 200 or dice.chance(0.3):
        return ""
    words = dice.shuffled(_SMALL)[: dice.whole(2, 5)]
    if area > 60 and dice.chance(0.5):
        words.append("菜市场")
    return ("、" if dice.chance(0.7) else ";").join(words)


@dataclass(frozen=True, slots=True)
class Parking:
    """A parking lot: spaces, the window in which residents may share it, spaces free at night."""

    id: str
    name: Name
    kind: str
    place: Point
    spaces: int
    window: str
    free: int
    price: int | None


_SHARED = {
    "office": ("写字楼", ("18:30-07:30", "18:00-08:00"), (40, 160), 0.75),
    "mall": ("商场", ("22:30-08:30",), (220, 420), 0.8),
    "public": ("公共停车场", ("18:00-08:00", "17:30-07:30", "20:00-07:00"), (30, 140), 0.5),
}


def park(city: City, homes: list[Residence]) -> list[Parking]:
    """Return the lots of compounds, grounds and streets."""
    dice = Dice(40)
    lots = _compound_lots(city, homes, dice)
    for ground in city.fabric.grounds:
        if ground.kind != "farm" and ground.gates:
            kind = {"mall": "mall", "park": "public", "green": "public"}.get(ground.kind, "office")
            lots.append(_shared(len(lots) + 1, ground.name, kind, ground.gates[0], dice))
    for spot in dice.shuffled([s for s in spots(city) if s.lively <= 1.6])[:42]:
        kind = "office" if dice.chance(0.4) else "public"
        lots.append(_shared(len(lots) + 1, spot.address, kind, spot.place, dice))
    return lots


def _shared(number: int, name: Name, kind: str, place: Point, dice: Dice) -> Parking:
    word, windows, (low, high), share = _SHARED[kind]
    spaces = dice.whole(low, high)
    free = round(spaces * share * dice.between(0.5, 1.0))
    title = (f"{name[0]}停车场", f"{name[1]} Parking")
    price = dice.pick((150, 200, 240, 300, 350))
    return Parking(f"P{number:03d}", title, word, place, spaces, dice.pick(windows), free, price)


def _compound_lots(city: City, homes: list[Residence], dice: Dice) -> list[Parking]:
    lots: list[Parking] = []
    for compound in city.fabric.compounds:
        cars = sum(h.vehicles for h in homes if h.compound is compound)
        if not cars:
            continue
        ratio = dice.between(0.9, 1.3) if compound.year >= 2008 else dice.between(0.35, 0.8)
        x0, y0, x1, _ = compound.rect
        name = (f"{compound.name[0]}停车位", f"{compound.name[1]} Parking")
        place = ((x0 + x1) / 2, y0 + 15)
        spaces = max(4, round(cars * ratio))
        lots.append(Parking(f"P{len(lots) + 1:03d}", name, "小区", place, spaces, "", 0, None))
    return lots
