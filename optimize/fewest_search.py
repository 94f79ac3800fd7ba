"""A good set cover in a moment: greedy by people per price, then what is not needed goes.

Chvátal, "A greedy heuristic for the set-covering problem", Mathematics of Operations Research 4,
1979, with several targets at once; redundant outlets are dropped, the dearest first, and pairs of
neighbours are exchanged for one while that is possible.
"""

from __future__ import annotations

import time

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints, gather
from .effort import Run
from .limits import TOLERANCE
from .targets import Targets, slack

_SHARE, _MOST = 0.05, 10.0


def fewest_start(targets: Targets, price: Floats, run: Run) -> tuple[Bools | None, bool]:
    """Return a choice (q,) that meets every target, or None, and whether the user interrupted."""
    state = _Cover(targets, price)
    try:
        if not state.grow():
            return None, False
        state.shrink()
        state.exchange(np.random.default_rng(run.seed), min(_SHARE * run.time_limit, _MOST))
    except KeyboardInterrupt:
        return (state.best if targets.met(state.best) else None), True
    return (state.best if targets.met(state.best) else None), False


def completed(targets: Targets, price: Floats, chosen: Bools) -> Bools | None:
    """Return ``chosen`` (q,) with what its targets still need and without what they do not."""
    state = _Cover(targets, price)
    for opening in np.flatnonzero(chosen):
        state.open(int(opening))
    if not state.grow():
        return None
    state.shrink()
    return state.best if targets.met(state.best) else None


class _Cover:
    """A choice under search: how often each row is covered, what each target still needs."""

    __slots__ = (
        "_by_opening", "_groups_of", "_limits_of", "best", "chosen", "count", "price", "reached",
        "targets", "used",
    )  # fmt: skip

    def __init__(self, targets: Targets, price: Floats) -> None:
        self.targets, self.price = targets, price
        self._by_opening = sparse.csr_array(targets.rows.matrix.T)
        self._groups_of = sparse.csr_array(targets.people.T)
        self._limits_of = sparse.csr_array(targets.openings.limits.matrix.T)
        self.chosen: Bools = np.zeros(targets.openings.count, dtype=bool)
        self.best: Bools = self.chosen.copy()
        self.count = np.zeros(len(targets.rows.demand), dtype=np.int64)
        self.reached: Floats = np.zeros(len(targets.needed))
        self.used: Floats = np.zeros(len(targets.openings.limits.names))

    def open(self, opening: int) -> None:
        self._toggle(opening, 1)

    def close(self, opening: int) -> None:
        self._toggle(opening, -1)

    def _toggle(self, opening: int, sign: int) -> None:
        part = slice(self._by_opening.indptr[opening], self._by_opening.indptr[opening + 1])
        rows = self._by_opening.indices[part]
        changed = rows[self.count[rows] == (0 if sign > 0 else 1)]
        self.count[rows] += sign
        at, people = self._people(changed)
        np.add.at(self.reached, at, sign * people)
        limit = slice(self._limits_of.indptr[opening], self._limits_of.indptr[opening + 1])
        self.used[self._limits_of.indices[limit]] += sign * self._limits_of.data[limit]
        self.chosen[opening] = sign > 0

    def _people(self, rows: Ints) -> tuple[Ints, Floats]:
        groups, owner = gather(self._groups_of, rows)
        start = self._groups_of.indptr[rows][owner]
        first = np.searchsorted(owner, owner)  # owners are sorted
        return groups, self._groups_of.data[start + np.arange(len(owner)) - first]

    def short(self) -> Bools:
        """Return the targets (G,) not yet reached."""
        needed = self.targets.needed
        return np.asarray(self.reached < needed - slack(needed))

    def complete(self) -> bool:
        return not self.short().any() and not len(self._unmet())

    def _unmet(self) -> Ints:
        return np.flatnonzero(self.used < self.targets.openings.limits.lower - TOLERANCE)

    def _fitting(self) -> Bools:
        limits = self.targets.openings.limits
        room = np.repeat(limits.upper - self.used, np.diff(limits.matrix.indptr))
        fits: Bools = ~self.chosen
        fits[limits.matrix.indices[limits.matrix.data > room + TOLERANCE]] = False
        return fits

    def grow(self) -> bool:
        """Open greedily until every target and minimum is reached; return whether they are."""
        while not self.complete():
            opening = self._next()
            if opening is None:
                return False
            self.open(opening)
        return True

    def _next(self) -> int | None:
        fits = self._fitting()
        unmet = self._unmet()
        if len(unmet):
            matrix = self.targets.openings.limits.matrix[unmet]
            helps = np.asarray(matrix.sum(axis=0)).ravel() > 0
            if (fits & helps).any():
                fits &= helps
        rate = self._gains() / np.maximum(self.price, 1e-9)
        helpful = fits & ((rate > 0) | bool(len(unmet)))
        return int(np.argmax(np.where(helpful, rate, -1.0))) if helpful.any() else None

    def _gains(self) -> Floats:
        """Return what each opening adds to the targets still short, as a share of each (q,)."""
        short = np.where(self.short(), 1.0 / np.maximum(self.targets.needed, TOLERANCE), 0.0)
        worth = np.asarray(self.targets.people.T @ short)
        worth[self.count > 0] = 0.0
        return np.asarray(self._by_opening @ worth)

    def shrink(self) -> None:
        """Close what no target and no minimum needs, the dearest first; remember the result."""
        order = np.flatnonzero(self.chosen)
        for opening in order[np.argsort(-self.price[order], kind="stable")]:
            self.close(int(opening))
            if not self.complete():
                self.open(int(opening))
        self.best = self.chosen.copy()

    def exchange(self, rng: np.random.Generator, seconds: float) -> None:
        """Close a few neighbours at random, grow and shrink again; keep what got cheaper."""
        deadline = time.monotonic() + seconds
        least, idle = float(self.price[self.best].sum()), 0
        while time.monotonic() < deadline and idle < 4 * int(self.best.sum()):
            for opening in self._neighbours(rng):
                self.close(int(opening))
            cheaper = False
            if self.grow():
                before = self.best
                self.shrink()
                total = float(self.price[self.chosen].sum())
                cheaper = total < least - TOLERANCE
                if total > least + TOLERANCE:
                    self.best = before
                least = min(least, total)
            self._return_to(self.best)
            idle = 0 if cheaper else idle + 1

    def _neighbours(self, rng: np.random.Generator) -> Ints:
        """Return an open opening and the open ones that share the most rows with it."""
        first = int(rng.choice(np.flatnonzero(self.chosen)))
        part = slice(self._by_opening.indptr[first], self._by_opening.indptr[first + 1])
        columns, _ = gather(self.targets.rows.matrix, self._by_opening.indices[part])
        near = np.unique(columns)
        near = near[self.chosen[near]]
        chosen = rng.permutation(near[near != first])[: int(rng.integers(1, 6))]
        return np.array([first, *chosen])

    def _return_to(self, best: Bools) -> None:
        for opening in np.flatnonzero(self.chosen & ~best):
            self.close(int(opening))
        for opening in np.flatnonzero(best & ~self.chosen):
            self.open(int(opening))
