"""The page's tables as compact plain data for its scripts: columns, short states, whole persons."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.data.text import catalogue

from .basemap import BaseMap
from .geometry import label_points
from .page_data import CIRCLE, LANGUAGES, PageData, PageType
from .steps import Step, first_step
from .window import Bounds, clipped

#: Longest text of the user shown anywhere; the rest is cut, marked by an ellipsis.
LONGEST_TEXT = 200

#: Lower bounds of the shading classes but the lowest, share of residents (project choice).
CLASS_BREAKS = (0.25, 0.5, 0.75, 0.9)

#: Kinds of background that get a label, and how many of them, largest first.
LABELLED = ("water", "river", "park", "green", "grounds", "campus", "square", "railway", "motorway")
BACKGROUND_LABELS = 40

_STATE_LETTERS = {"covered": "c", "gap": "g", "unknown": "u"}
_DOMAIN = "maps."

Json = dict[str, Any]


def clean(value: object) -> str:
    """Return text fit to show: no control characters, no lone surrogates, cut when very long."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    text = "".join(_visible(letter) for letter in text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _visible(letter: str) -> str:
    """Return a letter; a space for a control character, nothing for an invisible mark."""
    category = unicodedata.category(letter)
    # The joiner is kept: emoji are made of it. Direction marks could turn the words around them.
    return {"Cc": " ", "Cf": "\u200d" if letter == "\u200d" else ""}.get(category, letter)


def script_json(value: object) -> str:
    """Return JSON that may stand inside a script element: markup characters are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def payload(data: PageData, view: Bounds) -> Json:
    """Return everything the page's scripts need besides the geometry of the layers.

    Parameters
    ----------
    data
        Tables of the study.
    view
        West, south, east, north of the opening view; names are placed within it.
    """
    return {
        "language": data.language,
        "words": {language: page_words(language) for language in LANGUAGES},
        "title": {"zh": clean(data.title), "en": clean(data.title_en or data.title)},
        "subtitle": {"zh": clean(data.subtitle), "en": clean(data.subtitle_en or data.subtitle)},
        "label": clean(data.label),
        "criterion": data.criterion,
        "breaks": CLASS_BREAKS,
        "types": [type_json(kind) for kind in data.types],
        "areas": _areas(data, view),
        "view": [round(edge, 5) for edge in view],
        "labels": _background_labels(data, view),
        "today": _summary(data.summary, data.types),
        "steps": [clean(step.key) for step in data.steps],
        "plans": {clean(step.key): _summary(step.summary, data.types) for step in data.steps},
        "points": _points(data),
        "outlets": _outlets(data),
        "places": [] if data.sites is None else _places(data.sites, data.steps),
        "gaps": [] if data.gaps is None else _gaps(data.gaps, data.areas),
        "target": _number(data.target, 4),
        "progress": data.progress,
        "tiles": None if data.tiles is None else tiles_json(data.tiles),
        "plan": _plan(data.plan),
        "sources": [clean(source) for source in data.sources],
        "made_on": clean(data.made_on),
        "version": clean(data.version),
        "facts": [[clean(key), clean(value)] for key, value in data.facts.items()],
    }


def page_words(language: str) -> dict[str, str]:
    """Return the templates of the page, English where the language lacks one."""
    words = catalogue("en") | catalogue(language)
    return {
        key.removeprefix(_DOMAIN): text for key, text in words.items() if key.startswith(_DOMAIN)
    }


def type_json(kind: PageType) -> Json:
    """Return a type for the page's scripts."""
    return {
        "id": clean(kind.id),
        "zh": clean(kind.name),
        "en": clean(kind.name_en or kind.name),
        "metres": _number(kind.metres),
        "minutes": _number(kind.minutes),
        "basic": kind.basic,
        "verified": kind.verified,
        "source": clean(kind.source),
    }


def _number(value: object, digits: int = 1) -> float | int | None:
    """Return a finite number rounded, a whole one as int; None for NaN, infinity and no number."""
    if not isinstance(value, int | float | np.integer | np.floating) or not math.isfinite(value):
        return None
    rounded = round(float(value), digits)
    return int(rounded) if rounded.is_integer() else rounded


def _numbers(column: pd.Series, digits: int = 1) -> list[float | int | None]:
    return [_number(value, digits) for value in pd.to_numeric(column, errors="coerce")]


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    values = frame[column] if column in frame.columns else [""] * len(frame)
    return [clean(value) for value in values]


def _areas(data: PageData, view: Bounds) -> Json:
    areas = data.areas
    columns = ("id", "name", "name_en", "level", "parent")
    return {
        **{column: _texts(areas, column) for column in columns},
        "at": label_points(clipped(areas.geometry.to_numpy(), view)) if len(areas) else [],
    }


def _background_labels(data: PageData, view: Bounds) -> list[Json]:
    """Return the largest named features of the background, one label a name and kind."""
    table = data.background
    if table.empty or "name" not in table.columns:
        return []
    has_name = np.array([name != "" for name in _texts(table, "name")])
    named = table.loc[has_name & table["kind"].isin(LABELLED)]
    spans = named.geometry.bounds
    size = (spans["maxx"] - spans["minx"]) + (spans["maxy"] - spans["miny"])
    largest = named.loc[size.sort_values(ascending=False).index]
    chosen = largest.drop_duplicates(["kind", "name"]).head(BACKGROUND_LABELS)
    columns = [_texts(chosen, column) for column in ("name", "name_en", "kind")]
    places = label_points(clipped(chosen.geometry.to_numpy(), view))
    return [
        {"zh": name, "en": english or name, "kind": kind, "at": at}
        for name, english, kind, at in zip(*columns, places, strict=True)
        if at is not None
    ]


def _summary(summary: pd.DataFrame, types: Sequence[PageType]) -> Json:
    """Return ``{level: {area: {residents, points, blank, covered, gap, unknown, overcount}}}``.

    The last four are lists in the order of the types, the full circle last.
    """
    order = {name: column for column, name in enumerate([*(kind.id for kind in types), CIRCLE])}
    nested: Json = {}
    inhabited = (summary["points"] > 0) | (summary["level"] == "city")
    for row in summary.loc[inhabited & summary["type"].isin(list(order))].to_dict("records"):
        level = nested.setdefault(clean(row["level"]), {})
        area = level.setdefault(clean(row["area"]), _blank(row, order))
        for count in ("covered", "gap", "unknown", "overcount"):
            area[count][order[str(row["type"])]] = _number(row[count], 0)
    return nested


def _blank(row: Mapping[Any, Any], order: Mapping[str, int]) -> Json:
    empty = {count: [None] * len(order) for count in ("covered", "gap", "unknown", "overcount")}
    whole = {
        "residents": _number(row["residents"], 0),
        "points": _number(row.get("points"), 0),
        "blank": _number(row.get("points_without_residents"), 0),
    }
    return {**whole, **empty}


def _points(data: PageData) -> Json:
    points, ids = data.points, [kind.id for kind in data.types]
    if points.empty:
        return {"name": [], "states": [], "plans": {}}
    rows = {str(key): row for row, key in enumerate(data.outlets.get("id", []))}
    reasons = [_texts(points, f"{kind}_reason") for kind in ids]
    return {
        "name": _texts(points, "name"),
        "residents": _numbers(points["residents"]),
        "states": _states(points, ids),
        "plans": {
            clean(step.key): _states(step.points, ids)
            for step in data.steps
            if step.points is not None
        },
        "metres": [_numbers(points[f"{kind}_metres"], 0) for kind in ids],
        "minutes": [_numbers(points[f"{kind}_minutes"], 1) for kind in ids],
        "outlet": [[rows.get(str(key), -1) for key in points[f"{kind}_outlet"]] for kind in ids],
        "reason": [{row: text for row, text in enumerate(column) if text} for column in reasons],
        "community": _texts(points, "community"),
    }


def _states(table: pd.DataFrame, ids: Sequence[str]) -> list[str]:
    """Return one word a point, a letter (c, g, u) a type, the full circle last."""
    columns = [table[name] for name in (*(f"{kind}_state" for kind in ids), CIRCLE)]
    letters = [[_STATE_LETTERS.get(str(state), "u") for state in column] for column in columns]
    return ["".join(word) for word in zip(*letters, strict=True)]


def _outlets(data: PageData) -> Json:
    outlets = data.outlets
    position = {kind.id: row for row, kind in enumerate(data.types)}
    kinds = outlets["type"] if len(outlets) else []
    return {
        "type": [position.get(str(kind), -1) for kind in kinds],
        **{name: _texts(outlets, name) for name in ("name", "address", "hours", "status")},
    }


def _places(sites: pd.DataFrame, steps: Sequence[Step]) -> list[Json]:
    """Return one record a candidate, with its proposed types as entries, in the order of rank."""
    ordered = sites.reset_index(drop=True).sort_values("rank", kind="stable")
    since = first_step(sites, steps)
    names = dict(zip(_texts(ordered, "candidate"), _texts(ordered, "name"), strict=True))
    places: dict[str, Json] = {}
    for row, record in zip(ordered.index, ordered.to_dict("records"), strict=True):
        key = clean(record["candidate"])
        place = places.setdefault(key, _place(record, row))
        place["entries"].append(_entry(record, names) | {"since": since[row]})
    return list(places.values())


#: Gaps of each type carried into the page: the list shows ten, of all types or of one.
GAPS_A_TYPE = 10


def _gaps(gaps: gpd.GeoDataFrame, areas: pd.DataFrame) -> list[Json]:
    """Return the worst gaps of each type, worst first."""
    ordered = gaps.sort_values("rank", kind="stable")
    worst = ordered.groupby("type", sort=False).head(GAPS_A_TYPE)
    named = {}
    if len(areas):
        english = areas["name_en"].where(areas["name_en"] != "", areas["name"])
        named = dict(zip(areas["id"], zip(areas["name"], english, strict=True), strict=True))
    return [
        {
            **_gap_names(row, named),
            "place": clean(row["place"]),
            "type": clean(row["type"]),
            "rank": _number(row["rank"], 0),
            "residents": _number(row["residents"], 0),
            "minutes": _number(row.get("minutes"), 0),
            "at": [round(row["geometry"].y, 5), round(row["geometry"].x, 5)],
        }
        for row in worst.to_dict("records")
        if row["geometry"] is not None and not row["geometry"].is_empty
    ]


def _gap_names(row: Mapping[Any, Any], areas: Mapping[str, tuple[str, str]]) -> Json:
    """Return a gap's name; one without a name of its own says in which area it lies."""
    own = clean(row["place_name"])
    if own:
        return {"zh": own, "en": clean(row.get("place_name_en")) or own}
    around = areas.get(str(row.get("street"))) or areas.get(str(row.get("district"))) or ("", "")
    place = clean(row["place"])
    return {
        language: f"{clean(name)} · {place}" if clean(name) else place
        for language, name in zip(("zh", "en"), around, strict=True)
    }


def tiles_json(tiles: BaseMap) -> Json:
    """Return a base map for the page's scripts."""
    return {"urls": tiles.urls, "datum": tiles.datum, "credit": clean(tiles.credit),
            "levels": tiles.levels}  # fmt: skip


def _place(record: Mapping[Any, Any], row: Any) -> Json:
    texts = ("candidate", "name", "address", "district", "street", "community")
    return {"row": int(row), "entries": [], **{name: clean(record.get(name)) for name in texts}}


def _entry(record: Mapping[Any, Any], names: Mapping[str, str]) -> Json:
    alternative = clean(record.get("alternative"))
    return {
        "type": clean(record["type"]),
        "count": _number(record["count"], 0),
        "rank": _number(record["rank"], 0),
        "new": _number(record["newly_covered"], 0),
        "upgrade": record.get("action") == "upgrade",
        "lost": _number(record.get("lost_if_dropped"), 0),
        "alternative": names.get(alternative, "") or alternative,
        "alternative_loss": _number(record.get("alternative_loss"), 0),
    }


def _plan(plan: Mapping[str, object] | None) -> Json | None:
    if plan is None:
        return None
    numbers = {name: _number(plan.get(name), 6) for name in ("gap", "seconds", "outlets")}
    return {
        "status": clean(plan.get("status")).lower(),
        "solver": clean(plan.get("solver")),
        **numbers,
    }
