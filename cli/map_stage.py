"""The stage ``map``: the leader's page, the planner's map and the sheet, from the result tables."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.data.faults import FaultLog
from quarterhour.data.output_files import write_geoparquet
from quarterhour.data.standards import StandardsPack
from quarterhour.data.study import STUDY_FILE
from quarterhour.data.text import languages, tr
from quarterhour.maps.basemap import BaseMap, base_map
from quarterhour.maps.fonts import chinese_font
from quarterhour.maps.page import write_map, write_page
from quarterhour.maps.page_data import PageData, PageType
from quarterhour.maps.results import About, StudyResults, read_tables
from quarterhour.maps.sheet import write_sheet
from quarterhour.maps.study_maps import planner_map

from . import measure_stage, plan_stage
from .console import Screen
from .map_tables import map_tables, street_lines
from .report_question import proof
from .stages import StageRecord, file_hash, read_record, stage_key
from .study_run import StudyRun

PAGE = "map.html"
PLANNER = "planner.html"
SHEET = ("sheet.png", "sheet.pdf")

#: What the ledger reports of outlets opened.
PROGRESS = "progress_areas.parquet"


def key(run: StudyRun) -> str:
    """Return the hash of everything the pages depend on."""
    config = run.config.model_dump(mode="json", include={"map"})
    files = (run.folder / (run.config.streets.background or "."), run.results / PROGRESS)
    drawn = {path.name: file_hash(path) for path in files if path.is_file()}
    upstream = {"measure": measure_stage.key(run), "plan": plan_stage.key(run)}
    return stage_key("map", {"config": config, "files": drawn, **upstream})


def write(run: StudyRun, folder: Path) -> dict[str, Any]:
    """Draw pages and sheet into ``folder``, return the facts."""
    options = run.config.map
    parts = 4 if options.sheet else 3
    run.progress("page", 0, parts)
    drawn = map_tables(run)
    for name, table in drawn.items():
        write_geoparquet(table, folder / f"{name}.parquet")
    run.progress("page", 1, parts)
    data = page_data(run, drawn)
    write_page(data, folder / PAGE)
    run.progress("page", 2, parts)
    results = study_results(run, data, drawn)
    write_map(planner_map(results, tiles=data.tiles), folder / PLANNER)
    run.progress("page", 3, parts)
    sheet = _sheet(run, results, folder) if options.sheet else {}
    run.progress("page", parts, parts)
    return {
        "page": PAGE, "planner": PLANNER, "bytes": (folder / PAGE).stat().st_size, **sheet,
        "about": _about(results), **_findings(run),
    }  # fmt: skip


def _sheet(run: StudyRun, results: StudyResults, folder: Path) -> dict[str, Any]:
    """Write the sheet; without a Chinese font it is written in English, and that is noted."""
    language = run.config.study.language
    missing = language == "zh" and chinese_font() is None
    write_sheet(results, [folder / name for name in SHEET], language="en" if missing else language)
    return {"sheet": list(SHEET), "sheet_font_missing": missing}


def tiles_of(run: StudyRun) -> BaseMap | None:
    """Return the base map that the study asks for.

    Raises
    ------
    InputFaults
        If ``[map] tiles`` is no tile server, or Tianditu is asked without a key.
    """
    options = run.config.map
    try:
        return base_map(
            options.tiles, key=options.tiles_key, datum=options.tiles_datum,
            credit=options.tiles_credit, language=run.config.study.language,
        )  # fmt: skip
    except ValueError:
        log = FaultLog()
        named = options.tiles == "tianditu"
        code, column = ("map_tiles_key", "map.tiles_key") if named else ("map_tiles", "map.tiles")
        log.add(code, file=STUDY_FILE, column=column, value="" if named else options.tiles)
        log.raise_if_any()
        raise


def study_results(
    run: StudyRun, data: PageData, drawn: dict[str, gpd.GeoDataFrame]
) -> StudyResults:
    """Return the results of the study for the maps, with tables not yet moved into place."""
    measured, planned = read_record(run.results, "measure"), read_record(run.results, "plan")
    assert measured is not None  # noqa: S101 - the pipeline has measured before it draws
    about = About(
        data.title, data.title_en, data.label, data.language, data.sources, data.made_on,
        data.version, data.subtitle,
    )  # fmt: skip
    return StudyResults(
        about, data.types, data.criterion, read_tables(run.results) | drawn,
        planned.facts if planned else None, measured.facts,
    )  # fmt: skip


def _about(results: StudyResults) -> dict[str, Any]:
    """Return what `quarterhour.maps.results.read_results` cannot know from the other stages."""
    about = results.about
    return {
        **{name: getattr(about, name) for name in About.__slots__},
        "sources": list(about.sources),
        "thresholds": {kind.id: {"verified": kind.verified, "source": kind.source}
                       for kind in results.types},
    }  # fmt: skip


def page_data(run: StudyRun, drawn: dict[str, gpd.GeoDataFrame]) -> PageData:
    """Return the tables and facts that the leader's page shows."""
    config, pack, results = run.config, run.inputs.pack, run.results
    measured, planned = read_record(results, "measure"), read_record(results, "plan")
    assert measured is not None  # noqa: S101 - the pipeline has measured before it draws
    found = measured.facts
    gaps = results / "gaps.parquet"
    return PageData(
        title=config.map.title or config.study.name,
        title_en=config.study.name_en,
        subtitle=pack.name.zh,
        subtitle_en=pack.name.en,
        label=config.study.label,
        language=config.study.language,
        types=tuple(_page_type(pack, kind.id, found["criterion"]) for kind in run.types),
        criterion=found["criterion"],
        streets=street_lines(run.network),
        background=run.background,
        areas=drawn.get("map_areas", run.inputs.areas.iloc[:0]),
        points=gpd.read_parquet(results / "points.parquet"),
        summary=pd.read_parquet(results / "summary.parquet"),
        outlets=gpd.read_parquet(results / "outlets.parquet"),
        sites=gpd.read_parquet(results / "sites.parquet") if planned else None,
        summary_after=pd.read_parquet(results / "summary_after.parquet") if planned else None,
        points_after=pd.read_parquet(results / "points_after.parquet") if planned else None,
        # Without the time it took: the same study gives the same page.
        plan=planned.facts | {"seconds": None} if planned else None,
        sources=(
            *config.study.credits,
            *dict.fromkeys(Path(e["file"]).name for e in found["inputs"]),
        ),
        made_on=datetime.now().astimezone().strftime("%Y-%m-%d"),
        version=version("quarterhour"),
        facts=_facts(measured, config.study.language),
        gaps=gpd.read_parquet(gaps) if gaps.is_file() else None,
        target=config.scorecard.targets.get("circle"),
        progress=_progress(results),
        tiles=tiles_of(run),
    )


def _progress(results: Path) -> tuple[int, int] | None:
    """Return the outlets opened and those of the plan, of all types, from the ledger's progress."""
    if not (results / PROGRESS).is_file():
        return None
    table = pd.read_parquet(results / PROGRESS)
    if not {"whole", "type", "done", "target"} <= set(table.columns):
        return None
    rows = table[table["whole"].astype(bool) & (table["type"] == "")]
    return None if rows.empty else (int(rows["done"].iloc[0]), int(rows["target"].iloc[0]))


def _facts(measured: StageRecord, language: str) -> dict[str, str]:
    """Return what a reader needs to trace the figures, named in the study's language."""
    found = measured.facts
    values = {
        "standards": found["standards"],
        "criterion": tr(f"cli.check.{found['criterion']}", language),
        "profile": found["profile"],
        "speed": f"{found['speed_kmh']:g} km/h",
        "snap_limit": f"{found['snap_limit_m']:g} m",
        "key": measured.key[:12],
    }
    return {tr(f"cli.fact.{name}", language): value for name, value in values.items()}


def _page_type(pack: StandardsPack, kind: str, criterion: str) -> PageType:
    judged = pack.threshold(kind, "metres" if criterion == "metres" else "minutes")
    outlet = pack.type(kind)
    return PageType(
        kind,
        outlet.name.zh,
        outlet.name.en,
        metres=pack.threshold(kind, "metres").value,
        minutes=pack.threshold(kind, "minutes").value,
        basic=outlet.basic,
        verified=judged.certainty == "verified",
        source=judged.source,
    )


def _findings(run: StudyRun) -> dict[str, list[str]]:
    """Return the headline findings of a study in every language."""
    measured, planned = read_record(run.results, "measure"), read_record(run.results, "plan")
    assert measured is not None  # noqa: S101 - the pipeline has measured before it draws
    return {f"findings_{code}": headline(measured.facts, planned, code) for code in languages()}


def headline(found: dict[str, Any], planned: StageRecord | None, language: str) -> list[str]:
    """Return the three sentences a leader should know.

    Parameters
    ----------
    found
        Facts of the stage ``measure``.
    planned
        Record of the stage ``plan``, None without one.
    language
        Of the sentences.
    """
    said = [_circle_finding(found, language), *_worst_finding(found, language)]
    return said if planned is None else [*said, _plan_finding(planned.facts, language)]


def _worst_finding(found: dict[str, Any], language: str) -> list[str]:
    """Return what is said of the weakest type; nothing where no type is known."""
    known = [entry for entry in found["types"].values() if entry["share"] is not None]
    if not known:
        return []
    worst = min(known, key=lambda entry: entry["share"])
    lie = max(known, key=lambda entry: entry["overcount"])
    name = f"name_{language}"
    return [
        tr(
            "cli.finding.worst", language, type=worst[name], gap=_n(worst["gap"]),
            share=_p(worst["share"]), lie_type=lie[name], overcount=_n(lie["overcount"]),
        )
    ]  # fmt: skip


def _circle_finding(found: dict[str, Any], language: str) -> str:
    circle = found["circle"]
    basic = sum(entry["basic"] for entry in found["types"].values())
    if not basic:
        return tr("cli.finding.no_circle", language)
    parts = {name: circle[name] for name in ("covered", "gap", "unknown")}
    everyone = sum(parts.values()) or 1.0
    return tr(
        "cli.finding.circle", language, residents=_n(found["residents"]), types=basic,
        **{name: _n(persons) for name, persons in parts.items()},
        **{f"{name}_share": _p(persons / everyone) for name, persons in parts.items()},
    )  # fmt: skip


def _plan_finding(plan: dict[str, Any], language: str) -> str:
    # Not the objective: that adds up years, weighs priorities, or counts something else.
    covered = sum(plan["newly_covered"].values())
    return tr(
        "cli.finding.plan", language, outlets=_n(plan["outlets"]), covered=_n(covered),
        before=_n(plan["before"]["circle"]["covered"]), after=_n(plan["circle"]["covered"]),
        proof=proof(plan).get(language),
    )  # fmt: skip


def _n(value: float) -> str:
    return f"{value:,.0f}"


def _p(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def show(record: StageRecord, screen: Screen) -> None:
    """Print the findings."""
    screen.say("findings")
    found = record.facts[f"findings_{screen.language}"]
    for number, sentence in enumerate(found, start=1):
        screen.say("finding.line", number=number, sentence=sentence)
    if record.facts.get("sheet_font_missing"):
        screen.say("sheet_font")
