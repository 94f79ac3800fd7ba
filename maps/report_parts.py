"""What a run report is made of: words in both languages, facts, tables, pictures, sections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

#: How the cells of a column are written: text, a whole number with separators, a share of 1 in
#: per cent, a number with two decimals, a number with its sign.
Kind = Literal["text", "count", "share", "number", "signed"]


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str

    def get(self, language: str) -> str:
        """Return the text in a language; English for any but Chinese."""
        return self.zh if language == "zh" else self.en


Cell = Words | str | float | int | None


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column, and how its cells are written."""

    title: Words
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report.

    Attributes
    ----------
    sheet
        Title of its sheet in the workbook.
    columns, rows
        Heads, and cells in their order.
    most
        Rows shown on the page; the workbook holds all of them.
    """

    sheet: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    most: int = 400


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a name and a value."""

    sheet: Words
    rows: tuple[tuple[Words, Cell], ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph."""

    words: Words
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Inline SVG made by `quarterhour.maps.charts`, with its caption."""

    svg: str
    caption: Words


@dataclass(frozen=True, slots=True)
class Links:
    """Files beside the report: relative address, name, what it is."""

    rows: tuple[tuple[str, Words, Words], ...]


Block = Table | Facts | Note | Picture | Links


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure."""

    name: Words
    value: str
    note: Words


@dataclass(frozen=True, slots=True)
class Part:
    """A numbered section."""

    title: Words
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes
    ----------
    title, subtitle
        What was planned, and what the document is.
    label
        Shown prominently when not empty, e.g. "synthetic data".
    language
        Language it opens in.
    story
        One paragraph that says it all.
    tiles
        Headline figures.
    parts
        Sections in order.
    foot
        Last line: date, version, credits.
    """

    title: Words
    subtitle: Words
    label: str
    language: str
    story: Words
    tiles: tuple[Tile, ...]
    parts: tuple[Part, ...]
    foot: Words


def written(cell: Cell, kind: Kind, language: str = "en") -> str:
    """Return a cell as a reader sees it; "–" where there is no figure."""
    if isinstance(cell, Words):
        return cell.get(language)
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return "" if kind == "text" else "–"
    if isinstance(cell, str):
        return cell
    if kind == "share":
        return f"{cell:.1%}"
    if kind == "number":
        return f"{cell:,.2f}"
    return f"{round(cell):+,d}" if kind == "signed" else f"{round(cell):,d}"


def sheets(report: Report, language: str) -> dict[str, pd.DataFrame]:
    """Return every table and list of facts by the title of its sheet, in one language.

    Figures stay figures. Titles are cut to Excel's 31 characters and made unique.
    """
    found: dict[str, pd.DataFrame] = {}
    for part in report.parts:
        for block in part.blocks:
            if isinstance(block, Table | Facts):
                title = _free(block.sheet.get(language)[:31], found)
                found[title] = _frame(block, language)
    return found


#: How Excel shows the cells of a column.
_EXCEL: dict[Kind, str] = {
    "count": "#,##0", "share": "0.0%", "number": "#,##0.00", "signed": "+#,##0;-#,##0;0",
}  # fmt: skip


def number_formats(report: Report, language: str) -> dict[str, dict[str, str]]:
    """Return Excel's number format of each column that has one, by sheet as in `sheets`."""
    tables = [b for part in report.parts for b in part.blocks if isinstance(b, Table | Facts)]
    return {
        title: {
            column.title.get(language): _EXCEL[column.kind]
            for column in (block.columns if isinstance(block, Table) else ())
            if column.kind in _EXCEL
        }
        for title, block in zip(sheets(report, language), tables, strict=True)
    }


def _free(title: str, taken: dict[str, pd.DataFrame]) -> str:
    number, free = 2, title
    while free.lower() in {name.lower() for name in taken}:
        free = f"{title[:28]} {number}"
        number += 1
    return free


def _frame(block: Table | Facts, language: str) -> pd.DataFrame:
    if isinstance(block, Facts):
        names = [Words("项目", "item"), Words("内容", "value")]
        rows: Sequence[tuple[Cell, ...]] = block.rows
    else:
        names, rows = [column.title for column in block.columns], block.rows
    plain = [[cell.get(language) if isinstance(cell, Words) else cell for cell in row]
             for row in rows]  # fmt: skip
    table = pd.DataFrame(plain, columns=range(len(names)), dtype=object)
    table.columns = pd.Index([name.get(language) for name in names])
    return table
