"""Small things done to the canonical tables of a study once they are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from .frame_parts import Box
from .streets import Streets
from .study import TableSection


def box_of(streets: Streets | None) -> Box | None:
    """Return west, south, east and north of the streets in degrees, None without streets."""
    if streets is None or not streets.n_edges:
        return None
    lon, lat = streets.lon, streets.lat
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def within(frame: gpd.GeoDataFrame, extent: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """Return the rows inside the extent (EPSG:4326), all of them without one; RangeIndex."""
    if extent is None:
        return frame
    inside = shapely.intersects(extent, frame.geometry.to_numpy())
    return frame[inside].reset_index(drop=True)


def no_areas() -> gpd.GeoDataFrame:
    """Return an empty table of areas with its columns."""
    columns: dict[str, Sequence[str]] = {
        name: [] for name in ("id", "name", "name_en", "level", "parent")
    }
    return gpd.GeoDataFrame({**columns, "residents": np.empty(0)}, geometry=[], crs=4326)


def unique_across(
    joined: gpd.GeoDataFrame, frames: list[gpd.GeoDataFrame], sections: Sequence[TableSection]
) -> gpd.GeoDataFrame:
    """Put the table's name before ids that several outlet tables use."""
    if joined["id"].is_unique:
        return joined
    stems = [Path(section.file).stem for section in sections]
    prefixes = [stem for stem, frame in zip(stems, frames, strict=False) for _ in range(len(frame))]
    repeated = joined["id"].duplicated(keep=False)
    named = [f"{p}:{i}" for p, i in zip(prefixes, joined["id"], strict=True)]
    return joined.assign(id=np.where(repeated, named, joined["id"]))
