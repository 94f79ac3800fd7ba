"""Time, interruption and threads of a search: who works, until when, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from quarterhour.data.progress import Progress, silent

from .stopwatch import stopwatch

#: Seconds between two looks at the keyboard.
_POLL = 0.1


class Clock:
    """When a search must end.

    Parameters
    ----------
    seconds
        Wall time allowed, s.
    progress
        Told of task ``plan_solve`` in seconds; may raise KeyboardInterrupt to end the search.

    Attributes
    ----------
    interrupted
        Whether it did.
    """

    def __init__(self, seconds: float, progress: Progress = silent) -> None:
        self.began = stopwatch()
        self.seconds = seconds
        self.interrupted = False
        self._progress = progress
        self._failed: list[BaseException] = []

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return stopwatch() - self.began

    @property
    def left(self) -> float:
        """Seconds left, not below 0."""
        return max(self.seconds - self.spent, 0.0)

    @property
    def over(self) -> bool:
        """Whether to stop now."""
        return self.interrupted or bool(self._failed) or self.spent >= self.seconds

    def tell(self) -> None:
        """Tell how far it is; note an interruption."""
        try:
            self._progress("plan_solve", min(int(self.spent), int(self.seconds)), int(self.seconds))
        except KeyboardInterrupt:
            self.interrupted = True

    def tell_only(self, task: str, done: int, total: int) -> None:  # noqa: ARG002 - a `Progress`
        """Pass news of a part of the work on as news of the whole; raise where interrupted."""
        self._progress("plan_solve", min(int(self.spent), int(self.seconds)), int(self.seconds))

    def work(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Run the jobs on threads of their own to their ends, watching the keyboard meanwhile.

        Raises
        ------
        BaseException
            What a job raised, once all have ended.
        """
        threads = [threading.Thread(target=self._guarded, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self._watch(threads)
        if self._failed:
            raise self._failed[0]

    def _watch(self, threads: Sequence[threading.Thread]) -> None:
        try:
            self.tell()
            for thread in threads:
                thread.join(_POLL / len(threads))
        except KeyboardInterrupt:
            self.interrupted = True

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            self._failed.append(error)
