"""The rules a user set, one by one, each with its limit rows: what an explanation names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Literal

import numpy as np

from .limit_row import LimitRow, counting
from .limits import budget_rows, quota_rows, required_rows
from .openings import Openings
from .problem import SitingProblem
from .spacing import exclusive_rows, spacing_rows

RuleKind = Literal[
    "minimum", "maximum", "budget", "required", "fixed", "spacing", "exclusive", "floor"
]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a problem that a user could loosen.

    Attributes
    ----------
    kind
        ``minimum`` and ``maximum`` are the two sides of a quota; the others are named as in
        `SitingProblem`.
    index
        Which of its kind: index in `quotas`, `types` (spacing), `exclusive` or `floors`; else 0.
    rows
        Its limits over the openings.
    parts
        Of ``required`` and ``fixed``, a rule for each site: (candidate index, …) in `sites`.
    sites
        (candidate, type) indices it speaks of, type −1 = any; only of required and fixed sites.
    """

    kind: RuleKind
    index: int = 0
    rows: tuple[LimitRow, ...] = ()
    parts: tuple[Rule, ...] = ()
    sites: tuple[tuple[int, int], ...] = field(default=())

    @property
    def floors(self) -> tuple[int, ...]:
        """Indices in `SitingProblem.floors` that it asks for."""
        return (self.index,) if self.kind == "floor" else ()

    def of_parts(self, parts: tuple[Rule, ...]) -> Rule:
        """Return the rule with some of its parts only."""
        return joined(self.kind, list(parts))


def joined(kind: RuleKind, parts: list[Rule]) -> Rule:
    """Return several rules of single sites as one."""
    rows = tuple(row for part in parts for row in part.rows)
    sites = tuple(site for part in parts for site in part.sites)
    return Rule(kind, rows=rows, parts=tuple(parts), sites=sites)


def rules_of(problem: SitingProblem, openings: Openings) -> list[Rule]:
    """Return every rule of ``problem`` but what its candidates are: types, capacity, once each.

    ``openings`` hold every year for fixed pairs, too: that they open in one is a rule.
    """
    candidate, kind = openings.candidate, openings.kind
    return [
        *_quota_rules(problem, openings),
        *(Rule("budget", rows=(row,)) for row in budget_rows(problem, candidate, kind)),
        *_required_rules(problem, openings),
        *_fixed_rules(problem, openings),
        *_families("spacing", spacing_rows(problem, candidate, kind)),
        *_families("exclusive", exclusive_rows(problem, candidate, kind)),
        *(Rule("floor", number) for number in range(len(problem.floors))),
    ]


def _quota_rules(problem: SitingProblem, openings: Openings) -> Iterator[Rule]:
    rows = quota_rows(problem, openings.candidate, openings.kind, openings.year)
    for number, row in enumerate(rows):
        if row.lower > 0:
            yield Rule("minimum", number, (replace(row, upper=np.inf),))
        if np.isfinite(row.upper):
            yield Rule("maximum", number, (replace(row, lower=-np.inf),))


def _required_rules(problem: SitingProblem, openings: Openings) -> Iterator[Rule]:
    rows = required_rows(problem, openings.candidate)
    sites = np.flatnonzero(problem.required).tolist()
    parts = [
        Rule("required", rows=(row,), sites=((site, -1),))
        for site, row in zip(sites, rows, strict=True)
    ]
    if parts:
        yield joined("required", parts)


def _fixed_rules(problem: SitingProblem, openings: Openings) -> Iterator[Rule]:
    parts = []
    for site, kind in np.argwhere(problem.fixed).tolist():
        year = int(problem.fixed_year[site, kind])
        here = (openings.candidate == site) & (openings.kind == kind)
        members = np.flatnonzero(here & ((year < 0) | (openings.year == year)))
        row = counting("fixed", f"fixed_{kind}_{site}", members, 1.0, np.inf)
        parts.append(Rule("fixed", rows=(row,), sites=((site, kind),)))
    if parts:
        yield joined("fixed", parts)


def _families(kind: Literal["spacing", "exclusive"], rows: Iterator[LimitRow]) -> Iterator[Rule]:
    """Yield one rule for all rows whose names begin alike, ``kind_number_…``."""
    for number, family in groupby(rows, key=lambda row: int(row.name.split("_")[1])):
        yield Rule(kind, number, tuple(family))
