"""Sums over residential points as one table of all area levels."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from .levels import LEVELS, area_groups, with_names

Floats = npt.NDArray[np.float64]


def sum_by_level(
    points: pd.DataFrame,
    values: Mapping[str, npt.ArrayLike],
    areas: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Add up figures of points by city, district, street and community.

    Parameters
    ----------
    points
        Rows with the columns ``district``, ``street``, ``community`` (ids, "" = none).
    values
        Name → (n,) figures; NaN adds nothing.
    areas
        Canonical areas: they give names, and list areas without points too. None: ids only.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area): ``level, area, name, name_en`` and the sums. The sums of each
        level add up to the city's; points without an area of a level are in area "".
    """
    parts = []
    for level in LEVELS:
        groups = area_groups(points, areas, level)
        sums = {name: groups.sum(np.nan_to_num(np.asarray(v, float))) for name, v in values.items()}
        parts.append(pd.DataFrame({"level": level, "area": groups.keys} | sums))
    return with_names(pd.concat(parts, ignore_index=True), areas)


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Floats:
    """Return part / whole, NaN where the whole is 0."""
    above, below = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    found: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)
    return found
