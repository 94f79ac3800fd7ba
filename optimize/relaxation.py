"""The linear relaxation of a siting problem: a proven bound, and where its solution opens.

With y[r] = min(1, sum of x) left out where a row counts in the objective alone, the relaxation is

    maximise  constant + cost·x − sum over rows of cap[r] * max(0, (K x − rhs)[r]),  0 <= x <= 1

with a cap of inf for limits, floors and circles. Every u with 0 <= u <= cap proves the bound
constant + u·rhs + sum of max(0, cost − Kᵀu) (weak duality over a box), however it was found, so
no tolerance of a solver enters. It is found by the reflected, restarted Halpern form of the
primal-dual hybrid gradient method: Chambolle and Pock, J. Math. Imaging Vision 40, 2011; Applegate
et al., "Practical large-scale linear programming using primal-dual hybrid gradient", NeurIPS 2021;
Lu and Yang, "Restarted Halpern PDHG for linear programming", arXiv 2407.16144.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, Ints
from .cover_arrays import entries, floats, starts
from .kernels_relax import (
    Iterate,
    Matrix,
    Terms,
    anchor,
    dual_bound,
    primal_value,
    settle_row,
    steps,
)
from .openings import Openings

#: Steps between two looks at the bound.
LOOK = 40

#: A restart at the latest after this share of all steps so far.
_LATEST = 0.36

#: Limits with this many members have their duals settled exactly at every restart.
_WIDE = 64

#: Share that openings are thought to have where the start is empty.
_GUESS = 0.1

#: Rounding of a sum of this many float64 terms, relative to its size.
_ROUNDING = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """What the relaxation proves.

    Attributes
    ----------
    bound
        No plan is worth more, `Openings.constant` included.
    reduced
        Reduced cost of each opening (q,): no plan with a closed opening of cost above 0 is worth
        more than ``bound − reduced``, none with an open one below 0 more than ``bound + reduced``.
    share
        The near-optimal fractional solution (q,).
    steps
        Steps taken.
    limit_price
        Dual value of each limit (L,): about how much the bound rises when it is loosened by one,
        negative where it asks for a minimum.
    """

    bound: float
    reduced: Floats
    share: Floats
    steps: int
    limit_price: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """The relaxation as arrays; general rows stand after the R cover rows."""

    matrix: Matrix
    terms: Terms
    constant: float
    wide: Ints


def relax(
    openings: Openings,
    start: Bools,
    *,
    most_steps: int = 20_000,
    tolerance: float = 1e-6,
    enough: float = -np.inf,
    go_on: Callable[[], bool] = lambda: True,
) -> Relaxed:
    """Return a proven bound, near the value of the linear relaxation.

    Parameters
    ----------
    openings
        The problem, with at least one opening.
    start
        A plan (q,) to start from; any.
    most_steps
        Steps at most; each passes over the cover sets twice.
    tolerance
        Stop when the bound has fallen by less than this share of itself over the last quarter of
        the steps.
    enough
        Stop when the bound is down to this.
    go_on
        Asked after every `LOOK` steps; False ends the search early.

    Returns
    -------
    Relaxed
    """
    program = _program(openings)
    search = _Search(program, openings, start)
    history = [search.best]
    while search.taken < most_steps and search.best > enough and go_on():
        search.look()
        history.append(search.best)
        earlier = history[len(history) * 3 // 4]
        settled = earlier - search.best <= tolerance * abs(search.best)
        if len(history) > 20 and settled and search.close(tolerance):
            break
    return search.result(openings)


def _limit_price(openings: Openings, dual: Floats) -> Floats:
    """Return the dual value of each limit, in the order in which `_general_rows` stacks them."""
    limits, first = openings.limits, openings.covers.shape[0]
    upper, lower = np.isfinite(limits.upper), np.isfinite(limits.lower)
    price = np.zeros(len(limits.names))
    split = first + int(upper.sum())
    price[upper] += dual[first:split]
    price[lower] -= dual[split : split + int(lower.sum())]
    return price


class _Search:
    """The iterates of one run."""

    __slots__ = ("best", "dual", "moved", "program", "reduced", "since", "taken", "weight", "z")

    def __init__(self, program: _Program, openings: Openings, start: Bools) -> None:
        terms, rows = program.terms, openings.covers.shape[0]
        x, u = np.zeros(len(terms.cost)), np.zeros(len(terms.rhs))
        x[: openings.count] = start
        u[:rows] = 0.5 * openings.weight
        self.program, self.z = program, Iterate(*(part.copy() for part in (x, u) * 3))
        self.reduced, self.dual, self.best = np.empty(len(x)), u, np.inf
        self.moved, self.since, self.taken = np.zeros(4), 0, 0
        for _ in range(2):
            self._settle(u)
        self.z.u[:], self.z.u_anchor[:] = u, u
        across = float((u * u / terms.row_step).sum())
        along = float((x * x / terms.column_step).sum())
        if along <= 0:
            along = _GUESS**2 * float((1.0 / terms.column_step).sum())
        self.weight = float(np.sqrt(max(across, 1e-12) / along))

    def look(self) -> None:
        """Take some steps, look at the bound, restart where it is due."""
        program, z = self.program, self.z
        done = steps(program.matrix, program.terms, z, self.weight, self.since, LOOK, self.moved)
        self.taken += int(abs(done)) - self.since
        self.since = int(abs(done))
        if done < 0 or self.since >= max(_LATEST * self.taken, LOOK):
            self._settle(z.u_image.copy())
            self._restart()
        else:
            self._note(z.u_image)

    def close(self, tolerance: float) -> bool:
        """Whether the primal value is as near the bound as the dual search can still gain."""
        program = self.program
        value = program.constant + primal_value(program.matrix, program.terms, self.z.x_image)
        return abs(value - self.best) <= 30 * tolerance * abs(self.best) or self.taken > 4000

    def result(self, openings: Openings) -> Relaxed:
        program, count = self.program, openings.count
        bound = program.constant + dual_bound(
            program.matrix, program.terms, self.dual, self.reduced
        )
        size = np.abs(self.dual * program.terms.rhs).sum() + np.abs(self.reduced).sum()
        safe = bound + _ROUNDING * float(size + abs(program.constant))
        share = self.z.x_image[:count].copy()
        price = _limit_price(openings, self.dual)
        return Relaxed(safe, self.reduced[:count].copy(), share, self.taken, price)

    def _restart(self) -> None:
        anchor(self.program.terms, self.z, self.moved)
        self.since = 0
        along, across = self.moved[2], self.moved[3]
        if along > 0 and across > 0:
            self.weight = float(np.sqrt(self.weight * np.sqrt(across / along)))

    def _settle(self, u: Floats) -> None:
        """Note the bound of ``u`` with the duals of wide limits settled, in place."""
        program = self.program
        dual_bound(program.matrix, program.terms, u, self.reduced)
        for row in program.wide:
            settle_row(program.matrix, program.terms, u, self.reduced, row)
        self._note(u)

    def _note(self, u: Floats) -> None:
        program = self.program
        bound = program.constant + dual_bound(program.matrix, program.terms, u, self.reduced)
        if bound < self.best:
            self.best, self.dual = bound, u.copy()


def _program(openings: Openings) -> _Program:
    rows = openings.covers.shape[0]
    special = _special_rows(openings)
    extra, rhs, columns = _general_rows(openings, special)
    cost = np.concatenate(
        [openings.gain, openings.weight[special], openings.circles.weight]
    ).astype(np.float64)
    plain = np.ones(rows, dtype=bool)
    plain[special] = False
    cap = np.concatenate([np.where(plain, openings.weight, np.inf), np.full(len(rhs), np.inf)])
    right = np.concatenate([np.where(plain, -1.0, 0.0), rhs])
    by_opening = openings.covers.T.tocsr()
    magnitude = abs(extra)
    across = np.asarray(magnitude.sum(axis=1)) + _padded(
        np.diff(openings.covers.indptr), len(right)
    )
    along = np.asarray(magnitude.sum(axis=0)) + _padded(np.diff(by_opening.indptr), columns)
    by_column = extra.T.tocsr()
    matrix = Matrix(
        *(starts(openings.covers), entries(openings.covers)),
        *(starts(by_opening), entries(by_opening)),
        *(starts(extra), entries(extra), floats(extra.data)),
        *(starts(by_column), entries(by_column), floats(by_column.data)),
    )
    terms = Terms(
        *(floats(cost), floats(right), floats(cap)),
        *(1.0 / np.maximum(along, 1e-9), 1.0 / np.maximum(across, 1e-9)),
    )
    wide = rows + np.flatnonzero(np.diff(extra.indptr)[rows:] >= _WIDE)
    constant = openings.constant + float(openings.weight[plain].sum())
    return _Program(matrix, terms, constant, wide)


def _special_rows(openings: Openings) -> Ints:
    """Return the rows that floors or circles look at: their y stays a variable."""
    return np.unique(
        np.concatenate([openings.floors.matrix.indices, openings.circles.members.indices])
    ).astype(np.int64)


def _general_rows(openings: Openings, special: Ints) -> tuple[sparse.csr_array, Floats, int]:
    """Return E over x, y of the special rows and circles, the right sides below it, its width."""
    rows, count = openings.covers.shape
    circles, floors, limits = openings.circles, openings.floors, openings.limits
    columns = count + len(special) + len(circles.weight)
    y_of = np.full(rows, -1, dtype=np.int64)
    y_of[special] = count + np.arange(len(special))
    upper, lower = np.isfinite(limits.upper), np.isfinite(limits.lower)
    member = sparse.coo_array(circles.members)
    links = len(member.row)
    blocks = [
        _entries(special, y_of[special], np.ones(len(special)), (rows, columns)),
        _widened(limits.matrix[upper], columns),
        _widened(-1.0 * limits.matrix[lower], columns),
        _moved(-1.0 * floors.matrix, y_of, columns),
        _entries(
            np.tile(np.arange(links), 2),
            np.concatenate([count + len(special) + member.row, y_of[member.col]]),
            np.repeat([1.0, -1.0], links),
            (links, columns),
        ),
    ]
    rhs = np.concatenate(
        [limits.upper[upper], -limits.lower[lower], -floors.lower, np.zeros(links)]
    )
    return sparse.csr_array(sparse.vstack(blocks, format="csr")), rhs, columns


def _entries(rows: Ints, columns: Ints, values: Floats, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array(sparse.coo_array((values, (rows, columns)), shape=shape))


def _widened(matrix: sparse.csr_array, columns: int) -> sparse.csr_array:
    return sparse.csr_array(
        (matrix.data.astype(np.float64), matrix.indices, matrix.indptr),
        shape=(matrix.shape[0], columns),
    )


def _moved(matrix: sparse.csr_array, to: Ints, columns: int) -> sparse.csr_array:
    """Return ``matrix`` with its columns renumbered."""
    return sparse.csr_array(
        (matrix.data, to[matrix.indices], matrix.indptr), shape=(matrix.shape[0], columns)
    )


def _padded(values: Ints, length: int) -> Floats:
    padded = np.zeros(length)
    padded[: len(values)] = values
    return padded
