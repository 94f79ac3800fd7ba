"""How long work tells how far it is, without knowing who watches."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Anything that can be told of progress: a bar, a log, a web page."""

    def __call__(self, task: str, done: int, total: int) -> None:
        """Take the news that ``done`` of ``total`` steps of ``task`` (a catalogue key) are over.

        An implementation may raise to interrupt the work.
        """


def silent(task: str, done: int, total: int) -> None:
    """Ignore all progress: the default of every function that reports it."""
