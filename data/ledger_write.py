"""The ledger as a workbook that a bureau works in: the sheet of sites and the frame of the book."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from .ledger_read import STAMP, Look
from .ledger_schema import (
    BY_NAME,
    DATES,
    EXTRA,
    Column,
    LedgerWords,
    Records,
    clean_text,
)
from .output_files import neutral, text_width

#: Rows below the last site that lists, formats and formulas already reach.
SPARE_ROWS: Final = 1000
_UNDATED: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_OPTIONS: Final = {
    "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "in_memory": True,
}  # fmt: skip
#: Status -> (fill, text): ColorBrewer Set2 made pale, told apart by lightness too.
_STATUS_COLOURS: Final = {
    "approved": ("E6F0FA", "1F4E79"), "building": ("FFF1D6", "7A4B00"),
    "accepted": ("DDEFE3", "14532D"), "dropped": ("EDEDED", "7F7F7F"),
}  # fmt: skip
#: Look of headers.
HEAD: Final = {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F5C57", "text_wrap": True,
                "border": 1, "border_color": "#FFFFFF"}  # fmt: skip
_CELL: Final = {"valign": "vcenter", "bottom": 1, "bottom_color": "#E3E6E6"}
_COMPUTED: Final = {"bg_color": "#F3F4F4", "font_color": "#595959"}
_CONFLICT: Final = {"bg_color": "#FFE699"}
_WRAPPED: Final = ("address", "notes")
_DATE: Final = "yyyy-mm-dd"
_KEPT_WIDTH: Final = 16
_WIDTHS: Final = (8, 60)
_WIDEST_ID: Final = 40
_SAMPLE: Final = 200
#: Height of a line and of the highest row, in points.
_LINE: Final = 15
_HIGHEST: Final = 409


@dataclass(frozen=True, slots=True, eq=False)
class LedgerContent:
    """Everything a ledger workbook shows.

    Attributes
    ----------
    title
        Name of the study.
    records
        The recorded state.
    words
        Words of the study.
    stamp
        Entry of the history the state stands at.
    today
        Day of writing.
    progress
        From `quarterhour.data.ledger.progress_table`.
    level
        The area column the progress is counted by.
    tables
        ``gaps``, ``plan``, ``existing``: tables shown as they are.
    conflicts, changes
        From `quarterhour.data.ledger_history.History`: what must be decided, what was edited.
    looks
        (id, column) -> comment and colour that people put there.
    sheets
        Title -> rows of sheets that people added.
    """

    title: str
    records: Records
    words: LedgerWords
    stamp: int
    today: dt.date
    progress: pd.DataFrame
    level: str
    tables: Mapping[str, pd.DataFrame]
    conflicts: pd.DataFrame
    changes: pd.DataFrame
    looks: Mapping[tuple[str, str], Look] = field(default_factory=dict)
    sheets: Mapping[str, Sequence[Sequence[object]]] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Names of the columns of the sheet of sites: ours, then those people added."""
        rows = self.records.values()
        extras = dict.fromkeys(c for row in rows for c in row if c.startswith(EXTRA))
        return [*BY_NAME, *extras]

    @property
    def last_row(self) -> int:
        """Last row, from 0, that formats and formulas reach."""
        return len(self.records) + SPARE_ROWS


class Book:
    """A workbook being written: formats made once, text never taken for anything else."""

    def __init__(self, path: Path, words: LedgerWords) -> None:
        self.file = xlsxwriter.Workbook(path, _OPTIONS)
        self.file.set_properties({"created": _UNDATED})
        self.words = words
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}

    def format(self, **look: object) -> Any:
        """Return the format of a look, made once."""
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            self._formats[key] = self.file.add_format({**_CELL, **look})
        return self._formats[key]

    def sheet(self, name: str) -> Any:
        """Add a sheet with the title ``ledger.sheet.<name>``."""
        return self.file.add_worksheet(self.words.say(f"sheet.{name}"))

    def head(self, sheet: Any, row: int, titles: Sequence[str]) -> None:
        """Write a row of headers."""
        for position, title in enumerate(titles):
            self.text(sheet, row, position, title, **HEAD)
        sheet.set_row(row, 32)

    def text(self, sheet: Any, row: int, column: int, text: str, **look: object) -> None:
        """Write text as text, with Excel's quote prefix where it begins like a formula."""
        if neutral(text) != text:
            look |= {"quote_prefix": True}
        if text:
            sheet.write_string(row, column, clean_text(text), self.format(**look))
        else:
            sheet.write_blank(row, column, None, self.format(**look))

    def value(self, sheet: Any, row: int, column: int, value: object, **look: object) -> None:
        """Write a number as a number, nothing as nothing, the rest as text."""
        if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
            sheet.write_blank(row, column, None, self.format(**look))
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.format(**look))
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value, self.format(**look))
        elif isinstance(value, dt.datetime | dt.date):
            sheet.write_datetime(row, column, value, self.format(num_format=_DATE, **look))
        else:
            self.text(sheet, row, column, str(value), **look)


def write_ledger(
    content: LedgerContent, path: Path, others: Sequence[Callable[[Book, LedgerContent], None]]
) -> None:
    """Write a ledger workbook; the caller stages the file.

    Parameters
    ----------
    content
        What it shows.
    path
        The ``.xlsx``.
    others
        Writers of the further sheets, in order, from `quarterhour.data.ledger_sheets`.
    """
    book = Book(path, content.words)
    with book.file:
        book.file.set_custom_property(STAMP, str(content.stamp), "text")
        _sites(book, content)
        for write in others:
            write(book, content)


def _sites(book: Book, content: LedgerContent) -> None:
    """Write the sheet of sites."""
    sheet, columns = book.sheet("sites"), content.columns
    book.head(sheet, 0, [content.words.title(name) for name in columns])
    undecided = set(zip(content.conflicts["id"], content.conflicts["column"], strict=True))
    for number, (key, record) in enumerate(content.records.items(), start=1):
        for position, name in enumerate(columns):
            text = key if name == "id" else record.get(name, "")
            look = _look(name, record, content.looks.get((key, name), Look()))
            if (key, name) in undecided:
                look |= _CONFLICT
            _write_cell(book, sheet, number, position, name, text, look)
        wrapped = ((record.get(name, ""), BY_NAME[name].width) for name in _WRAPPED)
        set_height(sheet, number, wrapped)
    _comments(sheet, content, columns)
    _frame(book, sheet, content, columns)
    _lists(sheet, content, columns)
    _colours(book, sheet, content, columns)
    _names(book, content, columns)
    _print(sheet, content, columns)


def _comments(sheet: Any, content: LedgerContent, columns: list[str]) -> None:
    row = {key: number for number, key in enumerate(content.records, start=1)}
    for (key, name), mark in content.looks.items():
        if mark.comment and key in row and name in columns:
            sheet.write_comment(row[key], columns.index(name), mark.comment, {"author": ""})


def _look(name: str, record: Mapping[str, str], mark: Look) -> dict[str, object]:
    """Return how a cell looks: computed ones grey, a person's own colour above all."""
    column = BY_NAME.get(name)
    look: dict[str, object] = {}
    if column is not None and (
        column.owner == "program" or (record.get("candidate") and column.owner == "key")
    ):
        look = dict(_COMPUTED)
    if name == "newly_covered":
        look["num_format"] = "#,##0"
    if name in DATES:
        look["num_format"] = _DATE
    if name in _WRAPPED:
        look["text_wrap"] = True
    return look | ({"bg_color": f"#{mark.fill}"} if mark.fill else {})


def _write_cell(
    book: Book, sheet: Any, row: int, position: int, name: str, text: str, look: dict[str, object]
) -> None:
    column = BY_NAME.get(name)
    kind = column.kind if column is not None else "text"
    if text and kind == "date":
        day = dt.datetime.fromisoformat(text)
        sheet.write_datetime(row, position, day, book.format(**look))
    elif text and kind in {"year", "count", "number"} and _plain_number(text):
        sheet.write_number(row, position, float(text), book.format(**look))
    elif kind == "choice":
        book.text(sheet, row, position, book.words.show(name, text), **look)
    else:
        book.text(sheet, row, position, text, **look)


def _plain_number(text: str) -> bool:
    try:
        return repr(float(text)) in {text, f"{text}.0"}
    except ValueError:
        return False


def _frame(book: Book, sheet: Any, content: LedgerContent, columns: list[str]) -> None:
    """Freeze the headers and the id, add the filter, set widths and the formats of new rows."""
    for position, name in enumerate(columns):
        column = BY_NAME.get(name, Column(name, "text", "user", _KEPT_WIDTH))
        empty = book.format(num_format=_DATE) if name in DATES else book.format()
        width = column.width
        if name == "id":
            width = min(max(width, fitting_width(list(content.records) or [""])), _WIDEST_ID)
        sheet.set_column(position, position, width, empty)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(content.records), len(columns) - 1)


def _lists(sheet: Any, content: LedgerContent, columns: list[str]) -> None:
    """Add the lists to choose from, the checks of dates and numbers, and the guarded ids."""
    words, last = content.words, content.last_row
    for position, name in enumerate(columns):
        rule: dict[str, object] | None = None
        codes = words.choices.get(name, {})
        if codes:
            rule = {"validate": "list", "source": f"=list_{name}"}
        elif name in DATES:
            rule = {"validate": "date", "criteria": "between", "minimum": dt.date(2000, 1, 1),
                    "maximum": dt.date(2100, 12, 31)}  # fmt: skip
        elif name == "count":
            rule = {"validate": "integer", "criteria": ">=", "value": 1}
        if rule is not None:
            say = words.say
            rule |= {"error_title": say("check.title"),
                     "error_message": say(f"check.{_checked(name)}")}  # fmt: skip
            if name in {"status", "type", *DATES}:
                rule |= {"input_title": words.title(name)[:32],
                         "input_message": say(f"hint.{_checked(name)}")}  # fmt: skip
            sheet.data_validation(1, position, last, position, rule)
    planned = [n for n, row in enumerate(content.records.values(), 1) if row.get("candidate")]
    for first, end in _runs(planned):
        sheet.data_validation(first, 0, end, 0, {
            "validate": "custom", "value": "=FALSE", "ignore_blank": False,
            "input_title": words.title("id")[:32], "input_message": words.say("hint.id"),
            "error_title": words.say("check.title"), "error_message": words.say("check.id"),
        })  # fmt: skip


def _checked(name: str) -> str:
    if name in {"status", "type", "count"}:
        return name
    return "date" if name in DATES else "choice"


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return (first, last) of each run of consecutive numbers."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs


def _colours(book: Book, sheet: Any, content: LedgerContent, columns: list[str]) -> None:
    """Colour the status, and what is late."""
    status, due = columns.index("status"), columns.index("due")
    cell, day = f"${xl_col_to_name(status)}2", f"${xl_col_to_name(due)}2"
    shown = {code: content.words.show("status", code) for code in content.words.choices["status"]}
    for code, (fill, text) in _STATUS_COLOURS.items():
        look = book.file.add_format({"bg_color": f"#{fill}", "font_color": f"#{text}"})
        sheet.conditional_format(1, status, content.last_row, status, {
            "type": "formula", "criteria": f'={cell}="{shown[code]}"', "format": look,
        })  # fmt: skip
    late = (f'=AND({day}<>"",{day}<TODAY(),{cell}<>"{shown["accepted"]}",'
            f'{cell}<>"{shown["dropped"]}",{cell}<>"")')  # fmt: skip
    red = book.file.add_format({"font_color": "#B3261E", "bold": True})
    sheet.conditional_format(1, due, content.last_row, due,
                             {"type": "formula", "criteria": late, "format": red})  # fmt: skip


def _names(book: Book, content: LedgerContent, columns: list[str]) -> None:
    """Name the columns that the formulas of the progress sheet count."""
    title = content.words.say("sheet.sites").replace("'", "''")
    for name in ("id", "type", "action", "year", "status", "due", "count", "in_plan", "candidate",
                 "district", "street"):  # fmt: skip
        letter = xl_col_to_name(columns.index(name))
        place = f"='{title}'!${letter}$2:${letter}${content.last_row + 1}"
        book.file.define_name(f"L_{name}", place)


def _print(sheet: Any, content: LedgerContent, columns: list[str]) -> None:
    sheet.set_landscape()
    sheet.set_paper(8)  # A3: seventeen columns are not legible on A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, len(content.records), columns.index("notes"))
    sheet.set_margins(left=0.4, right=0.4)
    title = clean_text(content.title).replace("&", "&&")[:100]
    sheet.set_header(f"&L{title}&R{content.today.isoformat()}")
    sheet.set_footer("&C&P / &N")


def table_sheet(
    book: Book, name: str, titles: Sequence[str], rows: Sequence[Sequence[object]]
) -> Any:
    """Write a plain sheet: headers, rows, filter, widths and heights that fit."""
    sheet = book.sheet(name)
    widths = [
        fitting_width([title, *(shown_number(row[position]) for row in rows[:_SAMPLE])])
        for position, title in enumerate(titles)
    ]
    book.head(sheet, 0, titles)
    for number, row in enumerate(rows, start=1):
        for position, value in enumerate(row):
            look: dict[str, object] = {"text_wrap": True} if isinstance(value, str) else {}
            if isinstance(value, float):
                look["num_format"] = "#,##0" if value.is_integer() else "#,##0.0"
            book.value(sheet, number, position, value, **look)
        set_height(sheet, number, zip(row, widths, strict=True))
    for position, width in enumerate(widths):
        sheet.set_column(position, position, width)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(titles) - 1)
    return sheet


def shown_number(value: object) -> str:
    """Return a value as its cell shows it."""
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.1f}"
    return "" if value is None else str(value)


def fitting_width(texts: Sequence[str]) -> int:
    """Return a column width, in characters, that fits the texts within `_WIDTHS`."""
    widest = max(text_width(line) for text in texts for line in text.split("\n"))
    return min(max(widest + 3, _WIDTHS[0]), _WIDTHS[1])


def set_height(sheet: Any, row: int, cells: Iterable[tuple[object, int]]) -> None:
    """Give a row the height its wrapped texts (text, column width) need: not every program does."""
    lines = max(
        (sum(max(1, math.ceil(text_width(line) / max(width - 2, 1))) for line in text.split("\n"))
         for text, width in cells if isinstance(text, str)), default=1,
    )  # fmt: skip
    if lines > 1:
        sheet.set_row(row, min(_LINE * lines + 3, _HIGHEST))
