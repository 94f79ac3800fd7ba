"""OpenStreetMap files: hand-written cases, real extracts against networkx, damaged files."""

import bz2
import gzip
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import groupby, pairwise

import networkx as nx
import numpy as np
import osmium
import pytest
from pyproj import Geod
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets
from quarterhour.data.walking_rules import WalkingRules, barrier_stops, is_signal, walkable

GEOD = Geod(ellps="WGS84")

#: What a walker may use of the classes in streets-2012, written out by hand.
CLASSES_2012 = {
    "residential", "tertiary", "footway", "service", "secondary", "unclassified", "tertiary_link",
    "secondary_link", "primary", "primary_link", "steps", "path", "pedestrian", "living_street",
    "track", "road",
}  # fmt: skip


def osm(nodes, *ways, relations=()):
    """An OSM XML text: nodes {id: (lon, lat, tags)}, ways and relations (id, members, tags)."""
    root = ET.Element("osm", version="0.6")
    for ref, (lon, lat, *tags) in nodes.items():
        node = ET.SubElement(root, "node", id=str(ref), lon=str(lon), lat=str(lat), version="1")
        add_tags(node, tags[0] if tags else {})
    for ref, members, tags in ways:
        way = ET.SubElement(root, "way", id=str(ref), version="1")
        for member in members:
            ET.SubElement(way, "nd", ref=str(member))
        add_tags(way, tags)
    for ref, members, tags in relations:
        relation = ET.SubElement(root, "relation", id=str(ref), version="1")
        for member in members:
            ET.SubElement(relation, "member", type="way", ref=str(member), role="outer")
        add_tags(relation, tags)
    return ET.tostring(root, encoding="unicode")


def add_tags(element, tags):
    for key, value in tags.items():
        ET.SubElement(element, "tag", k=key, v=value)


def grid(*refs, **tags):
    """Nodes on a lattice of 0.001 degrees; ``n5={...}`` tags node 5."""
    return {
        ref: (116.4 + ref % 10 / 1000, 39.9 + ref // 10 / 1000, tags.get(f"n{ref}", {}))
        for ref in refs
    }


FOOT = {"highway": "footway"}


def read(tmp_path, text, name="streets.osm", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    log = FaultLog()
    streets = read_streets(path, log=log, **options)
    return streets, log


def links(streets):
    return sorted(
        tuple(sorted((streets.node_id[u], streets.node_id[v])))
        for u, v in zip(streets.edge_u, streets.edge_v, strict=True)
    )


def test_a_street_with_attributes(tmp_path):
    streets, log = read(
        tmp_path,
        osm(
            grid(1, 2, 3),
            (7, [1, 2, 3], {"highway": "residential", "name": "百万庄大街", "oneway": "yes"}),
            (8, [3, 2], {"highway": "steps", "name:zh": "天桥"}),
            (9, [1, 3], {"highway": "motorway"}),
        ),
    )
    assert not log.entries
    assert links(streets) == [("1", "2"), ("2", "3"), ("2", "3")]
    assert streets.edge_name.tolist() == ["百万庄大街", "百万庄大街", "天桥"]
    assert streets.edge_class.tolist() == ["residential", "residential", "steps"]
    assert streets.edge_steps.tolist() == [False, False, True]
    assert streets.lon[:2].tolist() == [116.401, 116.402]
    expected = GEOD.inv(116.401, 39.9, 116.402, 39.9)[2]
    assert streets.edge_length == pytest.approx(expected)
    assert streets.source.kind == "osm"
    assert len(streets.source.sha256) == 64


def test_ways_that_are_not_walked_make_no_junctions(tmp_path):
    streets, _ = read(
        tmp_path,
        osm(grid(1, 2, 3, 12), (7, [1, 2, 3], FOOT), (8, [2, 12], {"highway": "motorway"})),
    )
    assert links(streets) == [("1", "3")]


def test_rules_reach_the_reader(tmp_path):
    text = osm(grid(1, 2, 3), (7, [1, 2], FOOT), (8, [2, 3], {"highway": "trunk"}))
    assert links(read(tmp_path, text)[0]) == [("1", "2")]
    streets, _ = read(tmp_path, text, walking=WalkingRules(trunk="include"))
    assert links(streets) == [("1", "2"), ("2", "3")]


@pytest.mark.parametrize(
    "tags", [{"highway": "traffic_signals"}, {"highway": "crossing", "crossing": "traffic_signals"}]
)
def test_signals_cut_and_are_marked(tmp_path, tags):
    streets, _ = read(tmp_path, osm(grid(1, 2, 3, n2=tags), (7, [1, 2, 3], FOOT)))
    assert links(streets) == [("1", "2"), ("2", "3")]
    assert streets.node_id[streets.node_signal].tolist() == ["2"]


def test_plain_crossings_and_gates_do_not_cut(tmp_path):
    nodes = grid(1, 2, 3, 4, n2={"highway": "crossing"}, n3={"barrier": "gate"})
    streets, _ = read(tmp_path, osm(nodes, (7, [1, 2, 3, 4], FOOT)))
    assert links(streets) == [("1", "4")]


def test_a_closed_gate_parts_the_street(tmp_path):
    nodes = grid(1, 2, 3, n2={"barrier": "gate", "access": "private"})
    text = osm(nodes, (7, [1, 2, 3], FOOT))
    assert links(read(tmp_path, text)[0]) == [("1", "2#1"), ("2#2", "3")]
    streets, _ = read(tmp_path, text, walking=WalkingRules(private="include"))
    assert links(streets) == [("1", "3")]


def test_a_square_is_walked_along_its_outline(tmp_path):
    square = {"highway": "pedestrian", "area": "yes"}
    streets, _ = read(
        tmp_path, osm(grid(1, 2, 12, 11, 0), (7, [1, 2, 12, 11, 1], square), (8, [0, 1], FOOT))
    )
    assert links(streets) == [("0", "1"), ("1", "1")]


def test_a_square_as_multipolygon_is_walked_along_its_outline(tmp_path):
    tags = {"type": "multipolygon", "highway": "pedestrian", "name": "广场"}
    streets, _ = read(
        tmp_path,
        osm(
            grid(1, 2, 12, 11, 0),
            (7, [1, 2, 12], {}),
            (8, [12, 11, 1], {}),
            (9, [0, 1], FOOT),
            relations=[(5, [7, 8], tags), (6, [7], {"type": "route", "highway": "footway"})],
        ),
    )
    assert links(streets) == [("0", "1"), ("1", "12"), ("1", "12")]
    assert sorted(streets.edge_name) == ["", "广场", "广场"]


def test_an_outline_that_is_a_street_itself_stands_once(tmp_path):
    tags = {"type": "multipolygon", "highway": "pedestrian"}
    streets, _ = read(
        tmp_path, osm(grid(1, 2, 12), (7, [1, 2, 12], FOOT), relations=[(5, [7], tags)])
    )
    assert links(streets) == [("1", "12")]


def test_points_the_file_lacks_cut_the_street_and_are_counted(tmp_path):
    nodes = grid(1, 2, 4, 5)
    streets, log = read(tmp_path, osm(nodes, (7, [1, 2, 3, 4, 5], FOOT), (8, [5, 99], FOOT)))
    assert links(streets) == [("1", "2"), ("4", "5")]
    [warning] = log.warnings
    assert not log.faults
    assert (warning.code, dict(warning.params)["count"]) == ("streets_missing_nodes", 2)


def test_positions_off_the_globe_are_missing(tmp_path):
    nodes = grid(1, 2) | {3: (190, 39.9)}
    streets, log = read(tmp_path, osm(nodes, (7, [1, 2, 3], FOOT)))
    assert links(streets) == [("1", "2")]
    assert [w.code for w in log.warnings] == ["streets_missing_nodes"]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("s.osm", bytes),
        ("s.osm.xml", bytes),
        ("s.osm.gz", gzip.compress),
        ("s.osm.bz2", bz2.compress),
        ("街道.osm", bytes),
        ("街道.osm.gz", gzip.compress),
        ("街道.osm.bz2", bz2.compress),
        ("街道.osm.xml", bytes),
    ],
)
def test_packed_files_and_chinese_names(tmp_path, name, pack):
    text = osm(grid(1, 2), (7, [1, 2], FOOT))
    (tmp_path / name).write_bytes(pack(text.encode()))
    log = FaultLog()
    streets = read_streets(tmp_path / name, log=log)
    assert not log.entries
    assert links(streets) == [("1", "2")]


@pytest.mark.parametrize("name", ["s.pbf", "s.osm.pbf", "街道.osm.pbf", "街道.pbf"])
def test_pbf_under_any_name(tmp_path, name):
    (tmp_path / "s.osm").write_text(osm(grid(1, 2), (7, [1, 2], FOOT)), encoding="utf-8")
    with osmium.SimpleWriter(str(tmp_path / "plain.osm.pbf")) as writer:
        for entity in osmium.FileProcessor(str(tmp_path / "s.osm")):
            writer.add(entity)
    (tmp_path / "plain.osm.pbf").rename(tmp_path / name)
    assert links(read_streets(tmp_path / name, log=FaultLog())) == [("1", "2")]


# --- real extracts -------------------------------------------------------------------------------


def entities(path):
    """Tags and positions of nodes, tags and node numbers of ways, as the file has them."""
    nodes, ways = {}, []
    if path.suffix == ".osm":
        for element in ET.parse(path).getroot():
            tags = {tag.get("k"): tag.get("v") for tag in element.iter("tag")}
            if element.tag == "node":
                at = float(element.get("lon")), float(element.get("lat"))
                nodes[int(element.get("id"))] = (at, tags)
            elif element.tag == "way":
                ways.append(([int(nd.get("ref")) for nd in element.iter("nd")], tags))
    else:
        for entity in osmium.FileProcessor(str(path)):
            if entity.is_node():
                nodes[entity.id] = ((entity.lon, entity.lat), dict(entity.tags))
            elif entity.is_way():
                ways.append(([nd.ref for nd in entity.nodes], dict(entity.tags)))
    return nodes, ways


def reference(path, is_walked):
    """A networkx graph with one edge a segment, and the nodes where streets must be cut."""
    nodes, ways = entities(path)
    ways = [([ref for ref, _ in groupby(refs)], tags) for refs, tags in ways if is_walked(tags)]
    ways = [(refs, tags) for refs, tags in ways if len(refs) > 1]  # some stay on one point
    assert all(ref in nodes for refs, _ in ways for ref in refs)
    graph = nx.MultiGraph()
    uses, cuts = Counter(), set()
    for number, (refs, _) in enumerate(ways):
        cuts |= {refs[0], refs[-1]}
        uses.update(refs)
        for i, (a, b) in enumerate(pairwise(refs)):
            ends = [(ref, number, i) if barrier_stops(nodes[ref][1]) else ref for ref in (a, b)]
            graph.add_edge(*ends, metres=GEOD.inv(*nodes[a][0], *nodes[b][0])[2])
    cuts |= {ref for ref, count in uses.items() if count > 1}
    cuts |= {ref for ref in uses if is_signal(nodes[ref][1])}
    at_stops = {node for node in graph if isinstance(node, tuple)}
    return graph, {ref for ref in cuts if ref in graph} | at_stops, nodes


def matrix(streets):
    """Shortest edge between every two nodes, as scipy takes it."""
    shortest = {}
    for u, v, metres in zip(streets.edge_u, streets.edge_v, streets.edge_length, strict=True):
        key = (min(u, v), max(u, v))
        shortest[key] = min(metres, shortest.get(key, np.inf))
    rows, columns = np.array(list(shortest)).T
    values = np.maximum(list(shortest.values()), 1e-9)
    return csr_matrix((values, (rows, columns)), shape=(streets.n_nodes,) * 2)


EXTRACTS = {
    "walk-small-2024.osm": walkable,
    "streets-2012.osm.pbf": lambda tags: tags.get("highway") in CLASSES_2012,
    "streets-2024.osm.pbf": walkable,
}
#: The larger real extract is a second example of the same.
NAMES = [
    "walk-small-2024.osm",
    "streets-2024.osm.pbf",
    pytest.param("streets-2012.osm.pbf", marks=pytest.mark.slow),
]


@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_real_streets_equal_networkx(shared, name):
    path = shared / "beijing" / name
    log = FaultLog()
    streets = read_streets(path, log=log)
    graph, cuts, nodes = reference(path, EXTRACTS[name])
    assert not log.entries
    total = sum(metres for *_, metres in graph.edges.data("metres"))
    assert streets.edge_length.sum() == pytest.approx(total, rel=1e-9)
    assert streets.n_nodes == len(cuts)
    assert {text for text in streets.node_id if "#" not in text} == {
        str(ref) for ref in cuts if not isinstance(ref, tuple)
    }
    signals = {str(ref) for ref in cuts if not isinstance(ref, tuple) and is_signal(nodes[ref][1])}
    assert set(streets.node_id[streets.node_signal]) == signals
    count = connected_components(matrix(streets), directed=False)[0]
    assert count == nx.number_connected_components(graph)


@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_real_distances_equal_networkx(shared, name):
    path = shared / "beijing" / name
    streets = read_streets(path, log=FaultLog())
    graph, cuts, _ = reference(path, EXTRACTS[name])
    index = {text: i for i, text in enumerate(streets.node_id)}
    known = sorted(ref for ref in cuts if not isinstance(ref, tuple))
    sources = np.random.default_rng(1).choice(known, 4, replace=False).tolist()
    measured = dijkstra(matrix(streets), directed=False, indices=[index[str(s)] for s in sources])
    columns = [index[str(ref)] for ref in known]
    for source, row in zip(sources, measured, strict=True):
        lengths = nx.single_source_dijkstra_path_length(graph, source, weight="metres")
        expected = np.array([lengths.get(ref, np.inf) for ref in known])
        np.testing.assert_allclose(row[columns], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES[1:])
def test_leaving_out_trunk_roads_does_not_tear_the_streets_apart(shared, name):
    """Of the junctions joined with trunk roads, 99.5 in 100 stay joined without them."""
    path = shared / "beijing" / name
    main = {}
    for trunk in ("include", "exclude"):
        streets = read_streets(path, log=FaultLog(), walking=WalkingRules(trunk=trunk))
        part = connected_components(matrix(streets), directed=False)[1]
        largest = part == np.bincount(part).argmax()
        main[trunk] = set(streets.node_id[largest])
        kept = set(streets.node_id)
    joined = main["include"] & kept
    assert len(joined & main["exclude"]) > 0.995 * len(joined)


@pytest.mark.shared
def test_no_motorway_and_no_trunk_road_is_walked_in_beijing(shared):
    streets = read_streets(shared / "beijing" / "streets-2012.osm.pbf", log=FaultLog())
    assert set(streets.edge_class) == CLASSES_2012


# --- damaged files -------------------------------------------------------------------------------


def only_fault(log):
    [fault] = log.entries
    assert fault.severity == "fault"
    for language in ("en", "zh"):
        assert "{" not in fault.line(language)
    return fault.code


def test_a_cut_off_pbf(shared, tmp_path):
    whole = (shared / "beijing" / "streets-2012.osm.pbf").read_bytes()
    for share in (0.3, 0.9):
        (tmp_path / "cut.osm.pbf").write_bytes(whole[: int(len(whole) * share)])
        log = FaultLog()
        assert read_streets(tmp_path / "cut.osm.pbf", log=log) is None
        assert only_fault(log) == "streets_damaged"


TEXT = osm(grid(1, 2), (7, [1, 2], FOOT))


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.osm", TEXT.encode()[:-60], "streets_damaged"),
        ("a.osm.gz", gzip.compress(TEXT.encode())[:-30], "streets_damaged"),
        ("a.osm.bz2", bz2.compress(TEXT.encode())[:-30], "streets_damaged"),
        ("a.osm.pbf", b"not a pbf at all", "streets_damaged"),
        ("a.osm.pbf", TEXT.encode(), "streets_damaged"),
        ("街道.osm.pbf", b"not a pbf at all", "streets_damaged"),
        ("a.osm", b"<html><body>404</body></html>", "streets_damaged"),
        ("a.osm", b"x,y\n1,2\n", "streets_damaged"),
        ("a.osm", b'<osm version="0.6"><node id="x" lon="1" lat="1"/></osm>', "streets_damaged"),
        ("a.osm", b'<osm version="0.6"></osm>', "streets_no_walkable"),
        (
            "a.osm",
            osm(grid(1, 2), (7, [1, 2], {"highway": "motorway"})).encode(),
            "streets_no_walkable",
        ),
        ("a.osm", osm({}, (7, [1, 2], FOOT)).encode(), "streets_no_positions"),
        ("a.osm", b"", "streets_empty"),
        ("a.osm.pbf", b"", "streets_empty"),
        ("a.dwg", b"AC1032", "streets_format"),
    ],
)
def test_bad_files_give_one_fault(tmp_path, name, data, code):
    (tmp_path / name).write_bytes(data)
    log = FaultLog()
    assert read_streets(tmp_path / name, log=log) is None
    assert only_fault(log) == code


def test_ways_before_nodes_have_no_positions(tmp_path):
    root = ET.fromstring(TEXT)
    ways = root.findall("way")
    for way in ways:
        root.remove(way)
        root.insert(0, way)
    streets, log = read(tmp_path, ET.tostring(root, encoding="unicode"))
    assert streets is None
    assert only_fault(log) == "streets_no_positions"


def test_a_file_that_is_not_there(tmp_path):
    log = FaultLog()
    assert read_streets(tmp_path / "none.osm.pbf", log=log) is None
    assert only_fault(log) == "file_missing"


def test_a_folder_is_no_file(tmp_path):
    log = FaultLog()
    assert read_streets(tmp_path, log=log) is None
    assert only_fault(log) == "is_folder"
