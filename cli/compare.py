"""``quarterhour compare A B``: what changed between two studies or years, and why."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.coverage.comparison import (
    PARTS,
    compare_coverage,
    compare_gaps,
    compare_outlets,
    compare_points,
)
from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.faults import FaultLog
from quarterhour.data.output import staged
from quarterhour.data.output_files import write_geopackage, write_workbook
from quarterhour.data.study import study_file

from .compare_plans import compare_plans
from .console import Screen
from .pipeline import run_stages
from .stages import RESULTS, StageRecord

#: Result tables of the stage ``measure`` that are compared.
TABLES = ("points", "outlets", "gaps")


def compare(before: Path, after: Path, screen: Screen, *, out: Path | None = None) -> Path:
    """Compare two studies and write the tables.

    Parameters
    ----------
    before, after
        Studies; each is measured first if its results are not up to date.
    screen
        Where to speak.
    out
        Folder for the result; None takes ``results/compare-<before>`` of the second study.

    Returns
    -------
    pathlib.Path
        The folder, with ``compare.xlsx``, ``compare.gpkg`` and a Parquet file for each table.

    Raises
    ------
    InputFaults
        If a study has faults, or the two judge no type alike.
    """
    quiet = Screen(screen.language, quiet=True)
    records = [run_stages(study, ("measure",), quiet)["measure"] for study in (before, after)]
    folders = [study_file(study).parent / RESULTS for study in (before, after)]
    types = _common(records, before, after)
    old, new = (_tables(folder) for folder in folders)
    outlets = compare_outlets(old["outlets"], new["outlets"])
    points = compare_points(old["points"], new["points"], outlets, types)
    found = {
        "coverage_change": compare_coverage(points),
        "outlet_change": outlets,
        "gap_change": compare_gaps(_of(old["gaps"], types), _of(new["gaps"], types), points),
        "point_change": points,
    }
    found |= compare_plans(before, after, screen)
    name = study_file(before).parent.resolve().name
    folder = out or folders[1] / f"compare-{name}"
    _write(found, folder, screen.language)
    _show(found, records[1], screen)
    _note_rules(records, screen)
    screen.say("compare.written", path=folder.resolve())
    return folder


def _common(records: list[StageRecord], before: Path, after: Path) -> tuple[str, ...]:
    old, new = (record.facts["types"] for record in records)
    types = tuple(kind for kind in old if kind in new)
    if not types:
        log = FaultLog()
        log.add("compare_no_types", file=after, value=", ".join(new), other=before)
        log.raise_if_any()
    return types


def _tables(folder: Path) -> dict[str, gpd.GeoDataFrame]:
    return {name: gpd.read_parquet(folder / f"{name}.parquet") for name in TABLES}


def _of(gaps: gpd.GeoDataFrame, types: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(gaps[gaps["type"].isin(types)])


def _write(found: dict[str, pd.DataFrame], folder: Path, language: str) -> None:
    sheets = {name: table for name, table in found.items() if name != "point_change"}
    with staged(folder) as aside:
        for name, table in found.items():
            table.to_parquet(aside.path(f"{name}.parquet"), index=False)
        write_geopackage(found, aside.path("compare.gpkg"))
        write_workbook(sheets, aside.path("compare.xlsx"), units=data_dictionary(language))


def _show(found: dict[str, pd.DataFrame], record: StageRecord, screen: Screen) -> None:
    """Print the change of covered residents by type and cause, and what became of the gaps."""
    table = found["coverage_change"]
    city = table[table["level"] == "city"]
    columns = ["covered_before", "covered_after", "change", *PARTS]
    names = {
        kind: entry[f"name_{screen.language}"] for kind, entry in record.facts["types"].items()
    }
    names["circle"] = screen.tr("circle")
    rows = [
        [names[row["type"]], *(f"{row[column]:+,.0f}" if column not in columns[:2]
                               else f"{row[column]:,.0f}" for column in columns)]
        for row in city.to_dict("records")
    ]  # fmt: skip
    header = [screen.tr("column.type"), *(screen.tr(f"compare.{column}") for column in columns)]
    screen.table(screen.tr("compare.title"), header, rows)
    outlets = found["outlet_change"]["change"].value_counts()
    gaps = found["gap_change"]["change"].value_counts()
    screen.say(
        "compare.outlets", **{w: int(outlets.get(w, 0)) for w in ("opened", "closed", "kept")}
    )
    screen.say(
        "compare.gaps",
        **{w: int(gaps.get(w, 0)) for w in ("closed", "opened", "smaller", "larger", "same")},
    )


def _note_rules(records: list[StageRecord], screen: Screen) -> None:
    """Say where the two studies were judged by different rules: that alone moves figures."""
    old, new = (record.facts for record in records)
    for name in ("standards", "criterion", "profile", "snap_limit_m"):
        if old[name] != new[name]:
            screen.say("compare.rule", rule=screen.tr(f"compare.{name}"),
                       before=old[name], after=new[name])  # fmt: skip
    for kind, entry in old["types"].items():
        unit = "metres" if new["criterion"] == "metres" else "minutes"
        later = new["types"].get(kind, entry)[unit]
        if entry[unit] != later:
            screen.say("compare.rule", rule=entry[f"name_{screen.language}"],
                       before=f"{entry[unit]:g}", after=f"{later:g}")  # fmt: skip
