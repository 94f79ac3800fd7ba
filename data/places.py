"""Communities as tables name them, by id or by name."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from .faults import FaultLog
from .tables import RawTable

#: Unknown names shown in one warning.
_SHOWN = 5


def place_ids(
    areas: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, level: str = "community"
) -> dict[str, str]:
    """Return id or name -> id of every area of a level.

    Parameters
    ----------
    areas, demand
        Canonical tables; labels of the demand that are no area count as ids.
    level
        ``district``, ``street`` or ``community``.

    Returns
    -------
    dict
        A name that several areas share stands for none; an id wins over a name.
    """
    rows = areas[areas["level"] == level]
    once = rows[~rows["name"].duplicated(keep=False) & (rows["name"] != "")]
    found = dict(zip(once["name"], once["id"], strict=True))
    labels = sorted(set(demand[level]) - {""}) if level in demand else []
    return {label: label for label in labels} | found | {area: area for area in rows["id"]}


def known_places(
    table: RawTable, column: str, places: Mapping[str, str], *, log: FaultLog
) -> NDArray[np.object_]:
    """Return the area of each row, "" where it is none of the study's.

    Parameters
    ----------
    table, column
        The table and its column of communities.
    places
        From `place_ids`.
    log
        Takes one warning ``unknown_places``: tables of a whole city are given to studies of a part.

    Returns
    -------
    numpy.ndarray
        (n,) text.
    """
    given = table.text(column)
    found = np.array([places.get(text, "") for text in given], dtype=object)
    strange = dict.fromkeys(text for text, area in zip(given, found, strict=True) if not area)
    if strange:
        shown = ", ".join(text or "–" for text in list(strange)[:_SHOWN])
        log.add(
            "unknown_places", file=table.name, column=column, value=shown,
            count=int((found == "").sum()), severity="warning",
        )  # fmt: skip
    return found
