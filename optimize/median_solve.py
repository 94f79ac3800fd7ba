"""The p-median problem solved: search, bound, decide, prove."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import Bools
from .median_best import Best
from .median_clock import Clock
from .median_ranks import Ranks
from .median_search import PlanSearch
from .median_tree import Effort, Node, Seen, Tree, rounded

#: The climb at the root: a quick one while plans are searched for, then a patient one.
_QUICK, _PATIENT = Effort(3000, 1.0, 2e-3, 100), Effort(6000, 0.5, 2e-4, 200)

#: Share of the time that the search for better plans gets before branching, and seconds in vain
#: (at least, and as a share of the time spent so far) after which it ends.
_SEARCH_SHARE, _VAIN, _VAIN_SHARE = 0.2, 0.3, 0.4

#: Seconds of one spell of search.
_SPELL = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The best plan with its proof.

    Attributes
    ----------
    chosen
        Open columns (q,).
    value, bound
        Its cost, and what every plan costs at least.
    start
        Cost of the first plan that interchange found.
    nodes
        Nodes of the proof's tree.
    interrupted
        Whether the user stopped it.
    """

    chosen: Bools
    value: float
    bound: float
    start: float
    nodes: int
    interrupted: bool


def solve_ranks(
    ranks: Ranks, p: int, *, gap: float, seed: int, threads: int, clock: Clock
) -> Found:
    """Return the cheapest plan with at most p columns open, and how far that is proven."""
    p = min(p, ranks.count)
    if p <= 0 or p == ranks.count:
        everything = np.full(ranks.count, p > 0)
        value = ranks.value(everything)
        return Found(everything, value, value, value, 0, interrupted=False)
    search = PlanSearch(ranks, p, seed)
    start = search.descend_from(search.plan)
    best = Best(search.chosen(), ranks.value(search.chosen()), _whole(ranks), gap)
    tree = Tree(ranks, p, best, clock)
    node = _root(tree, search, seed, threads)
    if node is not None:
        tree.add(node)
        clock.work([tree.work] * max(threads, 1))
    bound = best.bound(tree.bound())
    return Found(best.chosen, best.value, bound, start, tree.nodes, clock.interrupted)


def _whole(ranks: Ranks) -> bool:
    return all(bool((part == np.floor(part)).all()) for part in (ranks.cost, ranks.cap))


def _root(tree: Tree, search: PlanSearch, seed: int, threads: int) -> Node | None:
    """Return what is left to branch on after searching and climbing; None where it is proven."""
    ended: list[Seen | None] = []
    first = tree.root(search.second())  # read before the search goes on

    def climb() -> None:
        ended.append(tree.look(first, _QUICK))

    _side_by_side(tree, climb, search, threads, ended)
    seen = ended[0]
    if seen is None:
        return None
    other = PlanSearch(tree.ranks, tree.p, seed + 1)
    other.descend_from(rounded(seen, tree.p, tree.ranks.count))
    tree.best.offer(other.chosen(), tree.ranks.value(other.chosen()))
    _improve(tree, [search, other], threads)
    tree.search = other
    seen = tree.look(seen.node, _PATIENT)
    return None if seen is None else seen.node


def _side_by_side(
    tree: Tree,
    climb: Callable[[], None],
    search: PlanSearch,
    threads: int,
    ended: list[Seen | None],
) -> None:
    """Climb, and on another thread search as long as that takes."""

    def look_on() -> None:
        while not ended and not tree.clock.over:
            _spell(tree.best, search)

    tree.clock.work([climb, look_on] if threads > 1 else [climb])


def _improve(tree: Tree, searches: list[PlanSearch], threads: int) -> None:
    """Search until that is in vain, or the gap is closed."""
    clock, best = tree.clock, tree.best
    began = time.monotonic()
    until = began + _SEARCH_SHARE * clock.seconds

    def go(parts: list[PlanSearch]) -> None:
        while not clock.over and time.monotonic() < until:
            vain = time.monotonic() - max(best.since, began)
            if vain > max(_VAIN, _VAIN_SHARE * clock.spent):
                return
            for search in parts:
                _spell(best, search)

    if threads > 1:
        clock.work([lambda s=search: go([s]) for search in searches])  # type: ignore[misc]
    else:
        clock.work([lambda: go(searches)])


def _spell(best: Best, search: PlanSearch) -> None:
    search.shake_for(_SPELL)
    best.offer(search.chosen(), search.ranks.value(search.chosen()))
