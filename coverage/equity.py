"""Equity: who is served worse, by age, by place in the ranking, by type.

Two questions, each for every area and type:

- **Walkers.** The same homes and outlets judged by minutes for adults (4 km/h) and for the elderly
  (3 km/h, project choice): ``lost`` are residents a slower walker's smaller circle leaves out,
  covered for the first profile and a gap for the other.
- **Spread.** Gini, Palma and worst-served tenth over residents of the walk to the nearest outlet,
  of the outlets to choose from, and of accessibility scores; formulas and sources in
  `quarterhour.coverage.inequality`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from .accessibility import Accessibility
from .circles import ServiceCircles, measure_again
from .inequality import Worse, gini, palma, rank, worst_served
from .levels import LEVELS, AreaGroups, area_groups, with_names
from .opportunities import Opportunities
from .profiles import ADULT, ELDERLY, TravelProfile
from .states import State
from .summary import CIRCLE

Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.int8]

#: Columns of `compare_walkers` with their units.
WALKER_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id, circle = all basic types together",
    "profile": "",
    "speed_kmh": "km/h",
    "residents": "persons",
    "covered": "persons",
    "gap": "persons",
    "unknown": "persons",
    "share": "0-1 of residents whose state is known",
    "lost": "persons covered for the first profile and a gap for this one",
}

#: Columns of `spread_table` with their units.
SPREAD_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id",
    "quantity": "minutes, choice, or a score",
    "residents": "persons whose value is known",
    "unknown": "persons whose value is not known",
    "unreached": "persons who walk to no outlet at all; left out of mean, gini and palma",
    "mean": "unit of the quantity",
    "gini": "0-1",
    "palma": "ratio; empty where the lowest 40 % hold nothing",
    "worst_tenth": "mean of the worst-served tenth, unit of the quantity; empty if unreached",
    "worst_tenth_from": "value of the best served among them; empty if unreached",
}


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """Something every resident has more or less of, by type.

    Attributes
    ----------
    name
        What it is called in the table.
    worse
        Whether little or much of it is bad.
    by_type
        Type -> float64 (n,): NaN where unknown, inf where nothing is reached.
    """

    name: str
    worse: Worse
    by_type: dict[str, Floats]


def compare_walkers(
    circles: ServiceCircles,
    areas: gpd.GeoDataFrame | None = None,
    *,
    profiles: Sequence[TravelProfile] = (ADULT, ELDERLY),
) -> pd.DataFrame:
    """Count residents by state for several walkers, all judged by minutes.

    A threshold in metres is the same for everybody; so the minutes of the types decide, whatever
    the criterion of the study.

    Parameters
    ----------
    circles
        Measured circles: their points, outlets and types are used.
    areas
        Canonical areas, for names and for areas without points.
    profiles
        The first is what the others are compared with.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, type, profile), columns and units in `WALKER_UNITS`.
    """
    walked = [measure_again(circles, criterion="minutes", profile=who) for who in profiles]
    residents = circles.demand["residents"].fillna(0.0).to_numpy(float)
    names = [*(kind.id for kind in circles.types), CIRCLE]
    parts = [
        _count(
            walker, _states(walked[0], name), _states(walker, name), residents, name, level, areas
        )
        for level in LEVELS
        for name in names
        for walker in walked
    ]
    table = with_names(pd.concat(parts, ignore_index=True), areas)
    return table[list(WALKER_UNITS)]


def _states(circles: ServiceCircles, name: str) -> States:
    if name == CIRCLE:
        return circles.circle
    return circles.state[:, [kind.id for kind in circles.types].index(name)]


def _count(
    walker: ServiceCircles,
    first: States,
    state: States,
    residents: Floats,
    name: str,
    level: str,
    areas: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    groups = area_groups(walker.demand, areas, level)
    covered = groups.sum(residents * (state == State.COVERED))
    gap = groups.sum(residents * (state == State.GAP))
    share = np.full(len(covered), np.nan)
    np.divide(covered, covered + gap, out=share, where=covered + gap > 0)
    lost = (first == State.COVERED) & (state == State.GAP)
    return pd.DataFrame(
        {
            "level": level,
            "area": groups.keys,
            "type": name,
            "profile": walker.profile.name,
            "speed_kmh": walker.profile.speed_kmh,
            "residents": groups.sum(residents),
            "covered": covered,
            "gap": gap,
            "unknown": groups.sum(residents * (state == State.UNKNOWN)),
            "share": share,
            "lost": groups.sum(residents * lost),
        }
    )


def walk_quantity(circles: ServiceCircles) -> Quantity:
    """Return the minutes to the nearest outlet; much is bad.

    Inf where no outlet is reached though all are known, NaN where the data cannot tell. Beyond the
    threshold it is the walk to the nearest outlet on record.
    """
    minutes = circles.seconds / 60.0
    reachless = np.isnan(minutes)
    unreached = reachless & (circles.state != State.UNKNOWN)
    values = np.where(unreached, np.inf, minutes)
    # A point without a sure place, or an outlet that may be nearer, leaves the walk open.
    values[circles.state == State.UNKNOWN] = np.nan
    return Quantity("minutes", "high", _by_type(circles, values))


def choice_quantity(found: Opportunities) -> Quantity:
    """Return the outlets within each type's own threshold; little is bad."""
    values = np.where(found.choice_known, found.choice.astype(np.float64), np.nan)
    return Quantity("choice", "low", _by_type(found, values))


def score_quantity(found: Accessibility, name: str) -> Quantity:
    """Return an accessibility score by its name; little is bad.

    Raises
    ------
    KeyError
        If there is no such score.
    """
    return Quantity(name, "low", _by_type(found, found.scores[name]))


def _by_type(
    found: ServiceCircles | Opportunities | Accessibility, values: Floats
) -> dict[str, Floats]:
    return {kind.id: values[:, column] for column, kind in enumerate(found.types)}


def spread_table(
    demand: gpd.GeoDataFrame,
    quantities: Sequence[Quantity],
    areas: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Measure how unevenly quantities are spread over the residents of every area.

    Parameters
    ----------
    demand
        Canonical demand; the quantities follow its rows.
    quantities
        E.g. from `walk_quantity`, `choice_quantity`, `score_quantity`.
    areas
        Canonical areas, for names and for areas without points.

    Returns
    -------
    pandas.DataFrame
        One row a (level, area, type, quantity), columns and units in `SPREAD_UNITS`.
    """
    residents = demand["residents"].fillna(0.0).to_numpy(float)
    parts = [
        _spread(groups, residents, quantity, kind)
        for groups in (area_groups(demand, areas, level) for level in LEVELS)
        for quantity in quantities
        for kind in quantity.by_type
    ]
    empty = pd.DataFrame({name: [] for name in SPREAD_UNITS})
    table = with_names(pd.concat(parts, ignore_index=True) if parts else empty, areas)
    return table[list(SPREAD_UNITS)]


def _spread(groups: AreaGroups, residents: Floats, quantity: Quantity, kind: str) -> pd.DataFrame:
    """Return the rows of one quantity of one type for all areas of a level."""
    values = quantity.by_type[kind]
    known, reached = ~np.isnan(values), np.isfinite(values)
    finite = np.where(reached, values, np.nan)
    persons = groups.sum(residents * reached)
    mean = np.full(len(persons), np.nan)
    held = groups.sum(np.where(reached, values, 0.0) * residents)
    np.divide(held, persons, out=mean, where=persons > 0)
    size = len(groups.keys)
    ranking = rank(finite, residents, groups.where, size)
    worst = worst_served(rank(values, residents, groups.where, size), worse=quantity.worse)
    return pd.DataFrame(
        {
            "level": groups.level,
            "area": groups.keys,
            "type": kind,
            "quantity": quantity.name,
            "residents": groups.sum(residents * known),
            "unknown": groups.sum(residents * ~known),
            "unreached": groups.sum(residents * np.isinf(values)),
            "mean": mean,
            "gini": gini(ranking),
            "palma": palma(ranking),
            "worst_tenth": _or_empty(worst.mean),
            "worst_tenth_from": _or_empty(worst.from_value),
        }
    )


def _or_empty(values: Floats) -> Floats:
    """Return NaN for inf: tables have no cell for it."""
    return np.where(np.isfinite(values), values, np.nan)
