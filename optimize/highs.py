"""HiGHS through PuLP: warm start, true dual bound, and an interruption that keeps the best plan."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pulp

from .arrays import Floats
from .model import CoverageModel
from .solvers import Ended, Outcome, Request

#: Seconds between two looks at the clock and the keyboard.
_POLL = 0.1

#: Relative difference of two sums of the same terms that is arithmetic noise.
_ROUNDING = 1e-7

#: Seconds past its limit after which it is told to stop.
_LATE = 0.2


def highs_installed() -> bool:
    """Whether the Python package highspy is there."""
    return find_spec("highspy") is not None


def _highspy() -> Any:
    """Return the module, imported only when used: other solvers do without it."""
    return import_module("highspy")


@cache
def _silent() -> Any:
    """Return HiGHS' class without the banner that newer ones print while they are being made."""

    class Silent(_highspy().Highs):  # type: ignore[misc]
        def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS' name; called by its __init__
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    return Silent


@dataclass(frozen=True, slots=True)
class Highs:
    """The HiGHS solver of the package highspy."""

    @property
    def name(self) -> str:
        """Name and version."""
        return f"HiGHS {_silent()().version()}"

    def solve(self, model: CoverageModel, request: Request) -> Outcome:
        """Solve in place; see `solvers.Solver`."""
        run = _PulpHighs(request, model.started())
        model.lp.solve(run)
        return run.outcome


class _PulpHighs(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS, with rows handed over in bulk, a start, and a run that can be stopped."""

    def __init__(self, request: Request, started: bool) -> None:
        super().__init__(msg=False)
        self.request = request
        self.started = started
        self.columns: list[pulp.LpVariable] = []
        self.outcome = Outcome("time_limit")

    def createAndConfigureSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802 - PuLP's name
        """Make the solver and tell it how hard to try."""
        lp.solverModel = _silent()()
        options = {
            "mip_rel_gap": self.request.gap,
            "threads": self.request.threads,
            "time_limit": max(self.request.seconds, 0.01),
            "random_seed": self.request.seed,
        }
        for name, value in options.items():
            lp.solverModel.setOptionValue(name, value)

    def buildSolverModel(self, lp: pulp.LpProblem) -> None:  # noqa: N802 - PuLP's name
        """Hand the whole model to HiGHS at once; PuLP's own adds it row by row."""
        highspy = _highspy()

        self.columns = variables = lp.variables()
        for number, variable in enumerate(variables):
            variable.index = number
        lp.solverModel.passModel(_highs_lp(highspy, lp, variables))
        if self.request.cutoff is not None:
            lp.solverModel.setOptionValue("objective_bound", -self.request.cutoff)
        if self.request.enough is not None:
            lp.solverModel.setOptionValue("objective_target", -self.request.enough)
        if self.started:
            solution = highspy.HighsSolution()
            solution.col_value = [float(v.varValue or 0.0) for v in variables]
            lp.solverModel.setSolution(solution)

    def callSolver(self, lp: pulp.LpProblem) -> None:  # noqa: N802 - PuLP's name
        """Run; once more without the start where HiGHS gives that back for what it found."""
        solver = lp.solverModel
        interrupted = self._run(solver)
        if self.started and not interrupted and _another_was_found(solver):
            solver.clearSolver()
            interrupted = self._run(solver)
        self.outcome = _outcome(_highspy(), solver, interrupted=interrupted)

    def _run(self, solver: Any) -> bool:
        """Run on a thread, watch clock and keyboard from here; return whether interrupted."""
        _highspy().Highs.resetGlobalScheduler(True)  # its threads may differ
        solver.HandleUserInterrupt = True
        began, interrupted = time.monotonic(), False
        solver.startSolve()
        try:
            while not solver.wait(_POLL)[0]:
                _tell(self.request, time.monotonic() - began)
                if time.monotonic() - began > self.request.seconds + _LATE:
                    break  # it does not look at its own clock everywhere: it is cancelled below
        except KeyboardInterrupt:
            interrupted = True
        finally:
            solver.cancelSolve()
            solver.wait()
        return interrupted

    def findSolutionValues(self, lp: pulp.LpProblem) -> tuple[int, int]:  # noqa: N802
        """Set the variables to the best solution; where there is none, leave them."""
        if self.outcome.ended == "infeasible":
            return pulp.LpStatusInfeasible, pulp.LpSolutionInfeasible
        solution = lp.solverModel.getSolution()
        if not solution.value_valid:
            return pulp.LpStatusNotSolved, pulp.LpSolutionNoSolutionFound
        for variable, value in zip(self.columns, solution.col_value, strict=True):
            variable.varValue = value
        proven = self.outcome.ended == "finished"
        quality = pulp.LpSolutionOptimal if proven else pulp.LpSolutionIntegerFeasible
        return pulp.LpStatusOptimal, quality


def _another_was_found(solver: Any) -> bool:
    """Whether the solution HiGHS hands back is worth less than the best it says it has found.

    HiGHS 1.16 does so where presolving improves the start's continuous variables.
    """
    solution = solver.getSolution()
    if not solution.value_valid:
        return False
    value = float(np.dot(solver.getLp().col_cost_, solution.col_value))
    claimed = float(solver.getInfo().objective_function_value)
    return value - claimed > _ROUNDING * (1 + abs(claimed))


def _tell(request: Request, seconds: float) -> None:
    request.progress("plan_solve", min(int(seconds), int(request.seconds)), int(request.seconds))


def _highs_lp(highspy: Any, lp: pulp.LpProblem, variables: list[pulp.LpVariable]) -> Any:
    """Return the PuLP model as a HighsLp, rows stored row-wise, to be minimised."""
    sign = -1.0 if lp.sense == pulp.LpMaximize else 1.0
    rows = list(lp._constraints.values())  # noqa: SLF001 - `constraints` warns on every use
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(variables), len(rows)
    model.col_cost_ = np.array([sign * lp.objective.get(v, 0.0) for v in variables])
    model.col_lower_ = _bounds([v.lowBound for v in variables], -highspy.kHighsInf)
    model.col_upper_ = _bounds([v.upBound for v in variables], highspy.kHighsInf)
    model.row_lower_ = _bounds([row.getLb() for row in rows], -highspy.kHighsInf)
    model.row_upper_ = _bounds([row.getUb() for row in rows], highspy.kHighsInf)
    model.integrality_ = [
        highspy.HighsVarType.kInteger
        if v.cat == pulp.LpInteger
        else highspy.HighsVarType.kContinuous
        for v in variables
    ]
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32)
    matrix.index_ = np.array([v.index for row in rows for v in row], dtype=np.int32)
    matrix.value_ = np.array([value for row in rows for value in row.values()], dtype=np.float64)
    return model


def _bounds(values: list[float | None], missing: float) -> Floats:
    return np.array([missing if value is None else value for value in values], dtype=np.float64)


def _outcome(highspy: Any, solver: Any, *, interrupted: bool) -> Outcome:
    status = solver.getModelStatus()
    kinds = highspy.HighsModelStatus
    if status in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
        return Outcome("infeasible")
    ended: Ended = "finished" if status == kinds.kOptimal else "time_limit"
    info = solver.getInfo()
    bound = -info.mip_dual_bound  # the model is handed over as a minimisation
    if info.mip_node_count < 0:  # no whole variable: HiGHS leaves that bound at 0
        bound = -info.objective_function_value if ended == "finished" else np.inf
    known = float(bound) if np.isfinite(bound) else None
    if interrupted and ended != "finished":
        ended = "interrupted"
    return Outcome(ended, known)
