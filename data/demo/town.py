"""The whole city put together: streets, housing, grounds."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import estates, grounds, lanes, layout, skeleton
from .names import Register
from .noding import Network, node
from .plane import Dice
from .ways import Draft

HOUSING = {"slabs", "super", "towers"}
OLD = {"hutong", "village"}


@dataclass(slots=True)
class Fabric:
    """What stands in the blocks."""

    compounds: list[estates.Compound] = field(default_factory=list)
    quarters: list[lanes.Quarter] = field(default_factory=list)
    grounds: list[grounds.Ground] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class City:
    """The drawn city: its fabric, the draft of its ways and the network made of them."""

    fabric: Fabric
    draft: Draft
    network: Network


def build() -> City:
    """Return the city; the same one every time."""
    draft, fabric = skeleton.draw(), Fabric()
    names, namer = Register(Dice(1)), grounds.Grounds()
    _draw_diagonal(draft)
    for number, block in enumerate(layout.BLOCKS):
        dice = Dice(100 + number)
        if block.use in HOUSING:
            fabric.compounds += estates.build(block, draft, names, dice)
        elif block.use in OLD:
            fabric.quarters.append(lanes.build(block, draft, names, dice))
        elif block.use == "island":
            fabric.compounds.append(_unfinished(block, draft, dice))
        elif (ground := namer.build(block, draft, dice)) is not None:
            fabric.grounds.append(ground)
    return City(fabric, draft, node(draft))


def _draw_diagonal(draft: Draft) -> None:
    road = layout.DIAGONAL
    tags = {"highway": road.kind, "name": road.name, "name:en": road.name_en}
    draft.add(road.points, tags, street=True)


def _unfinished(block: layout.Block, draft: Draft, dice: Dice) -> estates.Compound:
    """Return an estate whose streets are built but not yet joined to the city's."""
    apart = Draft()
    x0, y0, x1, y1 = block.rect
    middle = (y0 + y1) / 2
    apart.add([(x0 + 30, middle), (x1 - 20, middle + 6)], {"highway": "residential"}, street=True)
    name = ("云帆新城", "Yunfan New Town")
    rect = (x0 + 40, y0 + 20, x1 - 30, middle - 14)
    estate = estates.Compound(name, rect, "towers", 2023, 0.6)
    estates.finish(estate, apart, dice)
    for way in apart.ways:
        draft.add(way.line, way.tags)
    draft.points.update(apart.points)
    link = [(3560.0, middle), (x0 + 30, middle)]
    draft.add(link, {"highway": "construction", "construction": "residential"}, 5)
    return estate
