"""Say of each point in which district, street-town and community it lies."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from .faults import FaultLog

#: Levels of areas, coarsest first.
AREA_LEVELS = ("district", "street", "community")

#: Share of the smaller of two areas; what neighbours drawn by hand overlap stays below.
OVERLAP_SHARE = 0.02


def label_areas(
    points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, *, log: FaultLog
) -> gpd.GeoDataFrame:
    """Fill the columns ``district``, ``street`` and ``community`` with ids of areas.

    A label that is an id stays; one that is the name of exactly one area becomes its id; an empty
    or unknown one is replaced by the area the point lies in. Levels without areas are left alone.

    Parameters
    ----------
    points
        Demand or candidates (EPSG:4326).
    areas
        Canonical areas.
    log
        Takes the warnings ``label_unknown`` (no area of that id or name) and ``outside_areas``.

    Returns
    -------
    geopandas.GeoDataFrame
        A copy of ``points``; "" where a point lies in no area of a level.
    """
    labelled = points.copy()
    for level in AREA_LEVELS:
        if level not in labelled:
            labelled[level] = ""
        polygons = areas[areas["level"] == level]
        if len(polygons):
            labelled[level] = _labels(labelled, polygons, level, log)
    return labelled


def _labels(
    points: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame, level: str, log: FaultLog
) -> npt.NDArray[np.object_]:
    given = points[level].to_numpy(object)
    once = polygons[~polygons["name"].duplicated(keep=False)]
    known = dict(zip(once["name"], once["id"], strict=True))
    known |= {area: area for area in polygons["id"]}
    labels = np.array([known.get(text, "") for text in given], object)
    strange = sorted({text for text in given if text and text not in known})
    if strange:
        log.add(
            "label_unknown", column=level, value=", ".join(strange[:5]), count=len(strange),
            severity="warning",
        )  # fmt: skip
    empty = labels == ""
    if empty.any():
        labels[empty] = containing(points[empty], polygons)
    outside = int((labels == "").sum())
    if outside:
        log.add("outside_areas", column=level, count=outside, severity="warning")
    return labels


def containing(points: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return the id of the polygon each point lies in, the first by id on a border, or ""."""
    ordered = polygons.sort_values("id")[["id", "geometry"]].rename(columns={"id": "area"})
    joined = gpd.sjoin(points[["geometry"]], ordered, how="left", predicate="intersects")
    first = joined.sort_values("area").groupby(level=0)["area"].first().reindex(points.index)
    return np.asarray(first.where(pd.notna(first), "").to_numpy(), dtype=object)


def note_overlaps(areas: gpd.GeoDataFrame, *, log: FaultLog) -> None:
    """Warn of areas of one level that share ground: a point there counts for one of them only.

    Parameters
    ----------
    areas
        Canonical areas, all levels.
    log
        Takes ``areas_overlap`` for each level with pairs that share more than `OVERLAP_SHARE` of
        the smaller one, the most first.
    """
    for level in AREA_LEVELS:
        polygons = areas[areas["level"] == level]
        shapes = polygons.geometry.to_numpy()
        one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        one, other = one[one < other], other[one < other]
        shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
        share = shared / np.minimum(shapely.area(shapes[one]), shapely.area(shapes[other]))
        order = [pair for pair in np.argsort(-share, kind="stable") if share[pair] > OVERLAP_SHARE]
        names = polygons["name"].to_numpy(object)
        if order:
            pairs = [f"{names[one[p]]} / {names[other[p]]} ({share[p]:.0%})" for p in order[:5]]
            log.add(
                "areas_overlap", column=level, value="; ".join(pairs), count=len(order),
                severity="warning",
            )  # fmt: skip
