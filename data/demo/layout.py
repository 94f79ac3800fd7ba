"""The master plan: ring road, river, railway, main roads and what stands in each block.

Everything is drawn on a plain board of 4,000 × 4,000 m (x east, y north) and bent by
``plane.warp`` at the end. Every place and every name is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

from .geometry import Rect, densify, spline
from .plane import SIZE, Line, Point

SOURCE = "合成示例"  # "synthetic example", carried by every table
LABEL = "Synthetic demo city, invented for quarterhour; no real place or person"
CITY = ("澄河市", "Chenghe City")
DISTRICTS = (("望川区", "Wangchuan District"), ("临澄区", "Lincheng District"))

RING_BOX: Rect = (800.0, 940.0, 3160.0, 3190.0)
RING_RADIUS = 380.0
CARRIAGEWAY, FRONTAGE = 9.0, 30.0  # m from the ring's centre line
RIVER_HALF, RIVERSIDE = 34.0, 50.0  # m: half the water, the footways beside it


def ring() -> Line:
    """Return the centre line of the ring road, closed, counter-clockwise."""
    x0, y0, x1, y1 = RING_BOX
    r = RING_RADIUS
    corners = (
        (x1 - r, y0 + r, -0.5),
        (x1 - r, y1 - r, 0),
        (x0 + r, y1 - r, 0.5),
        (x0 + r, y0 + r, 1),
    )
    line: Line = []
    for cx, cy, turn in corners:
        angles = [(turn + k / 32) * pi for k in range(17)]
        line += [(cx + r * cos(a), cy + r * sin(a)) for a in angles]
    return densify([*line, line[0]], 80)


def river() -> Line:
    """Return the centre line of the river, upstream to downstream."""
    points = [(-60, 3290), (330, 3150), (620, 2960), (860, 2800), (1200, 2670), (1600, 2600)]
    points += [(2020, 2555), (2420, 2610), (2820, 2690), (3160, 2680), (3500, 2550), (4060, 2200)]
    return spline([(float(x), float(y)) for x, y in points], 45)


def rail() -> Line:
    """Return the centre line of the railway, west to east."""
    points = [
        (0, 520),
        (900, 600),
        (1800, 635),
        (2600, 640),
        (3180, 745),
        (3600, 1045),
        (4000, 1500),
    ]
    return spline([(float(x), float(y)) for x, y in points], 70)


@dataclass(frozen=True, slots=True)
class Road:
    """A main road; ``over`` names the barriers it crosses (``ring-n``, ``river``, ``rail`` …)."""

    name: str
    name_en: str
    kind: str
    points: Line
    over: frozenset[str] = frozenset()


def _road(name: str, name_en: str, kind: str, points: str, over: str = "") -> Road:
    line = [tuple(map(float, p.split(","))) for p in points.split()]
    drawn: Line = [(x, y) for x, y in line]
    smooth = spline(drawn, 60) if len(drawn) > 2 else densify(drawn)
    return Road(name, name_en, kind, smooth, frozenset(over.split()))


ROADS = (
    _road("柳堤路", "Liudi Road", "secondary", "330,0 330,4000", "river rail"),
    _road("钟鼓街", "Zhonggu Street", "secondary", "1180,930 1180,4000", "ring-n"),
    _road("南薰街", "Nanxun Street", "tertiary", "1600,930 1600,1290"),
    _road("旧市街", "Old Market Street", "pedestrian", "1600,1290 1600,2000"),
    _road("文庙街", "Wenmiao Street", "tertiary", "1600,2000 1600,2552"),
    _road("北渡街", "Beidu Street", "tertiary", "1600,2648 1600,2950"),
    _road("澄河大街", "Chenghe Avenue", "primary", "2020,0 2020,4000", "river rail ring-n ring-s"),
    _road("槐荫街", "Huaiyin Street", "tertiary", "2420,1290 2420,2640"),
    _road("东关大街", "Dongguan Avenue", "secondary", "2780,745 2780,3200", "ring-s river"),
    _road("云帆路", "Yunfan Road", "secondary", "3560,0 3560,4000", "river rail-level"),
    _road("麦田路", "Maitian Road", "tertiary", "1000,0 1000,584"),
    _road("砖窑路", "Zhuanyao Road", "tertiary", "2800,0 2800,622"),
    _road("书香街", "Shuxiang Street", "tertiary", "1600,3190 1600,4000"),
    _road("仓储路", "Cangchu Road", "tertiary", "2780,3190 2780,4000"),
    _road("南环里路", "Nanhuanli Road", "secondary", "0,250 3560,250"),
    _road(
        "铁北路", "Tiebei Road", "secondary",
        "330,755 1400,748 2400,752 2780,765 3080,840 3330,985 3560,1230",
    ),
    _road("织锦路", "Zhijin Road", "secondary", "0,1290 3700,1290", "ring-w"),
    _road("药王街", "Yaowang Street", "tertiary", "2020,1640 3170,1640"),
    _road("人民路", "Renmin Road", "primary", "0,2000 4000,2000", "ring-w ring-e"),
    _road("文昌路", "Wenchang Road", "secondary", "790,2330 2020,2330"),
    _road("文昌东路", "Wenchang East Road", "tertiary", "2420,2330 3170,2330"),
    _road("学府路", "Xuefu Road", "tertiary", "0,2600 810,2600"),
    _road("北岸路", "Beian Road", "secondary", "800,2950 4000,2950", "ring-e"),
    _road("迎宾大道", "Yingbin Avenue", "secondary", "3035,3065 3300,3275 3640,3520 4000,3730"),
    _road("北苑路", "Beiyuan Road", "secondary", "0,3600 4000,3600"),
)  # fmt: skip
DIAGONAL = _road(
    "斜桥街", "Xieqiao Street", "living_street", "1180,1940 1390,1740 1600,1630 1830,1510 2020,1310"
)
FOOT_CROSSINGS: tuple[tuple[str, Point, Point], ...] = (
    ("bridge", (752.0, 2430.0), (850.0, 2440.0)),
    ("bridge", (2430.0, 3142.0), (2440.0, 3240.0)),
    ("tunnel", (3108.0, 1700.0), (3212.0, 1700.0)),
    ("bridge", (1460.0, 986.0), (1450.0, 892.0)),
)
RAIL_FOOT = ("bridge", (2800.0, 600.0), (2800.0, 768.0))
RIVER_FOOT = ("bridge", (1600.0, 2552.0), (1600.0, 2648.0))


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between four lines of the board; ``age`` is the usual year built."""

    rect: Rect
    use: str
    age: int
    density: float = 1.0


def _blocks() -> tuple[Block, ...]:
    return tuple(_block(row) for row in _PLAN.strip().splitlines())


def _block(row: str) -> Block:
    use, age, density, *rect = row.split()
    x0, y0, x1, y1 = (float(v) for v in rect)
    return Block((x0, y0, x1, y1), use, int(age), float(density))


# use, year, density, x0 y0 x1 y1; slabs and towers are gated estates, super has no inner street.
_PLAN = """
slabs 1988 1.2 800 940 1180 1290
slabs 1984 1.3 1180 940 1600 1290
slabs 1992 1.2 1600 940 2020 1290
super 1999 1.3 2020 940 2780 1290
slabs 1996 1.2 2780 940 3160 1290
super 1994 1.2 800 1290 1180 2000
hutong 1935 1 1180 1290 2020 2000
slabs 1990 1.2 2020 1290 2420 1640
mall 2012 1 2020 1640 2420 2000
slabs 1993 1.2 2420 1290 2780 1640
slabs 1997 1.2 2420 1640 2780 2000
super 2002 1.2 2780 1290 3160 1640
slabs 1995 1.2 2780 1640 3160 2000
slabs 1986 1.2 800 2000 1180 2330
hutong 1940 1 1180 2000 1600 2330
civic 1978 1 1600 2000 2020 2330
park 1958 1 2020 2000 2420 2560
slabs 1991 1.2 2420 2000 2780 2330
hospital 1985 1 2780 2000 3160 2330
slabs 1987 1.1 800 2330 1180 2760
slabs 1989 1.1 1180 2330 1600 2640
green 2008 1 1600 2330 2020 2560
slabs 1998 1.1 2420 2330 2780 2640
towers 2009 0.9 2780 2330 3160 2660
green 2010 1 840 2820 1180 2950
slabs 2001 1.1 1180 2650 1600 2950
slabs 2003 1.1 1600 2590 2020 2950
super 2006 1.1 2020 2600 2780 2950
towers 2011 0.9 2780 2700 3160 2950
slabs 1999 1.1 800 2950 1180 3190
super 2000 1.2 1180 2950 2020 3190
super 2004 1.1 2020 2950 2780 3190
slabs 2005 1.1 2780 2950 3160 3190
farm 2000 1 0 0 330 250
factory 1975 1 0 250 330 530
slabs 1998 0.8 0 560 330 1290
slabs 2002 0.8 330 755 800 1290
village 1970 1 0 1290 330 2000
super 2007 0.9 330 1290 800 2000
towers 2014 0.7 0 2000 330 2600
campus 1996 1 330 2000 800 2600
slabs 2010 0.8 0 2600 330 3150
super 2013 0.8 330 2600 800 2960
towers 2016 0.7 0 3250 330 3600
super 2015 0.8 330 3050 800 3600
slabs 2008 0.9 800 3190 1180 3600
slabs 2006 0.9 1180 3190 1600 3600
slabs 2009 0.9 1600 3190 2020 3600
super 2012 0.8 2020 3190 2780 3600
factory 1998 1 2780 3190 3160 3600
towers 2015 0.7 3160 2950 3560 3600
farm 2000 1 0 3600 330 4000
towers 2018 0.6 330 3600 1180 4000
green 2016 1 1180 3600 1600 4000
towers 2019 0.6 1600 3600 2020 4000
super 2017 0.6 2020 3600 2780 4000
factory 2005 1 2780 3600 3560 4000
farm 2000 1 3560 3600 4000 4000
village 1975 1 3560 2950 4000 3600
super 2011 0.8 3160 1290 3560 2000
towers 2017 0.6 3560 1290 4000 2000
super 2010 0.8 3160 2000 3560 2640
green 2014 1 3560 2000 4000 2480
towers 2018 0.6 3560 2380 4000 2950
towers 2016 0.7 3160 2640 3560 2950
slabs 2004 0.8 3160 940 3560 1290
slabs 1996 1.0 330 600 1000 755
slabs 1994 0.9 800 755 1400 940
slabs 1991 1.0 1400 755 2020 940
slabs 1995 0.9 2020 755 2780 940
slabs 2001 0.8 330 250 1000 570
factory 1972 1 1000 250 1500 610
slabs 1980 1.0 1500 250 2020 620
slabs 2000 0.8 2020 250 2800 620
towers 2015 0.6 2800 250 3560 960
slabs 2006 0.6 330 0 1000 250
factory 2001 1 1000 0 2020 250
slabs 2008 0.6 2020 0 2800 250
slabs 2012 0.5 2800 0 3560 250
island 2023 0.5 3600 60 3960 430
farm 2000 1 3600 470 4000 1100
"""
BLOCKS = _blocks()
EDGE = SIZE
