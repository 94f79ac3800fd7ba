"""What residents say: 12345 complaints by community and type, satisfaction by community."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

from .areas import Area
from .outlets import TRADES, Outlet
from .people import Residence
from .plane import Dice

_REACH = 450.0  # m; people complain where the nearest outlet is farther
_OPEN = {"正常", "待提升"}


@dataclass(frozen=True, slots=True)
class Complaints:
    """Complaints of a community about a type: received, answered in time, solved, satisfied."""

    community: str
    kind: str
    count: int
    responded: int
    resolved: int
    satisfied: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """Answers of a community: asked, very satisfied, satisfied, indifferent, dissatisfied."""

    community: str
    answers: tuple[int, int, int, int, int]
    wish: str


def _members(communities: list[Area], homes: list[Residence]) -> dict[str, list[Residence]]:
    return {c.id: [h for h in homes if c.holds(h.place)] for c in communities}


def _lack(members: list[Residence], outlets: list[Outlet], names: tuple[str, ...]) -> float:
    """Return the share of persons farther than the reach from an open outlet, as the crow flies."""
    shops = [o.place for o in outlets if o.kind in names and o.status in _OPEN]
    far = total = 0
    for home in members:
        persons = home.residents or 0
        total += persons
        nearest = min(hypot(x - home.place[0], y - home.place[1]) for x, y in shops)
        far += persons * (nearest > _REACH)
    return far / total if total else 0.0


def complain(
    communities: list[Area], homes: list[Residence], outlets: list[Outlet]
) -> list[Complaints]:
    """Return complaints, more where people are many and outlets far; zeros are left out."""
    dice, rows = Dice(50), []
    for community, members in _members(communities, homes).items():
        persons = sum(h.residents or 0 for h in members)
        for trade in TRADES:
            lack = _lack(members, outlets, trade.names)
            count = int(persons / 1000 * (0.8 + 6 * lack) * dice.between(0.3, 1.2))
            if count:
                responded = round(count * dice.between(0.9, 1.0))
                resolved = round(responded * dice.between(0.55, 0.95))
                satisfied = min(responded, round(resolved * dice.between(0.8, 1.05)))
                kind = trade.names[0]
                rows.append(Complaints(community, kind, count, responded, resolved, satisfied))
    return rows


def ask(communities: list[Area], homes: list[Residence], outlets: list[Outlet]) -> list[Opinion]:
    """Return the answers of a sample of each community and the type it wishes for most."""
    dice, rows = Dice(51), []
    for community, members in _members(communities, homes).items():
        lacks = [_lack(members, outlets, t.names) for t in TRADES]
        asked = max(12, round(sum(h.residents or 0 for h in members) * 0.03))
        happy = max(0.25, 0.93 - 0.5 * sum(lacks) / len(lacks) + dice.between(-0.04, 0.04))
        very = round(asked * happy * dice.between(0.35, 0.5))
        fine = round(asked * happy) - very
        poor = round((asked - very - fine) * dice.between(0.3, 0.6))
        answers = (asked, very, fine, asked - very - fine - poor, poor)
        wish = TRADES[max(range(len(lacks)), key=lacks.__getitem__)].names[0]
        rows.append(Opinion(community, answers, wish))
    return rows
