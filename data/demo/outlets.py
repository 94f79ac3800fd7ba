"""Existing outlets of eight types, gathered where people and shopping streets are."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from . import layout
from .geometry import Floats, at, inside, lengths
from .names import SHOPS, Name
from .people import Residence
from .plane import Dice, Point
from .skeleton import RING
from .town import City

SHOPFRONT = 11.0  # m from the middle of the street
_SPACING = 24.0
_LIVELY = {
    "pedestrian": 3.0, "living_street": 1.5, "tertiary": 1.6, "secondary": 1.3, "primary": 1.0,
    "residential": 1.2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """A possible shop front: place on the board, address, how lively its street is."""

    place: Point
    address: Name
    lively: float


@dataclass(frozen=True, slots=True)
class Trade:
    """How outlets of a type appear: number, spacing (m), pull of the centre, sizes, hours."""

    id: str
    names: tuple[str, ...]
    shop: Name
    count: int
    spacing: float
    centre: float
    area: tuple[float, float]
    capacity: tuple[int, int]
    hours: tuple[str, ...]


TRADES = (
    Trade("vegetable", ("菜市场", "蔬菜零售", "生鲜超市"), ("鲜蔬菜店", "Fresh Vegetables"),
          36, 190, 1.1, (60, 900), (60, 400),
          ("06:00-20:00", "6:30-19:30", "05:30-12:00; 15:00-19:00")),
    Trade("convenience", ("便利店", "社区超市"), ("便利店", "Convenience"), 120, 60, 1.2,
          (30, 180), (30, 120), ("24h", "06:30-23:00", "7:00-22:30", "00:00-24:00")),
    Trade("breakfast", ("早餐店", "早点铺"), ("早点", "Breakfast"), 80, 85, 0.9,
          (20, 90), (40, 160), ("06:00-10:00", "5:30-9:30", "6:30-9:30; 16:30-19:00")),
    Trade("housekeeping", ("家政服务",), ("家政", "Home Services"), 9, 300, 2.2,
          (25, 80), (4, 12), ("08:30-18:00", "9:00-17:30")),
    Trade("hair_beauty", ("美容美发", "理发店"), ("美发", "Hair Studio"), 68, 60, 1.15,
          (25, 160), (4, 20), ("10:00-21:30", "9:30-22:00")),
    Trade("laundry", ("洗衣店", "洗染店"), ("洗衣", "Laundry"), 18, 260, 1.3,
          (25, 90), (8, 30), ("08:00-20:00", "9:00-20:30")),
    Trade("parcel", ("快递驿站", "末端配送"), ("驿站", "Parcel Point"), 42, 150, 0.8,
          (20, 90), (40, 150), ("08:00-21:00", "9:00-20:00", "24小时")),
    Trade("repair", ("便民维修",), ("维修铺", "Repairs"), 16, 240, 1.6,
          (8, 40), (3, 10), ("08:30-18:30", "9:00-18:00; 周日休息")),
)  # fmt: skip
STATUS = (("正常", 0.85), ("待提升", 0.08), ("筹建", 0.03), ("停业", 0.04))


@dataclass(frozen=True, slots=True)
class Outlet:
    """An outlet on the board with the words a bureau's table has."""

    id: str
    name: Name
    kind: str
    place: Point
    address: str
    status: str
    area: int | None
    capacity: int | None
    hours: str


def spots(city: City) -> list[Spot]:
    """Return shop fronts along all named streets, on both sides."""
    found = []
    for way in city.draft.ways:
        lively = _LIVELY.get(way.tags.get("highway", ""), 0.0)
        if not lively or way.level or "name" not in way.tags:
            continue
        total = lengths(way.line)[-1]
        for k in range(1, int(total / _SPACING)):
            mark = k * _SPACING
            (ax, ay), (bx, by) = at(way.line, mark - 1), at(way.line, mark + 1)
            norm = hypot(bx - ax, by - ay)
            for side in (-1, 1):
                shift = side * (SHOPFRONT if way.tags["highway"] != "living_street" else 6.0)
                place = ((ax + bx - (by - ay) / norm * shift * 2) / 2,
                         (ay + by + (bx - ax) / norm * shift * 2) / 2)  # fmt: skip
                number = 2 * k + (side > 0)
                address = (f"{way.tags['name']}{number}号", f"{number} {way.tags['name:en']}")
                found.append(Spot(place, address, lively))
    return found


def pull(places: list[Spot], homes: list[Residence], radius: float = 50.0) -> Floats:
    """Return persons around each spot, fading with distance, shape (n,)."""
    doors = [_doors(h) for h in homes]
    at_home = np.array([d for found in doors for d in found])
    persons = np.array(
        [(h.residents or 0) / len(d) for h, d in zip(homes, doors, strict=True) for _ in d]
    )
    near = np.zeros(len(places))
    for i, spot in enumerate(places):
        square = ((at_home - np.array(spot.place)) ** 2).sum(axis=1)
        near[i] = float((persons * np.exp(-square / (2 * radius**2))).sum())
    return near


def _doors(home: Residence) -> list[Point]:
    """Return where people leave their compound: its gates, else their own door."""
    return list(home.compound.gates) if home.compound else [home.place]


def centrality(place: Point) -> float:
    """Return 1 in the middle of the old city, less beyond the ring road."""
    away = hypot(place[0] - 1850, place[1] - 1850)
    return float(np.exp(-((away / 1500) ** 2))) * (1.0 if inside(place, RING) else 0.55)


def open_shops(city: City, homes: list[Residence]) -> list[Outlet]:
    """Return all outlets."""
    places = spots(city)
    people = pull(places, homes)
    centre = np.array([centrality(s.place) for s in places])
    lively = np.array([s.lively for s in places])
    outlets: list[Outlet] = []
    taken: set[int] = set()
    for number, trade in enumerate(TRADES):
        dice = Dice(10 + number)
        weights = (people + 8) * lively * centre**trade.centre
        for i in _choose(places, weights, trade, taken, dice):
            outlets.append(_outlet(len(outlets) + 1, trade, places[i], dice))
    return outlets


def _choose(
    places: list[Spot], weights: Floats, trade: Trade, taken: set[int], dice: Dice
) -> list[int]:
    chance = [0.0 if i in taken else float(w) for i, w in enumerate(weights)]
    chosen: list[int] = []
    while len(chosen) < trade.count and sum(chance) > 0:
        i = dice.weighted(chance)
        chosen.append(i)
        taken.add(i)
        x, y = places[i].place
        for j, other in enumerate(places):
            if chance[j] and hypot(other.place[0] - x, other.place[1] - y) < trade.spacing:
                chance[j] = 0.0
    return chosen


def _outlet(number: int, trade: Trade, spot: Spot, dice: Dice) -> Outlet:
    shop, words = dice.pick(SHOPS), trade.shop
    status = STATUS[dice.weighted([share for _, share in STATUS])][0]
    low, high = trade.area
    area = round(low + (high - low) * dice.unit() ** 2)
    capacity = dice.whole(*trade.capacity)
    return Outlet(
        id=f"W{number:04d}",
        name=(shop[0] + words[0], f"{shop[1]} {words[1]}"),
        kind=trade.names[0] if dice.chance(0.55) else dice.pick(trade.names[-2:]),
        place=(spot.place[0] + dice.between(-2, 2), spot.place[1] + dice.between(-2, 2)),
        address=layout.CITY[0] + spot.address[0],
        status=status,
        area=area if dice.chance(0.93) else None,
        capacity=capacity if dice.chance(0.8) else None,
        hours=dice.pick(trade.hours) if dice.chance(0.87) else "",
    )
