"""A small ledger in memory and its workbook, for the tests of the ledger."""

import datetime as dt

import openpyxl
import pandas as pd

from quarterhour.data.faults import FaultLog
from quarterhour.data.ledger import progress_table
from quarterhour.data.ledger_checks import LedgerRules, check_ledger
from quarterhour.data.ledger_history import FIELDS, History, first_values
from quarterhour.data.ledger_read import read_ledger
from quarterhour.data.ledger_schema import ledger_words
from quarterhour.data.ledger_sheets import ALL_SHEETS
from quarterhour.data.ledger_write import LedgerContent, write_ledger
from quarterhour.data.standards import load_pack

PACK = load_pack("beijing-8")
NOW = dt.datetime(2025, 6, 1, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
AREAS = pd.DataFrame(
    [("D1", "东区", "East", "district"), ("D2", "西区", "West", "district"),
     ("S1", "和平街道", "Heping", "street"), ("S2", "和平街道", "Heping", "street")],
    columns=["id", "name", "name_en", "level"],
)  # fmt: skip


def words(language="zh", years=()):
    return ledger_words(PACK, AREAS, language, years)


def site(name, kind="breakfast", **more):
    row = {
        "name": name, "type": kind, "action": "new", "district": "D1", "street": "S1",
        "address": f"{name}路1号", "level": "street", "status": "proposed", "count": "1",
        "lon": "116.4", "lat": "39.9", "rank": "1", "newly_covered": "1200", "in_plan": "yes",
        "candidate": name,
    }  # fmt: skip
    return row | more


def three_sites():
    return {
        "A:breakfast": site("A", lon="116.41"),
        "B:laundry": site("B", "laundry", district="D2", lon="116.42"),
        "C:repair": site("C", "repair", lon="116.43"),
    }


def history_of(records, time=NOW):
    return History(pd.DataFrame(columns=list(FIELDS)).astype({"entry": "int64"})).add(
        first_values(records, {}), time
    )


def write(history, path, language="zh", **more):
    """Write the workbook of a history as the command does."""
    said, records = words(language), history.state()
    content = LedgerContent(
        title="测试", records=records, words=said, stamp=history.entry, today=TODAY,
        progress=progress_table(records, level="district", today=TODAY,
                                types=PACK.type_ids),
        level="district", tables={}, conflicts=history.conflicts(),
        changes=history.table[history.table["event"] != "written"], **more,
    )  # fmt: skip
    write_ledger(content, path, ALL_SHEETS)
    return path


def read(path, state=None, language="zh", outlets=("W1",), **rules):
    """Return the workbook as read and checked, and the log."""
    log = FaultLog()
    said = words(language)
    found = read_ledger(path, said, log=log)
    if found is not None and state is not None:
        check_ledger(found, LedgerRules(said, state, outlets, today=TODAY, **rules), log)
    return found, log


class Edit:
    """Edits the sheet of sites by id and header, as a clerk would."""

    def __init__(self, path, save_as=None):
        self.path, self.target = path, save_as or path
        self.book = openpyxl.load_workbook(path)
        self.sheet = self.book.worksheets[0]
        self.column = {cell.value: cell.column for cell in self.sheet[1]}
        self.row = {cell.value: cell.row for cell in self.sheet["A"] if cell.value}

    def __enter__(self):
        return self

    def __exit__(self, *stopped):
        if stopped[0] is None:
            self.book.save(self.target)

    def cell(self, key, header):
        return self.sheet.cell(self.row[key], self.column[header])

    def set(self, key, **values):
        for header, value in values.items():
            self.cell(key, header).value = value

    def add(self, **values):
        row = len(self.row) + 1
        for header, value in values.items():
            self.sheet.cell(row, self.column[header]).value = value
        self.row[values["编号"]] = row


def codes(log, severity=None):
    return [entry.code for entry in log if severity in {None, entry.severity}]
