"""Which column of a table holds what: as the user maps it, else recognised by its header."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from .faults import FaultLog
from .figures import narrow
from .tables import RawTable

#: Headers recognised for each canonical column, best first (compared by `plain_header`).
HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "编号", "序号", "编码", "代码", "uid", "poiid", "fid", "objectid", "code"),
    "name": ("name", "名称", "小区名称", "社区名称", "网点名称", "门店名称", "店名", "企业名称",
             "点位名称", "地块名称", "街道名称", "小区", "title", "namezh"),
    "name_en": ("nameen", "英文名", "英文名称", "englishname"),
    "lon": ("lon", "lng", "longitude", "经度", "wgs84lng", "wgs84lon", "x坐标", "东经", "long",
            "经度坐标", "x", "pointx"),
    "lat": ("lat", "latitude", "纬度", "wgs84lat", "y坐标", "北纬", "纬度坐标", "y", "pointy"),
    "lonlat": ("lonlat", "lnglat", "location", "经纬度", "坐标", "经纬度坐标", "coordinates"),
    "wkt": ("wkt", "thegeom", "geom", "geometry"),
    "residents": ("residents", "常住人口", "居民人数", "居民数", "人口", "人口数", "人数",
                  "居住人口", "总人口", "户籍人口", "population", "pop", "poptotal"),
    "households": ("households", "户数", "居民户数", "总户数", "住户数", "hh"),
    "vehicles": ("vehicles", "车辆数", "机动车数", "机动车保有量", "汽车数", "cars"),
    "community": ("community", "社区", "所属社区", "居委会", "所在社区", "社区居委会"),
    "street": ("street", "街道", "所属街道", "街镇", "街道乡镇", "乡镇街道", "所在街道", "乡镇"),
    "district": ("district", "区", "行政区", "区县", "所属区", "所在区", "adname"),
    "type": ("type", "业态", "类型", "网点类型", "经营业态", "业态类型", "行业", "类别", "分类",
             "typecode", "category", "amaptype", "poitype"),
    "status": ("status", "状态", "经营状态", "营业状态", "网点状态", "运营状态"),
    "area_m2": ("aream2", "面积", "营业面积", "经营面积", "建筑面积", "使用面积", "area",
                "floorarea"),
    "capacity": ("capacity", "容量", "可容纳网点数", "可设网点数", "规模"),
    "hours": ("hours", "营业时间", "经营时间", "openinghours"),
    "address": ("address", "地址", "详细地址", "经营地址", "位置", "所在地", "addr"),
    "types": ("types", "可设业态", "适宜业态", "允许业态", "业态", "拟设业态", "类型"),
    "cost": ("cost", "成本", "费用", "改造费用", "投资", "预算", "租金"),
    "level": ("level", "层级", "级别", "行政级别"),
    "parent": ("parent", "上级", "上级区划", "所属街道", "所属区", "district", "区", "行政区"),
    "demand_id": ("demandid", "小区编号", "居民点编号", "所属小区编号", "communityid"),
    "weight": ("weight", "权重", "建筑面积", "户数", "floorarea"),
    "complaints": ("complaints", "投诉数", "诉求数", "诉求量", "投诉量", "工单数", "受理数"),
    "responded": ("responded", "响应数", "响应量", "及时响应数"),
    "followed_up": ("followedup", "回访数", "回访量", "已回访数"),
    "resolved": ("resolved", "解决数", "解决量", "已解决数"),
    "satisfied": ("satisfied", "满意数", "满意", "满意量", "满意件数", "满意人数"),
    "asked": ("asked", "样本数", "调查人数", "受访人数", "问卷数", "有效问卷数"),
    "very_satisfied": ("verysatisfied", "非常满意", "很满意"),
    "neutral": ("neutral", "一般"),
    "dissatisfied": ("dissatisfied", "不满意", "不满意数"),
    "wish": ("wish", "最盼业态", "最需业态", "最需要的业态", "期盼业态"),
}  # fmt: skip

#: Canonical columns that hold numbers, so that a unit in the header matters.
NUMERIC: Final = frozenset(
    {"residents", "households", "vehicles", "area_m2", "capacity", "cost", "weight"}
)
_BRACKETS: Final = re.compile(r"[(\[【].*?[)\]】]")
_SCALED_UNIT: Final = re.compile(
    r"[(\[【][^)\]】]*(万|千|百|公顷|亩|平方公里|km|ha)[^)\]】]*[)\]】]"
)
_CLOSE: Final = 3


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which source column each canonical column is read from.

    Attributes
    ----------
    found
        Canonical name → source column.
    recognised
        Those of `found` that the user did not map: told to the user, never silent.
    """

    found: dict[str, str]
    recognised: dict[str, str]

    def get(self, name: str) -> str | None:
        """Return the source column of a canonical one, or None."""
        return self.found.get(name)

    def __contains__(self, name: object) -> bool:
        """Tell whether a canonical column has a source."""
        return name in self.found


def plain_header(header: str) -> str:
    """Return a header without case, spaces, underscores and a unit in brackets."""
    return re.sub(r"[\s_\-:.]", "", _BRACKETS.sub("", narrow(header))).casefold()


def recognise(table: RawTable) -> dict[str, str]:
    """Return every canonical column whose header is recognised, for guessing what a table is.

    Returns
    -------
    dict
        Canonical name → source column; one source may stand for several canonical columns.
    """
    ignored = FaultLog()
    found = {name: _recognise(table, name, set(), ignored) for name in HEADERS}
    return {name: column for name, column in found.items() if column is not None}


def resolve_columns(
    table: RawTable,
    *,
    wanted: Collection[str],
    required: Collection[str] = (),
    mapping: Mapping[str, str] | None = None,
    log: FaultLog,
) -> ColumnMap:
    """Find the source of every canonical column.

    Parameters
    ----------
    table
        The table.
    wanted
        Canonical columns that the table may have.
    required
        Those it must have.
    mapping
        ``{canonical: source column}`` by the user; it wins over recognition. An empty source
        says that there is none.
    log
        Takes the faults ``unknown_canonical``, ``missing_column``, ``required_column``,
        ``header_unit`` and the warning ``several_columns``.

    Returns
    -------
    ColumnMap
    """
    given = dict(mapping or {})
    found: dict[str, str] = {}
    for name, source in given.items():
        if name not in wanted:
            log.add("unknown_canonical", file=table.name, value=name, known=", ".join(wanted))
        elif source and source not in table.columns:
            _note_missing(table, name, source, log)
        elif source:
            found[name] = source
    recognised: dict[str, str] = {}
    for name in wanted:
        if name in given:
            continue
        if column := _recognise(table, name, {*found.values(), *recognised.values()}, log):
            recognised[name] = column
    found |= recognised
    for name in required:
        if name not in found and name not in given:
            log.add("required_column", file=table.name, value=name, present=_present(table))
    _note_units(table, found, log)
    return ColumnMap(found, recognised)


def _recognise(table: RawTable, name: str, taken: set[str], log: FaultLog) -> str | None:
    """Return the best column by header; a header with a scaled unit (万人) is never taken."""
    headers = HEADERS.get(name, (name,))
    plain = {c: plain_header(c) for c in table.columns if c not in taken}
    hits = sorted(
        (c for c, header in plain.items() if header in headers and not _scaled(name, c)),
        key=lambda c: headers.index(plain[c]),
    )
    if len(hits) > 1 and name in NUMERIC:
        others = ", ".join(hits[1:])
        log.add(
            "several_columns",
            file=table.name,
            column=hits[0],
            value=name,
            others=others,
            severity="warning",
        )
    return hits[0] if hits else None


def _scaled(name: str, column: str) -> bool:
    return name in NUMERIC and _SCALED_UNIT.search(narrow(column)) is not None


def _note_units(table: RawTable, found: Mapping[str, str], log: FaultLog) -> None:
    for name, column in found.items():
        if _scaled(name, column):
            log.add("header_unit", file=table.name, column=column, value=name)


def _note_missing(table: RawTable, name: str, source: str, log: FaultLog) -> None:
    close = difflib.get_close_matches(source, table.columns, n=_CLOSE, cutoff=0.4)
    close += [c for c in table.columns if plain_header(c) in HEADERS.get(name, ())]
    log.add(
        "missing_column",
        file=table.name,
        column=source,
        value=name,
        present=_present(table),
        close=", ".join(dict.fromkeys(close)) or "–",
    )


def _present(table: RawTable) -> str:
    return ", ".join(table.columns) or "–"
