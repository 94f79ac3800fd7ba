# ruff: noqa: C901 - compiled loops are written out
"""Compiled: a 4-ary heap of packed keys, and a radix sort of packed keys.

A key holds the cost in its upper 32 bits and a number in its lower 32, so that one comparison of
integers orders it. Slots beyond the heap's end hold `EMPTY`, so that all four children can be
compared without asking which of them exist.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from .compiled import compiled, inlined, inner

Array = NDArray[Any]

EMPTY = np.uint64(0xFFFFFFFFFFFFFFFF)
LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
ZERO, ONE, TWO, THREE, FOUR = (np.uint64(number) for number in range(5))
#: Slots to keep free behind the last key.
MARGIN = np.uint64(8)
#: Slots of a new heap.
BEGIN = np.uint64(1 << 14)

_DIGIT = 11
_SHORT = 40


@inlined
def push(heap: Any, size: Any, key: Any) -> Any:
    """Put a key on the heap and return its new size; there must be room."""
    i = size
    while i > ZERO:
        parent = (i - ONE) >> TWO
        above = heap[parent]
        if above <= key:
            break
        heap[i] = above
        i = parent
    heap[i] = key
    return size + ONE


@inlined
def drop_first(heap: Any, size: Any) -> Any:
    """Take the smallest key off a heap that is not empty and return its new size."""
    size -= ONE
    last = heap[size]
    heap[size] = EMPTY
    if size > ZERO:
        i, child = ZERO, ONE
        while child < size:
            a, b = heap[child], heap[child + ONE]
            c, d = heap[child + TWO], heap[child + THREE]
            ab, cd = min(a, b), min(c, d)
            at_ab, at_cd = child + uint64(b < a), child + TWO + uint64(d < c)
            least = min(ab, cd)
            if least >= last:
                break
            heap[i] = least
            i = at_cd if cd < ab else at_ab
            child = (i << TWO) + ONE
        heap[i] = last
    return size


@inner
def enlarged(array: Array, least: Any) -> Any:
    """Return an array of 64-bit keys with room for ``least``, filled up with `EMPTY`."""
    used, size, k = uint64(len(array)), max(TWO * uint64(len(array)), least), ZERO
    bigger = np.empty(np.int64(size), np.uint64)
    while k < used:
        bigger[k] = array[k]
        k += ONE
    while k < size:
        bigger[k] = EMPTY
        k += ONE
    return bigger


@inlined
def first_at(place: Array, begin: Any, end: Any, value: Any) -> Any:
    """Return the first of rising places, from ``begin`` to ``end``, that is at least ``value``."""
    while begin < end:
        middle = (begin + end) >> 1
        if place[middle] < value:
            begin = middle + 1
        else:
            end = middle
    return begin


@inner
def sort_upper(keys: Array, spare: Array, count: Any, top: Any, tally: Array) -> Any:
    """Sort keys by their upper half, which is at most ``top``; stable.

    ``tally`` is scratch of 2048 counters. Returns True when the sorted keys are in ``spare``.
    """
    if count < _SHORT:
        for k in range(1, count):
            late, j = keys[k], k - 1
            while j >= 0 and keys[j] > late:
                keys[j + 1] = keys[j]
                j -= 1
            keys[j + 1] = late
        return False
    n, i = np.uint64(count), ZERO
    shift: Any = HALF
    swapped, bits = False, 1
    while (np.uint64(top) >> np.uint64(bits)) != ZERO:
        bits += 1
    passes = (bits + _DIGIT - 1) // _DIGIT  # of equal size
    digit_bits = np.uint64((bits + passes - 1) // passes)
    values = 1 << np.int64(digit_bits)
    mask = np.uint64(values - 1)
    while True:
        source, target = (spare, keys) if swapped else (keys, spare)
        for value in range(values):
            tally[value] = np.uint32(0)
        i = ZERO
        while i < n:
            tally[(source[i] >> shift) & mask] += np.uint32(1)
            i += ONE
        total = np.uint32(0)
        for value in range(values):
            here = tally[value]
            tally[value] = total
            total = np.uint32(total + here)
        i = ZERO
        while i < n:
            key = source[i]
            digit = (key >> shift) & mask
            target[np.uint64(tally[digit])] = key
            tally[digit] += np.uint32(1)
            i += ONE
        swapped = not swapped
        shift += digit_bits
        if (np.uint64(top) >> (shift - HALF)) == ZERO:
            return swapped


@compiled
def place_rows(values: Array, rows: Array, count: Array, indptr: Array, whole: Array) -> None:
    """Copy rows that stand one after another in ``values`` to their places in ``whole``."""
    begin = ZERO
    for i in range(len(rows)):
        place, size, k = uint64(indptr[rows[i]]), uint64(count[i]), ZERO
        while k < size:
            whole[place + k] = values[begin + k]
            k += ONE
        begin += size
