"""CSV and TSV as tables of text: nothing guessed, every odd row named."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from typing import Final

from .encoding import decode_marked, detect_encoding, foreign_bytes, read_as_other, show_bytes
from .faults import FaultLog
from .grid import Grid

_DELIMITERS: Final = (",", "\t", ";")
_SAMPLE_ROWS: Final = 50
_CELL_LIMIT: Final = 2**31 - 1


def read_text(data: bytes, *, encoding: str | None, log: FaultLog, file: str) -> Grid | None:
    """Read delimited text.

    Parameters
    ----------
    data
        The file's bytes.
    encoding
        Its encoding, or None to detect it (`quarterhour.data.encoding.detect_encoding`).
    log
        Takes the faults ``not_text``, ``unknown_encoding``, ``foreign_bytes``, ``bad_quotes``.
    file
        Name for the faults.

    Returns
    -------
    Grid or None
        None when nothing could be read.
    """
    chosen = encoding or detect_encoding(data)
    text = _decode(data, chosen, log, file)
    if text is None:
        return None
    records = _parse(text, _delimiter(text), log, file)
    if records is None:
        return None
    # Without "-sig": a byte order mark belongs to the file, not to a cell.
    _note_foreign_bytes(records, codecs.lookup(chosen).name.removesuffix("-sig"), log, file)
    rows = [(number, cells) for number, cells in enumerate(records, start=1) if any(cells)]
    return Grid([n for n, _ in rows], [cells for _, cells in rows], chosen)


def _decode(data: bytes, encoding: str, log: FaultLog, file: str) -> str | None:
    try:
        text = decode_marked(data, encoding)
    except LookupError:
        log.add("unknown_encoding", file=file, value=encoding)
        return None
    except UnicodeDecodeError as error:
        log.add(
            "foreign_bytes",
            file=file,
            value=show_bytes(data[error.start : error.end]),
            encoding=encoding,
            other="?",
        )
        return None
    except UnicodeError:
        log.add("unknown_encoding", file=file, value=encoding)
        return None
    if "\0" in text:
        log.add("not_text", file=file)
        return None
    return text.removeprefix("\ufeff")


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts the first rows most evenly into most columns."""
    return max(_DELIMITERS, key=lambda mark: _evenness(text, mark))


def _evenness(text: str, delimiter: str) -> tuple[float, int]:
    widths: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for record in reader:
            if any(record):
                widths.append(len(record))
            if len(widths) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return (0.0, 0)
    if not widths or widths[0] == 1:
        return (0.0, 0)
    width, count = Counter(widths).most_common(1)[0]
    return (count / len(widths) if width > 1 else 0.0, widths[0])


def _parse(text: str, delimiter: str, log: FaultLog, file: str) -> list[list[str]] | None:
    csv.field_size_limit(_CELL_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    try:
        records.extend([cell.strip() for cell in record] for record in reader)
    except csv.Error as error:
        log.add("bad_quotes", file=file, row=len(records) + 1, detail=str(error))
        return None
    return records


def _note_foreign_bytes(records: list[list[str]], encoding: str, log: FaultLog, file: str) -> None:
    """Note cells with bytes of another encoding, and leave text that can be shown."""
    header = next((record for record in records if any(record)), [])
    for number, record in enumerate(records, start=1):
        for index, cell in enumerate(record):
            raw = foreign_bytes(cell, encoding)
            if raw is None:
                continue
            record[index] = cell.encode("utf-8", "backslashreplace").decode("utf-8")
            named = index < len(header) and record is not header
            log.add(
                "foreign_bytes",
                file=file,
                row=number,
                column=header[index] if named else None,
                value=show_bytes(raw),
                encoding=encoding,
                other=read_as_other(raw, encoding),
            )
