"""Branch and bound for the single-source capacitated p-median, by its Lagrangean bound.

Each node splits the outlets that one row may go to into two halves, as in Ceselli and Righini, "A
branch-and-price algorithm for the capacitated p-median problem", Networks 45, 2005; what the bound
rules out at a node stays ruled out below it.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .arrays import Bools, Floats, Ints
from .kernels_knapsack import Knapsacks, climb, rule_out
from .single_source_bound import SingleBound, with_opened

#: Steps of the bound at a node: at most, at least, and times rows and outlets.
_STEPS, _LEAST_STEPS, _WORK = 120, 10, 10_000_000

#: The first step, and steps in vain before it is halved.
_THETA, _PATIENCE = 0.5, 12

Packed = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """What is left below a node: pairs (packed), outs, states, and where to split it.

    Attributes
    ----------
    bound
        What every plan in it costs at least.
    pairs, outs
        Which rows may go to which outlets, and which may be left out.
    state, most
        As in `Knapsacks`.
    multipliers
        Of the bound (R,).
    row, half
        The row to split, and the outlets (O,) of its first half.
    """

    bound: float
    pairs: Packed
    outs: Bools
    state: Ints
    most: int
    multipliers: Floats
    row: int
    half: Bools


class SingleTree:
    """Nodes still open, the lowest bound first; several threads may work on it.

    Parameters
    ----------
    root
        The bound climbed and what it ruled out.
    goal
        Returns what a plan must cost less than to be looked for.
    offer
        Told of outlets (O,) worth a try; may lower the goal.
    offer_plan
        Told of the only plan left in a node, as the outlet of each row (R,), whether or not there
        is room for it.
    """

    def __init__(
        self,
        root: SingleBound,
        goal: Callable[[], float],
        offer: Callable[[Bools], None],
        offer_plan: Callable[[Ints], None],
    ) -> None:
        self.goal, self.offer, self.offer_plan = goal, offer, offer_plan
        self.nodes = 0
        self._table, self._left = root.table, root.left
        work = _WORK // max(root.table.cost.size, 1)
        self._steps = int(np.clip(work, _LEAST_STEPS, _STEPS))
        self._lock, self._busy = threading.Lock(), dict[int, float]()
        self._open: list[tuple[float, int, Node]] = []
        self._keep(_node(root.left, root.value, root.multipliers, root.often))

    def bound(self) -> float:
        """Return what every plan below the goal costs at least; inf where there is none."""
        with self._lock:
            lowest = self._open[0][0] if self._open else np.inf
            return min(lowest, *self._busy.values(), np.inf)

    def work(self, over: Callable[[], bool]) -> None:
        """Branch until nothing is left below the goal or it is ``over``."""
        me = threading.get_ident()
        while not over():
            node = self._next(me)
            if node is None:
                if not self._busy:
                    return
                threading.Event().wait(0.001)  # another thread may open nodes
                continue
            self._look(node, node.half, over)
            if over():
                self._keep(node)
            else:
                self._look(node, ~node.half, over)
            with self._lock:
                del self._busy[me]

    def _next(self, me: int) -> Node | None:
        with self._lock:
            if not self._open:
                return None
            bound, _, node = heapq.heappop(self._open)
            if bound >= self.goal():
                self._open.clear()
                return None
            self._busy[me] = bound
            return node

    def _keep(self, node: Node) -> None:
        if node.row < 0:
            self.offer_plan(_only_plan(node, self._table.cost.shape))
            return
        with self._lock:
            self.nodes += 1
            heapq.heappush(self._open, (node.bound, self.nodes, node))

    def _look(self, node: Node, half: Bools, over: Callable[[], bool]) -> None:
        """Bound one half of a node, and keep it where a plan below the goal may be in it."""
        left = self._knapsacks(node)
        left.cost[node.row, ~half] = np.inf
        if half is node.half:
            left.out[node.row] = np.inf  # being left out belongs to the second half
        if bool((np.isinf(left.cost).all(axis=1) & np.isinf(left.out)).any()):
            return
        goal, multipliers = self.goal(), node.multipliers.copy()
        bound, chosen, often = climb(left, multipliers, goal, self._steps, _THETA, _PATIENCE)
        bound = max(float(bound), node.bound)
        if bound >= goal:
            return
        if not over():
            rule_out(left, multipliers, goal)
        if self.nodes % 16 == 0 and not over():
            self.offer(chosen)
        self._keep(_node(with_opened(left), bound, multipliers, often))

    def _knapsacks(self, node: Node) -> Knapsacks:
        table = self._table
        pairs = np.unpackbits(node.pairs, count=table.cost.size).view(bool)
        return Knapsacks(
            cost=np.where(pairs.reshape(table.cost.shape), table.cost, np.inf),
            size=self._left.size,
            room=self._left.room,
            out=np.where(node.outs, table.out, np.inf),
            state=node.state.copy(),
            most=node.most,
        )


def _node(left: Knapsacks, bound: float, multipliers: Floats, often: Floats) -> Node:
    pairs = np.isfinite(left.cost)
    row, half = _split(left, pairs, often)
    return Node(
        bound=bound,
        pairs=np.packbits(pairs),
        outs=np.isfinite(left.out),
        state=left.state,
        most=left.most,
        multipliers=multipliers,
        row=row,
        half=half,
    )


def _only_plan(node: Node, shape: tuple[int, ...]) -> Ints:
    pairs = np.unpackbits(node.pairs, count=shape[0] * shape[1]).reshape(shape)
    return np.where(pairs.any(axis=1), pairs.argmax(axis=1), -1).astype(np.int64)


def _split(left: Knapsacks, pairs: Bools, often: Floats) -> tuple[int, Bools]:
    """Return the row that is served most from both halves of its outlets, and the first half."""
    share = np.where(pairs, often, 0.0)
    share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
    several = pairs.sum(axis=1) + np.isfinite(left.out) > 1
    top = np.where(several, 1.0 - share.max(axis=1), -1.0) * (1 + left.size)
    row = int(np.argmax(top))
    if not several[row]:
        return -1, pairs[row]
    return row, _first_half(share[row], pairs[row])


def _first_half(share: Floats, pairs: Bools) -> Bools:
    """Return about half of the outlets by their shares: the largest, then alternately."""
    half = np.zeros(len(share), dtype=bool)
    order = np.flatnonzero(pairs)
    order = order[np.argsort(-share[order], kind="stable")]
    weight, other = 0.0, 0.0
    for number, o in enumerate(order.tolist()):
        if number == 0 or weight <= other:
            half[o] = True
            weight += share[o] + 1e-9
        else:
            other += share[o] + 1e-9
    return half
