"""What the command line shows: words, lists of faults, progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from quarterhour.data.faults import Fault
from quarterhour.data.text import tr

#: Seconds between two progress lines of one task when the output is not a terminal.
LINE_INTERVAL = 5.0


@dataclass(slots=True)
class Screen:
    """Speaks to the user in one language, at one loudness.

    Attributes
    ----------
    language
        Code of the catalogue.
    quiet
        Show faults and errors only.
    verbose
        Show details as well.
    """

    language: str
    quiet: bool = False
    verbose: bool = False
    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    err: Console = field(
        default_factory=lambda: Console(highlight=False, soft_wrap=True, stderr=True)
    )

    def tr(self, key: str, **params: object) -> str:
        """Return words of the domain ``cli``."""
        return tr(f"cli.{key}", self.language, **params)

    def say(self, key: str, **params: object) -> None:
        """Print words of the domain ``cli`` unless quiet."""
        if not self.quiet:
            self.out.print(Text(self.tr(key, **params)))

    def complain(self, key: str, **params: object) -> None:
        """Print words on standard error, quiet or not."""
        self.err.print(Text(self.tr(key, **params), style="bold red"))

    def detail(self, key: str, **params: object) -> None:
        """Print words only when verbose."""
        if self.verbose and not self.quiet:
            self.out.print(Text("  " + self.tr(key, **params), style="dim"))

    def table(self, title: str, header: list[str], rows: Iterable[Iterable[object]]) -> None:
        """Print a table unless quiet; numbers are right-aligned by the caller's formatting."""
        if self.quiet:
            return
        table = Table(title=Text(title), title_justify="left", title_style="bold")
        for number, name in enumerate(header):
            table.add_column(name, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        self.out.print(table)

    def faults(self, faults: Iterable[Fault]) -> None:
        """Print all faults and warnings as one numbered list on standard error."""
        listed = list(faults)
        wrong = sum(_rows(fault) for fault in listed if fault.severity == "fault")
        if wrong:
            self.err.print(Text(self.tr("faults_head", count=wrong), style="bold red"))
        for number, fault in enumerate(listed, start=1):
            self._fault(number, fault)

    def _fault(self, number: int, fault: Fault) -> None:
        mark = self.tr("warning") if fault.severity == "warning" else self.tr("fault")
        style = "yellow" if fault.severity == "warning" else "red"
        head = Text(f"{number:>3}. {mark} ", style=style)
        head.append(fault.place(self.language), style="bold")
        self.err.print(head)
        self.err.print(Text(f"     {fault.message(self.language)}"))
        self.err.print(Text("     " + self.tr("expected", what=fault.expected(self.language))))
        self.err.print(Text("     " + self.tr("remedy", what=fault.remedy(self.language))))

    @contextmanager
    def progress(self) -> Iterator[Reporter]:
        """Yield a `quarterhour.data.progress.Progress`: bars on a terminal, lines elsewhere."""
        if self.quiet:
            yield Reporter(self)
        elif self.out.is_terminal:
            with _bars(self.out) as bars:
                yield Reporter(self, bars)
        else:
            yield Reporter(self, lines=True)


def _rows(fault: Fault) -> int:
    """Return how many faults an entry stands for: the rows not shown count as well."""
    return int(str(dict(fault.params)["count"])) if fault.code == "more_rows" else 1


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


@dataclass(slots=True)
class Reporter:
    """Shows progress as bars, as lines, or not at all."""

    screen: Screen
    bars: Progress | None = None
    lines: bool = False
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _said: dict[str, float] = field(default_factory=dict)

    def __call__(self, task: str, done: int, total: int) -> None:
        """Take news of one task; ``task`` is a key ``progress.<task>`` of the domain ``cli``."""
        words = self.screen.tr(f"progress.{task}")
        if self.bars is not None:
            if task not in self._tasks:
                self._tasks[task] = self.bars.add_task(words, total=total)
            self.bars.update(self._tasks[task], completed=done, total=total)
        elif self.lines and self._due(task, done, total):
            self.screen.out.print(Text(f"{words} {done}/{total}"))

    def _due(self, task: str, done: int, total: int) -> bool:
        now = time.monotonic()
        if done < total and now - self._said.get(task, -LINE_INTERVAL) < LINE_INTERVAL:
            return False
        self._said[task] = now
        return True


def utf8_output() -> None:
    """Let standard output take any text: a console or pipe may be in another code page."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
