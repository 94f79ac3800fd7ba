"""A good capacitated plan in a moment: open what can serve the most, fill it, exchange."""

from __future__ import annotations

import numpy as np

from .arrays import Bools, Floats
from .capacitated_model import Served, Serving
from .effort import Run
from .limits import TOLERANCE
from .stopwatch import stopwatch

_SHARE, _MOST = 0.1, 10.0


def serve(serving: Serving, chosen: Bools) -> Served:
    """Return who is served when ``chosen`` (q,) is open: the hardest to place first.

    Rows are taken by the number of open columns that reach them, fewest first, then by weight,
    and go to the column with the most room; a row that fits nowhere whole is split or left out.
    """
    matrix, room = serving.rows.matrix, serving.capacity.copy()
    open_now = serving.open_columns(chosen)
    part = np.zeros(len(matrix.indices))
    usable = open_now[matrix.indices]
    choices = np.bincount(serving.row_of_entry()[usable], minlength=len(serving.persons))
    order = np.lexsort((-serving.weight, choices))
    for row in order[choices[order] > 0].tolist():
        _place(serving, row, usable, room, part)
    return _without_underused(serving, Served(chosen, part))


def _place(serving: Serving, row: int, usable: Bools, room: Floats, part: Floats) -> None:
    ends, persons = serving.rows.matrix.indptr, float(serving.persons[row])
    entries = np.arange(ends[row], ends[row + 1])
    entries = entries[usable[entries]]
    columns = serving.rows.matrix.indices[entries]
    left = persons
    for at in np.argsort(-room[columns], kind="stable").tolist():
        space = float(room[columns[at]])
        taken = min(left, space) if serving.split else (left if space >= left else 0.0)
        if taken <= TOLERANCE:
            continue
        part[entries[at]] = taken / persons
        room[columns[at]] -= taken
        left -= taken
        if left <= TOLERANCE:
            return


def _without_underused(serving: Serving, served: Served) -> Served:
    """Close openings below their least load; whom they served goes unserved."""
    width = len(served.chosen)
    loads = serving.loads(served)[:width]
    low = served.chosen & (loads < serving.least[:width] - TOLERANCE)
    if not low.any():
        return served
    out = np.concatenate([low, np.zeros(len(serving.stands), dtype=bool)])
    part = np.where(out[serving.rows.matrix.indices], 0.0, served.part)
    return Served(served.chosen & ~low, part)


def serving_start(serving: Serving, run: Run) -> tuple[Served | None, str]:
    """Return the best plan of greedy and random exchanges, and "interrupted" or ""."""
    best = serve(serving, _grown(serving, np.zeros(serving.openings.count, dtype=bool)))
    rng = np.random.default_rng(run.seed)
    deadline = stopwatch() + min(_SHARE * run.time_limit, _MOST)
    try:
        idle = 0
        while stopwatch() < deadline and idle < 2 * int(best.chosen.sum()):
            tried = _exchanged(serving, best.chosen, rng)
            idle += 1
            if serving.kept_by(tried) and serving.value(tried) > serving.value(best) + TOLERANCE:
                best, idle = tried, 0
    except KeyboardInterrupt:
        return (best if serving.kept_by(best) else None), "interrupted"
    return (best if serving.kept_by(best) else None), ""


def _exchanged(serving: Serving, chosen: Bools, rng: np.random.Generator) -> Served:
    fewer = chosen.copy()
    out = int(rng.choice(np.flatnonzero(chosen)))
    fewer[out] = False
    return serve(serving, _grown(serving, fewer, banned=out))


def _grown(serving: Serving, chosen: Bools, banned: int = -1) -> Bools:
    """Open one after another what can serve the most of who is left, as far as limits allow."""
    limits = serving.openings.limits
    chosen = chosen.copy()
    while True:
        room = limits.upper - limits.activity(chosen)
        tight = np.repeat(room, np.diff(limits.matrix.indptr))
        fits = ~chosen
        fits[limits.matrix.indices[limits.matrix.data > tight + TOLERANCE]] = False
        if banned >= 0:
            fits[banned] = False
        worth = _could_serve(serving, chosen)
        unmet = np.flatnonzero(limits.activity(chosen) < limits.lower - TOLERANCE)
        if len(unmet):
            helps = np.asarray(limits.matrix[unmet].sum(axis=0)).ravel() > 0
            fits &= helps
            worth = worth + TOLERANCE
        worth = np.where(fits, worth, -1.0)
        if not len(worth) or worth.max() <= 0:
            return chosen
        chosen[int(np.argmax(worth))] = True


def _could_serve(serving: Serving, chosen: Bools) -> Floats:
    """Return the weight that each opening (q,) could serve of those not served yet."""
    served = serve(serving, chosen)
    row = serving.row_of_entry()
    done = np.bincount(row, weights=served.part, minlength=len(serving.persons))
    left = np.maximum(1.0 - done, 0.0)[row]
    width, columns = len(serving.capacity), serving.rows.matrix.indices
    weight = np.bincount(columns, weights=left * serving.weight[row], minlength=width)
    persons = np.bincount(columns, weights=left * serving.persons[row], minlength=width)
    share = np.minimum(serving.capacity / np.maximum(persons, TOLERANCE), 1.0)
    return np.asarray((weight * share)[: serving.openings.count])
