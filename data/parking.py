"""The register of parking lots (停车场备案): every row checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .columns import ColumnMap, plain_header
from .faults import FaultLog
from .figures import is_missing, narrow, read_numbers
from .frame_parts import Box, ReadFrame, assemble, positions, resolve, texts_of
from .opening_hours import OpeningHours, parse_hours
from .tables import RawTable

__all__ = ["LOT_KINDS", "read_parking"]

#: Words for the kinds of lots, compared without case and spaces.
LOT_KINDS: Final = {
    "residential": ("residential", "estate", "compound", "小区", "居住区", "住宅", "居住小区",
                    "小区停车场", "居民停车场", "配建"),
    "street": ("street", "kerb", "curb", "onstreet", "on-street", "路侧", "路内", "道路停车",
               "占道", "路侧停车位"),
    "public": ("public", "car park", "公共", "公共停车场", "社会停车场", "公共停车", "公园"),
    "office": ("office", "写字楼", "办公", "办公楼", "商务楼", "机关", "机关单位", "企事业单位",
               "单位", "政府机关"),
    "mall": ("mall", "retail", "shopping", "商场", "商业", "购物中心", "超市", "商业综合体"),
    "school": ("school", "学校", "校园"),
    "hospital": ("hospital", "医院"),
    "hotel": ("hotel", "宾馆", "酒店"),
    "other": ("other", "其他", "其它"),
}  # fmt: skip
_SHOWN: Final = ", ".join(
    f"{kind} {next(word for word in words if not word.isascii())}"
    for kind, words in LOT_KINDS.items()
)
_KINDS: Final = {word.replace(" ", ""): kind for kind, words in LOT_KINDS.items() for word in words}

#: Headers recognised for the register's own columns, best first.
_HEADERS: Final = {
    "kind": ("kind", "类型", "停车场类型", "类别", "性质", "type"),
    "spaces": ("spaces", "车位数", "泊位数", "停车位数", "车位", "泊位", "停车位", "总车位数"),
    "hours": ("hours", "共享时段", "错时共享时段", "错时时段", "可共享时段", "开放时段",
              "共享时间", "sharehours"),
    "share_spaces": ("sharespaces", "夜间可共享车位", "可共享车位", "可共享车位数", "共享车位",
                     "共享车位数", "共享泊位数", "错时车位数"),
    "rate": ("rate", "月租", "月租金", "月费", "共享月租", "monthlyrent"),
}  # fmt: skip
_COLUMNS: Final = [
    "id", "name", "kind", "spaces", "share_spaces", "hours", "rate", "street", "district",
    "community",
]  # fmt: skip
#: Coordinates that agree to so many degrees (about 1 m) are one place.
_SAME_PLACE: Final = 1e-5


def read_parking(
    table: RawTable,
    *,
    columns: Mapping[str, str] | None = None,
    datum: str | None = None,
    box: Box | None = None,
    log: FaultLog,
) -> ReadFrame | None:
    """Read a register of parking lots.

    Parameters
    ----------
    table
        One row a lot, or a lot and time window: windows of one lot (same name and place) must
        not overlap.
    columns
        Mapping ``{canonical: source}``; what is left out is recognised by its header.
    datum, box
        See `quarterhour.data.points.read_points`.
    log
        Takes the faults ``parking_spaces`` (none, or not above 0), ``parking_kind``,
        ``parking_shared`` (more shared than there are), ``parking_duplicate`` (a lot listed
        twice), ``parking_overlap`` (hours of a lot that overlap), ``required_column``,
        ``duplicate_id`` and those of positions and numbers; and the warnings
        ``parking_hours_unread`` and ``parking_share_missing`` (hours without spaces or the other
        way about): such a lot is kept, but shares nothing.

    Returns
    -------
    ReadFrame or None
        ``id, name, kind`` (key of `LOT_KINDS`)`, spaces, share_spaces`` (0 where none are
        stated, NaN where hours are)`, hours`` (text of the time shared)`, rate`` (yuan a space
        and month, NaN)`, street, district, community, geometry``; None without positions or
        spaces.
    """
    given = _recognised(table, columns or {})
    texts = ("name", "hours", "street", "district", "community")
    own = ("id", *texts, "kind", "spaces", "share_spaces", "rate")
    found = resolve(table, own, ("kind", "spaces"), given | dict(columns or {}), log)
    found = ColumnMap(found.found, found.recognised | given)
    points = positions(table, found, datum, box, log)
    if points is None or "spaces" not in found or "kind" not in found:
        return None
    data = texts_of(table, found, texts)
    data["kind"] = _kinds(table, found, log)
    data["spaces"] = _spaces(table, found, log)
    data["rate"] = _numbers(table, found, "rate", log)
    data["share_spaces"] = _numbers(table, found, "share_spaces", log)
    hours = [parse_hours(str(text)) for text in data["hours"]]
    _check_sharing(table, found, data, hours, log)
    unstated = np.isnan(data["share_spaces"].astype(float)) & (data["hours"] == "")
    data["share_spaces"] = np.where(unstated, 0.0, data["share_spaces"])
    _check_repeats(table, found, data["name"], points.given, hours, log)
    return assemble(table, found, points, data, _COLUMNS, "lot", log)


def _recognised(table: RawTable, mapped: Mapping[str, str]) -> dict[str, str]:
    """Return the register's own columns found by their headers."""
    headers = {plain_header(column): column for column in reversed(table.columns)}
    free = {plain: column for plain, column in headers.items() if column not in mapped.values()}
    found: dict[str, str] = {}
    for name, words in _HEADERS.items():
        hit = next((free[word] for word in words if word in free), None)
        if hit is not None and name not in mapped:
            found[name] = hit
    return found


def _numbers(table: RawTable, found: ColumnMap, name: str, log: FaultLog) -> NDArray[np.float64]:
    column = found.get(name)
    if column is None:
        return np.full(len(table), np.nan)
    return read_numbers(table, column, log=log, at_least=0)


def _spaces(table: RawTable, found: ColumnMap, log: FaultLog) -> NDArray[np.float64]:
    """Return the spaces; a lot without any is no lot."""
    column = found.found["spaces"]
    values = read_numbers(table, column, log=log)
    for index, text in enumerate(table.text(column)):
        if values[index] <= 0 or is_missing(text):
            row = int(table.row_numbers[index])
            log.add("parking_spaces", file=table.name, row=row, column=column, value=text)
    return np.where(values > 0, values, np.nan)


def _kinds(table: RawTable, found: ColumnMap, log: FaultLog) -> NDArray[np.object_]:
    column = found.found["kind"]
    kinds = np.full(len(table), "other", dtype=object)
    for index, text in enumerate(table.text(column)):
        kind = _KINDS.get(narrow(text).casefold().replace(" ", ""))
        if kind is None:
            row = int(table.row_numbers[index])
            log.add(
                "parking_kind", file=table.name, row=row, column=column, value=text, known=_SHOWN
            )
        kinds[index] = kind or "other"
    return kinds


def _check_sharing(
    table: RawTable,
    found: ColumnMap,
    data: Mapping[str, NDArray[np.generic]],
    hours: list[OpeningHours],
    log: FaultLog,
) -> None:
    """Note lots that share more than they have, or whose sharing is told by half."""
    spaces, shared = data["spaces"].astype(float), data["share_spaces"].astype(float)
    for index, row in enumerate(int(number) for number in table.row_numbers):
        told = bool(data["hours"][index])
        if shared[index] > spaces[index]:
            log.add(
                "parking_shared", file=table.name, row=row, column=found.get("share_spaces"),
                value=f"{shared[index]:g}", spaces=f"{spaces[index]:g}",
            )  # fmt: skip
        if told and not hours[index].known:
            log.add(
                "parking_hours_unread", file=table.name, row=row, column=found.get("hours"),
                value=data["hours"][index], severity="warning",
            )  # fmt: skip
        half = np.isnan(shared[index]) if told else shared[index] > 0
        if half:
            log.add("parking_share_missing", file=table.name, row=row, severity="warning")


def _check_repeats(
    table: RawTable,
    found: ColumnMap,
    names: NDArray[np.generic],
    places: NDArray[np.float64],
    hours: list[OpeningHours],
    log: FaultLog,
) -> None:
    """Note lots listed twice, and hours of one lot that overlap, in one row or in several."""
    rows_of: dict[tuple[str, int, int], list[int]] = {}
    for index, row in enumerate(int(number) for number in table.row_numbers):
        if hours[index].overlapping:
            _note_overlap(table, found, index, row, hours, log)
        if not np.isfinite(places[index]).all():
            continue
        x, y = (round(value / _SAME_PLACE) for value in places[index])
        for other in rows_of.setdefault((str(names[index]), x, y), []):
            first = int(table.row_numbers[other])
            if not (hours[index].week and hours[other].week):
                log.add("parking_duplicate", file=table.name, row=row, value=names[index],
                        first=first)  # fmt: skip
            elif _meet(hours[index], hours[other]):
                _note_overlap(table, found, index, first, hours, log)
        rows_of[str(names[index]), x, y].append(index)


def _meet(one: OpeningHours, other: OpeningHours) -> bool:
    """Tell whether two lots' hours share a minute of the week."""
    return any(a < d and c < b for a, b in one.week or () for c, d in other.week or ())


def _note_overlap(
    table: RawTable,
    found: ColumnMap,
    index: int,
    first: int,
    hours: list[OpeningHours],
    log: FaultLog,
) -> None:
    row = int(table.row_numbers[index])
    log.add(
        "parking_overlap", file=table.name, row=row, column=found.get("hours"),
        value=hours[index].text, first=first,
    )  # fmt: skip
