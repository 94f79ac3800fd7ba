"""Proof by branch and bound on Lagrangian bounds.

A node says which columns are open and which undecided. Its bound is raised by some rounds of dual
ascent from its parent's multipliers; columns that no better plan can open (or leave out) are
decided at once, rows are cut off where no better plan would serve them, and what remains undecided
is branched on. Nodes are taken by their bound, so the least one is the bound of all.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .arrays import Bools, Floats, Ints
from .median_best import Best
from .median_clock import Clock
from .median_dual import Ascent, Dual, climb_until, decided, farthest, margins
from .median_ranks import Ranks, narrow

#: A node is looked at again when this share of its columns was decided.
_WORTH = 0.2

#: At every so many nodes a plan is searched from the node's dual, for so long, s.
_POLISH, _SPELL = 8, 0.05

#: Seconds that an idle worker waits before it looks again.
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to climb at a node: rounds, first and least step, rounds in vain until halving."""

    rounds: int = 300
    step: float = 0.3
    least: float = 0.01
    patience: int = 15


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A part of all plans.

    Attributes
    ----------
    opened, free
        Columns of the root that are open for certain, and those undecided (q,).
    u, proven
        Multipliers (R,), and what they prove for a part of which this is a part.
    bound
        Bound of this node.
    """

    opened: Bools
    free: Bools
    u: Floats
    proven: float
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A node after its ascent.

    Attributes
    ----------
    node
        What is left of it.
    columns
        Numbers at the root of the columns that the dual speaks of (c,).
    left
        Columns that could still be opened among them.
    dual
        Its multipliers.
    often
        How often each column was taken (c,).
    entries
        Size of the problem at the node.
    """

    node: Node
    columns: Ints
    left: int
    dual: Dual
    often: Floats
    entries: int


class Searching(Protocol):
    """Looks for good plans from what a dual suggests."""

    def descend(self, wish: Floats) -> None:
        """Search downhill from the columns (q,) most wished for."""

    def shake_for(self, seconds: float) -> None:
        """Go on for so long, s."""

    def plan(self) -> Bools:
        """Return the best plan (q,)."""


class Tree:
    """Branch and bound over ``ranks`` with at most p columns open.

    Parameters
    ----------
    ranks, p
        The problem.
    best
        The best plan, improved in place.
    clock
        When to stop.

    Attributes
    ----------
    search
        Searches for better plans now and then, or None.
    finished
        Says whether nothing better is left in a node by other means than branching, or None.
    nodes
        Nodes finished.
    floor
        What every plan not yet ruled out costs at least, from elsewhere than the nodes.
    """

    def __init__(self, ranks: Ranks, p: int, best: Best, clock: Clock) -> None:
        self.ranks, self.p, self.best, self.clock = ranks, p, best, clock
        self.nodes, self.floor, self._empty = 0, -np.inf, False
        self.search: Searching | None = None
        self.finished: Callable[[Node], bool] | None = None
        self._polishing = threading.Lock()
        self._heap: list[tuple[float, int, Node]] = []
        self._busy: dict[int, float] = {}
        self._ready = threading.Condition()
        self._number = 0

    def root(self, u: Floats) -> Node:
        """Return the node of all plans, with first multipliers (R,)."""
        nothing = np.zeros(self.ranks.count, dtype=bool)
        return Node(nothing, ~nothing, u, -np.inf, -np.inf)

    def add(self, node: Node) -> None:
        """Put a node on the heap, unless nothing better can be in it."""
        if node.bound < self.best.goal:
            with self._ready:
                self._number += 1
                heapq.heappush(self._heap, (node.bound, self._number, node))
                self._ready.notify()

    def bound(self) -> float:
        """Return the least bound of all nodes not finished; inf where there is none."""
        with self._ready:
            waiting = self._heap[0][0] if self._heap else np.inf
            return max(self.floor, min(waiting, *self._busy.values(), np.inf))

    @property
    def done(self) -> bool:
        """Whether nothing better can be left."""
        return self._empty or self.floor >= self.best.goal

    def lift(self, bound: float) -> None:
        """Note that no plan is cheaper than ``bound`` or the best one."""
        with self._ready:
            self.floor = max(self.floor, bound)
            self._ready.notify_all()

    def work(self) -> None:
        """Take nodes and branch until none is left or time is over."""
        while (taken := self._next()) is not None:
            number, node = taken
            for child in self._split(node):
                self.add(child)
            with self._ready:
                del self._busy[number]
                self.nodes += 1
                self._ready.notify_all()

    def _next(self) -> tuple[int, Node] | None:
        with self._ready:
            while not (self.done or self.clock.over):
                if self._heap:
                    bound, number, node = heapq.heappop(self._heap)
                    if bound >= self.best.goal:
                        continue
                    self._busy[number] = bound
                    return number, node
                if not self._busy:
                    self._empty = True
                    return None
                self._ready.wait(_POLL)
        return None

    def _split(self, node: Node) -> list[Node]:
        """Look at a node and return what is left of it: all of it where time ran out."""
        seen = self.look(node, Effort())
        if seen is None:
            return []
        if self.clock.over:
            return [seen.node]
        if self.finished is not None and self.finished(seen.node):
            return []
        if self.nodes % _POLISH == 0:
            self._polish(seen)
        return self._branch(seen)

    def _polish(self, seen: Seen) -> None:
        """Search downhill from what the node's dual suggests, unless another thread does so."""
        if self.search is None or not self._polishing.acquire(blocking=False):
            return
        try:
            self.search.descend(wished(seen))
            self.search.shake_for(_SPELL)
            self.best.offer(self.search.plan(), self.ranks.value(self.search.plan()))
        finally:
            self._polishing.release()

    def look(self, node: Node, effort: Effort) -> Seen | None:
        """Raise the bound of a node and decide columns; None where nothing better is in it."""
        while True:
            before = int(node.free.sum())
            seen = self._climb(node, effort)
            if seen is None:
                return None
            node = seen.node
            if int(node.free.sum()) > (1.0 - _WORTH) * before or self.clock.over:
                return seen

    def _climb(self, node: Node, effort: Effort) -> Seen | None:
        cap = farthest(node.u, node.proven, self.ranks.cap, self.best.goal)
        ranks, columns = narrow(self.ranks, node.free, node.opened, cap)
        left = self.p - int(node.opened.sum())
        if left <= 0 or left >= ranks.count:  # no choice is left
            if left >= 0:
                self._offer(node.opened, columns if left else columns[:0])
            return None
        ascent = Ascent(ranks, left, node.u, step=effort.step, patience=effort.patience)
        climb_until(ascent, self.best, self.clock, rounds=effort.rounds, least=effort.least)
        dual = ascent.dual()
        self._offer(node.opened, columns[dual.taken])
        if dual.bound >= self.best.goal:
            return None
        shut, must = decided(dual, left, self.best.goal)
        rest = _decide(node, columns, shut, must, dual)
        return Seen(rest, columns, left, dual, ascent.often(), len(ranks.site))

    def _offer(self, opened: Bools, columns: Ints) -> None:
        chosen = opened.copy()
        chosen[columns] = True
        if chosen.any() or not self.best.chosen.any():
            self.best.offer(chosen, self.ranks.value(chosen))

    def _branch(self, seen: Seen) -> list[Node]:
        """Open or close the column about which the dual is least sure."""
        node = seen.node
        undecided = node.free[seen.columns]
        if not undecided.any():
            self._offer(node.opened, seen.columns[:0])
            return []
        doubt = np.minimum(seen.often, 1.0 - seen.often) - 1e-9 * seen.dual.reduced
        column = int(np.argmax(np.where(undecided, doubt, -np.inf)))
        closing, opening = margins(seen.dual, seen.left)
        proven, j = seen.dual.bound, seen.columns[column]
        free, opened = node.free.copy(), node.opened.copy()
        free[j], opened[j] = False, True
        with_it = max(node.bound, proven + opening[column])
        without = max(node.bound, proven + closing[column])
        return [
            Node(opened, free, node.u, proven, with_it),
            Node(node.opened, free, node.u, proven, without),
        ]


def wished(seen: Seen) -> Floats:
    """Return how much the dual speaks for each column (q,): most for those open for certain."""
    wish = np.zeros(len(seen.node.free))
    wish[seen.columns] = 1e-3 + seen.often
    wish[seen.node.opened] = 2.0
    return wish


def _decide(node: Node, columns: Ints, shut: Bools, must: Bools, dual: Dual) -> Node:
    """Return what is left of a node once some of its columns are decided."""
    opened, free = node.opened.copy(), np.zeros_like(node.free)
    opened[columns[must]] = True
    free[columns[~(shut | must)]] = True
    return Node(opened, free, dual.u, dual.bound, max(node.bound, dual.bound))
