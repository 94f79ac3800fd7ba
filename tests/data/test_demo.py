"""The demo city: the files its code makes, labelled, consistent, full of contradictions."""

import csv
import io
import json
import math
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from shapely.geometry import Point, Polygon

from quarterhour.data.demo import write, write_demo
from quarterhour.data.demo.__main__ import main

CITY = Path(write.__file__).parent / "city"
EAST, NORTH = 111_320 * math.cos(math.radians(38.12)), 110_990  # metres a degree, to 0.1 %
KINDS = {
    "vegetable": {"菜市场", "蔬菜零售", "生鲜超市"},
    "convenience": {"便利店", "社区超市"},
    "breakfast": {"早餐店", "早点铺"},
    "housekeeping": {"家政服务"},
    "hair_beauty": {"美容美发", "理发店"},
    "laundry": {"洗衣店", "洗染店"},
    "parcel": {"快递驿站", "末端配送"},
    "repair": {"便民维修"},
}
LIMIT = {"vegetable": 500, "convenience": 300, "breakfast": 500}  # m; all others 1,000


def rows(name, encoding="utf-8-sig"):
    text = (CITY / name).read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(text)))


def metres(row):
    return float(row["经度"]) * EAST, float(row["纬度"]) * NORTH


class Osm:
    """A parser of its own: every way, and a graph of those that may be walked."""

    def __init__(self):
        root = ET.parse(CITY / "streets.osm").getroot()
        self.root = root
        self.lonlat = {n.get("id"): (n.get("lon"), n.get("lat")) for n in root.iter("node")}
        self.place = {i: (float(x) * EAST, float(y) * NORTH) for i, (x, y) in self.lonlat.items()}
        self.node_tags = {n.get("id"): self.tags(n) for n in root.iter("node")}
        self.ways = [([d.get("ref") for d in w.iter("nd")], self.tags(w)) for w in root.iter("way")]

    @staticmethod
    def tags(element):
        return {t.get("k"): t.get("v") for t in element.iter("tag")}

    def graph(self, without=()):
        graph = nx.Graph()
        for refs, tags in self.ways:
            if not walked(tags) or any(key in tags for key in without):
                continue
            for a, b in pairwise(refs):
                graph.add_edge(a, b, weight=math.dist(self.place[a], self.place[b]))
        return graph


def walked(tags):
    closed = tags.get("foot") == "no" or tags.get("access") == "private"
    return "highway" in tags and tags["highway"] != "construction" and not closed


@pytest.fixture(scope="module")
def osm():
    return Osm()


@pytest.fixture(scope="module")
def areas():
    frame = gpd.read_file(CITY / "areas.geojson")
    return {level: part.set_index("id") for level, part in frame.groupby("level")}


@pytest.fixture(scope="module")
def homes():
    return rows("residences.csv")


def persons(found):
    return sum(int(r["居民人数"] or 0) for r in found)


def test_code_makes_the_shipped_bytes(tmp_path, capsys):
    main([str(tmp_path / "again")])
    made = {p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()}
    assert capsys.readouterr().out.count("\n") == len(made) == 12
    for name, data in made.items():
        assert data == (CITY / name).read_bytes(), name


def test_files_are_small():
    assert sum(p.stat().st_size for p in CITY.iterdir()) <= 2_000_000


def test_write_demo_copies_every_file_and_replaces_old_ones(tmp_path):
    folder = tmp_path / "deep" / "study"
    folder.mkdir(parents=True)
    (folder / "outlets.csv").write_text("old")
    (folder / "mine.txt").write_text("kept")
    written = write_demo(folder)
    assert {p.name for p in written} == {p.name for p in CITY.iterdir()}
    assert all(p.read_bytes() == (CITY / p.name).read_bytes() for p in written)
    assert {p.name for p in folder.iterdir()} == {p.name for p in written} | {"mine.txt"}


def test_write_demo_into_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        write_demo(tmp_path / "file")


@pytest.mark.parametrize("path", sorted(CITY.iterdir()), ids=lambda p: p.name)
def test_every_file_says_it_is_synthetic(path):
    data = path.read_bytes()
    if path.suffix == ".csv":
        encoding = "gb18030" if path.name == "outlets.csv" else "utf-8-sig"
        assert {r["数据来源"] for r in rows(path.name, encoding)} == {"合成示例"}
    else:
        assert b"ynthetic" in data[:2000]


def test_encodings_are_those_of_a_bureau():
    with pytest.raises(UnicodeDecodeError):
        (CITY / "outlets.csv").read_bytes().decode("utf-8")
    for path in CITY.glob("*.csv"):
        if path.name != "outlets.csv":
            assert path.read_bytes().startswith(b"\xef\xbb\xbf"), path.name


def test_ids_are_unique(areas):
    tables = [rows(n) for n in ("residences.csv", "candidates.csv", "parking.csv")]
    tables.append(rows("outlets.csv", "gb18030"))
    for table in tables:
        ids = [r["编号"] for r in table]
        assert len(set(ids)) == len(ids)
        assert all(ids)
    names = [name for part in areas.values() for name in part["name"]]
    assert len(set(names)) == len(names) == 48


def test_areas_nest_exactly(areas):
    assert {level: len(part) for level, part in areas.items()} == {
        "district": 2, "street": 6, "community": 40,
    }  # fmt: skip
    for lower, upper in (("community", "street"), ("street", "district")):
        assert set(areas[lower]["parent"]) == set(areas[upper].index)
        for key, children in areas[lower].groupby("parent"):
            whole = areas[upper].loc[key, "geometry"]
            assert shapely.coverage_is_valid(children.geometry.values)
            joined = shapely.coverage_union_all(children.geometry.values)
            assert shapely.symmetric_difference(joined, whole).area == 0
    assert set(areas["district"]["parent"].fillna("")) == {""}


def test_residents_add_up_on_every_level(areas, homes):
    assert persons(homes) == 60_000
    for key, area in areas["community"].iterrows():
        assert persons([r for r in homes if r["社区"] == key]) == area["residents"]
    assert areas["community"]["residents"].sum() == 60_000
    assert areas["street"]["residents"].isna().all()
    parent = {k: p for part in areas.values() for k, p in part["parent"].items()}
    assert all(parent[r["社区"]] == r["街道"] and parent[r["街道"]] == r["区"] for r in homes)
    assert min(areas["community"]["residents"]) > 0


def test_residential_points_are_plausible(homes):
    assert 600 <= len(homes) <= 1200
    assert sum(r["居民人数"] == "" for r in homes) == 5
    known = [r for r in homes if r["居民人数"]]
    share = sum(int(r["老年人数"]) for r in known) / persons(known)
    assert 0.1 < share < 0.3
    assert 2 < persons(known) / sum(int(r["户数"]) for r in known) < 3.5
    assert all(0 <= int(r["车辆数"]) <= int(r["户数"]) for r in known)


@pytest.mark.parametrize("name", ["residences.csv", "candidates.csv", "parking.csv"])
def test_points_lie_in_the_community_they_name(areas, name):
    for r in rows(name):
        shape = areas["community"].loc[r["社区"], "geometry"]
        assert shape.covers(Point(float(r["经度"]), float(r["纬度"]))), r


def test_gates_are_nodes_of_walkable_ways(osm, homes):
    gates = {osm.lonlat[i] for i, t in osm.node_tags.items() if t.get("barrier") == "gate"}
    on_ways = {osm.lonlat[i] for refs, tags in osm.ways if walked(tags) for i in refs}
    found = rows("entrances.csv")
    assert len(found) > 200
    assert {(r["经度"], r["纬度"]) for r in found} <= gates & on_ways
    ids = {r["编号"] for r in homes}
    assert {r["居民点编号"] for r in found} < ids


def test_private_ways_are_homes_with_gates_alone(osm, homes):
    listed = {r["居民点编号"] for r in rows("entrances.csv")}
    private = [
        shapely.LineString([osm.place[i] for i in refs])
        for refs, tags in osm.ways
        if tags.get("access") == "private"
    ]
    open_ways = [
        shapely.LineString([osm.place[i] for i in refs]) for refs, tags in osm.ways if walked(tags)
    ]
    closed, free = shapely.STRtree(private), shapely.STRtree(open_ways)
    for r in homes:
        spot = Point(metres(r))
        near = private[closed.nearest(spot)].distance(spot)
        if near < 20 and near < open_ways[free.nearest(spot)].distance(spot):
            assert r["编号"] in listed


def test_one_network_and_one_island(osm):
    parts = sorted(nx.connected_components(osm.graph()), key=len)
    assert len(parts) == 2
    assert len(parts[0]) < 40
    assert len(parts[1]) > 3000


def test_classes_of_a_chinese_city(osm):
    kinds = {tags.get("highway") for _, tags in osm.ways}
    assert kinds >= {
        "trunk", "trunk_link", "primary", "secondary", "tertiary", "residential", "living_street",
        "service", "footway", "path", "pedestrian", "steps",
    }  # fmt: skip
    assert all(t["foot"] == "no" for _, t in osm.ways if t.get("highway", "").startswith("trunk"))
    assert any(t.get("oneway") == "yes" and walked(t) for _, t in osm.ways)
    assert any(t.get("sidewalk") == "both" for _, t in osm.ways)
    marks = [t.get("highway") for t in osm.node_tags.values()]
    assert marks.count("traffic_signals") > 40
    assert marks.count("crossing") > 40


def separated(osm, graph, side):
    """No part of the graph has nodes on both sides (None = on the barrier)."""
    return all(
        len({s for i in part if (s := side(Point(osm.place[i]))) is not None}) <= 1
        for part in nx.connected_components(graph)
    )


def test_ring_road_is_crossed_at_bridges_and_underpasses_alone(osm):
    trunks = [refs for refs, tags in osm.ways if tags.get("highway") == "trunk"]
    merged = shapely.line_merge(
        shapely.MultiLineString([[osm.place[i] for i in refs] for refs in trunks])
    )
    rings = sorted((Polygon(line.coords) for line in merged.geoms), key=lambda p: p.area)
    assert len(rings) == 2
    inner, outer = rings

    def side(point):
        return True if inner.covers(point) else None if outer.covers(point) else False

    whole = osm.graph()
    assert not separated(osm, whole, side)
    assert separated(osm, osm.graph(without=("bridge", "tunnel")), side)
    places = {side(Point(osm.place[i])) for i in max(nx.connected_components(whole), key=len)}
    assert {True, False} <= places
    crossing = sum(
        walked(tags) and shapely.LineString([osm.place[i] for i in refs]).intersects(outer.boundary)
        for refs, tags in osm.ways
    )
    assert 8 <= crossing <= 16


def line_side(osm, key):
    (refs,) = [refs for refs, tags in osm.ways if key in tags]
    line = [osm.place[i] for i in refs]
    (x0, _), (x1, _) = line[0], line[-1]
    top = max(y for _, y in osm.place.values()) + 3000
    north = Polygon([*line, (x1 + 3000, line[-1][1]), (x1 + 3000, top), (x0 - 3000, top),
                     (x0 - 3000, line[0][1])])  # fmt: skip
    barrier = shapely.LineString(line)
    return lambda p: None if barrier.distance(p) < 1e-6 else north.covers(p)


def test_river_is_crossed_at_few_bridges(osm):
    side = line_side(osm, "waterway")
    assert not separated(osm, osm.graph(), side)
    assert separated(osm, osm.graph(without=("bridge",)), side)


def test_railway_is_crossed_at_few_places(osm):
    side = line_side(osm, "railway")
    level = [i for i, t in osm.node_tags.items() if t.get("railway") == "level_crossing"]
    assert len(level) == 1
    graph = osm.graph(without=("bridge", "tunnel"))
    assert not separated(osm, graph, side)
    graph.remove_nodes_from(level)
    assert separated(osm, graph, side)


def test_outlets_of_all_types_and_conditions():
    found = rows("outlets.csv", "gb18030")
    assert 350 <= len(found) <= 450
    assert {r["业态"] for r in found} == set().union(*KINDS.values())
    assert {r["状态"] for r in found} == {"正常", "待提升", "筹建", "停业"}
    assert {"24h", ""} < {r["营业时间"] for r in found}
    assert any(r["面积"] == "" for r in found)


def test_candidates_name_known_types():
    known = set().union(*KINDS.values()) | {""}
    found = rows("candidates.csv")
    assert 250 <= len(found) <= 400
    for r in found:
        assert set(r["可设业态"].replace(";", "、").split("、")) <= known
        assert int(r["可容纳网点数"]) >= 1
        assert int(r["年成本"]) > 0
    assert {r["区"] for r in found} == {"D1", "D2"}


def test_complaints_and_answers_never_exceed_what_was_asked(areas):
    for r in rows("complaints.csv"):
        count, responded, resolved, satisfied = (
            int(r[k]) for k in ("投诉数", "响应数", "解决数", "满意数")
        )
        assert count >= responded >= max(resolved, satisfied) >= 0
    found = rows("survey.csv")
    assert {r["社区"] for r in found} == set(areas["community"].index)
    for r in found:
        parts = [int(r[k]) for k in ("非常满意", "满意", "一般", "不满意")]
        assert min(parts) >= 0
        assert sum(parts) == int(r["样本数"])


def test_parking_is_shared_at_night_by_others_than_compounds():
    found = rows("parking.csv")
    assert {r["类型"] for r in found} == {"小区", "写字楼", "商场", "公共停车场"}
    for r in found:
        assert 0 <= int(r["夜间可共享车位"]) <= int(r["车位数"])
        assert (r["共享时段"] == "") == (r["类型"] == "小区")


def test_map_background_is_valid_geometry():
    for name in ("background.geojson", "green.geojson"):
        frame = gpd.read_file(CITY / name)
        assert frame.geometry.is_valid.all()
        assert json.loads((CITY / name).read_text(encoding="utf-8"))["note"]
    kinds = set(gpd.read_file(CITY / "background.geojson")["kind"])
    assert {"water", "green", "railway", "building", "compound", "main_road"} <= kinds


class Walks:
    """Walking distance from every home to the nearest open outlet of a type, by networkx."""

    def __init__(self, osm, homes):
        self.graph = osm.graph()
        self.edges = list(self.graph.edges(data="weight"))
        self.a = np.array([osm.place[a] for a, _, _ in self.edges])
        self.b = np.array([osm.place[b] for _, b, _ in self.edges])
        gates = {}
        for r in rows("entrances.csv"):
            gates.setdefault(r["居民点编号"], []).append(metres(r))
        self.homes = np.array([metres(r) for r in homes])
        self.doors = [
            [(*self.snap(g), math.dist(g, metres(r))) for g in gates[r["编号"]]]
            if r["编号"] in gates
            else [(*self.snap(metres(r)), 0.0)]
            for r in homes
        ]
        main_part = max(nx.connected_components(self.graph), key=len)
        self.joined = np.array([self.edges[d[0][0]][0] in main_part for d in self.doors])

    def snap(self, point):
        run = self.b - self.a
        share = np.clip(((point - self.a) * run).sum(1) / (run * run).sum(1), 0, 1)
        gap = np.hypot(*(self.a + share[:, None] * run - point).T)
        best = int(gap.argmin())
        return best, float(share[best]), float(gap[best])

    def nearest(self, shops):
        graph = self.graph.copy()
        for k, shop in enumerate(shops):
            edge, share, gap = self.snap(shop)
            a, b, length = self.edges[edge]
            graph.add_edge("source", ("shop", k), weight=gap)
            graph.add_edge(("shop", k), a, weight=share * length)
            graph.add_edge(("shop", k), b, weight=(1 - share) * length)
        away = nx.single_source_dijkstra_path_length(graph, "source")
        return np.array([min(self.through(away, *door) for door in d) for d in self.doors])

    def through(self, away, edge, share, gap, inner):
        a, b, length = self.edges[edge]
        first = away.get(a, np.inf) + share * length
        return min(first, away.get(b, np.inf) + (1 - share) * length) + gap + inner


@pytest.fixture(scope="module")
def measured(osm, homes):
    walks = Walks(osm, homes)
    found = rows("outlets.csv", "gb18030")
    weight = np.array([float(r["居民人数"] or 0) for r in homes])
    district = np.array([r["区"] for r in homes])
    table = {}
    for kind, words in KINDS.items():
        shops = np.array(
            [metres(r) for r in found if r["业态"] in words and r["状态"] in {"正常", "待提升"}]
        )
        limit = LIMIT.get(kind, 1000)
        line = np.hypot(*(walks.homes[:, None] - shops[None]).transpose(2, 0, 1)).min(axis=1)
        foot = walks.nearest(shops)
        assert (foot[walks.joined] >= line[walks.joined] - 1).all()
        table[kind] = {
            "covered": weight[foot <= limit].sum() / weight.sum(),
            "only on paper": weight[(line <= limit) & (foot > limit) & walks.joined].sum()
            / weight.sum(),
            "gaps": {d: weight[(foot > limit) & (district == d)].sum() for d in ("D1", "D2")},
        }
    return walks, weight, table


def test_straight_lines_promise_what_streets_do_not_keep(measured):
    _, _, table = measured
    for kind in LIMIT:
        assert 0.08 <= table[kind]["only on paper"] <= 0.25, kind


def test_types_differ_and_every_district_has_gaps(measured):
    _, _, table = measured
    covered = [row["covered"] for row in table.values()]
    assert max(covered) > 0.8
    assert min(covered) < 0.6
    assert min(covered) > 0.35
    assert all(min(row["gaps"].values()) > 0 for row in table.values())


def test_the_unfinished_estate_is_on_an_island_of_streets(measured, homes):
    walks, weight, _ = measured
    apart = [r["名称"] for r, joined in zip(homes, walks.joined, strict=True) if not joined]
    assert apart
    assert all(name.startswith("云帆新城") for name in apart)
    assert 0 < weight[~walks.joined].sum() < 600


def test_homes_stand_by_a_way_or_have_gates(measured, homes):
    walks, _, _ = measured
    listed = {r["居民点编号"] for r in rows("entrances.csv")}
    for r, doors in zip(homes, walks.doors, strict=True):
        if r["编号"] in listed:
            assert max(gap for _, _, gap, _ in doors) < 0.1
        else:
            assert doors[0][2] < 60
