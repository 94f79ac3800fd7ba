"""Accessibility scores beside plain coverage: what is offered to each resident, by type.

For every type, over the walks to its existing outlets within its catchment (formulas and sources in
`quarterhour.coverage.catchments`): ``gravity`` in units of supply, ``two_step`` (2SFCA) and
``enhanced`` (E2SFCA) in units of supply per 1,000 residents. Supply is one of

- ``outlets``: every existing outlet offers 1;
- ``capacity``, ``area_m2``: that column of the outlets, in its own unit; an outlet where it is
  missing makes the scores that rest on it unknown.

The catchment of a type is its own threshold, unless one catchment for all is given. People who live
outside the study compete for its outlets unseen: scores near its edge are upper bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.progress import Progress, silent

from .catchments import gravity, two_step
from .circles import TOLERANCE, ServiceCircles, ServiceType
from .decay import Decay, gaussian_to, three_zones
from .impedance import Unit
from .levels import LEVELS, area_groups, with_names
from .pairs import Pairs, pairs

Floats = npt.NDArray[np.float64]
Supply = Literal["outlets", "capacity", "area_m2"]

#: Scores in the order of `Accessibility.scores`.
SCORES = ("gravity", "two_step", "enhanced")

#: Columns of `accessibility_table` that are added to the demand table, with their units.
ACCESSIBILITY_UNITS = {
    "<type>_gravity": "units of supply, falling with the walk; empty where unknown",
    "<type>_two_step": "units of supply per 1,000 residents (2SFCA); empty where unknown",
    "<type>_enhanced": "units of supply per 1,000 residents (E2SFCA); empty where unknown",
}

#: Columns of `accessibility_summary` with their units.
ACCESSIBILITY_SUMMARY_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id",
    "score": "gravity, two_step or enhanced",
    "supply": "outlets, capacity or area_m2",
    "residents": "persons",
    "unknown": "persons whose score is not known",
    "none": "persons with a score of 0",
    "mean": "mean over residents whose score is known; unit of the score",
}


@dataclass(frozen=True, slots=True, eq=False)
class Accessibility:
    """Scores of n points for T types.

    Attributes
    ----------
    demand, types
        As measured.
    supply
        What outlets offer.
    scores
        Name of the score -> float64 (n, T); NaN where unknown.
    ratio
        float64 (f,), enhanced step-1 ratio of each outlet, supply per 1,000 residents; NaN
        where unknown, where nobody reaches it, and for outlets of other types.
    outlets_without_supply
        int64 (T,), outlets whose supply is not known.
    points_without_residents
        Points that add no demand as their residents are not known.
    """

    demand: gpd.GeoDataFrame
    types: tuple[ServiceType, ...]
    supply: Supply
    scores: dict[str, Floats]
    ratio: Floats
    outlets_without_supply: npt.NDArray[np.int64]
    points_without_residents: int


def measure_accessibility(
    circles: ServiceCircles,
    *,
    supply: Supply = "outlets",
    catchment: float | None = None,
    gravity_decay: Callable[[float], Decay] = gaussian_to,
    enhanced_decay: Callable[[float], Decay] = three_zones,
    progress: Progress = silent,
) -> Accessibility:
    """Score every point and type.

    Parameters
    ----------
    circles
        Measured circles: their points, outlets, types, criterion and walker are used.
    supply
        What an outlet offers; outlets without the column are all unknown.
    catchment
        Farthest walk counted for all types, in metres or minutes as the criterion says; None
        takes the threshold of each type.
    gravity_decay, enhanced_decay
        Make the decay from the catchment in metres or seconds.
    progress
        Told after each type.

    Returns
    -------
    Accessibility

    Raises
    ------
    ValueError
        If the catchment is not above 0 or a supply is negative.
    """
    if catchment is not None and not catchment > 0:
        message = f"catchment is {catchment}, expected above 0"
        raise ValueError(message)
    shape = (len(circles.demand), len(circles.types))
    scores = {name: np.full(shape, np.nan) for name in SCORES}
    ratio = np.full(len(circles.facilities), np.nan)
    missing = np.zeros(len(circles.types), np.int64)
    kinds = circles.facilities["type"].to_numpy(object)
    for column, kind in enumerate(circles.types):
        reach = kind if catchment is None else ServiceType(kind.id, catchment, catchment)
        limit = reach.limit(circles.criterion)
        rows = np.flatnonzero(kinds == kind.id)
        offered = _supply(circles.facilities, rows, supply)
        missing[column] = np.isnan(offered).sum()
        decays = gravity_decay(limit), enhanced_decay(limit)
        found, ratio[rows] = _score(circles, rows, offered, limit, decays)
        radius = reach.radius(circles.criterion, circles.profile)
        known = circles.knowledge.reason(kind.id, radius) == ""
        for name in SCORES:
            scores[name][:, column] = np.where(known, found[name], np.nan)
        progress("measure_type", column + 1, len(circles.types))
    unknown_residents = int(circles.demand["residents"].isna().sum())
    return Accessibility(
        circles.demand, circles.types, supply, scores, ratio, missing, unknown_residents
    )


def _score(
    circles: ServiceCircles,
    rows: npt.NDArray[np.int64],
    offered: Floats,
    limit: float,
    decays: tuple[Decay, Decay],
) -> tuple[dict[str, Floats], Floats]:
    """Return the scores of a type (n,) and the ratios of its outlets, as in `Accessibility`."""
    walks = _walks(circles, rows, limit)
    if walks is None:
        return {name: np.zeros(len(circles.demand)) for name in SCORES}, np.zeros(0)
    residents = circles.demand["residents"].to_numpy(float)
    shared = two_step(walks, offered, residents, decays[1])
    return {
        "gravity": gravity(walks, offered, decays[0]),
        "two_step": two_step(walks, offered, residents).score * 1000,
        "enhanced": shared.score * 1000,
    }, shared.ratio * 1000


def _supply(facilities: gpd.GeoDataFrame, rows: npt.NDArray[np.int64], supply: Supply) -> Floats:
    if supply == "outlets":
        return np.ones(len(rows))
    if supply not in facilities:
        return np.full(len(rows), np.nan)
    return np.asarray(facilities[supply].to_numpy(float)[rows], np.float64)


def _walks(circles: ServiceCircles, rows: npt.NDArray[np.int64], limit: float) -> Pairs | None:
    """Return the walks from all points to some outlets within a limit; None without outlets."""
    if circles.outlets is None or not len(rows):
        return None
    by: Unit = "metres" if circles.criterion == "metres" else "seconds"
    found = pairs(
        circles.locations.network, circles.locations, circles.outlets.take(rows),
        limit=limit + TOLERANCE, by=by, profile=circles.profile,
    )  # fmt: skip
    # What coverage tolerates at the threshold stays inside the last zone of a decay.
    most = np.float32(limit)
    most = most if most <= limit else np.nextafter(most, np.float32(0))
    return replace(found, cost=np.minimum(found.cost, most))


def accessibility_table(found: Accessibility) -> gpd.GeoDataFrame:
    """Return the demand table with the columns of `ACCESSIBILITY_UNITS` for each type."""
    columns = {
        f"{kind.id}_{name}": found.scores[name][:, t]
        for t, kind in enumerate(found.types)
        for name in SCORES
    }
    extra = pd.DataFrame(columns, index=found.demand.index)
    return gpd.GeoDataFrame(pd.concat([found.demand, extra], axis=1), crs=found.demand.crs)


def accessibility_summary(
    found: Accessibility, areas: gpd.GeoDataFrame | None = None
) -> pd.DataFrame:
    """Average the scores over residents, for every area, type and score.

    ``mean = sum of P_i A_i / sum of P_i`` over the points whose score is known.

    Parameters
    ----------
    found
        What was measured.
    areas
        Canonical areas, for names and for areas without points.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, type, score), columns and units in
        `ACCESSIBILITY_SUMMARY_UNITS`.
    """
    residents = found.demand["residents"].fillna(0.0).to_numpy(float)
    parts = []
    for level in LEVELS:
        groups = area_groups(found.demand, areas, level)
        total = groups.sum(residents)
        for column, kind in enumerate(found.types):
            for name in SCORES:
                score = found.scores[name][:, column]
                persons = residents * ~np.isnan(score)
                known = groups.sum(persons)
                mean = np.full(len(total), np.nan)
                weighed = groups.sum(persons * np.nan_to_num(score))
                np.divide(weighed, known, out=mean, where=known > 0)
                sums = {"residents": total, "unknown": groups.sum(residents * np.isnan(score))}
                keys = {"level": level, "area": groups.keys, "type": kind.id, "score": name}
                none = groups.sum(persons * (score == 0))
                parts.append(
                    pd.DataFrame(
                        keys | {"supply": found.supply} | sums | {"none": none, "mean": mean}
                    )
                )
    table = with_names(pd.concat(parts, ignore_index=True), areas)
    return table[list(ACCESSIBILITY_SUMMARY_UNITS)]
