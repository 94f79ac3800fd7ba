"""12345 complaints by community and type of outlet, with their three rates.

Definitions (the city's 接诉即办 assessment names these rates; its weights are not published)::

    response rate     = answered in time / dispatched
    resolution rate   = resolved / followed up
    satisfaction rate = satisfied / followed up

Where a table has no column of those followed up, the answered ones stand for them, and where it has
none of those either, all complaints; ``rate_base`` says which. No rate of nothing: NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .columns import ColumnMap, resolve_columns
from .faults import FaultLog
from .figures import read_numbers
from .outlet_types import TypeMapping, Unmapped, map_types
from .places import known_places
from .standards_schema import StandardsPack
from .tables import RawTable

Floats = NDArray[np.float64]

#: Columns of the canonical table with their units.
COMPLAINT_UNITS: Final = {
    "community": "id",
    "type": "id",
    "complaints": "complaints",
    "responded": "complaints",
    "followed_up": "complaints",
    "resolved": "complaints",
    "satisfied": "complaints",
    "response_rate": "0-1",
    "resolution_rate": "0-1",
    "satisfaction_rate": "0-1",
    "rate_base": "followed_up, responded or complaints",
}
_COUNTS: Final = ("complaints", "responded", "followed_up", "resolved", "satisfied")
_WHOLES: Final = {
    "responded": ("complaints",),
    "followed_up": ("complaints",),
    "resolved": ("followed_up", "complaints"),
    "satisfied": ("followed_up", "complaints"),
}


def read_complaints(
    table: RawTable,
    *,
    pack: StandardsPack,
    places: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    types: TypeMapping | None = None,
    unmapped: Unmapped = "fault",
    log: FaultLog,
) -> pd.DataFrame | None:
    """Read complaints; several rows of one community and type (months, say) are summed.

    Parameters
    ----------
    table
        One row a community, type and whatever else.
    pack
        Names the types.
    places
        Id or name of a community -> its id, see `quarterhour.data.places.place_ids`.
    columns
        Mapping ``{canonical: source}``; what is left out is recognised by its header.
    types, unmapped
        See `quarterhour.data.outlet_types.map_types`; rows of no type are left out.
    log
        Takes the faults of columns, types and numbers, ``part_over_whole`` and the warning
        ``unknown_places``.

    Returns
    -------
    pandas.DataFrame or None
        Columns as in `COMPLAINT_UNITS`, one row a (community, type), sorted; None when a column
        that is needed is missing.
    """
    found = resolve_columns(
        table, wanted=("community", "type", *_COUNTS),
        required=("community", "type", "complaints"), mapping=columns, log=log,
    )  # fmt: skip
    if not {"community", "type", "complaints"} <= set(found.found):
        return None
    counts = _counts(table, found, log)
    where = known_places(table, found.found["community"], places, log=log)
    typed = map_types(
        table.text(found.found["type"]), [""] * len(table), table=table,
        column=found.found["type"], pack=pack, mapping=types, unmapped=unmapped, log=log,
    )  # fmt: skip
    # A complaint about two types at once is counted to both.
    rows = [row for row, kinds in enumerate(typed.types) for _ in kinds if where[row]]
    kinds = [kind for row, several in enumerate(typed.types) for kind in several if where[row]]
    frame = pd.DataFrame({"community": where[rows], "type": kinds} | {
        name: values[rows] for name, values in counts.items()
    })  # fmt: skip
    summed = frame.groupby(["community", "type"], as_index=False).sum(min_count=1)
    return with_rates(summed)


def with_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """Add the three rates to summed counts.

    Parameters
    ----------
    counts
        ``complaints, responded, followed_up, resolved, satisfied`` (NaN where not recorded).

    Returns
    -------
    pandas.DataFrame
        With ``response_rate, resolution_rate, satisfaction_rate`` (0-1, NaN without a base) and
        ``rate_base``.
    """
    base, names = counts["followed_up"], pd.Series("followed_up", index=counts.index)
    for fallback in ("responded", "complaints"):
        missing = base.isna()
        base, names = base.where(~missing, counts[fallback]), names.where(~missing, fallback)
    some = base.where(base > 0)
    return counts.assign(
        response_rate=counts["responded"] / counts["complaints"].where(counts["complaints"] > 0),
        resolution_rate=counts["resolved"] / some,
        satisfaction_rate=counts["satisfied"] / some,
        rate_base=names,
    )


def rate_bases(complaints: pd.DataFrame) -> Floats:
    """Return (n,) complaints that resolution and satisfaction are rates of, by ``rate_base``."""
    names = ("followed_up", "responded", "complaints")
    is_base = [complaints["rate_base"] == name for name in names]
    return np.select(is_base, [complaints[name].to_numpy(float) for name in names], np.nan)


def _counts(table: RawTable, found: ColumnMap, log: FaultLog) -> dict[str, Floats]:
    counts = {
        name: read_numbers(table, found.found[name], log=log, at_least=0, whole=True)
        if name in found
        else np.full(len(table), np.nan)
        for name in _COUNTS
    }
    for part, wholes in _WHOLES.items():
        whole = next((name for name in wholes if name in found), None)
        if part in found and whole is not None:
            note_over_whole(table, found, counts, (part, whole), log)
    return counts


def note_over_whole(
    table: RawTable,
    found: ColumnMap,
    counts: Mapping[str, Floats],
    pair: tuple[str, str],
    log: FaultLog,
) -> None:
    """Note ``part_over_whole`` for every row in which a part is more than its whole."""
    part, whole = pair
    for row in np.flatnonzero(counts[part] > counts[whole]):
        log.add(
            "part_over_whole", file=table.name, row=int(table.row_numbers[row]),
            column=found.found[part], value=f"{counts[part][row]:g}",
            whole=found.found[whole], most=f"{counts[whole][row]:g}",
        )  # fmt: skip
