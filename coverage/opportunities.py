"""How many outlets residents can choose from: k-th nearest, and counts within minutes on foot.

For residential point *i* and type *t*, over the existing outlets of *t* alone, with *c* the walk
in the unit of the criterion and *s* the quickest walk in seconds::

    kth(i, t, k)    = the k-th smallest c(i, j)                       (m, s)
    within(i, t, m) = number of j with s(i, j) <= 60 m                (outlets)
    choice(i, t)    = number of j with c(i, j) <= threshold of t      (outlets)

Sources: cumulative opportunities (Wachs and Kumagai 1973, "Physical accessibility as a social
indicator"); k-th nearest as a measure of choice and of reserve when an outlet closes. Outlets of
another type or tier never count: GB 50180-2018 tests each tier by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.progress import Progress, silent

from .circles import TOLERANCE, Criterion, ServiceCircles, ServiceType, judge
from .impedance import Unit
from .levels import LEVELS, area_groups, with_names
from .locate import Locations
from .nearest import nearest
from .pairs import pairs
from .states import State

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Outlets counted in order of their walk.
RANKS = (1, 2, 3)

#: Windows (min) outlets are counted in.
WINDOWS = (5.0, 10.0, 15.0)

#: Residential points searched at once: bounds the memory held by their pairs.
_BLOCK = 2048

#: Columns of `opportunity_table` that are added to the demand table, with their units.
OPPORTUNITY_UNITS = {
    "<type>_metres_<k>": "m to the k-th nearest outlet",
    "<type>_minutes_<k>": "min to the k-th nearest outlet",
    "<type>_state_<k>": "covered when k outlets are within the threshold",
    "<type>_within_<m>": "outlets within m minutes; empty where unknown",
    "<type>_choice": "outlets within the type's own threshold; empty where unknown",
}

#: Columns of `opportunity_summary` with their units.
OPPORTUNITY_SUMMARY_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id",
    "measure": "within_<m> (minutes), or choice (within the threshold)",
    "residents": "persons",
    "unknown": "persons whose count is not known",
    "none": "persons with no outlet",
    "one": "persons with exactly one outlet",
    "several": "persons with two outlets or more",
    "mean": "outlets per resident whose count is known, residents weighing",
}


@dataclass(frozen=True, slots=True, eq=False)
class Opportunities:
    """Outlets within reach of n points, by T types, K ranks and M windows.

    Attributes
    ----------
    demand, types, criterion
        As measured.
    ranks, windows
        The K ranks and the M windows in minutes.
    metres, seconds
        float64 (n, T, K): walk to the k-th nearest outlet; NaN where fewer are reached.
    state
        int8 (n, T, K): `State` of having k outlets within the type's own threshold.
    within
        int64 (n, T, M): outlets found within each window.
    within_known
        bool (n, T, M): that number is all there are; else there may be more.
    choice, choice_known
        int64 and bool (n, T): the same within the type's own threshold.
    """

    demand: gpd.GeoDataFrame
    types: tuple[ServiceType, ...]
    criterion: Criterion
    ranks: tuple[int, ...]
    windows: tuple[float, ...]
    metres: Floats
    seconds: Floats
    state: npt.NDArray[np.int8]
    within: Ints
    within_known: Bools
    choice: Ints
    choice_known: Bools


def measure_opportunities(
    circles: ServiceCircles,
    *,
    ranks: Sequence[int] = RANKS,
    windows: Sequence[float] = WINDOWS,
    progress: Progress = silent,
) -> Opportunities:
    """Measure what residents can choose from.

    Parameters
    ----------
    circles
        Measured circles: their points, outlets, types, criterion and walker are used.
    ranks
        Ranks k, each 1 or more.
    windows
        Minutes, each above 0.
    progress
        Told after each type and each block of points.

    Returns
    -------
    Opportunities

    Raises
    ------
    ValueError
        If a rank is below 1 or a window not above 0.
    """
    if any(rank < 1 for rank in ranks) or any(not minutes > 0 for minutes in windows):
        message = f"ranks {tuple(ranks)} must be 1 or more, windows {tuple(windows)} above 0"
        raise ValueError(message)
    metres, seconds = _ranked(circles, tuple(ranks), progress)
    cost = metres if circles.criterion == "metres" else seconds
    judged = [
        judge(circles.knowledge, circles.types, cost[:, :, k], circles.criterion, circles.profile)[
            0
        ]
        for k in range(len(ranks))
    ]
    shape = (len(circles.demand), len(circles.types), len(ranks))
    state = np.stack(judged, axis=2) if judged else np.empty(shape, np.int8)
    columns = len(circles.types)
    limits = np.broadcast_to(np.asarray(windows, float) * 60.0, (columns, len(windows)))
    within = _count(circles, "seconds", limits, progress)
    own = np.array([[kind.limit(circles.criterion)] for kind in circles.types])
    unit: Unit = "metres" if circles.criterion == "metres" else "seconds"
    choice = _count(circles, unit, own, progress)[:, :, 0]
    speed = circles.profile.speed_m_s
    radii = np.array([[k.radius(circles.criterion, circles.profile)] for k in circles.types])
    return Opportunities(
        circles.demand, circles.types, circles.criterion, tuple(ranks), tuple(windows), metres,
        seconds, state, within, _known(circles, limits * speed), choice,
        _known(circles, radii)[:, :, 0],
    )  # fmt: skip


def _ranked(
    circles: ServiceCircles, ranks: tuple[int, ...], progress: Progress
) -> tuple[Floats, Floats]:
    """Return metres and seconds to the outlets of the given ranks, each (n, T, K)."""
    shape = (len(circles.demand), len(circles.types), len(ranks))
    metres, seconds = np.full(shape, np.nan), np.full(shape, np.nan)
    kinds = circles.facilities["type"].to_numpy(object)
    by: Unit = "metres" if circles.criterion == "metres" else "seconds"
    for column, kind in enumerate(circles.types):
        rows = np.flatnonzero(kinds == kind.id)
        depth = min(max(ranks, default=0), len(rows))
        if circles.outlets is not None and depth:
            found = nearest(
                circles.locations.network, circles.locations, circles.outlets.take(rows),
                k=depth, by=by, profile=circles.profile,
            )  # fmt: skip
            have = [place for place, rank in enumerate(ranks) if rank <= depth]
            taken = [ranks[place] - 1 for place in have]
            metres[:, column, have] = found.metres[:, taken]
            seconds[:, column, have] = found.seconds[:, taken]
        progress("measure_type", column + 1, len(circles.types))
    return metres, seconds


def _count(circles: ServiceCircles, by: Unit, limits: Floats, progress: Progress) -> Ints:
    """Return outlets of each type within limits (T, M) in the unit of ``by``, int64 (n, T, M)."""
    position = {kind.id: column for column, kind in enumerate(circles.types)}
    kinds = circles.facilities["type"].to_numpy(object)
    column = np.array([position.get(kind, -1) for kind in kinds], np.int64)
    rows = np.flatnonzero(column >= 0)
    counts = np.zeros((len(circles.demand), *limits.shape), np.int64)
    if circles.outlets is None or not len(rows) or not limits.size:
        return counts
    outlets = circles.outlets.take(rows)
    for start in range(0, len(counts), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(counts)))
        origins = circles.locations.take(block)
        counts[block] = _count_block(circles, origins, outlets, column[rows], by, limits)
        progress("measure_type", int(block[-1]) + 1, len(counts))
    return counts


def _count_block(
    circles: ServiceCircles,
    origins: Locations,
    outlets: Locations,
    column: Ints,
    by: Unit,
    limits: Floats,
) -> Ints:
    found = pairs(
        origins.network, origins, outlets, limit=float(limits.max()) + TOLERANCE, by=by,
        profile=circles.profile,
    )  # fmt: skip
    source = np.repeat(np.arange(len(origins)), np.diff(found.indptr))
    kind = column[found.indices]
    cell = source * len(limits) + kind
    counts = np.empty((len(origins), *limits.shape), np.int64)
    for place in range(limits.shape[1]):
        near = found.cost <= limits[kind, place] + TOLERANCE
        of_cell = np.bincount(cell[near], minlength=len(origins) * len(limits))
        counts[:, :, place] = of_cell.reshape(len(origins), len(limits))
    return counts


def _known(circles: ServiceCircles, radii: Floats) -> Bools:
    """Tell where no outlet within straight radii (T, M) can have been missed, bool (n, T, M)."""
    known = np.empty((len(circles.demand), *radii.shape), bool)
    for column, kind in enumerate(circles.types):
        for place, radius in enumerate(radii[column]):
            known[:, column, place] = circles.knowledge.reason(kind.id, float(radius)) == ""
    return known


def opportunity_table(found: Opportunities) -> gpd.GeoDataFrame:
    """Return the demand table with the columns of `OPPORTUNITY_UNITS` for each type."""
    words = np.array([state.name.lower() for state in State], object)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for t, kind in enumerate(found.types):
        for k, rank in enumerate(found.ranks):
            columns[f"{kind.id}_metres_{rank}"] = np.round(found.metres[:, t, k], 2)
            columns[f"{kind.id}_minutes_{rank}"] = np.round(found.seconds[:, t, k] / 60.0, 3)
            columns[f"{kind.id}_state_{rank}"] = words[found.state[:, t, k]]
        for m, minutes in enumerate(found.windows):
            counted = np.where(found.within_known[:, t, m], found.within[:, t, m], np.nan)
            columns[f"{kind.id}_within_{minutes:g}"] = counted
        columns[f"{kind.id}_choice"] = np.where(
            found.choice_known[:, t], found.choice[:, t], np.nan
        )
    extra = pd.DataFrame(columns, index=found.demand.index)
    return gpd.GeoDataFrame(pd.concat([found.demand, extra], axis=1), crs=found.demand.crs)


def opportunity_summary(
    found: Opportunities, areas: gpd.GeoDataFrame | None = None
) -> pd.DataFrame:
    """Count residents by the number of outlets they can choose from, for every area and type.

    ``none + one + several + unknown = residents``; points without a residents figure add none.

    Parameters
    ----------
    found
        What was measured.
    areas
        Canonical areas, for names and for areas without points.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, type, measure), columns and units in `OPPORTUNITY_SUMMARY_UNITS`.
    """
    residents = found.demand["residents"].fillna(0.0).to_numpy(float)
    parts = []
    for level in LEVELS:
        groups = area_groups(found.demand, areas, level)
        total = groups.sum(residents)
        for kind, measure, count, known in _measures(found):
            persons = residents * known
            sums = {
                "residents": total,
                "unknown": groups.sum(residents * ~known),
                "none": groups.sum(persons * (count == 0)),
                "one": groups.sum(persons * (count == 1)),
                "several": groups.sum(persons * (count > 1)),
            }
            all_known = groups.sum(persons)
            mean = np.full(len(groups.keys), np.nan)
            np.divide(groups.sum(persons * count), all_known, out=mean, where=all_known > 0)
            keys = {"level": level, "area": groups.keys, "type": kind, "measure": measure}
            parts.append(pd.DataFrame(keys | sums | {"mean": mean}))
    table = with_names(pd.concat(parts, ignore_index=True), areas)
    return table[list(OPPORTUNITY_SUMMARY_UNITS)]


def _measures(found: Opportunities) -> list[tuple[str, str, Ints, Bools]]:
    """Return type, name, counts (n,) and where they are known, for every count."""
    rows = []
    for t, kind in enumerate(found.types):
        for m, minutes in enumerate(found.windows):
            name = f"within_{minutes:g}"
            rows.append((kind.id, name, found.within[:, t, m], found.within_known[:, t, m]))
        rows.append((kind.id, "choice", found.choice[:, t], found.choice_known[:, t]))
    return rows
