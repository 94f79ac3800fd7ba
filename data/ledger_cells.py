"""One cell of the ledger as people write it: read exactly, or refused in words."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .faults import FaultLog
from .figures import is_missing, narrow, parse_number
from .ledger_schema import BY_NAME, LedgerWords, clean_text, number_text

#: Years a ledger may speak of.
YEARS: Final = (2000, 2100)
#: Days between the two epochs of Excel's serial numbers and 1970-01-01 count.
_EPOCHS: Final = {1900: dt.date(1899, 12, 30), 1904: dt.date(1904, 1, 1)}
_DATE: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s].*)?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL: Final = re.compile(r"\d{5}(\.\d+)?")
_YEAR: Final = re.compile(r"(\d{4})(?:\.0+)?\s*年?度?")
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a cell stands, for its fault."""

    file: str
    row: int
    column: str


def read_cell(
    name: str, text: str, *, words: LedgerWords, spot: Spot, log: FaultLog, epoch: int = 1900
) -> str:
    """Return a cell's text in the ledger's own form.

    Parameters
    ----------
    name
        Column; one of the user's own is kept as it is.
    text
        What the workbook shows; dates that it stores as such in ISO form.
    words
        Words of the study.
    spot
        Row and column for the fault.
    log
        Takes ``ledger_word``, ``ledger_date``, ``ledger_year``, ``ledger_number`` and
        ``ledger_count``.
    epoch
        1900 or 1904: what Excel's serial numbers count from.

    Returns
    -------
    str
        Code, ISO date, number or text; "" where there is none or a faulty one.
    """
    plain = clean_text(text)
    column = BY_NAME.get(name)
    if not plain or column is None or column.kind == "text":
        return plain
    if column.kind == "year" and plain in words.years:
        return plain
    if column.kind == "choice":
        return _choice(name, plain, words, spot, log)
    read, code = _READERS[column.kind]
    try:
        return read(plain, epoch)
    except ValueError:
        log.add(code, file=spot.file, row=spot.row, column=spot.column, value=plain,
                first=YEARS[0], last=YEARS[1])  # fmt: skip
        return ""


def _choice(name: str, text: str, words: LedgerWords, spot: Spot, log: FaultLog) -> str:
    code = words.code(name, text)
    if code is not None:
        return code
    shown = list(words.choices[name].values())
    close = difflib.get_close_matches(text, shown, n=3, cutoff=0.4)
    listed = [*close, *(word for word in shown if word not in close)]
    more = "…" if len(listed) > _SHOWN else ""
    log.add("ledger_word", file=spot.file, row=spot.row, column=spot.column, value=text,
            known=", ".join(listed[:_SHOWN]) + more)  # fmt: skip
    return ""


def parse_date(text: str, epoch: int = 1900) -> str:
    """Return a date in ISO form.

    Parameters
    ----------
    text
        ``2025-03-01``, ``2025/3/1``, ``2025.3.1``, ``2025年3月1日``, ``20250301``, full-width
        digits, or Excel's serial number.
    epoch
        1900 or 1904: what serial numbers count from.

    Raises
    ------
    ValueError
        If it is no day between the `YEARS`.
    """
    plain = narrow(text)
    if is_missing(plain):
        return ""
    if _SERIAL.fullmatch(plain):
        day = _EPOCHS[epoch] + dt.timedelta(days=int(float(plain)))
    else:
        parts = _DATE.fullmatch(plain) or _COMPACT.fullmatch(plain)
        if parts is None:
            raise ValueError(text)
        day = dt.date(*map(int, parts.groups()))
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError(text)
    return day.isoformat()


def _year(text: str, epoch: int) -> str:
    found = _YEAR.fullmatch(narrow(text))
    if is_missing(text):
        return ""
    if found is None:
        return parse_date(text, epoch)[:4]
    if not YEARS[0] <= int(found[1]) <= YEARS[1]:
        raise ValueError(text)
    return found[1]


def _number(text: str, epoch: int) -> str:
    del epoch
    return number_text(parse_number(text))


def _count(text: str, epoch: int) -> str:
    number = _number(text, epoch)
    if number and (not number.isdigit() or int(number) < 1):
        raise ValueError(text)
    return number


_READERS: Final[dict[str, tuple[Callable[[str, int], str], str]]] = {
    "date": (parse_date, "ledger_date"),
    "year": (_year, "ledger_year"),
    "number": (_number, "ledger_number"),
    "count": (_count, "ledger_count"),
}
