"""What is asked of siting: demand, cover sets, candidates and quotas, as validated arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, Ints, Labels
from .problem_checks import check
from .problem_parts import (
    allowed_pairs,
    costs,
    cover_sets,
    ids_of,
    labels_by_level,
    positions,
    site_sets,
    spread,
    unknown_pairs,
)
from .rules import Action, Floor, Quota, for_each_group

__all__ = ["Action", "Floor", "Quota", "SitingProblem", "for_each_group", "siting_problem"]


@dataclass(frozen=True, slots=True, eq=False)
class SitingProblem:
    """A siting problem with n demand points, m candidates, K types and T years.

    Build it with `siting_problem`, which fills in and broadcasts what is left out. At most one
    outlet of each type opens at a candidate, in one year; a candidate with a capacity above one
    serves several types (a second outlet of one type at the same door would cover nobody more).

    Attributes
    ----------
    types
        Type ids (K), unique.
    demand_ids, candidate_ids
        Unique ids (n,), (m,).
    residents
        Persons (n,), finite, not negative.
    weights
        What covering demand point i for type k is worth (n, K); `residents` unless priorities
        are given. Same unit as the objective.
    covers
        For each type the cover sets as CSR (n, m): entry (i, j) is stored where an outlet at
        candidate j lies within the threshold of demand point i.
    covered
        Already covered by existing outlets (n, K).
    unknown
        Coverage that the data cannot tell (n, K): left out of the objective.
    allowed
        Which types may open at a candidate (m, K).
    capacity
        Outlets a candidate can hold (m,), at least 1.
    cost
        Cost of an outlet of type k at candidate j (m, K), not negative; in the unit of `budget`.
    required
        Sites that must hold at least one outlet of any type (m,).
    fixed
        Outlets that must open (m, K), e.g. those of last year's ledger.
    upgrade
        Candidate is an existing substandard outlet to be upgraded, not a new site (m,).
    fixed_year
        Index of the year in which a fixed pair opens (m, K), -1 = any.
    previous
        Outlets of an earlier plan (m, K), worth `keep_weight` each if kept.
    circle_weight
        Extra worth of a demand point (n,) when all K types cover it, newly; 0 = none.
    year_weight
        Worth of a person covered at the end of each year (T,), e.g. discount**t.
    xy
        Positions of the candidates (m, 2), m; NaN where no spacing asks for them.
    years
        Labels of the years (T), in order; ("",) = one step.
    groups
        Labels of the candidates by level, e.g. ``{"district": (m,), "street": (m,)}``; "" = none.
    demand_groups
        Labels of the demand points by level (n,), for floors.
    quotas
        Totals, quotas by type, by group, by year, by action, and by several of them.
    floors
        Shares of residents that must be covered.
    spacing
        Least straight-line distance between new outlets of a type, m, by type id; exactly so far
        apart is far enough. Upgraded outlets stand already and are not held to it.
    exclusive
        Sets of candidates (indices), of each of which at most one may hold any outlet.
    budget
        Most that may be spent, or None.
    keep_weight
        Worth of each previous outlet kept, in the unit of the objective.
    impedance
        For each type the walking cost as CSR (n, m), s or m, stored only where within reach;
        () unless the objective is a distance.
    """

    types: tuple[str, ...]
    demand_ids: Labels
    candidate_ids: Labels
    residents: Floats
    weights: Floats
    covers: tuple[sparse.csr_array, ...]
    covered: Bools
    unknown: Bools
    allowed: Bools
    capacity: Ints
    cost: Floats
    required: Bools
    fixed: Bools
    upgrade: Bools
    fixed_year: Ints
    previous: Bools
    circle_weight: Floats
    year_weight: Floats
    xy: Floats
    years: tuple[str, ...] = ("",)
    groups: Mapping[str, Labels] = field(default_factory=dict)
    demand_groups: Mapping[str, Labels] = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    floors: tuple[Floor, ...] = ()
    spacing: Mapping[str, float] = field(default_factory=dict)
    exclusive: tuple[Ints, ...] = ()
    budget: float | None = None
    keep_weight: float = 0.0
    impedance: tuple[sparse.csr_array, ...] = ()

    def __post_init__(self) -> None:
        """Check the contract once, at the door.

        Raises
        ------
        InputFaults
            With every breach of the contract, each listed once.
        """
        check(self)

    @property
    def n_demand(self) -> int:
        """Number of demand points n."""
        return len(self.demand_ids)

    @property
    def n_candidates(self) -> int:
        """Number of candidates m."""
        return len(self.candidate_ids)

    @property
    def n_years(self) -> int:
        """Number of years T."""
        return len(self.years)

    def members(self, quota: Quota) -> Bools:
        """Return which (candidate, type) pairs (m, K) count towards ``quota`` and may open.

        Its year is not looked at: every pair may open in every year, unless it is fixed.
        """
        mask = self.allowed.copy()
        if quota.type:
            mask &= np.asarray(self.types)[None, :] == quota.type
        if quota.level:
            mask &= (self.groups[quota.level] == quota.group)[:, None]
        if quota.action:
            mask &= (self.upgrade == (quota.action == "upgrade"))[:, None]
        return mask

    def scored(self) -> Bools:
        """Return which (demand, type) pairs (n, K) a new outlet could gain: known, not covered."""
        return ~self.covered & ~self.unknown & (self.weights > 0)


def siting_problem(
    *,
    types: Sequence[str],
    residents: npt.ArrayLike,
    covers: Sequence[object],
    total: int | None = None,
    quotas: Iterable[Quota] = (),
    demand_ids: Sequence[str] | None = None,
    candidate_ids: Sequence[str] | None = None,
    weights: npt.ArrayLike | None = None,
    covered: npt.ArrayLike = False,
    unknown: npt.ArrayLike = False,
    allowed: npt.ArrayLike = True,
    forbidden: npt.ArrayLike = False,
    capacity: npt.ArrayLike = 1,
    cost: npt.ArrayLike = 0.0,
    budget: float | None = None,
    required: npt.ArrayLike = False,
    fixed: npt.ArrayLike = False,
    groups: Mapping[str, Sequence[str]] | None = None,
    upgrade: npt.ArrayLike = False,
    years: Sequence[str] = ("",),
    year_weight: npt.ArrayLike = 1.0,
    fixed_year: npt.ArrayLike = -1,
    spacing: Mapping[str, float] | None = None,
    xy: npt.ArrayLike | None = None,
    exclusive: Iterable[Iterable[int]] = (),
    floors: Iterable[Floor] = (),
    demand_groups: Mapping[str, Sequence[str]] | None = None,
    circle_weight: npt.ArrayLike = 0.0,
    previous: npt.ArrayLike = False,
    keep_weight: float = 0.0,
    impedance: Sequence[object] = (),
) -> SitingProblem:
    """Build a `SitingProblem` from what is known, filling in the rest.

    Parameters
    ----------
    types
        Type ids (K).
    residents
        Persons (n,); NaN = unknown: the point is left out for every type.
    covers
        For each type a sparse matrix (n, m) whose stored non-zero entries are the cover sets.
    total
        Most new outlets in all, or None. A shorthand for ``Quota(maximum=total)``.
    quotas, floors
        Further quotas; floors of coverage.
    demand_ids, candidate_ids
        Ids; running numbers where not given.
    weights
        (n, K), or (n,) for all types alike; `residents` where not given.
    covered, unknown
        (n, K), or (n,), or one value.
    allowed, forbidden, fixed, cost, fixed_year, previous
        (m, K), or (m,), or one value; a forbidden pair is not allowed, whatever `allowed` says.
    capacity, required, upgrade
        (m,), or one value.
    budget
        In the unit of ``cost``, or None.
    groups, demand_groups
        Labels of the candidates (m,) and of the demand points (n,) by level.
    years, year_weight
        Labels of the years (T) and what a person covered in each is worth, (T,) or one value.
    spacing, xy
        Metres by type id, and positions of the candidates (m, 2) in metres.
    exclusive
        Sets of candidate indices.
    circle_weight
        (n,), or one value.
    keep_weight
        Worth of each previous outlet kept.
    impedance
        For each type walking costs (n, m): sparse with the entries within reach stored, or full
        with inf where out of reach; or nothing.

    Returns
    -------
    SitingProblem

    Raises
    ------
    InputFaults
        With every breach of the contract, each listed once.
    """
    matrices = tuple(cover_sets(matrix) for matrix in covers)
    people = np.array(residents, dtype=np.float64)
    n, m = matrices[0].shape if matrices else (len(people), 0)
    of_demand, of_site = (n, len(types)), (m, len(types))
    missing = np.isnan(people)
    people = np.where(missing, 0.0, people)
    return SitingProblem(
        types=tuple(types),
        demand_ids=ids_of(demand_ids, n),
        candidate_ids=ids_of(candidate_ids, m),
        residents=people,
        weights=spread(people if weights is None else weights, of_demand, np.float64),
        covers=matrices,
        covered=spread(covered, of_demand, np.bool_),
        unknown=unknown_pairs(unknown, missing, of_demand),
        allowed=allowed_pairs(allowed, forbidden, of_site),
        capacity=spread(capacity, (m,), np.int64),
        cost=spread(cost, of_site, np.float64),
        required=spread(required, (m,), np.bool_),
        fixed=spread(fixed, of_site, np.bool_),
        upgrade=spread(upgrade, (m,), np.bool_),
        fixed_year=spread(fixed_year, of_site, np.int64),
        previous=spread(previous, of_site, np.bool_),
        circle_weight=spread(circle_weight, (n,), np.float64),
        year_weight=spread(year_weight, (len(years),), np.float64),
        xy=positions(xy, m),
        years=tuple(years),
        groups=labels_by_level(groups),
        demand_groups=labels_by_level(demand_groups),
        quotas=(*(() if total is None else (Quota(maximum=total),)), *quotas),
        floors=tuple(floors),
        spacing=dict(spacing or {}),
        exclusive=site_sets(exclusive),
        budget=budget,
        keep_weight=keep_weight,
        impedance=tuple(costs(matrix) for matrix in impedance),
    )
