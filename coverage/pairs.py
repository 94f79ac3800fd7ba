"""J2: all pairs of two sets of points within a limit, as a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .engine import engine
from .errors import QueryError, raise_all
from .impedance import Unit, check_unit
from .locate import located
from .longest_walk import useful_limit
from .network import StreetNetwork
from .options import above_zero, check_threads
from .pairs_search import search_pairs
from .profiles import ADULT, TravelProfile

if TYPE_CHECKING:
    from .locate import Placeable

Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Sources × targets within a limit, compressed by rows.

    Attributes
    ----------
    indptr
        int64 (n+1,): row ``i`` owns entries ``indptr[i]:indptr[i + 1]``.
    indices
        int32 (p,): positions of targets, rising within a row, none twice.
    cost
        float32 (p,): cost in the unit of ``by``.
    by
        Unit that was minimised and limited.
    limit
        The limit in that unit; inclusive.
    ratio
        The other unit per unit of ``by`` where they are proportional, else None.
    other
        float32 (p,): the other unit along the same routes, where not proportional.
    source_index, target_index
        Indices of the points.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    cost: Singles
    by: Unit
    limit: float
    ratio: float | None
    other: Singles | None
    source_index: pd.Index[Any]
    target_index: pd.Index[Any]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and targets."""
        return len(self.source_index), len(self.target_index)

    @property
    def metres(self) -> Singles:
        """float32 (p,): metres of the routes."""
        return self.cost if self.by == "metres" else self._other()

    @property
    def seconds(self) -> Singles:
        """float32 (p,): seconds of the routes."""
        return self.cost if self.by == "seconds" else self._other()

    def _other(self) -> Singles:
        if self.other is not None:
            return self.other
        if self.ratio is None:
            raise AssertionError("neither proportional nor carried")
        return self.cost * np.float32(self.ratio)

    def to_scipy(self, unit: Unit | None = None) -> csr_array:
        """Return a CSR array, indices rising; a cost of 0 is stored, an absent pair is not.

        Parameters
        ----------
        unit
            ``"metres"`` or ``"seconds"``, by default the unit that was minimised.

        Raises
        ------
        QueryError
            If ``unit`` is unknown.
        """
        check_unit("unit", unit or self.by)
        values = self.metres if (unit or self.by) == "metres" else self.seconds
        return csr_array((values, self.indices, self.indptr), shape=self.shape)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a pair: source, target (index values), metres, seconds."""
        row = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        return pd.DataFrame(
            {
                "source": self.source_index[row],
                "target": self.target_index[self.indices],
                "metres": self.metres,
                "seconds": self.seconds,
            }
        )


def pairs(
    network: StreetNetwork,
    sources: Placeable,
    targets: Placeable,
    *,
    limit: float,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
    threads: int | None = None,
) -> Pairs:
    """Find all pairs within a limit, walking from source to target.

    Parameters
    ----------
    network
        The streets.
    sources, targets
        Points located on this network, or tables of points, which are located as they are.
    limit
        Largest cost in the unit of ``by``, inclusive and finite.
    by
        The unit that is minimised and limited.
    profile
        How people walk.
    threads
        Threads to work on, by default one a core.

    Raises
    ------
    QueryError
        If the points lie on another network or cannot be located, the limit is not above 0 and
        finite, threads are fewer than 1, or ``by`` is unknown.
    """
    raise_all(QueryError, above_zero("limit", limit))
    check_threads(threads)
    here, there = located(network, sources), located(network, targets)
    most = useful_limit(network, limit, by, profile, here, there)
    ready = engine(network, by, profile, most)
    rows = search_pairs(ready, here, there, most, threads=threads)
    ratio = ready.costs.ratio
    return Pairs(
        rows.indptr,
        rows.indices,
        rows.cost,
        by,
        limit,
        ratio,
        rows.other,
        here.index,
        there.index,
    )
