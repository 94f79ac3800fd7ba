"""Canonical tables of a study (docs/architecture.md) from a bureau's own, every row checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from .columns import ColumnMap
from .faults import FaultLog
from .figures import narrow, read_numbers
from .frame_parts import Box, ReadFrame, assemble, numbers_of, positions, resolve, texts_of
from .outlet_types import (
    TypedRows,
    TypeMapping,
    Unmapped,
    map_types,
    pack_names,
    plain_category,
    split_types,
)
from .standards_schema import StandardsPack
from .tables import RawTable

__all__ = [
    "STATUS_WORDS",
    "ReadFrame",
    "read_candidates",
    "read_demand",
    "read_entrances",
    "read_facilities",
]

#: Words for the four states of an outlet, compared without case and spaces.
STATUS_WORDS: Final = {
    "open": ("", "open", "operating", "existing", "正常", "营业", "营业中", "正常营业", "在营",
             "开业", "已开业", "现状", "达标", "合格"),
    "substandard": ("substandard", "to be upgraded", "待提升", "不达标", "不合格", "不规范",
                    "待规范", "需提升", "待改造"),
    "planned": ("planned", "筹建", "筹建中", "在建", "规划", "拟建", "待建", "规划中", "筹备"),
    "closed": ("closed", "停业", "关闭", "已关闭", "歇业", "关停", "撤销", "拆除", "停用", "注销"),
}  # fmt: skip
_STATUS: Final = {
    word.replace(" ", ""): status for status, words in STATUS_WORDS.items() for word in words
}


def read_demand(
    table: RawTable,
    *,
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    box: Box | None = None,
    log: FaultLog,
) -> ReadFrame | None:
    """Read residential points.

    Parameters
    ----------
    table
        The table; polygons count as a point inside them.
    columns
        Mapping ``{canonical: source}``; what is left out is recognised by its header.
    datum
        Datum of the coordinates, see `read_points`.
    box
        Extent of the streets in WGS-84, to tell exchanged columns.
    log
        Takes the faults of columns, positions and numbers, and ``duplicate_id``.

    Returns
    -------
    ReadFrame or None
        ``id, name, residents, households, vehicles, community, street, district, geometry``;
        None when there are no positions.
    """
    numbers = ("residents", "households", "vehicles")
    texts = ("name", "community", "street", "district")
    found = resolve(table, ("id", *texts, *numbers), (), columns, log)
    points = positions(table, found, datum, box, log)
    if points is None:
        return None
    data = texts_of(table, found, texts) | numbers_of(table, found, numbers, log)
    names = ["id", "name", *numbers, "community", "street", "district"]
    return assemble(table, found, points, data, names, "demand", log)


def read_entrances(
    table: RawTable,
    *,
    demand_ids: frozenset[str] | None,
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    box: Box | None = None,
    log: FaultLog,
) -> gpd.GeoDataFrame | None:
    """Read the gates of residential points.

    Parameters
    ----------
    demand_ids
        Ids that the gates may belong to; another is the fault ``unknown_demand``. None where the
        ids could not be read: then nothing is said of them.

    Returns
    -------
    geopandas.GeoDataFrame or None
        ``demand_id, geometry``.
    """
    found = resolve(table, ("demand_id",), ("demand_id",), columns, log)
    points = positions(table, found, datum, box, log)
    column = found.get("demand_id")
    if points is None or column is None:
        return None
    owners = table.text(column)
    for index, owner in enumerate(owners):
        if demand_ids is not None and owner not in demand_ids:
            row = int(table.row_numbers[index])
            log.add("unknown_demand", file=table.name, row=row, column=column, value=owner)
    frame = gpd.GeoDataFrame({"demand_id": owners}, geometry=points.geometry.to_numpy(), crs=4326)
    return frame[points.valid].reset_index(drop=True)


def read_facilities(
    table: RawTable,
    *,
    pack: StandardsPack,
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    box: Box | None = None,
    constant_type: str = "",
    types: TypeMapping | None = None,
    unmapped: Unmapped = "fault",
    log: FaultLog,
) -> ReadFrame | None:
    """Read existing outlets.

    Parameters
    ----------
    pack
        The standards pack that names the types.
    constant_type
        Type of the whole table, where it holds one type only.
    types, unmapped
        See `quarterhour.data.outlet_types.map_types`. Rows without a type are left out. A row
        with several types becomes one row for each, with the id ``<id>:<type>``.
    log
        Takes also ``unknown_type``, ``unknown_target``, ``unknown_status``.

    Returns
    -------
    ReadFrame or None
        ``id, name, type, status, area_m2, capacity, hours, address, geometry``.
    """
    numbers, texts = ("area_m2", "capacity"), ("name", "hours", "address")
    known = ("id", *texts, "type", "status", *numbers)
    found = resolve(table, known, () if constant_type else ("type",), columns, log)
    points = positions(table, found, datum, box, log)
    typed = _types(table, found, pack, constant_type, types, unmapped, log)
    if points is None or typed is None:
        return None
    data = texts_of(table, found, texts) | numbers_of(table, found, numbers, log)
    data["status"] = _statuses(table, found, log)
    names = ["id", "name", "status", "area_m2", "capacity", "hours", "address"]
    read = assemble(table, found, points, data, names, "facility", log)
    return _with_types(read, typed, points.valid)


def read_candidates(
    table: RawTable,
    *,
    pack: StandardsPack,
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    box: Box | None = None,
    log: FaultLog,
) -> ReadFrame | None:
    """Read premises where an outlet could open.

    Parameters
    ----------
    pack
        The standards pack that names the types.

    Returns
    -------
    ReadFrame or None
        ``id, name, types, area_m2, cost, capacity, district, street, community, address,
        geometry``; capacity is 1 where the table has none, types ``""`` (all) likewise.
    """
    texts = ("name", "district", "street", "community", "address")
    numbers = ("area_m2", "cost", "capacity")
    found = resolve(table, ("id", *texts, "types", *numbers), (), columns, log)
    points = positions(table, found, datum, box, log)
    if points is None:
        return None
    data = texts_of(table, found, texts) | numbers_of(table, found, ("area_m2", "cost"), log)
    data["capacity"] = _capacity(table, found, log)
    data["types"] = _allowed_types(table, found, pack, log)
    names = ["id", "name", "types", *numbers, "district", "street", "community", "address"]
    return assemble(table, found, points, data, names, "candidate", log)


def _capacity(table: RawTable, found: ColumnMap, log: FaultLog) -> NDArray[np.int64]:
    column = found.get("capacity")
    if column is None:
        return np.ones(len(table), dtype=np.int64)
    values = read_numbers(table, column, log=log, at_least=1, whole=True)
    return np.where(np.isnan(values), 1, values).astype(np.int64)


def _statuses(table: RawTable, found: ColumnMap, log: FaultLog) -> NDArray[np.object_]:
    column = found.get("status")
    if column is None:
        return np.full(len(table), "open", dtype=object)
    statuses = np.empty(len(table), dtype=object)
    for index, text in enumerate(table.text(column)):
        status = _STATUS.get(narrow(text).casefold().replace(" ", ""))
        if status is None:
            row = int(table.row_numbers[index])
            log.add("unknown_status", file=table.name, row=row, column=column, value=text)
        statuses[index] = status or "open"
    return statuses


def _types(
    table: RawTable,
    found: ColumnMap,
    pack: StandardsPack,
    constant: str,
    types: TypeMapping | None,
    unmapped: Unmapped,
    log: FaultLog,
) -> TypedRows | None:
    if constant:
        wanted = pack_names(pack).get(plain_category(constant))
        if wanted is None:
            known = ", ".join(pack.type_ids)
            log.add("unknown_target", file=table.name, value=constant, pack=pack.id, known=known)
            return None
        filled = np.empty(len(table), dtype=object)
        filled[:] = [(wanted,)] * len(table)
        return TypedRows(filled)
    column = found.get("type")
    if column is None:
        return None
    name = found.get("name")
    return map_types(
        table.text(column),
        table.text(name) if name else [""] * len(table),
        table=table,
        column=column,
        pack=pack,
        mapping=types,
        unmapped=unmapped,
        log=log,
    )


def _allowed_types(
    table: RawTable, found: ColumnMap, pack: StandardsPack, log: FaultLog
) -> NDArray[np.object_]:
    """Return the type ids joined by ``;`` of each row."""
    allowed = np.full(len(table), "", dtype=object)
    column = found.get("types")
    if column is None:
        return allowed
    known = pack_names(pack) | dict.fromkeys(("all", "全部", "不限", "均可", "所有"), "")
    for index, text in enumerate(table.text(column)):
        whole = plain_category(text)
        parts = [whole] if whole in known else [plain_category(p) for p in split_types(text)]
        unknown = [part for part in parts if part not in known]
        for part in unknown:
            log.add(
                "unknown_type",
                file=table.name,
                row=int(table.row_numbers[index]),
                column=column,
                value=part,
                count=1,
                known=", ".join(pack.type_ids),
            )
        ids = dict.fromkeys(known[part] for part in parts if part in known)
        allowed[index] = "" if "" in ids else ";".join(ids)
    return allowed


def _with_types(read: ReadFrame, typed: TypedRows, valid: NDArray[np.bool_]) -> ReadFrame:
    """Give every row its type: rows without one go, rows with several are repeated."""
    types = typed.types[valid]
    counts = np.array([len(row) for row in types], dtype=np.int64)
    index = np.repeat(np.arange(len(types)), counts)
    frame = read.frame.iloc[index].reset_index(drop=True)
    flat = np.array([t for row in types for t in row], dtype=object)
    several = counts[index] > 1
    frame["id"] = np.where(several, frame["id"].to_numpy(dtype=object) + ":" + flat, frame["id"])
    frame.insert(2, "type", flat)
    return replace(
        read,
        frame=frame,
        rows=read.rows[index],
        given=read.given[index],
        unmapped=typed.unmapped,
    )
