"""The stage ``plan``: new outlets with proof, and the coverage measured again with them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.coverage.summary import CIRCLE, point_table, summarise
from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.faults import Fault, InputFaults
from quarterhour.data.output_files import write_geopackage, write_geoparquet, write_workbook
from quarterhour.data.study import STUDY_FILE
from quarterhour.data.study_files import file_hashes
from quarterhour.optimize.evidence import SiteEvidence, plan_coverage, site_evidence
from quarterhour.optimize.from_circles import problem_from_circles, proposed_outlets
from quarterhour.optimize.plan import Plan
from quarterhour.optimize.problem import Quota, SitingProblem
from quarterhour.optimize.solve import plan_max_coverage

from . import measure_stage
from .console import Screen
from .stages import StageRecord, stage_key
from .study_run import StudyRun
from .tiled_search import pair_search


def key(run: StudyRun) -> str:
    """Return the hash of everything the plan depends on."""
    config = run.config.model_dump(mode="json", include={"candidates", "plan"})
    files = file_hashes(run.folder, run.config, candidates=True)
    return stage_key("plan", {"config": config, "files": files, "measure": measure_stage.key(run)})


def write(run: StudyRun, folder: Path) -> dict[str, Any]:
    """Plan, measure again, write the tables into ``folder``, return the facts.

    Raises
    ------
    InputFaults
        If no plan keeps the quotas, with the conflicts in words.
    """
    candidates = run.candidates
    problem = siting_problem(run, candidates)
    options = run.config.plan
    plan = plan_max_coverage(
        problem, solver=options.solver, time_limit=options.time_limit, gap=options.gap,
        seed=options.seed, threads=options.threads, progress=run.progress,
    )  # fmt: skip
    if plan.status == "interrupted":
        raise KeyboardInterrupt  # the best so far is no plan to keep under this key
    if not plan.found:
        raise InputFaults(in_study_file(plan.conflicts or [_none_in_time(options.time_limit)]))
    outlets = proposed_outlets(plan, problem, candidates)
    after = run.measure(pd.concat([run.circles.facilities, outlets], ignore_index=True))
    sites = site_table(plan, problem, candidates)
    points, summary = point_table(after), summarise(after, run.inputs.areas)
    write_geoparquet(sites, folder / "sites.parquet")
    write_geoparquet(points, folder / "points_after.parquet")
    summary.to_parquet(folder / "summary_after.parquet", index=False)
    write_geopackage({"sites": sites, "points_after": points}, folder / "plan.gpkg")
    sheets = {
        "sites": pd.DataFrame(sites.drop(columns="geometry")),
        "after": summary,
    }
    language = run.config.study.language
    write_workbook(sheets, folder / "plan.xlsx", units=data_dictionary(language))
    return facts(plan, problem, candidates, summary)


def siting_problem(run: StudyRun, candidates: gpd.GeoDataFrame) -> SitingProblem:
    """Return the siting problem that the study asks."""
    options = run.config.plan
    types = planned_types(run)
    return problem_from_circles(
        run.network, run.circles, candidates, types,
        total=options.outlets, quotas=quotas(run), budget=options.budget,
        snap_limit=run.config.streets.snap_limit, search=pair_search(run),
    )  # fmt: skip


def _none_in_time(seconds: float) -> Fault:
    return Fault(
        "plan_none_in_time", file=STUDY_FILE, column="plan.time_limit", value=f"{seconds:g}"
    )


def in_study_file(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults of options with the file they stand in."""
    return [fault if fault.file else replace(fault, file=STUDY_FILE) for fault in faults]


def planned_types(run: StudyRun) -> tuple[str, ...]:
    """Return the ids of the types to site: those named, else the basic ones judged."""
    return run.config.plan.types or tuple(kind.id for kind in run.types if kind.basic)


def quotas(run: StudyRun) -> list[Quota]:
    """Return the quotas of the study's plan."""
    options = run.config.plan
    by_type = [Quota(q.min, q.max, type=kind) for kind, q in options.per_type.items()]
    by_area = [
        Quota(q.min, q.max, level=level, group=area)
        for level, wanted in (("district", options.per_district), ("street", options.per_street))
        for area, q in wanted.items()
    ]
    return by_type + by_area


def site_table(
    plan: Plan, problem: SitingProblem, candidates: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return one row a proposed (candidate, type), best first, with its evidence (EPSG:4326)."""
    cases = site_evidence(problem, plan)
    chosen = candidates.iloc[[case.chosen.candidate for case in cases]].reset_index(drop=True)
    kinds = [problem.types[case.chosen.type] for case in cases]
    table = gpd.GeoDataFrame(
        {
            "id": [f"{site}:{kind}" for site, kind in zip(chosen["id"], kinds, strict=True)],
            "candidate": chosen["id"],
            "name": chosen["name"],
            "address": chosen["address"],
            "type": kinds,
            "count": [case.chosen.count for case in cases],
            "district": chosen["district"],
            "street": chosen["street"],
            "community": chosen["community"],
            "within_reach": [case.within_reach for case in cases],
            "newly_covered": [case.newly_covered for case in cases],
            "lost_if_dropped": [case.exclusive for case in cases],
            "alternative": [_alternative(case, problem) for case in cases],
            "alternative_loss": [case.alternative_lost for case in cases],
        },
        geometry=chosen.geometry,
        crs=candidates.crs,
    )
    order = ["newly_covered", "candidate", "type"]
    table = table.sort_values(order, ascending=[False, True, True]).reset_index(drop=True)
    table.insert(0, "rank", range(1, len(table) + 1))
    return table


def _alternative(case: SiteEvidence, problem: SitingProblem) -> str:
    """Return the candidate that could replace a site, "" where there is none."""
    return "" if case.alternative < 0 else str(problem.candidate_ids[case.alternative])


def facts(
    plan: Plan, problem: SitingProblem, candidates: gpd.GeoDataFrame, summary: pd.DataFrame
) -> dict[str, Any]:
    """Return the proof of the plan and coverage after it; JSON types only."""
    city = summary[summary["level"] == "city"].set_index("type")
    finite = plan.gap != float("inf")
    return {
        "status": plan.status,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap if finite else None,
        "solver": plan.solver,
        "seed": plan.seed,
        "seconds": round(plan.seconds, 2),
        "greedy": plan.greedy,
        "outlets": sum(chosen.count for chosen in plan.chosen),
        "candidates": len(candidates),
        "residents_helped": plan_coverage(problem, plan).helped,
        "newly_covered": {
            kind: float(count)
            for kind, count in zip(problem.types, plan.newly_covered, strict=True)
        },
        "types": {
            str(kind): _persons_after(city, str(kind)) for kind in city.index if kind != CIRCLE
        },
        "circle": _persons_after(city, CIRCLE),
    }


def _persons_after(city: pd.DataFrame, kind: str) -> dict[str, float | None]:
    covered, share = (float(city[name].loc[kind]) for name in ("covered", "share"))
    return {"covered": covered, "share": None if math.isnan(share) else share}


def show(record: StageRecord, screen: Screen) -> None:
    """Print how far the plan is proven."""
    found = record.facts
    gap = "–" if found["gap"] is None else f"{found['gap']:.2%}"
    screen.say(
        f"plan_status.{found['status']}",
        outlets=found["outlets"],
        candidates=found["candidates"],
        covered=f"{found['objective']:,.0f}",
        gap=gap,
        solver=found["solver"],
        seconds=found["seconds"],
    )
