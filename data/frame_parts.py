"""What all canonical tables share: columns found, positions and cells read, rows put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .columns import ColumnMap, resolve_columns
from .faults import FaultLog
from .figures import read_numbers
from .identity import generated_ids, note_duplicate_ids
from .points import Points, read_points
from .tables import RawTable

Box = tuple[float, float, float, float]
Cells = dict[str, NDArray[np.generic]]

_POSITION: Final = ("lon", "lat", "lonlat", "wkt")


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """A canonical table and how it was read.

    Attributes
    ----------
    frame
        Rows with a usable position, columns as in docs/architecture.md, EPSG:4326, RangeIndex.
    rows
        (n,) spreadsheet row of each row of `frame`.
    columns
        Which source column each canonical one came from, and which were recognised.
    given
        (n, 2) coordinates as the file has them, for the datum guard.
    datum
        Canonical name of the datum of `given`.
    unmapped
        Of facilities: category → rows left out because no type was found.
    """

    frame: gpd.GeoDataFrame
    rows: NDArray[np.int64]
    columns: ColumnMap
    given: NDArray[np.float64]
    datum: str
    unmapped: dict[str, int] = field(default_factory=dict)


def resolve(
    table: RawTable,
    own: tuple[str, ...],
    required: tuple[str, ...],
    columns: Mapping[str, str] | None,
    log: FaultLog,
) -> ColumnMap:
    """Find the source of a table's own canonical columns and of its position."""
    return resolve_columns(
        table, wanted=(*own, *_POSITION), required=required, mapping=columns, log=log
    )


def positions(
    table: RawTable, found: ColumnMap, datum: str | None, box: Box | None, log: FaultLog
) -> Points | None:
    """Read positions; columns the user mapped win over geometry, geometry over recognised ones."""
    chosen = {name: found.get(name) for name in _POSITION}
    mapped = any(name in found and name not in found.recognised for name in _POSITION)
    if table.geometry is not None and not mapped:
        chosen = dict.fromkeys(_POSITION)
    return read_points(table, **chosen, datum=datum, box=box, log=log)


def texts_of(table: RawTable, found: ColumnMap, names: tuple[str, ...]) -> Cells:
    """Return text columns, ``""`` where the table has none."""
    empty = np.full(len(table), "", dtype=object)
    return {
        name: table.text(found.found[name]) if name in found else empty.copy() for name in names
    }


def numbers_of(table: RawTable, found: ColumnMap, names: tuple[str, ...], log: FaultLog) -> Cells:
    """Return columns of numbers from 0, NaN where the table has none."""
    unknown = np.full(len(table), np.nan)
    return {
        name: read_numbers(table, found.found[name], log=log, at_least=0)
        if name in found
        else unknown.copy()
        for name in names
    }


def assemble(
    table: RawTable,
    found: ColumnMap,
    points: Points,
    data: Mapping[str, NDArray[np.generic]],
    names: list[str],
    kind: str,
    log: FaultLog,
) -> ReadFrame:
    """Put the rows with a usable position together, with ids checked or made.

    Parameters
    ----------
    data
        Canonical column → (n,) cells; ``name`` among them.
    names
        Order of the columns.
    kind
        See `quarterhour.data.identity.generated_ids`.
    """
    ids = _ids(table, found, points, data["name"], kind, log)
    frame = gpd.GeoDataFrame(
        pd.DataFrame({"id": ids, **data})[names], geometry=points.geometry.to_numpy(), crs=4326
    )
    kept = points.valid
    return ReadFrame(
        frame[kept].reset_index(drop=True),
        table.row_numbers[kept],
        found,
        points.given[kept],
        points.datum,
    )


def _ids(
    table: RawTable,
    found: ColumnMap,
    points: Points,
    names: NDArray[np.generic],
    kind: str,
    log: FaultLog,
) -> NDArray[np.object_]:
    """Return the table's ids, with generated ones where it has none."""
    column = found.get("id")
    given = table.text(column) if column else np.full(len(table), "", dtype=object)
    if column:
        note_duplicate_ids(given, table=table, column=column, log=log)
    made = generated_ids(kind, names, points.given)
    return np.where(given == "", made, given)
