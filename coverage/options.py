"""Options of a question, checked at the door: each breach is one line."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from .errors import QueryError, raise_all


def above_zero(name: str, value: Any, *, infinite: bool = False) -> list[str]:
    """Return what is wrong with a number that must be above 0, and finite unless said."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        return [f"{name} is {value!r}, expected a number above 0"]
    if not float(value) > 0:
        return [f"{name} is {value}, expected above 0"]
    if not infinite and np.isinf(float(value)):
        return [f"{name} is {value}, expected a finite number"]
    return []


def one_or_more(name: str, value: Any) -> list[str]:
    """Return what is wrong with a whole number that must be 1 or more."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        return [f"{name} is {value!r}, expected a whole number of 1 or more"]
    return [] if int(value) >= 1 else [f"{name} is {value}, expected 1 or more"]


def check_threads(threads: Any) -> None:
    """Raise `QueryError` unless threads are None or a whole number of 1 or more."""
    raise_all(QueryError, [] if threads is None else one_or_more("threads", threads))
