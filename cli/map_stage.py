"""The stage ``map``: one page made from the result tables."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.coverage.network import StreetNetwork
from quarterhour.data.background import read_background
from quarterhour.data.faults import FaultLog
from quarterhour.data.standards import StandardsPack
from quarterhour.data.text import languages, tr
from quarterhour.maps.page import write_page
from quarterhour.maps.page_data import PageData, PageType

from . import measure_stage, plan_stage
from .console import Screen
from .stages import StageRecord, file_hash, read_record, stage_key
from .study_run import StudyRun

PAGE = "map.html"


def key(run: StudyRun) -> str:
    """Return the hash of everything the page depends on."""
    config = run.config.model_dump(mode="json", include={"map"})
    drawn = run.folder / run.config.streets.background
    background = file_hash(drawn) if drawn.is_file() else ""
    upstream = {"measure": measure_stage.key(run), "plan": plan_stage.key(run)}
    return stage_key("map", {"config": config, "background": background, **upstream})


def write(run: StudyRun, folder: Path) -> dict[str, Any]:
    """Draw the page into ``folder``, return the facts."""
    run.progress("page", 0, 1)
    data = page_data(run)
    write_page(data, folder / PAGE)
    run.progress("page", 1, 1)
    return {"page": PAGE, "bytes": (folder / PAGE).stat().st_size, **_findings(run)}


def page_data(run: StudyRun) -> PageData:
    """Return the tables and facts that the page shows."""
    config, pack, results = run.config, run.inputs.pack, run.results
    measured, planned = read_record(results, "measure"), read_record(results, "plan")
    assert measured is not None  # noqa: S101 - the pipeline has measured before it draws
    found = measured.facts
    return PageData(
        title=config.map.title or config.study.name,
        title_en=config.study.name_en,
        subtitle=pack.name.zh,
        subtitle_en=pack.name.en,
        label=config.study.label,
        language=config.study.language,
        types=tuple(_page_type(pack, kind.id, found["criterion"]) for kind in run.types),
        criterion=found["criterion"],
        streets=_streets(run.network),
        background=_background(run),
        areas=_areas(run),
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
    )


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


def _areas(run: StudyRun) -> gpd.GeoDataFrame:
    """Return the areas for drawing, cut to the extent of the study."""
    areas, extent = run.inputs.areas, run.inputs.extent
    if extent is None or areas.empty:
        return areas
    cut = areas.assign(geometry=shapely.intersection(areas.geometry.to_numpy(), extent))
    kept = shapely.area(cut.geometry.to_numpy()) > 0
    return cut[kept].reset_index(drop=True)


def _streets(network: StreetNetwork) -> gpd.GeoDataFrame:
    """Return the network's streets for drawing (EPSG:4326)."""
    owner = np.repeat(np.arange(network.n_edges), np.diff(network.edge_start))
    lines = shapely.linestrings(np.column_stack([network.gx, network.gy]), indices=owner)
    table = {"kind": network.edge_class, "name": network.edge_name}
    return gpd.GeoDataFrame(table, geometry=lines, crs=network.crs).to_crs(4326)


def _background(run: StudyRun) -> gpd.GeoDataFrame:
    """Return water, parks and railways; an empty table where there are none."""
    streets = run.config.streets
    path = run.folder / (streets.background or streets.file)
    empty = gpd.GeoDataFrame({"kind": [], "name": []}, geometry=[], crs=4326)
    if not path.is_file() or not (streets.background or path.name.endswith(_OSM)):
        return empty
    log = FaultLog()
    found = read_background(path, log=log, tolerance=max(run.config.map.simplify, 0.1))
    log.raise_if_any()
    return empty if found is None else found


_OSM = (".osm", ".pbf", ".osm.gz", ".osm.bz2")


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
    return said if planned is None else [*said, _plan_finding(found, planned.facts, language)]


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
    parts = {name: circle[name] for name in ("covered", "gap", "unknown")}
    everyone = sum(parts.values()) or 1.0
    return tr(
        "cli.finding.circle", language, residents=_n(found["residents"]), types=basic,
        **{name: _n(persons) for name, persons in parts.items()},
        **{f"{name}_share": _p(persons / everyone) for name, persons in parts.items()},
    )  # fmt: skip


def _plan_finding(found: dict[str, Any], plan: dict[str, Any], language: str) -> str:
    word = "optimal" if plan["status"] == "optimal" else "gap"
    proof = tr(f"cli.finding.proof_{word}", language, gap=_p(plan["gap"]))
    return tr(
        "cli.finding.plan", language, outlets=_n(plan["outlets"]),
        covered=_n(plan["objective"]), before=_n(found["circle"]["covered"]),
        after=_n(plan["circle"]["covered"]), proof=proof,
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
