"""Accessibility scores on sparse walks: gravity, 2SFCA and its enhanced form, as plain formulas.

With *c* the walk from residential point *i* to outlet *j* (pairs within the catchment only), *P*
residents, *S* supply, *f* a decay::

    gravity(i) = sum over j of S_j f(c_ij)                        (Hansen 1959)

    R_j = S_j / (sum over k of P_k f(c_kj))                       step 1
    A_i = sum over j of R_j f(c_ij)                               step 2

2SFCA has ``f = 1`` within the catchment (Luo and Wang 2003); the enhanced form has a falling *f*
(Luo and Qi 2009). Every unit of supply that anybody reaches is shared out once: the sum over
points of ``P_i A_i`` equals the supply of the outlets with ``sum of P_k f(c_kj) > 0``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from .decay import Decay
from .pairs import Pairs

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FloatingCatchment:
    """What the two steps give for n points and m outlets.

    Attributes
    ----------
    score
        float64 (n,): supply per resident at each point; NaN where it rests on an outlet without
        a ratio, 0 where no outlet is reached.
    ratio
        float64 (m,): supply per resident at each outlet; NaN where its supply is not known or no
        resident reaches it.
    demand
        float64 (m,): residents in each outlet's catchment, weighted by decay.
    """

    score: Floats
    ratio: Floats
    demand: Floats


def gravity(pairs: Pairs, supply: npt.ArrayLike, decay: Decay) -> Floats:
    """Return the gravity score of every point, float64 (n,), in units of supply.

    Parameters
    ----------
    pairs
        Walks from n points to m outlets within the catchment.
    supply
        float (m,); NaN where not known makes the scores that rest on it NaN.
    decay
        In the unit of ``pairs.by``.

    Raises
    ------
    ValueError
        If ``supply`` does not fit the pairs or is negative.
    """
    offered = _amounts(supply, pairs.shape[1], "supply")
    return np.asarray(_weights(pairs, decay) @ offered, np.float64)


def two_step(
    pairs: Pairs,
    supply: npt.ArrayLike,
    residents: npt.ArrayLike,
    decay: Decay | None = None,
) -> FloatingCatchment:
    """Return two-step floating catchment scores.

    Parameters
    ----------
    pairs
        Walks from n points to m outlets within the catchment.
    supply
        float (m,), NaN where not known.
    residents
        float (n,), persons; points where they are not known (NaN) add no demand, so that ratios
        near them are upper bounds.
    decay
        In the unit of ``pairs.by``; None weighs all alike (plain 2SFCA).

    Returns
    -------
    FloatingCatchment

    Raises
    ------
    ValueError
        If ``supply`` or ``residents`` do not fit the pairs or are negative.
    """
    offered = _amounts(supply, pairs.shape[1], "supply")
    persons = np.nan_to_num(_amounts(residents, pairs.shape[0], "residents"), nan=0.0)
    weights = _weights(pairs, decay)
    demand = np.asarray(weights.T @ persons, np.float64)
    ratio = np.full(len(offered), np.nan)
    np.divide(offered, demand, out=ratio, where=demand > 0)
    return FloatingCatchment(np.asarray(weights @ ratio, np.float64), ratio, demand)


def _weights(pairs: Pairs, decay: Decay | None) -> csr_array:
    """Return f(c) as CSR; pairs that weigh nothing are absent, so that NaN stays where it is."""
    cost = pairs.cost.astype(np.float64)
    weight = np.ones(len(cost)) if decay is None else decay(cost)
    weights = csr_array((weight, pairs.indices, pairs.indptr), shape=pairs.shape, copy=True)
    weights.eliminate_zeros()
    return weights


def _amounts(values: npt.ArrayLike, size: int, name: str) -> Floats:
    amounts = np.asarray(values, np.float64)
    if amounts.shape != (size,) or (amounts < 0).any():
        message = f"{name} must be {size} values of 0 or more, got shape {amounts.shape}"
        raise ValueError(message)
    return amounts
