"""A report as one HTML file: no script, no request, both languages, printable on A4."""

from __future__ import annotations

import html
import os
import re
from functools import singledispatch
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from .payload import LONGEST_TEXT, clean
from .report_parts import (
    Cell,
    Column,
    Facts,
    Links,
    Note,
    Part,
    Picture,
    Report,
    Table,
    Words,
    written,
)

#: The browser itself refuses every script and every request.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)

#: Letters of a paragraph at most; a cell holds `LONGEST_TEXT`.
_PARAGRAPH = 4000

#: Where a word without spaces may be broken: after every so many letters.
_LONG_WORD = re.compile(r"(\S{24})(?=\S)")

#: Names of the languages, as their own speakers write them.
LANGUAGES = {"zh": "中文", "en": "English"}

_MORE = Words(
    "表格只列前 {shown} 行，其余 {rest} 行见 xlsx。",
    "The first {shown} rows; the other {rest} are in the workbook.",
)


def report_page(report: Report) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    report
        Its words and figures; nothing of it is trusted.

    Returns
    -------
    str
        A whole document. A switch without script shows one language; print shows the same.
    """
    body = "\n".join(
        (
            _switch(report.language),
            "<main>",
            _head(report),
            *(_part(number, part) for number, part in enumerate(report.parts, start=1)),
            f"<footer>{_words(report.foot)}</footer>",
            "</main>",
        )
    )
    title = html.escape(clean(report.title.get(report.language))[:100])
    return (
        f'<!DOCTYPE html>\n<html lang="{_language(report.language)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n'
        f"<style>\n{_style()}\n</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def write_report(report: Report, path: Path) -> Path:
    """Write the report to one HTML file; a reader never sees half a file.

    Raises
    ------
    OSError
        If the file cannot be written; an earlier report is then untouched.
    """
    text = report_page(report)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_text(text, encoding="utf-8", newline="\n")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def _style() -> str:
    return (resources.files(__package__) / "assets" / "report.css").read_text(encoding="utf-8")


def _language(language: str) -> str:
    return "zh" if language == "zh" else "en"


def _switch(language: str) -> str:
    """Return the radio buttons that the style sheet listens to, ahead of what they switch."""
    checked = {code: " checked" if code == _language(language) else "" for code in LANGUAGES}
    inputs = [
        f'<input type="radio" name="language" id="language-{code}"{checked[code]}>'
        for code in LANGUAGES
    ]
    labels = [f'<label for="language-{code}">{name}</label>' for code, name in LANGUAGES.items()]
    return "".join(inputs) + f'<nav class="switch">{"".join(labels)}</nav>'


def _head(report: Report) -> str:
    label = f'<p class="label">{_text(report.label)}</p>' if report.label else ""
    tiles = "".join(
        f'<div class="tile"><h3>{_words(tile.name)}</h3><p class="figure">{_text(tile.value)}</p>'
        f'<p class="fine">{_words(tile.note)}</p></div>'
        for tile in report.tiles
    )
    return (
        f'<header><p class="kind">{_words(report.subtitle)}</p><h1>{_words(report.title)}</h1>'
        f'{label}<p class="story">{_words(report.story, most=_PARAGRAPH)}</p>'
        f'<div class="tiles">{tiles}</div></header>'
    )


def _part(number: int, part: Part) -> str:
    blocks = "\n".join(_block(block) for block in part.blocks)
    return f"<section><h2><i>{number}</i>{_words(part.title)}</h2>\n{blocks}\n</section>"


@singledispatch
def _block(block: object) -> str:
    raise TypeError(block)


@_block.register
def _facts(block: Facts) -> str:
    rows = "".join(
        f"<dt>{_words(name)}</dt><dd>{_cell(value, most=_PARAGRAPH)}</dd>"
        for name, value in block.rows
    )
    return f"<dl>{rows}</dl>"


@_block.register
def _note(block: Note) -> str:
    look = "warning" if block.warns else "note"
    return f'<p class="{look}">{_words(block.words, most=_PARAGRAPH)}</p>'


@_block.register
def _links(block: Links) -> str:
    rows = "\n".join(
        f'<li><a href="{html.escape(quote(where), quote=True)}">{_words(name)}</a> '
        f'<span class="fine">{_words(what)}</span></li>'
        for where, name, what in block.rows
    )
    return f"<ul>{rows}</ul>" if rows else ""


@_block.register
def _picture(block: Picture) -> str:
    caption = _words(block.caption, most=_PARAGRAPH)
    return f"<figure>{block.svg}<figcaption>{caption}</figcaption></figure>"


@_block.register
def _table(block: Table) -> str:
    if not block.rows:
        return ""
    head = "".join(f"<th{_align(c)}>{_words(c.title)}</th>" for c in block.columns)
    shown = block.rows[: block.most]
    rows = "\n".join(
        "<tr>"
        + "".join(
            f"<td{_align(column)}>{_cell(value, column)}</td>"
            for column, value in zip(block.columns, row, strict=True)
        )
        + "</tr>"
        for row in shown
    )
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody>'
    rest = len(block.rows) - len(shown)
    more = Words(*(words.format(shown=len(shown), rest=rest) for words in (_MORE.zh, _MORE.en)))
    return f"{table}</table></div>" + (f'<p class="fine">{_words(more)}</p>' if rest else "")


def _align(column: Column) -> str:
    return "" if column.kind == "text" else ' class="n"'


def _cell(value: Cell, column: Column | None = None, *, most: int = LONGEST_TEXT) -> str:
    if isinstance(value, Words):
        return _words(value, most=most)
    return _text(written(value, "text" if column is None else column.kind), most)


def _words(words: Words, *, most: int = LONGEST_TEXT) -> str:
    """Return a text in both languages, one of which the style sheet hides."""
    if words.zh == words.en:
        return _text(words.zh, most)
    return "".join(
        f'<span lang="{code}">{_text(words.get(code), most)}</span>' for code in LANGUAGES
    )


def _text(value: str, most: int = LONGEST_TEXT) -> str:
    """Return text of at most so many letters, escaped; very long words may be broken."""
    short = value if len(value) <= most else value[: most - 1] + "…"
    pieces = (short[at : at + LONGEST_TEXT] for at in range(0, len(short), LONGEST_TEXT))
    words = _LONG_WORD.split("".join(clean(piece) for piece in pieces))
    return f"<bdi>{'<wbr>'.join(html.escape(part) for part in words if part)}</bdi>"
