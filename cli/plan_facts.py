"""The facts of a plan: what is proven, and coverage before and after; JSON types only."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from quarterhour.coverage.summary import CIRCLE, summarise
from quarterhour.data.faults import FaultLog
from quarterhour.data.study import STUDY_FILE
from quarterhour.data.text import languages
from quarterhour.optimize.covered import newly_covered, pairs_by
from quarterhour.optimize.evidence import plan_coverage

from .plan_result import PlanResult
from .study_run import StudyRun


def facts(run: StudyRun, result: PlanResult, summary: pd.DataFrame, key: str) -> dict[str, Any]:
    """Return what a reader needs to judge and to trace the plan.

    Parameters
    ----------
    run, result
        The study and its plan.
    summary
        From `quarterhour.cli.plan_tables.summary_after`.
    key
        Hash of everything the plan depends on.
    """
    plan, problem, options = result.plan, result.problem, run.config.plan
    last = summary[summary["year"] == problem.years[-1]]
    city = last[last["level"] == "city"].set_index("type")
    upgraded = [item for item in plan.chosen if problem.upgrade[item.candidate]]
    return {
        "status": plan.status,
        "objective_kind": options.objective,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap if math.isfinite(plan.gap) else None,
        "solver": plan.solver,
        "seed": plan.seed,
        "seconds": round(plan.seconds, 2),
        "input": key,
        "greedy": plan.greedy,
        "figures": dict(plan.figures),
        "outlets": sum(chosen.count for chosen in plan.chosen),
        "new": len(plan.chosen) - len(upgraded),
        "upgraded": len(upgraded),
        "candidates": len(result.ground.table),
        "cost": _cost(result),
        "years": list(options.years),
        "by_year": _by_year(result, summary),
        "residents_helped": plan_coverage(problem, plan).helped,
        "newly_covered": _newly_covered(result),
        "types": {
            str(kind): _persons_after(city, str(kind)) for kind in city.index if kind != CIRCLE
        },
        "circle": _persons_after(city, CIRCLE),
        "before": _before(run, result),
        "districts": _shares(last),
        "baselines": {
            one.name: {"objective": one.objective, "outlets": len(one.chosen),
                       "keeps_all": one.keeps_all}
            for one in result.baselines
        },
        "knee": None if result.curve is None else result.curve.knee,
        "notes": _notes(run, result),
        "model": {
            "openings": plan.size.openings, "rows": plan.size.rows, "limits": plan.size.limits,
        },
    }  # fmt: skip


def _notes(run: StudyRun, result: PlanResult) -> dict[str, list[str]]:
    """Return what the reader should know of the plan, in every language."""
    log = FaultLog()
    if run.previous is not None:
        lost = run.previous[~run.previous["candidate"].isin(result.ground.table["id"])]
        if len(lost):
            log.add(
                "previous_unmatched", file=STUDY_FILE, column="plan.previous",
                value=lost["candidate"].iloc[0], count=len(lost), total=len(run.previous),
                severity="warning",
            )  # fmt: skip
    notes = [*result.plan.notes, *log.warnings]
    return {code: [note.line(code) for note in notes] for code in languages()}


def _cost(result: PlanResult) -> float | None:
    """Return what the plan costs in the unit of the candidates, None where a cost is missing."""
    total = float(result.sites["cost"].sum(skipna=False))
    return total if math.isfinite(total) else None


def _by_year(result: PlanResult, summary: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each year its outlets, residents newly covered by its end, shares by type."""
    city = summary[summary["level"] == "city"]
    problem, plan = result.problem, result.plan
    found = []
    for number, year in enumerate(problem.years):
        newly = newly_covered(problem, pairs_by(problem, plan, number))
        persons = problem.residents @ newly
        opened = [item for item in plan.chosen if item.year == number]
        found.append(
            {
                "year": year,
                "outlets": len(opened),
                "upgraded": sum(bool(problem.upgrade[item.candidate]) for item in opened),
                "newly_covered": float(persons.sum()),
                "shares": _shares_of(city[city["year"] == year]),
            }
        )
    return found


def _newly_covered(result: PlanResult) -> dict[str, float]:
    pairs = zip(result.problem.types, result.plan.newly_covered, strict=True)
    return {kind: float(count) for kind, count in pairs}


def _before(run: StudyRun, result: PlanResult) -> dict[str, Any]:
    """Return coverage before the plan: with upgrades on, without the outlets to be upgraded."""
    summary = summarise(result.before, run.inputs.areas)
    city = summary[summary["level"] == "city"].set_index("type")
    found = {str(kind): _persons_after(city, str(kind)) for kind in city.index}
    return {"types": {k: v for k, v in found.items() if k != CIRCLE}, "circle": found[CIRCLE],
            "districts": _shares(summary)}  # fmt: skip


def _shares_of(rows: pd.DataFrame) -> dict[str, float | None]:
    """Return the share covered by type."""
    pairs = zip(rows["type"], rows["share"].astype(float), strict=True)
    return {str(kind): None if math.isnan(value) else value for kind, value in pairs}


def _shares(summary: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Return the share covered by district and type."""
    rows = summary[(summary["level"] == "district") & (summary["area"] != "")]
    return {str(area): _shares_of(part) for area, part in rows.groupby("area", sort=False)}


def _persons_after(city: pd.DataFrame, kind: str) -> dict[str, float | None]:
    covered, share = (float(city[name].loc[kind]) for name in ("covered", "share"))
    return {"covered": covered, "share": None if math.isnan(share) else share}
