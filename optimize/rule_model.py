"""Whether some of the rules can be kept together: a small model without objective.

Candidates that no rule tells apart (same types, same capacity, same coefficients in every row)
are one **class** of n sites, with one whole variable for each of their openings: how many of the n
open it. A class can open X[k] outlets of each type k exactly when X[k] <= n and the sum over k is
at most n times the capacity: dealing them out in turn gives no site two of a type, and none more
than its share rounded up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pulp
from scipy import sparse

from .arrays import Ints
from .column_classes import column_classes
from .limits import Limits, stack
from .model import CoverageModel, Variables
from .openings import Openings
from .problem import SitingProblem
from .rule_set import Rule
from .solvers import Request, Solver

Answer = Literal["feasible", "infeasible", "unknown"]

#: A rule counts as broken from this much on, in units of its largest coefficient.
_BROKEN = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class SiteClasses:
    """Openings of candidates that no rule tells apart, one for each class.

    Attributes
    ----------
    opening
        The opening of a class's first candidate (p,).
    site
        Class of each (p,).
    size, capacity
        Candidates of each class and outlets that each of them holds (c,).
    """

    opening: Ints
    site: Ints
    size: Ints
    capacity: Ints


@dataclass(frozen=True, slots=True, eq=False)
class RuleModels:
    """Builds and solves models of some of the rules.

    Attributes
    ----------
    openings
        All openings, with the floors' rows.
    rules
        Every rule.
    rows
        All limit rows of the rules stacked.
    first
        First row of each rule in ``rows``, and one more.
    classes
        Its columns.
    solver, request
        What solves them, and how long each may take.
    """

    openings: Openings
    rules: Sequence[Rule]
    rows: Limits
    first: Ints
    classes: SiteClasses
    solver: Solver
    request: Request

    def together(self, kept: Iterable[int]) -> Answer:
        """Return whether these rules (indices) can be kept together."""
        return self.broken(kept, ())[0]

    def broken(self, kept: Iterable[int], loose: Iterable[int]) -> tuple[Answer, list[int]]:
        """Return which of the ``loose`` rules a plan breaks that keeps all the others.

        Few are broken, not always the fewest. ``infeasible``: even the kept ones contradict.
        """
        model, slack = self._model(list(kept), list(loose))
        outcome = self.solver.solve(model, self.request)
        if outcome.ended == "infeasible":
            return "infeasible", []
        if outcome.ended == "interrupted":
            raise KeyboardInterrupt
        if outcome.ended == "time_limit" and not self._kept(model, list(kept)):
            return "unknown", []
        return "feasible", [r for r, some in slack.items() if any(_over(s) for s in some)]

    def _kept(self, model: CoverageModel, kept: list[int]) -> bool:
        """Whether a stopped solver's values keep the limits: whatever it left is looked at."""
        if all(x.varValue is None for x in model.opened):
            return False
        values = np.array([x.varValue or 0.0 for x in model.opened])
        if np.abs(values - values.round()).max(initial=0.0) > _BROKEN:
            return False
        chosen = sparse.csr_array(self.rows.matrix[:, self.classes.opening]) @ values
        inside = (chosen >= self.rows.lower - _BROKEN) & (chosen <= self.rows.upper + _BROKEN)
        floors = any(self.rules[rule].floors for rule in kept)
        rows = [row for rule in kept for row in range(self.first[rule], self.first[rule + 1])]
        return bool(inside[rows].all()) and not floors

    def _model(
        self, kept: list[int], loose: list[int]
    ) -> tuple[CoverageModel, dict[int, Variables]]:
        lp = pulp.LpProblem("rules", pulp.LpMaximize)
        x = _class_variables(lp, self.classes)
        _class_rows(lp, self.openings, self.classes, x)
        y = self._floor_variables(lp, x, [*kept, *loose])
        slack: dict[int, Variables] = {rule: self._slacks(lp, rule) for rule in loose}
        lp.setObjective(pulp.lpSum(-s for some in slack.values() for s in some))
        for rule in (*kept, *loose):
            self._add_rule(lp, rule, (x, y), slack.get(rule, ()))
        return CoverageModel(lp, x, list(y.values())), slack

    def _slacks(self, lp: pulp.LpProblem, rule: int) -> list[pulp.LpVariable]:
        """Add  s >= 0  for every row and floor of a loose rule."""
        count = int(self.first[rule + 1] - self.first[rule]) + len(self.rules[rule].floors)
        return [lp.add_variable(f"slack_{rule}_{place}", 0, None) for place in range(count)]

    def _floor_variables(
        self, lp: pulp.LpProblem, x: Variables, rules: list[int]
    ) -> dict[int, pulp.LpVariable]:
        """Add  0 <= y[r] <= sum of x over what covers r  for the rows of these rules' floors."""
        floors = [floor for rule in rules for floor in self.rules[rule].floors]
        rows = np.unique(sparse.csr_array(self.openings.floors.matrix[floors]).indices)
        covers = sparse.csr_array(self.openings.covers[rows][:, self.classes.opening])
        y = {}
        for place, row in enumerate(rows.tolist()):
            y[row] = lp.add_variable(f"covered_{row}", 0, 1)
            near = covers.indices[covers.indptr[place] : covers.indptr[place + 1]]
            terms = {x[column]: -1.0 for column in near.tolist()} | {y[row]: 1.0}
            _add(lp, f"cover_{row}", terms, pulp.LpConstraintLE, 0.0)
        return y

    def _add_rule(
        self,
        lp: pulp.LpProblem,
        rule: int,
        variables: tuple[Variables, dict[int, pulp.LpVariable]],
        slack: Variables,
    ) -> None:
        """Add the rows and floors of a rule, scaled to coefficients of at most one, loosened."""
        x, y = variables
        matrix = sparse.csr_array(self.rows.matrix[self.first[rule] : self.first[rule + 1]])
        matrix = sparse.csr_array(matrix[:, self.classes.opening])
        for place in range(matrix.shape[0]):
            row = int(self.first[rule]) + place
            terms = _row_terms(matrix, place, x)
            bounds = (self.rows.lower[row], self.rows.upper[row])
            _add_loose(lp, f"rule_{rule}_{place}", terms, bounds, slack[place : place + 1])
        for floor in self.rules[rule].floors:
            terms = _row_terms(self.openings.floors.matrix, floor, y)
            bounds = (self.openings.floors.lower[floor], np.inf)
            _add_loose(lp, f"floor_{rule}", terms, bounds, slack[-1:])


def rule_models(
    problem: SitingProblem,
    openings: Openings,
    rules: Sequence[Rule],
    solver: Solver,
    request: Request,
) -> RuleModels:
    """Return what answers whether some of ``rules`` can be kept together."""
    rows = stack([row for rule in rules for row in rule.rows], openings.count)
    first = np.cumsum([0, *(len(rule.rows) for rule in rules)])
    classes = site_classes(problem, openings, rows)
    return RuleModels(openings, rules, rows, first, classes, solver, request)


def site_classes(problem: SitingProblem, openings: Openings, rows: Limits) -> SiteClasses:
    """Return the candidates that neither ``rows`` nor floors tell apart, as classes.

    Years of a (candidate, type) pair that nothing tells apart are one opening.
    """
    counted = np.diff(openings.floors.matrix.T.tocsr().indptr) > 0
    told = sparse.vstack([rows.matrix, openings.covers[counted]], format="csr")
    column = column_classes(sparse.csr_array(told))
    order = np.lexsort((openings.year, column, openings.kind, openings.candidate))
    table = np.column_stack([openings.candidate, openings.kind, column])[order]
    first = np.flatnonzero(np.r_[True, (np.diff(table, axis=0) != 0).any(axis=1)][: len(order)])
    order, table = order[first], table[first]
    starts = np.flatnonzero(np.r_[True, np.diff(table[:, 0]) != 0][: len(order)])
    numbers: dict[object, int] = {}
    members: list[Ints] = []
    size: list[int] = []
    capacity: list[int] = []
    for part in np.split(np.arange(len(order)), starts[1:]) if len(starts) else ():
        held = int(problem.capacity[table[part[0], 0]])
        key = (held, table[part, 1:].tobytes())
        number = numbers.setdefault(key, len(numbers))
        if number == len(members):
            members.append(order[part])
            capacity.append(held)
            size.append(0)
        size[number] += 1
    opening = np.concatenate([np.empty(0, dtype=np.int64), *members])
    site = np.repeat(np.arange(len(members)), [len(some) for some in members])
    return SiteClasses(opening, site, np.array(size, np.int64), np.array(capacity, np.int64))


def _class_variables(lp: pulp.LpProblem, classes: SiteClasses) -> list[pulp.LpVariable]:
    """Add  0 <= X[p] <= n, whole: how many candidates of its class make opening p."""
    most = classes.size[classes.site].tolist()
    return [lp.add_variable(f"open_{p}", 0, n, pulp.LpInteger) for p, n in enumerate(most)]


def _class_rows(lp: pulp.LpProblem, openings: Openings, classes: SiteClasses, x: Variables) -> None:
    """Add  sum over t of X <= n  for each type of a class, and  sum of X <= n * capacity."""
    kinds = openings.kind[classes.opening]
    parts = np.flatnonzero(np.diff(classes.site, prepend=-1))
    for part in np.split(np.arange(len(kinds)), parts[1:]):
        if not len(part):
            continue
        site = int(classes.site[part[0]])
        size, held = int(classes.size[site]), int(classes.capacity[site])
        found = np.unique(kinds[part])
        for kind in found.tolist() if len(found) < len(part) else ():
            terms = {x[p]: 1.0 for p in part[kinds[part] == kind].tolist()}
            _add(lp, f"once_{site}_{kind}", terms, pulp.LpConstraintLE, size)
        if len(found) > held:
            terms = {x[p]: 1.0 for p in part.tolist()}
            _add(lp, f"capacity_{site}", terms, pulp.LpConstraintLE, size * held)


def _row_terms(
    matrix: sparse.csr_array, row: int, variables: Variables | dict[int, pulp.LpVariable]
) -> dict[pulp.LpVariable, float]:
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    columns, values = matrix.indices[part].tolist(), matrix.data[part].tolist()
    return {variables[column]: value for column, value in zip(columns, values, strict=True)}


def _add_loose(
    lp: pulp.LpProblem,
    name: str,
    terms: dict[pulp.LpVariable, float],
    bounds: tuple[float, float],
    slack: Variables,
) -> None:
    """Add  lower - s <= sum <= upper + s, divided by the largest coefficient."""
    scale = max(terms.values(), default=1.0) or 1.0
    scaled = {variable: value / scale for variable, value in terms.items()}
    lower, upper = bounds
    if np.isfinite(lower):
        loose = scaled | dict.fromkeys(slack, 1.0)
        _add(lp, f"{name}_min", loose, pulp.LpConstraintGE, float(lower) / scale)
    if np.isfinite(upper):
        loose = scaled | dict.fromkeys(slack, -1.0)
        _add(lp, f"{name}_max", loose, pulp.LpConstraintLE, float(upper) / scale)


def _add(
    lp: pulp.LpProblem, name: str, terms: dict[pulp.LpVariable, float], sense: int, rhs: float
) -> None:
    lp.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, name, rhs))


def _over(slack: pulp.LpVariable) -> bool:
    return (slack.varValue or 0.0) > _BROKEN
