"""``quarterhour progress STUDY LEDGER…``: what has become of the plan, and what to go on from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from quarterhour.coverage.summary import CIRCLE, summarise
from quarterhour.data.ledger import fixed_sites, is_late, opened_outlets, site_frame
from quarterhour.data.ledger_history import HISTORY_FILE, History
from quarterhour.data.ledger_merge import Merged, merge
from quarterhour.data.ledger_read import Ledger
from quarterhour.data.ledger_schema import Records
from quarterhour.data.ledger_sheets import sentence
from quarterhour.data.output import Staging, staged
from quarterhour.data.output_files import write_json, write_workbook
from quarterhour.data.text import tr

from .console import Screen
from .ledger import (
    LEDGER_FILE,
    Desk,
    name_files,
    open_desk,
    results_there,
    say,
    show_conflicts,
    show_warnings,
    write_all,
)
from .pipeline import run_stages

_KEYS = ["level", "area", "type"]


def progress(
    study: Path, files: Sequence[Path], screen: Screen, *, now: dt.datetime | None = None
) -> Path:
    """Read edited ledgers, record what changed, and measure what has really been reached.

    Parameters
    ----------
    study
        The study. Its plan is taken as it stands; it is planned first only if there is none.
    files
        One workbook, or the copies that several people edited. Several are merged into the
        study's ``ledger.xlsx``, which takes part as one more copy where it exists.
    screen
        Where to speak.
    now
        Time of reading; None takes the clock.

    Returns
    -------
    pathlib.Path
        ``results/progress.xlsx``; beside it ``progress.json``, ``progress_sites.parquet``,
        ``progress_areas.parquet``, ``progress_coverage.parquet`` and ``ledger_fixed.parquet``.

    Raises
    ------
    InputFaults
        With every fault of every workbook; nothing is recorded then.
    """
    if not results_there(study):
        run_stages(study, ("measure", "plan"), Screen(screen.language, quiet=True))
    desk = open_desk(study, screen, now)
    own = desk.folder / LEDGER_FILE
    copies = desk.read(name_files(_parties(files, own), desk.folder))
    desk.log.raise_if_any()
    show_warnings(desk, screen)
    merged = merge(desk.history, copies, own=LEDGER_FILE)
    history = desk.history.add(merged.events, desk.now)
    report = _Report(desk, history, merged, copies)
    with screen.progress() as told:
        desk.run.progress = told
        report.measure()
    with ExitStack() as stack:
        # Left in reverse: a report that cannot be replaced keeps the history from being written.
        if len(copies) == 1:
            history.write(stack.enter_context(staged(desk.folder)).path(HISTORY_FILE))
        report.write(stack.enter_context(staged(desk.run.results)))
    if len(copies) > 1:
        write_all(desk, history, copies, own)
    report.show(screen)
    show_conflicts(merged, desk.words, screen)
    if len(copies) > 1:
        say(screen, "merged", path=own.resolve(), files=len(copies))
    path = desk.run.results / "progress.xlsx"
    say(screen, "report", path=path.resolve())
    return path


def _parties(files: Sequence[Path], own: Path) -> list[Path]:
    """Return the workbooks; where several are merged the study's own one takes part."""
    several = len({path.resolve() for path in files}) > 1
    return [*files, own] if several and own.exists() else [*files]


class _Report:
    """What is told and written of the progress of a study."""

    def __init__(
        self, desk: Desk, history: History, merged: Merged, copies: Sequence[Ledger]
    ) -> None:
        self.desk, self.history, self.merged, self.copies = desk, history, merged, copies
        self.records: Records = merged.records
        self.areas = desk.progress(self.records)
        self.coverage = pd.DataFrame()

    def measure(self) -> None:
        """Measure coverage with what has opened; compare it with before and with the plan."""
        run = self.desk.run
        outlets = opened_outlets(self.records, run.inputs.facilities)
        reached = summarise(run.measure(outlets), run.inputs.areas)
        before, promised = (
            pd.read_parquet(run.results / f"{name}.parquet").drop_duplicates(_KEYS, keep="last")
            for name in ("summary", "summary_after")
        )
        table = reached[[*_KEYS, "name", "name_en", "residents", "covered", "share"]]
        for name, other in (("before", before), ("promised", promised)):
            part = other[[*_KEYS, "covered", "share"]]
            table = table.merge(part, on=_KEYS, how="left", suffixes=("", f"_{name}"))
        table = table.rename(columns={"covered": "covered_reached", "share": "share_reached"})
        gained = (table["covered_reached"] - table["covered_before"]).to_numpy(float)
        wanted = (table["covered_promised"] - table["covered_before"]).to_numpy(float)
        kept = np.full(len(table), np.nan)
        np.divide(gained, wanted, out=kept, where=wanted > 0)
        self.coverage = table.assign(kept=kept)

    def sites(self) -> pd.DataFrame:
        """Return every site with what became of it."""
        frame = site_frame(self.records)
        gone = {key for _, key in self.merged.missing}
        return frame.assign(
            late=[is_late(row, self.desk.today) for row in self.records.values()],
            own=[not row.get("candidate") for row in self.records.values()],
            missing=[key in gone for key in self.records],
        )

    def write(self, aside: Staging) -> None:
        """Write all results."""
        sites = self.sites()
        sites.to_parquet(aside.path("progress_sites.parquet"), index=False)
        self.areas.to_parquet(aside.path("progress_areas.parquet"), index=False)
        self.coverage.to_parquet(aside.path("progress_coverage.parquet"), index=False)
        fixed_sites(self.records).to_parquet(aside.path("ledger_fixed.parquet"), index=False)
        write_json(self.facts(), aside.path("progress.json"))
        sheets = {
            self._word("sheet.progress"): self._areas(),
            self._word("sheet.coverage"): self._coverage(),
            self._word("sheet.outcome"): self._sites(sites),
        }
        if self.merged.conflicts:
            sheets[self._word("sheet.conflicts")] = self._conflicts()
        if self.merged.missing:
            columns = [self._word("conflict.source"), self._word("conflict.id")]
            missing = pd.DataFrame(self.merged.missing, columns=columns)
            sheets[self._word("sheet.missing")] = missing
        write_workbook(sheets, aside.path("progress.xlsx"))

    def _word(self, key: str) -> str:
        return self.desk.words.say(key)

    def _areas(self) -> pd.DataFrame:
        """Return progress by area and type as people read it."""
        words, level = self.desk.words, self.desk.level(self.records)
        rows = []
        for row in self.areas.to_dict("records"):
            named = words.show(level, row["area"]) or words.say("progress.no_area")
            area = words.say("progress.city") if row["whole"] else named
            kind = words.show("type", row["type"]) or words.say("progress.every_type")
            counts = [row[name] for name in self.areas.columns[3:]]
            rows.append([area, kind, *counts, sentence(words, row["done"], row["target"])])
        heads = [words.title(level), words.title("type"),
                 *(words.say(f"progress.{name}") for name in self.areas.columns[3:]),
                 words.say("progress.sentence")]  # fmt: skip
        return pd.DataFrame(rows, columns=heads)

    def _coverage(self) -> pd.DataFrame:
        """Return coverage promised and reached as people read it."""
        words = self.desk.words
        table = self.coverage[self.coverage["level"] != "community"].copy()
        english = words.language == "en"
        table["name"] = table["name_en"].where(english & (table["name_en"] != ""), table["name"])
        city = tr("ledger.progress.city", words.language)
        table["name"] = table["name"].where(table["level"] != "city", city)
        table["type"] = [self._type(kind) for kind in table["type"]]
        names = [
            "name", "type", "residents", "covered_before", "covered_promised", "covered_reached",
            "share_before", "share_promised", "share_reached", "kept",
        ]  # fmt: skip
        heads = [words.say(f"coverage.{name}") for name in names]
        return table[names].set_axis(heads, axis=1)

    def _type(self, kind: str) -> str:
        words = self.desk.words
        return tr("cli.circle", words.language) if kind == CIRCLE else words.show("type", kind)

    def _sites(self, sites: pd.DataFrame) -> pd.DataFrame:
        words = self.desk.words
        names = ["id", "name", "type", "action", "year", "district", "street", "status",
                 "due", "accepted_on", "newly_covered"]  # fmt: skip
        table = pd.DataFrame(
            {words.title(name): [words.show(name, str(v)) if isinstance(v, str) else v
                                 for v in sites[name]] for name in names}
        )  # fmt: skip
        for flag in ("late", "own", "missing"):
            shown = [words.say("flag.yes") if value else "" for value in sites[flag]]
            table[words.say(f"coverage.{flag}")] = shown
        return table

    def _conflicts(self) -> pd.DataFrame:
        words = self.desk.words
        rows = [
            [c.id, words.title(c.column), words.show(c.column, c.recorded),
             words.show(c.column, value), source]
            for c in self.merged.conflicts
            for source, value in c.brought
        ]  # fmt: skip
        heads = [words.say(f"conflict.{name}") for name in
                 ("id", "column", "recorded", "value", "source")]  # fmt: skip
        return pd.DataFrame(rows, columns=heads)

    def facts(self) -> dict[str, Any]:
        """Return the headline figures; JSON types only."""
        city = self.areas[self.areas["whole"]].set_index("type")
        covered = self.coverage[self.coverage["level"] == "city"].set_index("type")
        figures = [c for c in covered.columns if c.startswith(("covered_", "share_"))]
        return {
            "entry": self.history.entry,
            "today": self.desk.today.isoformat(),
            "ledgers": [{"file": copy.name, "sha256": copy.sha256} for copy in self.copies],
            "progress": city.drop(columns=["area", "whole"]).loc[""].to_dict(),
            "types": {
                str(kind): row.to_dict()
                for kind, row in city.drop(columns=["area", "whole"]).iterrows()
                if kind
            },
            "coverage": {
                str(kind): row.to_dict() for kind, row in covered[[*figures, "kept"]].iterrows()
            },
            "conflicts": len(self.merged.conflicts),
            "missing": sorted({key for _, key in self.merged.missing}),
        }

    def show(self, screen: Screen) -> None:
        """Print progress and coverage of the whole city by type."""
        whole = self.areas[self.areas["whole"]]
        names = ["target", "new", "upgraded", "done", "building", "dropped", "late"]
        rows = [
            [self._spoken(row["type"], screen), *(f"{row[name]:,}" for name in names),
             "–" if np.isnan(row["rate"]) else f"{row['rate']:.1%}"]
            for row in whole.to_dict("records")
        ]  # fmt: skip
        said = [tr(f"ledger.progress.{name}", screen.language) for name in (*names, "rate")]
        heads = [screen.tr("column.type"), *said]
        screen.table(tr("ledger.say.progress_title", screen.language), heads, rows)
        city = self.coverage[self.coverage["level"] == "city"]
        names = ["share_before", "share_promised", "share_reached", "kept"]
        rows = [
            [self._spoken(row["type"], screen),
             *("–" if np.isnan(row[name]) else f"{row[name]:.1%}" for name in names)]
            for row in city.to_dict("records")
        ]  # fmt: skip
        heads = [screen.tr("column.type"),
                 *(tr(f"ledger.coverage.{name}", screen.language) for name in names)]  # fmt: skip
        screen.table(tr("ledger.say.coverage_title", screen.language), heads, rows)
        total = whole[whole["type"] == ""].iloc[0]
        say(screen, "changed", count=len(self.merged.events),
            fixed=len(fixed_sites(self.records)), done=f"{total['done']:,}")  # fmt: skip

    def _spoken(self, kind: str, screen: Screen) -> str:
        """Return the name of a type in the language of the screen."""
        if not kind:
            return tr("ledger.progress.every_type", screen.language)
        if kind == CIRCLE:
            return screen.tr("circle")
        return self.desk.run.inputs.pack.type(kind).name.get(screen.language)
