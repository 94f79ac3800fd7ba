"""CBC through PuLP: warm start, the bound from its log, and an interruption that keeps the best."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pulp

from .model import CoverageModel
from .solvers import Ended, Outcome, Request, raise_failed

#: Seconds between two looks at the clock and the keyboard.
_POLL = 0.1

#: Seconds CBC gets to write its best solution, and how often it is asked to stop meanwhile.
_GRACE, _ASKED = 12.0, 4

_NUMBER = r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"

#: What CBC prints for a bound it does not have: 1e+50 of either sign.
_NONE = 1e49

#: What CBC 2.10 prints where its preprocessing lost part of the objective: what it then claims to
#: be the best may be neither the best nor a bound.
_LOST = "Postprocessing changed objective"

#: CBC prints its bounds with three decimals: half a unit of the last one is added.
_ROUNDING = 0.0005


def cbc_path() -> str | None:
    """Return the CBC bundled with PuLP, else one on the PATH, else None."""
    bundled = getattr(pulp.PULP_CBC_CMD, "pulp_cbc_path", "")
    return shutil.which(bundled) or shutil.which("cbc")


@dataclass(frozen=True, slots=True)
class Cbc:
    """The CBC program at ``path``."""

    path: str

    @property
    def name(self) -> str:
        """Name and version, as its banner says."""
        command = [self.path, "-quit"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own solver
        version = re.search(r"Version: (\S+)", run.stdout)
        return f"CBC {version[1]}" if version else "CBC"

    def solve(self, model: CoverageModel, request: Request) -> Outcome:
        """Solve in place; see `solvers.Solver`."""
        run = _PulpCbc(self.path, request, started=model.started())
        model.lp.solve(run)
        return run.outcome


class _PulpCbc(pulp.COIN_CMD):  # type: ignore[misc]
    """PuLP's CBC, with its log kept and a run that can be stopped."""

    def __init__(self, path: str, request: Request, *, started: bool) -> None:
        super().__init__(path=path, msg=False)
        self.request = request
        self.started = started
        self.outcome = Outcome("time_limit")

    def actualSolve(self, lp: pulp.LpProblem) -> int:  # noqa: N802 - PuLP's name
        """Write the model, run CBC on it, read solution and bound."""
        with tempfile.TemporaryDirectory(prefix="quarterhour-") as folder:
            return self._solve_in(Path(folder), lp)

    def _solve_in(self, folder: Path, lp: pulp.LpProblem) -> int:
        model, solution, start = folder / "model.mps", folder / "best.sol", folder / "start.mst"
        names = lp.writeMPS(str(model), rename=1)
        self.started = self.started and _start_is_safe(lp)
        if self.started:
            self.writesol(str(start), lp, *names[:3])
        paths, began = (model, solution, start), time.monotonic()
        log, interrupted = self._run(self._command(*paths), folder / "log.txt")
        left = self.request.seconds - (time.monotonic() - began)
        if _LOST in log and not interrupted and left > 0:
            command = self._command(*paths, seconds=left, preprocess="off")
            log, interrupted = self._run(command, folder / "again.txt")
        if not solution.exists():
            if not interrupted:
                raise_failed("CBC", log[-300:])
            self.outcome = Outcome("interrupted", bound_in(log))
            return int(pulp.LpStatusNotSolved)
        return self._read(lp, solution, names, log, interrupted=interrupted)

    def _command(
        self, model: Path, solution: Path, start: Path, seconds: float | None = None, **more: str
    ) -> list[str]:
        request = self.request
        limit = request.seconds if seconds is None else seconds
        options = more | {
            "mips": str(start) if self.started else "",
            "sec": f"{max(limit, 0.01):.2f}",
            "ratio": f"{request.gap}",
            "threads": str(request.threads) if request.threads > 1 else "",
            "randomSeed": str(request.seed + 1),  # 0 would mean: by the clock
            "randomCbcSeed": str(request.seed + 1),
            "timeMode": "elapsed",
        }
        words = [word for key, value in options.items() if value for word in (f"-{key}", value)]
        return [
            *(self.path, str(model), "-max", *words),
            *("-solve", "-printingOptions", "all", "-solution", str(solution)),
        ]

    def _run(self, command: list[str], log: Path) -> tuple[str, bool]:
        """Run CBC; return its log and whether it was interrupted."""
        began, interrupted = time.monotonic(), False
        with log.open("w") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)  # noqa: S603
            try:
                while process.poll() is None:
                    seconds = int(min(time.monotonic() - began, self.request.seconds))
                    self.request.progress("plan_solve", seconds, int(self.request.seconds))
                    _wait(process, _POLL)
            except KeyboardInterrupt:
                interrupted = True
            finally:
                _stop(process)
        return log.read_text(errors="replace"), interrupted

    def _read(
        self,
        lp: pulp.LpProblem,
        solution: Path,
        names: tuple[object, ...],
        log: str,
        *,
        interrupted: bool,
    ) -> int:
        head = solution.read_text().splitlines()[0]
        ended = _ended(head, interrupted=interrupted)
        status, values, *_, quality = self.readsol_MPS(str(solution), lp, *names[:3])
        found = quality in {pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible}
        if found:
            lp.assignVarsVals(values)
        lp.assignStatus(status, quality)
        lost = _LOST in log and ended == "finished"
        self.outcome = Outcome("time_limit" if lost else ended, bound_in(log))
        return int(status)


def _start_is_safe(lp: pulp.LpProblem) -> bool:
    """Whether CBC reads the start's objective rightly: 2.10 forgets its sign under ``-max``.

    A start worth −5 becomes a cut-off of −5 in the minimisation it solves, which cuts off every
    better plan worth −4; one worth 5 only fails to cut off anything.
    """
    return bool((pulp.value(lp.objective) or 0.0) >= 0)


def _ended(head: str, *, interrupted: bool) -> Ended:
    """Return how the run ended from the first line of the solution file."""
    if head.startswith(("Infeasible", "Integer infeasible")):
        return "infeasible"
    if head.startswith("Optimal"):
        return "finished"
    return "interrupted" if interrupted else "time_limit"


def bound_in(log: str) -> float | None:
    """Return the upper bound that a log of CBC states for a maximisation, or None.

    In order of strength: the proven optimum, the bound of the result, the bound of the last
    progress line (negated, CBC minimises), the value of the relaxation; the last alone where
    preprocessing lost part of the objective.
    """
    relaxed = _last("Continuous objective value is ", log)
    if _LOST in log:
        return None if relaxed is None else relaxed + _ROUNDING
    if "Result - Optimal solution found\n" in log:
        return _last(r"Objective value:\s+", log)
    stated = _last(r"Upper bound:\s+", log)
    possible = _last("best possible ", log)
    for bound in (stated, None if possible is None else -possible, relaxed):
        if bound is not None and abs(bound) < _NONE:
            return bound + _ROUNDING
    return None


def _last(words: str, log: str) -> float | None:
    """Return the last number that follows ``words``, or None."""
    found = re.findall(words + _NUMBER, log)
    return float(found[-1]) if found else None


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask CBC to stop and write its best; end it if it does not."""
    if process.poll() is not None:
        return
    for _ in range(_ASKED if sys.platform != "win32" else 0):
        process.send_signal(signal.SIGINT)  # it is deaf to it while it reads the model
        _wait(process, _GRACE / _ASKED)
    if process.poll() is None:
        process.kill()
        process.wait()
