"""Proof by models: what could still be better than a target is small enough for a solver.

For a target a little above the bound, the part of all plans cheaper than it (`median_part`) is a
small model. Its answer is the optimum, or else no plan is cheaper than the target, and the next one
is higher. At nodes of the tree that are small anyway the target is the best plan.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from .median_model import chain_model, chained
from .median_part import Part, part_below
from .median_tree import Node, Tree
from .solvers import Request, Solver

#: Entries of the first model, how many times larger the next one may be, and the most of one.
_FIRST, _GROWTH, _MOST = 6_000, 1.6, 60_000

#: Entries up to which a node of the tree is left to a model.
_SMALL = 8_000

#: Halvings in the search for the highest target whose part is not too large.
_HALVINGS = 7

#: Share of the time left that a model may take.
_SHARE = 0.3

#: What the target costs in a model.
_COST = 1e5

#: Share of a bound given away for the tolerances of a solver.
_TOLERANCE = 1e-9


class Models:
    """Solves parts of the nodes of a tree, one at a time.

    Parameters
    ----------
    tree
        Whose best plan and floor are improved.
    solver
        Solves the models.
    """

    def __init__(self, tree: Tree, solver: Solver) -> None:
        self.tree, self.solver = tree, solver
        self._busy = threading.Lock()

    def prove(self, node: Node) -> None:
        """Solve parts of a node that holds all better plans, from small to large.

        Ends when nothing better can be left, when the next part is too large or one was not solved
        in time, or when the tree is done.
        """
        tree, size = self.tree, float(_FIRST)
        while not (tree.done or tree.clock.over):
            part = self._largest(node, size)
            if part is None:
                return
            with self._busy:
                bound = self._bound(part)
            tree.lift(bound)
            if bound < part.target:
                return
            size = min(size * _GROWTH, _MOST)

    def finished(self, node: Node) -> bool:
        """Return whether nothing better is left in a node; False where it is large or not now.

        A better plan that is found becomes the best.
        """
        part = part_below(self.tree.ranks, self.tree.p, node, self.tree.best.goal)
        if len(part.ranks.site) > _SMALL or not self._busy.acquire(blocking=False):
            return False
        try:
            bound = self._bound(part)
            return bound >= min(part.target, self.tree.best.goal)
        finally:
            self._busy.release()

    def _largest(self, node: Node, size: float) -> Part | None:
        """Return the part of the highest target with ``size`` entries, None if below the floor."""
        tree = self.tree
        low, high = node.proven, tree.best.goal
        target, best = high, None
        for _ in range(_HALVINGS):
            part = part_below(tree.ranks, tree.p, node, target)
            if len(part.ranks.site) > size:
                high = target
            else:
                low, best = target, part
            if low >= high:
                break
            target = 0.5 * (low + high)
        return best if best is not None and best.target > tree.floor else None

    def _bound(self, part: Part) -> float:
        """Solve a part; return what its plans cost at least, or its target where that is less."""
        if part.left < 0:
            return part.target
        levels = chained(part.ranks)
        scale = _COST / part.target if part.target > 0 else 1.0
        model = chain_model(levels, part.ranks.count, part.left, scale)
        tree = self.tree
        request = Request(
            seconds=max(_SHARE * tree.clock.left, 0.01),
            gap=0.0,
            threads=1,
            progress=_Watch(tree),
            cutoff=scale * (levels.floor - part.target),
        )
        outcome = self.solver.solve(model, request)
        if outcome.ended == "infeasible":
            return part.target
        plan = part.plan(model.chosen())
        if plan.any():
            tree.best.offer(plan, tree.ranks.value(plan))
        if outcome.bound is None:
            return -np.inf
        bound = levels.floor - outcome.bound / scale
        return min(bound - _TOLERANCE * abs(bound), part.target)


@dataclass(frozen=True, slots=True)
class _Watch:
    """A progress that breaks a solver off as soon as the tree is done or time is over."""

    tree: Tree

    def __call__(self, task: str, done: int, total: int) -> None:  # noqa: ARG002 - a `Progress`
        if self.tree.done or self.tree.clock.over:
            raise KeyboardInterrupt
