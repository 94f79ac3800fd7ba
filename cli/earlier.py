"""What a plan starts from besides the study: last year's ledger, an earlier plan."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from quarterhour.data.faults import FaultLog
from quarterhour.data.ledger import Ledger, LedgerWords, ledger_words, read_ledger
from quarterhour.data.ledger_checks import LedgerRules, check_ledger
from quarterhour.data.ledger_schema import UPGRADE
from quarterhour.data.study import STUDY_FILE
from quarterhour.data.tables import read_table

from .premises import DECIDED
from .stages import RESULTS
from .study_run import StudyRun

#: Result table of the stage ``plan`` that an earlier plan is read from.
SITES = "sites.parquet"


def plan_files(run: StudyRun) -> dict[str, Path]:
    """Return the files that only the plan reads, by the option that names them."""
    options = run.config.plan
    found = {"plan.ledger": run.folder / options.ledger} if options.ledger else {}
    if options.previous:
        found["plan.previous"] = sites_file(run.folder / options.previous)
    return found


def sites_file(named: Path) -> Path:
    """Return the table of sites that a path means: itself, or the one in its results."""
    if not named.is_dir():
        return named
    inside = named / RESULTS / SITES
    return inside if inside.is_file() else named / SITES


def read_ledger_of(run: StudyRun, log: FaultLog) -> Ledger | None:
    """Return the ledger that the study names, None without one or where it cannot be read.

    ``log`` has what the reader and `quarterhour.data.ledger_checks.check_ledger` noted.
    """
    named = run.config.plan.ledger
    if not named:
        return None
    config = run.config
    words = ledger_words(
        run.inputs.pack, run.inputs.areas, config.study.language, config.plan.years
    )
    found = read_ledger(run.folder / named, words, log=log, name=named)
    if found is not None:
        check_ledger(found, _rules(run, found, words), log)
    return found


def _rules(run: StudyRun, ledger: Ledger, words: LedgerWords) -> LedgerRules:
    """Return what the rows must keep; decided ones that are no candidate here need a place."""
    outlets = run.inputs.facilities["id"].astype(str)
    known = {*run.candidates["id"].astype(str), *(UPGRADE + outlets)}
    planned = {
        key: row
        for key, row in ledger.records.items()
        if (row.get("candidate") and row.get("status") not in DECIDED)
        or row.get("candidate") in known
    }
    return LedgerRules(words, planned, frozenset(outlets))


def read_previous(run: StudyRun, log: FaultLog) -> pd.DataFrame | None:
    """Return ``candidate, type`` (text) of each outlet of the earlier plan.

    Returns None without an earlier plan, or where its table cannot be used; then ``log`` has
    ``previous_missing``, ``previous_own``, ``previous_columns`` or what the reader noted.
    """
    named = run.config.plan.previous
    if not named:
        return None
    path = sites_file(run.folder / named)
    where = {"file": STUDY_FILE, "column": "plan.previous"}
    if not path.is_file():
        log.add("previous_missing", value=named, file=where["file"], column=where["column"])
        return None
    if path.resolve() == (run.results / SITES).resolve():
        log.add("previous_own", value=named, file=where["file"], column=where["column"])
        return None
    table = read_table(path, log=log, name=named)
    if table is None:
        return None
    missing = [name for name in ("candidate", "type") if name not in table.columns]
    for name in missing:
        log.add("previous_columns", file=named, column=name)
    if missing:
        return None
    return pd.DataFrame({name: table.text(name) for name in ("candidate", "type")})
