"""Layers of supply and plan, and the ground they lie on."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np

from .coverage_layers import texts
from .geometry import STREET_CLASSES, street_classes
from .layers import Categories, Fact, MapLayer, Shading
from .results import StudyResults
from .steps import Step, first_step

#: Fill of the ground by its kind; any other kind is drawn as the last.
GROUND = {
    "water": "#aed0e3", "river": "#aed0e3", "park": "#cfe3c4", "green": "#d8e7cf",
    "forest": "#cbe0c1", "grass": "#dcebd3", "building": "#e2ddd6", "compound": "#ece7df",
    "residential": "#ece7df", "commercial": "#eee3dc", "industrial": "#e5e3e8",
    "campus": "#eee9da", "grounds": "#eee9da", "square": "#e9e5dc", "farm": "#ecebd6",
    "railway": "#5c666e", "motorway": "#8f9aa3", "other": "#e8e6e1",
}  # fmt: skip

#: Nobody lives there: drawn above the shading, they make the map legible.
ABOVE_SHADING = ("water", "river", "railway", "motorway", "park", "green")

OUTLETS = Categories(("status.open", "status.substandard"), ("#1c2731", "#8a6d3b"))
PINS = Categories(("planner.new", "planner.upgrade"), ("#101820", "#5e3c99"))


def ground_layers(results: StudyResults, tolerance: float) -> list[MapLayer]:
    """Return land, water, streets and outlines, bottom up."""
    made = [
        land(results, tolerance, "land"), land(results, tolerance, "water"),
        streets(results, tolerance), outlines(results, tolerance),
    ]  # fmt: skip
    return [layer for layer in made if layer is not None]


def land(results: StudyResults, tolerance: float, key: str) -> MapLayer | None:
    """Return built-up land ("land"), or what lies above the shading of areas ("water")."""
    ground = results.geo("map_ground")
    if ground is not None:
        above = ground["kind"].isin(ABOVE_SHADING) == (key == "water")
        ground = ground[(ground["theme"] == "land") & above]
    if ground is None or ground.empty:
        return None
    kinds = list(GROUND)
    rows = [kinds.index(kind) if kind in GROUND else len(kinds) - 1 for kind in ground["kind"]]
    letters = "".join(chr(ord("a") + row) for row in rows)
    scale = Categories(tuple("" for _ in kinds), tuple(GROUND.values()))
    return MapLayer(
        key, "ground", "fill", ground.geometry.to_numpy(), {"": Shading(letters, scale)},
        shown=True, tolerance=tolerance,
    )  # fmt: skip


def streets(results: StudyResults, tolerance: float) -> MapLayer | None:
    """Return the streets; one letter a class of the hierarchy."""
    ground = results.geo("map_ground")
    ground = None if ground is None else ground[ground["theme"] == "street"]
    if ground is None or ground.empty:
        return None
    letters = "".join(map(str, street_classes(ground["kind"])))
    empty = tuple("" for _ in range(len(STREET_CLASSES) + 1))
    return MapLayer(
        "streets", "ground", "street", ground.geometry.to_numpy(),
        {"": Shading(letters, Categories(empty, tuple("#ffffff" for _ in empty)))},
        shown=True, tolerance=tolerance,
    )  # fmt: skip


def outlines(results: StudyResults, tolerance: float) -> MapLayer | None:
    """Return the borders of all areas."""
    areas = results.geo("map_areas")
    if areas is None:
        return None
    colour = Categories(("",), ("#48545d",))
    return MapLayer(
        "outlines", "ground", "outline", areas.geometry.to_numpy(),
        {"": Shading("0" * len(areas), colour)}, levels=texts(areas, "level"),
        shown=True, tolerance=tolerance,
    )  # fmt: skip


def supply_layers(results: StudyResults, steps: Sequence[Step]) -> list[MapLayer]:
    """Return existing and proposed outlets."""
    made = [outlets(results), sites(results, steps)]
    return [layer for layer in made if layer is not None]


def outlets(results: StudyResults) -> MapLayer | None:
    """Return the existing outlets."""
    table = results.geo("outlets")
    if table is None:
        return None
    status = texts(table, "status")
    letters = "".join("1" if one == "substandard" else "0" for one in status)
    return MapLayer(
        "outlets", "supply", "square", table.geometry.to_numpy(), {"": Shading(letters, OUTLETS)},
        titles=texts(table, "name"), types=texts(table, "type"), shown=True, searched=True,
        facts=[
            Fact("type", {"": texts(table, "type")}, words="type"),
            Fact("status", {"": status}, words="status"),
            Fact("address", {"": texts(table, "address")}),
            Fact("hours", {"": texts(table, "hours")}),
            *_numbers(table, ("area_m2", "m2"), ("capacity", "")),
        ],
    )  # fmt: skip


def _numbers(table: gpd.GeoDataFrame, *columns: tuple[str, str]) -> list[Fact]:
    return [
        Fact(name, {"": table[name].to_numpy(np.float64)}, unit)
        for name, unit in columns
        if name in table
    ]


def sites(results: StudyResults, steps: Sequence[Step]) -> MapLayer | None:
    """Return the proposed outlets with their evidence."""
    found = results.geo("sites")
    if found is None:
        return None
    # The best ranked on top: drawn last.
    table = found.sort_values("rank", ascending=False, kind="stable").reset_index(drop=True)
    names = dict(zip(table["candidate"], texts(table, "name"), strict=True))
    action = texts(table, "action")
    letters = "".join("1" if one == "upgrade" else "0" for one in action)
    return MapLayer(
        "sites", "plan", "pin", table.geometry.to_numpy(), {"": Shading(letters, PINS)},
        titles=_named(table),
        types=texts(table, "type"), labels=[str(rank) for rank in table["rank"]],
        since=first_step(table, steps), shown=True, searched=True,
        facts=[
            Fact("rank", {"": table["rank"]}),
            Fact("type", {"": texts(table, "type")}, words="type"),
            *([Fact("action", {"": action}, words="action")] if any(action) else []),
            *([Fact("year", {"": texts(table, "year")})] if "year" in table else []),
            Fact("address", {"": texts(table, "address")}),
            *_numbers(table, ("within_reach", "persons"), ("newly_covered", "persons"),
                      ("lost_if_dropped", "persons")),
            *_alternative(table, names),
            *_proof(results, len(table)),
        ],
    )  # fmt: skip


def _named(table: gpd.GeoDataFrame) -> list[str]:
    """Return the names of sites, their address or id where there is none."""
    columns = (texts(table, "name"), texts(table, "address"), table["candidate"])
    return [name or address or one for name, address, one in zip(*columns, strict=True)]


def _alternative(table: gpd.GeoDataFrame, names: dict[str, str]) -> list[Fact]:
    if "alternative" not in table:
        return []
    named = [names.get(one) or one for one in table["alternative"]]
    return [Fact("alternative", {"": named}), *_numbers(table, ("alternative_loss", "persons"))]


def _proof(results: StudyResults, rows: int) -> list[Fact]:
    """Return how far the plan as a whole is proven; "proven" only where the gap is nought."""
    plan = results.plan or {}
    status, gap = plan.get("status"), plan.get("gap")
    if status is None:
        return []
    proven = status == "optimal" and (gap or 0.0) <= 1e-6
    facts = [Fact("proof", {"": ["proven" if proven else "within" if gap else "open"] * rows},
                  words="proof")]  # fmt: skip
    if not proven and gap:
        facts.append(Fact("proof_gap", {"": np.full(rows, 100 * float(gap))}, "percent", 2))
    return facts
