"""Layers of the further measures: straight-line error, complaints, survey, parking, breakfast."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from .classes import DIVERGING, MORE, WORSE, given
from .coverage_layers import area_columns, by_area, kinds_of, texts
from .layers import Fact, MapLayer, Shading
from .results import StudyResults
from .scales import ScaleBook

#: Bounds of satisfaction, shares (project choice; the MOFCOM guide of 2021 asks for 0.9).
_SATISFIED = (0.0, 0.6, 0.7, 0.8, 0.9, 1.0)
_QUARTERS = (0.0, 0.01, 0.25, 0.5, 0.75, 1.0)


def measure_layers(results: StudyResults, book: ScaleBook, tolerance: float) -> list[MapLayer]:
    """Return the layers of the measures that the results have tables for."""
    areas = results.geo("map_areas")
    made: list[MapLayer | None] = [
        breakfast_homes(results),
        breakfast_outlets(results),
        lots(results, book),
    ]
    if areas is not None:
        made += [
            straight_line(results, areas, book, tolerance),
            complaints(results, areas, book, tolerance),
            survey(results, areas, tolerance),
            parking(results, areas, book, tolerance),
        ]
    return [layer for layer in made if layer is not None]


def straight_line(
    results: StudyResults, areas: gpd.GeoDataFrame, book: ScaleBook, tolerance: float
) -> MapLayer | None:
    """Return the residents whom a circle drawn as the crow flies would call covered."""
    table = results.get("straight_line")
    if table is None:
        return None
    kinds = kinds_of(results)
    share = by_area(table, areas, "overcount_share", kinds)
    scale = book.natural("straight_line", 100 * np.array([*share.values()]), WORSE)
    shares = {
        word: {kind: 100 * values for kind, values in by_area(table, areas, column, kinds).items()}
        for word, column in (("straight_share", "straight_share"), ("walked_share", "walked_share"))
    }
    return MapLayer(
        "straight", "shading", "fill", areas.geometry.to_numpy(),
        {kind: Shading(scale.of(100 * values), scale) for kind, values in share.items()},
        unit="overcount_share", **area_columns(areas), tolerance=tolerance,
        facts=[
            Fact("overcount", by_area(table, areas, "overcount", kinds), "persons"),
            *(Fact(word, values, "percent", 1) for word, values in shares.items()),
        ],
    )  # fmt: skip


def complaints(
    results: StudyResults, areas: gpd.GeoDataFrame, book: ScaleBook, tolerance: float
) -> MapLayer | None:
    """Return 12345 complaints by community: of a type, or of all together."""
    table = results.get("complaints")
    places = areas[areas["level"] == "community"]
    if table is None or places.empty:
        return None
    ids = [kind.id for kind in results.types]
    rows = table.rename(columns={"community": "area"}).assign(level="community")
    counts = by_area(rows, places, "complaints", ids)
    total = rows.groupby("area")["complaints"].sum().reindex(places["id"]).to_numpy()
    kinds = book.natural("complaints", np.array([*counts.values()]), WORSE)
    whole = book.natural("complaints.all", total, WORSE)
    rates = [
        Fact(rate, {k: 100 * v for k, v in by_area(rows, places, rate, ids).items()}, "percent", 0)
        for rate in ("response_rate", "resolution_rate", "satisfaction_rate")
        if rate in rows
    ]
    return MapLayer(
        "complaints", "shading", "fill", places.geometry.to_numpy(),
        {"": Shading(whole.of(total), whole),
         **{kind: Shading(kinds.of(values), kinds) for kind, values in counts.items()}},
        unit="complaints", **area_columns(places), tolerance=tolerance,
        facts=[Fact("complaints_all", {"": total}), Fact("complaints", counts), *rates],
    )  # fmt: skip


def survey(results: StudyResults, areas: gpd.GeoDataFrame, tolerance: float) -> MapLayer | None:
    """Return the share of residents asked who are satisfied."""
    table = results.get("survey")
    places = areas[areas["level"] == "community"]
    if table is None or places.empty:
        return None
    rows = table.drop_duplicates("community").set_index("community").reindex(places["id"])
    scale = given(_SATISFIED, DIVERGING)
    share = rows["satisfied_share"].to_numpy(np.float64)
    asked = [Fact("asked", {"": rows["asked"]}, "persons")] if "asked" in rows else []
    return MapLayer(
        "survey", "shading", "fill", places.geometry.to_numpy(),
        {"": Shading(scale.of(share), scale)}, unit="satisfied", **area_columns(places),
        tolerance=tolerance, facts=[Fact("satisfied", {"": 100 * share}, "percent", 1), *asked],
    )  # fmt: skip


def parking(
    results: StudyResults, areas: gpd.GeoDataFrame, book: ScaleBook, tolerance: float
) -> MapLayer | None:
    """Return the cars without a space at night, by area."""
    table = results.get("parking")
    if table is None:
        return None
    columns = ("gap", "vehicles", "spaces", "unknown", "surplus")
    rows = table.set_index(["level", "area"]).reindex(
        pd.MultiIndex.from_frame(areas[["level", "id"]])
    )
    # One scale for the smallest level: a district's sum would swallow all classes.
    finest = (areas["level"] == areas["level"].iloc[-1]).to_numpy()
    gap = rows["gap"].to_numpy(np.float64)
    blank = (rows["vehicles"].fillna(0) == 0).to_numpy() | (
        rows["communities"] == rows["communities_unknown"]
    ).to_numpy()
    shown = np.where(blank, np.nan, gap)
    scale = book.natural("parking", shown[finest], WORSE)
    return MapLayer(
        "parking", "shading", "fill", areas.geometry.to_numpy(),
        {"": Shading(scale.of(shown), scale)}, unit="cars", **area_columns(areas),
        tolerance=tolerance,
        facts=[
            Fact(f"parking_{name}", {"": rows[name]}, "cars") for name in columns if name in rows
        ],
    )  # fmt: skip


def lots(results: StudyResults, book: ScaleBook) -> MapLayer | None:
    """Return the car parks by the spaces they could share at night."""
    table = results.geo("sharing_lots")
    if table is None:
        return None
    one = table[table["limit"] == table["limit"].min()].reset_index(drop=True)
    spaces = one["share_spaces"].to_numpy(np.float64)
    scale = book.natural("lots", spaces, MORE)
    return MapLayer(
        "lots", "supply", "square", one.geometry.to_numpy(),
        {"": Shading(scale.of(spaces), scale)}, unit="spaces", titles=texts(one, "name"),
        facts=[
            Fact("kind", {"": texts(one, "kind")}, words="lot"),
            Fact("share_spaces", {"": spaces}, "spaces"),
            Fact("used_spaces", {"": one["used"]}, "spaces", 1),
            Fact("sharing", {"": texts(one, "state")}, words="sharing"),
            Fact("hours", {"": texts(one, "hours")}),
            Fact("limit", {"": one["limit"]}, "metres"),
        ],
    )  # fmt: skip


def breakfast_homes(results: StudyResults) -> MapLayer | None:
    """Return the homes by the share of morning demand that finds no place."""
    table = results.geo("breakfast_points")
    if table is None:
        return None
    demand = table["breakfast_demand"].to_numpy(np.float64)
    unserved = table["breakfast_gap"].to_numpy(np.float64)
    known = demand - table["breakfast_unknown"].to_numpy(np.float64)
    usable = (demand > 0) & (known > 1e-9)
    share = np.where(usable, unserved / np.where(usable, demand, 1.0), np.nan)
    scale = given(_QUARTERS, WORSE)
    return MapLayer(
        "breakfast", "homes", "dot", table.geometry.to_numpy(),
        {"": Shading(scale.of(share), scale)}, unit="breakfast_share",
        titles=texts(table, "name"), size=table["residents"],
        facts=[
            Fact(name, {"": table[f"breakfast_{column}"]}, "persons", 1)
            for name, column in (("morning", "demand"), ("served", "served"), ("unserved", "gap"),
                                 ("unknown", "unknown"))
        ],
    )  # fmt: skip


def breakfast_outlets(results: StudyResults) -> MapLayer | None:
    """Return the breakfast outlets by the share of their places taken."""
    table = results.geo("breakfast_outlets")
    if table is None:
        return None
    used = table["share_used"].to_numpy(np.float64)
    scale = given(_QUARTERS, MORE)
    return MapLayer(
        "breakfast_outlets", "supply", "square", table.geometry.to_numpy(),
        {"": Shading(scale.of(used), scale)}, unit="share_used", titles=texts(table, "name"),
        facts=[
            Fact("capacity", {"": table["capacity"]}, "persons"),
            Fact("used", {"": table["used"]}, "persons"),
            Fact("rate", {"": table["rate"]}, "per_hour"),
        ],
    )  # fmt: skip
