"""Numbers as people write them in tables: read exactly, or refused with the row named."""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .faults import FaultLog
from .tables import RawTable

#: Full-width forms (U+FF01–FF5E) to ASCII, and the minus signs keyboards produce.
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("−"): ord("-"),
    0x3000: ord(" "),
}
#: What a table says where it has no figure.
MISSING: Final = frozenset(
    {"", "-", "--", "—", "——", "/", "\\", "na", "n/a", "#n/a", "nan", "null", "none", "nil"}
    | {"无", "暂无", "未知", "不详", "空", "缺", "缺失", "待定"}
)
_PLAIN: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_WITH_UNIT: Final = re.compile(r"[约近超]?\s*[+-]?[\d.,]+\s*[^\d\s.,].*")


def narrow(text: str) -> str:
    """Return text with full-width digits, letters and signs made plain ASCII, stripped."""
    return text.translate(_WIDE).strip()


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no figure (`MISSING`)."""
    return narrow(text).lower() in MISSING


def parse_number(text: str) -> float:
    """Return the number a cell holds.

    Parameters
    ----------
    text
        E.g. ``"1,234.5"`` or ``"１２３"``. Thousands separators must group by three.

    Returns
    -------
    float
        NaN where the cell says there is none (`MISSING`).

    Raises
    ------
    ValueError
        If it is anything else: with a unit (``"3.2万"``, ``"80㎡"``), about, letters, infinite.
    """
    plain = narrow(text)
    if plain.lower() in MISSING:
        return math.nan
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _PLAIN.fullmatch(plain):
        raise ValueError(text)
    value = float(plain)
    if math.isinf(value):
        raise ValueError(text)
    return value


def read_numbers(
    table: RawTable,
    column: str,
    *,
    log: FaultLog,
    at_least: float | None = None,
    whole: bool = False,
) -> NDArray[np.float64]:
    """Read a column of numbers.

    Parameters
    ----------
    table
        The table.
    column
        A column it has.
    log
        Takes the faults ``not_a_number``, ``number_with_unit``, ``number_too_small`` and
        ``number_not_whole``, each with its row.
    at_least
        Least value allowed.
    whole
        Whether only whole numbers are allowed.

    Returns
    -------
    numpy.ndarray
        (n,) float64; NaN where there is no figure or a faulty one.
    """
    values = _native(table, column)
    if values is None:
        values = _parse_all(table, column, log)
    for bad, code in (
        (values < (-math.inf if at_least is None else at_least), "number_too_small"),
        (whole & np.isfinite(values) & (values != np.round(values)), "number_not_whole"),
    ):
        for index in np.flatnonzero(bad):
            params = {"least": _shown(at_least)} if code == "number_too_small" else {}
            log.add(
                code,
                file=table.name,
                row=int(table.row_numbers[index]),
                column=column,
                value=_shown(values[index]),
                severity="fault",
                **params,
            )
        values = np.where(bad, math.nan, values)
    return values


def _native(table: RawTable, column: str) -> NDArray[np.float64] | None:
    """Return a column that the file stores as finite numbers, or None."""
    series = table.frame[column]
    if not pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        return None
    values = series.to_numpy(dtype=np.float64, na_value=math.nan)
    return None if np.isinf(values).any() else values


def _parse_all(table: RawTable, column: str, log: FaultLog) -> NDArray[np.float64]:
    values = np.full(len(table), math.nan)
    for index, text in enumerate(table.text(column)):
        try:
            values[index] = parse_number(text)
        except ValueError:
            code = "number_with_unit" if _WITH_UNIT.fullmatch(narrow(text)) else "not_a_number"
            row = int(table.row_numbers[index])
            log.add(code, file=table.name, row=row, column=column, value=text)
    return values


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
