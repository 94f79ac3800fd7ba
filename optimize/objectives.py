"""What a plan may aim at: every objective by name, what it needs, and one door to all of them.

``solve_objective("fewest", problem, {"share": 0.9}, time_limit=30)`` calls
`fewest.plan_fewest` with these options. Names, units and one-line explanations are in the word
catalogue under ``objectives.<name>.name``, ``.unit`` and ``.about``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Unpack

from quarterhour.coverage.decay import (
    Decay,
    ExponentialDecay,
    GaussianDecay,
    LinearDecay,
    PowerDecay,
    StepDecay,
)
from quarterhour.data.faults import FaultLog
from quarterhour.data.text import DEFAULT_LANGUAGE, tr

from .effort import Effort
from .option_kinds import check_kinds
from .plan import Plan, Sense
from .problem import SitingProblem


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective.

    Attributes
    ----------
    name
        As in ``[plan] objective`` and `Plan.objective_kind`.
    sense
        Whether more or less is better.
    function
        Module and function in this package, ``"module:function"``.
    options
        Keyword options of the function.
    required
        Those of them that must be given.
    impedance
        Whether the problem must hold walking costs.
    rules
        Whether it takes all rules of a plan (years, floors, circles, kept outlets); the others
        refuse them by name.
    """

    name: str
    sense: Sense
    function: str
    options: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    impedance: bool = False
    rules: bool = False

    def resolve(self) -> Callable[..., Plan]:
        """Return the function."""
        module, _, function = self.function.partition(":")
        found: Callable[..., Plan] = getattr(import_module(f"{__package__}.{module}"), function)
        return found

    def label(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return its name in words."""
        return tr(f"objectives.{self.name}.name", language)

    def unit(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return the unit of `Plan.objective` in words."""
        return tr(f"objectives.{self.name}.unit", language)

    def about(self, language: str = DEFAULT_LANGUAGE) -> str:
        """Return what it does, as a sentence."""
        return tr(f"objectives.{self.name}.about", language)


_MARKET = ("decay", "existing", "attraction")

#: Every objective, by name, in the order in which they are offered.
OBJECTIVES: Mapping[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective("coverage", "max", "solve:plan_max_coverage", ("by_parts",), rules=True),
        Objective("fewest", "min", "fewest:plan_fewest", ("share", "each", "price", "strict")),
        Objective(
            "capacitated",
            "max",
            "capacitated:plan_capacitated",
            ("capacity", "existing", "split", "least_load"),
            required=("capacity",),
        ),
        Objective(
            "fewest_capacitated",
            "min",
            "capacitated:plan_fewest_capacitated",
            ("capacity", "share", "existing", "split", "price"),
            required=("capacity",),
        ),
        Objective(
            "backup", "max", "backup:plan_backup", ("first", "backup_worth", "existing_count")
        ),
        Objective("fewest_backup", "max", "backup:plan_fewest_backup"),
        Objective(
            "attendance",
            "max",
            "attendance:plan_attendance",
            ("decay", "existing", "levels"),
            required=("decay",),
            impedance=True,
        ),
        Objective(
            "market_share",
            "max",
            "market_share:plan_market_share",
            _MARKET,
            required=("decay",),
            impedance=True,
        ),
        Objective(
            "target_share",
            "min",
            "market_share:plan_target_share",
            (*_MARKET, "share", "price"),
            required=("decay", "share"),
            impedance=True,
        ),
        Objective(
            "least_walking",
            "min",
            "median:plan_least_walking",
            ("p", "existing", "penalty", "must_reach", "nearest", "persons", "split"),
            impedance=True,
        ),
        Objective(
            "center", "min", "center:plan_center", ("p", "existing", "weighted"), impedance=True
        ),
        Objective(
            "dispersion",
            "max",
            "dispersion:plan_dispersion",
            ("outlets", "distance"),
            required=("outlets",),
        ),
    )
}

#: Decay functions by name, with the names of their numbers.
_DECAYS: Mapping[str, tuple[Callable[..., Decay], str]] = {
    "linear": (LinearDecay, "reach"),
    "exponential": (ExponentialDecay, "scale"),
    "gaussian": (GaussianDecay, "sigma"),
    "power": (PowerDecay, "scale, exponent, floor"),
    "step": (lambda *n: StepDecay(n[: len(n) // 2], n[len(n) // 2 :]), "bounds…, weights…"),
}


def solve_objective(
    name: str,
    problem: SitingProblem,
    options: Mapping[str, object] | None = None,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan that is best for the objective called ``name``.

    Parameters
    ----------
    name
        A key of `OBJECTIVES`.
    problem
        The problem; with walking costs where the objective needs them.
    options
        Options of that objective's function, by name.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan

    Raises
    ------
    InputFaults
        If name or options are unknown, an option is missing or out of range, or the problem
        holds a rule that the objective cannot take.
    """
    given = dict(options or {})
    objective = objective_named(name)
    log = FaultLog()
    for option in sorted(set(given) - set(objective.options)):
        known = ", ".join(objective.options) or "–"
        log.add("siting_objective_option", column="plan", value=option, kind=name, known=known)
    for option in objective.required:
        if option not in given:
            log.add("siting_objective_needs", column=f"plan.{option}", value=name)
    log.raise_if_any()
    function = objective.resolve()
    check_kinds(function, given, name)
    return function(problem, **given, **effort)


def objective_named(name: str) -> Objective:
    """Return the objective, or raise `InputFaults` with the known names."""
    if name not in OBJECTIVES:
        log = FaultLog()
        known = ", ".join(OBJECTIVES)
        log.add("siting_objective_unknown", column="plan.objective", value=name, known=known)
        log.raise_if_any()
    return OBJECTIVES[name]


def decay_named(name: str, numbers: Sequence[float]) -> Decay:
    """Return a decay function by name, e.g. ``("linear", [900])`` or ``("power", [100, 2, 50])``.

    Parameters
    ----------
    name
        ``linear`` (reach), ``exponential`` (scale), ``gaussian`` (sigma), ``power`` (scale,
        exponent, floor) or ``step`` (all bounds, then as many weights).
    numbers
        Its numbers, costs in the unit of the walking costs.

    Raises
    ------
    InputFaults
        If the name is unknown or the numbers do not fit.
    """
    log = FaultLog()
    if name not in _DECAYS:
        known = ", ".join(_DECAYS)
        log.add("siting_decay_unknown", column="plan.decay", value=name, known=known)
        log.raise_if_any()
    make, wanted = _DECAYS[name]
    try:
        return make(*numbers)
    except (TypeError, ValueError):
        shown = f"{name} {list(numbers)}"
        log.add("siting_decay_numbers", column="plan.decay", value=shown, wanted=wanted)
        log.raise_if_any()
        raise
