"""``quarterhour ledger STUDY``: the workbook (台账) that a bureau works in."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import pandas as pd
from rich.text import Text

from quarterhour.data.faults import FaultLog
from quarterhour.data.ledger import progress_table, wanted_values
from quarterhour.data.ledger_checks import LedgerRules, check_ledger
from quarterhour.data.ledger_history import (
    HISTORY_FILE,
    History,
    first_values,
    read_history,
)
from quarterhour.data.ledger_merge import Merged, merge
from quarterhour.data.ledger_read import Ledger, read_ledger
from quarterhour.data.ledger_schema import LedgerWords, Records, ledger_words
from quarterhour.data.ledger_sheets import ALL_SHEETS
from quarterhour.data.ledger_write import LedgerContent, write_ledger
from quarterhour.data.output import staged
from quarterhour.data.study import study_file
from quarterhour.data.text import tr

from .console import Screen
from .pipeline import run_stages
from .stages import RESULTS
from .study_run import StudyRun, open_study

#: The ledger's file in the study's folder.
LEDGER_FILE = "ledger.xlsx"

#: A site may lie this far outside the residents' bounding box (degrees, about 10 km).
_MARGIN = 0.1


def say(screen: Screen, key: str, **params: object) -> None:
    """Print words of the domain ``ledger.say`` unless quiet."""
    if not screen.quiet:
        screen.out.print(Text(tr(f"ledger.say.{key}", screen.language, **params)))


@dataclass
class Desk:
    """Everything the ledger of a study is written from and checked against.

    Attributes
    ----------
    run
        The study.
    log
        Takes what is wrong with the history.
    now
        Time of the work, with its zone.
    """

    run: StudyRun
    log: FaultLog
    now: dt.datetime

    @property
    def folder(self) -> Path:
        """The study's folder."""
        return self.run.folder

    @property
    def today(self) -> dt.date:
        """Day of the work."""
        return self.now.date()

    @cached_property
    def words(self) -> LedgerWords:
        """Words of the ledger."""
        config, inputs = self.run.config, self.run.inputs
        years = getattr(config.plan, "years", ())
        return ledger_words(inputs.pack, inputs.areas, config.study.language, years)

    @cached_property
    def sites(self) -> gpd.GeoDataFrame:
        """The plan's sites."""
        return gpd.read_parquet(self.run.results / "sites.parquet")

    @cached_property
    def gaps(self) -> gpd.GeoDataFrame:
        """The gap list."""
        return gpd.read_parquet(self.run.results / "gaps.parquet")

    @cached_property
    def recorded(self) -> History:
        """The history as it stands in its file."""
        return read_history(self.folder, self.log)

    @cached_property
    def history(self) -> History:
        """The history; where there is none yet, it begins with the plan."""
        return self.recorded if self.recorded.entry else self.planned(self.recorded)

    def planned(self, history: History) -> History:
        """Return the history with what the plan says now."""
        state = history.state()
        wanted = wanted_values(self.sites, self.gaps, state, history.edited())
        return history.add(first_values(wanted, state), self.now)

    def rules(self) -> LedgerRules:
        """Return what workbooks are checked against."""
        west, south, east, north = self.run.inputs.demand.total_bounds
        return LedgerRules(
            self.words, self.history.state(), frozenset(self.run.inputs.facilities["id"]),
            self.today,
            (west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN),
        )  # fmt: skip

    def read(self, paths: Mapping[str, Path]) -> list[Ledger]:
        """Read and check workbooks by name; their faults go to the log."""
        rules = self.rules()
        found = [read_ledger(path, self.words, log=self.log, name=name)
                 for name, path in paths.items()]  # fmt: skip
        copies = [copy for copy in found if copy is not None]
        for copy in copies:
            check_ledger(copy, rules, self.log)
        return copies

    def level(self, records: Records) -> str:
        """Return the area column to count progress by."""
        return "district" if any(r.get("district") for r in records.values()) else (
            "street" if any(r.get("street") for r in records.values()) else "district")  # fmt: skip

    def progress(self, records: Records) -> pd.DataFrame:
        """Return progress by area and type."""
        return progress_table(
            records, level=self.level(records), today=self.today,
            types=self.run.inputs.pack.type_ids,
        )  # fmt: skip

    def content(self, history: History, copies: Sequence[Ledger]) -> LedgerContent:
        """Return what the workbook shows."""
        config, records = self.run.config, history.state()
        table = history.table
        looks = {spot: look for copy in reversed(copies) for spot, look in copy.looks.items()}
        sheets = {t: rows for copy in reversed(copies) for t, rows in copy.sheets.items()}
        named = config.study.name_en if config.study.language == "en" else ""
        facilities = pd.DataFrame(self.run.inputs.facilities.drop(columns="geometry"))
        return LedgerContent(
            title=named or config.study.name, records=records, words=self.words,
            stamp=history.entry, today=self.today, progress=self.progress(records),
            level=self.level(records),
            tables={"gaps": pd.DataFrame(self.gaps), "plan": pd.DataFrame(self.sites),
                    "existing": facilities[facilities["status"].isin(["open", "substandard"])]},
            conflicts=history.conflicts(),
            changes=table[table["event"].isin(["edit", "conflict", "missing"])],
            looks=looks, sheets=sheets,
        )  # fmt: skip


def ledger(
    study: Path, screen: Screen, *, out: Path | None = None, now: dt.datetime | None = None
) -> Path:
    """Write the ledger of a study; one that is there is read first and all edits are kept.

    Parameters
    ----------
    study
        The study; it is measured and planned first if its results are not up to date.
    screen
        Where to speak.
    out
        The workbook; None takes ``ledger.xlsx`` in the study's folder.
    now
        Time of writing; None takes the clock.

    Returns
    -------
    pathlib.Path
        The workbook. The one before lies beside it as ``<name>-backup-<time>.xlsx``.

    Raises
    ------
    InputFaults
        If the study or the workbook has faults; nothing is changed then.
    """
    run_stages(study, ("measure", "plan"), Screen(screen.language, quiet=True))
    desk = open_desk(study, screen, now)
    path = out or desk.folder / LEDGER_FILE
    copies = desk.read(name_files([path], desk.folder) if path.exists() else {})
    desk.log.raise_if_any()
    show_warnings(desk, screen)
    merged = merge(desk.history, copies, own=LEDGER_FILE)
    history = desk.planned(desk.history.add(merged.events, desk.now))
    backup = write_all(desk, history, copies, path)
    if backup is not None:
        say(screen, "backup", path=backup.resolve())
    show_conflicts(merged, desk.words, screen)
    say(screen, "written", path=path.resolve(), sites=len(history.state()))
    return path


def open_desk(study: Path, screen: Screen, now: dt.datetime | None) -> Desk:
    """Open the study of a ledger.

    Raises
    ------
    InputFaults
        If the study has faults or its history cannot be read.
    """
    log = FaultLog()
    with screen.progress() as progress:
        run = open_study(study, progress)
        desk = Desk(run, log, now or dt.datetime.now().astimezone())
        _ = desk.recorded
        log.raise_if_any()
        _ = run.inputs
    return desk


def name_files(files: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Return name -> path of each workbook once; the plain name of the own one is its alone."""
    own = (folder / LEDGER_FILE).resolve()
    given = {path.resolve(): path for path in files}
    names = [LEDGER_FILE, *(path.name for path in given if path != own)]
    return {
        path.name if path == own or names.count(path.name) == 1 else str(shown): path
        for path, shown in given.items()
    }


def results_there(study: Path) -> bool:
    """Tell whether the study has a plan to compare with."""
    results = study_file(study).parent / RESULTS
    names = ("sites.parquet", "gaps.parquet", "summary.parquet", "summary_after.parquet")
    return all((results / name).is_file() for name in names)


def write_all(desk: Desk, history: History, copies: Sequence[Ledger], path: Path) -> Path | None:
    """Write history and workbook, all or nothing, with a backup of the workbook before.

    Returns
    -------
    pathlib.Path or None
        The backup, None where there was nothing to keep.
    """
    content = desk.content(history, copies)
    backup = _backup_path(path, desk.now) if path.exists() else None
    with ExitStack() as stack:
        own = aside = stack.enter_context(staged(desk.folder))
        if path.parent.resolve() != desk.folder.resolve():
            aside = stack.enter_context(staged(path.parent))
        history.write(own.path(HISTORY_FILE))
        if backup is not None:
            shutil.copy2(path, aside.path(backup.name))
        write_ledger(content, aside.path(path.name), ALL_SHEETS)
    return backup


def _backup_path(path: Path, now: dt.datetime) -> Path:
    stem = f"{path.stem}-backup-{now:%Y%m%d-%H%M%S}"
    names = [stem, *(f"{stem}-{number}" for number in range(2, 1000))]
    return next(p for name in names if not (p := path.with_name(name + path.suffix)).exists())


def show_warnings(desk: Desk, screen: Screen) -> None:
    """Print the warnings about the workbooks."""
    if not screen.quiet:
        screen.faults(desk.log.warnings)


def show_conflicts(merged: Merged, words: LedgerWords, screen: Screen) -> None:
    """Print every conflict with all its values, and where a copy is behind."""
    spoken = replace(words, language=screen.language)
    for number, conflict in enumerate(merged.conflicts, start=1):
        name = merged.records[conflict.id].get("name", "")
        values = "; ".join(
            f"{source}: {words.show(conflict.column, value) or '–'}"
            for source, value in conflict.brought
        )
        line = tr(
            "ledger.say.conflict", screen.language, number=number, id=conflict.id, name=name,
            column=spoken.title(conflict.column), values=values,
            shown=words.show(conflict.column, conflict.shown) or "–",
            recorded=words.show(conflict.column, conflict.recorded) or "–",
        )  # fmt: skip
        screen.err.print(Text(line, style="yellow"))
    for source, count in merged.stale.items():
        say(screen, "stale", file=source, count=count)
