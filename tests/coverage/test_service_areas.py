"""Service areas against GEOS buffers and a plain search over cut edges."""

from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.impedance import impedance
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.profiles import ADULT
from quarterhour.coverage.service_areas import covered_area, reached_streets, service_areas

from .networks import block, multigraphs

OFFSET = 25.0
#: A cell of 10 m cuts at most this much off a half circle of 25 m: one chord has a sagitta of
#: (10 * sqrt(2))^2 / (8 * 25) = 1 m; where two borders meet, a cell's corner may be added.
CELL = 10.0


def plus(**more):
    """Four arms of 300 m around node 0."""
    return StreetNetwork.from_arrays(
        [0, 300, 0, -300, 0], [0, 0, 300, 0, -300], [0, 0, 0, 0], [1, 2, 3, 4], **more
    )


def _at(network, nodes=(0,)):
    return locate_nodes(network, list(nodes))


def area_of(network, points, breaks, **more):
    found = service_areas(network, points, breaks=breaks, threads=1, **more)
    return np.array(found.geometry)


def buffers(lines, offset=OFFSET):
    """The reference: GEOS union of the buffers, circles as 256 sides.

    On a grid of 1 µm: in full precision GEOS may lose one of two buffers that nearly coincide.
    """
    around = shapely.buffer(np.asarray(lines, dtype=object), offset, quad_segs=64)
    union = shapely.union_all(around, grid_size=1e-6)
    assert union.area > shapely.area(around).max() - 1e-3
    return union


def node_costs(network, points, row, by="metres"):
    """Independent: walk from the nodes to the facility with networkx, entries cut into edges."""
    costs = impedance(network, by, ADULT)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    graph.add_node("here")
    rows = range(points.start[row], points.start[row + 1])
    stops = {}
    for k in rows:
        stops.setdefault(int(points.edge[k]), []).append((points.fraction[k], ("entry", k)))
        walk = points.access[k] * costs.access if points.count_access else 0.0
        graph.add_edge(("entry", k), "here", weight=walk)
    for e in range(network.n_edges):
        inner = sorted(stops.get(e, []))
        line = [(0.0, int(network.edge_u[e])), *inner, (1.0, int(network.edge_v[e]))]
        for (s, a), (t, b) in pairwise(line):
            for head, tail, cost in ((a, b, costs.forward[e]), (b, a, costs.backward[e])):
                if t == s:
                    graph.add_edge(head, tail, weight=0.0)
                elif np.isfinite(cost):
                    graph.add_edge(head, tail, weight=cost * (t - s))
    return nx.single_source_dijkstra_path_length(graph.reverse(), "here"), stops, costs


def cost_at(network, found, edge, share):
    """Cost from a place inside an edge, by the costs of the stops on either side of it."""
    known, stops, costs = found
    line = [(0.0, int(network.edge_u[edge])), *sorted(stops.get(edge, []))]
    line.append((1.0, int(network.edge_v[edge])))
    for (s, a), (t, b) in pairwise(line):
        if s <= share <= t:
            back = costs.backward[edge] * (share - s) if share > s else 0.0
            onwards = costs.forward[edge] * (t - share) if share < t else 0.0
            return min(known.get(a, np.inf) + back, known.get(b, np.inf) + onwards)
    raise AssertionError(share)


# Drawn cases -----------------------------------------------------------------------------------


def test_a_cross_is_cut_at_the_break():
    network = plus()
    shape = area_of(network, _at(network), [100.0])[0]
    lines = [shapely.LineString([(-100, 0), (100, 0)]), shapely.LineString([(0, -100), (0, 100)])]
    reference = buffers(lines)
    assert shape.area == pytest.approx(reference.area, rel=0.01)
    assert shape.symmetric_difference(reference).area < 0.02 * reference.area
    assert shape.bounds == pytest.approx((-125, -125, 125, 125), abs=1.0)


def test_columns_index_and_crs_are_kept():
    network = plus(crs=32650)
    points = locate_nodes(network, [0, 1], index=pd.Index(["school", "shop"], name="poi"))
    found = service_areas(network, points, breaks=[100, 200])
    assert found.crs == network.crs
    assert found.index.tolist() == ["school", "school", "shop", "shop"]
    assert found.index.name == "poi"
    assert found["facility"].tolist() == found.index.tolist()
    assert found["break"].tolist() == [100, 200, 100, 200]
    assert found["metres"].tolist() == [100, 200, 100, 200]
    assert found["minutes"].tolist() == pytest.approx([1.5, 3, 1.5, 3])  # 4 km/h
    assert found["area_m2"].to_numpy() == pytest.approx(found.geometry.area.to_numpy())
    assert isinstance(found, gpd.GeoDataFrame)


def test_minutes_have_no_metres_where_stairs_are_slower():
    network = plus(steps=np.array([True, False, False, False]))
    found = service_areas(network, _at(network), breaks=[90.0], by="seconds")
    assert found["minutes"].tolist() == [1.5]
    assert found["metres"].isna().all()
    # 90 s at 4 km/h are 100 m, on stairs half of that.
    assert found.total_bounds == pytest.approx([-125, -125, 75, 125], abs=1.0)


def test_a_block_wider_than_the_offset_keeps_its_hole():
    network = block()
    shape = area_of(network, _at(network), [600.0])[0]
    assert shape.geom_type == "Polygon"
    assert len(shape.interiors) == 1
    hole = shapely.Polygon(shape.interiors[0])
    assert hole.symmetric_difference(shapely.box(25, 25, 75, 75)).area < 100
    assert not shape.contains(shapely.Point(50, 50))


def test_a_block_narrower_than_twice_the_offset_is_filled():
    network = block()
    shape = area_of(network, _at(network), [600.0], offset=50.0)[0]
    assert len(shape.interiors) == 0
    assert shape.covers(shapely.Point(50, 50))


def test_nested_holes_and_islands_find_their_polygon():
    """Three squares inside each other, each reached by a gate: three polygons, each with a hole."""
    x, y, u, v = [], [], [], []
    for half in (60, 150, 260):
        n = len(x)
        x += [-half, half, half, -half]
        y += [-half, -half, half, half]
        u += [n, n + 1, n + 2, n + 3]
        v += [n + 1, n + 2, n + 3, n]
    network = StreetNetwork.from_arrays(x, y, u, v)
    gates = gpd.GeoDataFrame(
        {"demand_id": [0, 0, 0]}, geometry=gpd.points_from_xy([0, 0, 0], [-60, -150, -260])
    )
    points = locate(network, np.array([[0.0, 0.0]]), entrances=gates)
    shape = area_of(network, points, [5000.0])[0]
    reference = buffers([shapely.LinearRing(np.c_[x, y][i : i + 4]) for i in (0, 4, 8)])
    assert shape.is_valid
    assert shape.geom_type == "MultiPolygon"
    assert sorted(len(part.interiors) for part in shape.geoms) == [1, 1, 1]
    assert shape.symmetric_difference(reference).area < 0.01 * reference.area


def test_a_dead_end_ends_in_a_half_circle():
    network = StreetNetwork.from_arrays([0, 100], [0, 0], [0], [1])
    shape = area_of(network, _at(network), [500.0])[0]
    assert shape.area == pytest.approx(100 * 50 + np.pi * 25**2, rel=0.01)


def test_a_loop_is_walked_from_both_its_ends():
    """A loop of 400 m at node 0: within 150 m of it, 100 m in its middle are not reached."""
    ring = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    gx, gy = np.array(ring, float).T
    network = StreetNetwork.from_arrays([0], [0], [0], [0], edge_start=[0, 5], gx=gx, gy=gy)
    streets = reached_streets(network, _at(network), limit=150.0)
    assert streets.length.tolist() == pytest.approx([150, 150])
    assert not streets.union_all().intersects(shapely.Point(100, 100))
    whole = reached_streets(network, _at(network), limit=210.0)
    assert whole.length.tolist() == pytest.approx([400])
    assert whole["far"].tolist() == pytest.approx([200])


def test_parallel_edges_are_cut_each_on_its_own():
    network = StreetNetwork.from_arrays(
        [0, 300], [0, 0], [0, 0], [1, 1], edge_start=[0, 2, 5],
        gx=[0, 300, 0, 150, 300], gy=[0, 0, 0, 200, 0],
    )  # fmt: skip
    streets = reached_streets(network, _at(network), limit=350.0)
    by_edge = streets.dissolve("edge").length
    assert by_edge[0] == pytest.approx(300)
    # The detour of 500 m: 350 m from node 0, and 50 m from node 1, reached at 300 m.
    assert by_edge[1] == pytest.approx(400)


def test_an_island_is_not_reached():
    network = StreetNetwork.from_arrays([0, 100, 0, 100], [0, 0, 60, 60], [0, 2], [1, 3])
    shape = area_of(network, _at(network), [1000.0])[0]
    assert shape.bounds[3] == pytest.approx(25, abs=0.5)


def test_a_facility_within_an_edge():
    network = StreetNetwork.from_arrays([0, 400], [0, 0], [0], [1])
    points = locate(network, np.array([[150.0, 0.0]]))
    streets = reached_streets(network, points, limit=100.0)
    assert streets.union_all().bounds == pytest.approx((50, 0, 250, 0))
    shape = area_of(network, points, [100.0])[0]
    assert shape.bounds == pytest.approx((25, -25, 275, 25), abs=0.5)


def test_two_gates_reach_from_both():
    network = StreetNetwork.from_arrays([0, 400], [0, 0], [0], [1])
    gates = gpd.GeoDataFrame({"demand_id": [0, 0]}, geometry=gpd.points_from_xy([50, 350], [0, 0]))
    points = locate(network, np.array([[200.0, 90.0]]), entrances=gates)
    shape = area_of(network, points, [60.0, 100.0])
    assert shape[0].geom_type == "MultiPolygon"
    assert not shape[0].intersects(shapely.Point(200, 0))
    streets = reached_streets(network, points, limit=100.0)
    assert streets.length.sum() == pytest.approx(300)  # 50 + 100 from either gate
    whole = reached_streets(network, points, limit=150.0)
    assert whole.length.sum() == pytest.approx(400)


def test_the_walk_to_the_street_counts_only_where_asked():
    network = StreetNetwork.from_arrays([0, 400], [0, 0], [0], [1])
    place = np.array([[200.0, 40.0]])
    counted = reached_streets(network, locate(network, place), limit=100.0)
    free = reached_streets(network, locate(network, place, count_access=False), limit=100.0)
    assert counted.length.sum() == pytest.approx(120, rel=1e-3)
    assert free.length.sum() == pytest.approx(200)


def test_a_limit_below_the_walk_to_the_street_is_an_empty_row():
    network = StreetNetwork.from_arrays([0, 400], [0, 0], [0], [1])
    points = locate(network, np.array([[200.0, 40.0], [100.0, 0.0]]))
    found = service_areas(network, points, breaks=[30.0])
    assert found.geometry.is_empty.tolist() == [True, False]
    assert found["area_m2"].iloc[0] == 0.0
    assert len(reached_streets(network, points.take([0]), limit=30.0)) == 0


def test_a_limit_equal_to_the_walk_reaches_one_place():
    network = StreetNetwork.from_arrays([0, 400], [0, 0], [0], [1])
    points = locate(network, np.array([[200.0, 40.0]]))
    shape = area_of(network, points, [float(points.access[0])])[0]
    assert shape.area == pytest.approx(np.pi * 25**2, rel=0.03)


def test_a_facility_far_from_streets_has_an_unknown_area():
    network = StreetNetwork.from_arrays([0, 400], [0, 0], [0], [1])
    points = locate(network, np.array([[200.0, 900.0], [100.0, 0.0]]))
    found = service_areas(network, points, breaks=[100.0, 200.0])
    assert found["area_m2"].isna().tolist() == [True, True, False, False]
    assert found.geometry.is_empty.tolist() == [True, True, False, False]
    nowhere = covered_area(network, points.take([0]), limit=100.0)
    assert nowhere.geometry.is_empty.tolist() == [True]


def test_both_sides_of_a_barrier():
    """The middle edge of three is closed: neither side reaches across."""
    closed = np.array([1.0, np.inf, 1.0])
    network = StreetNetwork.from_arrays(
        [0, 100, 200, 300], [0] * 4, [0, 1, 2], [1, 2, 3],
        factor_forward=closed, factor_backward=closed,
    )  # fmt: skip
    shapes = area_of(network, _at(network, [0, 3]), [1000.0])
    assert shapes[0].bounds == pytest.approx((-25, -25, 125, 25), abs=0.5)
    assert shapes[1].bounds == pytest.approx((175, -25, 325, 25), abs=0.5)


def test_one_way_costs_follow_the_direction_asked():
    """Uphill from 0 to 1 takes twice as long: people walk down to 0 from twice as far."""
    network = StreetNetwork.from_arrays(
        [0, 400], [0, 0], [0], [1], factor_forward=np.array([2.0]), factor_backward=np.array([1.0])
    )
    seconds = 100 / ADULT.speed_m_s
    to = reached_streets(network, _at(network), limit=seconds, by="seconds")
    away = reached_streets(network, _at(network), limit=seconds, by="seconds", direction="from")
    assert to.length.sum() == pytest.approx(100)
    assert away.length.sum() == pytest.approx(50)


def test_reached_streets_name_the_street_and_its_costs():
    network = plus(edge_name=np.array(["East", "", "", ""], dtype=object))
    streets = reached_streets(network, _at(network), limit=120.0)
    east = streets[streets["name"] == "East"].iloc[0]
    assert (east["facility"], east["edge"]) == (0, 0)
    assert (east["near"], east["far"]) == pytest.approx((0, 120))
    assert len(streets) == 4


# Invariants on random streets ------------------------------------------------------------------


@st.composite
def situations(draw):
    network = draw(multigraphs())
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    xy = random.uniform(0, 500, (draw(st.integers(1, 4)), 2))
    try:
        points = locate(network, xy, snap_limit=1000.0, count_access=draw(st.booleans()))
    except (QueryError, ValueError):  # every street is closed
        points = locate_nodes(network, [0])
    by = draw(st.sampled_from(["metres", "seconds"]))
    breaks = np.cumsum(random.uniform(20, 400, 3)).tolist()
    return network, points, by, breaks


@settings(max_examples=60, deadline=None)
@given(situations())
def test_reached_parts_are_those_within_the_limit(situation):
    """Places all along all edges: on a reached part exactly when networkx says so."""
    network, points, by, breaks = situation
    limit = breaks[1]
    streets = reached_streets(network, points.take([0]), limit=limit, by=by)
    found = node_costs(network, points, 0, by)
    for edge in range(network.n_edges):
        line = shapely.LineString(
            np.c_[network.gx, network.gy][slice(*network.edge_start[edge : edge + 2])]
        )
        if line.length == 0:
            continue
        parts = streets[streets["edge"] == edge].union_all()
        for share in np.linspace(0.01, 0.99, 23):
            cost = cost_at(network, found, edge, share)
            apart = parts.distance(line.interpolate(share, normalized=True)) if parts else np.inf
            if cost < limit - 0.01:
                assert apart < 1e-6
            elif cost > limit + 0.01:
                assert apart > 0
    if len(streets):
        assert (streets["near"] <= streets["far"] + 1e-9).all()
        assert (streets["far"] <= limit + 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(situations(), st.sampled_from([5.0, 10.0, 17.0]))
def test_areas_are_valid_nested_and_close_to_buffers(situation, cell):
    network, points, by, breaks = situation
    shapes = area_of(network, points, breaks, by=by, resolution=cell).reshape(-1, 3)
    assert shapely.is_valid(shapes).all()
    assert np.isin(shapely.get_type_id(shapes), [3, 6]).all()
    assert shapely.covers(shapes[:, 1], shapes[:, 0])[~shapely.is_empty(shapes[:, 0])].all()
    assert shapely.covers(shapes[:, 2], shapes[:, 1])[~shapely.is_empty(shapes[:, 1])].all()
    for row in range(len(points)):
        for shape, limit in zip(shapes[row], breaks, strict=True):
            streets = reached_streets(network, points.take([row]), limit=limit, by=by)
            if len(streets) == 0:
                continue
            lines = streets.union_all()
            assert shape.covers(lines)
            # A chord is a cell's diagonal at most: see the bounds of rings in the tests of tiles.
            outer = buffers(streets.geometry, OFFSET + 0.01 + cell / np.sqrt(2))
            assert shape.difference(outer).area < 1e-6
            sagitta = OFFSET - np.sqrt(OFFSET**2 - cell**2 / 2)
            inner = buffers(streets.geometry, OFFSET - 0.01 - sagitta)
            assert inner.difference(shape).area < 1e-6


@settings(max_examples=40, deadline=None)
@given(situations())
def test_covered_by_any_is_the_union_of_all(situation):
    network, points, by, breaks = situation
    each = area_of(network, points, breaks[:1], by=by)
    any_of = covered_area(network, points, limit=breaks[0], by=by).geometry.iloc[0]
    union = shapely.union_all(each)
    assert any_of.is_valid
    # Gaps narrower than a cell between two facilities' areas may be closed, nothing else.
    assert union.difference(any_of).area <= 1e-3 * max(union.area, 1.0)
    assert any_of.is_empty or shapely.buffer(union, CELL).covers(any_of)


@settings(max_examples=30, deadline=None)
@given(situations())
def test_a_longer_limit_never_loses_land(situation):
    network, points, by, breaks = situation
    small, large = (
        service_areas(network, points, breaks=[limit], by=by)["area_m2"] for limit in breaks[:2]
    )
    assert (large.fillna(0) >= small.fillna(0) - 1e-2 - 1e-5 * small.fillna(0)).all()


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"breaks": [0.0]}, "above 0"),
        ({"breaks": [-5.0, 10.0]}, "above 0"),
        ({"breaks": []}, "one or more"),
        ({"breaks": [np.nan]}, "finite"),
        ({"breaks": [np.inf]}, "finite"),
        ({"breaks": [[100.0]]}, "one or more"),
        ({"breaks": [200.0, 100.0]}, "rising"),
        ({"breaks": [100.0, 100.0]}, "none twice"),
        ({"offset": 0.0}, "offset"),
        ({"offset": -1.0}, "offset"),
        ({"offset": np.nan}, "offset"),
        ({"offset": "25"}, "offset is '25', expected a number"),
        ({"breaks": ["500"]}, "breaks are"),
        ({"breaks": [True]}, "breaks are"),
        ({"breaks": None}, "breaks are None"),
        ({"resolution": 0.0}, "resolution"),
        ({"resolution": 20.0}, "at most 17.678"),
        ({"dissolve": "type"}, "dissolve"),
        ({"direction": "back"}, "direction"),
        ({"by": "minutes"}, "by is"),
        ({"threads": 0}, "threads"),
        ({"threads": 1.5}, "threads is 1.5, expected a whole number"),
    ],
)
def test_wrong_options_are_named(wrong, words):
    network = plus()
    with pytest.raises(QueryError, match=words):
        service_areas(network, _at(network), **{"breaks": [100.0], **wrong})


def test_one_break_may_stand_alone():
    network = plus()
    one = service_areas(network, _at(network), breaks=100.0)
    assert one.equals(service_areas(network, _at(network), breaks=[100.0]))


def test_every_breach_is_listed_at_once():
    network = plus()
    with pytest.raises(QueryError, match=r"offset is 0.*rising"):
        service_areas(network, _at(network), breaks=[2.0, 1.0], offset=0)


def test_no_facilities_and_another_network():
    network = plus()
    with pytest.raises(QueryError, match="no facilities"):
        service_areas(network, _at(network).take(np.zeros(0, int)), breaks=[100.0])
    with pytest.raises(QueryError, match="another network"):
        service_areas(plus(), _at(network), breaks=[100.0])
    with pytest.raises(QueryError, match="above 0"):
        covered_area(network, _at(network), limit=0.0)
    with pytest.raises(QueryError, match="above 0"):
        reached_streets(network, _at(network), limit=-1.0)
