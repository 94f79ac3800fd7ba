"""The history of the ledger: every value of every site, who brought it and when; append-only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

import pandas as pd

from .faults import FaultLog
from .ledger_schema import Records

#: The history's file in the study's folder.
HISTORY_FILE: Final = "ledger-history.parquet"

#: ``written``: set by the program from the plan; ``edit``: a person's value, taken; ``same``: a
#: person's value that was recorded already; ``conflict``: a person's value that contradicts
#: another, kept here and not taken; ``missing``: a row that a copy no longer has.
EventKind = Literal["written", "edit", "same", "conflict", "missing"]

FIELDS: Final = ("entry", "time", "event", "source", "sha256", "id", "column", "old", "new")


class Event(NamedTuple):
    """One value of one cell.

    Attributes
    ----------
    event
        What happened, see `EventKind`.
    source, sha256
        Name and hash of the workbook it came from; of the program ``plan`` and "".
    id, column
        The cell.
    old, new
        Recorded value before, and the value brought.
    """

    event: EventKind
    source: str
    sha256: str
    id: str
    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """All events in order.

    Attributes
    ----------
    table
        Columns `FIELDS`: ``entry`` (int, counts the runs that changed something), ``time`` (UTC,
        ISO), and those of `Event`, all text.
    """

    table: pd.DataFrame

    @property
    def entry(self) -> int:
        """Number of the latest entry, 0 where there is none."""
        return int(self.table["entry"].max()) if len(self.table) else 0

    def state(self, entry: int | None = None) -> Records:
        """Return what was recorded for each cell, at an entry or now."""
        table = self.table if entry is None else self.table[self.table["entry"] <= entry]
        taken = table[table["event"].isin(["written", "edit"])]
        records: Records = {}
        for key, column, new in zip(taken["id"], taken["column"], taken["new"], strict=True):
            records.setdefault(key, {})[column] = new
        return records

    def edited(self) -> set[tuple[str, str]]:
        """Return the cells whose recorded value a person gave."""
        taken = self.table[self.table["event"].isin(["written", "edit"])]
        last = taken.drop_duplicates(["id", "column"], keep="last")
        hand = last[last["event"] == "edit"]
        return set(zip(hand["id"], hand["column"], strict=True))

    def brought(self, source: str, after: int) -> dict[tuple[str, str], str]:
        """Return the latest value of each cell that a workbook brought after an entry."""
        table = self.table
        own = (table["source"] == source) & (table["entry"] > after)
        rows = table[own & table["event"].isin(["edit", "same", "conflict"])]
        keys = zip(rows["id"], rows["column"], strict=True)
        return dict(zip(keys, rows["new"], strict=True))

    def conflicts(self) -> pd.DataFrame:
        """Return the conflicts nobody has decided since, one row a value brought (`FIELDS`)."""
        table = self.table
        edits = table[table["event"] == "edit"].groupby(["id", "column"])["entry"].max()
        found = table[table["event"] == "conflict"]
        keys = pd.MultiIndex.from_frame(found[["id", "column"]])
        decided = edits.reindex(keys).fillna(-1).to_numpy() > found["entry"].to_numpy()
        return found[~decided].drop_duplicates(["source", "id", "column", "new"], keep="last")

    def missing(self) -> set[tuple[str, str]]:
        """Return (source, id) of rows reported as missing."""
        rows = self.table[self.table["event"] == "missing"]
        return set(zip(rows["source"], rows["id"], strict=True))

    def add(self, events: Iterable[Event], time: dt.datetime) -> History:
        """Return the history with one more entry; itself where nothing happened."""
        rows = [(self.entry + 1, time.isoformat(timespec="seconds"), *event) for event in events]
        if not rows:
            return self
        more = _typed(pd.DataFrame(rows, columns=list(FIELDS)))
        return History(pd.concat([self.table, more], ignore_index=True))

    def write(self, path: Path) -> None:
        """Write the whole history; the caller stages the file."""
        self.table.to_parquet(path, index=False)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(dict.fromkeys(FIELDS[1:], "object") | {"entry": "int64"})


def read_history(folder: Path, log: FaultLog) -> History:
    """Read the history of a study; an empty one where there is none yet.

    Parameters
    ----------
    folder
        The study's folder.
    log
        Takes ``ledger_history`` where the file is there and cannot be read.
    """
    path = folder / HISTORY_FILE
    empty = _typed(pd.DataFrame(columns=list(FIELDS)))
    if not path.exists():
        return History(empty)
    try:
        return History(_typed(pd.read_parquet(path)[list(FIELDS)]))
    except (OSError, ValueError, KeyError) as error:
        log.add("ledger_history", file=HISTORY_FILE, detail=str(error))
        return History(empty)


def first_values(wanted: Mapping[str, Mapping[str, str]], state: Records) -> list[Event]:
    """Return the events that put the program's values in place where they differ from the state."""
    return [
        Event("written", "plan", "", key, column, state.get(key, {}).get(column, ""), value)
        for key, row in wanted.items()
        for column, value in row.items()
        if value != state.get(key, {}).get(column, "") or key not in state
    ]
