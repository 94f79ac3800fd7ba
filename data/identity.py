"""Ids of rows: the user's own checked, stable ones made where there are none."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .faults import FaultLog
from .tables import RawTable

_DIGITS: Final = 10


def generated_ids(
    kind: str, names: Iterable[object], places: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Make an id for every row from what it is called and where it is.

    The id does not change when rows are sorted or others are added; a second row with the same
    name and place gets ``-2``.

    Parameters
    ----------
    kind
        ``"demand"``, ``"facility"``, ``"candidate"`` or ``"area"``; its first letter begins the id.
    names
        (n,) names.
    places
        (n, 2) coordinates, compared to six decimals.

    Returns
    -------
    numpy.ndarray
        (n,) text, unique.
    """
    seen: Counter[str] = Counter()
    ids = np.empty(len(places), dtype=object)
    for index, (name, (x, y)) in enumerate(zip(names, places, strict=True)):
        text = f"{kind}|{name}|{x:.6f}|{y:.6f}"
        made = kind[0] + hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
        seen[made] += 1
        ids[index] = made if seen[made] == 1 else f"{made}-{seen[made]}"
    return ids


def note_duplicate_ids(
    ids: NDArray[np.object_], *, table: RawTable, column: str, log: FaultLog
) -> None:
    """Note ``duplicate_id`` for every row whose id an earlier row has; empty ids are no ids."""
    first: dict[str, int] = {}
    for index, value in enumerate(ids):
        row = int(table.row_numbers[index])
        if value and value in first:
            log.add(
                "duplicate_id",
                file=table.name,
                row=row,
                column=column,
                value=value,
                first=first[value],
            )
        first.setdefault(value, row)
