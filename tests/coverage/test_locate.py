"""Points put on streets."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod, Transformer
from shapely.geometry import LineString, MultiPoint, Point

from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.network import StreetNetwork

from .networks import block


def table(*points, crs=None, **columns):
    return gpd.GeoDataFrame(columns, geometry=[Point(p) for p in points], crs=crs)


def test_a_point_stands_on_its_edge_with_its_share_and_its_way():
    place = locate(block(), table((25, 10)))
    assert place.edge.tolist() == [0]
    assert place.fraction.tolist() == [0.25]
    assert place.access.tolist() == [10]
    assert (place.x[0], place.y[0]) == (25, 0)


def test_the_share_follows_the_geometry_of_a_bent_edge():
    bent = StreetNetwork.from_arrays(
        [0, 30], [0, 0], [0], [1], edge_start=[0, 3], gx=[0, 0, 30], gy=[0, 10, 10]
    )
    place = locate(bent, [[10.0, 12.0]])
    assert place.fraction[0] == pytest.approx(20 / 40)
    assert place.access[0] == pytest.approx(2)


def test_a_point_farther_than_the_snapping_limit_is_not_reached():
    far = locate(block(), table((400, 0), (50, -31)), snap_limit=31)
    assert far.reached.tolist() == [False, True]
    assert far.start.tolist() == [0, 0, 1]


def test_points_of_another_crs_are_reprojected():
    east, north = 500_000.0, 4_400_000.0
    ends = ([east, east + 100], [north, north])
    street = StreetNetwork.from_arrays(*ends, [0], [1], crs="EPSG:32650")
    there = table((east + 25, north + 10), crs="EPSG:32650").to_crs(4326)
    place = locate(street, there)
    assert place.fraction[0] == pytest.approx(0.25, abs=1e-6)


def test_the_way_to_the_street_is_measured_on_the_ground():
    east, north = 500_000.0, 4_400_000.0
    ends = ([east, east + 100], [north, north])
    street = StreetNetwork.from_arrays(*ends, [0], [1], crs="EPSG:32650")
    place = locate(street, [[east + 25, north + 100]])
    lon, lat = Transformer.from_crs(32650, 4326, always_xy=True).transform(
        [east + 25] * 2, [north, north + 100]
    )
    geodesic = Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2]
    assert geodesic > 100.03
    assert place.access[0] == pytest.approx(geodesic, abs=1e-4)


def test_the_index_is_kept():
    given = table((25, 10), (75, 3)).set_index(pd.Index(["甲", "乙"]))
    assert locate(block(), given).index.tolist() == ["甲", "乙"]
    assert locate(block(), given.geometry).index.tolist() == ["甲", "乙"]


def test_a_point_with_gates_is_reached_through_them_alone():
    homes = table((50, 50), (20, 4), id=["a", "b"])
    gates = table((50, 95), (98, 50), demand_id=["a", "a"])
    place = locate(block(), homes, entrances=gates)
    assert place.start.tolist() == [0, 2, 3]
    assert place.edge.tolist() == [2, 1, 0]
    assert place.access.tolist() == [5, 2, 4]
    assert place.owner.tolist() == [0, 0, 1]


def test_a_point_whose_gates_are_all_far_is_not_reached():
    homes = table((50, 1), id=["a"])
    gates = table((900, 900), demand_id=["a"])
    assert not locate(block(), homes, entrances=gates, snap_limit=50).reached[0]


def test_gates_of_points_without_ids_name_the_index():
    homes = table((50, 50)).set_index(pd.Index([7]))
    gates = table((50, 95), demand_id=[7])
    assert locate(block(), homes, entrances=gates).edge.tolist() == [2]


def test_no_gates_at_all_change_nothing():
    gates = table((0, 0), demand_id=[0]).iloc[:0]
    assert locate(block(), table((25, 10)), entrances=gates).access.tolist() == [10]


def test_closed_edges_are_not_entered():
    shut = np.array([np.inf, 1, 1, 1, 1])
    closed = block(factor_forward=shut, factor_backward=shut)
    assert locate(closed, table((45, 1))).edge.tolist() == [3]


def test_taken_points_keep_their_entries():
    homes = table((50, 50), (20, 4), (25, 1), id=["a", "b", "c"])
    gates = table((50, 95), (98, 50), demand_id=["a", "a"])
    taken = locate(block(), homes, entrances=gates).take([2, 0])
    assert taken.index.tolist() == [2, 0]
    assert taken.start.tolist() == [0, 1, 3]
    assert taken.access.tolist() == [1, 5, 2]


def test_points_on_a_small_island_are_told_from_those_far_from_streets():
    two = StreetNetwork.from_arrays([0, 9000, 0, 9], [0, 0, 500, 500], [0, 2], [1, 3])
    place = locate(two, [[100, 0], [5, 500], [5, 5000]])
    assert place.on_small_island().tolist() == [False, True, False]
    assert place.reached.tolist() == [True, True, False]


def test_one_gate_on_firm_ground_is_enough():
    two = StreetNetwork.from_arrays([0, 9000, 0, 9], [0, 0, 500, 500], [0, 2], [1, 3])
    gates = table((5, 500), (5, 0), demand_id=[0, 0])
    place = locate(two, table((5, 250)), entrances=gates)
    assert place.on_small_island().tolist() == [False]


def test_nodes_stand_at_the_ends_of_edges():
    place = locate_nodes(block(), [4, 0, 2])
    assert place.x.tolist() == [0, 0, 100]
    assert place.y.tolist() == [-200, 0, 100]
    assert set(place.fraction) <= {0.0, 1.0}
    assert place.access.tolist() == [0, 0, 0]


def test_a_node_without_streets_is_not_reached():
    lonely = StreetNetwork.from_arrays([0, 10, 50], [0, 0, 50], [0], [1])
    assert locate_nodes(lonely, [2, 0]).reached.tolist() == [False, True]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (table((0, 0)), "no CRS"),
        (table((np.nan, 0)), "NaN"),
        ([[np.inf, 0.0]], "NaN or infinite"),
        (table(), "no points"),
        (np.zeros((0, 2)), "no points"),
        ([[1.0, 2.0, 3.0]], r"expected \(n, 2\)"),
        (table((0, 0), (1, 1), id=["a", "a"]), "ids are not unique, e.g. 'a'"),
        (table((0, 0), (1, 1)).set_index(pd.Index([1, 1])), "index is not unique"),
        (gpd.GeoSeries([LineString([(0, 0), (1, 1)])]), "1 geometries"),
        (gpd.GeoSeries([None, Point(0, 0)]), "1 geometries"),
        (gpd.GeoSeries([Point(0, 0), Point()], index=["a", "b"]), "e.g. at index 'b'"),
        (gpd.GeoSeries([MultiPoint([(0, 0), (1, 1)])]), "representative_point"),
        (gpd.GeoSeries([Point(0, 0).buffer(9)]), "representative_point"),
        ([["a", "b"]], "expected a GeoDataFrame"),
        ([Point(0, 0)], "expected a GeoDataFrame"),
    ],
)
def test_points_that_cannot_be_placed_are_refused(points, words):
    given = block(crs=32650) if words == "no CRS" else block()
    with pytest.raises(QueryError, match=words):
        locate(given, points)


def test_points_with_a_crs_do_not_fit_a_network_without():
    loose = StreetNetwork.from_arrays([0, 10], [0, 0], [0], [1])
    with pytest.raises(QueryError, match="network has no CRS"):
        locate(loose, table((0, 0), crs=32650))


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (table((0, 0)), 'no column "demand_id"'),
        (pd.DataFrame({"demand_id": ["a"]}), "no geometry"),
        (gpd.GeoSeries([Point(0, 0)]), 'no column "demand_id"'),
        (table((0, 0), demand_id=["z"]), "1 entrances lead to no point, e.g. demand_id 'z'"),
    ],
)
def test_gates_that_do_not_fit_are_refused(gates, words):
    with pytest.raises(QueryError, match=words):
        locate(block(), table((0, 0), id=["a"]), entrances=gates)


def test_gates_without_a_crs_are_refused():
    street = StreetNetwork.from_arrays([5e5, 5e5 + 9], [0, 0], [0], [1], crs=32650)
    home = table((5e5, 0), id=["a"], crs=32650)
    with pytest.raises(QueryError, match="the entrances have no CRS"):
        locate(street, home, entrances=table((5e5, 0), demand_id=["a"]))


def test_bare_degrees_are_not_taken_for_metres():
    street = StreetNetwork.from_arrays([4e5, 4e5 + 9], [4e6, 4e6], [0], [1], crs=32650)
    with pytest.raises(QueryError, match="look like degrees"):
        locate(street, [[116.4, 39.9]])
    near = StreetNetwork.from_arrays([0, 9], [0, 0], [0], [1], crs=32650)
    assert locate(near, [[116.4, 39.9]]).reached.tolist() == [True]


def test_heights_are_not_used():
    assert locate(block(), gpd.GeoSeries([Point(25, 10, 300)])).access.tolist() == [10]


def test_points_come_back_as_they_were_given():
    street = StreetNetwork.from_arrays([5e5, 5e5 + 9], [4e6, 4e6], [0], [1], crs=32650)
    home = gpd.GeoSeries([Point(5e5, 4e6), Point(5e5 + 5, 4e6)], index=["a", "b"], crs=32650)
    place = locate(street, home.to_crs(4326)).take([1])
    assert place.points.index.tolist() == ["b"]
    assert place.points.crs == "EPSG:4326"
    assert locate(street, [[5e5, 4e6]]).points.crs == street.crs
    assert locate_nodes(street, [1]).points.iloc[0] == Point(5e5 + 9, 4e6)


def test_flags_take_points_as_positions_do():
    place = locate(block(), [[0, 0], [100, 0], [50, 0]])
    assert place.take(np.array([True, False, True])).index.tolist() == [0, 2]
    assert place.take([2, 2]).index.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("rows", "words"),
    [([3], "positions 0..2"), ([-1], "positions 0..2"), ([0.5], "positions"), ([True], "flags")],
)
def test_rows_that_are_not_there_are_refused(rows, words):
    with pytest.raises(QueryError, match=words):
        locate(block(), [[0, 0], [100, 0], [50, 0]]).take(rows)


@pytest.mark.parametrize("limit", [0, -1, np.nan, "200", None])
def test_the_snapping_limit_is_above_zero(limit):
    with pytest.raises(QueryError, match="snap_limit"):
        locate(block(), table((0, 0)), snap_limit=limit)


def test_a_network_without_streets_takes_no_points():
    empty = StreetNetwork.from_arrays([0.0], [0.0], [], [])
    with pytest.raises(QueryError, match="no streets"):
        locate(empty, [[0.0, 0.0]])


@pytest.mark.parametrize(
    ("nodes", "index", "words"),
    [
        ([], None, "no nodes"),
        ([9], None, r"must be 0\.\.4"),
        ([0.5], None, "node numbers"),
        ([0, 1], pd.Index([1]), "index"),
        ([0, 1], pd.Index([1, 1]), "index"),
    ],
)
def test_nodes_that_are_none_are_refused(nodes, index, words):
    with pytest.raises(QueryError, match=words):
        locate_nodes(block(), nodes, index=index)
