"""Outlets that stand already, where an objective needs more of them than whom they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from quarterhour.data.faults import FaultLog

from .arrays import Bools, Floats
from .problem import SitingProblem


@dataclass(frozen=True, slots=True, eq=False)
class Existing:
    """Existing outlets of each type; build it with `existing_outlets`.

    Attributes
    ----------
    impedance
        For each type the walking cost as CSR (n, e) from demand point to outlet, s or m, stored
        only where within reach; zeros may be stored.
    capacity
        For each type persons an outlet can serve (e,); inf = no limit.
    attraction
        For each type how attractive an outlet is at no distance (e,), e.g. its floor area.
    ours
        For each type whether an outlet belongs to the planner (e,) or competes.
    """

    impedance: tuple[sparse.csr_array, ...]
    capacity: tuple[Floats, ...]
    attraction: tuple[Floats, ...]
    ours: tuple[Bools, ...]

    def counts(self) -> npt.NDArray[np.int64]:
        """Return how many existing outlets reach each demand point, by type (n, K)."""
        return np.column_stack([np.diff(matrix.indptr) for matrix in self.impedance])


def existing_outlets(
    problem: SitingProblem,
    impedance: Sequence[object],
    *,
    capacity: Sequence[npt.ArrayLike] | float = np.inf,
    attraction: Sequence[npt.ArrayLike] | float = 1.0,
    ours: Sequence[npt.ArrayLike] | bool = False,
) -> Existing:
    """Return the existing outlets of ``problem``, checked.

    Parameters
    ----------
    problem
        Gives the number of demand points and of types.
    impedance
        For each type a sparse matrix (n, e) of walking costs; every stored entry is within reach.
    capacity, attraction, ours
        For each type (e,), or one value for all outlets.

    Raises
    ------
    InputFaults
        If sizes do not fit together or a number is negative or not a number.
    """
    matrices = tuple(sparse.csr_array(m, dtype=np.float64, copy=True) for m in impedance)
    existing = Existing(
        impedance=matrices,
        capacity=_by_type(capacity, matrices, np.float64),
        attraction=_by_type(attraction, matrices, np.float64),
        ours=_by_type(ours, matrices, np.bool_),
    )
    _check(problem, existing)
    return existing


def _by_type(
    values: Sequence[npt.ArrayLike] | float, matrices: Sequence[sparse.csr_array], dtype: type
) -> tuple[npt.NDArray, ...]:  # type: ignore[type-arg]
    if isinstance(values, (int, float)):
        return tuple(np.full(matrix.shape[1], values, dtype=dtype) for matrix in matrices)
    return tuple(np.asarray(part, dtype=dtype) for part in values)


def _check(problem: SitingProblem, existing: Existing) -> None:
    log = FaultLog()
    kinds = len(problem.types)
    for name in ("impedance", "capacity", "attraction", "ours"):
        parts = getattr(existing, name)
        if len(parts) != kinds:
            log.add("siting_shape", column=f"existing.{name}", value=len(parts), shape=str(kinds))
    log.raise_if_any()
    for k, matrix in enumerate(existing.impedance):
        expected = (problem.n_demand, len(existing.capacity[k]))
        if matrix.shape != expected:
            column = f"existing.impedance[{k}]"
            log.add("siting_shape", column=column, value=matrix.shape, shape=str(expected))
        for name in ("capacity", "attraction", "ours"):
            found = getattr(existing, name)[k].shape
            if found != (matrix.shape[1],):
                column, shape = f"existing.{name}[{k}]", str((matrix.shape[1],))
                log.add("siting_shape", column=column, value=found, shape=shape)
        for name, values in (
            ("impedance", matrix.data),
            ("capacity", existing.capacity[k]),
            ("attraction", existing.attraction[k]),
        ):
            wrong = values[np.isnan(values) | (values < 0)]
            if len(wrong):
                column = f"existing.{name}[{k}]"
                log.add("siting_number", column=column, value=wrong[0], count=len(wrong), least=0)
    log.raise_if_any()
