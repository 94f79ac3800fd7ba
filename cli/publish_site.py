"""A static site for the public: pages, tables, dictionary, sources; nothing that is private."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.faults import FaultLog
from quarterhour.data.output import staged
from quarterhour.data.output_files import write_csv, write_geopackage, write_json
from quarterhour.data.progress import silent
from quarterhour.data.secrets import is_database
from quarterhour.data.study import StudyConfig
from quarterhour.data.study_files import table_sections
from quarterhour.data.text import tr
from quarterhour.maps.page import write_page
from quarterhour.maps.page_data import PageData
from quarterhour.maps.report import write_report
from quarterhour.maps.report_parts import (
    Column,
    Facts,
    Links,
    Note,
    Part,
    Report,
    Table,
    Tile,
    Words,
)

from .console import Screen
from .map_stage import PAGE, page_data
from .map_tables import map_tables
from .publish_tables import public_tables
from .stages import StageRecord
from .study_run import StudyRun

#: Tells a folder published into before from anybody else's, and which files in it are ours.
MARK = "publication.json"

INDEX, PACKAGE, TABLES = "index.html", "results.gpkg", "tables"

#: Without these the map cannot be drawn.
_NEEDED = ("points", "summary", "outlets")


def publish_site(
    config: StudyConfig, folder: Path, records: list[StageRecord], target: Path, screen: Screen
) -> None:
    """Write the site into a folder, whole or not at all; files of an earlier one are cleared.

    Parameters
    ----------
    config, folder
        The study.
    records
        Records of its stages.
    target
        The folder; new, empty, or published into before.
    screen
        Where to speak.

    Raises
    ------
    InputFaults
        If the folder is somebody else's, or ``[publish] private`` names what is not there.
    """
    log = FaultLog()
    before = _published(target, log)
    tables = public_tables(config, folder, records, log)
    log.raise_if_any()
    hidden = bool(config.publish.private)
    with staged(target) as aside:
        for name, table in tables.items():
            write_csv(pd.DataFrame(table), aside.path(f"{TABLES}/{name}.csv"))
        spatial = {name: t for name, t in tables.items() if isinstance(t, gpd.GeoDataFrame)}
        if spatial:
            write_geopackage(spatial, aside.path(PACKAGE))
        pages = _pages(config, folder, tables, aside.folder)
        report = landing(config, records, tables, pages, hidden=hidden)
        write_report(report, aside.path(INDEX))
        files = sorted(
            path.relative_to(aside.folder).as_posix()
            for path in aside.folder.rglob("*") if path.is_file()
        )  # fmt: skip
        write_json({"program": "quarterhour", "files": [*files, MARK]}, aside.path(MARK))
        size = sum(path.stat().st_size for path in aside.folder.rglob("*") if path.is_file())
    for name in before - set(files) - {MARK}:
        (target / name).unlink(missing_ok=True)
    screen.say(
        "publish.site", files=len(files) + 1, size=f"{size / 1e6:.1f} MB",
        path=(target / INDEX).resolve(), private=", ".join(config.publish.private) or "–",
    )  # fmt: skip


def _published(target: Path, log: FaultLog) -> set[str]:
    """Return the files of an earlier publication; a fault where there are others' files."""
    if target.is_file():
        log.add("publish_target", column="--to", value=target)
        return set()
    if not target.exists() or not any(target.iterdir()):
        return set()
    try:
        found = json.loads((target / MARK).read_text("utf-8"))
        if found["program"] == "quarterhour":
            return {str(name) for name in found["files"] if _inside(target, str(name))}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    log.add("publish_not_ours", column="--to", value=target)
    return set()


def _inside(target: Path, name: str) -> bool:
    return (target / name).resolve().is_relative_to(target.resolve())


def _pages(
    config: StudyConfig, folder: Path, tables: Mapping[str, pd.DataFrame], aside: Path
) -> dict[str, str]:
    """Write the map, unless what it shows is private; return name -> file."""
    if not all(name in tables for name in _NEEDED) or "geometry" not in tables["points"]:
        return {}
    run = StudyRun(folder, config, silent)
    write_page(public_page(page_data(run, map_tables(run)), tables), aside / PAGE)
    return {"map": PAGE}


def public_page(data: PageData, tables: Mapping[str, pd.DataFrame]) -> PageData:
    """Return what the map may show: hidden columns emptied, hidden tables left out.

    Parameters
    ----------
    data
        What the page would show inside the house.
    tables
        The public tables by name, without their hidden columns.
    """
    planned = {"sites", "points_after", "summary_after"} <= tables.keys()
    shown = {
        "points": _emptied(data.points, tables["points"]),
        "outlets": _emptied(data.outlets, tables["outlets"]),
        "gaps": _emptied(data.gaps, tables["gaps"]) if "gaps" in tables else None,
        "sites": _emptied(data.sites, tables["sites"]) if planned else None,
    }
    if not planned:
        shown |= {"summary_after": None, "points_after": None, "plan": None}
    return replace(data, **shown, sources=tuple(_base_name(one) for one in data.sources))


def _emptied(table: Any, public: pd.DataFrame) -> Any:
    """Return a table with the columns the public one lacks emptied: NaN, or "" for text."""
    if table is None:
        return None
    hidden = [c for c in table.columns if c not in public.columns]
    text = {c: "" for c in hidden if table[c].dtype == object}
    missing = {c: np.nan for c in hidden if c not in text and c != "geometry"}
    return table.assign(**text, **missing)


def landing(
    config: StudyConfig,
    records: Sequence[StageRecord],
    tables: Mapping[str, pd.DataFrame],
    pages: Mapping[str, str],
    *,
    hidden: bool,
) -> Report:
    """Return the first page of the site."""
    study, measured = config.study, records[0].facts
    parts = [
        Part(_w("look"), (Links(tuple((f, _w(n), _w(f"{n}_what")) for n, f in pages.items())),)),
        Part(_w("coverage"), (_coverage(measured),)),
        Part(_w("tables"), _downloads(tables)),
        Part(_w("sources"), (_sources(config, measured),)),
        Part(_w("facts"), (_facts(config, records), *([Note(_w("hidden"))] if hidden else []))),
        Part(_w("dictionary"), (_dictionary(tables),)),
    ]
    circle = measured["circle"]
    return Report(
        title=Words(study.name, study.name_en or study.name), subtitle=_w("subtitle"),
        label=study.label, language=study.language,
        story=_w(
            "story", residents=_n(measured["residents"]), share=_p(circle["share"]),
            **{name: _n(circle[name]) for name in ("covered", "gap", "unknown")},
        ),
        tiles=_tiles(records), parts=tuple(part for part in parts if part.blocks),
        foot=_w("foot", version=records[0].version, date=_today()),
    )  # fmt: skip


def _tiles(records: Sequence[StageRecord]) -> tuple[Tile, ...]:
    found = records[0].facts
    tiles = [
        Tile(_w("circle"), _p(found["circle"]["share"]), _w("circle_note")),
        Tile(_w("residents"), _n(found["residents"]), _w("residents_note")),
        Tile(_w("outlets"), _n(found["outlets"]), _w("outlets_note")),
    ]
    if len(records) > 1:
        plan = records[1].facts
        proven = plan["status"] == "optimal"
        proof = _w("proven") if proven else _w("gap_of", gap=_p(plan["gap"]))
        tiles.append(Tile(_w("planned"), _n(plan["outlets"]), proof))
    return tuple(tiles)


def _coverage(measured: Mapping[str, Any]) -> Table:
    unit = "metres" if measured["criterion"] == "metres" else "minutes"
    heads = [("type", "text"), ("threshold", "text"), ("covered", "count"), ("gap", "count"),
             ("unknown", "count"), ("share", "share")]  # fmt: skip
    rows = [
        (
            Words(entry["name_zh"], entry["name_en"]), _w(unit, value=entry[unit]),
            entry["covered"], entry["gap"], entry["unknown"], entry["share"],
        )
        for entry in measured["types"].values()
    ]  # fmt: skip
    return Table(_w("coverage"), tuple(Column(_w(n), k) for n, k in heads), tuple(rows))  # type: ignore[arg-type]


def _downloads(tables: Mapping[str, pd.DataFrame]) -> tuple[Links, ...]:
    rows = [(PACKAGE, _w("package"), _w("package_what"))]
    if not any(isinstance(table, gpd.GeoDataFrame) for table in tables.values()):
        rows = []
    rows += [
        (f"{TABLES}/{name}.csv", Words(name, name), _w("table_what", rows=_n(len(table))))
        for name, table in tables.items()
    ]
    return (Links(tuple(rows)),) if rows else ()


def _sources(config: StudyConfig, measured: Mapping[str, Any]) -> Table:
    """Return each data set with its source and licence, as the study states them."""
    stated = _stated(config)
    heads = ["file", "kind", "source", "licence"]
    rows = []
    for entry in measured["inputs"]:
        source, licence, layer = stated.get(entry["file"], ("", "", ""))
        name = _w("database", table=layer) if is_database(entry["file"]) else _base_name(
            entry["file"])  # fmt: skip
        missing = _w("not_stated")
        rows.append((name, entry["kind"], source or missing, licence or missing, entry["rows"]))
    columns = (*(Column(_w(name)) for name in heads), Column(_w("rows"), "count"))
    return Table(_w("sources"), columns, tuple(rows))


def _stated(config: StudyConfig) -> dict[str, tuple[str, str, str]]:
    """Return file -> (source, licence, layer) of every section that names a file."""
    streets = config.streets
    found = {streets.file: (streets.source, streets.licence, "")}
    for section in table_sections(config):
        found[section.file] = (section.source, section.licence, section.layer)
    return found


def _facts(config: StudyConfig, records: Sequence[StageRecord]) -> Facts:
    measured = records[0].facts
    rows = [
        (_w("standards"), str(measured["standards"])), (_w("made_on"), _today()),
        (_w("version"), f"quarterhour {records[0].version}"),
    ]  # fmt: skip
    for name in ("licence", "contact"):
        value = getattr(config.publish, name)
        if value:
            rows.append((_w("results_licence" if name == "licence" else name), value))
    return Facts(_w("facts"), tuple(rows))


def _dictionary(tables: Mapping[str, pd.DataFrame]) -> Table:
    """Return the meaning of every column published, in both languages."""
    zh, en = (data_dictionary(language) for language in ("zh", "en"))
    columns = {str(column) for table in tables.values() for column in table.columns}
    pairs = zip(zh.astype(str).to_numpy(), en.astype(str).to_numpy(), strict=True)
    rows = tuple(
        (one[0], Words(one[1], two[1]), Words(one[2], two[2]))
        for one, two in pairs
        if _stands_for(one[0], columns)
    )
    heads = tuple(Column(_w(name)) for name in ("column", "unit", "meaning"))
    return Table(_w("dictionary"), heads, rows)


def _stands_for(pattern: str, columns: set[str]) -> bool:
    """Whether a column of the dictionary, ``<type>_state`` among them, is one of ``columns``."""
    parts = [re.escape(part) for part in re.split(r"<\w+>", pattern)]
    form = re.compile(".+".join(parts))
    return any(form.fullmatch(column) for column in columns)


def _w(key: str, **params: object) -> Words:
    zh, en = (tr(f"site.{key}", language, **params) for language in ("zh", "en"))
    return Words(zh, en)


def _base_name(file: str) -> str:
    return Path(file).name


def _today() -> str:
    return datetime.now().astimezone().strftime("%Y-%m-%d")


def _n(value: float) -> str:
    return f"{value:,.0f}"


def _p(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
