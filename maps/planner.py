"""The planner's map: every layer of a study, or of two side by side, in one self-contained page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from folium.template import Template

from .basemap import BaseMap
from .coverage_layers import TODAY, coverage_layers, kinds_of
from .elements import add_panels, make_offline
from .geometry import drawing_tolerance, label_points
from .layers import GROUPS, ONE_OF, MapLayer, layer_json
from .measure_layers import measure_layers
from .page import canvas_map
from .page_data import CIRCLE, LANGUAGES
from .payload import Json, clean, page_words, tiles_json, type_json
from .plan_layers import ground_layers, supply_layers
from .results import About, StudyResults
from .scales import ScaleBook
from .steps import Step, plan_steps
from .window import EVERYTHING, Bounds, total_bounds, widened

PANELS = """
<header id="qh-bar"></header>
<aside id="qh-panel"><section id="qh-find"></section><section id="qh-layers"></section>
<section id="qh-figures"></section></aside>
<section id="qh-key"></section>
<div id="qh-sides"></div>
<noscript>JavaScript</noscript>
"""

#: Share of the opening view added on each side.
_MARGIN = 0.03


@dataclass(frozen=True, slots=True)
class Side:
    """One study on the map.

    Attributes
    ----------
    name, name_en
        Shown above its map where there are two.
    layers
        Bottom up.
    areas
        Areas whose names are written; may be empty.
    figures
        Residents covered, gap, unknown: time -> type -> three persons.
    steps
        Keys of the plan's steps, none without a plan.
    """

    name: str
    name_en: str
    layers: Sequence[MapLayer]
    areas: gpd.GeoDataFrame | None = None
    figures: Json | None = None
    steps: tuple[str, ...] = ()


class CompactLayer(folium.map.Layer):
    """A layer whose data stands in the page's own block, drawn on one canvas with all others."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = quarterhour.compact({{ this.side }}, {{ this.row }});
        {% endmacro %}
        """
    )

    def __init__(self, name: str, *, side: int, row: int, show: bool) -> None:
        super().__init__(name=name, overlay=True, control=False, show=show)
        self._name = "CompactLayer"
        self.side = side
        self.row = row


class PlannerScript(folium.map.Layer):
    """Start the page's scripts once all layers are there."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "quarterhour.planner({{ this._parent.get_name() }});"
        "{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__(name="planner", overlay=True, control=False, show=False)
        self._name = "PlannerScript"


def study_sides(studies: Sequence[StudyResults], only: Collection[str] | None = None) -> list[Side]:
    """Return the studies as sides of a map, shaded by the same scales.

    Parameters
    ----------
    studies
        One or two studies.
    only
        Keys of the layers wanted; None for all.
    """
    book = ScaleBook()
    tolerance = drawing_tolerance(opening_bounds(studies))
    if len(studies) > 1:
        for study in studies:
            study_layers(study, book, tolerance, only)  # so that the scales rest on all of them
    return [_side(study, study_layers(study, book, tolerance, only)) for study in studies]


def study_layers(
    study: StudyResults, book: ScaleBook, tolerance: float, only: Collection[str] | None = None
) -> list[MapLayer]:
    """Return every layer that a study has tables for, bottom up."""
    steps = _steps(study)
    coverage = coverage_layers(study, steps, book, tolerance)
    measures = measure_layers(study, book, tolerance)
    found = [*ground_layers(study, tolerance), *coverage, *measures, *supply_layers(study, steps)]
    found.sort(key=lambda layer: _DEPTH.index(layer.key))
    return [layer for layer in found if only is None or layer.key in only]


#: Drawing order, bottom up.
_DEPTH = (
    "land", "areas", "straight", "complaints", "survey", "parking", "reach", "water", "streets",
    "outlines", "homes", "walk", "breakfast", "lots", "breakfast_outlets", "outlets", "routes",
    "gaps", "sites",
)  # fmt: skip


def _steps(study: StudyResults) -> tuple[Step, ...]:
    ids = [kind.id for kind in study.types]
    return plan_steps(study.get("summary_after"), study.get("points_after"), ids)


def _side(study: StudyResults, layers: Sequence[MapLayer]) -> Side:
    steps = _steps(study)
    return Side(
        study.about.title, study.about.title_en, layers, study.geo("map_areas"),
        _figures(study, steps), tuple(step.key for step in steps),
    )  # fmt: skip


def _figures(study: StudyResults, steps: Sequence[Step]) -> Json | None:
    summary = study.get("summary")
    if summary is None:
        return None
    times = ((TODAY, summary), *((step.key, step.summary) for step in steps))
    return {key: _city(table, kinds_of(study)) for key, table in times}


def _city(summary: pd.DataFrame, kinds: Sequence[str]) -> Json:
    rows = summary[summary["level"] == "city"].drop_duplicates("type").set_index("type")
    names = ["covered", "gap", "unknown"]
    return {
        kind: [round(float(rows[name].loc[kind])) for name in names]
        for kind in kinds
        if kind in rows.index
    }


def sides_map(
    sides: Sequence[Side],
    study: StudyResults,
    *,
    bounds: Bounds | None = None,
    chosen: str = CIRCLE,
    when: str = TODAY,
    tiles: BaseMap | None = None,
) -> folium.Map:
    """Return the map of one side or of two.

    Parameters
    ----------
    sides
        One or two.
    study
        Whose title, types and sources stand on the page.
    bounds
        West, south, east, north to open on; None: all of the first side.
    chosen
        Type shown first.
    when
        Time shown first: ``"today"``, ``"after"`` or a year.
    tiles
        Base map; None for none.

    Returns
    -------
    folium.Map
        Self-contained: it asks for no file, but for tiles where a base map is given.
    """
    view = bounds or widened(_layer_bounds(sides), _MARGIN)
    shown = canvas_map(view)
    make_offline(shown, "planner", tiles)
    about = study.about
    title = about.title if about.language == "zh" else about.title_en or about.title
    data = _payload(sides, study, view, tiles) | {"chosen": clean(chosen), "when": clean(when)}
    add_panels(shown, clean(title), data, PANELS)
    for row, layer in enumerate(sides[0].layers):
        CompactLayer(layer.key, side=0, row=row, show=layer.shown).add_to(shown)
    PlannerScript().add_to(shown)
    return shown


def _payload(
    sides: Sequence[Side], study: StudyResults, view: Bounds, tiles: BaseMap | None
) -> Json:
    about: About = study.about
    steps = dict.fromkeys(step for side in sides for step in side.steps)
    return {
        "language": about.language if about.language in LANGUAGES else LANGUAGES[0],
        "words": {language: page_words(language) for language in LANGUAGES},
        "title": {"zh": clean(about.title), "en": clean(about.title_en or about.title)},
        "label": clean(about.label),
        "criterion": study.criterion,
        "types": [type_json(kind) for kind in study.types],
        "steps": [clean(step) for step in steps],
        "groups": GROUPS,
        "one_of": ONE_OF,
        "view": [round(edge, 5) for edge in view],
        "sides": [_side_json(side) for side in sides],
        "tiles": None if tiles is None else tiles_json(tiles),
        "sources": [clean(source) for source in about.sources],
        "made_on": clean(about.made_on),
        "version": clean(about.version),
    }


def _side_json(side: Side) -> Json:
    return {
        "zh": clean(side.name),
        "en": clean(side.name_en or side.name),
        "layers": [layer_json(layer) for layer in side.layers],
        "names": [] if side.areas is None else _names(side.areas),
        "figures": side.figures or {},
        "steps": [clean(step) for step in side.steps],
    }


def _names(areas: gpd.GeoDataFrame) -> list[Json]:
    """Return the areas' names with a place inside, largest areas first."""
    order = np.argsort(-shapely.area(areas.geometry.to_numpy()), kind="stable")
    rows = areas.iloc[order]
    english = rows["name_en"] if "name_en" in rows else [""] * len(rows)
    levels = rows["level"] if "level" in rows else [""] * len(rows)
    names = zip(rows["name"], english, levels, label_points(rows.geometry.to_numpy()), strict=True)
    return [
        {"zh": clean(name), "en": clean(other or name), "level": clean(level), "at": at}
        for name, other, level, at in names
        if at is not None and name
    ]


def opening_bounds(studies: Sequence[StudyResults]) -> Bounds:
    """Return west, south, east, north of the homes and areas of all studies."""
    tables = [study.geo(name) for study in studies for name in ("points", "map_areas")]
    found = [total_bounds(table) for table in tables if table is not None]
    known = [bounds for bounds in found if bounds is not None]
    if not known:
        return EVERYTHING
    edges = np.array(known)
    low, high = edges[:, :2].min(axis=0), edges[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _layer_bounds(sides: Sequence[Side]) -> Bounds:
    drawn = [layer.geometry for side in sides for layer in side.layers if layer.group != "ground"]
    drawn = drawn or [layer.geometry for side in sides for layer in side.layers]
    whole = gpd.GeoDataFrame(geometry=np.concatenate(drawn) if drawn else [], crs=4326)
    return total_bounds(whole) or EVERYTHING


def titled(study: StudyResults, title: str, language: str | None) -> StudyResults:
    """Return results under another title or in another language."""
    about = study.about
    if title:
        about = replace(about, title=title, title_en=title)
    if language:
        about = replace(about, language=language)
    return replace(study, about=about)
