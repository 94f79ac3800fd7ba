"""Graphs saved by osmnx itself, read back; and files that only look like them."""

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx as ox
import pytest
from pyproj import Geod
from shapely.geometry import LineString

from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets
from quarterhour.data.walking_rules import WAY_KEYS, WalkingRules

GEOD = Geod(ellps="WGS84")
LON, LAT = 116.4, 39.9


def curve(*points):
    return LineString([(LON + x / 1000, LAT + y / 1000) for x, y in points])


def two_ways(graph, u, v, line=None, **tags):
    """Add both directions of a street."""
    back = {} if line is None else {"geometry": line.reverse()}
    ahead = {} if line is None else {"geometry": line}
    graph.add_edge(u, v, length=1.0, osmid=9, reversed=False, oneway=False, **tags, **ahead)
    graph.add_edge(v, u, length=1.0, osmid=9, reversed=True, oneway=False, **tags, **back)


def handmade():
    """Four nodes; a straight street, two parallel curves, a loop, a one-way, a list of classes."""
    graph = nx.MultiDiGraph(crs="epsg:4326", simplified=True)
    for node, (x, y) in {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1)}.items():
        graph.add_node(node, x=LON + x / 1000, y=LAT + y / 1000, street_count=3)
    graph.nodes[2]["highway"] = "traffic_signals"
    two_ways(graph, 1, 2, highway="residential", name="百万庄大街")
    two_ways(graph, 2, 3, curve((1, 0), (1.5, 0.5), (1, 1)), highway="footway")
    two_ways(graph, 2, 3, curve((1, 0), (0.5, 0.5), (1, 1)), highway="footway")
    two_ways(graph, 4, 4, curve((0, 1), (0, 2), (-1, 2), (0, 1)), highway="service")
    graph.add_edge(
        3, 4, length=1.0, osmid=[7, 8], oneway=True, reversed=False,
        highway=["steps", "footway"], name=["甲路", "乙路"],
    )  # fmt: skip
    return graph


def metres(*points):
    return GEOD.geometry_length(curve(*points))


HANDMADE = sorted(
    [
        metres((0, 0), (1, 0)),
        metres((1, 0), (1.5, 0.5), (1, 1)),
        metres((1, 0), (0.5, 0.5), (1, 1)),
        metres((0, 1), (0, 2), (-1, 2), (0, 1)),
        metres((1, 1), (0, 1)),
    ]
)


def save(graph, path, **options):
    if path.suffix == ".graphml":
        ox.save_graphml(graph, path)
    else:
        ox.save_graph_geopackage(graph, path, **options)
    return path


FORMS = {
    "graphml": ("g.graphml", {}),
    "geopackage": ("g.gpkg", {"directed": False}),
    "directed geopackage": ("g.gpkg", {"directed": True}),
}


@pytest.fixture(params=FORMS.values(), ids=FORMS.keys())
def form(request):
    return request.param


@pytest.mark.parametrize("projected", [False, True], ids=["degrees", "UTM"])
def test_a_handmade_graph_comes_back(tmp_path, form, projected):
    name, options = form
    graph = ox.project_graph(handmade(), to_crs="epsg:32650") if projected else handmade()
    log = FaultLog()
    streets = read_streets(save(graph, tmp_path / name, **options), log=log)
    assert not log.entries
    assert sorted(streets.node_id) == ["1", "2", "3", "4"]
    assert sorted(streets.edge_length) == pytest.approx(HANDMADE, rel=1e-8)
    assert streets.node_id[streets.node_signal].tolist() == ["2"]
    assert streets.source.kind == "osmnx"
    by_class = dict(zip(streets.edge_name, streets.edge_class, strict=True))
    assert by_class["百万庄大街"] == "residential"
    assert by_class["甲路; 乙路"] == "footway"
    assert not streets.edge_steps.any()
    assert_lines_run_from_node_to_node(streets)


def assert_lines_run_from_node_to_node(streets):
    first, last = streets.edge_start[:-1], streets.edge_start[1:] - 1
    for ends, at in ((streets.edge_u, first), (streets.edge_v, last)):
        np.testing.assert_array_equal(streets.lon[at], streets.node_lon[ends])
        np.testing.assert_array_equal(streets.lat[at], streets.node_lat[ends])


@pytest.fixture
def walk_tags(monkeypatch):
    """Let osmnx keep all tags that the walking rules look at."""
    monkeypatch.setattr(ox.settings, "useful_tags_way", [*WAY_KEYS, "name", "oneway"])
    monkeypatch.setattr(
        ox.settings, "useful_tags_node", ["highway", "crossing", "barrier", "access", "foot"]
    )


@pytest.mark.shared
def test_real_streets_through_osmnx_equal_the_same_streets_read_directly(
    shared, tmp_path, form, walk_tags
):
    path = shared / "beijing" / "walk-small-2024.osm"
    name, options = form
    log = FaultLog()
    graph = ox.graph_from_xml(path, simplify=False, retain_all=True)
    streets = read_streets(save(graph, tmp_path / name, **options), log=log)
    direct = read_streets(path, log=FaultLog())
    assert [w.code for w in log.entries] == ["streets_left_out"]
    assert streets.edge_length.sum() == pytest.approx(direct.edge_length.sum(), rel=1e-9)
    assert streets.node_signal.sum() == direct.node_signal.sum()
    assert set(direct.node_id) <= set(streets.node_id)


@pytest.mark.shared
def test_real_streets_simplified_by_osmnx_keep_their_curves(shared, tmp_path, form, walk_tags):
    graph = ox.graph_from_xml(
        shared / "beijing" / "walk-small-2024.osm", simplify=True, retain_all=True
    )
    name, options = form
    everything = WalkingRules(*["include"] * 5)
    streets = read_streets(
        save(graph, tmp_path / name, **options), log=FaultLog(), walking=everything
    )
    forbidden = {"no"}
    edges = ox.graph_to_gdfs(ox.convert.to_undirected(graph), nodes=False)
    walked = edges[~edges.apply(lambda row: touches(row, forbidden), axis=1)]
    assert streets.n_edges == len(walked)
    expected = sum(GEOD.geometry_length(line) for line in walked.geometry)
    assert streets.edge_length.sum() == pytest.approx(expected, rel=1e-9)
    assert_lines_run_from_node_to_node(streets)


def touches(row, forbidden):
    """Say whether ``foot=no`` or a pavementless trunk road is part of an edge of the extract."""
    foot = row["foot"] if isinstance(row["foot"], list) else [row["foot"]]
    classes = row["highway"] if isinstance(row["highway"], list) else [row["highway"]]
    trunk = any(each.startswith("trunk") for each in classes)
    sidewalk = row["sidewalk"] if isinstance(row["sidewalk"], list) else [row["sidewalk"]]
    return bool(forbidden & {*foot}) or (trunk and "no" in sidewalk)


def test_walking_rules_apply_to_every_part_of_an_edge(tmp_path):
    graph = handmade()
    two_ways(graph, 1, 3, highway=["primary", "trunk"])
    two_ways(graph, 1, 4, highway="motorway")
    two_ways(graph, 2, 4, highway="service", access="private")
    log = FaultLog()
    streets = read_streets(save(graph, tmp_path / "g.graphml"), log=log)
    assert sorted(streets.edge_length) == pytest.approx(HANDMADE)
    [warning] = log.entries
    assert (warning.code, dict(warning.params)["count"]) == ("streets_left_out", 6)
    wider = WalkingRules(trunk="include", private="include")
    assert read_streets(tmp_path / "g.graphml", log=FaultLog(), walking=wider).n_edges == 7


@pytest.mark.parametrize("name", ["g.graphml", "g.gpkg"])
def test_closed_gates_part_the_streets_where_their_tags_were_kept(tmp_path, name):
    graph = handmade()
    graph.nodes[3].update(barrier="gate", access="private")
    streets = read_streets(save(graph, tmp_path / name), log=FaultLog())
    assert sorted(streets.node_id) == ["1", "2", "3#1", "3#2", "3#3", "4"]
    assert sorted(streets.edge_length) == pytest.approx(HANDMADE)


def test_edges_made_of_stairs_alone_are_stairs(tmp_path):
    graph = handmade()
    two_ways(graph, 1, 3, highway="steps")
    streets = read_streets(save(graph, tmp_path / "g.graphml"), log=FaultLog())
    assert streets.edge_steps.sum() == 1
    assert streets.edge_class[streets.edge_steps].tolist() == ["steps"]


def test_a_graph_without_classes_is_walked_whole(tmp_path):
    graph = handmade()
    for *_, data in graph.edges(data=True):
        data.pop("highway")
    log = FaultLog()
    streets = read_streets(save(graph, tmp_path / "g.graphml"), log=log)
    assert not log.entries
    assert streets.n_edges == 5
    assert set(streets.edge_class) == {""}


def test_a_line_that_misses_its_node_is_drawn_to_it(tmp_path):
    """Nodes merged by osmnx may stand beside the lines' ends."""
    graph = handmade()
    two_ways(graph, 1, 3, curve((0.1, 0), (0.9, 1)), highway="path")
    streets = read_streets(save(graph, tmp_path / "g.graphml"), log=FaultLog())
    expected = [*HANDMADE, metres((0, 0), (0.1, 0), (0.9, 1), (1, 1))]
    assert sorted(streets.edge_length) == pytest.approx(sorted(expected))
    assert_lines_run_from_node_to_node(streets)


def test_nothing_in_the_file_is_run(tmp_path):
    graph = handmade()
    trap = tmp_path / "sprung"
    evil = f"[__import__('pathlib').Path({str(trap)!r}).touch()]"
    two_ways(graph, 1, 3, highway="path", name=evil)
    streets = read_streets(save(graph, tmp_path / "g.graphml"), log=FaultLog())
    assert evil in set(streets.edge_name)
    assert not trap.exists()


# --- bad files -----------------------------------------------------------------------------------


def only_fault(path):
    log = FaultLog()
    assert read_streets(path, log=log) is None
    [fault] = log.entries
    assert fault.severity == "fault"
    for language in ("en", "zh"):
        assert "{" not in fault.line(language)
    return fault.code


def broken_graph(how):
    graph = handmade()
    how(graph)
    return graph


GRAPHS = {
    "crs missing": (lambda g: g.graph.pop("crs"), "streets_crs"),
    "crs absurd": (lambda g: g.graph.update(crs="epsg:999999"), "streets_crs"),
    "crs without a place on Earth": (
        lambda g: g.graph.update(crs='LOCAL_CS["here",UNIT["metre",1]]'),
        "streets_crs",
    ),
    "metres said to be degrees": (
        lambda g: g.nodes[1].update(x=440000.0, y=4420000.0),
        "streets_lonlat",
    ),
    "no x": (lambda g: [data.pop("x") for _, data in g.nodes(data=True)], "streets_columns"),
    "one node without y": (lambda g: g.nodes[2].pop("y"), "streets_columns"),
    "only motorways": (
        lambda g: [data.update(highway="motorway") for *_, data in g.edges(data=True)],
        "streets_no_walkable",
    ),
    "no edges": (lambda g: g.remove_edges_from(list(g.edges)), "streets_no_walkable"),
    "geometry that is no line": (
        lambda g: g[2][3][0].update(geometry="LINESTRING (oops"),
        "streets_damaged",
    ),
}


@pytest.mark.parametrize(("how", "code"), GRAPHS.values(), ids=GRAPHS.keys())
def test_bad_graphml(tmp_path, how, code):
    graph = broken_graph(how)
    for *_, data in graph.edges(data=True):
        data.update({key: str(value) for key, value in data.items()})
    nx.write_graphml(graph, tmp_path / "g.graphml")
    assert only_fault(tmp_path / "g.graphml") == code


def changed(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('source="3"', 'source="77"', "streets_dangling"),
        ('<node id="2">', '<node id="1">', "streets_damaged"),
        ("graphml", "graph", "streets_damaged"),
        ("116.4<", "east<", "streets_damaged"),
        ("</graphml>", "", "streets_damaged"),
        ('key="d4"', 'key="d999"', "streets_damaged"),
    ],
)
def test_damaged_graphml(tmp_path, old, new, code):
    assert only_fault(changed(save(handmade(), tmp_path / "g.graphml"), old, new)) == code


def test_a_cut_off_graphml(tmp_path):
    path = save(handmade(), tmp_path / "g.graphml")
    path.write_bytes(path.read_bytes()[:2000])
    assert only_fault(path) == "streets_damaged"


def test_a_wrong_system_is_noticed(tmp_path):
    """Metres of a UTM zone, labelled as degrees by mistake."""
    graph = ox.project_graph(handmade(), to_crs="epsg:32650")
    graph.graph["crs"] = "epsg:4326"
    assert only_fault(save(graph, tmp_path / "g.graphml")) == "streets_lonlat"


def test_a_cut_off_geopackage(tmp_path):
    path = save(handmade(), tmp_path / "g.gpkg")
    path.write_bytes(path.read_bytes()[:9000])
    assert only_fault(path) == "streets_damaged"


def test_a_geopackage_that_is_none(tmp_path):
    (tmp_path / "g.gpkg").write_bytes(b"PK\x03\x04 not a geopackage")
    assert only_fault(tmp_path / "g.gpkg") == "streets_damaged"


def test_layers_in_two_systems_still_meet(tmp_path):
    path = save(handmade(), tmp_path / "g.gpkg")
    rewrite(path, "nodes", lambda frame: frame.to_crs("epsg:32650"))
    log = FaultLog()
    streets = read_streets(path, log=log)
    assert not log.entries
    assert sorted(streets.edge_length) == pytest.approx(HANDMADE, rel=1e-8)


def rewrite(path, layer, change):
    frame = change(gpd.read_file(path, layer=layer))
    frame.to_file(path, layer=layer, driver="GPKG")
    return path


GEOPACKAGES = {
    "no ids": ("nodes", lambda f: f.drop(columns="osmid"), "streets_columns"),
    "no ends": ("edges", lambda f: f.drop(columns=["u", "v"]), "streets_columns"),
    "no system": ("edges", lambda f: f.set_crs(None, allow_override=True), "streets_crs"),
    "a lost node": ("nodes", lambda f: f.iloc[1:], "streets_dangling"),
    "no line walked": ("edges", lambda f: f.assign(highway="motorway"), "streets_no_walkable"),
    "no line at all": ("edges", lambda f: f.iloc[:0], "streets_no_walkable"),
}


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(("layer", "change", "code"), GEOPACKAGES.values(), ids=GEOPACKAGES.keys())
def test_bad_geopackages(tmp_path, layer, change, code):
    path = rewrite(save(handmade(), tmp_path / "g.gpkg"), layer, change)
    assert only_fault(path) == code
