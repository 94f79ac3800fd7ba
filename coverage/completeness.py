"""How complete service circles are: by category, by tier, of the basic types and of all types.

For residential point *i* and a group *G* of types::

    have(i, G)  = number of types of G that cover i                       (types)
    state(i, G) = covered if all types of G cover i, a gap if one of them is a gap, else unknown

A community has the full circle of *G* when every inhabited point of it is covered, lacks it when
one such point is a gap, and is unknown otherwise; without an inhabited point it is not counted. A
point whose residents are not known may be inhabited: it can make a community unknown, never a gap.
Every type is judged by its own outlets and its own threshold, so that a higher tier never stands
in for a lower one (GB 50180-2018). A pack may hold any number of types and categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.standards import StandardsPack

from .circles import ServiceCircles
from .levels import LEVELS, AreaGroups, area_groups, labels_of, with_names
from .states import State

States = npt.NDArray[np.int8]

#: Columns of `completeness_summary` with their units.
COMPLETENESS_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "grouping": "basic, all, category or tier",
    "group": "id of the category or tier",
    "types": "types in the group",
    "residents": "persons",
    "full": "persons covered by every type of the group",
    "gap": "persons for whom a type of the group is a gap",
    "unknown": "persons for whom the data cannot tell",
    "share": "0-1 of residents whose state is known",
    "mean_types": "types covering a resident, residents weighing",
    "communities": "communities with inhabited points",
    "full_communities": "communities all of whose residents have the full circle",
    "gap_communities": "communities where a resident lacks a type",
    "unknown_communities": "communities for which the data cannot tell",
}


@dataclass(frozen=True, slots=True)
class TypeGroup:
    """Types that are counted together.

    Attributes
    ----------
    grouping
        ``"basic"``, ``"all"``, ``"category"`` or ``"tier"``.
    id
        Id of the category or tier; "" for basic and all.
    types
        Ids of its types, at least one.
    """

    grouping: str
    id: str
    types: tuple[str, ...]


def type_groups(pack: StandardsPack, types: Sequence[str] | None = None) -> tuple[TypeGroup, ...]:
    """Return the groups of a pack: basic types, all types, each category, each tier.

    Parameters
    ----------
    pack
        Standards.
    types
        Ids of the types measured; None takes all. Groups without any of them are left out.
    """
    wanted = [pack.type(kind) for kind in (pack.type_ids if types is None else types)]
    found: dict[tuple[str, str], list[str]] = {("basic", ""): [], ("all", ""): []}
    found |= {("category", category.id): [] for category in pack.categories}
    found |= {("tier", tier.id): [] for tier in pack.tiers}
    for kind in wanted:
        found["all", ""].append(kind.id)
        found["tier", kind.tier.id].append(kind.id)
        if kind.basic:
            found["basic", ""].append(kind.id)
        if kind.category:
            found["category", kind.category].append(kind.id)
    return tuple(TypeGroup(*key, tuple(members)) for key, members in found.items() if members)


def group_state(circles: ServiceCircles, group: TypeGroup) -> States:
    """Return the state of a group at every point, int8 (n,) of `State`.

    Raises
    ------
    KeyError
        If a type of the group was not measured.
    """
    states = circles.state[:, _columns(circles, group)]
    full = np.where((states == State.COVERED).all(axis=1), State.COVERED, State.UNKNOWN)
    return np.where((states == State.GAP).any(axis=1), State.GAP, full).astype(np.int8)


def types_covered(circles: ServiceCircles, group: TypeGroup) -> npt.NDArray[np.int64]:
    """Return how many types of a group cover each point, int64 (n,)."""
    covered = circles.state[:, _columns(circles, group)] == State.COVERED
    return np.asarray(covered.sum(axis=1), np.int64)


def completeness_table(
    circles: ServiceCircles, groups: Sequence[TypeGroup]
) -> Mapping[str, npt.NDArray[np.generic]]:
    """Return columns for the table of points: ``<grouping>_<id>_state`` and ``…_covered``.

    The first is covered, gap or unknown; the second a number of types.
    """
    words = np.array([state.name.lower() for state in State], object)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for group in groups:
        name = f"{group.grouping}_{group.id}" if group.id else group.grouping
        columns[f"{name}_state"] = words[group_state(circles, group)]
        columns[f"{name}_covered"] = types_covered(circles, group)
    return columns


def completeness_summary(
    circles: ServiceCircles,
    groups: Sequence[TypeGroup],
    areas: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Count residents and communities with a full circle, for every area and group of types.

    Parameters
    ----------
    circles
        Measured circles.
    groups
        E.g. from `type_groups`.
    areas
        Canonical areas, for names and for areas without points.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, grouping, group), columns and units in `COMPLETENESS_UNITS`.
    """
    parts = [
        _count(circles, group, area_groups(circles.demand, areas, level))
        for level in LEVELS
        for group in groups
    ]
    empty = pd.DataFrame({name: [] for name in COMPLETENESS_UNITS})
    table = with_names(pd.concat(parts, ignore_index=True) if parts else empty, areas)
    return table[list(COMPLETENESS_UNITS)]


def _count(circles: ServiceCircles, group: TypeGroup, where: AreaGroups) -> pd.DataFrame:
    residents = circles.demand["residents"].fillna(0.0).to_numpy(float)
    state = group_state(circles, group)
    persons = {s: where.sum(residents * (state == s)) for s in State}
    total, known = where.sum(residents), persons[State.COVERED] + persons[State.GAP]
    share, mean = np.full(len(total), np.nan), np.full(len(total), np.nan)
    np.divide(persons[State.COVERED], known, out=share, where=known > 0)
    have = where.sum(residents * types_covered(circles, group))
    np.divide(have, total, out=mean, where=total > 0)
    communities = _communities(circles, state, where)
    return pd.DataFrame(
        {
            "level": where.level,
            "area": where.keys,
            "grouping": group.grouping,
            "group": group.id,
            "types": len(group.types),
            "residents": total,
            "full": persons[State.COVERED],
            "gap": persons[State.GAP],
            "unknown": persons[State.UNKNOWN],
            "share": share,
            "mean_types": mean,
            "communities": sum(communities.values()),
            "full_communities": communities[State.COVERED],
            "gap_communities": communities[State.GAP],
            "unknown_communities": communities[State.UNKNOWN],
        }
    )


def _communities(
    circles: ServiceCircles, state: States, where: AreaGroups
) -> dict[State, npt.NDArray[np.float64]]:
    """Return the number of communities of each state in each area.

    A community that reaches into two areas counts in that of its first inhabited point.
    """
    labels = labels_of(circles.demand, "community")
    residents = circles.demand["residents"].to_numpy(float)
    inhabited = (labels != "") & (residents != 0)
    maybe_empty = np.isnan(residents) & (state == State.GAP)
    state = np.where(maybe_empty, State.UNKNOWN, state)
    names, first, which = np.unique(labels[inhabited], return_index=True, return_inverse=True)
    worst = np.full(len(names), State.COVERED, np.int8)
    for level in (State.UNKNOWN, State.GAP):
        worst[which[state[inhabited] == level]] = level
    area = where.where[inhabited][first]
    size = len(where.keys)
    return {s: np.bincount(area[worst == s], minlength=size).astype(float) for s in State}


def _columns(circles: ServiceCircles, group: TypeGroup) -> list[int]:
    position = {kind.id: column for column, kind in enumerate(circles.types)}
    return [position[kind] for kind in group.types]
