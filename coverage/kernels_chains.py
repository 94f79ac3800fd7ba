# ruff: noqa: PLR0917 - compiled loops are written out
"""Compiled: chains of nodes that only pass through."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from .compiled import compiled

Array = NDArray[Any]


@compiled
def walk_chains(
    u: Array, v: Array, start: Array, incident: Array, stop: Array, junction: Array,
    seen: Array, sequence: Array, against: Array, first: Array, origin: Array, to: Array,
) -> Any:  # fmt: skip
    """Join edges into chains between junctions; return how many there are.

    A dead end is no junction: its chain ends in nothing. Chains begin at true junctions where there
    is one, then at one of two dead ends, then anywhere on a closed ring; those become junctions.

    Parameters
    ----------
    u, v
        int32 (e,): ends of the edges.
    start, incident
        Open edges at each of n nodes (a loop stands twice), CSR.
    stop, junction
        bool (n,): nodes where chains end, and those of them that are no dead ends; changed.
    seen
        bool (e,): False; scratch.
    sequence, against
        Results (m,): open edges, chain by chain, in walking order, and whether from v to u.
    first
        Result (m+1,): where each chain begins in ``sequence``; ``first[0]`` is 0 before.
    origin, to
        Results (m,): nodes at the ends of each chain; -1 for a dead end.
    """
    placed, count = 0, 0
    for phase in range(3):
        for node in range(len(stop)):
            if (phase == 0 and not junction[node]) or (phase == 1 and not stop[node]):
                continue
            for slot in range(start[node], start[node + 1]):
                edge = incident[slot]
                if seen[edge]:
                    continue
                junction[node] = True
                stop[node] = True
                here = node
                while True:
                    seen[edge] = True
                    sequence[placed] = edge
                    against[placed] = u[edge] != here
                    here = u[edge] if against[placed] else v[edge]
                    placed += 1
                    if stop[here]:
                        break
                    one, two = incident[start[here]], incident[start[here] + 1]
                    edge = two if one == edge else one
                origin[count] = node
                dead = start[here + 1] - start[here] == 1 and here != node
                to[count] = -1 if dead else here
                count += 1
                first[count] = placed
    return count
