"""Search for a cheap choice that reaches its targets: annealing with a fine for what is lacking."""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, rows_met
from .cover_arrays import held_list
from .cover_search import WalkOptions, always, dice_of
from .covering import Covering
from .kernels_fewest import Task
from .kernels_targets import Stroll, stroll

#: First and last temperature as a share of the mean price of an open opening.
HOT, COLD = 0.1, 0.002

#: Looks at the clock and the fines on the way, and the most moves between two.
_LOOKS, _CHUNK = 300, 50_000

#: A fine rises by this factor while its group lacks something, and falls by the other.
_RISE, _FALL = 1.04, 0.985


def anneal_covering(
    covering: Covering, task: Task, chosen: Bools, *, moves: int, **options: Unpack[WalkOptions]
) -> Bools:
    """Return a choice no dearer than ``chosen`` (q,), which meets the targets, as does the result.

    Parameters
    ----------
    covering, task
        What is to be covered, and the arrays of `grouped`: rows that must be are one more group.
    chosen
        A choice that meets it.
    moves
        Steps to try; the temperature falls over them geometrically.
    **options
        See `cover_search.WalkOptions`.
    """
    soft, held, least = grouped(covering), int(chosen.sum()), covering.value(chosen)
    if not held or moves <= 0:
        return chosen
    state, fine, dice = (
        _stroll(soft, chosen),
        _first_fines(soft, chosen),
        dice_of(options.get("seed", 0)),
    )
    go_on, enough = options.get("go_on", always), options.get("enough", 0.0)
    best, found = np.empty(covering.count, dtype=np.int64), chosen
    scale, chunks = max(least / held, 1e-9), max(_LOOKS, moves // _CHUNK)
    for chunk in range(chunks):
        heat: Floats = scale * HOT * (COLD / HOT) ** (np.array([chunk, chunk + 1.0]) / chunks)
        size, price = stroll(task, state, dice, fine, heat, -(-moves // chunks), least, best)
        if size:
            found, least = np.zeros(covering.count, dtype=bool), price
            found[best[:size]] = True
        fine *= np.where(state.reached < task.least, _RISE, _FALL)
        if least <= enough or not go_on():
            break
    return found if covering.met(found) else chosen


def grouped(covering: Covering) -> Covering:
    """Return ``covering`` with the rows that must be covered as one more group."""
    must = np.flatnonzero(covering.must)
    if not len(must):
        return covering
    count = len(must)
    row = sparse.csr_array(
        (np.ones(count), must, np.array([0, count])), shape=(1, len(covering.must))
    )
    people = sparse.csr_array(sparse.vstack([covering.people, row], format="csr"))
    return replace(
        covering,
        must=np.zeros(len(covering.must), dtype=bool),
        people=people,
        needed=np.append(covering.needed, float(count)),
    )


def _first_fines(soft: Covering, chosen: Bools) -> Floats:
    """Return the price of a person in each group (G,) of the openings that serve it worst."""
    counts = rows_met(soft.matrix, chosen)
    alone = soft.people.multiply((counts == 1)[None, :])
    lost = (sparse.csr_array(alone) @ soft.matrix[:, chosen].astype(np.float64)).toarray()
    price = soft.price[chosen]
    mean: Floats = price.sum() / soft.needed
    rate = np.where(lost > 0, price / np.maximum(lost, 1e-12), mean[:, None])
    worst: Floats = np.maximum(np.quantile(rate, 0.8, axis=1), mean)
    return worst


def _stroll(soft: Covering, chosen: Bools) -> Stroll:
    counts = rows_met(soft.matrix, chosen).astype(np.int32)
    held, place, size = held_list(chosen)
    return Stroll(
        chosen=chosen.copy(),
        counts=counts,
        reached=np.asarray(soft.people @ (counts > 0).astype(np.float64)),
        used=soft.limits.activity(chosen),
        held=held,
        place=place,
        size=size,
    )
