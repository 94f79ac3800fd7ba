"""What an objective cannot take is refused by name, never silently left out of the model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quarterhour.data.faults import FaultLog

from .arrays import Floats
from .problem import SitingProblem


def refuse_rules(problem: SitingProblem, kind: str, *, floors: bool = False) -> None:
    """Raise where ``problem`` holds a rule that belongs to maximum coverage alone.

    Parameters
    ----------
    problem
        The problem.
    kind
        Name of the objective, for the message.
    floors
        Whether the objective takes floors of coverage.

    Raises
    ------
    InputFaults
        Naming each such rule: several years, circle rewards, kept outlets, floors.
    """
    log = FaultLog()
    found = {
        "plan.years": problem.n_years > 1,
        "plan.circle_reward": bool((problem.circle_weight > 0).any()),
        "plan.keep": problem.keep_weight > 0 and bool(problem.previous.any()),
        "plan.floors": bool(problem.floors) and not floors,
    }
    for option, there in found.items():
        if there:
            log.add("siting_objective_rule", column=option, value=kind)
    log.raise_if_any()


def need_impedance(problem: SitingProblem, kind: str) -> None:
    """Raise `InputFaults` where the walking costs that an objective needs are missing."""
    if not problem.impedance:
        log = FaultLog()
        log.add("siting_needs_impedance", column="impedance", value=kind)
        log.raise_if_any()


def number_between(name: str, value: float, low: float, high: float) -> float:
    """Return ``value``, or raise `InputFaults` where it is not within [low, high]."""
    if not low <= value <= high:
        log = FaultLog()
        log.add("siting_option_range", column=name, value=value, low=low, high=high)
        log.raise_if_any()
    return value


def by_pair(name: str, values: npt.ArrayLike, problem: SitingProblem) -> Floats:
    """Return one number, (m,) or (m, K) as (m, K), none negative; else raise `InputFaults`."""
    return _spread(name, values, problem.allowed.shape)


def by_demand(name: str, values: npt.ArrayLike, problem: SitingProblem) -> Floats:
    """Return one number, (n,) or (n, K) as (n, K), none negative; else raise `InputFaults`."""
    return _spread(name, values, problem.covered.shape)


def _spread(name: str, values: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    log = FaultLog()
    spread = array[:, None] if array.ndim == 1 else array
    if spread.ndim > 2 or any(s not in (1, t) for s, t in zip(spread.shape, shape, strict=False)):
        log.add("siting_shape", column=name, value=array.shape, shape=str(shape))
        log.raise_if_any()
    full = np.broadcast_to(spread, shape)
    wrong = full[np.isnan(full) | (full < 0)]
    if len(wrong):
        log.add("siting_number", column=name, value=wrong[0], count=len(wrong), least=0)
    log.raise_if_any()
    return np.ascontiguousarray(full)
