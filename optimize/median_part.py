"""The part of a p-median problem in which all plans cheaper than a target lie.

Given multipliers that prove a bound, a plan cheaper than a target opens only columns, and serves
rows only at costs, whose reduced costs fit between bound and target: Avella, Sassano and Vasil'ev,
"Computational study of large-scale p-median problems", Mathematical Programming 109, 2007. In the
part a plan with a row at its lowered cap costs no less than the target, so that plans cheaper than
the target are those of the whole problem, and cost the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats, Ints
from .median_dual import decided, evaluate, farthest
from .median_ranks import Ranks, narrow
from .median_search import PlanSearch
from .median_tree import Node


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """All plans cheaper than a target.

    Attributes
    ----------
    ranks
        What is still undecided: rows over the columns (c,).
    columns
        Their numbers in the whole problem (c,).
    opened
        Columns of the whole problem open in all these plans (q,).
    left
        Columns that may still open.
    target
        The cost.
    """

    ranks: Ranks
    columns: Ints
    opened: Bools
    left: int
    target: float

    def plan(self, chosen: Bools) -> Bools:
        """Return the plan (q,) in which the marked columns (c,) are open."""
        plan = self.opened.copy()
        plan[self.columns[chosen]] = True
        return plan


def part_below(ranks: Ranks, p: int, node: Node, target: float) -> Part:
    """Return the part of a node's plans that are cheaper than ``target``."""
    cap = farthest(node.u, node.proven, ranks.cap, target)
    smaller, columns = narrow(ranks, node.free, node.opened, cap)
    left = p - int(node.opened.sum())
    shut, must = decided(evaluate(smaller, left, np.minimum(node.u, smaller.cap)), left, target)
    free, opened = np.zeros_like(node.free), node.opened.copy()
    free[columns[~(shut | must)]] = True
    opened[columns[must]] = True
    smaller, columns = narrow(ranks, free, opened, cap)
    return Part(smaller, columns, opened, p - int(opened.sum()), target)


class PartSearch:
    """A search over the plans of a part; see `PlanSearch`.

    Parameters
    ----------
    part
        With a choice left: 0 < `Part.left` < columns.
    wish
        Which columns (q,) to begin with: those of the largest numbers.
    seed
        Of all random choices.
    """

    def __init__(self, part: Part, wish: Floats, seed: int) -> None:
        self.part = part
        self._search = PlanSearch(part.ranks, part.left, seed)
        self.descend(wish)

    def descend(self, wish: Floats) -> None:
        """Search downhill from the columns (q,) most wished for."""
        first = np.argsort(-wish[self.part.columns], kind="stable")[: self.part.left]
        self._search.descend_from(first)

    def shake_for(self, seconds: float) -> None:
        """Disturb and mend for so long, s, at least once."""
        self._search.shake_for(seconds)

    def plan(self) -> Bools:
        """Return the best plan (q,)."""
        return self.part.plan(self._search.chosen())
