"""The stage ``plan``: new outlets with proof, and the coverage measured again with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.output_files import write_geopackage, write_geoparquet, write_workbook
from quarterhour.data.study_files import file_hashes
from quarterhour.maps.report import write_report
from quarterhour.maps.report_parts import number_formats as report_formats
from quarterhour.maps.report_parts import sheets as report_sheets

from . import measure_stage
from .console import Screen
from .earlier import plan_files
from .plan_facts import facts
from .plan_problem import base_circles, study_problem
from .plan_report import plan_report
from .plan_result import PlanResult, explained
from .plan_sites import helped_by, route_table, site_table
from .plan_solve import solved, with_impedance
from .plan_tables import (
    baseline_table,
    curve_table,
    points_after,
    price_table,
    quota_table,
    site_sheet,
    summary_after,
)
from .stages import StageRecord, file_hash, stage_key
from .study_run import StudyRun


def key(run: StudyRun) -> str:
    """Return the hash of everything the plan depends on."""
    config = run.config.model_dump(mode="json", include={"candidates", "plan"})
    files = file_hashes(run.folder, run.config, candidates=True)
    own = {
        option: file_hash(path) if path.is_file() else ""
        for option, path in plan_files(run).items()
    }
    return stage_key(
        "plan",
        {"config": config, "files": files | own, "measure": measure_stage.key(run)},
    )


def write(run: StudyRun, folder: Path) -> dict[str, Any]:
    """Plan, measure again, write the tables into ``folder``, return the facts.

    Raises
    ------
    InputFaults
        If no plan keeps the quotas, with the conflicts in words.
    """
    priorities = _priorities(run)
    before = base_circles(run, run.ground)
    run.progress("covers", 0, 1)
    problem = study_problem(
        run, before, run.ground, previous=run.previous,
        priorities=priorities if run.config.plan.priority else None,
    )  # fmt: skip
    asked = with_impedance(run, problem, before, run.ground)
    run.progress("covers", 1, 1)
    plan = solved(run, asked)
    result = explained(run, problem, plan, before, priorities)
    return write_tables(run, result, folder)


def _priorities(run: StudyRun) -> pd.DataFrame | None:
    """Return the gap list of the stage ``measure``, None where there is none."""
    path = run.results / "gaps.parquet"
    return pd.DataFrame(gpd.read_parquet(path)) if path.is_file() else None


def write_tables(run: StudyRun, result: PlanResult, folder: Path) -> dict[str, Any]:
    """Write every table of a plan into ``folder``, return the facts."""
    helped = helped_by(result)
    routes = route_table(run, result, helped)
    sites = site_table(result, helped, routes)
    points, summary = points_after(result), summary_after(result, run.inputs.areas)
    tables = {
        "quotas": quota_table(result), "price_curve": curve_table(result),
        "baselines": baseline_table(result), "shadow_prices": price_table(result),
    }  # fmt: skip
    write_geoparquet(sites, folder / "sites.parquet")
    write_geoparquet(routes, folder / "routes.parquet")
    write_geoparquet(run.ground.table, folder / "candidates.parquet")
    write_geoparquet(points, folder / "points_after.parquet")
    summary.to_parquet(folder / "summary_after.parquet", index=False)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    layers = {"sites": sites, "routes": routes, "points_after": points}
    write_geopackage(layers, folder / "plan.gpkg")
    language = run.config.study.language
    sheets = {"sites": site_sheet(run, sites, language), "after": summary, **tables}
    write_workbook(sheets, folder / "plan.xlsx", units=data_dictionary(language))
    found = facts(run, result, summary, key(run))
    report = plan_report(run, result, found, sites)
    write_report(report, folder / "plan_report.html")
    write_workbook(
        report_sheets(report, language), folder / "plan_report.xlsx",
        formats=report_formats(report, language),
    )  # fmt: skip
    return found


def show(record: StageRecord, screen: Screen) -> None:
    """Print how far the plan is proven."""
    found = record.facts
    gap = "–" if found["gap"] is None else f"{found['gap']:.2%}"
    screen.say(
        f"plan_status.{found['status']}",
        outlets=f"{found['outlets']:,d}",
        candidates=f"{found['candidates']:,d}",
        covered=f"{sum(found['newly_covered'].values()):,.0f}",
        gap=gap,
        solver=found["solver"],
        seconds=found["seconds"],
    )
    for line in found["notes"][screen.language]:
        screen.say("note_line", line=line)
