"""The p-median problem solved: search, bound, decide, prove by models and by branching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import Bools
from .median_best import Best
from .median_clock import Clock
from .median_exact import Models
from .median_part import PartSearch, part_below
from .median_ranks import Ranks
from .median_search import PlanSearch
from .median_tree import Effort, Node, Seen, Tree, wished
from .solvers import Solver
from .stopwatch import stopwatch

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
    ranks: Ranks, p: int, *, gap: float, seed: int, threads: int, clock: Clock, solver: Solver
) -> Found:
    """Return the cheapest plan with at most p columns open, and how far that is proven."""
    p = min(p, ranks.count)
    if p <= 0 or p == ranks.count or not ranks.rows:
        everything = np.full(ranks.count, p == ranks.count)
        value = ranks.value(everything)
        return Found(everything, value, value, value, 0, interrupted=False)
    search = PlanSearch(ranks, p, seed)
    search.descend_from(search.plan)
    start = ranks.value(search.chosen())  # summed as every other plan is
    best = Best(search.chosen(), start, _whole(ranks), gap)
    tree = Tree(ranks, p, best, clock)
    node = _root(tree, search, seed, threads)
    if node is not None:
        tree.add(node)
        _finish(tree, node, solver, threads)
    bound = max(best.bound(tree.bound()), 0.0)
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
    _improve(tree, _searches(tree, seen, seed), threads)
    seen = tree.look(seen.node, _PATIENT)
    return None if seen is None else seen.node


def _searches(tree: Tree, seen: Seen, seed: int) -> list[PartSearch]:
    """Return searches of what is left, from the best plan and from what the dual speaks for."""
    part = part_below(tree.ranks, tree.p, seen.node, tree.best.goal)
    if not 0 < part.left < part.ranks.count:
        return []
    wishes = (tree.best.chosen.astype(np.float64), wished(seen))
    searches = [PartSearch(part, wish, seed + k) for k, wish in enumerate(wishes, start=1)]
    tree.search = searches[-1]
    return searches


def _finish(tree: Tree, node: Node, solver: Solver, threads: int) -> None:
    """Prove by models and by branching, side by side: which is faster depends on the costs."""
    models = Models(tree, solver)
    tree.finished = models.finished

    def model_first() -> None:
        models.prove(node)
        tree.work()

    tree.clock.work([model_first, *[tree.work] * (threads - 1)])


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


def _improve(tree: Tree, searches: list[PartSearch], threads: int) -> None:
    """Search until that is in vain, or the gap is closed."""
    clock, best = tree.clock, tree.best
    began = stopwatch()
    until = began + _SEARCH_SHARE * clock.seconds

    def go(parts: list[PartSearch]) -> None:
        while not clock.over and stopwatch() < until:
            vain = stopwatch() - max(best.since, began)
            if vain > max(_VAIN, _VAIN_SHARE * clock.spent):
                return
            for search in parts:
                search.shake_for(_SPELL)
                best.offer(search.plan(), tree.ranks.value(search.plan()))

    if threads > 1:
        clock.work([lambda s=search: go([s]) for search in searches])  # type: ignore[misc]
    elif searches:
        clock.work([lambda: go(searches)])


def _spell(best: Best, search: PlanSearch) -> None:
    search.shake_for(_SPELL)
    best.offer(search.chosen(), search.ranks.value(search.chosen()))
