"""The solvers a study may name, and what each reports: never a bound it has not proven.

PuLP's ``status`` says "Optimal" for a run stopped by the clock as well, so it is not read here.
`highs` and `cbc` take the dual bound from the solver itself; of any other solver PuLP knows only
``sol_status`` is trusted, and only when the run ended well before its time limit.
"""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pulp

from quarterhour.data.faults import FaultLog
from quarterhour.data.progress import Progress, silent

from .model import CoverageModel

Ended = Literal["finished", "time_limit", "interrupted", "infeasible"]

#: A run that used this share of its time limit may have been stopped by it.
_STOPPED_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Request:
    """How hard to try.

    Attributes
    ----------
    seconds, gap
        Time left, s, and relative gap at which to stop.
    seed, threads
        Of the solver.
    progress
        Told of the time; may raise KeyboardInterrupt to stop.
    cutoff
        Only objectives above this matter: HiGHS need not look at others, and what it proves is
        min(bound, cutoff) for them. Other solvers ignore it.
    enough
        Objective at which HiGHS may stop, however much better there is. Other solvers ignore it.
    """

    seconds: float
    gap: float
    seed: int = 0
    threads: int = 2
    progress: Progress = silent
    cutoff: float | None = None
    enough: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes
    ----------
    ended
        ``finished`` = the solver itself claims the gap asked for.
    bound
        Upper bound on the model's objective, or None where the solver has none.
    """

    ended: Ended
    bound: float | None = None


class Solver(Protocol):
    """Solves a `CoverageModel` from the values its variables hold (a warm start, or None)."""

    @property
    def name(self) -> str:
        """Name and version."""

    def solve(self, model: CoverageModel, request: Request) -> Outcome:
        """Solve in place: the best solution found stands in the variables afterwards."""


def choose_solver(name: str) -> Solver:
    """Return the solver called ``name``: ``highs``, ``cbc``, or any name PuLP knows.

    Raises
    ------
    InputFaults
        If PuLP does not know it, or it is not installed; with the ways out.
    """
    from .cbc import Cbc, cbc_path  # noqa: PLC0415 - both modules need the protocol above
    from .highs import Highs, highs_installed  # noqa: PLC0415 - as above

    plain = name.lower()
    if plain == "highs" and highs_installed():
        return Highs()
    if plain == "cbc" and (path := cbc_path()):
        return Cbc(path)
    known = {solver.lower(): solver for solver in pulp.listSolvers()}
    if plain in known and plain != "highs":
        solver = OtherSolver(known[plain])
        if solver.available():
            return solver
    _refuse(name, known=plain in {"cbc", *known})
    raise AssertionError  # _refuse always raises


def available_solvers() -> tuple[str, ...]:
    """Return the names that `choose_solver` accepts on this machine."""
    from .cbc import cbc_path  # noqa: PLC0415 - as in `choose_solver`
    from .highs import highs_installed  # noqa: PLC0415 - as in `choose_solver`

    ours = [("highs", highs_installed()), ("cbc", bool(cbc_path()))]
    others = [s for s in pulp.listSolvers(onlyAvailable=True) if s not in _OURS]
    return (*(name for name, there in ours if there), *others)


#: Names under which PuLP lists the two solvers that have modules of their own.
_OURS = frozenset({"HiGHS", "PULP_CBC_CMD", "COIN_CMD"})


def _refuse(name: str, *, known: bool) -> None:
    log = FaultLog()
    code = "solver_missing" if known else "solver_unknown"
    log.add(code, column="plan.solver", value=name, available=", ".join(available_solvers()))
    log.raise_if_any()


@dataclass(frozen=True, slots=True)
class OtherSolver:
    """Any solver PuLP has an interface to, e.g. ``GUROBI`` or ``CPLEX_PY``."""

    name: str

    def available(self) -> bool:
        """Whether PuLP finds it on this machine."""
        return bool(self._make({"msg": False}).available())

    def solve(self, model: CoverageModel, request: Request) -> Outcome:
        """Solve in place; the bound follows from the gap asked for where the solver claims it."""
        options = {
            "msg": False,
            "timeLimit": request.seconds,
            "gapRel": request.gap,
            "threads": request.threads,
            "warmStart": model.started(),
        }
        started = time.monotonic()
        try:
            model.lp.solve(self._make(options))
        except KeyboardInterrupt:
            return Outcome("interrupted")
        except pulp.PulpError as error:
            raise_failed(self.name, str(error))
        return self._outcome(model, request, time.monotonic() - started)

    def _outcome(self, model: CoverageModel, request: Request, seconds: float) -> Outcome:
        if model.lp.status == pulp.LpStatusInfeasible:
            return Outcome("infeasible")
        early = seconds < _STOPPED_SHARE * request.seconds
        if model.lp.sol_status == pulp.LpSolutionOptimal and early:
            value = float(pulp.value(model.lp.objective) or 0.0)
            return Outcome("finished", value + abs(value) * request.gap / (1 - request.gap))
        return Outcome("time_limit")

    def _make(self, options: dict[str, Any]) -> Any:
        cls = next(c for c in _solver_classes() if c.name == self.name)
        known = inspect.signature(cls.__init__).parameters
        given = {"_skip_v4_deprecation": True} | options  # chosen by name, so the hint is no help
        return cls(**{key: value for key, value in given.items() if key in known})


def _solver_classes() -> list[Any]:
    names = (getattr(pulp.apis, name) for name in dir(pulp.apis))
    return [c for c in names if inspect.isclass(c) and isinstance(getattr(c, "name", None), str)]


def raise_failed(name: str, message: str) -> None:
    """Raise `InputFaults`: the solver broke off with an error of its own."""
    log = FaultLog()
    log.add("solver_failed", column="plan.solver", value=name, said=message)
    log.raise_if_any()
