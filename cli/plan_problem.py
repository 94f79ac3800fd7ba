"""The siting problem of a study: every option of ``[plan]`` put into arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from quarterhour.coverage.circles import ServiceCircles
from quarterhour.coverage.gaps import gap_places
from quarterhour.optimize.from_circles import problem_from_circles
from quarterhour.optimize.problem import SitingProblem

from .plan_rules import LEVELS, floors, planned_types, quotas, quotas_by_year, total
from .premises import Premises
from .study_run import StudyRun
from .tiled_search import pair_search

Bools = npt.NDArray[np.bool_]


def base_circles(run: StudyRun, ground: Premises) -> ServiceCircles:
    """Return the circles before the plan: of what stands, outlets to be upgraded left out."""
    if len(ground.standing) == len(run.inputs.facilities):
        return run.circles
    # A type whose outlets are all to be upgraded is known to have none, not unknown.
    return run.measure(ground.standing, none_exist=sorted(set(run.inputs.facilities["type"])))


def study_problem(
    run: StudyRun,
    circles: ServiceCircles,
    ground: Premises,
    *,
    previous: pd.DataFrame | None = None,
    priorities: pd.DataFrame | None = None,
) -> SitingProblem:
    """Return the siting problem that the study asks.

    Parameters
    ----------
    run
        The study.
    circles
        Measured before the plan (`base_circles`).
    ground
        What the plan chooses from.
    previous
        ``candidate, type`` of an earlier plan's outlets.
    priorities
        The gap list, whose ``priority`` weighs residents; None weighs all alike.

    Returns
    -------
    SitingProblem
        Candidates in the order of ``ground.table``.

    Raises
    ------
    InputFaults
        If quotas, costs or ids do not fit.
    """
    options, table = run.config.plan, ground.table
    bare = problem_from_circles(
        run.network, circles, table, planned_types(run),
        total=total(options), quotas=quotas(run, ground.standing), budget=options.budget,
        snap_limit=run.config.streets.snap_limit, search=pair_search(run),
    )  # fmt: skip
    return with_options(
        bare, run, ground, previous=previous, weights=_weights(run, circles, bare, priorities)
    )


def with_options(
    bare: SitingProblem,
    run: StudyRun,
    ground: Premises,
    *,
    previous: pd.DataFrame | None = None,
    weights: npt.NDArray[np.float64] | None = None,
) -> SitingProblem:
    """Return ``bare`` with years, sites by id, spacing, floors and what else the study asks.

    A problem that has not the study's demand points only counts quotas: it gets no floors.
    """
    options, table = run.config.plan, ground.table
    years = options.years or ("",)
    place = {str(name): row for row, name in enumerate(table["id"])}
    xy = shapely.get_coordinates(table.geometry.to_crs(run.network.crs).array)
    counted_only = bare.n_demand != len(run.inputs.demand)
    fixed, fixed_year = _fixed(ground.fixed, place, bare.types, years)
    return replace(
        bare,
        weights=bare.weights if weights is None else weights,
        allowed=_allowed(bare, run, ground, xy) | fixed,
        required=_marked(options.required, place),
        fixed=fixed,
        fixed_year=fixed_year,
        upgrade=ground.upgrade,
        years=years,
        year_weight=np.power(options.discount, np.arange(len(years), dtype=np.float64)),
        xy=xy,
        spacing=dict(options.spacing),
        exclusive=tuple(
            np.array(sorted({place[name] for name in names}), np.int64)
            for names in options.exclusive
        ),
        quotas=(*bare.quotas, *quotas_by_year(options)),
        floors=() if counted_only else tuple(floors(run)),
        demand_groups={} if counted_only else _demand_groups(run.inputs.demand),
        circle_weight=options.circle_reward * bare.residents,
        previous=_pairs(previous, place, bare.types),
        keep_weight=options.keep,
    )


def _demand_groups(demand: gpd.GeoDataFrame) -> dict[str, npt.NDArray[np.object_]]:
    return {level: demand[level].to_numpy(object) for level in LEVELS}


def _allowed(
    bare: SitingProblem, run: StudyRun, ground: Premises, xy: npt.NDArray[np.float64]
) -> Bools:
    """Return what may open where: not what is forbidden, given up, or too near an outlet."""
    options = run.config.plan
    forbidden = np.isin(bare.candidate_ids, np.array(options.forbidden, object))
    place = {str(name): row for row, name in enumerate(bare.candidate_ids)}
    allowed: Bools = bare.allowed & ~forbidden[:, None] & ~_pairs(ground.dropped, place, bare.types)
    if options.spacing_existing:
        for kind, metres in options.spacing.items():
            there = ground.standing[ground.standing["type"] == kind]
            near = _near(xy, there, metres, run) & ~ground.upgrade
            allowed[near, bare.types.index(kind)] = False
    return allowed


def _near(
    xy: npt.NDArray[np.float64], there: gpd.GeoDataFrame, metres: float, run: StudyRun
) -> Bools:
    if there.empty:
        return np.zeros(len(xy), bool)
    points = shapely.get_coordinates(there.geometry.to_crs(run.network.crs).array)
    apart, _ = cKDTree(points).query(xy)
    return np.asarray(apart < metres, bool)


def _marked(names: Iterable[str], place: dict[str, int]) -> Bools:
    marked = np.zeros(len(place), bool)
    marked[[place[name] for name in names]] = True
    return marked


def _pairs(table: pd.DataFrame | None, place: dict[str, int], types: tuple[str, ...]) -> Bools:
    """Return the outlets of a table as bool (m, K); those that stand nowhere here are left out."""
    pairs = np.zeros((len(place), len(types)), bool)
    if table is not None:
        for candidate, kind in zip(table["candidate"], table["type"], strict=True):
            if candidate in place and kind in types:
                pairs[place[candidate], types.index(kind)] = True
    return pairs


def _fixed(
    table: pd.DataFrame, place: dict[str, int], types: tuple[str, ...], years: tuple[str, ...]
) -> tuple[Bools, npt.NDArray[np.int64]]:
    """Return which outlets the ledger has decided on (m, K), and in which year each opens."""
    fixed = _pairs(table, place, types)
    opens = np.full(fixed.shape, -1, np.int64)
    for candidate, kind, year in zip(table["candidate"], table["type"], table["year"], strict=True):
        if candidate in place and kind in types and year:
            opens[place[candidate], types.index(kind)] = _year_index(str(year), years)
    return fixed, opens


def _year_index(year: str, years: tuple[str, ...]) -> int:
    """Return the place of a year; one before the first opens in it, any other at any time."""
    if year in years:
        return years.index(year)
    late = year.isdecimal() and years[0].isdecimal() and int(year) < int(years[0])
    return 0 if late else -1


def _weights(
    run: StudyRun,
    circles: ServiceCircles,
    bare: SitingProblem,
    priorities: pd.DataFrame | None,
) -> npt.NDArray[np.float64] | None:
    """Return residents times the priority of their gap (n, K)."""
    if priorities is None:
        return None
    known = dict(
        zip(zip(priorities["place"], priorities["type"], strict=True), priorities["priority"],
            strict=True)
    )  # fmt: skip
    places = gap_places(circles, run.config.gaps.merge_metres)
    names = [kind.id for kind in circles.types]
    factor = np.ones(bare.weights.shape)
    for column, kind in enumerate(bare.types):
        of_type = places[:, names.index(kind)]
        factor[:, column] = [known.get((place, kind), 1.0) for place in of_type]
    return np.asarray(bare.residents[:, None] * factor, np.float64)
