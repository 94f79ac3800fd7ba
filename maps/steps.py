"""The steps of a plan: one ("after") where it has no years, else a step a year, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

#: Step of a plan that has no years.
AFTER = "after"


@dataclass(frozen=True, slots=True)
class Step:
    """Coverage at the end of one step of the plan.

    Attributes
    ----------
    key
        `AFTER` or the year.
    summary
        As ``coverage.summary.summarise``, of this step.
    points
        ``<type>_state`` and ``circle`` in the row order of ``points``; None where the results tell
        only the end of the plan.
    """

    key: str
    summary: pd.DataFrame
    points: pd.DataFrame | None


def plan_steps(
    summary: pd.DataFrame | None,
    points: pd.DataFrame | None,
    types: Iterable[str],
) -> tuple[Step, ...]:
    """Return the steps of a plan, none without a plan.

    Parameters
    ----------
    summary
        Coverage after the plan; with a column ``year`` it holds each year's rows.
    points
        States after the plan; those of a year stand in rows of a column ``year``, or in columns
        with the year put after or before their name (``circle_2027``, ``2027_circle``); without
        either they are those of the end.
    types
        Ids of the types.
    """
    if summary is None:
        return ()
    years = _years(summary)
    if not years:
        return (Step(AFTER, summary, points),)
    names = [*(f"{kind}_state" for kind in types), "circle"]
    last = years[-1]
    return tuple(
        Step(
            year,
            summary[summary["year"].astype(str) == year].drop(columns="year"),
            _points_of(points, year, names, last=year == last),
        )
        for year in years
    )


def _years(table: pd.DataFrame) -> list[str]:
    """Return the years of a table in the order of its rows."""
    if "year" not in table.columns:
        return []
    return [year for year in dict.fromkeys(table["year"].astype(str)) if year not in {"", "nan"}]


def _points_of(
    points: pd.DataFrame | None, year: str, names: list[str], *, last: bool
) -> pd.DataFrame | None:
    if points is None:
        return None
    if "year" in points.columns:
        return points[points["year"].astype(str) == year].reset_index(drop=True)
    for form in ("{name}_{year}", "{year}_{name}"):
        own = {name: form.format(name=name, year=year) for name in names}
        if all(column in points.columns for column in own.values()):
            return pd.DataFrame({name: points[column] for name, column in own.items()})
    return points if last else None


def first_step(sites: pd.DataFrame, steps: Iterable[Step]) -> list[str]:
    """Return the key of the step from which each site is open."""
    keys = [step.key for step in steps]
    first = keys[0] if keys else AFTER
    if "year" not in sites.columns:
        return [first] * len(sites)
    return [year if year in keys else first for year in sites["year"].astype(str)]
