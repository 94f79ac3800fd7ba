"""Residents of areas spread onto residential points: totals kept, nobody dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """People of an area that no point could take.

    Attributes
    ----------
    area
        Id of the area.
    name
        Its name.
    residents
        Persons.
    """

    area: str
    name: str
    residents: float


@dataclass(frozen=True, slots=True)
class SpreadPopulation:
    """Result of `spread`.

    Attributes
    ----------
    residents
        (n,) persons at each point; NaN (unknown) for a point in no area, or in one without a
        figure.
    area
        (n,) id of the area each point lies in, ``""`` for none.
    unplaced
        Areas whose people found no point: none lies in them, or all have weight 0.
    """

    residents: Floats
    area: NDArray[np.object_]
    unplaced: tuple[Unplaced, ...]

    @property
    def placed(self) -> float:
        """Persons at points."""
        return float(np.nansum(self.residents))

    @property
    def lost(self) -> float:
        """Persons of areas without a point."""
        return float(sum(area.residents for area in self.unplaced))


def spread(
    areas: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame | gpd.GeoSeries,
    *,
    weight: ArrayLike | None = None,
    whole: bool = False,
) -> SpreadPopulation:
    """Spread each area's residents onto the points in it, in proportion to a weight.

    Parameters
    ----------
    areas
        Columns ``id, name, residents`` (persons, NaN = unknown) and polygons.
    points
        Residential points in the same CRS. One on a border shared by several areas belongs to the
        one that stands first in ``areas``.
    weight
        (n,) at least 0, e.g. floor area in m²; None gives every point the same.
    whole
        Give whole persons, by the largest remainder: each area's total is then rounded to a whole
        number and met to the person. Of equal remainders the earlier point gets the person.

    Returns
    -------
    SpreadPopulation
        In each area with points the residents sum to its total.

    Raises
    ------
    ValueError
        If the CRSs differ or are missing, a total is negative, or a weight is negative or NaN.
    """
    located = gpd.GeoSeries(points.geometry).reset_index(drop=True)
    weights = _weights(weight, len(located))
    _check(areas, located, weights)
    index = locate(areas, located)
    residents = np.full(len(located), np.nan)
    unplaced = []
    totals = areas["residents"].to_numpy(dtype=np.float64)
    for area, members in _members(index, len(areas)):
        total = totals[area]
        if np.isnan(total):
            continue
        if weights[members].sum() > 0:
            residents[members] = share_out(total, weights[members], whole=whole)
        else:
            residents[members] = 0.0
            if total > 0:
                row = areas.iloc[area]
                unplaced.append(Unplaced(str(row["id"]), str(row["name"]), float(total)))
    ids = np.append(areas["id"].to_numpy(dtype=object), "")
    return SpreadPopulation(residents, ids[index], tuple(unplaced))


def spread_rest(
    areas: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    *,
    own: Floats,
    weight: ArrayLike | None = None,
    whole: bool = False,
) -> SpreadPopulation:
    """Spread what remains of each area's residents onto the points without a figure of their own.

    Parameters
    ----------
    areas, points, weight, whole
        As in `spread`.
    own
        (n,) persons that points have already, NaN where unknown; they stay as they are and are
        taken off their area's total, which is not pushed below 0.

    Returns
    -------
    SpreadPopulation
        ``unplaced`` counts what remained in areas without a point to take it.

    Raises
    ------
    ValueError
        As in `spread`.
    """
    given = np.asarray(own, dtype=np.float64)
    known = ~np.isnan(given)
    if not known.any():
        return spread(areas, points, weight=weight, whole=whole)
    index = locate(areas, gpd.GeoSeries(points.geometry).reset_index(drop=True))
    placed = known & (index >= 0)
    taken = np.bincount(index[placed], weights=given[placed], minlength=len(areas))
    rest = areas.assign(residents=np.maximum(areas["residents"].to_numpy(float) - taken, 0.0))
    weights = np.where(known, 0.0, _weights(weight, len(given)))
    found = spread(rest, points, weight=weights, whole=whole)
    residents = np.where(known, given, found.residents)
    return SpreadPopulation(residents, found.area, tuple(a for a in found.unplaced if a.residents))


def _weights(weight: ArrayLike | None, count: int) -> Floats:
    return np.ones(count) if weight is None else np.asarray(weight, dtype=np.float64)


def _check(areas: gpd.GeoDataFrame, points: gpd.GeoSeries, weights: Floats) -> None:
    breaches = {
        f"CRS of areas {areas.crs} and points {points.crs} must be the same": (
            areas.crs is not None and areas.crs == points.crs
        ),
        f"{len(weights)} weights for {len(points)} points": weights.shape == (len(points),),
        "weights must be 0 or more": bool((weights >= 0).all() and np.isfinite(weights).all()),
        "residents of areas must be 0 or more": not (areas["residents"] < 0).any(),
    }
    said = [words for words, holds in breaches.items() if not holds]
    if said:
        raise ValueError("; ".join(said))


def locate(areas: gpd.GeoDataFrame, points: gpd.GeoSeries) -> NDArray[np.int64]:
    """Return the position of the area each point lies in, borders included; -1 for none.

    Parameters
    ----------
    areas, points
        In the same CRS.

    Returns
    -------
    numpy.ndarray
        (n,); of several areas the first.
    """
    shapes = gpd.GeoDataFrame(
        {"area": np.arange(len(areas))}, geometry=areas.geometry.to_numpy(), crs=areas.crs
    )
    places = gpd.GeoDataFrame(
        {"point": np.arange(len(points))}, geometry=points.to_numpy(), crs=points.crs
    )
    pairs = gpd.sjoin(places, shapes, predicate="intersects", how="inner")
    first = pairs.groupby("point")["area"].min()
    index = np.full(len(points), -1, dtype=np.int64)
    index[first.index.to_numpy()] = first.to_numpy()
    return index


def _members(index: NDArray[np.int64], count: int) -> list[tuple[int, NDArray[np.int64]]]:
    """Return the points of each area, areas without any included."""
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(count + 1))
    return [(area, order[bounds[area] : bounds[area + 1]]) for area in range(count)]


def share_out(total: float, weights: Floats, *, whole: bool = False) -> Floats:
    """Divide a total in proportion to weights.

    Parameters
    ----------
    total
        At least 0.
    weights
        (n,) at least 0, with a positive sum.
    whole
        Whether to give whole numbers, by the largest remainder (Hamilton's method), that sum to
        the rounded total.

    Returns
    -------
    numpy.ndarray
        (n,) sums to the total: exactly if ``whole``, else to rounding of the last digit.
    """
    if not whole:
        shares: Floats = total * (weights / weights.sum())
        return shares
    target = round(total)
    exact = target * (weights / weights.sum())
    given: Floats = np.floor(exact)
    missing = int(target - given.sum())
    order = np.argsort(-(exact - given), kind="stable")
    given[order[:missing]] += 1
    return given
