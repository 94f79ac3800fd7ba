"""The worked examples on real Beijing data, against a networkx graph built on its own."""

import json
import math
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely
from pyproj import Geod, Transformer

from quarterhour.data.walking_rules import barrier_stops, walkable

pytestmark = pytest.mark.shared

GEOD = Geod(ellps="WGS84")
SNAP = 200.0


class WalkGraph:
    """Streets node by node, with points put on the nearest segment as nodes of their own."""

    def __init__(self, path):
        # A plane around the middle of each extract, not the product's UTM zone.
        ways, stops = [], set()
        for item in osmium.FileProcessor(str(path)).with_locations():
            if item.is_node() and barrier_stops(dict(item.tags)):
                stops.add(item.id)
            if item.is_way() and walkable(dict(item.tags)):
                ways.append([(n.ref, n.lon, n.lat) for n in item.nodes if n.location.valid()])
        middle = np.mean([[n[1], n[2]] for way in ways for n in way], axis=0)
        plane = f"+proj=aeqd +lon_0={middle[0]} +lat_0={middle[1]} +ellps=WGS84"
        self.to_plane = Transformer.from_crs(4326, plane, always_xy=True)
        self.graph = nx.MultiGraph()
        self.ends, segments = [], []
        for number, way in enumerate(ways):
            for (a, *p), (b, *q) in pairwise(way):
                keys = [(n, number) if n in stops else n for n in (a, b)]
                self.graph.add_edge(*keys, metres=GEOD.inv(*p, *q)[2])
                self.ends.append((*keys, p, q))
                segments.append([p, q])
        flat = np.array(segments).reshape(-1, 2)
        xy = np.column_stack(self.to_plane.transform(flat[:, 0], flat[:, 1]))
        self.lines = shapely.linestrings(xy.reshape(-1, 2, 2))
        self.tree = shapely.STRtree(self.lines)
        self.on_segment = {}

    def put(self, name, lon, lat):
        """Join a point to its nearest segment; False when none is within the snapping limit."""
        point = shapely.Point(self.to_plane.transform(lon, lat))
        segment = self.tree.nearest(point)
        line = self.lines[segment]
        share = line.project(point, normalized=True)
        u, v, p, q = self.ends[segment]
        # A segment is short enough for its plane to be flat: place by share of both ends.
        foot = (p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1]))
        access = GEOD.inv(lon, lat, *foot)[2]
        if access > SNAP:
            return False
        length = GEOD.inv(*p, *q)[2]
        step = ("foot", name)
        self.graph.add_edge(name, step, metres=access)
        self.graph.add_edge(step, u, metres=share * length)
        self.graph.add_edge(step, v, metres=(1 - share) * length)
        for other, at in self.on_segment.setdefault(segment, []):
            self.graph.add_edge(step, other, metres=abs(share - at) * length)
        self.on_segment[segment].append((step, share))
        return True


@pytest.mark.parametrize(
    ("name", "streets"),
    [
        ("wangjing", "streets-2012.osm.pbf"),
        pytest.param("bit", "streets-2024.osm.pbf", marks=pytest.mark.slow),
    ],
)
def test_distances_equal_an_independent_graph(example, shared, name, streets):
    folder = example(name, "measure", measure='criterion = "metres"')
    points = gpd.read_parquet(folder / "results" / "points.parquet")
    outlets = gpd.read_parquet(folder / "results" / "outlets.parquet")
    sample = points.sample(min(200, len(points)), random_state=1)
    walk = WalkGraph(shared / "beijing" / streets)
    here = {p.id: walk.put(("home", p.id), p.geometry.x, p.geometry.y) for p in sample.itertuples()}
    for kind, of_type in outlets.groupby("type"):
        doors = [
            ("shop", o.id)
            for o in of_type.itertuples()
            if walk.put(("shop", o.id), o.geometry.x, o.geometry.y)
        ]
        metres = nx.multi_source_dijkstra_path_length(walk.graph, set(doors), weight="metres")
        for home in sample.itertuples():
            found = getattr(home, f"{kind}_metres")
            expected = metres.get(("home", home.id), math.nan) if here[home.id] else math.nan
            assert math.isnan(found) == math.isnan(expected), (kind, home.id)
            assert math.isnan(found) or found == pytest.approx(expected, abs=0.1), (kind, home.id)
    assert sum(here.values()) > 0.8 * len(sample)


@pytest.fixture(scope="module", params=["wangjing", pytest.param("bit", marks=pytest.mark.slow)])
def whole(request, example):
    return example(request.param, "measure", "plan", "map")


def record(folder, stage):
    return json.loads((folder / "results" / f"{stage}.json").read_text(encoding="utf-8"))["facts"]


def test_plan_is_proven_and_its_gain_is_measured_again(whole):
    plan, measured = record(whole, "plan"), record(whole, "measure")
    assert plan["status"] in {"optimal", "within_gap"}
    assert plan["objective"] <= plan["bound"] * (1 + 1e-9)
    assert plan["gap"] <= 1e-4
    for kind, gained in plan["newly_covered"].items():
        after = plan["types"][kind]["covered"] - measured["types"][kind]["covered"]
        # Measuring again may also settle a point that was unknown: never less than promised.
        assert after >= gained - 0.01
        known = measured["types"][kind]["unknown"] == 0
        assert not known or after == pytest.approx(gained, abs=0.01)


def test_results_open_in_the_users_tools(whole):
    results = whole / "results"
    sheets = pd.read_excel(results / "coverage.xlsx", sheet_name=None)
    assert {"city", "street", "points"} <= set(sheets)
    assert set(gpd.list_layers(results / "coverage.gpkg")["name"]) >= {"points", "outlets", "areas"}
    sites = gpd.read_file(results / "plan.gpkg", layer="sites")
    assert len(sites) == record(whole, "plan")["outlets"]
    assert (results / "map.html").stat().st_size < 6_000_000


def test_population_is_that_of_the_townships(example, shared):
    folder = example("wangjing", "measure", extent="")
    points = gpd.read_parquet(folder / "results" / "points.parquet")
    towns = gpd.read_file(shared / "beijing" / "townships.gpkg")
    town = towns[towns["name"] == "望京街道"].iloc[0]
    homes = pd.read_csv(shared / "beijing" / "residences.csv")
    inside = shapely.contains_xy(town.geometry, homes.lon, homes.lat)
    of_town = points[points["street"].str.endswith("望京街道")]
    assert np.allclose(of_town["residents"], town.population / inside.sum())
