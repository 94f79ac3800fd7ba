"""From measured service circles to a siting problem, and from a plan back to outlets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse

from quarterhour.coverage.circles import TOLERANCE, ServiceCircles
from quarterhour.coverage.impedance import Unit
from quarterhour.coverage.locate import SNAP_LIMIT_M, Locations, locate
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import Pairs, pairs
from quarterhour.coverage.profiles import TravelProfile
from quarterhour.coverage.states import State

from .plan import Plan
from .problem import Quota, SitingProblem, siting_problem


class PairSearch(Protocol):
    """Anything that finds all pairs within a limit, as `quarterhour.coverage.pairs.pairs` does."""

    def __call__(
        self,
        network: StreetNetwork,
        sources: Locations,
        targets: Locations,
        *,
        limit: float,
        by: Unit,
        profile: TravelProfile,
    ) -> Pairs:
        """Return the pairs of ``sources`` and ``targets``."""


#: Levels of areas whose labels candidates carry, for quotas.
LEVELS = ("district", "street", "community")


def problem_from_circles(
    network: StreetNetwork,
    circles: ServiceCircles,
    candidates: gpd.GeoDataFrame,
    types: Sequence[str],
    *,
    total: int,
    quotas: Iterable[Quota] = (),
    budget: float | None = None,
    snap_limit: float = SNAP_LIMIT_M,
    search: PairSearch = pairs,
    **more: Any,
) -> SitingProblem:
    """Ask where new outlets should open, given what is covered already.

    Parameters
    ----------
    network
        The streets the circles were measured on.
    circles
        Measured circles; covered and unknown pairs are left out of the objective.
    candidates
        Canonical candidates (EPSG:4326), at least one.
    types
        Type ids to plan, all of them judged in ``circles``.
    total
        Most new outlets in all types together.
    quotas, budget
        Further limits; the budget is in the unit of the candidates' ``cost``.
    snap_limit
        Metres a candidate may lie from a street; one farther off covers nobody.
    search
        What finds the pairs of demand and candidates: in memory, or tile by tile.
    more
        Further parts of `siting_problem`, e.g. ``years``, ``spacing``, ``floors``, ``fixed``.

    Returns
    -------
    SitingProblem
        Weights are residents (persons); a demand point without residents is left out. Candidates
        have positions in the network's CRS, metres, and demand points the labels of their areas.

    Notes
    -----
    An outlet that may be upgraded is a candidate like any other, marked in ``upgrade``; measure
    ``circles`` without it, so that whom it covers once upgraded counts as gained.

    Raises
    ------
    InputFaults
        If quotas, costs or ids do not fit.
    """
    columns = [[kind.id for kind in circles.types].index(name) for name in types]
    state = circles.state[:, columns]
    cost = candidates["cost"].to_numpy(float)
    places = {
        "xy": shapely.get_coordinates(candidates.geometry.to_crs(network.crs).array),
        "demand_groups": {level: circles.demand[level].tolist() for level in LEVELS},
    }
    return siting_problem(
        types=types,
        residents=circles.demand["residents"].to_numpy(float),
        covers=_cover_sets(network, circles, candidates, columns, snap_limit, search),
        total=total,
        quotas=quotas,
        demand_ids=circles.demand["id"].tolist(),
        candidate_ids=candidates["id"].tolist(),
        covered=state == State.COVERED,
        unknown=state == State.UNKNOWN,
        allowed=allowed_types(candidates, types),
        capacity=candidates["capacity"].to_numpy(np.int64),
        cost=np.zeros(len(cost)) if budget is None else cost,
        budget=budget,
        groups={level: candidates[level].tolist() for level in LEVELS},
        **(places | more),
    )


def _cover_sets(
    network: StreetNetwork,
    circles: ServiceCircles,
    candidates: gpd.GeoDataFrame,
    columns: Sequence[int],
    snap_limit: float,
    search: PairSearch,
) -> list[sparse.csr_array]:
    """Return for each type which candidates stand within its threshold of each demand point."""
    places = locate(
        network, candidates, snap_limit=snap_limit, count_access=circles.locations.count_access
    )
    criterion = circles.criterion
    limits = [circles.types[column].limit(criterion) + TOLERANCE for column in columns]
    walks = search(
        network, circles.locations, places,
        limit=max(limits), by="metres" if criterion == "metres" else "seconds",
        profile=circles.profile,
    )  # fmt: skip
    shape = (len(circles.demand), len(candidates))
    sets = []
    for limit in limits:
        within = (walks.cost <= limit).astype(np.int8)
        covers = sparse.csr_array((within, walks.indices, walks.indptr), shape=shape, copy=True)
        covers.eliminate_zeros()
        sets.append(covers)
    return sets


def allowed_types(candidates: gpd.GeoDataFrame, types: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which types may open at each candidate, bool (m, K); "" allows all."""
    words = [set(filter(None, text.split(";"))) for text in candidates["types"]]
    return np.array([[not some or kind in some for kind in types] for some in words], bool)


def proposed_outlets(
    plan: Plan, problem: SitingProblem, candidates: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return the plan's new outlets as facilities (EPSG:4326), ready to be measured again.

    Parameters
    ----------
    plan, problem
        A plan and the problem it solves.
    candidates
        The table the problem was made from.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns id (``<candidate>:<type>``), name, type, status ``open``, area_m2, capacity,
        hours, address, geometry.
    """
    rows = [chosen.candidate for chosen in plan.chosen for _ in range(chosen.count)]
    kinds = [problem.types[chosen.type] for chosen in plan.chosen for _ in range(chosen.count)]
    sites = candidates.iloc[rows].reset_index(drop=True)
    ids = [f"{site}:{kind}" for site, kind in zip(sites["id"], kinds, strict=True)]
    return gpd.GeoDataFrame(
        {
            "id": ids,
            "name": sites["name"],
            "type": kinds,
            "status": "open",
            "area_m2": sites["area_m2"],
            "capacity": np.nan,
            "hours": "",
            "address": sites["address"],
        },
        geometry=sites.geometry,
        crs=candidates.crs,
    )
