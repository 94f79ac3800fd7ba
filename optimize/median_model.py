"""The p-median over few columns as a model in PuLP: rows step from level to level of their cost.

minimise    sum over levels l of step[l] * z[l]
subject to  z[l] + sum of x[j] over the columns new at l >= z[before l], or >= 1    (`level_rows`)
            sum of x[j] <= p                                                      (`total_row`)
            x binary, 0 <= z <= 1: z[l] = 1 where no column up to level l is open.

Rows that reach the same columns first share a level. Elloumi, "A tighter formulation of the
p-median problem", Journal of Combinatorial Optimization 19, 2010; García, Labbé and Marín, "Solving
large p-median problems with a radius formulation", INFORMS Journal on Computing 23, 2011.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulp

from .median_ranks import Ranks
from .model import CoverageModel
from .rows_of import add_row, at_most

#: Levels with more columns than this are not compared: hardly two rows share one.
_SHARED = 64


@dataclass(slots=True, eq=False)
class Levels:
    """What rows cost beyond their nearest column, in steps that several rows may share.

    Attributes
    ----------
    floor
        Cost of all rows when each is served by its nearest column.
    step
        Cost added where no column up to the level is open (L,).
    before
        The level before, −1 = none (L,).
    new
        Columns of the level that are not in the one before (L,).
    """

    floor: float = 0.0
    step: list[float] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    new: list[tuple[int, ...]] = field(default_factory=list)


def chained(ranks: Ranks) -> Levels:
    """Return the levels of all rows, those with the same columns joined."""
    levels = Levels()
    known: dict[frozenset[int], int] = {}
    for row in range(ranks.rows):
        before, inside = -1, frozenset[int]()
        levels.floor += _nearest(ranks, row)
        for columns, step in _steps(ranks, row):
            inside |= frozenset(columns)
            number = known.get(inside) if len(inside) <= _SHARED else None
            if number is None:
                number = len(levels.step)
                levels.step.append(0.0)
                levels.before.append(before)
                levels.new.append(columns)
                if len(inside) <= _SHARED:
                    known[inside] = number
            levels.step[number] += step
            before = number
    return levels


def _nearest(ranks: Ranks, row: int) -> float:
    first = ranks.start[row]
    return float(ranks.cost[first] if first < ranks.start[row + 1] else ranks.cap[row])


def _steps(ranks: Ranks, row: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield the columns of each level of a row, and how much dearer the next level is."""
    part = slice(ranks.start[row], ranks.start[row + 1])
    site, cost = ranks.site[part].tolist(), ranks.cost[part].tolist()
    cost.append(float(ranks.cap[row]))
    first = 0
    for place in range(1, len(cost)):
        if cost[place] > cost[first]:
            yield tuple(site[first:place]), cost[place] - cost[first]
            first = place


def chain_model(levels: Levels, count: int, p: int, scale: float = 1.0) -> CoverageModel:
    """Return the model over ``count`` columns of which at most p open, as maximising −cost × scale.

    Solvers have absolute tolerances: the scale brings costs of any unit to their size.
    """
    lp = pulp.LpProblem("p_median", pulp.LpMaximize)
    x = [lp.add_variable(f"open_{j}", 0, 1, pulp.LpInteger) for j in range(count)]
    z = [lp.add_variable(f"beyond_{level}", 0, 1) for level in range(len(levels.step))]
    lp.setObjective(
        pulp.LpAffineExpression(zip(z, [-scale * step for step in levels.step], strict=True))
    )
    level_rows(lp, levels, x, z)
    total_row(lp, x, p)
    return CoverageModel(lp, x, z)


def level_rows(
    lp: pulp.LpProblem, levels: Levels, x: list[pulp.LpVariable], z: list[pulp.LpVariable]
) -> None:
    """Add  z[l] + sum of x[j] over the columns new at l >= z[before l], or >= 1 at a first one."""
    for variable, before, new in zip(z, levels.before, levels.new, strict=True):
        terms = {variable: 1.0} | {x[j]: 1.0 for j in new}
        if before >= 0:
            terms[z[before]] = -1.0
        right = 1.0 if before < 0 else 0.0
        add_row(lp, f"level_{variable.name}", terms, pulp.LpConstraintGE, right)


def total_row(lp: pulp.LpProblem, x: list[pulp.LpVariable], p: int) -> None:
    """Add  sum of x[j] <= p."""
    at_most(lp, "total", dict.fromkeys(x, 1.0), float(p))
