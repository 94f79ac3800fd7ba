"""Ids that study.toml names: types and profiles of the pack, areas of the quotas."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd

from .faults import FaultLog
from .standards import StandardsPack
from .study import STUDY_FILE, StudyConfig

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
    named = (
        ("measure.types", measure.types, pack.type_ids),
        ("measure.none_exist", measure.none_exist, pack.type_ids),
        ("measure.profile", (measure.profile,), tuple(one.id for one in pack.profiles)),
        ("equity.profiles", config.equity.profiles, tuple(one.id for one in pack.profiles)),
        ("plan.types", plan.types, judged),
        ("plan.per_type", tuple(plan.per_type), plan.types or basic),
    )
    for option, ids, known in named:
        for one in ids:
            if one not in known:
                no_such_id(log, option, one, known)


def check_quotas(
    config: StudyConfig, areas: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, *, log: FaultLog
) -> None:
    """Note every area of a quota that neither the areas nor the demand table have."""
    plan = config.plan
    for level, wanted in (("district", plan.per_district), ("street", plan.per_street)):
        known = set(areas.loc[areas["level"] == level, "id"]) | (set(demand[level]) - {""})
        for area in sorted(set(wanted) - known):
            no_such_id(log, f"plan.per_{level}", area, sorted(known))


def no_such_id(log: FaultLog, option: str, value: str, known: Iterable[str]) -> None:
    """Note that an option names something that does not exist, with what there is."""
    names = list(known)
    shown = ", ".join(names[:_SHOWN]) + ("…" if len(names) > _SHOWN else "")
    log.add("option_no_such_id", file=STUDY_FILE, column=option, value=value, known=shown or "–")
