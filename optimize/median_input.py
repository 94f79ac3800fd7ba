"""Plain arrays at the door of `solve_median` and `solve_center`, checked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from quarterhour.data.faults import FaultLog

from .arrays import Floats
from .median_ranks import Ranks, rank_dense, rank_entries


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A checked matrix of impedances.

    Attributes
    ----------
    cost
        Dense (n, m), inf where out of reach, or CSR whose stored entries are within reach.
    weight
        (n,), not negative.
    existing
        Impedance to the nearest existing outlet (n,), inf = none.
    """

    cost: npt.NDArray[np.float64] | sparse.csr_array
    weight: Floats
    existing: Floats


def checked(
    cost: object,
    weight: npt.ArrayLike | None,
    existing: npt.ArrayLike | None,
    p: int,
) -> Table:
    """Return the arrays, or raise `InputFaults` naming every one that cannot be used."""
    log = FaultLog()
    matrix = _matrix(cost, log)
    values = matrix if isinstance(matrix, np.ndarray) else matrix.data
    shape = matrix.shape
    heavy = np.ones(shape[0]) if weight is None else _numbers("weight", weight, log)
    near = np.full(shape[0], np.inf) if existing is None else _numbers("existing", existing, log)
    for name, array in (("weight", heavy), ("existing", near)):
        if array.shape != (shape[0],):
            log.add("siting_shape", column=name, value=array.shape, shape=f"({shape[0]},)")
    for name, array, most in (("cost", values, np.inf), ("weight", heavy, 1e300)):
        wrong = array[~((array >= 0) & (array <= most))]
        if len(wrong):
            log.add("siting_number", column=name, value=wrong[0], count=len(wrong), least=0)
    wrong = near[~(near >= 0)]
    if len(wrong):
        log.add("siting_number", column="existing", value=wrong[0], count=len(wrong), least=0)
    whole = isinstance(p, (int, np.integer)) and not isinstance(p, bool)
    if not whole or not 1 <= p <= max(shape[1], 1):
        log.add("siting_option_range", column="p", value=p, low=1, high=max(shape[1], 1))
    log.raise_if_any()
    return Table(matrix, heavy, near)


def _matrix(cost: object, log: FaultLog) -> npt.NDArray[np.float64] | sparse.csr_array:
    """Return impedances as a full matrix or CSR; raise where they are no numbers in two axes."""
    if sparse.issparse(cost):
        return sparse.csr_array(cost, dtype=np.float64)
    matrix = _numbers("cost", cost, log)
    if matrix.ndim != 2:
        log.add("siting_shape", column="cost", value=matrix.shape, shape="(n, m)")
        log.raise_if_any()
    return matrix


def _numbers(name: str, values: object, log: FaultLog) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        log.add("siting_number", column=name, value=str(values)[:40], count=1, least=0)
        log.raise_if_any()
        raise


def ranked(table: Table) -> tuple[Ranks, float]:
    """Return the weighted table ranked, and the cost from which on somebody is out of reach.

    A row that nothing existing serves must be reached: missing that costs more than everything
    else together. Where a full matrix serves every row, its farthest column is the cap.
    """
    cost, weight, near = table.cost, table.weight, table.existing
    if not sparse.issparse(cost) and cost.shape[1] and bool(np.isfinite(cost).all()):
        return rank_dense(cost, weight, near), np.inf
    if sparse.issparse(cost):
        entries = sparse.coo_array(cost)
        row, site = entries.coords[0].astype(np.int64), entries.coords[1].astype(np.int64)
        values = entries.data
    else:
        row, site = np.nonzero(np.isfinite(cost))
        values = np.asarray(cost)[row, site]
    finite = np.isfinite(values)
    row, site, values = row[finite], site[finite], values[finite] * weight[row[finite]]
    most = np.zeros(len(weight))
    np.maximum.at(most, row, values)
    free = weight == 0
    served = np.where(free, 0.0, np.where(np.isfinite(near), near, 0.0) * weight)
    beyond = 2.0 * float(np.maximum(most, served).sum()) + 1.0
    cap = np.where(free | np.isfinite(near), served, beyond)
    return rank_entries(row, site, values, cap, int(cost.shape[1])), beyond
