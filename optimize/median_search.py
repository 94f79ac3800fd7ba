"""Good p-median plans by interchange: descend, disturb, descend again."""

from __future__ import annotations

import numpy as np

from .arrays import Bools, Floats, Ints
from .kernels_median_search import Interchange, begin, local_search, shake_and_search
from .median_ranks import Ranks
from .stopwatch import stopwatch

#: Savings up to this share of the cost count as none: rounding of the running sums.
NOISE = 1e-10


class PlanSearch:
    """A search over plans of exactly p open columns, kept between calls.

    Parameters
    ----------
    ranks, p
        The problem, 1 <= p <= number of columns.
    seed
        Of all random choices.
    """

    def __init__(self, ranks: Ranks, p: int, seed: int) -> None:
        self.ranks, self.p = ranks, p
        rng = np.random.default_rng(seed)
        self.plan: Ints = rng.choice(ranks.count, p, replace=False).astype(np.int64)
        self.value = np.inf
        self._table = _table(ranks, self.plan, int(rng.integers(1, 2**62)))
        self.noise = NOISE * max(float(ranks.cap.sum()), 1.0)

    def descend_from(self, plan: Ints) -> float:
        """Search downhill from ``plan`` (p,), keep the result if best, and return its cost."""
        self._table.opened[:] = plan
        begin(self._table)
        value = float(local_search(self._table, self.noise))
        if value < self.value:
            self.plan, self.value = self._table.opened.copy(), value
        return value

    def shake(self, rounds: int) -> float:
        """Disturb and mend the best plan some rounds; return its cost."""
        if not np.array_equal(np.sort(self._table.opened), np.sort(self.plan)):
            self._table.opened[:] = self.plan
            begin(self._table)
        self.plan[:] = self._table.opened
        self.value = float(shake_and_search(self._table, self.plan, self.value, rounds, self.noise))
        return self.value

    def shake_for(self, seconds: float) -> float:
        """Disturb and mend for so long, s, at least once."""
        deadline, rounds = stopwatch() + seconds, 1
        while True:
            began = stopwatch()
            self.shake(rounds)
            now = stopwatch()
            if now >= deadline:
                return self.value
            rounds = int(np.clip(rounds * 0.1 / max(now - began, 1e-5), 1, 2 * rounds))

    def chosen(self) -> Bools:
        """Return the best plan as marks (q,)."""
        marks = np.zeros(self.ranks.count, dtype=bool)
        marks[self.plan] = True
        return marks

    def second(self) -> Floats:
        """Return each row's cost without its nearest open column (R,): good first multipliers."""
        return self._table.next_near.copy()


def _table(ranks: Ranks, plan: Ints, seed: int) -> Interchange:
    columns = ranks.columns()
    rows, q, p = ranks.rows, ranks.count, len(plan)
    return Interchange(
        start=ranks.start,
        site=ranks.site,
        cost=ranks.cost,
        cap=ranks.cap,
        col_start=columns.indptr.astype(np.int64),
        col_row=columns.indices.astype(np.int32),
        col_cost=columns.data,
        opened=plan.copy(),
        place=np.full(q, -1, np.int32),
        near=np.zeros(rows),
        next_near=np.zeros(rows),
        who=np.full(rows, -1, np.int32),
        next_who=np.full(rows, -1, np.int32),
        gain=np.zeros(q),
        loss=np.zeros(p),
        extra=np.zeros((q, p)),
        best=np.zeros(q),
        at=np.zeros(q, np.int64),
        dirty=np.zeros(q, np.bool_),
        moved=np.zeros(p, np.bool_),
        flag=np.zeros(rows, np.bool_),
        random=np.array([seed], np.uint64),
    )
