"""The best plan known while several threads search, and what is proven of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np

from .arrays import Bools
from .stopwatch import stopwatch

#: Plans cheaper by less than this share are not looked for: rounding of sums and of solvers.
EXACT = 1e-8


@dataclass(slots=True, eq=False)
class Best:
    """The best plan known, shared by all who search.

    Attributes
    ----------
    chosen, value
        Its columns (q,) and its cost.
    whole
        Whether every cost is a whole number.
    gap
        Relative gap at which to stop.
    since
        When it was found (`stopwatch.stopwatch`).
    """

    chosen: Bools
    value: float
    whole: bool
    gap: float
    since: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def offer(self, chosen: Bools, value: float) -> None:
        """Take a plan if it is better."""
        with self.lock:
            if value < self.value:
                self.chosen, self.value = chosen.copy(), value
                self.since = stopwatch()

    @property
    def goal(self) -> float:
        """Bound from which on nothing better is to be found: plans cheaper than this matter."""
        near = self.value * (1.0 - max(self.gap, EXACT))
        return min(near, self.value - 0.999) if self.whole else near

    def bound(self, proven: float) -> float:
        """Return the bound on all plans when those cheaper than `goal` cost at least ``proven``."""
        bound = min(proven, self.goal)
        if self.whole:
            bound = float(np.ceil(bound - 1e-4))
        return min(bound, self.value)
