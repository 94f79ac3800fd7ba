"""A ledger workbook read back, whatever Excel, LibreOffice or a clerk did to it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from .columns import plain_header
from .faults import FaultLog, Severity
from .ledger_cells import Spot, read_cell
from .ledger_schema import (
    BY_NAME,
    EXTRA,
    NAMES,
    LedgerWords,
    Records,
    clean_text,
    header_names,
)
from .tables_excel import plain_text
from .text import languages, tr

#: Workbook property that says at which entry of the history it was written.
STAMP: Final = "quarterhour-ledger"
#: Sheets of the workbook, in order; titles are ``ledger.sheet.<name>``.
SHEETS: Final = (
    "sites", "progress", "gaps", "plan", "existing", "conflicts", "changes", "dictionary",
    "guide", "lists",
)  # fmt: skip
#: Fills the program itself gives to cells; any other is the user's mark.
OWN_FILLS: Final = frozenset({"F3F4F4", "FFE699", "1F5C57", "FFFFFF"})
_HEADER_ROWS: Final = 20
_SUFFIXES: Final = (".xlsx", ".xlsm")

Spots = dict[tuple[str, str], str]


class Look(NamedTuple):
    """What a person put on a cell beside its value: a comment, a colour (RRGGBB)."""

    comment: str = ""
    fill: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """A workbook as it was read.

    Attributes
    ----------
    name
        How faults and the history name the file.
    sha256
        Of its bytes.
    stamp
        Entry of the history at which it was written, None where the workbook does not say.
    records
        id -> column -> text in the ledger's own form, for the columns that there are.
    rows
        id -> row in the sheet.
    decisions
        (id, column) -> value chosen in the sheet of conflicts.
    looks
        (id, column) -> comment and colour.
    sheets
        Title -> rows of values, of sheets that people added.
    unread
        (row, column) of cells whose text could not be read; a fault says why.
    """

    name: str
    sha256: str
    stamp: int | None
    records: Records
    rows: dict[str, int]
    decisions: Spots = field(default_factory=dict)
    looks: dict[tuple[str, str], Look] = field(default_factory=dict)
    sheets: dict[str, list[list[object]]] = field(default_factory=dict)
    unread: frozenset[tuple[int, str]] = frozenset()


def read_ledger(
    path: str | Path, words: LedgerWords, *, log: FaultLog, name: str | None = None
) -> Ledger | None:
    """Read a ledger workbook.

    Parameters
    ----------
    path
        The ``.xlsx``, saved by Excel, WPS, LibreOffice or this program.
    words
        From `quarterhour.data.ledger_schema.ledger_words`.
    log
        Takes every fault with its row and column: of the file (``file_missing``, ``is_folder``,
        ``empty_file``, ``old_excel``, ``unknown_format``, ``unreadable``, ``corrupt_file``), of the
        sheet (``ledger_no_sheet``, ``ledger_header``, ``ledger_header_twice``, ``unnamed_column``,
        ``duplicate_column``, ``merged_across``), of rows (``ledger_no_id``, ``duplicate_id``) and
        of cells (``error_cell``, ``formula_without_value`` and those of
        `quarterhour.data.ledger_cells.read_cell`); the warning ``merged_cells``.
    name
        How faults name it; default the file's name.

    Returns
    -------
    Ledger or None
        None where nothing could be read; then ``log`` says why.
    """
    place = Path(path)
    file = name or place.name
    data = _bytes(place, file, log)
    if data is None:
        return None
    try:
        book = openpyxl.load_workbook(io.BytesIO(data))
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever a broken part provokes
        log.add("corrupt_file", file=file, kind="Excel", detail=str(error))
        return None
    sheet = _sites_sheet(book, words)
    if sheet is None:
        log.add("ledger_no_sheet", file=file, value=words.say("sheet.sites"),
                present=", ".join(ws.title for ws in book.worksheets))  # fmt: skip
        return None
    reader = _Reader(book, data, words, file, log)
    header = reader.header(sheet)
    if header is None:
        return None
    records, rows, looks = reader.body(sheet, header)
    return Ledger(
        file, hashlib.sha256(data).hexdigest(), _stamp(book), records, rows,
        reader.decisions(), looks, _other_sheets(book, sheet), frozenset(reader.unread),
    )  # fmt: skip


def _bytes(path: Path, file: str, log: FaultLog) -> bytes | None:
    suffix = path.suffix.lower()
    if not path.exists():
        log.add("file_missing", file=file)
    elif path.is_dir():
        log.add("is_folder", file=file)
    elif suffix == ".xls":
        log.add("old_excel", file=file)
    elif suffix not in _SUFFIXES:
        log.add("unknown_format", file=file, value=suffix, known=" ".join(_SUFFIXES))
    elif path.stat().st_size == 0:
        log.add("empty_file", file=file)
    else:
        try:
            return path.read_bytes()
        except OSError as error:
            log.add("unreadable", file=file, detail=error.strerror or str(error))
    return None


def _stamp(book: Any) -> int | None:
    found = {prop.name: prop.value for prop in book.custom_doc_props.props}.get(STAMP)
    text = str(found or "")
    return int(text) if text.isdigit() else None


def _titles(name: str) -> set[str]:
    return {tr(f"ledger.sheet.{name}", language) for language in languages()}


def _sites_sheet(book: Any, words: LedgerWords) -> Worksheet | None:
    """Return the sheet of sites by its title, else the one whose header names id and status."""
    for sheet in book.worksheets:
        if sheet.title.strip() in _titles("sites"):
            return sheet
    known = header_names(words)
    ours = set().union(*(_titles(name) for name in SHEETS))
    for sheet in book.worksheets:
        if sheet.title in ours:
            continue
        for row in sheet.iter_rows(max_row=_HEADER_ROWS, values_only=True):
            if {"id", "status"} <= {known.get(plain_header(str(cell))) for cell in row}:
                return sheet
    return None


def _other_sheets(book: Any, sites: Worksheet) -> dict[str, list[list[object]]]:
    ours = set().union(*(_titles(name) for name in SHEETS)) | {sites.title}
    return {
        sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)]
        for sheet in book.worksheets
        if sheet.title not in ours
    }


class _Header(NamedTuple):
    """Row of the header and the column name at each position (from 1)."""

    row: int
    names: dict[int, str]


class _Reader:
    """Reads the cells of one workbook."""

    def __init__(
        self, book: Any, data: bytes, words: LedgerWords, file: str, log: FaultLog
    ) -> None:
        self.book, self.data, self.words, self.file, self.log = book, data, words, file, log
        self.epoch = 1904 if book.epoch == CALENDAR_MAC_1904 else 1900
        self.unread: set[tuple[int, str]] = set()
        self._values: Any = None

    def header(self, sheet: Worksheet) -> _Header | None:
        """Find the header and what each column is; note what is missing, twice or unnamed."""
        known = header_names(self.words)
        best: tuple[int, int] = (0, 0)
        for number, row in enumerate(sheet.iter_rows(max_row=_HEADER_ROWS, values_only=True), 1):
            hits = {known.get(plain_header(str(cell))) for cell in row} & set(NAMES)
            best = max(best, (len(hits), -number))
        if best[0] < 2:
            self.log.add("ledger_header", file=self.file, column=self.words.title("id"),
                         present="–")  # fmt: skip
            return None
        found = _Header(-best[1], {})
        for position, cell in enumerate(sheet[found.row], 1):
            self._place(sheet, found, position, cell.value, known)
        self._note_missing(found)
        return found if "id" in found.names.values() else None

    def _place(
        self, sheet: Worksheet, header: _Header, position: int, value: object, known: dict[str, str]
    ) -> None:
        """Say what one column is; note what stands twice."""
        text = clean_text("" if value is None else value)
        name = known.get(plain_header(text), EXTRA + text)
        if not text:
            self._unnamed(sheet, header, position)
        elif name not in header.names.values():
            header.names[position] = name
        elif name.startswith(EXTRA):
            self.log.add("duplicate_column", file=self.file, row=header.row, column=text, count=2)
        else:
            self.log.add(
                "ledger_header_twice", file=self.file, row=header.row, column=text, count=2
            )

    def _unnamed(self, sheet: Worksheet, header: _Header, position: int) -> None:
        """Note a column without a header that holds something."""
        below = sheet.iter_cols(min_col=position, max_col=position, min_row=header.row + 1)
        if any(cell.value is not None for column in below for cell in column):
            self.log.add("unnamed_column", file=self.file, row=header.row, position=position)

    def _note_missing(self, header: _Header) -> None:
        there = set(header.names.values())
        strange = [name.removeprefix(EXTRA) for name in there - set(NAMES)]
        for name in NAMES:
            if name not in there and BY_NAME[name].owner != "program":
                self.log.add("ledger_header", file=self.file, row=header.row,
                             column=self.words.title(name),
                             present=", ".join(sorted(strange)) or "–")  # fmt: skip

    def body(
        self, sheet: Worksheet, header: _Header
    ) -> tuple[Records, dict[str, int], dict[tuple[str, str], Look]]:
        """Return the rows by id, their numbers, and what people put on their cells."""
        records: Records = {}
        rows: dict[str, int] = {}
        looks: dict[tuple[str, str], Look] = {}
        for number, cells in self._rows(sheet, header):
            if not any(cells.values()):
                continue
            record = {name: self._read(name, text, number) for name, text in cells.items()}
            key = record.pop("id")
            if not key:
                first = next(text for text in cells.values() if text)
                self.log.add("ledger_no_id", file=self.file, row=number, value=first,
                             column=self.words.title("id"))  # fmt: skip
            elif key in records:
                self.log.add("duplicate_id", file=self.file, row=number, value=key,
                             column=self.words.title("id"), first=rows[key])  # fmt: skip
            else:
                records[key], rows[key] = record, number
                looks |= {(key, name): look for name, look in _looks(sheet, header, number)}
        return records, rows, looks

    def _read(self, name: str, text: str, row: int) -> str:
        spot = Spot(self.file, row, self.words.title(name))
        read = read_cell(name, text, words=self.words, spot=spot, log=self.log, epoch=self.epoch)
        if not read and clean_text(text):
            self.unread.add((row, name))
        return read

    def _rows(self, sheet: Worksheet, header: _Header) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield each row below the header: its number and the text of each named column."""
        merged = self._merged(sheet, header)
        for row in sheet.iter_rows(min_row=header.row + 1):
            number = row[0].row or 0
            cells = {
                name: self._text(sheet, row[position - 1], name)
                for position, name in header.names.items()
                if position <= len(row)
            }
            # A row of notes or totals that holds nothing of ours is empty, whatever is merged.
            if any(cells.values()):
                hidden = {p: t for (r, p), t in merged.items() if r == number}
                cells |= {header.names[p]: text for p, text in hidden.items()}
            yield number, cells

    def _merged(self, sheet: Worksheet, header: _Header) -> dict[tuple[int, int], str]:
        """Return the texts hidden under cells merged downwards; note those merged across."""
        values: dict[tuple[int, int], str] = {}
        for block in sheet.merged_cells.ranges:
            if block.max_row <= header.row or block.min_col not in header.names:
                continue
            code = "merged_cells" if block.min_col == block.max_col else "merged_across"
            severity: Severity = "warning" if code == "merged_cells" else "fault"
            self.log.add(code, file=self.file, row=block.min_row, value=block.coord,
                         severity=severity)  # fmt: skip
            corner = sheet.cell(block.min_row, block.min_col)
            text = self._text(sheet, corner, header.names[block.min_col])
            below = range(block.min_row + 1, block.max_row + 1)
            values |= {(row, block.min_col): text for row in below}
        return values

    def _text(self, sheet: Worksheet, cell: Any, name: str) -> str:
        """Return a cell's text; of a formula the value that was computed and saved last."""
        if cell.value is None:
            return ""
        value = cell.value
        if cell.data_type == "f":
            value = self._computed(sheet.title, cell.coordinate)
        if cell.data_type == "e" or (cell.data_type == "f" and str(value).startswith("#")):
            self.log.add("error_cell", file=self.file, row=cell.row,
                         column=self.words.title(name), value=value)  # fmt: skip
            self.unread.add((cell.row, name))
            return ""
        if value is None:
            self.log.add("formula_without_value", file=self.file, row=cell.row,
                         column=self.words.title(name), value=str(cell.value))  # fmt: skip
            return ""
        return plain_text(value, cell.number_format)

    def _computed(self, title: str, coordinate: str) -> object:
        if self._values is None:
            self._values = openpyxl.load_workbook(io.BytesIO(self.data), data_only=True)
        value: object = self._values[title][coordinate].value
        return value

    def decisions(self) -> Spots:
        """Return what was chosen in the sheet of conflicts."""
        sheet = next((ws for ws in self.book.worksheets if ws.title in _titles("conflicts")), None)
        if sheet is None or sheet.max_row < 2:
            return {}
        place = {plain_header(str(cell.value)): cell.column for cell in sheet[1] if cell.value}
        spots = [self._conflict_column(name, place) for name in ("id", "column", "chosen")]
        if None in spots:
            return {}
        found: Spots = {}
        known = header_names(self.words)
        for row in sheet.iter_rows(min_row=2):
            key, title, text = (
                self._text(sheet, row[(spot or 1) - 1], name)
                for spot, name in zip(spots, ("id", "name", "notes"), strict=True)
            )
            if key and title and text:
                name = known.get(plain_header(title), EXTRA + clean_text(title))
                file = f"{self.file} [{sheet.title}]"
                spot = Spot(file, row[0].row or 0, title)
                found[clean_text(key), name] = read_cell(
                    name, text, words=self.words, spot=spot, log=self.log, epoch=self.epoch
                )
        return found

    @staticmethod
    def _conflict_column(name: str, place: dict[str, int]) -> int | None:
        titles = (tr(f"ledger.conflict.{name}", language) for language in languages())
        return next((place[t] for t in map(plain_header, titles) if t in place), None)


def _looks(sheet: Worksheet, header: _Header, number: int) -> Iterator[tuple[str, Look]]:
    for position, name in header.names.items():
        cell = sheet.cell(number, position)
        comment = clean_text(cell.comment.text) if cell.comment is not None else ""
        colour = cell.fill.fgColor if cell.fill.fill_type == "solid" else None
        fill = str(colour.rgb)[-6:] if colour is not None and colour.type == "rgb" else ""
        look = Look(comment, "" if fill in OWN_FILLS else fill)
        if any(look):
            yield name, look
