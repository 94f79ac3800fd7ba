"""How unevenly something is spread over residents: Gini, Palma, the worst-served tenth.

All weigh by residents: a point with *w* residents is *w* persons with the same value *x*. Shares of
residents are cut exactly, a point's residents falling on both sides of a cut if need be. Points
with unknown value or unknown or no residents take no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Which end of the values is the badly served one.
Worse = Literal["low", "high"]


@dataclass(frozen=True, slots=True)
class WorstServed:
    """The worst-served share of residents.

    Attributes
    ----------
    residents
        Persons in it.
    mean
        Their mean value; inf if one of them has it.
    from_value
        The value of the best served among them.
    """

    residents: float
    mean: float
    from_value: float


def gini(values: npt.ArrayLike, residents: npt.ArrayLike) -> float:
    """Return the Gini coefficient over residents, from 0 (all alike) to below 1.

    ``G = sum over i, j of w_i w_j |x_i - x_j| / (2 W² mean)`` with ``W = sum of w`` (Gini 1912;
    the weighted form in Lerman and Yitzhaki 1989, "Improving the accuracy of estimates of Gini
    coefficients"). It does not change when all values, or all residents, are multiplied.

    Parameters
    ----------
    values
        float (n,), 0 or more; NaN takes no part.
    residents
        float (n,), persons; NaN or 0 takes no part.

    Returns
    -------
    float
        NaN when nobody takes part or all values are 0.

    Raises
    ------
    ValueError
        If a value is negative or infinite, or residents are negative.
    """
    x, w = _taking_part(values, residents)
    if np.isinf(x).any():
        message = "values are infinite: leave out residents who reach nothing, and count them"
        raise ValueError(message)
    # Scaled first, so that neither very large nor very small values lose their digits.
    scale = x.max(initial=0.0)
    if scale == 0:
        return float("nan")
    x = x / scale
    # Lorenz curve: twice its area, summed as trapezoids.
    share = w / w.sum()
    held = np.cumsum(x * share)
    below = np.concatenate([[0.0], held[:-1]])
    area = float((share * (held + below)).sum() / held[-1])
    return max(0.0, 1.0 - area)


def palma(values: npt.ArrayLike, residents: npt.ArrayLike) -> float:
    """Return the Palma ratio: what the highest 10 % hold over what the lowest 40 % hold.

    ``sum of w x over the top 10 % of residents / the same over the bottom 40 %`` (Palma 2011;
    Cobham and Sumner 2013); 0.25 when all are alike.

    Returns
    -------
    float
        NaN when nobody takes part or the lowest 40 % hold nothing.

    Raises
    ------
    ValueError
        As `gini`.
    """
    x, w = _taking_part(values, residents)
    if np.isinf(x).any():
        message = "values are infinite: leave out residents who reach nothing, and count them"
        raise ValueError(message)
    total = w.sum()
    low = _held(x, w, 0.4 * total)
    high = _held(x[::-1], w[::-1], 0.1 * total)
    return high / low if low > 0 else float("nan")


def worst_served(
    values: npt.ArrayLike, residents: npt.ArrayLike, *, worse: Worse, share: float = 0.1
) -> WorstServed:
    """Return the worst-served share of residents, by default a tenth.

    Parameters
    ----------
    values
        float (n,), 0 or more; inf where nothing is reached, NaN takes no part.
    residents
        float (n,), persons.
    worse
        ``"low"`` where little is bad (scores, outlets), ``"high"`` where much is (minutes).
    share
        Share of residents, above 0 and at most 1.

    Raises
    ------
    ValueError
        If a value or residents are negative, or the share is not within (0, 1].
    """
    if not 0 < share <= 1:
        message = f"share is {share}, expected above 0 and at most 1"
        raise ValueError(message)
    x, w = _taking_part(values, residents)
    if worse == "high":
        x, w = x[::-1], w[::-1]
    if not len(w):
        return WorstServed(0.0, float("nan"), float("nan"))
    wanted = share * w.sum()
    taken = np.clip(wanted - (np.cumsum(w) - w), 0.0, w)
    inside = taken > 0
    mean = float((x[inside] * taken[inside]).sum() / taken.sum())
    return WorstServed(float(taken.sum()), mean, float(x[inside][-1]))


def _held(x: Floats, w: Floats, persons: float) -> float:
    """Return the sum of values over the first so many persons."""
    taken = np.clip(persons - (np.cumsum(w) - w), 0.0, w)
    return float((x * taken).sum())


def _taking_part(values: npt.ArrayLike, residents: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return values and residents of those that take part, values rising."""
    x, w = np.asarray(values, np.float64), np.asarray(residents, np.float64)
    if x.shape != w.shape or (x < 0).any() or (w < 0).any():
        message = "values and residents must be of one length and 0 or more"
        raise ValueError(message)
    part = ~np.isnan(x) & (w > 0)
    order = np.argsort(x[part], kind="stable")
    return x[part][order], w[part][order]
