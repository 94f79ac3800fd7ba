"""The street network: its contract, its ways in and out, its file."""

import networkx as nx
import numpy as np
import osmnx
import pytest
from pyproj import Geod
from shapely.geometry import LineString

from quarterhour.coverage.errors import NetworkError
from quarterhour.coverage.network import StreetNetwork
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

from .networks import BLOCK, block

FIELDS = ("x", "y", "edge_u", "edge_v", "length", "edge_start", "gx", "gy", "signal", "steps")


def test_straight_edges_are_as_long_as_their_ends_are_apart():
    assert block().length.tolist() == [100, 100, 100, 100, 200]


def test_components_are_labelled_and_measured():
    two = StreetNetwork.from_arrays([0, 10, 0, 7], [0, 0, 50, 50], [0, 2, 2], [1, 3, 3])
    assert two.component[0] == two.component[1] != two.component[2] == two.component[3]
    assert sorted(two.component_length) == [10, 14]


def test_small_islands_are_judged_by_share_or_by_metres():
    two = StreetNetwork.from_arrays([0, 1000, 0, 9], [0, 0, 50, 50], [0, 2], [1, 3])
    small = two.component[2]
    assert two.small_islands().nonzero()[0].tolist() == [small]
    assert not two.small_islands(min_share=0.001).any()
    assert two.small_islands(min_length_m=2000).all()


def test_an_edge_closed_both_ways_does_not_connect():
    shut = np.array([1, 1, 1, 1, np.inf])
    parts = block(factor_forward=shut, factor_backward=shut)
    assert len(parts.component_length) == 2
    half = block(factor_forward=shut)
    assert len(half.component_length) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length": [1, 2, np.nan, 4, 5]}, "length has 1 values that are NaN"),
        ({"length": [1, 2, -3, 4, 5]}, "length has 1 negative"),
        ({"x": [0, 1, 2, np.nan, 4]}, "x has 1 values that are NaN"),
        ({"crs": 4326}, "in degrees"),
        ({"crs": 2263}, "not in metres"),
        ({"v": [1, 2, 3, 0, 5]}, "1 edge ends are not nodes"),
        ({"v": [1, 2, 3, 0, -1]}, "1 edge ends are not nodes"),
        ({"v": [1.5, 2, 3, 0, 4]}, "node numbers"),
        ({"y": [0, 1]}, "shapes"),
        ({"u": [0, 1]}, "shapes"),
        ({"length": [1, 2]}, "length has shape"),
        ({"node_id": ["a", "a", "b", "c", "d"]}, "node_id is not unique"),
        ({"signal": [True]}, "signal has shape"),
        ({"factor_forward": [1, 1, 0, 1, 1]}, "zeros"),
        ({"factor_forward": [1, 1, np.nan, 1, 1]}, "NaN"),
        ({"delay": [0, 0, np.inf, 0, 0]}, "delay must be finite"),
        ({"colour": [1]}, "unknown attributes: colour"),
        ({"crs": "nonsense"}, "'nonsense' is no CRS"),
        ({"x": ["a", "b", "c", "d", "e"]}, "x must hold numbers"),
        ({"length": ["a"] * 5}, "length must hold numbers"),
        ({"edge_start": [0, 2, 4, 6, 8, 10]}, "edge_start, gx and gy together"),
        ({"edge_start": [0, 1, 2, 3, 4, 5], "gx": [0.0] * 5, "gy": [0.0] * 5}, "fewer than two"),
        ({"edge_start": [0, 2, 4, 6, 8, 9], "gx": [0.0] * 10, "gy": [0.0] * 10}, "edge_start must"),
    ],
)
def test_a_breach_is_named(change, words):
    with pytest.raises(NetworkError, match=words):
        StreetNetwork.from_arrays(**(BLOCK | {"crs": "EPSG:32650"} | change))


def test_every_breach_is_listed_once():
    with pytest.raises(NetworkError) as caught:
        block(length=[np.nan, 2, -3, -4, 5], delay=[-1, 0, 0, 0, 0])
    assert str(caught.value).count(";") == 2
    assert "NaN" in str(caught.value)
    assert "2 negative" in str(caught.value)
    assert "delay has 1 negative" in str(caught.value)


def test_a_saved_network_is_read_back_whole(tmp_path):
    given = block(
        crs=32650,
        node_id=["甲", "b", "c", "d", "e"],
        edge_name=["长安街", "", "", "a", "a"],
        edge_class=["primary", "steps", "", "", ""],
        signal=[True, False, False, False, True],
        steps=[False, True, False, False, False],
        delay=[0, 1, 2, 3, 4],
    )
    given.save(tmp_path / "streets.net")
    read = StreetNetwork.load(tmp_path / "streets.net")
    for name in (*FIELDS, "node_id", "edge_name", "edge_class", "delay", "component"):
        assert getattr(read, name).tolist() == getattr(given, name).tolist(), name
        assert getattr(read, name).dtype == getattr(given, name).dtype, name
    assert read.crs == given.crs
    assert read.factor_forward is None
    assert [path.name for path in tmp_path.iterdir()] == ["streets.net"]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    block().save(tmp_path / "n")
    before = (tmp_path / "n").read_bytes()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("os.fdopen", fail)
    with pytest.raises(OSError, match="disk full"):
        block(delay=[1] * 5).save(tmp_path / "n")
    assert (tmp_path / "n").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"some text"])
def test_a_file_that_is_no_network_is_refused(tmp_path, content):
    (tmp_path / "n").write_bytes(content)
    with pytest.raises(NetworkError, match="not a saved street network"):
        StreetNetwork.load(tmp_path / "n")


def test_a_file_of_another_version_is_refused(tmp_path):
    np.savez(tmp_path / "n.npz", version=np.int64(0))
    with pytest.raises(NetworkError, match="another version"):
        StreetNetwork.load(tmp_path / "n.npz")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        StreetNetwork.load(tmp_path / "none")


def osm_graph(crs="EPSG:4326"):
    graph = nx.MultiDiGraph(crs=crs)
    graph.add_node(1, x=116.40, y=39.90)
    graph.add_node(2, x=116.41, y=39.90, highway="traffic_signals")
    graph.add_node(3, x=116.41, y=39.91)
    bent = LineString([(116.40, 39.90), (116.405, 39.905), (116.41, 39.90)])
    graph.add_edge(1, 2, length=900.0, highway="residential", name="A")
    graph.add_edge(2, 1, length=900.0, highway="residential", name="A")
    graph.add_edge(1, 2, length=1400.0, geometry=bent, highway=["steps", "footway"])
    graph.add_edge(2, 1, length=1400.0, geometry=bent.reverse(), highway=["steps", "footway"])
    graph.add_edge(2, 3)
    return graph


def test_osmnx_directions_become_one_edge_and_parallels_stay():
    network = StreetNetwork.from_osmnx(osm_graph())
    assert network.crs.to_epsg() == 32650
    assert network.n_edges == 3
    assert sorted(network.length[:2]) == [900, 1400]
    assert network.node_id.tolist() == ["1", "2", "3"]
    assert network.signal.tolist() == [False, True, False]
    assert network.steps.sum() == 1
    assert np.diff(network.edge_start).max() == 3
    missing = network.length[(network.edge_u == 1) & (network.edge_v == 2)]
    geod = Geod(ellps="WGS84").inv(116.41, 39.90, 116.41, 39.91)[2]
    assert missing == pytest.approx(geod, abs=1e-6)


def test_a_projected_osmnx_graph_gives_the_same_network():
    plain = StreetNetwork.from_osmnx(osm_graph())
    projected = StreetNetwork.from_osmnx(osmnx.project_graph(osm_graph()))
    assert projected.crs == plain.crs
    assert projected.x == pytest.approx(plain.x, abs=1e-6)
    assert projected.length[:2] == pytest.approx(plain.length[:2])


def test_geometry_that_runs_backwards_is_turned():
    graph = nx.MultiGraph(crs="EPSG:32650")
    graph.add_node("a", x=0.0, y=0.0)
    graph.add_node("b", x=10.0, y=0.0)
    graph.add_edge("a", "b", geometry=LineString([(10, 0), (5, 5), (0, 0)]))
    network = StreetNetwork.from_osmnx(graph)
    assert network.gx.tolist() == [0, 5, 10]
    assert network.length[0] == pytest.approx(2 * 50**0.5)


def ends_and_lengths(network):
    ends = np.sort(np.column_stack([network.edge_u, network.edge_v]), axis=1).tolist()
    return sorted(zip(ends, network.length.tolist(), strict=True))


def test_networkx_and_back_is_the_same():
    given = block(crs=32650, signal=[True, False, False, False, False])
    again = StreetNetwork.from_osmnx(given.to_networkx())
    assert again.x.tolist() == given.x.tolist()
    assert ends_and_lengths(again) == ends_and_lengths(given)
    assert given.to_networkx().nodes["0"]["signal"] is True


def test_directed_costs_give_a_directed_graph_without_closed_ways():
    graph = block(crs=32650, factor_forward=[np.inf, 1, 1, 1, 1]).to_networkx()
    assert graph.is_directed()
    assert not graph.has_edge("0", "1")
    assert graph.has_edge("1", "0")


def test_osmnx_works_on_the_graph_made_for_it(tmp_path):
    ids = ["7", "8", "-9", "10", "11"]
    network = block(
        crs=32650, node_id=ids, signal=np.array([True, False, False, False, False]),
        steps=np.array([False, False, True, False, False]),
        edge_class=np.array(["path", "path", "steps", "path", "path"], object),
    )  # fmt: skip
    graph = network.to_osmnx()
    assert osmnx.shortest_path(graph, 11, -9) in ([11, 7, 8, -9], [11, 7, 10, -9])
    nodes, edges = osmnx.graph_to_gdfs(graph)
    assert nodes.crs == "EPSG:32650"
    assert nodes.street_count.to_dict() == {7: 3, 8: 2, -9: 2, 10: 2, 11: 1}
    assert len(edges) == 2 * network.n_edges
    assert osmnx.basic_stats(graph)["street_length_total"] == pytest.approx(600)
    osmnx.save_graphml(graph, tmp_path / "g.graphml")
    for back in (
        graph,
        osmnx.load_graphml(tmp_path / "g.graphml"),
        osmnx.project_graph(graph, to_latlong=True),
    ):
        again = StreetNetwork.from_osmnx(back)
        assert sorted(again.length) == pytest.approx(sorted(network.length))
        assert again.signal.tolist() == network.signal.tolist()
        assert again.steps.sum() == 1
        assert again.n_edges == network.n_edges


def test_ids_that_are_no_whole_numbers_become_positions():
    assert list(block(node_id=["a", "b", "c", "d", "e"]).to_osmnx()) == [0, 1, 2, 3, 4]
    assert list(block(node_id=["1", "01", "2", "3", "4"]).to_osmnx()) == [0, 1, 2, 3, 4]


def test_closed_ways_are_one_way_for_osmnx():
    graph = block(crs=32650, factor_forward=[np.inf, 1, 1, 1, 1]).to_osmnx()
    assert not graph.has_edge(0, 1)
    assert graph.has_edge(1, 0)
    assert graph.nodes[0]["street_count"] == 3


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (nx.MultiDiGraph(), "no CRS"),
        (nx.MultiDiGraph(crs="EPSG:4326"), "no nodes"),
    ],
)
def test_a_graph_that_is_no_street_network_is_refused(graph, words):
    with pytest.raises(NetworkError, match=words):
        StreetNetwork.from_osmnx(graph)


def test_metres_that_are_called_degrees_are_refused():
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(1, x=440_000.0, y=4_420_000.0)
    graph.add_node(2, x=440_100.0, y=4_420_000.0)
    graph.add_edge(1, 2, length=100.0)
    with pytest.raises(NetworkError, match="beyond 180 or 90 degrees: give the CRS"):
        StreetNetwork.from_osmnx(graph)


def test_what_is_no_graph_is_refused():
    with pytest.raises(NetworkError, match="expected a graph of networkx or osmnx, not a int"):
        StreetNetwork.from_osmnx(5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length": "far"}, "length must be numbers"),
        ({"length": -1.0}, "1 negative"),
        ({"geometry": "LINESTRING (0 0, 1 1)"}, "expected a LineString of shapely"),
    ],
)
def test_an_edge_of_a_graph_that_makes_no_sense_is_refused(change, words):
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(1, x=116.4, y=39.9)
    graph.add_node(2, x=116.41, y=39.9)
    graph.add_edge(1, 2, **change)
    with pytest.raises(NetworkError, match=words):
        StreetNetwork.from_osmnx(graph)


def test_lengths_of_a_graph_that_are_missing_or_none_are_measured():
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    graph.add_node(1, x=116.4, y=39.9)
    graph.add_node(2, x=116.41, y=39.9)
    for more in ({}, {"length": None}, {"length": "855.0"}):
        graph.add_edge(1, 2, **more)
    length = StreetNetwork.from_osmnx(graph).length
    assert length[:2] == pytest.approx(855.2, abs=0.5)
    assert length[2] == 855.0


def test_a_graph_with_nodes_without_place_is_refused():
    graph = osm_graph()
    graph.add_node(9)
    with pytest.raises(NetworkError, match="1 nodes of the graph have no x"):
        StreetNetwork.from_osmnx(graph)


def test_other_costs_change_the_components():
    shut = np.array([1, 1, 1, 1, np.inf])
    parts = block().with_costs(factor_forward=shut, factor_backward=shut)
    assert len(parts.component_length) == 2
    assert len(block().component_length) == 1
    listed = block().with_costs(factor_forward=[1, 1, 1, 1, 2], delay=[0, 0, 0, 0, 5])
    assert listed.delay.tolist() == [0, 0, 0, 0, 5]
    assert listed.factor_backward is None
    with pytest.raises(NetworkError, match="delay must hold numbers"):
        block().with_costs(delay=["a"] * 5)


def test_beijing_is_built_in_metres_with_geodesic_lengths(shared):
    streets = read_streets(shared / "beijing" / "walk-small-2024.osm", log=FaultLog())
    network = StreetNetwork.from_streets(streets)
    assert network.crs.to_epsg() == 32650
    assert network.length is streets.edge_length
    planar = np.add.reduceat(
        np.append(np.hypot(np.diff(network.gx), np.diff(network.gy)), 0)
        * ~np.isin(np.arange(len(network.gx)), network.edge_start[1:] - 1),
        network.edge_start[:-1],
    )
    long = network.length > 50
    assert planar[long] == pytest.approx(network.length[long], rel=1e-3)


def test_streets_in_degrees_are_refused(shared):
    streets = read_streets(shared / "beijing" / "walk-small-2024.osm", log=FaultLog())
    with pytest.raises(NetworkError, match="in degrees"):
        StreetNetwork.from_streets(streets, "EPSG:4326")
