"""The coverage model in PuLP, one function for each variable family and constraint family.

maximise    constant + sum over rows r of weight[r] * y[r] + sum over circles c of worth[c] * w[c]
            + sum over openings o of gain[o] * x[o]
subject to  y[r] <= sum of x[o] over the openings o that cover r          (`cover_rows`)
            w[c] <= y[r] for every row r of circle c                       (`circle_rows`)
            sum over r of persons[f, r] * y[r] >= lower[f]                 (`floor_rows`)
            the limits of the problem                                      (`limit_rows`)
            x binary, 0 <= y, w <= 1: neither needs integrality, more of them is never worse.

Church and ReVelle, "The maximal covering location problem", Papers of the Regional Science
Association 32, 1974. Rows are built over cover sets only, never over all candidates. Where an
outlet may open in one of several years, rows of year t take z[j, k, t] = sum of x[j, k, s] over
s <= t, "open by year t" (`cumulative_rows`): the entries of the cover rows then grow with the
number of years and not with its square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pulp

from .arrays import Bools, Ints
from .openings import Openings
from .year_chains import YearChains, year_chains

Variables = Sequence[pulp.LpVariable]


@dataclass(frozen=True, slots=True, eq=False)
class CoverageModel:
    """A PuLP model and its variables.

    Attributes
    ----------
    lp
        The model; its objective leaves out `Openings.constant`.
    opened
        x of each opening (q,).
    covered
        y of each row (R,); of the rows that floors count in a model of the rules alone.
    complete
        w of each circle (C,).
    open_by
        z of each step of `year_chains`, "open by that year".
    """

    lp: pulp.LpProblem
    opened: Variables
    covered: Variables
    complete: Variables = ()
    open_by: Variables = ()

    def chosen(self) -> Bools:
        """Return the solution's openings (q,), rounded; nothing where there is none."""
        return np.array([(x.varValue or 0.0) > 0.5 for x in self.opened], dtype=bool)

    def started(self) -> bool:
        """Whether the variables hold a warm start."""
        return bool(self.opened) and self.opened[0].varValue is not None

    def start_from(self, openings: Openings, chosen: Bools) -> None:
        """Set every variable to the plan ``chosen`` (q,), as a warm start."""
        covered = openings.covered(chosen)
        _set(self.opened, chosen)
        _set(self.covered, covered)
        _set(self.complete, openings.circles.complete(covered))
        if self.open_by:
            _set(self.open_by, year_chains(openings).open_by(chosen))


def _set(variables: Variables, values: Bools) -> None:
    for variable, value in zip(variables, values.tolist(), strict=True):
        variable.varValue = float(value)


def coverage_model(openings: Openings) -> CoverageModel:
    """Return the maximum-coverage model of ``openings``."""
    lp = pulp.LpProblem("maximum_coverage", pulp.LpMaximize)
    chains = year_chains(openings)
    x = opening_variables(lp, openings)
    z = cumulative_variables(lp, chains)
    y = coverage_variables(lp, openings)
    w = circle_variables(lp, openings)
    coverage_objective(lp, openings, x, y, w)
    cumulative_rows(lp, chains, x, z)
    cover_rows(lp, openings, chains, (x, z, y))
    circle_rows(lp, openings, y, w)
    floor_rows(lp, openings, y)
    limit_rows(lp, openings, x)
    return CoverageModel(lp, x, y, w, z)


def feasibility_model(openings: Openings) -> CoverageModel:
    """Return a model of limits and floors: maximise what each opening would win by itself."""
    lp = pulp.LpProblem("feasible_plan", pulp.LpMaximize)
    counted = openings.keep_rows(np.diff(openings.floors.matrix.T.tocsr().indptr) > 0)
    chains = year_chains(counted)
    x = opening_variables(lp, openings)
    z = cumulative_variables(lp, chains)
    y = coverage_variables(lp, counted)
    worth = zip(x, openings.alone().tolist(), strict=True)
    lp.setObjective(pulp.LpAffineExpression(worth))
    cumulative_rows(lp, chains, x, z)
    cover_rows(lp, counted, chains, (x, z, y))
    floor_rows(lp, counted, y)
    limit_rows(lp, openings, x)
    return CoverageModel(lp, x, y, (), z)


def opening_variables(lp: pulp.LpProblem, openings: Openings) -> list[pulp.LpVariable]:
    """Add  x[o] in {0, 1}: whether candidate j opens type k in year t (``open_k_j_t``)."""
    names = _names("open", openings.kind, openings.candidate, openings.year)
    return [lp.add_variable(name, 0, 1, pulp.LpInteger) for name in names]


def cumulative_variables(lp: pulp.LpProblem, chains: YearChains) -> list[pulp.LpVariable]:
    """Add  z[s] in {0, 1}: whether an outlet is open by the year of step s (``by_o``)."""
    names = (f"by_{opening}" for opening in chains.opening.tolist())
    return [lp.add_variable(name, 0, 1, pulp.LpInteger) for name in names]


def coverage_variables(lp: pulp.LpProblem, openings: Openings) -> list[pulp.LpVariable]:
    """Add  0 <= y[r] <= 1: whether demand point i is covered (``covered_k_i_t``)."""
    names = _names("covered", openings.row_kind, openings.row_demand, openings.row_year)
    return [lp.add_variable(name, 0, 1) for name in names]


def circle_variables(lp: pulp.LpProblem, openings: Openings) -> list[pulp.LpVariable]:
    """Add  0 <= w[c] <= 1: whether all rows of circle c are covered (``circle_c``)."""
    return [lp.add_variable(f"circle_{c}", 0, 1) for c in range(len(openings.circles.weight))]


def _names(word: str, *numbers: Ints) -> list[str]:
    """Return ``word_k_j_t`` for each record; the year is left out where there is only one."""
    shown = numbers if numbers[-1].any() else numbers[:-1]
    columns = zip(*(column.tolist() for column in shown), strict=True)
    return ["_".join((word, *map(str, record))) for record in columns]


def coverage_objective(
    lp: pulp.LpProblem, openings: Openings, x: Variables, y: Variables, w: Variables
) -> None:
    """Set  maximise sum of weight[r] * y[r] + worth[c] * w[c] + gain[o] * x[o]."""
    families = ((y, openings.weight), (w, openings.circles.weight), (x, openings.gain))
    terms = {
        variable: worth
        for variables, worths in families
        for variable, worth in zip(variables, worths.tolist(), strict=True)
        if worth
    }
    lp.setObjective(pulp.LpAffineExpression(terms))


def cumulative_rows(lp: pulp.LpProblem, chains: YearChains, x: Variables, z: Variables) -> None:
    """Add  z[s] = z[s - 1] + x[o]  for each step s, opening o; z of the first year is its x."""
    steps = zip(z, chains.opening.tolist(), chains.before.tolist(), strict=True)
    for variable, opening, before in steps:
        earlier = x[before] if before < chains.width else z[before - chains.width]
        terms = {variable: 1.0, earlier: -1.0, x[opening]: -1.0}
        _add(lp, f"years_{variable.name}", terms, pulp.LpConstraintEQ, 0.0)


def cover_rows(
    lp: pulp.LpProblem,
    openings: Openings,
    chains: YearChains,
    variables: tuple[Variables, Variables, Variables],
) -> None:
    """Add  y[r] - sum of x[o] over the openings o that cover r <= 0  for every row r.

    The years of one outlet in a row are summed up by the z of the last of them.
    """
    x, z, y = variables
    parts = [*x, *z]
    matrix = chains.covers(openings)
    columns, ends = matrix.indices.tolist(), matrix.indptr.tolist()
    for row, variable in enumerate(y):
        terms = {parts[column]: -1.0 for column in columns[ends[row] : ends[row + 1]]}
        terms[variable] = 1.0
        _add(lp, f"cover{variable.name[7:]}", terms, pulp.LpConstraintLE, 0.0)


def circle_rows(lp: pulp.LpProblem, openings: Openings, y: Variables, w: Variables) -> None:
    """Add  w[c] - y[r] <= 0  for every row r of every circle c."""
    members = openings.circles.members
    for circle, variable in enumerate(w):
        for row in members.indices[members.indptr[circle] : members.indptr[circle + 1]].tolist():
            terms = {variable: 1.0, y[row]: -1.0}
            _add(lp, f"{variable.name}_{row}", terms, pulp.LpConstraintLE, 0.0)


def floor_rows(lp: pulp.LpProblem, openings: Openings, y: Variables) -> None:
    """Add  sum over r of persons[f, r] * y[r] >= lower[f]  for every floor f."""
    floors = openings.floors
    for place, name in enumerate(floors.names):
        part = slice(floors.matrix.indptr[place], floors.matrix.indptr[place + 1])
        rows = [y[row] for row in floors.matrix.indices[part].tolist()]
        terms = dict(zip(rows, floors.matrix.data[part].tolist(), strict=True))
        _add(lp, name, terms, pulp.LpConstraintGE, float(floors.lower[place]))


def limit_rows(lp: pulp.LpProblem, openings: Openings, x: Variables) -> None:
    """Add  lower <= sum of coefficient * x[o] <= upper  for every row of `limits`."""
    limits = openings.limits
    for row, name in enumerate(limits.names):
        part = slice(limits.matrix.indptr[row], limits.matrix.indptr[row + 1])
        members = [x[column] for column in limits.matrix.indices[part]]
        terms = dict(zip(members, limits.matrix.data[part].tolist(), strict=True))
        lower, upper = float(limits.lower[row]), float(limits.upper[row])
        if lower == upper:
            _add(lp, name, terms, pulp.LpConstraintEQ, lower)
            continue
        if np.isfinite(upper):
            _add(lp, f"{name}_max", terms, pulp.LpConstraintLE, upper)
        if np.isfinite(lower):
            _add(lp, f"{name}_min", terms, pulp.LpConstraintGE, lower)


def _add(
    lp: pulp.LpProblem, name: str, terms: dict[pulp.LpVariable, float], sense: int, rhs: float
) -> None:
    lp.addConstraint(pulp.LpConstraint(pulp.LpAffineExpression(terms), sense, name, rhs))
