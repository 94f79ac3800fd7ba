"""Compiled: which sets are contained in others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inlined

Array = NDArray[Any]


@inlined
def _inside(start: Array, entries: Array, small: Any, large: Any) -> Any:
    """Whether every entry of ``small`` is one of ``large``; entries are sorted."""
    at, end = start[large], start[large + 1]
    for place in range(start[small], start[small + 1]):
        entry = entries[place]
        while at < end and entries[at] < entry:
            at += 1
        if at == end or entries[at] != entry:
            return False
    return True


@inlined
def _rarest(start: Array, entries: Array, of_start: Array, at: Any) -> Any:
    """Return the entry of a set that the fewest sets hold."""
    best, fewest = np.int64(-1), np.int64(2**62)
    for place in range(start[at], start[at + 1]):
        entry = entries[place]
        size = of_start[entry + 1] - of_start[entry]
        if size < fewest:
            best, fewest = np.int64(entry), np.int64(size)
    return best


@compiled
def inside_another(
    start: Array,
    entries: Array,
    of_start: Array,
    of_entries: Array,
    price: Array,
    label: Array,
    beaten: Array,
) -> None:
    """Mark in ``beaten`` (q,) the sets inside another of the same label that is no dearer.

    Of sets equal in all this the first stays. Labels below 0 are left alone; empty sets are not
    looked at.
    """
    for small in range(len(price)):
        if start[small] == start[small + 1] or label[small] < 0:
            continue
        rarest = _rarest(start, entries, of_start, small)
        size = start[small + 1] - start[small]
        for place in range(of_start[rarest], of_start[rarest + 1]):
            large = of_entries[place]
            if large == small or beaten[large] or label[large] != label[small]:
                continue
            more = start[large + 1] - start[large] - size
            if more < 0 or price[large] > price[small]:
                continue
            if more == 0 and price[large] == price[small] and large > small:
                continue
            if _inside(start, entries, small, large):
                beaten[small] = True
                break


@compiled
def around_another(
    start: Array, entries: Array, of_start: Array, of_entries: Array, inner: Array, beaten: Array
) -> None:
    """Mark in ``beaten`` (R,) the sets that hold all of another one marked ``inner`` (R,).

    Of equal sets the first stays, one that is ``inner`` before one that is not.
    """
    for small in range(len(inner)):
        if not inner[small] or beaten[small] or start[small] == start[small + 1]:
            continue
        rarest = _rarest(start, entries, of_start, small)
        size = start[small + 1] - start[small]
        for place in range(of_start[rarest], of_start[rarest + 1]):
            large = of_entries[place]
            if large == small or beaten[large]:
                continue
            more = start[large + 1] - start[large] - size
            if more < 0 or (more == 0 and inner[large] and large < small):
                continue
            if _inside(start, entries, small, large):
                beaten[large] = True
