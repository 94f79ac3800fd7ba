"""Search for a cheap cover: greedy, then a walk that weighs the rows it finds hard to cover."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .cover_arrays import entries, floats, starts
from .covering import Covering
from .kernels_fewest import Choice, Task, grow, shrink, start_choice, walk
from .targets import slack

#: Steps between two looks at the clock.
_CHUNK = 2000


def task_of(covering: Covering) -> Task:
    """Return the arrays of ``covering`` that the compiled searches read."""
    by_opening = sparse.csr_array(covering.matrix.T)
    groups_of = sparse.csr_array(covering.people.T)
    limits_of = sparse.csr_array(covering.limits.matrix.T)
    return Task(
        *(starts(covering.matrix), entries(covering.matrix)),
        *(starts(by_opening), entries(by_opening)),
        *(floats(covering.price), covering.must),
        *(starts(groups_of), entries(groups_of), floats(groups_of.data)),
        covering.needed - slack(covering.needed),
        *(starts(limits_of), entries(limits_of), floats(limits_of.data)),
        *(floats(covering.limits.lower), floats(covering.limits.upper)),
    )


def choice_of(covering: Covering, task: Task, chosen: Bools) -> Choice:
    """Return the state of a choice (q,); rows that must be covered weigh 1, others 0."""
    weight = covering.must.astype(np.float64)
    limits, groups = len(covering.limits.names), len(covering.needed)
    return started(task, chosen, weight, limits=limits, groups=groups)


def started(
    task: Task, chosen: Bools, weight: Floats, *, limits: int = 0, groups: int = 0
) -> Choice:
    """Return the state of a choice (q,), with the weight of each row (R,), changed by a walk."""
    rows, openings = len(weight), len(chosen)
    choice = Choice(
        chosen=np.zeros(openings, dtype=bool),
        counts=np.zeros(rows, dtype=np.int32),
        only=np.zeros(rows, dtype=np.int64),
        weight=weight,
        score=np.zeros(openings),
        opened_at=np.zeros(openings, dtype=np.int64),
        changed_at=np.zeros(rows, dtype=np.int64),
        held=np.zeros(openings, dtype=np.int64),
        held_place=np.zeros(openings, dtype=np.int64),
        bare=np.zeros(rows, dtype=np.int64),
        bare_place=np.zeros(rows, dtype=np.int64),
        size=np.zeros(2, dtype=np.int64),
        used=np.zeros(limits),
        reached=np.zeros(groups),
    )
    start_choice(task, choice, chosen)
    return choice


def completed(covering: Covering, task: Task, chosen: Bools) -> Bools | None:
    """Return ``chosen`` (q,) with what is still needed and without what is not, or None."""
    choice = choice_of(covering, task, chosen)
    if not grow(task, choice):
        return None
    shrink(task, choice, _dearest_first(covering, choice.chosen))
    return choice.chosen if covering.met(choice.chosen) else None


def _dearest_first(covering: Covering, chosen: Bools) -> Ints:
    order = np.flatnonzero(chosen)
    return order[np.argsort(-covering.price[order], kind="stable")]


class WalkOptions(TypedDict, total=False):
    """What every walk takes.

    Attributes
    ----------
    seed
        Of the walk; the same seed and steps give the same choice (0).
    enough
        A price at which to stop (0).
    go_on
        Asked after every few steps; False ends the walk early.
    """

    seed: int
    enough: float
    go_on: Callable[[], bool]


def walk_cover(
    covering: Covering, task: Task, chosen: Bools, *, steps: int, **options: Unpack[WalkOptions]
) -> Bools:
    """Return a full cover no dearer than ``chosen`` (q,), which is one.

    Parameters
    ----------
    covering, task
        A full covering (`Covering.full`) and its arrays.
    chosen
        A cover within the limits.
    steps
        Steps without a cheaper cover after which the walk ends.
    **options
        See `WalkOptions`.
    """
    go_on, enough = options.get("go_on", always), options.get("enough", 0.0)
    choice, price = choice_of(covering, task, chosen), covering.value(chosen)
    clock: Floats = np.array([0.0, price, price])
    dice = dice_of(options.get("seed", 0))
    best, found, idle = np.zeros(covering.count, dtype=np.int64), chosen, 0
    while idle < steps and clock[2] > enough and go_on():
        size = walk(task, choice, dice, clock, min(_CHUNK, steps), enough, best)
        idle = 0 if size else idle + _CHUNK
        if size:
            found = np.zeros(covering.count, dtype=bool)
            found[best[:size]] = True
    return found if covering.met(found) else chosen


def dice_of(seed: int) -> npt.NDArray[np.uint64]:
    """Return the state of the random numbers of a seed."""
    return np.array([seed * 2 + 0x9E3779B97F4A7C15], dtype=np.uint64)


def always() -> bool:
    """Go on."""
    return True
