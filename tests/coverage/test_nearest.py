"""J1: the nearest and the k nearest facilities, against plain searches and drawn cases."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.impedance import impedance
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.nearest import nearest
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.profiles import ADULT
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

from . import reference
from .networks import block, multigraphs

PROMISED = 0.015


def spread_points(network, seed, n):
    random = np.random.default_rng(seed)
    if seed % 3 == 0:
        return locate_nodes(network, random.integers(0, network.n_nodes, n))
    return locate(network, random.uniform(-50, 550, (n, 2)), snap_limit=250)


@settings(max_examples=50, deadline=None)
@given(
    multigraphs(),
    st.integers(0, 1000),
    st.none() | st.floats(1, 900),
    st.sampled_from(["metres", "seconds"]),
    st.sampled_from([1, 2, 12]),
)
def test_the_nearest_are_those_of_a_plain_search(network, seed, limit, by, k):
    origins, facilities = spread_points(network, seed, 14), spread_points(network, seed + 1, 8)
    found = nearest(network, origins, facilities, k=k, limit=limit, by=by)
    costs = impedance(network, by, ADULT)
    cost, other, facility = reference.nearest(origins, facilities, costs, k, limit)
    got, beside = (found.metres, found.seconds) if by == "metres" else (found.seconds, found.metres)
    differ = np.isnan(got) != np.isnan(cost)
    assert limit is not None or not differ.any()
    assert (np.fmax(got, cost)[differ] > (limit or 0) - PROMISED).all()
    both = ~np.isnan(got) & ~np.isnan(cost)
    assert np.abs(got - cost)[both].max(initial=0) <= PROMISED
    assert ((found.facility >= 0) == ~np.isnan(got)).all()
    firm = both & clear_ranks(cost)
    assert (found.facility == facility)[firm].all()
    assert np.abs(beside - other)[firm].max(initial=0) <= PROMISED


def clear_ranks(cost):
    """Tell where no other rank costs nearly as much: there the facility is beyond doubt."""
    order = np.pad(np.nan_to_num(cost, nan=1e9), ((0, 0), (1, 1)), constant_values=(-1e9, 2e9))
    gap = np.diff(order, axis=1)
    last = np.arange(cost.shape[1]) == cost.shape[1] - 1
    return (gap[:, :-1] > 2 * PROMISED) & ((gap[:, 1:] > 2 * PROMISED) | last) & ~last


def test_ranks_in_doubt_are_told():
    cost = np.array([[1.0, 2.0, 2.001, 9.0, np.nan]])
    assert clear_ranks(cost).tolist() == [[True, False, False, True, False]]


@settings(max_examples=30, deadline=None)
@given(multigraphs(), st.integers(0, 1000))
def test_adding_a_facility_never_raises_a_cost(network, seed):
    origins, facilities = spread_points(network, seed, 14), spread_points(network, seed + 1, 6)
    fewer = nearest(network, origins, facilities.take(np.arange(5)))
    more = nearest(network, origins, facilities)
    assert (np.nan_to_num(more.metres, nan=1e9) <= np.nan_to_num(fewer.metres, nan=1e9)).all()


@settings(max_examples=30, deadline=None)
@given(multigraphs(), st.integers(0, 1000), st.sampled_from(["metres", "seconds"]))
def test_one_of_k_is_the_same_as_one(network, seed, by):
    origins, facilities = spread_points(network, seed, 14), spread_points(network, seed + 1, 6)
    one = nearest(network, origins, facilities, by=by)
    several = nearest(network, origins, facilities, by=by, k=3)
    assert np.array_equal(one.metres[:, 0], several.metres[:, 0], equal_nan=True)
    assert np.array_equal(one.seconds[:, 0], several.seconds[:, 0], equal_nan=True)
    assert np.array_equal(one.facility[:, 0], several.facility[:, 0])


def test_ranks_on_a_drawn_block():
    network = block()
    home = locate(network, [[20, 0]])
    shops = locate_nodes(network, [2, 4, 0], index=pd.Index(["c", "e", "a"]))
    found = nearest(network, home, shops, k=4)
    assert found.facility.tolist() == [[2, 0, 1, -1]]
    assert found.metres[0, :3].tolist() == [20, 180, 220]
    assert np.isnan(found.metres[0, 3])
    assert found.seconds[0, :3] == pytest.approx([18, 162, 198])


def test_facilities_on_the_same_edge_and_on_dead_ends():
    network = block()
    homes = locate(network, [[0, -20], [0, -190], [70, 0]])
    shops = locate(network, [[0, -100], [60, 0]])
    found = nearest(network, homes, shops)
    assert found.facility[:, 0].tolist() == [0, 0, 1]
    assert found.metres[:, 0].tolist() == [80, 90, 10]


def test_unreached_is_none_and_never_the_limit():
    two = StreetNetwork.from_arrays([0, 1000, 0, 9], [0, 0, 50, 50], [0, 2], [1, 3])
    homes = locate(two, [[100, 0], [400, 0], [5, 50], [5, 9000]])
    shop = locate_nodes(two, [0])
    found = nearest(two, homes, shop, limit=400)
    assert found.facility[:, 0].tolist() == [0, 0, -1, -1]
    assert np.isnan(found.metres[2:]).all()
    assert np.isnan(found.seconds[2:]).all()
    assert found.metres[1, 0] == 400
    assert nearest(two, homes, shop, limit=399.9).facility[1, 0] == -1


def test_the_walk_is_from_origin_to_facility():
    network = block(factor_backward=[np.inf, 1, 1, 1, 1], factor_forward=[1, 1, 1, 1, 1])
    one, other = locate_nodes(network, [0]), locate_nodes(network, [1])
    assert nearest(network, one, other).metres[0, 0] == 100
    assert nearest(network, other, one).metres[0, 0] == 300


def test_several_facilities_at_one_place_rank_by_their_order():
    network = block()
    shops = locate_nodes(network, [1, 1, 1])
    found = nearest(network, locate_nodes(network, [0]), shops, k=2)
    assert found.facility.tolist() == [[0, 1]]
    assert nearest(network, locate_nodes(network, [0]), shops).facility.tolist() == [[0]]


def test_the_frame_has_a_row_for_each_rank_reached_and_one_for_whom_nothing_is():
    network = block()
    homes = locate(network, [[20, 0], [900, 900]])
    frame = nearest(network, homes, locate_nodes(network, [0, 1]), k=3).to_frame()
    assert frame.index.tolist() == [0, 0, 1]
    assert frame["rank"].tolist() == [1, 2, 1]
    assert frame.facility.tolist() == [0, 1, pd.NA]
    assert frame.metres.tolist()[:2] == [20, 80]
    assert np.isnan([frame.metres.iloc[2], frame.seconds.iloc[2]]).all()
    assert frame.geometry.iloc[2] == Point(900, 900)


def test_tables_are_asked_as_they_are_and_index_geometry_and_crs_come_back():
    network = block(crs=32650)
    homes = gpd.GeoDataFrame(
        {"name": ["a", "b"]}, index=["h7", "h3"], geometry=[Point(20, 1), Point(0, -100)], crs=32650
    ).to_crs(4326)
    shops = gpd.GeoSeries([Point(0, 0), Point(100, 50)], index=["s1", "s2"], crs=32650)
    frame = nearest(network, homes, shops).to_frame()
    assert frame.index.tolist() == ["h7", "h3"]
    assert frame.facility.tolist() == ["s1", "s1"]
    assert frame.geometry.geom_equals(homes.geometry).all()
    assert frame.crs == homes.crs
    placed = nearest(network, locate(network, homes), locate(network, shops))
    assert np.array_equal(placed.metres[:, 0], frame.metres)
    assert homes.join(frame.drop(columns="geometry")).name.tolist() == ["a", "b"]


def test_no_facility_at_all_leaves_everyone_unreached():
    network = block()
    none = locate_nodes(network, [0]).take(np.zeros(0, int))
    frame = nearest(network, locate_nodes(network, [0, 1]), none).to_frame()
    assert frame.metres.isna().all()
    assert frame.facility.isna().all()


def test_walks_longer_than_32_bits_of_ticks_are_measured():
    n = 41
    line = StreetNetwork.from_arrays(
        np.arange(n) * 20_000.0, np.zeros(n), np.arange(n - 1), np.arange(1, n)
    )
    spurs = np.arange(1, n - 1)  # side streets, so that the line is no single chain
    comb = StreetNetwork.from_arrays(
        np.concatenate([line.x, line.x[spurs], line.x[spurs]]),
        np.concatenate([line.y, np.full(len(spurs), 10.0), np.full(len(spurs), -10.0)]),
        np.concatenate([line.edge_u, spurs, spurs]),
        np.concatenate([line.edge_v, n + np.arange(2 * len(spurs))]),
    )
    far = locate_nodes(comb, [n - 1])
    for k in (1, 2):
        found = nearest(comb, far, locate_nodes(comb, [0]), k=k)
        assert found.metres[0, 0] == pytest.approx(800_000, abs=PROMISED)


@pytest.mark.parametrize("k", [1, 3])
def test_real_streets_agree_with_plain_searches(shared, k):
    streets = read_streets(shared / "beijing" / "walk-small-2024.osm", log=FaultLog())
    network = StreetNetwork.from_streets(streets)
    random = np.random.default_rng(1)
    homes = locate_nodes(network, random.integers(0, network.n_nodes, 200))
    shops = locate_nodes(network, random.choice(network.n_nodes, 9, replace=False))
    for by in ("metres", "seconds"):
        found = nearest(network, homes, shops, k=k, by=by)
        costs = impedance(network, by, ADULT)
        cost, _, _ = reference.nearest(homes, shops, costs, k, None)
        got = found.metres if by == "metres" else found.seconds
        assert np.allclose(got, cost, rtol=0, atol=PROMISED, equal_nan=True)
        assert (~np.isnan(cost)).sum() > 100


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"k": 0}, "k is 0"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": -1}, "limit is -1"),
        ({"limit": np.nan}, "limit is nan"),
        ({"limit": "500"}, "limit is '500', expected a number"),
        ({"limit": True}, "limit is True, expected a number"),
        ({"k": 1.5}, "k is 1.5, expected a whole number"),
        ({"k": True}, "k is True, expected a whole number"),
        ({"by": "hours"}, "by is 'hours'"),
        ({"profile": "adult"}, "profile is 'adult', expected a TravelProfile"),
    ],
)
def test_questions_that_make_no_sense_are_refused(change, words):
    network = block()
    points = locate_nodes(network, [0])
    with pytest.raises(QueryError, match=words):
        nearest(network, points, points, **change)


def test_an_infinite_limit_is_none():
    network = block()
    points = locate_nodes(network, [0, 2, 4])
    found = nearest(network, points, points, k=3, limit=np.inf)
    assert np.array_equal(found.metres, nearest(network, points, points, k=3).metres)


def test_what_is_no_network_is_named():
    with pytest.raises(QueryError, match="the network is a str, expected a StreetNetwork"):
        nearest("streets.osm", [[0.0, 0.0]], [[0.0, 0.0]])


def test_points_of_another_network_are_refused():
    points = locate_nodes(block(), [0])
    with pytest.raises(QueryError, match="another network"):
        nearest(block(), points, points)
