"""What a plan with the fewest outlets must cover, as arrays that can be reduced and searched.

minimise    sum of price[o] * x[o]
subject to  sum of x[o] over the o that cover r >= 1            for every row r of `must`
            sum of people[g, r] over the covered rows r >= needed[g]      for every group g
            the limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .arrays import Bools, Floats, rows_met
from .limits import Limits
from .targets import Targets, slack


@dataclass(frozen=True, slots=True, eq=False)
class Covering:
    """R rows by q openings, G groups.

    Attributes
    ----------
    matrix
        Cover sets, CSR (R, q), columns sorted within each row.
    price
        Of each opening (q,), not negative.
    must
        Rows (R,) to be covered each by itself; they count in no group.
    people
        What each other row counts in each group, CSR (G, R), positive.
    needed
        What each group needs (G,), positive.
    limits
        Quotas and the like over the openings.
    """

    matrix: sparse.csr_array
    price: Floats
    must: Bools
    people: sparse.csr_array
    needed: Floats
    limits: Limits

    @property
    def count(self) -> int:
        """Number of openings q."""
        return len(self.price)

    def value(self, chosen: Bools) -> float:
        """Return the price of the chosen openings (q,)."""
        return float(self.price[chosen].sum())

    def met(self, chosen: Bools) -> bool:
        """Whether the chosen openings (q,) keep every limit and cover what they must."""
        covered: Bools = rows_met(self.matrix, chosen) > 0
        reached = self.people @ covered.astype(np.float64)
        enough = bool((reached >= self.needed - slack(self.needed)).all())
        return enough and bool(covered[self.must].all()) and self.limits.kept_by(chosen)

    def full(self) -> bool:
        """Whether every row must be covered: a set cover of the textbooks."""
        return not len(self.needed)


def covering_of(targets: Targets, price: Floats) -> Covering:
    """Return ``targets`` at the price (q,) of each opening; what must be covered leaves its groups.

    The groups that need all their rows are gone: their rows are `Covering.must`.
    """
    must = targets.all_needed()
    certain = np.asarray(targets.people[:, must].sum(axis=1)).ravel()
    needed = targets.needed - certain
    groups = np.flatnonzero(needed > slack(targets.needed))
    people = targets.people[groups].astype(np.float64)
    people.data[must[people.indices]] = 0.0
    people.eliminate_zeros()
    matrix = targets.rows.matrix.astype(np.int8)
    matrix.sort_indices()
    limits = targets.openings.limits
    return Covering(matrix, price, must, sparse.csr_array(people), needed[groups], limits)
