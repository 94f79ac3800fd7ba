"""Compiled: open and close an opening with every count and margin kept exact."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quarterhour.coverage.compiled import compiled, inlined

Array = NDArray[Any]


class Cover(NamedTuple):
    """Cover sets by row and by opening, worth, limits by opening, floors and circles by row."""

    row_start: Array
    row_openings: Array
    opening_start: Array
    opening_rows: Array
    weight: Array
    gain: Array
    limit_start: Array
    limit_rows: Array
    limit_values: Array
    lower: Array
    upper: Array
    floor_start: Array
    floor_rows: Array
    floor_values: Array
    floor_lower: Array
    circle_start: Array
    circle_of: Array
    member_start: Array
    members: Array
    circle_weight: Array


class Margins(NamedTuple):
    """A plan with margins: see `cover_state.CoverState`."""

    chosen: Array
    counts: Array
    margin: Array
    used: Array
    worth: Array
    missing: Array


@inlined
def _change_worth(c: Cover, s: Margins, row: Any, by: Any) -> None:
    """Change what a row is worth now, and the margin of all that would win or lose it."""
    s.worth[row] += by
    if s.counts[row] > 1:
        return
    for at in range(c.row_start[row], c.row_start[row + 1]):
        other = c.row_openings[at]
        if s.counts[row] == 0 or s.chosen[other]:
            s.margin[other] += by


@inlined
def _circles(c: Cover, s: Margins, row: Any, covered: Any) -> None:
    """Note in every circle of a row that it has become covered, or uncovered."""
    for at in range(c.circle_start[row], c.circle_start[row + 1]):
        circle = c.circle_of[at]
        before = s.missing[circle]
        s.missing[circle] = before - 1 if covered else before + 1
        least = min(before, s.missing[circle])
        if least > 1:
            continue
        by = c.circle_weight[circle] if covered else -c.circle_weight[circle]
        for member in range(c.member_start[circle], c.member_start[circle + 1]):
            other = c.members[member]
            if other != row and (least == 0 or s.counts[other] == 0):
                _change_worth(c, s, other, by)


@inlined
def _others(c: Cover, s: Margins, row: Any, opening: Any, by: Any) -> None:
    """Change the margin of all others that cover a row."""
    for at in range(c.row_start[row], c.row_start[row + 1]):
        other = c.row_openings[at]
        if other != opening:
            s.margin[other] += by


@inlined
def _owner(c: Cover, s: Margins, row: Any, opening: Any, by: Any) -> None:
    """Change the margin of the one other open opening that covers a row."""
    for at in range(c.row_start[row], c.row_start[row + 1]):
        other = c.row_openings[at]
        if other != opening and s.chosen[other]:
            s.margin[other] += by
            return


@inlined
def _use(c: Cover, s: Margins, opening: Any, sign: Any) -> None:
    for at in range(c.limit_start[opening], c.limit_start[opening + 1]):
        s.used[c.limit_rows[at]] += sign * c.limit_values[at]


@compiled
def open_one(c: Cover, s: Margins, opening: int) -> None:
    """Open a closed opening in place."""
    s.chosen[opening] = True
    _use(c, s, opening, 1.0)
    for at in range(c.opening_start[opening], c.opening_start[opening + 1]):
        row = c.opening_rows[at]
        s.counts[row] += 1
        if s.counts[row] == 1:
            _others(c, s, row, opening, -s.worth[row])
            _circles(c, s, row, True)
        elif s.counts[row] == 2:
            _owner(c, s, row, opening, -s.worth[row])


@compiled
def close_one(c: Cover, s: Margins, opening: int) -> None:
    """Close an open opening in place."""
    s.chosen[opening] = False
    _use(c, s, opening, -1.0)
    for at in range(c.opening_start[opening], c.opening_start[opening + 1]):
        row = c.opening_rows[at]
        s.counts[row] -= 1
        if s.counts[row] == 0:
            _others(c, s, row, opening, s.worth[row])
            _circles(c, s, row, False)
        elif s.counts[row] == 1:
            _owner(c, s, row, opening, s.worth[row])


@inlined
def _fits(c: Cover, s: Margins, opening: Any, needed: Any) -> Any:
    """Whether an opening fits under every maximum and, if ``needed``, serves an unmet minimum."""
    counts = not needed
    for at in range(c.limit_start[opening], c.limit_start[opening + 1]):
        row = c.limit_rows[at]
        if s.used[row] + c.limit_values[at] > c.upper[row] + 1e-6:
            return False
        counts = counts or s.used[row] < c.lower[row] - 1e-6
    return counts


@compiled
def best_fitting(c: Cover, s: Margins, needed: bool) -> int:
    """Return the closed opening of the largest margin that fits under every maximum, or -1.

    With ``needed`` only of those that count for a minimum which is not met yet.
    """
    best, most = -1, 0.0
    for opening in range(len(s.margin)):
        worse = best >= 0 and s.margin[opening] <= most
        if not worse and not s.chosen[opening] and _fits(c, s, opening, needed):
            best, most = opening, s.margin[opening]
    return best


@inlined
def _replaces(c: Cover, s: Margins, new: Any, short: Array, shorts: Any) -> Any:
    """Whether ``new`` fits under every maximum and fills every row that fell short."""
    filled = 0
    for at in range(c.limit_start[new], c.limit_start[new + 1]):
        row = c.limit_rows[at]
        after = s.used[row] + c.limit_values[at]
        if after > c.upper[row] + 1e-6:
            return False
        for k in range(shorts):
            if short[k] == row and after >= c.lower[row] - 1e-6:
                filled += 1
    return filled == shorts


@compiled
def swap_best(c: Cover, s: Margins, out: int, least: float) -> int:
    """Exchange ``out`` for the closed opening that wins most; return it, or -1 where none does.

    It must win more than ``out`` by ``least`` and keep every limit. In place; without a winner
    ``out`` stays open.
    """
    enough = s.margin[out] + least
    close_one(c, s, out)
    short = np.empty(c.limit_start[out + 1] - c.limit_start[out], np.int64)
    shorts = 0
    for at in range(c.limit_start[out], c.limit_start[out + 1]):
        row = c.limit_rows[at]
        if s.used[row] < c.lower[row] - 1e-6:
            short[shorts] = row
            shorts += 1
    best, most = -1, enough
    for new in range(len(s.margin)):
        better = s.margin[new] > most and not s.chosen[new] and new != out
        if better and _replaces(c, s, new, short, shorts):
            best, most = new, s.margin[new]
    open_one(c, s, out if best < 0 else best)
    return best
