"""The clock of every search: it stands still while kernels are compiled.

Compiling happens once on a machine and takes longer than many a time limit; counted, it would leave
a first plan without a search.
"""

from __future__ import annotations

import time

from numba.core import event


class _Compiling(event.Listener):
    """Adds up the seconds that numba compiles; numba lets one thread do so at a time."""

    def __init__(self) -> None:
        self._depth = 0
        #: When what is being compiled began, None = nothing is; and the seconds before that. One
        #: pair, so that no thread reads half of a change.
        self.state: tuple[float | None, float] = (None, 0.0)

    def on_start(self, event: event.Event) -> None:  # noqa: ARG002 - as numba calls it
        """Begin; a kernel compiles those that it calls."""
        if self._depth == 0:
            self.state = (time.monotonic(), self.state[1])
        self._depth += 1

    def on_end(self, event: event.Event) -> None:  # noqa: ARG002 - as numba calls it
        """End."""
        self._depth -= 1
        since, before = self.state
        if self._depth == 0 and since is not None:
            self.state = (None, before + time.monotonic() - since)


_compiling = _Compiling()
event.register("numba:compile", _compiling)  # type: ignore[no-untyped-call]


def stopwatch() -> float:
    """Return seconds since some moment, those of compiling left out."""
    since, before = _compiling.state
    return (time.monotonic() if since is None else since) - before
