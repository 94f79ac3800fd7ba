"""Walking with assignment as arrays: who may be served where, and what an assignment costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .existing import Existing
from .median_rows import Walking
from .objective_checks import by_pair
from .plan import Assignment
from .problem import SitingProblem


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """Rows by outlets: first the q openings, then the existing outlets.

    Attributes
    ----------
    walking
        Rows, openings, penalty.
    cost
        Impedance, CSR (R, q + e), zeros stored.
    room
        Persons an outlet can serve (q + e,), inf = no limit.
    label
        Candidate of each outlet; −1 − e for existing outlet e of its type (q + e,).
    many
        Outlets each person walks to.
    split
        Whether the people of a row may go to different outlets.
    """

    walking: Walking
    cost: sparse.csr_array
    room: Floats
    label: Ints
    many: int
    split: bool

    def row(self) -> Ints:
        """Return the row of each stored entry."""
        return np.repeat(np.arange(self.cost.shape[0]), np.diff(self.cost.indptr))


def persons_per_outlet(
    problem: SitingProblem, walking: Walking, persons: npt.ArrayLike | None
) -> Floats:
    """Return the persons that each opening (q,) can serve, inf = no limit."""
    openings = walking.openings
    if persons is None:
        return np.full(openings.count, np.inf)
    array = np.asarray(persons, dtype=np.float64)
    room = by_pair("persons", array[None] if array.ndim == 0 else array, problem)
    return np.asarray(room[openings.candidate, openings.kind], dtype=np.float64)


def serving_of(
    walking: Walking, existing: Existing | None, many: int, room: Floats, *, split: bool
) -> Serving:
    """Return the rows by openings and existing outlets; ``room`` (q,) is of the openings."""
    blocks, rooms, labels = [walking.rows.matrix], [room], [walking.openings.candidate]
    for k, matrix in enumerate(existing.impedance if existing is not None else ()):
        mine = (walking.rows.kind == k).astype(np.int64)
        here = matrix[walking.rows.demand]
        keep = np.repeat(mine, np.diff(here.indptr)).astype(bool)
        lengths = np.diff(here.indptr) * mine
        ends = np.concatenate([[0], np.cumsum(lengths)])
        blocks.append(sparse.csr_array((here.data[keep], here.indices[keep], ends), here.shape))
        limited = existing is not None and bool(np.isfinite(room).any())
        endless = np.full(matrix.shape[1], np.inf)
        rooms.append(existing.capacity[k] if existing is not None and limited else endless)
        labels.append(-1 - np.arange(matrix.shape[1]))
    cost = sparse.csr_array(sparse.hstack(blocks, format="csr"))
    return Serving(walking, cost, np.concatenate(rooms), np.concatenate(labels), many, split)


def out_of_reach(serving: Serving) -> Floats:
    """Return what a walk without an outlet costs each row (R,)."""
    walking = serving.walking
    if np.isfinite(walking.beyond):
        return np.full(len(walking.weight), walking.beyond)
    return walking.weight * walking.outside


def valid(serving: Serving, shares: Floats, chosen: Bools) -> bool:
    """Whether the shares use open outlets only, within their room, and serve nobody too often."""
    open_outlets = np.ones(serving.cost.shape[1], dtype=bool)
    open_outlets[: len(chosen)] = chosen
    load = np.bincount(
        serving.cost.indices,
        shares * serving.walking.persons[serving.row()],
        minlength=serving.cost.shape[1],
    )
    often = np.bincount(serving.row(), shares, minlength=serving.cost.shape[0])
    return (
        not bool((shares[~open_outlets[serving.cost.indices]] > 1e-6).any())
        and bool((load <= serving.room * (1 + 1e-6) + 1e-6).all())
        and bool((often <= serving.many + 1e-6).all())
    )


def cost_of(serving: Serving, shares: Floats) -> float:
    """Return the objective of an assignment, summed afresh."""
    row = serving.row()
    served = np.bincount(row, shares, minlength=serving.cost.shape[0])
    walked = float((serving.cost.data * serving.walking.weight[row] * shares).sum())
    missing = np.maximum(serving.many - served, 0.0)
    return walked + float((missing * out_of_reach(serving)).sum())


def assignment_of(serving: Serving, shares: Floats) -> Assignment:
    """Return who is served where by the shares of the stored entries."""
    used = np.flatnonzero(shares > 1e-6)
    row = serving.row()[used]
    rows = serving.walking.rows
    return Assignment(
        demand=rows.demand[row],
        type=rows.kind[row],
        candidate=serving.label[serving.cost.indices[used]],
        persons=serving.walking.persons[row] * shares[used],
    )


def figures_of(serving: Serving, shares: Floats) -> dict[str, float]:
    """Return mean walk and persons served and out of reach of an assignment."""
    row, persons = serving.row(), serving.walking.persons
    walked = persons[row] * shares
    served = np.bincount(row, shares, minlength=len(persons))
    total = float(walked.sum())
    missing = np.maximum(serving.many - served, 0.0)
    return {
        "mean_walk": float((walked * serving.cost.data).sum()) / total if total > 0 else 0.0,
        "persons_served": total / serving.many,
        "persons_out_of_reach": float((persons * missing).sum()) / serving.many,
    }
