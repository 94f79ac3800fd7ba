"""A plan around what is decided, in the background: progress, cancel, and a result to take."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from quarterhour.cli.plan_problem import base_circles, study_problem
from quarterhour.cli.study_run import StudyRun
from quarterhour.data.faults import Fault, InputFaults
from quarterhour.optimize.plan import Plan
from quarterhour.optimize.problem import SitingProblem
from quarterhour.optimize.solve import plan_max_coverage

from .edits import EditRefused, Propose, Proposed
from .world import Base, Situation

State = Literal["idle", "running", "done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How a replanning stands.

    Attributes
    ----------
    state
        Where it is.
    scenario
        For which scenario.
    share
        Of the time limit used, 0-1.
    facts
        Proof of the plan: status, objective, bound, gap, solver.
    faults
        Why there is no plan.
    """

    state: State = "idle"
    scenario: str = ""
    share: float = 0.0
    facts: dict[str, Any] | None = None
    faults: tuple[Fault, ...] = ()


class Replanner:
    """Plans one scenario at a time on a thread of its own."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.progress = Progress()
        self._cancel = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(
        self, scenario: str, now: Situation, outlets: int | None, take: Callable[[Propose], None]
    ) -> None:
        """Begin a plan around a situation; ``take`` is given its sites.

        Raises
        ------
        EditRefused
            If a plan is being made already.
        """
        with self._lock:
            if self.progress.state == "running":
                raise EditRefused("planning_already", self.progress.scenario)
            self._cancel.clear()
            self.progress = Progress("running", scenario)
        self._thread = threading.Thread(
            target=self._work, args=(scenario, now, outlets, take), daemon=True
        )
        self._thread.start()

    def cancel(self) -> None:
        """Ask the plan that is being made to stop."""
        self._cancel.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the plan is made or stopped."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _work(
        self, scenario: str, now: Situation, outlets: int | None, take: Callable[[Propose], None]
    ) -> None:
        try:
            sites, facts = self._plan(now, outlets)
            take(Propose(sites=sites, note=str(facts["status"])))
            self.progress = Progress("done", scenario, 1.0, facts)
        except KeyboardInterrupt:
            self.progress = Progress("cancelled", scenario)
        except InputFaults as wrong:
            self.progress = Progress("failed", scenario, faults=wrong.faults)
        except Exception:  # the page must learn of it; the trace is for the server's window
            self.progress = Progress("failed", scenario)
            raise

    def _tell(self, task: str, done: int, total: int) -> None:
        """Take the solver's progress; an interrupt from here stops it."""
        del task
        if self._cancel.is_set():
            raise KeyboardInterrupt
        self.progress = replace(self.progress, share=done / max(total, 1))

    def _plan(
        self, now: Situation, outlets: int | None
    ) -> tuple[tuple[Proposed, ...], dict[str, Any]]:
        run, problem, decided = self._problem(now, outlets)
        options = run.config.plan
        plan = plan_max_coverage(
            problem, solver=options.solver, time_limit=options.time_limit, gap=options.gap,
            seed=options.seed, threads=options.threads, progress=self._tell,
        )  # fmt: skip
        if plan.status == "interrupted" or self._cancel.is_set():
            raise KeyboardInterrupt
        if not plan.found:
            raise InputFaults(plan.conflicts or [Fault("siting_infeasible", column="plan")])
        return _proposed(run, problem, plan, decided), _facts(plan)

    def _problem(
        self, now: Situation, outlets: int | None
    ) -> tuple[StudyRun, SitingProblem, set[str]]:
        """Return the siting problem with accepted sites fixed and rejected ones forbidden."""
        base = self.base
        undecided = replace(now, accepted=set())
        network = base.network(tuple(now.barriers.values()), tuple(now.footways.values()))
        run = base.on(network, base.outlets(undecided))
        vars(run)["candidates"] = base.run.candidates
        if outlets is not None:
            plan = run.config.plan.model_copy(update={"outlets": outlets})
            run.config = run.config.model_copy(update={"plan": plan})
        problem = study_problem(run, base_circles(run, run.ground), run.ground)
        place = {str(name): row for row, name in enumerate(problem.candidate_ids)}
        allowed, fixed = problem.allowed.copy(), problem.fixed.copy()
        for name in now.rejected | now.accepted:
            site = now.sites[name]
            if site.candidate in place and site.type in problem.types:
                spot = place[site.candidate], problem.types.index(site.type)
                allowed[spot] = fixed[spot] = name in now.accepted
        return run, replace(problem, allowed=allowed, fixed=fixed), now.accepted | now.rejected


def _proposed(
    run: StudyRun, problem: SitingProblem, plan: Plan, decided: set[str]
) -> tuple[Proposed, ...]:
    """Return the plan's sites that are not decided upon yet."""
    table = run.ground.table
    sites = []
    for chosen in plan.chosen:
        row = table.iloc[chosen.candidate]
        kind = problem.types[chosen.type]
        name = f"{row['id']}:{kind}"
        if name in decided:
            continue
        gap = ~problem.covered[:, chosen.type] & ~problem.unknown[:, chosen.type]
        cover = problem.covers[chosen.type][:, [chosen.candidate]].toarray().ravel() > 0
        newly = float(problem.residents[np.asarray(cover & gap)].sum())
        sites.append(
            Proposed(
                id=name, candidate=str(row["id"]), type=kind, name=str(row["name"]),
                at=(row.geometry.x, row.geometry.y), newly_covered=newly,
            )
        )  # fmt: skip
    return tuple(sites)


def _facts(plan: Plan) -> dict[str, Any]:
    return {
        "status": plan.status,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap if np.isfinite(plan.gap) else None,
        "solver": plan.solver,
        "seconds": round(plan.seconds, 2),
        "outlets": sum(chosen.count for chosen in plan.chosen),
    }
