"""From rows of cells to a table with a header: one set of rules for CSV and Excel."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .faults import FaultLog

#: Control and format characters (zero-width space, stray byte order mark) in a header.
_HIDDEN: Final = {"Cc", "Cf"}


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of text cells as they stand in the file, blank rows left out.

    Attributes
    ----------
    numbers
        Row of each as a spreadsheet shows it, from 1.
    rows
        The cells, ``""`` where empty; rows may differ in length.
    encoding
        Of the text, or None for a workbook.
    sheet
        Of the workbook, or None for text.
    """

    numbers: list[int]
    rows: list[list[str]]
    encoding: str | None = None
    sheet: str | None = None


def frame_of(
    grid: Grid, *, log: FaultLog, file: str
) -> tuple[pd.DataFrame, NDArray[np.int64]] | None:
    """Take the first row as the header and the rest as the body.

    Parameters
    ----------
    grid
        The rows; the first one is the header.
    log
        Takes the faults ``empty_file``, ``header_only``, ``duplicate_column``,
        ``unnamed_column``, ``ragged_row``.
    file
        Name for the faults.

    Returns
    -------
    tuple or None
        The table (all cells text, ``""`` = empty) and the spreadsheet row of each of its rows;
        None when there is no header or no body.
    """
    if not grid.rows:
        log.add("empty_file", file=file)
        return None
    body = grid.rows[1:]
    header, width = _header(grid.rows[0], body, grid.numbers[0], log, file)
    if not body:
        log.add("header_only", file=file)
        return None
    fitted = [
        _fit(cells, width, number, log, file)
        for number, cells in zip(grid.numbers[1:], body, strict=True)
    ]
    frame = pd.DataFrame(fitted, columns=pd.Index(header, dtype=object), dtype=object)
    return frame, np.array(grid.numbers[1:], dtype=np.int64)


def _header(
    cells: list[str], body: list[list[str]], number: int, log: FaultLog, file: str
) -> tuple[list[str], int]:
    """Return clean unique names; empty ones at the right end fall away."""
    names = [
        "".join(c for c in cell if unicodedata.category(c) not in _HIDDEN).strip() for cell in cells
    ]
    while names and not names[-1] and not any(_cell(row, len(names) - 1) for row in body):
        names.pop()
    for name, count in Counter(filter(None, names)).items():
        if count > 1:
            log.add("duplicate_column", file=file, column=name, count=count)
    for index, name in enumerate(names):
        if not name:
            log.add("unnamed_column", file=file, row=number, position=index + 1)
    return _unique(names), len(names)


def _cell(row: list[str], index: int) -> str:
    return row[index] if index < len(row) else ""


def _unique(names: list[str]) -> list[str]:
    """Give repeated and missing names a number, so that the rest can still be checked."""
    seen: Counter[str] = Counter()
    unique = []
    for index, name in enumerate(names):
        seen[name] += 1
        plain = name or f"?{index + 1}"
        unique.append(plain if seen[name] == 1 else f"{plain} ({seen[name]})")
    return unique


def _fit(cells: list[str], width: int, number: int, log: FaultLog, file: str) -> list[str]:
    """Return exactly ``width`` cells; empty ones beyond the header are no fault."""
    filled = max((i for i, cell in enumerate(cells, start=1) if cell), default=0)
    found = max(filled, min(len(cells), width))
    if found != width:
        log.add("ragged_row", file=file, row=number, found=found, wanted=width)
    return (cells + [""] * width)[:width]
