"""Maps in one call, for notebooks and pages: coverage, gaps, plan, everything, two side by side.

Each takes the folder of a study (or results read before) and returns a `folium.Map` that holds all
it needs: shown in a notebook or saved with ``.save(…)``, it asks the network for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import shapely

from .basemap import BaseMap
from .classes import WORSE, Classes, given, natural
from .coverage_layers import TODAY
from .layers import Categories, Fact, MapLayer, Shading
from .page_data import CIRCLE
from .planner import Side, opening_bounds, sides_map, study_sides, titled
from .results import About, StudyResults, read_results

Source = str | Path | StudyResults

_GROUND = ("land", "water", "streets", "outlines")
_COVERAGE = (*_GROUND, "areas", "homes", "walk", "outlets", "reach")
_GAPS = (*_GROUND, "areas", "homes", "gaps", "routes", "outlets")
_PLAN = (*_GROUND, "areas", "homes", "outlets", "sites")

#: Colours for kinds, apart for colour-blind readers too (Okabe & Ito 2008).
_KINDS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")
_METRES_A_DEGREE = 111_130.0


def coverage_map(
    source: Source, kind: str = CIRCLE, *, title: str = "", language: str | None = None,
    tiles: BaseMap | None = None,
) -> folium.Map:  # fmt: skip
    """Return who reaches a service on foot: areas, homes, outlets, service areas.

    Parameters
    ----------
    source
        Folder of a study or of its results, or `quarterhour.maps.results.read_results` of it.
    kind
        Type shown first; ``"circle"`` for all basic types together.
    title
        In place of the study's name.
    language
        ``"zh"`` or ``"en"``; None takes the study's. The reader may switch.
    tiles
        Base map, from `quarterhour.maps.basemap.base_map`; None for none.

    Raises
    ------
    InputFaults
        If the folder holds no results.
    ValueError
        If the study judges no such type.
    """
    return _study_map(source, _COVERAGE, kind, title, language, tiles)


def gap_map(
    source: Source, kind: str = CIRCLE, *, title: str = "", language: str | None = None,
    tiles: BaseMap | None = None,
) -> folium.Map:  # fmt: skip
    """Return the gap list and the walks from the worst gaps; arguments as `coverage_map`."""
    return _study_map(
        source,
        _GAPS,
        kind,
        title,
        language,
        tiles,
        on={"gaps": True, "routes": True, "homes": False},
    )


def plan_map(
    source: Source, kind: str = CIRCLE, *, title: str = "", language: str | None = None,
    tiles: BaseMap | None = None,
) -> folium.Map:  # fmt: skip
    """Return the proposed outlets with their evidence, after the plan; see `coverage_map`."""
    return _study_map(source, _PLAN, kind, title, language, tiles, last=True)


def planner_map(
    source: Source, kind: str = CIRCLE, *, title: str = "", language: str | None = None,
    tiles: BaseMap | None = None,
) -> folium.Map:  # fmt: skip
    """Return every layer that the results have tables for; arguments as `coverage_map`."""
    return _study_map(source, None, kind, title, language, tiles)


def compare_map(
    before: Source, after: Source, kind: str = CIRCLE, *, title: str = "",
    names: tuple[str, str] | None = None, language: str | None = None, tiles: BaseMap | None = None,
) -> folium.Map:  # fmt: skip
    """Return two studies side by side, moved together and shaded by the same classes.

    Parameters
    ----------
    before, after
        Left and right, as ``source`` of `coverage_map`.
    names
        Written above the two maps; None takes the names of the studies.
    kind, title, language, tiles
        As `coverage_map`.

    Raises
    ------
    InputFaults
        If a folder holds no results.
    ValueError
        If the first study judges no such type.
    """
    studies = [_read(before), _read(after)]
    sides = study_sides(studies)
    if names is not None:
        sides = [
            replace(side, name=name, name_en=name) for side, name in zip(sides, names, strict=True)
        ]
    both = " – ".join(side.name for side in sides)
    english = " – ".join(side.name_en or side.name for side in sides)
    shown = titled(_with_sources(studies), title, language)
    if not title:
        shown = replace(shown, about=replace(shown.about, title=both, title_en=english))
    _check(shown, kind)
    return sides_map(sides, shown, bounds=opening_bounds(studies), chosen=kind, tiles=tiles)


def measure_map(
    table: gpd.GeoDataFrame, column: str = "", *, title: str = "", unit: str = "",
    edges: Sequence[float] | None = None, scheme: str = WORSE, names: str = "name",
    language: str = "zh", sources: Sequence[str] = (), tiles: BaseMap | None = None,
) -> folium.Map:  # fmt: skip
    """Return any table with geometry as a map: shaded by a column, every column in the popups.

    Parameters
    ----------
    table
        Points, lines or polygons in any CRS; one kind of them.
    column
        Numbers are shaded in classes, texts as kinds; "" for one colour.
    title
        Of the layer and the page; "" takes the column's name.
    unit
        Written after the title.
    edges
        Rising bounds of the classes; None finds natural breaks (Fisher-Jenks).
    scheme
        ColorBrewer scheme or viridis.
    names
        Column that the popups are headed by and the search finds, where there is one.
    language, sources, tiles
        Of the page: its language, what to credit, the base map.

    Raises
    ------
    ValueError
        If the table has no CRS, no such column, or more kinds than colours.
    """
    if table.crs is None:
        message = "the table has no CRS; set it with .set_crs(…)"
        raise ValueError(message)
    if column and column not in table.columns:
        message = f"the table has no column {column!r}; it has {', '.join(map(str, table.columns))}"
        raise ValueError(message)
    shown = table.to_crs(4326).reset_index(drop=True)
    layer = _custom(shown, column, title or column, unit, edges, scheme, names)
    heading = title or column or "quarterhour"
    about = About(heading, heading, language=language, sources=tuple(sources))
    study = StudyResults(about, (), "minutes", {})
    return sides_map([Side(heading, heading, [layer])], study, tiles=tiles)


def _custom(
    table: gpd.GeoDataFrame, column: str, title: str, unit: str, edges: Sequence[float] | None,
    scheme: str, names: str,
) -> MapLayer:  # fmt: skip
    geometry = table.geometry.to_numpy()
    dimension = int(shapely.get_dimensions(geometry).max(initial=0))
    plain = table.drop(columns=table.geometry.name)
    letters, scale = _classed(plain[column] if column else None, edges, scheme, len(table))
    bounds = table.total_bounds
    extent = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) if len(table) else 0.0
    return MapLayer(
        "custom", ("homes", "gaps", "shading")[dimension], ("dot", "line", "fill")[dimension],
        geometry, {"": Shading(letters, scale)},
        custom=f"{title} ({unit})" if unit else title or " ",
        titles=plain[names].astype(str).tolist() if names in plain else (),
        facts=[
            Fact(f"={name}", {"": _plain(plain[name])}, digits=3)
            for name in plain.columns if name != names
        ],
        shown=True, searched=names in plain,
        tolerance=float(np.clip(extent / 5000, 0, 10 / _METRES_A_DEGREE)) if dimension else 0.0,
    )  # fmt: skip


def _plain(column: Any) -> Any:
    numeric = column.dtype.kind in "fiu"
    return (
        column.to_numpy()
        if numeric
        else [None if value is None else str(value) for value in column]
    )


def _classed(
    column: Any, edges: Sequence[float] | None, scheme: str, rows: int
) -> tuple[str, Classes | Categories]:
    if column is None:
        return "0" * rows, Categories(("planner.custom",), ("#1d5f8f",))
    if column.dtype.kind in "fiub":
        values = column.to_numpy(np.float64)
        scale = natural(values, scheme) if edges is None else given(edges, scheme)
        scale = scale or given((0.0, 0.0), scheme)
        return scale.of(values), scale
    kinds = list(dict.fromkeys(str(value) for value in column if value is not None))
    if len(kinds) > len(_KINDS):
        message = f"{len(kinds)} kinds in {column.name!r}; at most {len(_KINDS)} can be told apart"
        raise ValueError(message)
    place = {kind: str(row) for row, kind in enumerate(kinds)}
    letters = "".join("-" if value is None else place[str(value)] for value in column)
    return letters, Categories(tuple(f"={kind}" for kind in kinds), _KINDS[: len(kinds)])


def _study_map(
    source: Source, only: Sequence[str] | None, kind: str, title: str, language: str | None,
    tiles: BaseMap | None, *, on: dict[str, bool] | None = None, last: bool = False,
) -> folium.Map:  # fmt: skip
    study = titled(_read(source), title, language)
    _check(study, kind)
    [side] = study_sides([study], only)
    if on:
        layers = [replace(layer, shown=on.get(layer.key, layer.shown)) for layer in side.layers]
        side = replace(side, layers=layers)
    when = side.steps[-1] if last and side.steps else TODAY
    return sides_map(
        [side], study, bounds=opening_bounds([study]), chosen=kind, when=when, tiles=tiles
    )


def _read(source: Source) -> StudyResults:
    return source if isinstance(source, StudyResults) else read_results(source)


def _check(study: StudyResults, kind: str) -> None:
    known = [CIRCLE, *(one.id for one in study.types)]
    if kind not in known:
        message = f"no type {kind!r}; the study judges {', '.join(known)}"
        raise ValueError(message)


def _with_sources(studies: Sequence[StudyResults]) -> StudyResults:
    """Return the first study, crediting the sources of all."""
    first = studies[0]
    sources = dict.fromkeys(source for study in studies for source in study.about.sources)
    return replace(first, about=replace(first.about, sources=tuple(sources)))
