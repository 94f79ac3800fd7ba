"""Which values an option of an objective may have, whatever the objective makes of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from quarterhour.data.faults import FaultLog

from .existing import Existing


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _numbers(value: object) -> bool:
    try:
        return np.asarray(value, dtype=np.float64).dtype == np.float64 and value is not None
    except (TypeError, ValueError):
        return False


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


#: What each kind of option may be, and an example of it as it is written in a study.
_KINDS: tuple[tuple[str, Callable[[object], bool], Iterable[str]], ...] = (
    ("0.9", _number, ("share", "penalty", "backup_worth")),
    ("3", _whole, ("p", "nearest", "outlets", "levels")),
    ("500", _numbers, ("capacity", "least_load", "attraction", "persons", "distance",
                       "existing_count")),
    ("true", lambda value: isinstance(value, bool), ("by_parts", "strict", "split", "must_reach",
                                                     "weighted")),
    ('"outlets", "cost"', lambda value: value in {"outlets", "cost"}, ("price",)),
    ('"required", "traded"', lambda value: value in {"required", "traded"}, ("first",)),
    ('"community"', lambda value: isinstance(value, str), ("each",)),
    ('["linear", 900]', callable, ("decay",)),
    ("existing_outlets(…)", lambda value: isinstance(value, Existing), ("existing",)),
)  # fmt: skip

_OF_OPTION = {name: (example, fits) for example, fits, names in _KINDS for name in names}


def check_kinds(
    function: Callable[..., object], given: Mapping[str, object], objective: str
) -> None:
    """Raise where an option has a value of the wrong kind; None fits where it is the default.

    Raises
    ------
    InputFaults
        With each such option, its value and an example of what fits.
    """
    log = FaultLog()
    parameters = inspect.signature(function).parameters
    for name, value in given.items():
        example, fits = _OF_OPTION[name]
        left_out = value is None and parameters[name].default is None
        if not left_out and not _fits(fits, value):
            column = f"plan.objective_options.{name}"
            log.add(
                "siting_option_kind", column=column, value=value, kind=objective, example=example
            )
    log.raise_if_any()


def _fits(fits: Callable[[object], bool], value: object) -> bool:
    try:
        return fits(value)
    except TypeError:  # not hashable: no word
        return False
