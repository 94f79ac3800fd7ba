"""Areas of every level: which rows lie in which area, and sums over them.

City, district, street-town, community: each measure is computed at the residential points and
added up by these groups, so that people sum across levels. A row without an area of a level is in
area "" of it, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.area_labels import containing

#: Area levels, finest last; "city" is everything.
LEVELS = ("city", "district", "street", "community")

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class AreaGroups:
    """The areas of one level, and which of them each of n rows lies in.

    Attributes
    ----------
    level
        One of `LEVELS`.
    keys
        Ids of the g areas, sorted; "" is the city, or rows without an area.
    where
        int64 (n,), position in ``keys``.
    """

    level: str
    keys: tuple[str, ...]
    where: npt.NDArray[np.int64]

    def sum(self, values: npt.ArrayLike) -> Floats:
        """Return the sum of values (n,) over each area, float64 (g,)."""
        weights = np.asarray(values, np.float64)
        return np.bincount(self.where, weights, len(self.keys)).astype(np.float64)

    def place(self, labels: Objects) -> npt.NDArray[np.int64]:
        """Return the position in ``keys`` of other rows' areas, -1 where it is none of these."""
        position = {key: row for row, key in enumerate(self.keys)}
        return np.array([position.get(label, -1) for label in labels], np.int64)


def area_groups(
    table: pd.DataFrame,
    areas: gpd.GeoDataFrame | None,
    level: str,
    *,
    also: Iterable[str] = (),
) -> AreaGroups:
    """Group the rows of a table by the areas of a level.

    Parameters
    ----------
    table
        A table with columns ``district``, ``street``, ``community``; one that is missing puts
        every row into area "".
    areas
        Canonical areas: those without rows are groups, too. None: only areas with rows.
    level
        One of `LEVELS`.
    also
        Ids of further areas that are groups without rows.
    """
    labels = labels_of(table, level)
    known = () if areas is None else areas.loc[areas["level"] == level, "id"]
    keys = sorted(set(labels) | set(known) | set(also)) or [""]
    position = {key: row for row, key in enumerate(keys)}
    return AreaGroups(level, tuple(keys), np.array([position[key] for key in labels], np.int64))


def labels_of(table: pd.DataFrame, level: str) -> Objects:
    """Return the area of each row of a table with area columns, "" for the city, object (n,)."""
    if level == "city" or level not in table:
        return np.full(len(table), "", object)
    return np.asarray(table[level].to_numpy(), dtype=object)


def areas_of_points(
    points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame | None
) -> Mapping[str, Objects]:
    """Return level -> id of the area each point lies in, by position; levels without areas lack.

    Parameters
    ----------
    points
        Outlets or other points (EPSG:4326).
    areas
        Canonical areas, or None.
    """
    found = {"city": np.full(len(points), "", object)}
    if areas is None:
        return found
    for level in LEVELS[1:]:
        polygons = areas[areas["level"] == level]
        if len(polygons):
            numbered = points.reset_index(drop=True)
            empty = np.full(0, "", object)
            found[level] = containing(numbered, polygons) if len(points) else empty
    return found


def with_names(table: pd.DataFrame, areas: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return the table with ``name`` and ``name_en`` of its ``level`` and ``area`` beside them."""
    names: dict[tuple[str, str], tuple[str, str]] = {}
    if areas is not None:
        columns = (areas["level"], areas["id"], areas["name"], areas["name_en"])
        names = {(lvl, key): (zh, en) for lvl, key, zh, en in zip(*columns, strict=True)}
    pairs = zip(table["level"], table["area"], strict=True)
    labels = [names.get(pair, ("", "")) for pair in pairs]
    table = table.drop(columns=["name", "name_en"], errors="ignore")
    after = table.columns.to_list().index("area") + 1
    table.insert(after, "name", [label[0] for label in labels])
    table.insert(after + 1, "name_en", [label[1] for label in labels])
    return table
