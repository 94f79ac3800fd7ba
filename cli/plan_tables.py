"""Coverage after the plan, year by year, and what the plan is compared with, as tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import geopandas as gpd
import pandas as pd

from quarterhour.coverage.summary import point_table, summarise
from quarterhour.maps.report_parts import Words
from quarterhour.optimize.evidence import binding_quotas

from .plan_result import PlanResult
from .plan_rules import LEVELS, quota_option
from .report_words import Names, plain
from .study_run import StudyRun


def site_sheet(run: StudyRun, sites: gpd.GeoDataFrame, language: str) -> pd.DataFrame:
    """Return the sites for a spreadsheet: names beside the ids, and the position (WGS-84)."""
    names, table = Names.of(run), pd.DataFrame(sites.drop(columns="geometry"))
    called: dict[str, Callable[[str], Words]] = {"type": names.type}
    called |= {level: partial(_area_name, names, level) for level in LEVELS}
    places = run.ground.table.set_index("id")
    named = places["name"].where(places["name"] != "", places["address"])
    beside = {name: [words(one).get(language) for one in table[name]] for name, words in
              called.items()}  # fmt: skip
    for name in ("alternative", "nearby"):
        beside[name] = table[name].map(named).fillna("").tolist()
    for name, column in beside.items():
        table.insert(list(table.columns).index(name) + 1, f"{name}_name", column)
    at = list(table.columns).index("community_name") + 1
    for name, values in (("lat", sites.geometry.y), ("lon", sites.geometry.x)):
        table.insert(at, name, values.round(6).to_numpy())
    return table


def _area_name(names: Names, level: str, area: str) -> Words:
    return names.area(level, area) if area else plain("")


def summary_after(result: PlanResult, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return coverage at the end of each year, in order; the column ``year`` says which."""
    parts = [
        summarise(circles, areas).assign(year=year)
        for year, circles in zip(result.problem.years, result.after, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def points_after(result: PlanResult) -> gpd.GeoDataFrame:
    """Return the states at the end of the plan, and of each year where there are years.

    ``<type>_state_<year>`` and ``circle_<year>`` stand beside the columns of the end.
    """
    table = point_table(result.after[-1])
    if len(result.after) == 1:
        return table
    names = [*(f"{kind.id}_state" for kind in result.before.types), "circle"]
    for year, circles in zip(result.problem.years, result.after, strict=True):
        states = point_table(circles)
        table = table.assign(**{f"{name}_{year}": states[name] for name in names})
    return table


def curve_table(result: PlanResult) -> pd.DataFrame:
    """Return the price curve: outlets, covered by greedy, proven plan and bound where known."""
    curve = result.curve
    if curve is None:
        return pd.DataFrame(columns=["outlets", "covered", "gain", "proven", "bound"])
    gain = pd.Series(curve.covered).diff().fillna(0.0)
    table = pd.DataFrame({"outlets": curve.outlets, "covered": curve.covered, "gain": gain})
    proven = {point.outlets: point for point in curve.proven}
    table["proven"] = [_of(proven.get(n), "covered") for n in table["outlets"]]
    table["bound"] = [_of(proven.get(n), "bound") for n in table["outlets"]]
    return table


def _of(point: object, name: str) -> float:
    return float("nan") if point is None else float(getattr(point, name))


def baseline_table(result: PlanResult) -> pd.DataFrame:
    """Return the plan and its baselines: outlets, objective, what the plan gains over each."""
    plan = result.plan
    rows = [("plan", len(plan.chosen), plan.objective, True)]
    rows += [(one.name, len(one.chosen), one.objective, one.keeps_all) for one in result.baselines]
    table = pd.DataFrame(rows, columns=["plan", "outlets", "objective", "keeps_all"])
    ahead = plan.objective - table["objective"]
    table["plan_gains"] = ahead
    table["plan_gains_share"] = (ahead / table["objective"]).where(table["objective"] > 0)
    return table


def price_table(result: PlanResult) -> pd.DataFrame:
    """Return what one more outlet is worth, by district."""
    problem = result.problem
    rows = [
        {
            "district": one.area,
            "outlets": one.outlets,
            "shadow_price": one.price,
            "next_gain": one.gain,
            "next_candidate": ""
            if one.candidate < 0
            else str(problem.candidate_ids[one.candidate]),
            "next_type": "" if one.type < 0 else problem.types[one.type],
            "least_loss": one.least,
        }
        for one in result.prices
    ]
    columns = [
        "district", "outlets", "shadow_price", "next_gain", "next_candidate", "next_type",
        "least_loss",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def quota_table(result: PlanResult) -> pd.DataFrame:
    """Return every quota with what the plan uses of it and whether it binds."""
    problem, plan = result.problem, result.plan
    binding = dict(binding_quotas(problem, plan))
    rows = []
    for number, quota in enumerate(problem.quotas):
        members = problem.members(quota)
        used = sum(
            item.count
            for item in plan.chosen
            if members[item.candidate, item.type] and quota.year in {"", problem.years[item.year]}
        )
        most = float("nan") if quota.maximum is None else float(quota.maximum)
        rows.append((quota_option(quota), quota.year, quota.minimum, most, used, number in binding))
    return pd.DataFrame(rows, columns=["quota", "year", "min", "max", "opened", "binding"])
