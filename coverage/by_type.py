"""The same questions for each type of facility, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from .errors import QueryError
from .impedance import Unit
from .locate import Locations, located
from .nearest import nearest
from .network import StreetNetwork
from .profiles import ADULT, TravelProfile
from .service_areas import OFFSET_M, service_areas

if TYPE_CHECKING:
    import geopandas as gpd

    from .locate import Placeable


def nearest_by_type(
    network: StreetNetwork,
    origins: Placeable,
    facilities: Placeable,
    types: str | ArrayLike,
    *,
    k: int = 1,
    limit: float | None = None,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
) -> gpd.GeoDataFrame:
    """Find the k facilities of each type that each origin reaches first.

    Parameters
    ----------
    network, origins, k, limit, by, profile
        As in `quarterhour.coverage.nearest.nearest`.
    facilities
        Points located on this network, or a table of points, which are located as they are.
    types
        Name of the facilities' column, or (n,) the type of each; their order is kept.

    Returns
    -------
    GeoDataFrame
        Type after type what `quarterhour.coverage.nearest.Nearest.to_frame` returns, with the
        column ``type`` before. ``frame.pivot(columns="type", values="metres")`` has one row an
        origin where ``k`` is 1.

    Raises
    ------
    QueryError
        As `nearest` does, or if the column is missing, or types are missing or too few.
    """
    import geopandas as gpd  # noqa: PLC0415 - heavy, not needed for import

    here, parts = located(network, origins), []
    for kind, of_type in _of_each_type(network, facilities, types):
        found = nearest(network, here, of_type, k=k, limit=limit, by=by, profile=profile)
        parts.append(_typed(found.to_frame(), kind))
    return gpd.GeoDataFrame(pd.concat(parts), crs=parts[0].crs)


def covered_by_type(
    network: StreetNetwork,
    facilities: Placeable,
    types: str | ArrayLike,
    *,
    breaks: Sequence[float] | float,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
    offset: float = OFFSET_M,
    resolution: float | None = None,
    threads: int | None = None,
) -> gpd.GeoDataFrame:
    """Return the land within each break of any facility of each type.

    Parameters
    ----------
    network, facilities, breaks, by, profile, offset, resolution, threads
        As in `quarterhour.coverage.service_areas.service_areas`.
    types
        Name of the facilities' column, or (n,) the type of each; their order is kept.

    Returns
    -------
    GeoDataFrame
        Type after type the dissolved rows of `service_areas`, with the column ``type`` before.

    Raises
    ------
    QueryError
        As `service_areas` does, or if the column is missing, or types are missing or too few.
    """
    import geopandas as gpd  # noqa: PLC0415 - heavy, not needed for import

    parts = [
        _typed(
            service_areas(
                network, of_type, breaks=breaks, by=by, profile=profile, offset=offset,
                resolution=resolution, dissolve="break", threads=threads,
            ),
            kind,
        )
        for kind, of_type in _of_each_type(network, facilities, types)
    ]  # fmt: skip
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=network.crs)


def _of_each_type(
    network: StreetNetwork, facilities: Placeable, types: str | ArrayLike
) -> Iterator[tuple[Any, Locations]]:
    """Yield each type and its facilities, in the order in which types first occur."""
    kinds = _types(facilities, types)
    places = located(network, facilities)
    if len(kinds) != len(places):
        raise QueryError(f"there are {len(kinds)} types for {len(places)} facilities")
    missing = int(kinds.isna().sum())
    if missing:
        raise QueryError(f"{missing} facilities have no type: leave them out or name it")
    if len(kinds) == 0:
        raise QueryError("there are no facilities")
    number, names = pd.factorize(kinds)
    for position, kind in enumerate(names):
        yield kind, places.take(number == position)


def _types(facilities: Any, types: str | ArrayLike) -> pd.Series[Any]:
    if not isinstance(types, str):
        return pd.Series(np.asarray(types))
    columns = getattr(facilities, "columns", None)
    if columns is None or types not in columns:
        raise QueryError(
            f"the facilities have no column {types!r}: give their table, or the types themselves"
        )
    return pd.Series(facilities[types].array)


def _typed(frame: gpd.GeoDataFrame, kind: Any) -> gpd.GeoDataFrame:
    frame.insert(0, "type", [kind] * len(frame))
    return frame
