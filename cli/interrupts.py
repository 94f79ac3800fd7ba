"""Ctrl-C is never lost, even where a solver turns it into "stop here and keep the best"."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interrupts:
    """Whether the user has pressed Ctrl-C."""

    seen: bool = False

    def stop_if_any(self) -> None:
        """Raise KeyboardInterrupt where one was pressed and swallowed by what ran then."""
        if self.seen:
            raise KeyboardInterrupt


@contextmanager
def noted_interrupts() -> Iterator[Interrupts]:
    """Note every Ctrl-C while it raises KeyboardInterrupt as ever.

    In a thread other than the main one, or where interrupts are ignored, nothing is changed.
    """
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield interrupts
        return

    def note(number: int, frame: FrameType | None) -> None:
        interrupts.seen = True
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
