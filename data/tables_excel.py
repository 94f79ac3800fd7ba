"""Excel workbooks (.xlsx) as tables of text."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any, Final

import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.worksheet.worksheet import Worksheet

from .faults import FaultLog
from .grid import Grid

_HEADER_SEARCH: Final = 20
_ZEROS: Final = re.compile(r"0{2,}")
#: Above this a workbook's number no longer holds every digit of a code.
_EXACT: Final = 10**15


def read_excel(data: bytes, *, sheet: str | None, log: FaultLog, file: str) -> Grid | None:
    """Read one sheet of a workbook.

    Parameters
    ----------
    data
        The file's bytes.
    sheet
        Its name; None takes the only sheet that holds anything.
    log
        Takes the faults ``corrupt_file``, ``no_such_sheet``, ``choose_sheet``, ``no_header``,
        ``formula_without_value``, ``error_cell`` and the warnings ``merged_cells``,
        ``title_rows``, ``digits_lost``.
    file
        Name for the faults.

    Returns
    -------
    Grid or None
        The rows from the header on; None when nothing could be read.
    """
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever a broken part provokes
        log.add("corrupt_file", file=file, kind="Excel", detail=str(error))
        return None
    chosen = _choose(book, sheet, log, file)
    if chosen is None:
        return None
    _note_formulas(data, chosen, log, file)
    return _from_header(_cells(chosen, log, file), chosen, log, file)


def _choose(book: Any, sheet: str | None, log: FaultLog, file: str) -> Worksheet | None:
    sheets: dict[str, Worksheet] = {ws.title: ws for ws in book.worksheets}
    if sheet is not None:
        if sheet not in sheets:
            log.add("no_such_sheet", file=file, value=sheet, present=", ".join(sheets))
        return sheets.get(sheet)
    filled = [ws for ws in sheets.values() if ws.max_row > 1 or ws["A1"].value is not None]
    visible = [ws for ws in filled if ws.sheet_state == "visible"] or filled
    if len(visible) > 1:
        log.add("choose_sheet", file=file, present=", ".join(ws.title for ws in visible))
        return None
    return visible[0] if visible else next(iter(sheets.values()), None)


def _note_formulas(data: bytes, sheet: Worksheet, log: FaultLog, file: str) -> None:
    """Find formulas whose result was never computed and saved by a spreadsheet program."""
    if not _has_formulas(data):
        return
    formulas = openpyxl.load_workbook(io.BytesIO(data))[sheet.title]
    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f" and sheet[cell.coordinate].value is None:
                log.add(
                    "formula_without_value",
                    file=file,
                    row=cell.row,
                    column=cell.column_letter,
                    value=_formula_text(cell.value),
                )


def _has_formulas(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(re.search(rb"<f[ >/]", parts.read(name)) for name in sheets)


def _formula_text(value: object) -> str:
    return str(getattr(value, "text", value))


def _cells(sheet: Worksheet, log: FaultLog, file: str) -> list[tuple[int, list[str]]]:
    merged = _merged_values(sheet)
    rows = []
    for row in sheet.iter_rows():
        cells = [_text(cell, log, file) for cell in row]
        for index, cell in enumerate(row):
            cells[index] = merged.get((cell.row or 0, cell.column or 0), cells[index])
        rows.append((row[0].row or 0, cells))
    return rows


def _merged_values(sheet: Worksheet) -> dict[tuple[int, int], str]:
    """Return the text of every cell hidden under a cell merged downwards in one column."""
    values: dict[tuple[int, int], str] = {}
    for block in sheet.merged_cells.ranges:
        if block.min_col == block.max_col:
            corner = sheet.cell(block.min_row, block.min_col)
            text = plain_text(corner.value, corner.number_format)
            below = range(block.min_row + 1, block.max_row + 1)
            values |= {(row, block.min_col): text for row in below}
    return values


def _text(cell: Cell | MergedCell, log: FaultLog, file: str) -> str:
    if isinstance(cell, MergedCell) or cell.value is None:
        return ""
    if cell.data_type == "e":
        log.add("error_cell", file=file, row=cell.row, column=cell.column_letter, value=cell.value)
        return ""
    if isinstance(cell.value, int | float) and abs(cell.value) >= _EXACT:
        log.add(
            "digits_lost",
            file=file,
            row=cell.row,
            column=cell.column_letter,
            value=cell.value,
            severity="warning",
        )
    return plain_text(cell.value, cell.number_format)


def plain_text(value: object, number_format: str) -> str:
    """Return a cell's value as the text a bureau sees, codes shown as 001 included."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        whole = isinstance(value, int) or value.is_integer()
        text = str(int(value)) if whole else repr(value)
        return text.zfill(len(number_format)) if _ZEROS.fullmatch(number_format) else text
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value).strip()


def _from_header(
    rows: list[tuple[int, list[str]]], sheet: Worksheet, log: FaultLog, file: str
) -> Grid | None:
    """Leave out blank rows and the title rows above the header."""
    filled = [(number, cells) for number, cells in rows if any(cells)]
    start = _header_index([cells for _, cells in filled])
    if filled and start is None:
        log.add("no_header", file=file)
        return None
    if start:
        log.add("title_rows", file=file, row=filled[start][0], severity="warning")
    kept = filled[start or 0 :]
    if kept:
        _note_merged(sheet, kept[0][0], log, file)
    return Grid([n for n, _ in kept], [cells for _, cells in kept], sheet=sheet.title)


def _header_index(rows: list[list[str]]) -> int | None:
    """Return the first row filled as widely as the body; title rows fill one or two cells."""
    if not rows:
        return 0
    widths = [sum(map(bool, cells)) for cells in rows[: _HEADER_SEARCH * 2]]
    wanted = max(1, -(-max(widths) * 2 // 3))
    return next((i for i, width in enumerate(widths[:_HEADER_SEARCH]) if width >= wanted), None)


def _note_merged(sheet: Worksheet, header: int, log: FaultLog, file: str) -> None:
    for block in sheet.merged_cells.ranges:
        if block.max_row < header:
            continue
        if block.min_row <= header and block.max_col > block.min_col:
            log.add("merged_header", file=file, row=header, value=block.coord)
        elif block.max_col > block.min_col:
            log.add("merged_across", file=file, row=block.min_row, value=block.coord)
        elif block.max_row > header:
            log.add(
                "merged_cells", file=file, row=block.min_row, value=block.coord, severity="warning"
            )
