"""What is asked of siting: demand, cover sets, candidates and quotas, as validated arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .arrays import Bools, Floats, Ints, Labels
from .problem_checks import check


@dataclass(frozen=True, slots=True)
class Quota:
    """Least and most new outlets of a set of (candidate, type) pairs.

    Attributes
    ----------
    minimum, maximum
        Outlets, both inclusive; a maximum of None is no maximum.
    type
        Type id, or "" for all types together.
    level, group
        Name of a grouping in `SitingProblem.groups` and a label in it (``"district"``, a district
        id), or both "" for the whole problem.
    """

    minimum: int = 0
    maximum: int | None = None
    type: str = ""
    level: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SitingProblem:
    """A siting problem with n demand points, m candidates and K types.

    Build it with `siting_problem`, which fills in and broadcasts what is left out. At most one
    new outlet of each type stands at a candidate; a candidate with a capacity above one serves
    several types (a second outlet of one type at the same door would cover nobody more).

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
    groups
        Labels of the candidates by level, e.g. ``{"district": (m,), "street": (m,)}``; "" = none.
    quotas
        Totals, quotas by type, by group, and by both.
    cost
        Cost of an outlet of type k at candidate j (m, K), not negative; in the unit of `budget`.
    budget
        Most that may be spent, or None.
    required
        Sites that must hold at least one outlet of any type (m,).
    fixed
        Outlets that must open (m, K), e.g. those of last year's ledger.
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
    groups: Mapping[str, Labels] = field(default_factory=dict)
    quotas: tuple[Quota, ...] = ()
    budget: float | None = None

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

    def members(self, quota: Quota) -> Bools:
        """Return which (candidate, type) pairs (m, K) count towards ``quota`` and may open."""
        mask = self.allowed.copy()
        if quota.type:
            mask &= np.asarray(self.types)[None, :] == quota.type
        if quota.level:
            mask &= (self.groups[quota.level] == quota.group)[:, None]
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
    quotas
        Further quotas.
    demand_ids, candidate_ids
        Ids; running numbers where not given.
    weights
        (n, K), or (n,) for all types alike; `residents` where not given.
    covered, unknown
        (n, K), or (n,), or one value.
    allowed, forbidden, fixed, cost
        (m, K), or (m,), or one value; a forbidden pair is not allowed, whatever `allowed` says.
    capacity, required
        (m,), or one value.
    budget
        In the unit of ``cost``, or None.
    groups
        Labels of the candidates (m,) by level.

    Returns
    -------
    SitingProblem

    Raises
    ------
    InputFaults
        With every breach of the contract, each listed once.
    """
    matrices = tuple(_cover_sets(matrix) for matrix in covers)
    people = np.array(residents, dtype=np.float64)
    shape = matrices[0].shape if matrices else (len(people), 0)
    pairs_demand, pairs_site = (shape[0], len(types)), (shape[1], len(types))
    missing = np.isnan(people)
    people = np.where(missing, 0.0, people)
    return SitingProblem(
        types=tuple(types),
        demand_ids=_ids(demand_ids, shape[0]),
        candidate_ids=_ids(candidate_ids, shape[1]),
        residents=people,
        weights=_spread(people if weights is None else weights, pairs_demand, np.float64),
        covers=matrices,
        covered=_spread(covered, pairs_demand, np.bool_),
        unknown=_unknown(unknown, missing, pairs_demand),
        allowed=_allowed(allowed, forbidden, pairs_site),
        capacity=_spread(capacity, pairs_site[:1], np.int64),
        cost=_spread(cost, pairs_site, np.float64),
        required=_spread(required, pairs_site[:1], np.bool_),
        fixed=_spread(fixed, pairs_site, np.bool_),
        groups={
            level: np.asarray(labels, dtype=object) for level, labels in (groups or {}).items()
        },
        quotas=(*(() if total is None else (Quota(maximum=total),)), *quotas),
        budget=budget,
    )


def _cover_sets(matrix: object) -> sparse.csr_array:
    covers = sparse.csr_array(matrix, copy=True)
    covers.eliminate_zeros()
    covers.sum_duplicates()
    covers.data = np.ones(len(covers.data), dtype=np.int8)
    return covers


def _unknown(given: npt.ArrayLike, missing: Bools, shape: tuple[int, int]) -> Bools:
    """Return unknown pairs (n, K): those given, and all of a point whose residents are missing."""
    unknown: Bools = _spread(given, shape, np.bool_)
    if unknown.shape != shape or len(missing) != shape[0]:
        return unknown
    return unknown | missing[:, None]


def _allowed(given: npt.ArrayLike, forbidden: npt.ArrayLike, shape: tuple[int, int]) -> Bools:
    allowed: Bools = _spread(given, shape, np.bool_)
    banned: Bools = _spread(forbidden, shape, np.bool_)
    if banned.shape != shape:
        return banned  # a misfit of either is for the checks to name
    return allowed & ~banned if allowed.shape == shape else allowed


def _ids(ids: Sequence[str] | None, count: int) -> Labels:
    given = [str(number) for number in range(count)] if ids is None else list(ids)
    return np.array(given, dtype=object)


def _spread(values: npt.ArrayLike, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray:  # type: ignore[type-arg]
    """Broadcast one value or one value a row to ``shape``; leave a misfit for the checks."""
    array = np.asarray(values, dtype=dtype)
    if array.ndim == 1 and len(shape) == 2:
        array = array[:, None]
    try:
        return np.ascontiguousarray(np.broadcast_to(array, shape))
    except ValueError:
        return array
