"""The parts of a decomposed plan as tasks: solved here, in processes side by side, or on a cluster.

A task is a pure function of what it carries and is given one thread, so that its answer is the
same wherever it is found.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context

import numpy as np

from .arrays import Bools
from .effort import Run
from .model import coverage_model
from .openings import Openings
from .solvers import Request, choose_solver

#: Seconds between two looks at the keyboard while others work.
_POLL = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class PartTask:
    """One part at some prices, ready to be solved anywhere."""

    openings: Openings
    solver: str
    request: Request


@dataclass(frozen=True, slots=True, eq=False)
class PartAnswer:
    """The best plan of a part (q_part,), and a bound on its worth at the prices, None unproven."""

    chosen: Bools
    bound: float | None


def solve_part(task: PartTask) -> PartAnswer:
    """Solve one part; what a worker does, whichever process it lives in."""
    openings = task.openings
    model = coverage_model(openings)
    outcome = choose_solver(task.solver).solve(model, task.request)
    chosen = model.chosen()
    if not openings.feasible(chosen):
        chosen = np.zeros(openings.count, dtype=bool)
    return PartAnswer(chosen, outcome.bound)


def answers_of(tasks: Sequence[PartTask], run: Run, executor: Executor | None) -> list[PartAnswer]:
    """Return the answers in the order of the tasks; without an executor they are found here.

    Raises
    ------
    KeyboardInterrupt
        If ``run.progress`` raises it; what has not begun is cancelled.
    """
    if executor is None:
        return [solve_part(task) for task in tasks]
    futures = [executor.submit(solve_part, task) for task in tasks]
    try:
        while wait(futures, timeout=_POLL).not_done:
            run.tell()
    except KeyboardInterrupt:
        for future in futures:
            future.cancel()
        raise
    return [future.result() for future in futures]


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """Yield an executor of so many processes, started when the first task comes.

    They are ended with the context, at once and without waiting for what they still compute.
    """
    before = set(active_children())
    pool = ProcessPoolExecutor(count, get_context("spawn"), initializer=_leave_interrupts)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(active_children()) - before:
            child.terminate()


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the parent: a terminal sends it to every process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
