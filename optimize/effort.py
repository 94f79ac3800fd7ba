"""How hard a siting run tries: solver, clock, gap and seed, the same words for every objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from quarterhour.data.faults import FaultLog
from quarterhour.data.progress import Progress, silent

from .arrays import Bools
from .model import CoverageModel
from .plan import Sense
from .solvers import Outcome, Request, Solver, choose_solver
from .stopwatch import stopwatch

#: The solver is asked for a little less than the gap wanted, so that rounding does not spoil it.
GAP_SHARE = 0.999

#: Longest time limit, s: a year.
LONGEST = 31_536_000

#: More threads than any machine has.
_MOST_THREADS = 4_096


class Clock(TypedDict, total=False):
    """How long and how exactly: what is handed on to a further step of the same run.

    Attributes
    ----------
    time_limit
        Wall time for everything, s, 0 … `LONGEST` (60); compiling at first use is not counted.
    gap
        Relative gap |bound − objective| / objective at which to stop, 0 … 1 (1e-4).
    seed, threads
        For search and solver (0, 2); at least one thread.
    progress
        Told of task ``plan_solve`` in seconds; may raise KeyboardInterrupt to stop and keep the
        best plan found.
    """

    time_limit: float
    gap: float
    seed: int
    threads: int
    progress: Progress


class Effort(Clock, total=False):
    """Options that every objective takes, with the defaults of `plan_max_coverage`.

    Attributes
    ----------
    solver
        ``highs`` (default), ``cbc``, or the name of another solver PuLP knows.
    """

    solver: str


@dataclass(frozen=True, slots=True)
class Run:
    """One call: what it was asked for, and when it began."""

    solver: Solver
    time_limit: float
    gap: float
    seed: int
    threads: int
    progress: Progress
    began: float

    @classmethod
    def begin(cls, effort: Effort) -> Run:
        """Return the run that starts now.

        Raises
        ------
        InputFaults
            If the solver is unknown or missing, or a number is out of range.
        """
        time_limit, gap = effort.get("time_limit", 60.0), effort.get("gap", 1e-4)
        threads = effort.get("threads", 2)
        check_clock(time_limit, gap, threads)
        return cls(
            solver=choose_solver(effort.get("solver", "highs")),
            time_limit=time_limit,
            gap=gap,
            seed=effort.get("seed", 0),
            threads=threads,
            progress=effort.get("progress", silent),
            began=stopwatch(),
        )

    def seconds(self) -> float:
        """Return the wall time used, s, compiling left out."""
        return stopwatch() - self.began

    def left(self) -> float:
        """Return the wall time left, s; negative when it is over."""
        return self.time_limit - self.seconds()

    def tell(self) -> None:
        """Tell how far the run is; raises KeyboardInterrupt where it is to stop."""
        whole = int(self.time_limit)
        self.progress("plan_solve", min(int(self.seconds()), whole), whole)

    def request(self, *, gap: float | None = None, share: float = 1.0) -> Request:
        """Return a request to the solver for a share of the time left."""
        wanted = GAP_SHARE * self.gap if gap is None else gap
        seconds = max(share * self.left(), 0.01)
        return Request(seconds, wanted, self.seed, self.threads, self.progress)

    def solve(
        self, model: CoverageModel, *, gap: float | None = None, share: float = 1.0
    ) -> tuple[Bools, Outcome]:
        """Solve a model in place; return what it opens (q,) and how the run ended."""
        outcome = self.solver.solve(model, self.request(gap=gap, share=share))
        return model.chosen(), outcome

    def clock(self) -> Clock:
        """Return the options for a further call within the time left."""
        return Clock(
            time_limit=max(self.left(), 0.01),
            gap=self.gap,
            seed=self.seed,
            threads=self.threads,
            progress=self.progress,
        )


def check_clock(time_limit: float = 0.0, gap: float = 0.0, threads: int = 1) -> None:
    """Raise `InputFaults` naming each that is no number or out of the range `Clock` states."""
    log = FaultLog()
    for name, value, low, high in (
        ("time_limit", time_limit, 0, LONGEST),
        ("gap", gap, 0, 1),
        ("threads", threads, 1, _MOST_THREADS),
    ):
        number = isinstance(value, (int, float, np.integer, np.floating))
        if not number or not low <= value <= high:
            log.add("siting_option_range", column=name, value=value, low=low, high=high)
    log.raise_if_any()


def tighter(first: float, second: float | None, sense: Sense) -> float:
    """Return the stronger of two bounds; None is no bound."""
    if second is None:
        return first
    return min(first, second) if sense == "max" else max(first, second)
