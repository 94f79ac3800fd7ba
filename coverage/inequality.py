"""How unevenly something is spread over residents: Gini, Palma, the worst-served tenth.

All weigh by residents: a point with *w* residents is *w* persons with the same value *x*. Shares of
residents are cut exactly, a point's residents falling on both sides of a cut if need be. Points
with unknown value or unknown or no residents take no part. Each measure is computed for many
groups (areas) at once, from one ranking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Which end of the values is the badly served one.
Worse = Literal["low", "high"]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The points that take part, by group and rising value: p points in g groups.

    Attributes
    ----------
    values, residents
        float64 (p,), value and persons.
    group
        int64 (p,), rising.
    before
        float64 (p,), persons of the group ranked before.
    total
        float64 (g,), persons of each group.
    """

    values: Floats
    residents: Floats
    group: Ints
    before: Floats
    total: Floats

    def sum(self, amounts: Floats) -> Floats:
        """Return sums over the groups of amounts (p,), float64 (g,)."""
        return np.bincount(self.group, amounts, len(self.total)).astype(np.float64)

    def lowest(self, share: float) -> Floats:
        """Return how many persons of each point are among the lowest share, float64 (p,)."""
        return np.clip(share * self.total[self.group] - self.before, 0.0, self.residents)

    def highest(self, share: float) -> Floats:
        """Return how many persons of each point are among the highest share, float64 (p,)."""
        after = self.total[self.group] - self.before - self.residents
        return np.clip(share * self.total[self.group] - after, 0.0, self.residents)


@dataclass(frozen=True, slots=True, eq=False)
class WorstServed:
    """The worst-served share of residents of each of g groups.

    Attributes
    ----------
    residents
        float64 (g,), persons in it.
    mean
        float64 (g,), their mean value; inf if one of them has it, NaN where nobody takes part.
    from_value
        float64 (g,), the value of the best served among them.
    """

    residents: Floats
    mean: Floats
    from_value: Floats


def rank(
    values: npt.ArrayLike,
    residents: npt.ArrayLike,
    group: npt.ArrayLike | None = None,
    groups: int = 1,
) -> Ranking:
    """Rank points by value within their groups.

    Parameters
    ----------
    values
        float (n,), 0 or more; inf where nothing is reached, NaN takes no part.
    residents
        float (n,), persons; NaN or 0 takes no part.
    group
        int (n,), number of each point's group; None puts all into one.
    groups
        How many groups there are.

    Raises
    ------
    ValueError
        If the lengths differ, or a value or residents are negative.
    """
    x, w = np.asarray(values, np.float64), np.asarray(residents, np.float64)
    where = np.zeros(len(x), np.int64) if group is None else np.asarray(group, np.int64)
    if not x.shape == w.shape == where.shape or (x < 0).any() or (w < 0).any():
        message = "values, residents and groups must be of one length and 0 or more"
        raise ValueError(message)
    part = ~np.isnan(x) & (w > 0)
    order = np.lexsort((x[part], where[part]))
    x, w, where = x[part][order], w[part][order], where[part][order]
    total = np.bincount(where, w, groups).astype(np.float64)
    earlier_groups = (np.cumsum(total) - total)[where]
    return Ranking(x, w, where, np.cumsum(w) - w - earlier_groups, total)


def gini(ranking: Ranking) -> Floats:
    """Return the Gini coefficient over residents, from 0 (all alike) to below 1, float64 (g,).

    ``G = sum over i, j of w_i w_j |x_i - x_j| / (2 W² mean)`` with ``W = sum of w`` (Gini 1912;
    the weighted form in Lerman and Yitzhaki 1989, "Improving the accuracy of estimates of Gini
    coefficients"). It does not change when all values, or all residents, are multiplied. NaN
    where nobody takes part or all values are 0.

    Raises
    ------
    ValueError
        If a value is infinite.
    """
    _check_finite(ranking)
    # The sum over pairs, once each, from the ranks: persons before minus persons after.
    w, total = ranking.residents, ranking.total[ranking.group]
    middle = 2 * ranking.before + w - total
    held = ranking.sum(ranking.values * w)
    spread = ranking.sum(ranking.values * w * middle / total)
    found = np.full(len(held), np.nan)
    np.divide(spread, held, out=found, where=held > 0)
    return np.asarray(np.maximum(found, 0.0), np.float64)


def palma(ranking: Ranking) -> Floats:
    """Return the Palma ratio: what the highest 10 % hold over what the lowest 40 % hold.

    ``sum of w x over the top 10 % of residents / the same over the bottom 40 %`` (Palma 2011;
    Cobham and Sumner 2013), float64 (g,); 0.25 when all are alike, NaN where nobody takes part or
    the lowest 40 % hold nothing.

    Raises
    ------
    ValueError
        If a value is infinite.
    """
    _check_finite(ranking)
    low = ranking.sum(ranking.values * ranking.lowest(0.4))
    high = ranking.sum(ranking.values * ranking.highest(0.1))
    found = np.full(len(low), np.nan)
    np.divide(high, low, out=found, where=low > 0)
    return found


def worst_served(ranking: Ranking, *, worse: Worse, share: float = 0.1) -> WorstServed:
    """Return the worst-served share of residents, by default a tenth.

    Parameters
    ----------
    ranking
        Points by value.
    worse
        ``"low"`` where little is bad (scores, outlets), ``"high"`` where much is (minutes).
    share
        Share of residents, above 0 and at most 1.

    Raises
    ------
    ValueError
        If the share is not within (0, 1].
    """
    if not 0 < share <= 1:
        message = f"share is {share}, expected above 0 and at most 1"
        raise ValueError(message)
    taken = ranking.lowest(share) if worse == "low" else ranking.highest(share)
    # A share of a person below rounding is nobody.
    inside = taken > 1e-9 * ranking.total[ranking.group]
    persons = ranking.sum(taken)
    held = ranking.sum(np.where(inside, ranking.values, 0.0) * taken)
    mean, edge = np.full(len(persons), np.nan), np.full(len(persons), np.nan)
    np.divide(held, persons, out=mean, where=persons > 0)
    # Ranked by rising value: of several writes to one group the last stays.
    best_last = slice(None) if worse == "low" else slice(None, None, -1)
    edge[ranking.group[inside][best_last]] = ranking.values[inside][best_last]
    return WorstServed(persons, mean, edge)


def _check_finite(ranking: Ranking) -> None:
    if np.isinf(ranking.values).any():
        message = "values are infinite: leave out residents who reach nothing, and count them"
        raise ValueError(message)
