"""Service circles: which residents reach an outlet of each type within its threshold.

Definition. Demand point *i* is **covered** for type *t* when the walking impedance to its nearest
existing outlet of *t* is at most the threshold of *t* (inclusive, 1 cm or 0.01 s of tolerance for
arithmetic); a **gap** when it provably is not; **unknown** when the data cannot tell
(`quarterhour.coverage.states.Reason`). Residents do not enter the state; they weigh it later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from quarterhour.data.progress import Progress, silent

from .knowledge import Knowledge, know, metres_to_border
from .locate import SNAP_LIMIT_M, Locations, locate
from .nearest import nearest
from .network import ISLAND_SHARE, StreetNetwork
from .profiles import ADULT, TravelProfile
from .states import State

Criterion = Literal["metres", "minutes"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Arithmetic noise allowed at a threshold, in the unit of the impedance (m or s).
TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class ServiceType:
    """One facility type and the threshold it is judged by.

    Attributes
    ----------
    id
        Id in the standards pack.
    metres, minutes
        Threshold as walking distance (m) and as walking time (min).
    basic
        Whether the type counts towards a full circle.
    """

    id: str
    metres: float
    minutes: float
    basic: bool = True

    def limit(self, criterion: Criterion) -> float:
        """Return the threshold in the unit of the search: metres, or seconds."""
        return self.metres if criterion == "metres" else 60.0 * self.minutes

    def radius(self, criterion: Criterion, profile: TravelProfile) -> float:
        """Return the farthest straight line (m) that the threshold can reach."""
        if criterion == "metres":
            return self.metres
        return self.minutes * 60.0 * profile.speed_kmh / 3.6


@dataclass(frozen=True, slots=True)
class ServiceCircles:
    """Coverage of every demand point by every type; rows follow ``demand``, columns ``types``.

    Attributes
    ----------
    demand, facilities
        The canonical tables measured (EPSG:4326).
    types
        The T types judged.
    criterion, profile
        What the thresholds are tested on, and who walks.
    state
        int8 (n, T), values of `State`.
    reason
        object (n, T), values of `Reason`; "" where the state is known.
    metres, seconds
        float64 (n, T), walk to the nearest outlet; NaN where none is reached.
    facility
        int64 (n, T), row of the nearest outlet in ``facilities``; -1 where none is reached.
    straight
        float64 (n, T), straight line to the nearest outlet in metres; NaN without outlets.
    locations
        The demand points on the streets.
    outlets
        The f facilities on the streets; None where there are none.
    knowledge
        What is known around each point.
    """

    demand: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    types: tuple[ServiceType, ...]
    criterion: Criterion
    profile: TravelProfile
    state: npt.NDArray[np.int8]
    reason: npt.NDArray[np.object_]
    metres: Floats
    seconds: Floats
    facility: Ints
    straight: Floats
    locations: Locations
    outlets: Locations | None
    knowledge: Knowledge

    @property
    def facility_placed(self) -> npt.NDArray[np.bool_]:
        """Outlets that stand within the snapping limit of a street, bool (f,)."""
        return np.zeros(0, bool) if self.outlets is None else self.outlets.reached

    @property
    def circle(self) -> npt.NDArray[np.int8]:
        """State of the whole circle, int8 (n,).

        Covered when every basic type is covered, a gap when one is a gap, else unknown; unknown as
        well where no basic type is judged.
        """
        basic = self.state[:, [kind.basic for kind in self.types]]
        whole = (basic == State.COVERED).all(axis=1) & (basic.shape[1] > 0)
        full = np.where(whole, State.COVERED, State.UNKNOWN)
        return np.where((basic == State.GAP).any(axis=1), State.GAP, full).astype(np.int8)

    @property
    def straight_covered(self) -> npt.NDArray[np.bool_]:
        """What straight-line circles would have reported as covered, bool (n, T)."""
        radii = [kind.radius(self.criterion, self.profile) for kind in self.types]
        return np.nan_to_num(self.straight, nan=np.inf) <= np.array(radii) + TOLERANCE


def measure_circles(
    network: StreetNetwork,
    demand: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    types: Sequence[ServiceType],
    *,
    criterion: Criterion = "metres",
    profile: TravelProfile = ADULT,
    entrances: gpd.GeoDataFrame | None = None,
    snap_limit: float = SNAP_LIMIT_M,
    island_share: float = ISLAND_SHARE,
    walk_to_street: bool = True,
    none_exist: Sequence[str] = (),
    known_within: shapely.Geometry | None = None,
    progress: Progress = silent,
) -> ServiceCircles:
    """Measure the service circle of every demand point.

    Parameters
    ----------
    network
        Walkable streets.
    demand, facilities
        Canonical tables (see ``docs/architecture.md``). Facilities whose status is neither
        ``open`` nor ``substandard`` are left out.
    types
        Types to judge, with their thresholds.
    criterion
        Test thresholds on walking metres or on walking minutes.
    profile
        Who walks; only minutes depend on it.
    entrances
        Gates: a demand point named here is entered through its gates alone.
    snap_limit
        Farthest a point may lie from a street (m); farther is unknown.
    island_share
        A connected part of the network with less than this share of the longest part's street
        length is a small island; points on it that reach no outlet are unknown.
    walk_to_street
        Count the straight walk between a point (or gate) and its street.
    none_exist
        Types of which the user states that no outlet exists; without that statement a type
        missing from ``facilities`` is unknown everywhere.
    known_within
        Area in WGS-84 within which all outlets are known; an uncovered point that could reach
        past its border within the threshold is unknown. None: known everywhere.
    progress
        Told after each type.

    Returns
    -------
    ServiceCircles

    Raises
    ------
    ValueError
        If a table has no CRS, or ``types`` is empty.
    """
    if not types:
        message = "types is empty: name at least one type to judge"
        raise ValueError(message)
    existing = _existing(facilities)
    origins = locate(
        network, demand, snap_limit=snap_limit, entrances=entrances, count_access=walk_to_street
    )
    outlets = None
    if len(existing):
        outlets = locate(network, existing, snap_limit=snap_limit, count_access=walk_to_street)
    known = know(
        origins,
        outlets,
        here=_xy(demand, network),
        there=_xy(existing, network),
        kinds=existing["type"].to_numpy(object),
        island_share=island_share,
        none_exist=none_exist,
        border=metres_to_border(known_within, demand, network),
    )
    ground = _Ground(demand, existing, tuple(types), origins, outlets, known)
    return _measure(ground, criterion, profile, progress)


def measure_again(
    circles: ServiceCircles,
    *,
    criterion: Criterion,
    profile: TravelProfile,
    progress: Progress = silent,
) -> ServiceCircles:
    """Measure the same points and outlets for another walker or by the other criterion.

    Parameters
    ----------
    circles
        What was measured.
    criterion, profile, progress
        As in `measure_circles`.

    Returns
    -------
    ServiceCircles
        Equal to what `measure_circles` would return.
    """
    ground = _Ground(
        circles.demand, circles.facilities, circles.types, circles.locations, circles.outlets,
        circles.knowledge,
    )  # fmt: skip
    return _measure(ground, criterion, profile, progress)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What does not depend on who walks."""

    demand: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    types: tuple[ServiceType, ...]
    origins: Locations
    outlets: Locations | None
    knowledge: Knowledge

    def rows(self, kind: ServiceType) -> Ints:
        """Return the rows of a type's outlets."""
        return np.flatnonzero(self.facilities["type"].to_numpy(object) == kind.id)


def _measure(
    ground: _Ground, criterion: Criterion, profile: TravelProfile, progress: Progress
) -> ServiceCircles:
    """Walk to the nearest outlet of every type and judge."""
    network = ground.origins.network
    shape = (len(ground.demand), len(ground.types))
    metres, seconds, straight = (np.full(shape, np.nan) for _ in range(3))
    facility = np.full(shape, -1, np.int64)
    here, there = _xy(ground.demand, network), _xy(ground.facilities, network)
    by: Literal["metres", "seconds"] = "metres" if criterion == "metres" else "seconds"
    for column, kind in enumerate(ground.types):
        rows = ground.rows(kind)
        if ground.outlets is not None and len(rows):
            of_type = ground.outlets.take(rows)
            found = nearest(network, ground.origins, of_type, by=by, profile=profile)
            metres[:, column] = found.metres[:, 0]
            seconds[:, column] = found.seconds[:, 0]
            chosen = found.facility[:, 0]
            facility[:, column] = np.where(chosen >= 0, rows[chosen], -1)
            straight[:, column] = cKDTree(there[rows]).query(here)[0]
        progress("measure_type", column + 1, len(ground.types))
    cost = metres if criterion == "metres" else seconds
    state, reason = judge(ground.knowledge, ground.types, cost, criterion, profile)
    return ServiceCircles(
        ground.demand, ground.facilities, ground.types, criterion, profile, state, reason, metres,
        seconds, facility, straight, ground.origins, ground.outlets, ground.knowledge,
    )  # fmt: skip


def judge(
    knowledge: Knowledge,
    types: Sequence[ServiceType],
    cost: Floats,
    criterion: Criterion,
    profile: TravelProfile,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.object_]]:
    """Judge walks by the thresholds of their types.

    Parameters
    ----------
    knowledge
        What is known around each of the n points.
    types
        The T types.
    cost
        float64 (n, T), the walk in metres or seconds, as the criterion says; NaN where none.
    criterion, profile
        As in `ServiceCircles`.

    Returns
    -------
    int8 (n, T) and object (n, T)
        State, and the reason where it is unknown.
    """
    state = np.full(cost.shape, State.GAP, np.int8)
    reason = np.full(cost.shape, "", object)
    for column, kind in enumerate(types):
        why = knowledge.reason(kind.id, kind.radius(criterion, profile))
        limit = kind.limit(criterion) + TOLERANCE
        covered = np.nan_to_num(cost[:, column], nan=np.inf) <= limit
        why[covered] = ""
        state[why != "", column] = State.UNKNOWN
        state[covered, column] = State.COVERED
        reason[:, column] = why
    return state, reason


def _existing(facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = facilities["status"].isin(["open", "substandard"])
    return facilities.loc[rows].reset_index(drop=True)


def _xy(points: gpd.GeoDataFrame, network: StreetNetwork) -> Floats:
    return np.asarray(shapely.get_coordinates(points.geometry.to_crs(network.crs)), np.float64)
