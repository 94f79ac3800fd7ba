"""The stage ``measure``: service circles, their tables, and the facts behind them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

import pandas as pd

from quarterhour.coverage.circles import ServiceCircles
from quarterhour.coverage.states import Reason, State
from quarterhour.coverage.summary import CIRCLE, point_table, summarise
from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.output_files import write_geopackage, write_geoparquet, write_workbook
from quarterhour.data.study_files import file_hashes
from quarterhour.data.text import languages

from .console import Screen
from .measures import Measures, measure_all
from .stages import StageRecord, stage_key
from .study_run import StudyRun

#: Sections of study.toml that the measures depend on.
SECTIONS = (
    "study", "streets", "extent", "demand", "population", "facilities", "areas", "measure",
    "complaints", "survey", "choice", "accessibility", "equity", "breakfast", "parking",
    "green", "gaps", "priority", "scorecard", "blocks",
)  # fmt: skip


def key(run: StudyRun) -> str:
    """Return the hash of everything the measures depend on."""
    config = run.config.model_dump(mode="json", include=set(SECTIONS))
    return stage_key("measure", {"config": config, "files": file_hashes(run.folder, run.config)})


def write(run: StudyRun, folder: Path) -> dict[str, Any]:
    """Measure, write the tables into ``folder``, return the facts."""
    inputs, circles = run.inputs, run.circles
    points = point_table(circles)
    summary = summarise(circles, inputs.areas)
    write_geoparquet(points, folder / "points.parquet")
    write_geoparquet(circles.facilities, folder / "outlets.parquet")
    summary.to_parquet(folder / "summary.parquet", index=False)
    layers = {"points": points, "outlets": circles.facilities}
    if len(inputs.areas):
        layers["areas"] = inputs.areas.merge(wide_shares(summary), on=["level", "id"], how="left")
    write_geopackage(layers, folder / "coverage.gpkg")
    language = run.config.study.language
    sheets = {
        str(level): rows.drop(columns="level")
        for level, rows in summary.groupby("level", sort=False)
    }
    sheets["points"] = pd.DataFrame(points.drop(columns="geometry"))
    write_workbook(sheets, folder / "coverage.xlsx", units=data_dictionary(language))
    found = measure_all(run, circles, summary)
    write_measures(found, folder, language)
    said = {code: [note.line(code) for note in found.notes] for code in languages()}
    return facts(run, circles, summary) | {
        "left_out": found.left_out, "notes": said, "tables": list(found.tables),
    }  # fmt: skip


def write_measures(found: Measures, folder: Path, language: str) -> None:
    """Write each table as Parquet, all into ``measures.gpkg``, those of areas into the workbook."""
    for name, table in found.tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    write_geopackage(found.tables, folder / "measures.gpkg")
    # Tables of single points are too long for a sheet that people read.
    sheets = {name: table for name, table in found.tables.items() if not name.endswith("_points")}
    write_workbook(sheets, folder / "measures.xlsx", units=data_dictionary(language))


def wide_shares(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row an area: residents, and for each type its share, gap and unknown persons."""
    table = summary[summary["level"] != "city"].rename(columns={"area": "id"})
    wide = table.pivot_table(
        index=["level", "id"], columns="type", values=["share", "gap", "unknown"], observed=True
    )
    labels = cast("list[tuple[str, str]]", wide.columns.to_list())
    wide.columns = pd.Index([f"{kind}_{value}" for value, kind in labels])
    return wide.reset_index()


def facts(run: StudyRun, circles: ServiceCircles, summary: pd.DataFrame) -> dict[str, Any]:
    """Return what a reader needs to trace and to judge the measures; JSON types only."""
    city = summary[summary["level"] == "city"].set_index("type")
    unknown = circles.state == State.UNKNOWN
    reasons = {
        reason.value: int((circles.reason == reason.value).any(axis=1).sum())
        for reason in Reason
        if reason is not Reason.NONE
    }
    return {
        "study": run.config.study.name,
        "standards": run.inputs.pack.id,
        "criterion": circles.criterion,
        "profile": circles.profile.name,
        "speed_kmh": circles.profile.speed_kmh,
        "snap_limit_m": run.config.streets.snap_limit,
        "points": len(circles.demand),
        "points_without_residents": int(circles.demand["residents"].isna().sum()),
        "points_unknown": int(unknown.any(axis=1).sum()),
        "unknown_reasons": reasons,
        "outlets": len(circles.facilities),
        "residents": float(city["residents"].loc[CIRCLE]),
        "types": {
            kind.id: {
                "name_zh": run.inputs.pack.type(kind.id).name.zh,
                "name_en": run.inputs.pack.type(kind.id).name.en,
                "metres": kind.metres,
                "minutes": kind.minutes,
                "basic": kind.basic,
                **_persons(city, kind.id),
            }
            for kind in circles.types
        },
        "circle": _persons(city, CIRCLE),
        "inputs": [
            {"file": source.file, "kind": source.kind, "sha256": source.sha256, "rows": source.rows}
            for source in run.inputs.sources
        ],
    }


def _persons(city: pd.DataFrame, kind: str) -> dict[str, float | None]:
    """Return the city's persons by state for a type; None where there is no share."""
    names = ("covered", "gap", "unknown", "share", "overcount", "straight_covered")
    values = {name: float(city[name].loc[kind]) for name in names}
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def show(record: StageRecord, screen: Screen) -> None:
    """Print coverage by type."""
    found = record.facts
    rows = [(entry[f"name_{screen.language}"], *_cells(entry)) for entry in found["types"].values()]
    rows.append((screen.tr("circle"), *_cells(found["circle"])))
    header = [screen.tr(f"column.{name}") for name in _COLUMNS]
    screen.table(screen.tr("coverage_title", residents=f"{found['residents']:,.0f}"), header, rows)
    for measure, reason in found["left_out"].items():
        words = screen.tr(f"measure.{measure}"), screen.tr(f"left_out.{reason}")
        screen.say("left_out_line", measure=words[0], reason=words[1])
    for line in found["notes"][screen.language]:
        screen.say("note_line", line=line)


_COLUMNS = ("type", "share", "covered", "gap", "unknown", "overcount")


def _cells(entry: dict[str, Any]) -> list[str]:
    share = entry["share"]
    return [
        "–" if share is None else f"{share:.1%}",
        *(f"{entry[name]:,.0f}" for name in _COLUMNS[2:]),
    ]
