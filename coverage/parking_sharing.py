"""Off-peak sharing (错时共享): vehicles without a space put into lots that are free at night.

Vehicles *i* of the night gap (`quarterhour.coverage.parking`) with a need *k* (from coming home to
leaving) go to a lot *j* that lies within the walking limit and is open to sharing for the whole of
the need, on each of the days. In every time slot *t* between two moments at which any need begins
or ends::

    sum over i and the needs k present in t of vehicles_ikj <= spaces shared by j

so that no space holds two vehicles at any hour. Of all such assignments the most vehicles are
placed, and of these the one with the least walking is taken, proven optimal
(`quarterhour.coverage.assignment`). Walking limit: 300 m, sensitivity 500 m (project choice, no
legal figure was seen).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from quarterhour.data.opening_hours import Window, clock, minutes_open, parse_hours

from .assignment import Assignment, assign_flows
from .by_level import ratio, sum_by_level
from .errors import QueryError
from .locate import SNAP_LIMIT_M, Locations, locate
from .network import StreetNetwork
from .pairs import Pairs, pairs
from .parking import ParkingGap, ParkingRule

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Metres on foot from home to a shared space, and the sensitivity (project choice).
WALKING_LIMITS_M: Final = (300.0, 500.0)
_DAY: Final = 1440

#: Columns of `sharing_table` with their units.
SHARING_UNITS = {
    "limit": "m",
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "gap": "vehicles without a space",
    "shared": "vehicles that find a shared space within the limit",
    "remaining": "vehicles without a space after sharing",
    "walk": "m, mean walk from home to the shared space",
}

#: Columns of `lot_table` with their units.
LOT_UNITS = {
    "limit": "m",
    "id": "id",
    "name": "",
    "kind": "",
    "hours": "",
    "share_spaces": "spaces",
    "state": "",
    "used": "spaces in use in the fullest time slot",
    "vehicles": "vehicles placed",
    "walk": "m, mean walk from home to the lot",
    "subsidy": "yuan per month",
}

#: Columns of `slot_table` with their units.
SLOT_UNITS = {
    "limit": "m",
    "lot": "id",
    "slot": "HH:MM-HH:MM",
    "share_spaces": "spaces",
    "used": "spaces in use",
}


@dataclass(frozen=True, slots=True, eq=False)
class Sharing:
    """Sharing within one walking limit: n points, m lots, s time slots.

    Attributes
    ----------
    limit
        Walking limit in m.
    gap
        The night gap that was filled.
    lots
        All lots of the register, RangeIndex.
    state
        object (m,): ``shares``, ``no_sharing``, ``unknown`` (hours or spaces not told),
        ``too_short`` (not open for any need), ``off_streets``.
    slots
        The s time slots of the day, from need to need.
    slot_use
        float64 (m, s): vehicles present.
    placed, metres
        float64 (n,): vehicles placed, and the vehicle-metres they walk.
    assignment
        Flows with their proof. Source ``i * k + q`` is need q of point i, targets are rows of
        ``lots``.
    flow_metres
        float64 (p,): walk of each pair of the assignment.
    """

    limit: float
    gap: ParkingGap
    lots: gpd.GeoDataFrame
    state: npt.NDArray[np.object_]
    slots: tuple[Window, ...]
    slot_use: Floats
    placed: Floats
    metres: Floats
    assignment: Assignment
    flow_metres: Floats

    @property
    def remaining(self) -> Floats:
        """float64 (n,): vehicles without a space after sharing; NaN where the gap is unknown."""
        left = self.gap.point_gap - self.placed
        return np.where(np.abs(left) < 1e-7, 0.0, left)

    @property
    def used(self) -> Floats:
        """float64 (m,): spaces in use in the fullest slot."""
        return np.asarray(self.slot_use.max(axis=1, initial=0.0), np.float64)


def share_parking(
    network: StreetNetwork,
    gap: ParkingGap,
    lots: gpd.GeoDataFrame,
    homes: Locations,
    *,
    limits: Sequence[float] = WALKING_LIMITS_M,
    snap_limit: float = SNAP_LIMIT_M,
) -> tuple[Sharing, ...]:
    """Share lots at night, once for each walking limit.

    Parameters
    ----------
    network
        The streets.
    gap
        The night gap of the n points.
    lots
        The register (`quarterhour.data.parking.read_parking`).
    homes
        The n points on the streets.
    limits
        Walking limits in m, each above 0.
    snap_limit
        Farthest a lot may lie from a street (m).

    Raises
    ------
    QueryError
        If there is no limit, one is not above 0 and finite, or ``homes`` are other points.
    AssignmentError
        If an assignment is not proven optimal.
    """
    if not limits or not all(0 < limit < np.inf for limit in limits):
        raise QueryError(f"walking limits are {tuple(limits)}, expected some above 0")
    if len(homes) != len(gap.point_gap):
        raise QueryError(f"{len(homes)} homes are located, the gap has {len(gap.point_gap)} points")
    lots = lots.reset_index(drop=True)
    fits = _fits(lots, gap.rule)
    state = _lot_states(lots, fits)
    rows = np.flatnonzero(state == "shares")
    reach = None
    if len(rows):
        there = locate(network, lots.iloc[rows], snap_limit=snap_limit)
        state[rows[~there.reached]] = "off_streets"
        reach = pairs(network, homes, there, limit=max(limits) + 0.01)
    walk = _Walks.of(reach, rows)
    return tuple(_share(limit, gap, lots, state, fits, walk) for limit in limits)


@dataclass(frozen=True, slots=True)
class _Walks:
    """Walks from points to lots that share."""

    home: Ints
    lot: Ints
    metres: Floats

    @classmethod
    def of(cls, reach: Pairs | None, rows: Ints) -> _Walks:
        if reach is None:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        home = np.repeat(np.arange(reach.shape[0]), np.diff(reach.indptr))
        return cls(home, rows[reach.indices], reach.cost.astype(np.float64))


def _share(
    limit: float,
    gap: ParkingGap,
    lots: gpd.GeoDataFrame,
    state: npt.NDArray[np.object_],
    fits: npt.NDArray[np.bool_],
    walk: _Walks,
) -> Sharing:
    needs = gap.rule.needs
    wanted = np.nan_to_num(gap.point_gap)
    demand = np.outer(wanted, [need.share for need in needs]).ravel()
    near = (walk.metres <= limit + 0.01) & (wanted[walk.home] > 0)
    pair, need = np.nonzero(fits[walk.lot] & near[:, None])
    home, lot, metres = walk.home[pair], walk.lot[pair], walk.metres[pair]
    slots, present = time_slots([n.window for n in needs])
    use = _slot_rows(lot, need, present, len(lots))
    spaces = np.nan_to_num(lots["share_spaces"].to_numpy(float))
    found = assign_flows(
        home * len(needs) + need, lot, metres, demand, np.full(len(lots), np.inf),
        use=use, use_capacity=np.repeat(spaces, len(slots)),
    )  # fmt: skip
    slot_use = (use @ found.flow).reshape(len(lots), len(slots))
    placed = np.bincount(home, found.flow, len(wanted)).astype(np.float64)
    walked = np.bincount(home, found.flow * metres, len(wanted)).astype(np.float64)
    return Sharing(limit, gap, lots, state, slots, slot_use, placed, walked, found, metres)


def time_slots(windows: Sequence[Window]) -> tuple[tuple[Window, ...], npt.NDArray[np.bool_]]:
    """Cut the day where any window begins or ends.

    Parameters
    ----------
    windows
        The k windows.

    Returns
    -------
    slots
        The s pieces of the day, without those that no window covers.
    present
        bool (k, s): whether the window covers the slot.
    """
    ends = sorted({m % _DAY for window in windows for m in (window.start, window.end)})
    cuts = [*ends, ends[0] + _DAY]
    pieces = [Window(a % _DAY, b - a + a % _DAY) for a, b in pairwise(cuts)]
    present = np.array([[(p.start - w.start) % _DAY < w.minutes for p in pieces] for w in windows])
    busy = np.flatnonzero(present.any(axis=0))
    return tuple(pieces[slot] for slot in busy), present[:, busy]


def sharing_table(sharing: Sharing, areas: gpd.GeoDataFrame | None = None) -> pd.DataFrame:
    """Return what sharing does by city, district, street and community; units `SHARING_UNITS`.

    In every row ``shared + remaining = gap``.
    """
    values = {
        "gap": sharing.gap.point_gap,
        "shared": sharing.placed,
        "remaining": sharing.remaining,
        "walk": sharing.metres,
    }
    table = sum_by_level(sharing.gap.demand, values, areas)
    table["walk"] = ratio(table["walk"], table["shared"])
    table.insert(0, "limit", sharing.limit)
    return table[list(SHARING_UNITS)]


def lot_table(sharing: Sharing) -> gpd.GeoDataFrame:
    """Return what each lot contributes, and its subsidy; units in `LOT_UNITS`.

    ``subsidy = rate of the study x spaces in use in the fullest slot``, NaN without a rate.
    """
    found, rate = sharing.assignment, sharing.gap.rule.subsidy
    size = len(sharing.lots)
    walked = np.bincount(found.target, found.flow * sharing.flow_metres, size)
    frame = sharing.lots[["id", "name", "kind", "hours", "share_spaces", "geometry"]].copy()
    frame["limit"] = sharing.limit
    frame["state"] = sharing.state
    frame["used"] = sharing.used
    frame["vehicles"] = found.used
    frame["walk"] = ratio(walked, found.used)
    frame["subsidy"] = sharing.used * (np.nan if rate is None else rate)
    return frame[[*LOT_UNITS, "geometry"]]


def slot_table(sharing: Sharing) -> pd.DataFrame:
    """Return the spaces in use of every lot that shares, by time slot; units in `SLOT_UNITS`."""
    rows = np.flatnonzero(sharing.state == "shares")
    names = [f"{clock(slot.start)}-{clock(slot.end)}" for slot in sharing.slots]
    return pd.DataFrame(
        {
            "limit": sharing.limit,
            "lot": np.repeat(sharing.lots["id"].to_numpy()[rows], len(names)),
            "slot": np.tile(np.array(names, object), len(rows)),
            "share_spaces": np.repeat(sharing.lots["share_spaces"].to_numpy()[rows], len(names)),
            "used": sharing.slot_use[rows].ravel(),
        }
    )[list(SLOT_UNITS)]


def _fits(lots: gpd.GeoDataFrame, rule: ParkingRule) -> npt.NDArray[np.bool_]:
    """Return which lots are open for the whole of each need, bool (m, k)."""
    hours = [parse_hours(str(text)) for text in lots["hours"]]
    windows = [need.window for need in rule.needs]
    found = [[minutes_open(h, w, rule.days) >= w.minutes for w in windows] for h in hours]
    return np.array(found, bool).reshape(len(lots), len(windows))


def _lot_states(lots: gpd.GeoDataFrame, fits: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    spaces = lots["share_spaces"].to_numpy(float)
    known = np.array([parse_hours(str(text)).known for text in lots["hours"]], bool)
    untold = np.isnan(spaces) | ~known
    cases = [spaces == 0, untold, ~fits.any(axis=1)]
    words = ["no_sharing", "unknown", "too_short"]
    return np.asarray(np.select(cases, words, default="shares"), dtype=object)


def _slot_rows(lot: Ints, need: Ints, present: npt.NDArray[np.bool_], lots: int) -> sp.csr_array:
    """Return one row a lot and slot that adds up the vehicles present, (lots × slots, p)."""
    pair, slot = np.nonzero(present[need])
    size = present.shape[1]
    rows = lot[pair] * size + slot
    return sp.csr_array((np.ones(len(pair)), (rows, pair)), shape=(lots * size, len(lot)))
