"""What a row of the ledger must be: checked row by row, every fault in one list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypedDict

from .faults import FaultLog
from .ledger_read import Ledger
from .ledger_schema import COLUMNS, FIXED, PENDING, LedgerWords, Records

#: Dates of a row in the order in which they come to pass.
_COURSE = ("approved_on", "started_on", "accepted_on")
#: Ids listed in one warning; the rest are counted.
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class LedgerRules:
    """What the rows of a study's ledger are checked against.

    Attributes
    ----------
    words
        Words of the study.
    state
        What is recorded.
    outlets
        Ids of the existing outlets: what can be upgraded.
    today
        No shop was accepted after this day.
    box
        West, south, east, north in degrees (WGS-84) within which a site must lie; None: anywhere.
    """

    words: LedgerWords
    state: Records
    outlets: Collection[str] = ()
    today: dt.date = field(default_factory=lambda: dt.datetime.now(dt.UTC).date())
    box: tuple[float, float, float, float] | None = None


def check_ledger(ledger: Ledger, rules: LedgerRules, log: FaultLog) -> None:
    """Check every row of a workbook.

    Parameters
    ----------
    ledger
        The workbook as read.
    rules
        What it is checked against.
    log
        Takes the faults ``ledger_foreign``, ``ledger_id_changed``, ``ledger_required``,
        ``ledger_type_changed``, ``ledger_id_taken``, ``ledger_upgrade_unknown``, ``ledger_place``,
        ``ledger_place_far``, ``ledger_future`` and the warnings ``ledger_missing_rows``,
        ``ledger_no_stamp``, ``ledger_computed``, ``ledger_dates_order``, ``ledger_no_date`` and
        ``ledger_status_behind``.
    """
    checker = _Checker(ledger, rules, log)
    if rules.state and not (ledger.records.keys() & rules.state.keys()):
        log.add("ledger_foreign", file=ledger.name, count=len(ledger.records))
        return
    if rules.state and ledger.stamp is None:
        log.add("ledger_no_stamp", file=ledger.name, severity="warning")
    checker.missing()
    for key, row in ledger.records.items():
        checker.row(key, row)


class _Cell(TypedDict):
    """What every fault of a cell says."""

    file: str
    row: int | None
    column: str
    value: str


class _Checker:
    """Checks the rows of one workbook."""

    def __init__(self, ledger: Ledger, rules: LedgerRules, log: FaultLog) -> None:
        self.ledger, self.rules, self.log = ledger, rules, log
        self.gone = [key for key in rules.state if key not in ledger.records]
        self._traces: dict[tuple[str, ...], str] = {}
        for key in self.gone:
            for trace in _traces(rules.state[key]):
                self._traces.setdefault(trace, key)

    def missing(self) -> None:
        """Tell which recorded rows the workbook no longer has."""
        if self.gone:
            more = "…" if len(self.gone) > _SHOWN else ""
            self.log.add(
                "ledger_missing_rows", file=self.ledger.name, count=len(self.gone),
                value=", ".join(self.gone[:_SHOWN]) + more, severity="warning",
            )  # fmt: skip

    def row(self, key: str, row: Mapping[str, str]) -> None:
        """Check one row."""
        known = self.rules.state.get(key)
        if known is None and self._changed_id(key, row):
            return
        for column in ("type", "action", "status"):
            unread = (self.ledger.rows.get(key), column) in self.ledger.unread
            if not row.get(column) and not unread:
                self.log.add("ledger_required", **self._at(key, column), id=key)
        if known is None or not known.get("candidate"):
            self._own_row(key, row)
        else:
            self._planned_row(key, row, known)
        self._place(key, row)
        self._dates(key, row)
        self._status(key, row)

    def _at(self, key: str, column: str, value: str | None = None) -> _Cell:
        """Return where a cell stands and what it says, for its fault."""
        text = self.ledger.records[key].get(column, "") if value is None else value
        return {
            "file": self.ledger.name, "row": self.ledger.rows.get(key),
            "column": self.rules.words.title(column), "value": text,
        }  # fmt: skip

    def _changed_id(self, key: str, row: Mapping[str, str]) -> bool:
        """Note an unknown id whose row is that of a missing one."""
        was = next((self._traces[t] for t in _traces(row) if t in self._traces), None)
        if was is not None:
            self.log.add("ledger_id_changed", **self._at(key, "id", key), was=was)
        return was is not None

    def _planned_row(self, key: str, row: Mapping[str, str], known: Mapping[str, str]) -> None:
        show = self.rules.words.show
        if row.get("type") and row["type"] != known.get("type"):
            cell = self._at(key, "type", show("type", row["type"]))
            self.log.add("ledger_type_changed", **cell, id=key, was=show("type", known["type"]))
        for column in COLUMNS:
            recorded = known.get(column.name, "")
            if column.owner == "program" and row.get(column.name, recorded) != recorded:
                self.log.add("ledger_computed", **self._at(key, column.name), id=key,
                             was=recorded, severity="warning")  # fmt: skip

    def _own_row(self, key: str, row: Mapping[str, str]) -> None:
        """Check a row that a person added: a site of the bureau's own."""
        exists = key in self.rules.outlets
        if row.get("action") == "upgrade" and not exists:
            self.log.add("ledger_upgrade_unknown", **self._at(key, "id", key))
        elif row.get("action") == "new" and exists:
            self.log.add("ledger_id_taken", **self._at(key, "id", key))
        fixed = row.get("status") in FIXED and row.get("action") == "new"
        for column in ("lon", "lat"):
            if fixed and not row.get(column):
                status = self.rules.words.show("status", row["status"])
                self.log.add("ledger_place", **self._at(key, column), id=key, status=status)

    def _place(self, key: str, row: Mapping[str, str]) -> None:
        if not (row.get("lon") and row.get("lat")):
            return
        lon, lat = float(row["lon"]), float(row["lat"])
        west, south, east, north = self.rules.box or (-180.0, -90.0, 180.0, 90.0)
        if not (west <= lon <= east and south <= lat <= north):
            within = f"{west:.2f}–{east:.2f}, {south:.2f}–{north:.2f}"
            cell = self._at(key, "lon", f"{lon:g}, {lat:g}")
            self.log.add("ledger_place_far", **cell, id=key, range=within)

    def _dates(self, key: str, row: Mapping[str, str]) -> None:
        course = [(column, row[column]) for column in _COURSE if row.get(column)]
        today = self.rules.today.isoformat()
        for column, day in course:
            if day > today:
                self.log.add("ledger_future", **self._at(key, column), today=today)
        for (_, before), (column, day) in pairwise(course):
            if day < before:
                self.log.add("ledger_dates_order", **self._at(key, column), before=before,
                             severity="warning")  # fmt: skip

    def _status(self, key: str, row: Mapping[str, str]) -> None:
        status, day = row.get("status", ""), row.get("accepted_on", "")
        if status == "accepted" and not day:
            cell = self._at(key, "accepted_on")
            self.log.add("ledger_no_date", **cell, id=key, severity="warning")
        elif day and status in PENDING:
            cell = self._at(key, "status", self.rules.words.show("status", status))
            self.log.add("ledger_status_behind", **cell, id=key, date=day, severity="warning")


def _traces(row: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield what a row is recognised by when its id was changed."""
    for names in (("lon", "lat"), ("name", "address")):
        found = tuple(row.get(name, "") for name in names)
        if all(found):
            yield (row.get("type", ""), *found)
