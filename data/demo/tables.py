"""The tables of the demo city with the column names a Chinese bureau would use."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable

from . import layout
from .areas import Area
from .outlets import Outlet
from .people import Residence
from .plane import Point, to_lonlat
from .sites import Candidate, Parking
from .surveys import Complaints, Opinion

Cell = str | int | float | None
Lookup = Callable[[Point], tuple[str, str, str]]


def sheet(head: str, rows: Iterable[tuple[Cell, ...]], encoding: str = "utf-8-sig") -> bytes:
    """Return a CSV file as bytes, Windows line ends, the label in the last column."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*head.split(), "数据来源"])
    for row in rows:
        writer.writerow(["" if v is None else v for v in (*row, layout.SOURCE)])
    return text.getvalue().encode(encoding)


def finder(areas: list[Area]) -> Lookup:
    """Return a function that gives the community, street and district of a place."""
    communities = [a for a in areas if a.level == "community"]
    parents = {a.id: a.parent for a in areas}

    def find(place: Point) -> tuple[str, str, str]:
        here = next((c.id for c in communities if c.holds(place)), "")
        street = parents.get(here, "")
        return here, street, parents.get(street, "")

    return find


def _degrees(place: Point) -> tuple[str, str]:
    lon, lat = to_lonlat(place)
    return f"{lon:.6f}", f"{lat:.6f}"


def residences(homes: list[Residence], find: Lookup) -> bytes:
    """Return the residential points."""
    head = "编号 名称 英文名 经度 纬度 居民人数 户数 车辆数 老年人数 社区 街道 区 建成年份"
    return sheet(head, (
        (h.id, *h.name, *_degrees(h.place), h.residents, h.households, h.vehicles,
         None if h.residents is None else h.elderly, *find(h.place), h.year)
        for h in homes
    ))  # fmt: skip


def entrances(homes: list[Residence]) -> bytes:
    """Return the gates of the residential points that can be reached through them alone."""
    head = "居民点编号 大门名称 经度 纬度"
    return sheet(head, (
        (h.id, f"{k + 1}号门", *(f"{v:.7f}" for v in to_lonlat(gate)))
        for h in homes
        for k, gate in enumerate(h.gates)
    ))  # fmt: skip


def outlets(found: list[Outlet]) -> bytes:
    """Return the outlets, in the encoding of bureaus' exports (GB18030)."""
    head = "编号 名称 英文名 业态 状态 地址 面积 接待能力 营业时间 经度 纬度"
    rows = (
        (
            o.id,
            *o.name,
            o.kind,
            o.status,
            o.address,
            o.area,
            o.capacity,
            o.hours,
            *_degrees(o.place),
        )
        for o in found
    )
    return sheet(head, rows, "gb18030")


def candidates(found: list[Candidate], find: Lookup) -> bytes:
    """Return the premises that could become outlets."""
    head = "编号 名称 地址 经度 纬度 可设业态 面积 年成本 可容纳网点数 社区 街道 区"
    return sheet(head, (
        (c.id, c.name, c.address, *_degrees(c.place), c.types, c.area, c.cost, c.capacity,
         *find(c.place))
        for c in found
    ))  # fmt: skip


def parking(lots: list[Parking], find: Lookup) -> bytes:
    """Return the parking lots."""
    head = "编号 名称 英文名 类型 经度 纬度 车位数 共享时段 夜间可共享车位 月租 社区"
    return sheet(head, (
        (p.id, *p.name, p.kind, *_degrees(p.place), p.spaces, p.window, p.free, p.price,
         find(p.place)[0])
        for p in lots
    ))  # fmt: skip


def complaints(rows: list[Complaints]) -> bytes:
    """Return the complaints by community and type."""
    head = "社区 业态 投诉数 响应数 解决数 满意数"
    return sheet(head, (
        (r.community, r.kind, r.count, r.responded, r.resolved, r.satisfied) for r in rows
    ))  # fmt: skip


def survey(rows: list[Opinion]) -> bytes:
    """Return the satisfaction by community."""
    head = "社区 样本数 非常满意 满意 一般 不满意 最盼业态"
    return sheet(head, ((r.community, *r.answers, r.wish) for r in rows))
