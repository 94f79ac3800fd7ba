"""The quotas, floors and years that ``[plan]`` asks for, as the siting core takes them."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np

from quarterhour.data.area_labels import containing
from quarterhour.data.study_plan import PlanSection
from quarterhour.optimize.conflicts import option_of
from quarterhour.optimize.rules import Floor, Quota

from .study_run import StudyRun

LEVELS = ("district", "street", "community")


def planned_types(run: StudyRun) -> tuple[str, ...]:
    """Return the ids of the types to site: those named, else the basic ones judged."""
    return run.config.plan.types or tuple(kind.id for kind in run.types if kind.basic)


def quotas(run: StudyRun, standing: gpd.GeoDataFrame | None = None) -> list[Quota]:
    """Return every quota of the study's plan but the total and those of single years.

    Parameters
    ----------
    run
        The study.
    standing
        Facilities that count towards the least figures per community; those of the study if not
        given.
    """
    options = run.config.plan
    by_type = [Quota(q.min, q.max, type=kind) for kind, q in options.per_type.items()]
    by_area = [
        Quota(q.min, q.max, level=level, group=area)
        for level in LEVELS
        for area, q in getattr(options, f"per_{level}").items()
    ]
    facilities = run.inputs.facilities if standing is None else standing
    by_community = _per_community(run, facilities)
    return [*by_type, *by_area, *by_community, *_upgrades(options)]


def quota_option(quota: Quota) -> str:
    """Return the study's option that sets a quota, e.g. ``plan.per_year.2026``."""
    if quota.action:
        return "plan.upgrades"
    return f"plan.per_year.{quota.year}" if quota.year else option_of(quota)


def total(options: PlanSection) -> int:
    """Return the most outlets of all years together."""
    return sum(options.outlets_by_year())


def _upgrades(options: PlanSection) -> Iterator[Quota]:
    asked = options.upgrades
    if asked.enabled and (asked.min or asked.max is not None):
        yield Quota(asked.min, asked.max, action="upgrade")


def quotas_by_year(options: PlanSection) -> tuple[Quota, ...]:
    """Return the most outlets of each year."""
    pairs = zip(options.years, options.outlets_by_year(), strict=False)
    return tuple(Quota(0, most, year=year) for year, most in pairs)


def _per_community(run: StudyRun, standing: gpd.GeoDataFrame) -> Iterator[Quota]:
    """Yield what each inhabited community still lacks of each type."""
    least = community_least(run)
    if not any(least.values()):
        return
    demand = run.inputs.demand
    inhabited = demand[(demand["community"] != "") & ~(demand["residents"] <= 0)]
    places = _communities(standing, run.inputs.areas)
    for kind, asked in least.items():
        here = places[(standing["type"] == kind).to_numpy()]
        names, counts = np.unique(here.astype(str), return_counts=True)
        have = dict(zip(names.tolist(), counts.tolist(), strict=True))
        for community in sorted(set(inhabited["community"])):
            lacking = asked - have.get(community, 0)
            if lacking > 0:
                yield Quota(lacking, None, type=kind, level="community", group=community)


def community_least(run: StudyRun) -> dict[str, int]:
    """Return the least outlets of each planned type in every community."""
    options, pack = run.config.plan, run.inputs.pack
    least = dict(options.community_min)
    if options.community_standard:
        for kind in planned_types(run):
            asked = pack.type(kind).per_community
            if asked is not None:
                least[kind] = max(least.get(kind, 0), int(asked.value))
    return least


def _communities(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> np.ndarray:
    polygons = areas[areas["level"] == "community"]
    if polygons.empty or points.empty:
        return np.full(len(points), "", object)
    return containing(points, polygons)


def floors(run: StudyRun) -> list[Floor]:
    """Return one floor for each area that ``plan.floor`` speaks of."""
    found = []
    for asked in run.config.plan.floor:
        if asked.level == "city":
            found.append(Floor(asked.share, asked.type, year=asked.year))
            continue
        named = {asked.area} if asked.area else set(run.inputs.demand[asked.level]) - {""}
        found += [
            Floor(asked.share, asked.type, asked.level, area, asked.year) for area in sorted(named)
        ]
    return found
