"""Maximum attendance: how many come, when fewer come the farther the nearest outlet is.

maximise  sum over demand i and types k of weight[i, k] * share(walk from i to its nearest outlet)

with a share that never rises with the walk. As only the nearest outlet counts, this is weighted
coverage by levels: with the shares that occur around i sorted, s1 > s2 > … > sL, a row worth
weight * (s1 − s2) is covered by the openings of share s1, one worth weight * (s2 − s3) by those of
at least s2, and so on. The fast coverage solver then proves it (`solve_openings`). The idea is
Hakimi's and Church and ReVelle's; see Church and Murray, "Location Covering Models", 2018.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
from scipy import sparse

from quarterhour.coverage.decay import Decay

from .arrays import Bools, Floats, Ints
from .conflicts import find_conflicts
from .effort import Effort, Run
from .existing import Existing
from .finish import Extras, Found, plan_of, refused
from .objective_checks import need_impedance, refuse_rules
from .openings import Openings
from .plan import PROVEN, ModelSize, Plan, relative_gap
from .problem import SitingProblem
from .rows_of import Rows, columns_of, openings_over, rows_of
from .solve_openings import Solved, solve_openings

#: Levels of share beyond which all that occur are told apart.
_FINEST = 256


@dataclass(frozen=True, slots=True, eq=False)
class _Attendance:
    """Shares of the rows: by opening, and what existing outlets draw already.

    Attributes
    ----------
    openings
        The columns.
    rows
        Matrix of shares (R, q), each above the row's base.
    base
        Share that comes to the nearest existing outlet (R,).
    weight
        Worth of the row's residents (R,).
    """

    openings: Openings
    rows: Rows
    base: Floats
    weight: Floats

    def value(self, chosen: Bools) -> float:
        """Return the weight that comes in addition to what existing outlets draw."""
        matrix = self.rows.matrix
        share = np.where(chosen[matrix.indices], matrix.data, 0.0)
        best = _row_max(share, matrix)
        return float((self.weight * np.maximum(best - self.base, 0.0)).sum())


def plan_attendance(
    problem: SitingProblem,
    decay: Decay,
    *,
    existing: Existing | None = None,
    levels: int | None = None,
    **effort: Unpack[Effort],
) -> Plan:
    """Return the plan to which the most residents come.

    Parameters
    ----------
    problem
        With `SitingProblem.impedance`: walking costs of the candidates, stored within reach only.
    decay
        Share of residents that come at a walking cost, in its unit, e.g.
        ``LinearDecay(900)``, ``ExponentialDecay(300)``, ``PowerDecay(100, 2, 100)``,
        ``StepDecay((300, 900), (1, 0.5))``. Shares above 1 count as 1. It must not rise.
    existing
        Existing outlets: residents come to the nearest of all. Where not given, demand in
        `SitingProblem.covered` is left out, as in maximum coverage.
    levels
        Levels of share told apart at first; None = all that occur (exact at once, but large where
        many candidates reach a point). Shares are rounded up for the bound, never for the
        objective, so the gap stays true; levels are doubled while it is too wide and time is left.
    **effort
        See `effort.Effort`.

    Returns
    -------
    Plan
        ``objective``: weight that comes beyond what existing outlets draw;
        ``figures["attendance"]``: in all.

    Raises
    ------
    InputFaults
        If walking costs are missing or the problem holds a rule this objective cannot take.
    """
    run = Run.begin(effort)
    refuse_rules(problem, "attendance")
    need_impedance(problem, "attendance")
    conflicts = find_conflicts(problem)
    if conflicts:
        return refused(problem, run, conflicts, sense="max", kind="attendance")
    attendance, drawn, unreachable = _attendance(problem, decay, existing)
    found, size = _search(attendance, levels, run)
    figures = {"attendance": drawn + found.objective}
    extras = Extras(figures=figures, unreachable=unreachable, size=size)
    return plan_of(
        problem, attendance.openings, found, run, sense="max", kind="attendance", extras=extras
    )


def _search(attendance: _Attendance, levels: int | None, run: Run) -> tuple[Found, ModelSize]:
    """Solve with ever finer levels until the true gap is small enough or the time is over."""
    found = Found(None, 0.0, float("inf"), 0.0, "time_limit")
    while True:
        rounded = attendance if levels is None else _rounded_up(attendance, levels)
        solved = solve_openings(
            level_openings(rounded.openings, rounded.rows, rounded.base, rounded.weight),
            solver=run.solver,
            start=found.chosen,
            **run.clock(),
        )
        found = _better(attendance, found, solved)
        gap = relative_gap(found.objective, found.bound)
        stop = solved.ended in {"infeasible", "interrupted"} or levels is None
        if stop or gap <= max(PROVEN, run.gap) or run.left() <= 0:
            return found, solved.size
        levels = 2 * levels if levels and levels < _FINEST else None


def _better(attendance: _Attendance, found: Found, solved: Solved) -> Found:
    """Return what is known after one more round: the best choice, the least bound."""
    bound = min(found.bound, solved.bound)
    if solved.chosen is None:
        return replace(found, bound=bound, ended=solved.ended)
    value = attendance.value(solved.chosen)
    floor = min(solved.floor, value) if found.chosen is None else found.start
    if found.chosen is not None and value <= found.objective:
        return replace(found, bound=bound, ended=solved.ended)
    return Found(solved.chosen, value, bound, floor, solved.ended)


def _attendance(
    problem: SitingProblem, decay: Decay, existing: Existing | None
) -> tuple[_Attendance, float, Ints]:
    """Return the shares, the weight existing outlets draw, and the pairs out of reach."""
    openings = columns_of(problem)
    pairs = ~problem.unknown & (problem.weights > 0)
    if existing is None:
        pairs &= ~problem.covered
    rows = rows_of(openings, problem.impedance, pairs, problem.n_candidates)
    base = _nearest_existing(rows, existing, decay)
    weight = rows.of_pairs(problem.weights)
    unreachable = rows.take(~rows.reached() & (base <= 0)).pairs()
    shares = _shares(rows.matrix, decay)
    above = shares.data > np.repeat(base, np.diff(shares.indptr))
    shares.data[~above] = 0.0
    shares.eliminate_zeros()
    drawn = float((weight * base).sum())
    return _Attendance(openings, replace(rows, matrix=shares), base, weight), drawn, unreachable


def _shares(matrix: sparse.csr_array, decay: Decay) -> sparse.csr_array:
    shares = np.clip(decay(matrix.data), 0.0, 1.0)
    return sparse.csr_array((shares, matrix.indices, matrix.indptr), shape=matrix.shape, copy=True)


def _nearest_existing(rows: Rows, existing: Existing | None, decay: Decay) -> Floats:
    base = np.zeros(len(rows.demand))
    if existing is None:
        return base
    for k, matrix in enumerate(existing.impedance):
        shares = _shares(matrix, decay)
        mine = rows.kind == k
        base[mine] = _row_max(shares.data, shares)[rows.demand[mine]]
    return base


def _row_max(values: Floats, matrix: sparse.csr_array) -> Floats:
    """Return the largest of ``values``, one for each stored entry, in each row; 0 without any."""
    best = np.zeros(matrix.shape[0])
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled):
        best[filled] = np.maximum.reduceat(values, matrix.indptr[filled])
    return best


def _rounded_up(attendance: _Attendance, levels: int) -> _Attendance:
    """Return the shares rounded up to multiples of 1 / levels: an optimistic problem."""
    matrix = attendance.rows.matrix.copy()
    matrix.data = np.minimum(np.ceil(matrix.data * levels - 1e-9) / levels, 1.0)
    return replace(attendance, rows=replace(attendance.rows, matrix=matrix))


def level_openings(openings: Openings, rows: Rows, base: Floats, weight: Floats) -> Openings:
    """Return openings whose coverage, counted by level, is a reward of the best opening.

    Parameters
    ----------
    openings
        The columns and limits.
    rows
        Rewards of each row (R, q), above its base.
    base
        Reward that a row has anyhow (R,).
    weight
        Factor of each row (R,).
    """
    levels = _levels(rows.matrix)
    next_lower = np.append(levels.reward[1:], 0.0)
    last = np.append(levels.row[1:] != levels.row[:-1], True)  # the lowest level of its row
    step = levels.reward - np.where(last, base[levels.row], next_lower)
    of_level = Rows(rows.demand[levels.row], rows.kind[levels.row], _covers(rows.matrix, levels))
    return openings_over(openings, of_level, weight[levels.row] * step)


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """Entries sorted by row, then falling reward, and the levels they form.

    Attributes
    ----------
    column
        Opening of each entry (e,), sorted so.
    row, reward
        Of each level (L,).
    first, end
        Entries [first[l], end[l]) are those of the level's row that reach it (L,).
    """

    column: Ints
    row: Ints
    reward: Floats
    first: Ints
    end: Ints


def _levels(matrix: sparse.csr_array) -> _Levels:
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, row))
    row, reward = row[order], matrix.data[order]
    ends = np.append((row[1:] != row[:-1]) | (reward[1:] != reward[:-1]), True)[: len(row)]
    at = np.flatnonzero(ends)
    return _Levels(
        column=matrix.indices[order].astype(np.int64),
        row=row[at],
        reward=reward[at],
        first=matrix.indptr[row[at]].astype(np.int64),
        end=at + 1,
    )


def _covers(matrix: sparse.csr_array, levels: _Levels) -> sparse.csr_array:
    """Return the cover sets of the levels: each level's are its row's entries down to it."""
    length = levels.end - levels.first
    indptr = np.concatenate([[0], np.cumsum(length)])
    inside = np.arange(indptr[-1]) - np.repeat(indptr[:-1], length)
    columns = levels.column[np.repeat(levels.first, length) + inside]
    shape = (len(levels.row), matrix.shape[1])
    covers = sparse.csr_array((np.ones(len(columns), dtype=np.int8), columns, indptr), shape=shape)
    covers.sort_indices()
    return covers
