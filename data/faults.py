"""Faults of the user's input: collected as one list, shown in one piece.

Readers never raise at the first problem. They note every `Fault` in a `FaultLog` and raise
`InputFaults` once, so that a bureau repairs a table in one round. Words come from the
catalogue domain ``faults``: each code has ``<code>.message``, ``<code>.expected`` and
``<code>.remedy``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from .secrets import without_password
from .text import DEFAULT_LANGUAGE, tr

Severity = Literal["fault", "warning"]

#: Rows shown of one kind of fault in one column; the rest are counted.
SHOWN_PER_KIND = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input, and the way out.

    Attributes
    ----------
    code
        Key in the catalogue domain ``faults``, e.g. ``"missing_column"``.
    file
        The file as the user named it.
    row
        1-based row as a spreadsheet shows it (the header is row 1), or None.
    column
        The column, option or layer, or None.
    value
        The offending value as text, or None.
    params
        Further values for the message templates.
    severity
        ``"fault"`` stops the run; ``"warning"`` is shown and the run goes on.
    """

    code: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    params: tuple[tuple[str, object], ...] = ()
    severity: Severity = "fault"

    def _say(self, part: str, language: str) -> str:
        values: dict[str, object] = {
            "file": self.file or "",
            "row": self.row or "",
            "column": self.column or "",
            "value": "" if self.value is None else self.value,
        }
        return tr(f"faults.{self.code}.{part}", language, **(values | dict(self.params)))

    def message(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return what is wrong, as a sentence."""
        return self._say("message", language)

    def expected(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return what was expected instead."""
        return self._say("expected", language)

    def remedy(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the way out."""
        return self._say("remedy", language)

    def place(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return where it is: file, row and column, as far as known."""
        parts = [self.file or ""]
        if self.row is not None:
            parts.append(tr("faults.place_row", language, row=self.row))
        if self.column is not None:
            kind = "place_option" if parts[0].endswith(".toml") else "place_column"
            parts.append(tr(f"faults.{kind}", language, column=self.column))
        return ", ".join(part for part in parts if part)

    def line(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the whole fault as one line of text."""
        words = [self.place(language), self.message(language), self.expected(language)]
        text = ": ".join(word for word in words[:2] if word)
        return tr(
            "faults.line", language, what=text, expected=words[2], remedy=self.remedy(language)
        )


class InputFaults(Exception):  # noqa: N818 - the field's word for it
    """The input has faults; carries all of them.

    Attributes
    ----------
    faults
        Every fault found, in the order of the files.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        """Return all faults, one a line, in English."""
        return "\n".join(fault.line() for fault in self.faults)


@dataclass(slots=True)
class FaultLog:
    """Collects faults and warnings while reading.

    Keeps at most `SHOWN_PER_KIND` rows of one code in one column of one file and counts the
    rest, so that a table with 5,000 bad rows gives a list that can be read.
    """

    entries: list[Fault] = field(default_factory=list)
    _seen: Counter[tuple[object, ...]] = field(default_factory=Counter)

    def add(
        self,
        code: str,
        *,
        file: object = None,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        severity: Severity = "fault",
        **params: object,
    ) -> None:
        """Note one fault; ``params`` fill the places of its message templates."""
        name = None if file is None else str(file)
        kind = (code, name, column, severity)
        self._seen[kind] += 1
        if row is not None and self._seen[kind] > SHOWN_PER_KIND:
            return
        text = None if value is None else _shorten(str(value))
        self.entries.append(Fault(code, name, row, column, text, tuple(params.items()), severity))

    def __iter__(self) -> Iterator[Fault]:
        """Yield the noted faults and warnings, with a count where rows were left out."""
        yield from self.entries
        for (code, name, column, severity), count in self._seen.items():
            hidden = count - SHOWN_PER_KIND
            if hidden > 0 and any(e.row is not None and e.code == code for e in self.entries):
                yield Fault(
                    "more_rows",
                    name if isinstance(name, str) else None,
                    None,
                    column if isinstance(column, str) else None,
                    None,
                    (("count", hidden), ("code", code)),
                    "warning" if severity == "warning" else "fault",
                )

    @property
    def faults(self) -> list[Fault]:
        """What stops the run."""
        return [entry for entry in self if entry.severity == "fault"]

    @property
    def warnings(self) -> list[Fault]:
        """What is shown while the run goes on."""
        return [entry for entry in self if entry.severity == "warning"]

    def raise_if_any(self) -> None:
        """Raise `InputFaults` when at least one fault was noted.

        Raises
        ------
        InputFaults
            With every fault noted so far (warnings are not faults).
        """
        if self.faults:
            raise InputFaults(self.faults)


def _shorten(text: str, limit: int = 80) -> str:
    clean = without_password(" ".join(text.split()))
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
