"""Compiled: random numbers whose state the caller holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import inlined

Array = NDArray[Any]


@inlined
def random(state: Array) -> Any:
    """Return the next number of xorshift64* (Vigna 2016), 53 bits, in [0, 1)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.float64((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * 2.0**-53


@inlined
def below(state: Array, count: Any) -> Any:
    """Return a random whole number from 0 to ``count`` - 1."""
    return np.int64(random(state) * count)
