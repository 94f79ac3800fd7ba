"""Which encoding a Chinese text file is in: UTF-8, GB18030, or a mixture that must be mended.

Spreadsheets in China save CSV and DBF as GB18030 (GBK, GB2312 are its subsets) or as UTF-8, and
nothing in the file says which. A file is decided by its lines, so that a few GBK lines pasted
into a UTF-8 file are found and named, and never turned into wrong characters in silence.
"""

from __future__ import annotations

import re
from typing import Final

UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_NON_ASCII: Final = re.compile(rb"[\x80-\xff]")
_RUN: Final = re.compile(rb"[\x80-\xff][\x40-\xff]*")
#: What `bytes.decode(..., "surrogateescape")` leaves of a byte that is not valid.
_ESCAPED: Final = re.compile("[\udc80-\udcff]+")


def detect_encoding(data: bytes) -> str:
    """Return the encoding that most lines of ``data`` are written in.

    Parameters
    ----------
    data
        The file's bytes.

    Returns
    -------
    str
        ``"utf-8-sig"``, ``"utf-16"``, ``"utf-8"`` or ``"gb18030"``. Text without any byte above
        127 is ``"utf-8"``.
    """
    if data.startswith(UTF8_BOM):
        return "utf-8-sig"
    if data.startswith(_UTF16_BOMS):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _majority(data)
    return "utf-8"


def _majority(data: bytes) -> str:
    lines = [line for line in data.splitlines() if _NON_ASCII.search(line)]
    utf8 = sum(_has_han_in_utf8(line) for line in lines)
    broken = sum(not _decodes(line, "utf-8") for line in lines)
    return "utf-8" if utf8 > broken else "gb18030"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _has_han_in_utf8(data: bytes, at_least: int = 1) -> bool:
    """Tell whether the bytes are UTF-8 with so many characters of three bytes or more."""
    return _decodes(data, "utf-8") and sum(ord(c) > 0x7FF for c in data.decode("utf-8")) >= at_least


def decode_marked(data: bytes, encoding: str) -> str:
    """Decode, keeping every invalid byte as a mark that `foreign_bytes` finds again.

    Raises
    ------
    LookupError
        If Python knows no such encoding.
    UnicodeDecodeError
        If the encoding cannot mark single bytes (UTF-16).
    """
    if encoding == "utf-16":
        return data.decode(encoding)
    return data.decode(encoding, "surrogateescape")


def foreign_bytes(cell: str, encoding: str) -> bytes | None:
    """Return the bytes of a decoded cell that are not in ``encoding``, or None.

    In a GB18030 file also a cell is foreign whose bytes read as two or more Chinese characters
    in UTF-8: as GB18030 they would be valid but wrong characters.
    """
    if cell.isascii():
        return None
    if found := _ESCAPED.search(cell):
        raw = cell.encode(encoding, "surrogateescape")
        return _around(raw, encoding) or found.group().encode("ascii", "surrogateescape")
    if encoding == "gb18030":
        raw = cell.encode("gb18030")
        return raw if _has_han_in_utf8(raw, at_least=2) else None
    return None


def _around(raw: bytes, encoding: str) -> bytes | None:
    """Return the run of high bytes around the first one that does not decode."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        run = _RUN.match(raw, error.start)
        return run.group() if run else None
    return None


def show_bytes(raw: bytes, limit: int = 8) -> str:
    """Return bytes as spaced hexadecimal, shortened."""
    shown = raw[:limit].hex(" ").upper()
    return shown if len(raw) <= limit else f"{shown} …"


def read_as_other(raw: bytes, encoding: str) -> str:
    """Return what the bytes say in the other of the two encodings, or ``"?"``."""
    other = "utf-8" if encoding == "gb18030" else "gb18030"
    return raw.decode(other) if _decodes(raw, other) else "?"
