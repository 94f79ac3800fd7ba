"""Least distance between outlets, and sites that exclude one another, as few strong rows.

"No two of these" for every pair of a clique is one row, sum of x <= 1; it is tighter in the
relaxation than its pairs (Padberg, "On the facial structure of set packing polyhedra",
Mathematical Programming 5, 1973) and replaces all of them. The conflict graph is covered by
maximal cliques: first the points of square cells whose diagonal is the distance, then one clique
for an edge that none holds yet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from .arrays import Floats, Ints, gather
from .kernels_cliques import edge_cliques
from .limit_row import LimitRow, counting
from .problem import SitingProblem

#: Sites are far enough apart up to this rounding of their positions, m.
_ROUNDING = 1e-6


def spacing_rows(problem: SitingProblem, candidate: Ints, kind: Ints) -> Iterator[LimitRow]:
    """Yield  sum over (j, t) of x[j, k, t] <= 1  for cliques of new sites j too close for type k.

    Every two new sites closer than the spacing of their type share a row.
    """
    for name, metres in problem.spacing.items():
        type_ = problem.types.index(name)
        of_type = np.flatnonzero((kind == type_) & ~problem.upgrade[candidate])
        sites, place = np.unique(candidate[of_type], return_inverse=True)
        entries = (np.ones(len(place), dtype=np.int8), (place, of_type))
        columns = sparse.csr_array(entries, shape=(len(sites), len(kind)))
        for number, clique in enumerate(close_cliques(problem.xy[sites], metres)):
            members, _ = gather(columns, clique)
            yield counting("spacing", f"spacing_{type_}_{number}", members, -np.inf, 1.0)


def close_cliques(xy: Floats, metres: float) -> list[Ints]:
    """Return cliques of points (s, 2) closer than ``metres`` that together hold all such pairs.

    Points of one clique are pairwise closer; every pair closer is in at least one.
    """
    metres -= _ROUNDING
    if metres <= 0 or len(xy) < 2:
        return []
    cells = np.floor((xy - xy.min(axis=0)) / (metres / np.sqrt(2.0))).astype(np.int64)
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    order = np.argsort(cell, kind="stable")
    ordered, cell = np.ascontiguousarray(xy[order]), cell[order]
    near = close_pairs(ordered, metres)
    ends, members = edge_cliques(ordered, near.indptr, near.indices, cell, metres * metres)
    return [np.sort(order[part]) for part in np.split(members, ends[1:-1])] if len(members) else []


def close_pairs(xy: Floats, metres: float) -> sparse.csr_array:
    """Return which points (s, 2) are closer than ``metres``, CSR (s, s), both directions."""
    pairs = cKDTree(xy).query_pairs(metres, output_type="ndarray")
    one, two = pairs.T
    apart = ((xy[one] - xy[two]) ** 2).sum(axis=1)
    one, two = one[apart < metres * metres], two[apart < metres * metres]
    entries = (np.ones(2 * len(one), dtype=np.int8), (np.r_[one, two], np.r_[two, one]))
    near = sparse.csr_array(entries, shape=(len(xy), len(xy)))
    near.sort_indices()
    return near


def exclusive_rows(problem: SitingProblem, candidate: Ints, kind: Ints) -> Iterator[LimitRow]:
    """Yield rows  sum of x <= 1  so that of each exclusive set one site at most holds anything.

    Openings of two sites exclude each other, those of one site do not. Each row takes one option
    of every site, a type or, where the site holds one outlet only, all its types, and the rows
    together bring any two options of two sites into one row.
    """
    for number, sites in enumerate(problem.exclusive):
        options = [_options(problem, site, candidate, kind) for site in sites.tolist()]
        for place, row in enumerate(_transversals([len(some) for some in options if some])):
            parts = [some[take] for some, take in zip(filter(None, options), row, strict=True)
                     if take >= 0]  # fmt: skip
            members = np.sort(np.concatenate(parts))
            yield counting("exclusive", f"exclusive_{number}_{place}", members, -np.inf, 1.0)


def _options(problem: SitingProblem, site: int, candidate: Ints, kind: Ints) -> list[Ints]:
    here = np.flatnonzero(candidate == site)
    if problem.capacity[site] == 1 and len(here):
        return [here]
    return [here[kind[here] == one] for one in np.unique(kind[here])]


def _transversals(counts: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield choices of one of counts[i] options of each site i (-1 = none), all pairs together.

    The lines a + b·i of the affine plane over a prime p: for two sites i ≠ i' and options o, o'
    there is exactly one line through (i, o) and (i', o').
    """
    if len(counts) < 2:
        return
    if max(counts) == 1:
        yield (0,) * len(counts)
        return
    prime = _prime_from(max(*counts, len(counts)))
    for a in range(prime):
        for b in range(prime):
            line = [0 if n == 1 else (a + b * i) % prime for i, n in enumerate(counts)]
            row = tuple(take if take < n else -1 for take, n in zip(line, counts, strict=True))
            if sum(take >= 0 for take in row) > 1:
                yield row


def _prime_from(least: int) -> int:
    """Return the smallest prime that is not below ``least``."""
    number = max(least, 2)
    while any(number % factor == 0 for factor in range(2, int(number**0.5) + 1)):
        number += 1
    return number
