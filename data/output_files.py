"""Writers of one file each: GeoParquet, GeoPackage, Excel, CSV, JSON."""

from __future__ import annotations

import csv
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import xlsxwriter
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from xlsxwriter.exceptions import XlsxWriterException

#: First characters that make a spreadsheet take text for a formula; full-width ones too, as
#: Chinese and Japanese Excel does.
_FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
_MAX_ROWS: Final = 1_048_576
_MAX_TEXT: Final = 32_767
_WIDTHS: Final = (6, 60)
_SAMPLE_ROWS: Final = 200
#: Stands in for the time of writing, so that equal tables give equal files.
_UNDATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: No date; and no waiting for the disk after each layer: a new file needs no protection of an
#: earlier state (SQLite's ``synchronous``), and `staged` moves it into place whole.
_GEOPACKAGE_OPTIONS: Final = {
    "OGR_CURRENT_DATE": f"{_UNDATED:%Y-%m-%dT%H:%M:%SZ}", "OGR_SQLITE_SYNCHRONOUS": "OFF",
}  # fmt: skip
#: Text stays text: no formulas, links or numbers are made of it.
_WORKBOOK_OPTIONS: Final = {
    "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip


def write_geoparquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a GeoDataFrame as GeoParquet, CRS and index kept."""
    frame.to_parquet(path)


def write_geopackage(layers: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write several layers into one new GeoPackage.

    Parameters
    ----------
    layers
        Layer name → GeoDataFrame, or DataFrame for a layer without geometry. An empty layer keeps
        its columns.
    path
        Replaced if it exists.

    Raises
    ------
    ValueError
        If there is no layer.
    """
    if not layers:
        raise ValueError("a GeoPackage needs a layer")
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options(_GEOPACKAGE_OPTIONS)
    try:
        for name, frame in layers.items():
            kinds = _geometry_kinds(frame)
            options = {"geometry_type": "Unknown"} if len(kinds) != 1 else {}
            spatial = isinstance(frame, gpd.GeoDataFrame)
            pyogrio.write_dataframe(
                frame, path, layer=name, driver="GPKG", **(options if spatial else {})
            )
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(_GEOPACKAGE_OPTIONS))


def _geometry_kinds(frame: pd.DataFrame) -> set[str]:
    if not isinstance(frame, gpd.GeoDataFrame):
        return set()
    return {str(kind) for kind in frame.geom_type.dropna().unique()}


def write_workbook(
    sheets: Mapping[str, pd.DataFrame], path: Path, *, units: pd.DataFrame | None = None,
    units_title: str = "units", formats: Mapping[str, Mapping[str, str]] | None = None,
) -> None:  # fmt: skip
    """Write an Excel workbook.

    Parameters
    ----------
    sheets
        Title → table; geometry columns are left out, NaN becomes an empty cell. Headers are frozen
        and can be filtered, widths fit the text (Chinese characters count two).
    path
        The ``.xlsx``.
    units
        Table of what each column means and its unit, written as the last sheet.
    units_title
        Title of that sheet.
    formats
        Sheet → column → Excel's number format, e.g. ``"#,##0"``; other cells have none.

    Raises
    ------
    ValueError
        If there is no sheet, a title is not allowed or a table has more rows than Excel holds.

    Notes
    -----
    Text is written as text with Excel's quote prefix where it begins like a formula, so that
    nothing from a user's table is ever computed.
    """
    whole = dict(sheets) | ({units_title: units} if units is not None else {})
    if not whole:
        raise ValueError("a workbook needs a sheet")
    for frame in whole.values():
        if len(frame) >= _MAX_ROWS:
            raise ValueError(f"{len(frame)} rows do not fit a sheet; write CSV instead")
    with xlsxwriter.Workbook(path, _WORKBOOK_OPTIONS) as book:
        book.set_properties({"created": _UNDATED})
        looks = _Looks(book.add_format({"bold": True}), book.add_format({"quote_prefix": True}))
        for title, frame in whole.items():
            table, given = plain_table(frame), (formats or {}).get(title, {})
            numbers = [_number_look(book, given.get(str(name))) for name in table.columns]
            _fill(_new_sheet(book, title), table, looks, numbers)


class _Looks(NamedTuple):
    """Looks of cells: headers, and text that begins like a formula."""

    head: Any
    quoted: Any


def _new_sheet(book: Any, title: str) -> Any:
    try:
        return book.add_worksheet(title)
    except XlsxWriterException as error:
        raise ValueError(str(error)) from error


def _number_look(book: Any, number_format: str | None) -> Any:
    return None if number_format is None else book.add_format({"num_format": number_format})


def _fill(sheet: Any, frame: pd.DataFrame, looks: _Looks, numbers: Sequence[Any]) -> None:
    for column, name in enumerate(frame.columns):
        sheet.write_string(0, column, _text(str(name)), looks.head)
        shown = [str(name), *map(str, frame.iloc[:_SAMPLE_ROWS, column])]
        width = min(max(_WIDTHS[0], max(map(text_width, shown)) + 2), _WIDTHS[1])
        sheet.set_column(column, column, width)
    for row, values in enumerate(frame.itertuples(index=False, name=None), start=1):
        for column, value in enumerate(values):
            _set(sheet, row, column, cell_value(value), looks, numbers[column])
    sheet.freeze_panes(1, 0)
    if len(frame.columns):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _set(sheet: Any, row: int, column: int, value: object, looks: _Looks, number: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, str):
        risky = value.startswith(_FORMULA_START)
        sheet.write_string(row, column, _text(value), looks.quoted if risky else None)
    else:
        sheet.write_number(row, column, value, number)


def _text(value: str) -> str:
    """Return text as Excel can hold it."""
    return str(ILLEGAL_CHARACTERS_RE.sub("", value))[:_MAX_TEXT]


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write CSV as UTF-8 with BOM, which Excel opens with Chinese intact.

    Text that a spreadsheet would take for a formula gets an apostrophe in front; plain numbers
    stay. Geometry columns are left out.
    """
    table = plain_table(frame)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([neutral(str(column)) for column in table.columns])
        for values in table.itertuples(index=False, name=None):
            writer.writerow([_csv_cell(cell_value(value)) for value in values])


def _csv_cell(value: object) -> object:
    if value is None:
        return ""
    return neutral(value) if isinstance(value, str) else value


def neutral(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    risky = text.startswith(_FORMULA_START) and not _NUMBER.fullmatch(text)
    return f"'{text}" if risky else text


def write_json(value: object, path: Path) -> None:
    """Write JSON in UTF-8; NaN and infinity become null, numpy values plain ones."""
    text = json.dumps(_plain(value), ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return cell_value(value)


def plain_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without its geometry columns."""
    kept = [
        position
        for position, kind in enumerate(frame.dtypes)
        if not isinstance(kind, gpd.array.GeometryDtype)
    ]
    return pd.DataFrame(frame).iloc[:, kept]


def cell_value(value: Any) -> object:
    """Return a Python value for a cell; None where there is none (NaN, NaT, infinity)."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return None
    return plain if isinstance(plain, bool | int | float | str) else str(plain)


def text_width(text: str) -> int:
    """Return how many columns a text takes: East Asian wide characters two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
