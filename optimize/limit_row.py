"""One limit over openings:  lower <= sum of coefficient * x <= upper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One row: its family, a name unique in the model, members, and bounds."""

    kind: str
    name: str
    members: Ints
    coefficients: Floats
    lower: float
    upper: float


def counting(kind: str, name: str, members: Ints, lower: float, upper: float) -> LimitRow:
    """Return the row  lower <= sum of x over ``members`` <= upper."""
    return LimitRow(kind, name, members, np.ones(len(members)), lower, upper)
