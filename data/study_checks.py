"""Ids that study.toml names: types and profiles of the pack, areas of the quotas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import geopandas as gpd

from .faults import FaultLog
from .standards import StandardsPack
from .study import STUDY_FILE, StudyConfig
from .study_plan import OBJECTIVES, PlanSection

#: Levels whose areas a plan may name.
LEVELS = ("district", "street", "community")

#: Known ids shown in one fault; a city has hundreds of areas.
_SHOWN = 30


def check_ids(config: StudyConfig, pack: StandardsPack, *, log: FaultLog) -> None:
    """Note every type and profile of study.toml that the pack does not have.

    Parameters
    ----------
    config, pack
        The study and its standards.
    log
        Takes ``option_no_such_id``.
    """
    measure, plan = config.measure, config.plan
    judged = measure.types or pack.type_ids
    basic = tuple(kind for kind in judged if kind in pack.type_ids and pack.type(kind).basic)
    planned = plan.types or basic
    floored = tuple(floor.type for floor in plan.floor if floor.type)
    years = tuple(floor.year for floor in plan.floor if floor.year)
    named = (
        ("plan.objective", (plan.objective,), OBJECTIVES),
        ("measure.types", measure.types, pack.type_ids),
        ("measure.none_exist", measure.none_exist, pack.type_ids),
        ("measure.profile", (measure.profile,), tuple(one.id for one in pack.profiles)),
        ("equity.profiles", config.equity.profiles, tuple(one.id for one in pack.profiles)),
        ("plan.types", plan.types, judged),
        ("plan.per_type", tuple(plan.per_type), planned),
        ("plan.community_min", tuple(plan.community_min), planned),
        ("plan.spacing", tuple(plan.spacing), planned),
        ("plan.floor.type", floored, planned),
        ("plan.floor.year", years, plan.years),
    )
    for option, ids, known in named:
        for one in ids:
            if one not in known:
                no_such_id(log, option, one, known)


def check_quotas(
    config: StudyConfig, areas: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, *, log: FaultLog
) -> None:
    """Note every area of a quota or floor that neither the areas nor the demand table have."""
    for level in LEVELS:
        known = set(areas.loc[areas["level"] == level, "id"]) | (set(demand[level]) - {""})
        for option, named in _named_areas(config.plan, level):
            for area in sorted(named - known):
                no_such_id(log, option, area, sorted(known))
    asks = config.plan.community_standard or any(config.plan.community_min.values())
    if asks and not (areas["level"] == "community").any():
        log.add("plan_no_communities", file=STUDY_FILE, column="plan.community_min")


def _named_areas(plan: PlanSection, level: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each option of the plan that names areas of a level, with the areas."""
    yield f"plan.per_{level}", set(getattr(plan, f"per_{level}"))
    floors = (floor.area for floor in plan.floor if floor.level == level and floor.area)
    yield "plan.floor.area", set(floors)


def no_such_id(log: FaultLog, option: str, value: str, known: Iterable[str]) -> None:
    """Note that an option names something that does not exist, with what there is."""
    names = list(known)
    shown = ", ".join(names[:_SHOWN]) + ("…" if len(names) > _SHOWN else "")
    log.add("option_no_such_id", file=STUDY_FILE, column=option, value=value, known=shown or "–")
