"""The form of the ledger (台账): its columns, its words, and what a clean text is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from .columns import plain_header
from .figures import narrow
from .standards import StandardsPack
from .text import languages, tr

Kind = Literal["text", "choice", "date", "year", "number", "count"]
Owner = Literal["key", "program", "default", "user"]

#: id -> column -> text; what the ledger holds, in the order of its rows.
Records = dict[str, dict[str, str]]

#: Where a site stands; stored as these codes, shown in the study's language.
STATUSES: Final = ("proposed", "approved", "building", "accepted", "dropped")
#: Statuses that next year's plan must keep.
FIXED: Final = ("approved", "building", "accepted")
#: Statuses that a date due can still be missed in.
PENDING: Final = ("proposed", "approved", "building")
ACTIONS: Final = ("new", "upgrade")
LEVELS: Final = ("city", "district", "street")
FLAGS: Final = ("yes", "no")
AREA_COLUMNS: Final = ("district", "street", "community")

#: Begins the candidate of an outlet to be upgraded; its id follows.
UPGRADE: Final = "upgrade-"

#: A column of the user's own: this mark and the header as written.
EXTRA: Final = "+"
#: Longest text a cell holds, in UTF-16 units as Excel counts.
_MAX_TEXT: Final = 32_767
#: Characters no XML file can hold beside `ILLEGAL_CHARACTERS_RE`.
_NOT_XML: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
#: How workbooks escape an underscore; readers take it away wherever it stands.
_ESCAPE: Final = "x005F_"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the ledger's sheet of sites.

    Attributes
    ----------
    name
        Stable name; headers are ``ledger.column.<name>.title``.
    kind
        How its cells are read.
    owner
        ``key``: the id; ``program``: computed, edits are not taken; ``default``: from the plan
        until somebody edits it; ``user``: filled in by people alone.
    width
        Of the column, in characters.
    """

    name: str
    kind: Kind
    owner: Owner
    width: int


COLUMNS: Final = (
    Column("id", "text", "key", 24),
    Column("name", "text", "default", 24),
    Column("type", "choice", "default", 13),
    Column("action", "choice", "default", 10),
    Column("year", "year", "default", 10),
    Column("district", "choice", "default", 12),
    Column("street", "choice", "default", 14),
    Column("community", "choice", "default", 16),
    Column("address", "text", "default", 26),
    Column("level", "choice", "default", 10),
    Column("unit", "text", "user", 16),
    Column("status", "choice", "default", 11),
    Column("due", "date", "default", 12),
    Column("approved_on", "date", "user", 12),
    Column("started_on", "date", "user", 12),
    Column("accepted_on", "date", "user", 12),
    Column("notes", "text", "user", 30),
    Column("count", "count", "default", 8),
    Column("lon", "number", "default", 12),
    Column("lat", "number", "default", 11),
    Column("rank", "number", "program", 8),
    Column("newly_covered", "number", "program", 11),
    Column("in_plan", "choice", "program", 10),
    Column("candidate", "text", "program", 16),
)  # fmt: skip
BY_NAME: Final = {column.name: column for column in COLUMNS}
NAMES: Final = tuple(BY_NAME)
#: Columns without which nothing can be read; others that are missing are faults as well.
DATES: Final = ("due", "approved_on", "started_on", "accepted_on")


@dataclass(frozen=True, slots=True)
class LedgerWords:
    """The words a study's ledger is written and read in.

    Attributes
    ----------
    language
        Of headers and words written.
    choices
        Column -> code -> word shown; a column without codes is free text.
    known
        Column -> word as compared (`same`) -> code; words of every language and the codes.
    years
        Years of the plan as the study calls them; calendar years need not be named.
    """

    language: str
    choices: Mapping[str, Mapping[str, str]]
    known: Mapping[str, Mapping[str, str]] = field(repr=False)
    years: tuple[str, ...] = ()

    def title(self, name: str) -> str:
        """Return the header of a column; a user's own one as written."""
        if name.startswith(EXTRA):
            return name.removeprefix(EXTRA)
        return tr(f"ledger.column.{name}.title", self.language)

    def show(self, name: str, code: str) -> str:
        """Return the word shown for a code; the text itself where it is none."""
        return self.choices.get(name, {}).get(code, code)

    def code(self, name: str, text: str) -> str | None:
        """Return the code a word stands for, None where it stands for none."""
        if not self.choices.get(name):
            return text
        return self.known[name].get(same(text))

    def say(self, key: str, **params: object) -> str:
        """Return words of the domain ``ledger`` in the language of the workbook."""
        return tr(f"ledger.{key}", self.language, **params)


def ledger_words(
    pack: StandardsPack, areas: pd.DataFrame, language: str, years: Iterable[str] = ()
) -> LedgerWords:
    """Return the words of a study's ledger.

    Parameters
    ----------
    pack
        Standards pack: names of types.
    areas
        Canonical areas: names of districts, street-towns and communities. A level without areas
        is free text.
    language
        Language of the study.
    years
        Years of the plan, where they are not calendar years.
    """
    types = {kind: pack.type(kind).name for kind in pack.type_ids}
    names: dict[str, dict[str, tuple[str, ...]]] = {
        "type": {kind: (name.get(language), name.zh, name.en) for kind, name in types.items()}
    }
    fixed = {"action": ACTIONS, "level": LEVELS, "status": STATUSES, "in_plan": FLAGS}
    for column, codes in fixed.items():
        names[column] = {code: _translations(column, code, language) for code in codes}
    for level in AREA_COLUMNS:
        names[level] = _area_names(areas[areas["level"] == level], language)
    return LedgerWords(
        language,
        {
            column: {code: said[0] for code, said in codes.items()}
            for column, codes in names.items()
        },
        {column: _lookup(codes) for column, codes in names.items()},
        tuple(clean_text(year) for year in years),
    )


def _translations(column: str, code: str, language: str) -> tuple[str, ...]:
    domain = "flag" if column == "in_plan" else column
    return tuple(tr(f"ledger.{domain}.{code}", one) for one in (language, *languages()))


def _area_names(areas: pd.DataFrame, language: str) -> dict[str, tuple[str, ...]]:
    """Return id -> names, the one shown first: with the id where two areas share it."""
    shown = [
        clean_text(en if language == "en" and en else zh) or area
        for area, zh, en in zip(areas["id"], areas["name"], areas["name_en"], strict=True)
    ]
    often = Counter(shown)
    unique = [
        name if often[name] == 1 else f"{name} ({area})"
        for name, area in zip(shown, areas["id"], strict=True)
    ]
    rows = zip(areas["id"], unique, areas["name"], areas["name_en"], strict=True)
    return {str(area): (name, str(zh), str(en)) for area, name, zh, en in rows}


def _lookup(codes: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return word -> code, leaving out words that stand for several codes."""
    owners: dict[str, set[str]] = {}
    for code, words in codes.items():
        for word in words:
            if word:
                owners.setdefault(same(word), set()).add(code)
    known = {word: next(iter(found)) for word, found in owners.items() if len(found) == 1}
    return known | {same(code): code for code in codes}


def same(text: str) -> str:
    """Return a word as it is compared: without spaces, full-width forms and case."""
    return "".join(narrow(text).split()).casefold()


def header_names(words: LedgerWords) -> dict[str, str]:
    """Return plain header -> column, for the titles of every language and the names."""
    found = {plain_header(name): name for name in NAMES}
    for language in languages():
        for name in NAMES:
            found[plain_header(tr(f"ledger.column.{name}.title", language))] = name
    return found | {plain_header(words.title(name)): name for name in NAMES}


def clean_text(text: object) -> str:
    r"""Return text as a workbook can hold and give back: writing and reading then change nothing.

    Control characters that no workbook holds are taken out, line ends become ``\n``, white space
    at both ends goes, and what is longer than a cell is cut.
    """
    plain = str(text).replace("\r\n", "\n").replace("\r", "\n")
    plain = _NOT_XML.sub("", ILLEGAL_CHARACTERS_RE.sub("", plain))
    while _ESCAPE in plain:
        plain = plain.replace(_ESCAPE, "")
    return _fitting(plain.strip()).strip()


def _fitting(text: str) -> str:
    if len(text) * 2 <= _MAX_TEXT:
        return text
    units = text.encode("utf-16-le")[: 2 * _MAX_TEXT]
    return units.decode("utf-16-le", errors="ignore")


def number_text(value: object) -> str:
    """Return a number as the ledger stores it, "" where there is none; 12.0 is ``"12"``."""
    number = float(str(value)) if str(value) not in {"", "None", "<NA>"} else float("nan")
    if number != number:  # noqa: PLR0124 - NaN
        return ""
    return str(int(number)) if number.is_integer() else repr(number)
