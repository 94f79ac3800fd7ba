"""Layers of coverage: areas, homes, walks, gaps, routes, service areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from .classes import DEPTH, DIVERGING, WORSE, given
from .layers import Categories, Fact, MapLayer, Shading
from .page_data import CIRCLE
from .payload import CLASS_BREAKS
from .results import StudyResults
from .scales import ScaleBook
from .steps import Step

Floats = npt.NDArray[np.float64]

TODAY = "today"

#: Colours of the states, apart in lightness too: covered, gap, unknown, covered by the plan.
STATE_COLOURS = ("#2b6a99", "#8e1a12", "#9aa4ac", "#6db3e0")
STATES = Categories(("state.covered", "state.gap", "state.unknown", "state.added"), STATE_COLOURS)
_LETTERS = {"covered": "0", "gap": "1"}

#: Minutes at which walks are shaded: the tiers of GB 50180-2018 and beyond.
WALK_EDGES = (0, 5, 10, 15, 20, 30, np.inf)

#: Minutes of the service areas.
REACH_MINUTES = (5, 10, 15)

_SHARE_EDGES = (0.0, *CLASS_BREAKS, 1.0)
_METRES_PER_KM = 1000.0


def coverage_layers(
    results: StudyResults, steps: Sequence[Step], book: ScaleBook, tolerance: float
) -> list[MapLayer]:
    """Return the layers of coverage that the results have tables for, bottom up."""
    made = [
        area_layer(results, steps, tolerance),
        reach_layer(results, tolerance),
        homes_layer(results, steps),
        walk_layer(results),
        routes_layer(results),
        gaps_layer(results, book),
    ]
    return [layer for layer in made if layer is not None]


def kinds_of(results: StudyResults) -> tuple[str, ...]:
    """Return the ids of the types, the full circle last."""
    return (*(kind.id for kind in results.types), CIRCLE)


def by_area(
    table: pd.DataFrame, areas: pd.DataFrame, column: str, kinds: Sequence[str]
) -> dict[str, Floats]:
    """Return a column of a table of areas and types in the rows of ``areas``, by type."""
    values = table.drop_duplicates(["level", "area", "type"])
    series = values.set_index(["level", "area", "type"])[column].astype(float)
    found: dict[str, Floats] = {}
    for kind in kinds:
        rows = pd.MultiIndex.from_arrays([areas["level"], areas["id"], [kind] * len(areas)])
        found[kind] = np.asarray(series.reindex(rows), np.float64)
    return found


def texts(table: pd.DataFrame, column: str) -> list[Any]:
    """Return a column as it is, blanks where there is none."""
    return table[column].tolist() if column in table else [""] * len(table)


def area_columns(areas: pd.DataFrame) -> dict[str, Any]:
    """Return names and levels of areas as every layer of areas has them."""
    return {
        "titles": texts(areas, "name"),
        "titles_en": texts(areas, "name_en"),
        "levels": texts(areas, "level"),
    }


def area_layer(results: StudyResults, steps: Sequence[Step], tolerance: float) -> MapLayer | None:
    """Return coverage by area, today and after each step."""
    areas, summary = results.geo("map_areas"), results.get("summary")
    if areas is None or summary is None:
        return None
    kinds = kinds_of(results)
    scale = given(_SHARE_EDGES, DIVERGING)
    shading: dict[str, Shading] = {}
    facts: list[Fact] = []
    residents = by_area(summary, areas, "residents", [CIRCLE])[CIRCLE]
    inhabited = np.nan_to_num(residents) > 0
    for key, table in ((TODAY, summary), *((step.key, step.summary) for step in steps)):
        shares = {kind: known_share(table, areas, kind) for kind in kinds}
        shading |= {
            _key(kind, key): Shading(_where(inhabited, scale.of(share)), scale)
            for kind, share in shares.items()
        }
        word = "share" if key == TODAY else "share_after"
        if key in (TODAY, *_last(steps)):
            facts.append(Fact(word, {k: v * 100 for k, v in shares.items()}, "percent", 1))
    facts += [
        Fact(column, by_area(summary, areas, column, kinds), "persons")
        for column in ("gap", "unknown")
    ]
    return MapLayer(
        "areas", "shading", "fill", areas.geometry.to_numpy(), shading, unit="share_known",
        **area_columns(areas),
        facts=[Fact("residents", {"": residents}, "persons"), *facts],
        shown=True, searched=True, tolerance=tolerance,
    )  # fmt: skip


def _where(kept: npt.NDArray[np.bool_], letters: str) -> str:
    """Return letters with a space (not drawn) outside ``kept``."""
    return "".join(letter if keep else " " for letter, keep in zip(letters, kept, strict=True))


def _last(steps: Sequence[Step]) -> list[str]:
    return [steps[-1].key] if steps else []


def _key(kind: str, step: str) -> str:
    return kind if step == TODAY else f"{kind}@{step}"


def known_share(table: pd.DataFrame, areas: pd.DataFrame, kind: str) -> Floats:
    """Return the share covered of those known; NaN where most residents are unknown."""
    covered, gap, unknown = (
        by_area(table, areas, column, [kind])[kind] for column in ("covered", "gap", "unknown")
    )
    known = covered + gap
    usable = (known > 0) & (known >= unknown)
    return np.where(usable, covered / np.where(usable, known, 1.0), np.nan)


def homes_layer(results: StudyResults, steps: Sequence[Step]) -> MapLayer | None:
    """Return the homes by state, today and after each step; area of a dot: residents."""
    points = results.geo("points")
    if points is None:
        return None
    shading = {}
    for kind in kinds_of(results):
        today = _states(points, kind)
        shading[kind] = Shading(today, STATES)
        for step in steps:
            if step.points is not None and len(step.points) == len(points):
                after = _since(today, _states(step.points, kind))
                shading[_key(kind, step.key)] = Shading(after, STATES)
    return MapLayer(
        "homes", "homes", "dot", points.geometry.to_numpy(), shading, unit="residents_dot",
        titles=texts(points, "name"), facts=_home_facts(results, points),
        size=points.get("residents"), shown=True, searched=True,
    )  # fmt: skip


def _states(table: pd.DataFrame, kind: str) -> str:
    column = table[kind if kind == CIRCLE else f"{kind}_state"]
    return "".join(_LETTERS.get(str(state), "2") for state in column)


def _since(today: str, after: str) -> str:
    """Return the states after a step, homes covered since today with a letter of their own."""
    return "".join(
        "3" if then == "0" and now != "0" else then for now, then in zip(today, after, strict=True)
    )


def _home_facts(results: StudyResults, points: gpd.GeoDataFrame) -> list[Fact]:
    ids = [kind.id for kind in results.types]
    facts = (
        [Fact("residents", {"": points["residents"]}, "persons")] if "residents" in points else []
    )
    for column, unit, digits in (("metres", "metres", 0), ("minutes", "minutes", 1)):
        values = {kind: points[f"{kind}_{column}"] for kind in ids if f"{kind}_{column}" in points}
        facts += [Fact(f"walk_{column}", values, unit, digits)] if values else []
    outlets = results.get("outlets")
    named = {kind: points[f"{kind}_outlet"] for kind in ids if f"{kind}_outlet" in points}
    if outlets is not None and named:
        rows = {str(key): row for row, key in enumerate(outlets["id"])}
        values = {kind: [rows.get(str(key)) for key in column] for kind, column in named.items()}
        facts.append(Fact("nearest", _floats(values), "outlet"))
    reasons = {kind: texts(points, f"{kind}_reason") for kind in ids}
    if any(any(column) for column in reasons.values()):
        facts.append(Fact("reason", reasons, words="reason"))
    return facts


def _floats(values: Mapping[str, Sequence[Any]]) -> dict[str, Floats]:
    return {kind: np.array(column, np.float64) for kind, column in values.items()}


def walk_layer(results: StudyResults) -> MapLayer | None:
    """Return the homes by minutes to the nearest outlet; full circle: the farthest basic type."""
    points = results.geo("points")
    ids = [kind.id for kind in results.types]
    if points is None or any(f"{kind}_minutes" not in points for kind in ids):
        return None
    scale = given(WALK_EDGES, DEPTH, reverse=True)
    walks = {kind: _minutes(points, kind) for kind in ids}
    basic = [kind.id for kind in results.types if kind.basic] or ids
    walks[CIRCLE] = np.max([walks[kind] for kind in basic], axis=0)
    return MapLayer(
        "walk", "homes", "dot", points.geometry.to_numpy(),
        {kind: Shading(scale.of(walk), scale) for kind, walk in walks.items()},
        unit="minutes_walk", like="homes",
    )  # fmt: skip


def _minutes(points: pd.DataFrame, kind: str) -> Floats:
    """Return the walk: NaN where the state is unknown, infinite where nothing is reached."""
    minutes = points[f"{kind}_minutes"].to_numpy(np.float64)
    lost = np.isnan(minutes) & (points[f"{kind}_state"] == "gap").to_numpy()
    return np.where(lost, np.inf, minutes)


def gaps_layer(results: StudyResults, book: ScaleBook) -> MapLayer | None:
    """Return the gap list: a dot a gap, area by residents, colour by severity."""
    gaps = results.geo("gaps")
    if gaps is None:
        return None
    severity = gaps["severity"].to_numpy(np.float64)
    scale = book.natural("severity", severity, WORSE)
    return MapLayer(
        "gaps", "gaps", "dot", gaps.geometry.to_numpy(),
        {"": Shading(scale.of(severity), scale)}, unit="severity",
        titles=_titles(gaps, "place_name", "place"),
        titles_en=_titles(gaps, "place_name_en", "place"),
        types=texts(gaps, "type"), size=gaps["residents"], searched=True,
        facts=[
            Fact("rank", {"": gaps["rank"]}),
            Fact("gap", {"": gaps["residents"]}, "persons"),
            Fact("walk_minutes", {"": gaps["minutes"]}, "minutes", 1),
            Fact("severity", {"": severity}),
            *_rank_range(gaps),
            Fact("clause", {"": texts(gaps, "clause")}),
            Fact("act_level", {"": texts(gaps, "act_level")}, words="level"),
        ],
    )  # fmt: skip


def _rank_range(gaps: pd.DataFrame) -> list[Fact]:
    if "rank_best" not in gaps or "rank_worst" not in gaps:
        return []
    ranges = [
        f"{best}–{worst}" for best, worst in zip(gaps["rank_best"], gaps["rank_worst"], strict=True)
    ]
    return [Fact("rank_range", {"": ranges})]


def _titles(table: pd.DataFrame, column: str, otherwise: str) -> list[Any]:
    named = zip(texts(table, column), texts(table, otherwise), strict=True)
    return [name or other for name, other in named]


def routes_layer(results: StudyResults) -> MapLayer | None:
    """Return the walks from the middles of the worst gaps to the nearest outlet."""
    ways = results.geo("map_routes")
    if ways is None:
        return None
    return MapLayer(
        "routes", "gaps", "line", ways.geometry.to_numpy(),
        {"": Shading("0" * len(ways), Categories(("planner.way",), ("#b3006b",)))},
        titles=_titles(ways, "place_name", "gap"), titles_en=texts(ways, "place_name_en"),
        types=texts(ways, "type"),
        facts=[
            Fact("rank", {"": ways["rank"]}),
            Fact("walk_metres", {"": ways["metres"]}, "metres"),
            Fact("walk_minutes", {"": ways["minutes"]}, "minutes", 1),
            Fact("to_outlet", {"": texts(ways, "outlet_name")}),
        ],
    )  # fmt: skip


def reach_layer(results: StudyResults, tolerance: float) -> MapLayer | None:
    """Return the land within 5, 10, 15 minutes of each type's outlets, nearest bands on top."""
    reach = results.geo("map_reach")
    if reach is None:
        return None
    table = reach.sort_values(["type", "minutes"], ascending=[True, False]).reset_index(drop=True)
    bands = Categories(
        tuple(f"reach.{minutes}" for minutes in REACH_MINUTES), ("#440154", "#21908c", "#bddf26")
    )
    place = {float(minutes): str(row) for row, minutes in enumerate(REACH_MINUTES)}
    letters = "".join(place.get(float(minutes), " ") for minutes in table["minutes"])
    return MapLayer(
        "reach", "gaps", "fill", table.geometry.to_numpy(), {"": Shading(letters, bands)},
        unit="minutes_walk", types=texts(table, "type"), tolerance=tolerance,
        facts=[
            Fact("within", {"": table["minutes"]}, "minutes"),
            Fact("area", {"": table["area_m2"] / _METRES_PER_KM**2}, "km2", 2),
        ],
    )  # fmt: skip
