"""The page of a study: one self-contained Folium page that opens without internet.

It reads in this order: one sentence and four figures, the switch between types and between today
and after the plan, the map, coverage by type, where to act first, the plan and how sure it is,
and where the figures come from.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
from folium.utilities import JsCode

from quarterhour.data.text import tr

from .elements import StudyScript, add_panels, make_offline
from .geometry import Geometries, Json, drawing_tolerance, features, street_features
from .page_data import PageData, check_page_data
from .payload import clean, payload
from .plan_layers import ABOVE_SHADING
from .window import AREAS_MARGIN, DRAWN_MARGIN, Bounds, clipped, opening_view, widened

Mask = npt.NDArray[np.bool_]

#: Other kinds that have a look of their own; any further kind is drawn as "other".
_BELOW_SHADING = (
    "forest", "grass", "building", "compound", "residential", "commercial", "industrial", "campus",
    "grounds", "square", "farm",
)  # fmt: skip

#: Deepest zoom: 20 shows a street block on a phone.
_MAX_ZOOM = 20


def study_page(data: PageData) -> folium.Map:
    """Return the page of a study as a folium map, usable in a notebook and for `write_page`.

    Parameters
    ----------
    data
        Tables of the study, before and (if there is a plan) after it.

    Returns
    -------
    folium.Map
        Self-contained: it draws streets, water and areas from the study's own data in place of
        tiles, and asks for no file.

    Raises
    ------
    ValueError
        If a table breaks its contract (see `quarterhour.maps.page_data.check_page_data`).
    """
    check_page_data(data)
    view = opening_view(data)
    study_map = canvas_map(view)
    make_offline(study_map, "leader", data.tiles)
    title = data.title if data.language == "zh" else data.title_en or data.title
    add_panels(study_map, clean(title), payload(data, view))
    layers = _layers(data, view)
    for layer in layers.values():
        layer.add_to(study_map)
    control = folium.LayerControl(position="topright", collapsed=True, autoZIndex=False)
    control.add_to(study_map)
    StudyScript(layers, control).add_to(study_map)
    return study_map


def canvas_map(view: Bounds) -> folium.Map:
    """Return an empty map without tiles that opens on west, south, east, north."""
    west, south, east, north = view
    study_map = folium.Map(
        location=((south + north) / 2, (west + east) / 2),
        tiles=None,
        prefer_canvas=True,
        zoom_control="topright",
        font_size="14px",
        maxZoom=_MAX_ZOOM,
        zoomSnap=0.1,
        zoomDelta=0.5,
        attributionControl=False,
    )
    # One canvas draws all vectors; fingers need a margin around small dots.
    canvas = "L.canvas({tolerance: L.Browser.mobile ? 8 : 3, padding: 0.3})"
    renderer: Any = JsCode(canvas)  # folium writes code as it stands, but its types do not say so
    study_map.options["renderer"] = renderer
    study_map.fit_bounds([[south, west], [north, east]])
    return study_map


def write_page(data: PageData, path: Path) -> Path:
    """Write the page of a study to one HTML file; a reader never sees half a file.

    Parameters
    ----------
    data
        Tables of the study.
    path
        File to write; its folder must exist.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    ValueError
        If a table breaks its contract.
    OSError
        If the file cannot be written; an earlier page is then untouched.
    """
    return write_map(study_page(data), path)


def write_map(study_map: folium.Map, path: Path) -> Path:
    """Write a map to one HTML file, the same bytes for the same map; a reader never sees half.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier one is then untouched.
    """
    root = study_map.get_root()
    text = _steady(root.render(), root)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_text(text, encoding="utf-8", newline="\n")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def _steady(text: str, root: Any) -> str:
    """Return a rendered page with running numbers for folium's random ids: runs can be compared."""
    numbers = {name: f"{number:032x}" for number, name in enumerate(_ids(root))}
    return re.sub("|".join(numbers), lambda found: numbers[found[0]], text)


def _ids(element: Any) -> Iterator[str]:
    """Yield the ids of an element and of all it holds, in order."""
    yield element._id  # noqa: SLF001 - folium names its elements by it and gives no other way
    inside = [getattr(element, part, None) for part in ("header", "html", "script")]
    for child in [*inside, *element._children.values()]:  # noqa: SLF001 - as above
        if hasattr(child, "_id"):
            yield from _ids(child)


def _layers(data: PageData, view: Bounds) -> dict[str, folium.GeoJson]:
    """Return one GeoJson layer a theme, from the bottom up."""
    tolerance, window = drawing_tolerance(view), widened(view, DRAWN_MARGIN)
    ground = data.background.assign(geometry=clipped(_shapes(data.background), window))
    above = np.array([kind in ABOVE_SHADING for kind in ground.get("kind", [])], bool)
    themes = {
        "land": _background(ground, ~above, tolerance),
        "areas": features(clipped(_shapes(data.areas), widened(view, AREAS_MARGIN)), tolerance),
        "water": _background(ground, above, tolerance),
        "streets": street_features(data.streets, window, tolerance),
        "points": features(_shapes(data.points)),
        "outlets": features(_shapes(data.outlets)),
    }
    if data.sites is not None:
        themes["sites"] = _first_of_each_place(data.sites)
    return {theme: _layer(theme, found, data.language) for theme, found in themes.items()}


def _layer(theme: str, found: Json, language: str) -> folium.GeoJson:
    """Return a layer whose looks and popups the page's scripts decide."""
    return folium.GeoJson(
        found,
        name=tr(f"maps.layer.{theme}", language),
        on_each_feature=JsCode(f"quarterhour.onEach.{theme}"),
        style=JsCode(f"quarterhour.style.{theme}"),
        pointToLayer=JsCode(f"quarterhour.pointToLayer.{theme}"),
        interactive=theme in {"areas", "points", "outlets", "sites"},
    )


def _shapes(table: gpd.GeoDataFrame, rows: Mask | None = None) -> Geometries:
    """Return the geometry of a table, missing outside ``rows``."""
    shapes = np.empty(len(table), object)
    if len(table):
        shapes[:] = table.geometry.to_numpy()
    if rows is not None:
        shapes[~rows] = None
    return shapes


def _background(background: gpd.GeoDataFrame, rows: Mask, tolerance: float) -> Json:
    """Return background features with their kind; the scripts know how each kind looks.

    Only known kinds enter the page: folium reads a layer's data as a template.
    """
    known = {*ABOVE_SHADING, *_BELOW_SHADING}
    found = features(_shapes(background, rows), tolerance)
    for feature in found["features"]:
        kind = str(background["kind"].iloc[feature["id"]])
        feature["properties"]["kind"] = kind if kind in known else "other"
    return found


def _first_of_each_place(sites: gpd.GeoDataFrame) -> Json:
    """Return one point a candidate, at the row of its best ranked site."""
    ranked = sites.reset_index(drop=True).sort_values("rank", kind="stable")
    first = ranked.drop_duplicates("candidate").index.to_numpy()
    return features(_shapes(sites, np.isin(np.arange(len(sites)), first)))
