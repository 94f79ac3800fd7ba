"""Barriers and footways that a user draws."""

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Geod, Transformer
from shapely.geometry import LineString, Point, Polygon, box

from quarterhour.coverage.barriers import with_barriers, with_footways
from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import pairs

from .networks import block


def drawn(*shapes, crs=None):
    return gpd.GeoSeries(list(shapes), crs=crs)


def walk(network, begin, end):
    points = locate(network, [begin, end], snap_limit=50)
    found = pairs(network, points, points, limit=5000).to_scipy().toarray()[0]
    return float(found[1]) if found[1] else None


WALL = LineString([(50, -30), (50, 30)])


def test_points_on_both_sides_of_a_barrier_walk_around_it():
    assert walk(block(), (40, 0), (60, 0)) == 20
    assert walk(with_barriers(block(), drawn(WALL)), (40, 0), (60, 0)) == 380


def test_both_pieces_of_a_cut_street_stay_usable():
    cut = with_barriers(block(), drawn(WALL))
    assert cut.n_edges == 6
    assert cut.n_nodes == 7
    assert cut.length.sum() == pytest.approx(600)
    assert walk(cut, (10, 0), (45, 0)) == 35
    assert walk(cut, (55, 0), (90, 0)) == 35


def test_untouched_edges_keep_their_numbers():
    cut = with_barriers(block(), drawn(WALL))
    for edge in (1, 2, 3, 4):
        assert (cut.edge_u[edge], cut.edge_v[edge]) == (block().edge_u[edge], block().edge_v[edge])
    assert cut.edge_u[0] == 0


def test_a_street_inside_a_polygon_is_closed_and_one_through_it_loses_its_part():
    cut = with_barriers(block(), drawn(box(-10, -10, 30, 110)))
    assert cut.closed.tolist() == [False, False, False, True, False]
    assert cut.length[0] == pytest.approx(70)
    assert cut.length[4] == pytest.approx(190)
    assert walk(cut, (40, 0), (40, 100)) == pytest.approx(60 + 100 + 60)
    assert walk(cut, (40, 0), (0, -100)) is None


def test_a_ring_around_a_place_cuts_it_off():
    ring = LineString(box(80, 80, 120, 120).exterior.coords)
    cut = with_barriers(block(), drawn(ring))
    assert walk(cut, (100, 95), (95, 100)) == 10
    assert walk(cut, (100, 95), (50, 0)) is None


def test_exempt_edges_are_not_cut():
    bridge = np.array([True, False, False, False, False])
    assert with_barriers(block(), drawn(WALL), exempt=bridge).n_edges == 5


def test_several_barriers_cut_one_street_into_several():
    other = LineString([(70, -5), (70, 5)])
    cut = with_barriers(block(), drawn(WALL, other))
    assert sorted(cut.length.tolist()) == pytest.approx([20, 30, 50, 100, 100, 100, 200])
    assert walk(cut, (55, 0), (65, 0)) == 10
    assert walk(cut, (60, 0), (90, 0)) is None


def test_a_barrier_through_a_node_cuts_all_its_streets():
    cut = with_barriers(block(), drawn(LineString([(-5, 5), (5, -5)])))
    assert walk(cut, (20, 0), (0, 20)) == pytest.approx(360)
    assert walk(cut, (20, 0), (0, -20)) is None


def test_a_barrier_that_meets_nothing_changes_nothing():
    network = block()
    assert with_barriers(network, drawn(box(300, 300, 400, 400))) is network
    assert with_barriers(network, drawn()) is network


def test_directed_costs_and_delays_are_cut_with_their_edge():
    network = block(factor_forward=[2, 1, 1, 1, 1], delay=[10, 0, 0, 0, 0])
    cut = with_barriers(network, drawn(WALL))
    assert cut.factor_forward[[0, 5]].tolist() == [2, 2]
    assert cut.delay[[0, 5]].tolist() == [5, 5]


def test_barriers_of_another_crs_are_reprojected():
    east, north = 500_000.0, 4_400_000.0
    street = StreetNetwork.from_arrays([east, east + 100], [north] * 2, [0], [1], crs=32650)
    wall = LineString([(east + 25, north - 9), (east + 25, north + 9)])
    there = drawn(wall, crs=32650).to_crs(4326)
    assert sorted(with_barriers(street, there).length) == pytest.approx([25, 75], abs=1e-5)


with np.errstate(invalid="ignore"):  # shapely warns of what is meant to be wrong
    NOWHERE = LineString([(np.nan, 0), (1, 1)])


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (drawn(Point(0, 0)), "1 of the barriers"),
        (drawn(None), "1 of the barriers"),
        (drawn(NOWHERE), "NaN or infinite"),
        ([WALL], "barriers are a list without geometry"),
        (drawn(WALL, crs=32650), "network has no CRS"),
    ],
)
def test_what_is_no_barrier_is_refused(shapes, words):
    with pytest.raises(QueryError, match=words):
        with_barriers(block(), shapes)


def test_an_area_that_crosses_itself_blocks_both_its_wings():
    street = StreetNetwork.from_arrays([0.0, 100.0], [0.0, 0.0], [0], [1])
    bow = Polygon([(20, -9), (40, 9), (40, -9), (20, 9)])
    assert not bow.is_valid
    assert sorted(with_barriers(street, drawn(bow)).length) == pytest.approx([20, 60])


def test_a_footway_without_any_place_adds_nothing():
    assert with_footways(block(), drawn(LineString())).n_edges == 5


def test_barriers_without_a_crs_are_refused():
    with pytest.raises(QueryError, match="barriers have no CRS"):
        with_barriers(block(crs=32650), drawn(WALL))


def test_an_exemption_has_one_entry_an_edge():
    with pytest.raises(QueryError, match="exempt has shape"):
        with_barriers(block(), drawn(WALL), exempt=np.array([True]))


def test_a_footway_across_the_block_shortens_the_walk():
    path = LineString([(50, 5), (50, 96)])
    assert walk(block(), (40, 0), (60, 100)) == 40 + 100 + 60
    more = with_footways(block(), drawn(path))
    assert walk(more, (40, 0), (60, 100)) == 10 + 100 + 10
    assert more.edge_class[-1] == "footway"
    assert walk(more, (10, 0), (90, 0)) == 80  # the street stays joined where it was cut


def test_a_footway_from_a_node_uses_the_node():
    more = with_footways(block(), drawn(LineString([(0, 0), (100, 100)])))
    assert more.n_nodes == 5
    assert more.length[-1] == pytest.approx(100 * 2**0.5)


def test_a_loose_end_is_a_dead_end_and_meets_others_there():
    one, two = LineString([(50, 0), (50, 40)]), LineString([(50, 40), (100, 40)])
    more = with_footways(block(), drawn(one, two))
    assert walk(more, (50, 0), (100, 40)) == 90
    assert len(more.component_length) == 1


def test_a_footway_crossing_a_street_makes_no_junction():
    more = with_footways(block(), drawn(LineString([(50, -50), (50, 96)])))
    assert walk(more, (50, -40), (50, 0)) == pytest.approx(140 + 200)


def test_two_footways_may_leave_one_street():
    one, two = LineString([(20, 2), (20, 98)]), LineString([(80, 2), (80, 98)])
    more = with_footways(block(), drawn(one, two))
    assert walk(more, (20, 50), (80, 50)) == pytest.approx(160)


def test_a_footway_is_as_long_as_on_the_ground():
    east, north = 500_000.0, 4_400_000.0
    street = StreetNetwork.from_arrays([east, east + 9], [north] * 2, [0], [1], crs=32650)
    path = LineString([(east, north), (east, north + 1000)])
    lon, lat = Transformer.from_crs(32650, 4326, always_xy=True).transform(*path.xy)
    metres = Geod(ellps="WGS84").line_length(lon, lat)
    assert metres > 1000.3
    assert with_footways(street, drawn(path, crs=32650)).length[-1] == pytest.approx(metres)


def test_no_footways_change_nothing():
    network = block()
    assert with_footways(network, drawn()) is network


def test_nodes_keep_their_place_when_edges_are_cut():
    cut = with_barriers(block(), drawn(WALL))
    assert len(set(cut.node_id)) == cut.n_nodes
    again = with_barriers(cut, drawn(LineString([(70, -5), (70, 5)])))
    assert len(set(again.node_id)) == again.n_nodes
    assert locate_nodes(again, [4]).y.tolist() == [-200]
