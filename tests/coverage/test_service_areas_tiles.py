"""Tiles, threads and real streets: the same land however the work is cut."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage import area_polygons
from quarterhour.coverage.area_polygons import Grid, joined, polygons, rings_by_tile
from quarterhour.coverage.locate import locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.service_areas import covered_area, reached_streets, service_areas
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

LIMIT_M = 1200.0


def run(work, items):
    return [work(item) for item in items]


def random_pieces(seed, count):
    random = np.random.default_rng(seed)
    begin = random.uniform(-400, 400, (count, 2))
    return np.hstack([begin, begin + random.normal(0, 60, (count, 2))])


def land(pieces, cell, size, begin=None):
    """The land around pieces, one shape a break: joined from tiles of ``size`` cells."""
    begin = np.array([0, len(pieces)]) if begin is None else begin
    tiles = rings_by_tile(pieces, begin, Grid(cell, 25.0), run, size)
    shapes = polygons(tiles).reshape(len(tiles), -1)
    return [joined(level) for level in shapes.T], len(tiles)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([2, 3, 5]))
def test_tiles_join_to_the_same_land(seed, count, size):
    pieces = random_pieces(seed, count)
    (whole,), one = land(pieces, 10.0, 4096)
    (together,), several = land(pieces, 10.0, size)
    assert one == 1
    assert several > 1
    assert whole.is_valid
    assert together.is_valid
    assert together.symmetric_difference(whole).area < 1e-6 * whole.area
    assert shapely.get_num_geometries(together) == shapely.get_num_geometries(whole)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([2.0, 10.0, 17.6]))
def test_rings_are_valid_and_near_the_union_of_buffers(seed, count, cell):
    pieces = random_pieces(seed, count)
    (found,), _ = land(pieces, cell, 4096)
    lines = shapely.linestrings(pieces.reshape(-1, 2, 2))
    assert found.is_valid
    # Corners stand on the true border or inside of it; only chords across gaps go beyond.
    corners = shapely.points(shapely.get_coordinates(found))
    assert shapely.distance(shapely.multilinestrings(lines), corners).max() <= 25.001
    # A chord is at most a cell's diagonal long. Its middle lies this far inside a circle of 25 m,
    # and at most half of it beyond places that are reached.
    sagitta = 25.0 - np.sqrt(25.0**2 - cell**2 / 2)
    inner = shapely.union_all(shapely.buffer(lines, 24.99 - sagitta, quad_segs=64), grid_size=1e-6)
    outer = shapely.union_all(
        shapely.buffer(lines, 25.01 + cell / np.sqrt(2), quad_segs=64), grid_size=1e-6
    )
    assert inner.difference(found).area < 1e-6
    assert found.difference(outer).area < 1e-6
    reference = shapely.union_all(shapely.buffer(lines, 25.0, quad_segs=64), grid_size=1e-6)
    if cell == 2.0:
        assert found.area == pytest.approx(reference.area, rel=0.005)


def test_burning_in_steps_nests_exactly():
    (small, middle, large), _ = land(random_pieces(1, 75), 10.0, 4096, np.array([0, 25, 50, 75]))
    assert middle.covers(small)
    assert large.covers(middle)


def test_nothing_to_burn_is_an_empty_polygon():
    (shape,), _ = land(np.zeros((0, 4)), 10.0, 4096)
    assert shape.is_empty


@pytest.fixture(scope="module")
def beijing(shared):
    streets = read_streets(shared / "beijing" / "streets-2012.osm.pbf", log=FaultLog())
    network = StreetNetwork.from_streets(streets)
    largest = np.flatnonzero(network.component == np.bincount(network.component).argmax())
    chosen = np.sort(np.random.default_rng(3).choice(largest, 40, replace=False))
    return network, locate_nodes(network, chosen)


def test_real_streets_stay_within_three_percent_of_buffers(beijing):
    network, points = beijing
    found = service_areas(network, points, breaks=[400.0, 800.0, LIMIT_M])
    shapes = np.array(found.geometry).reshape(-1, 3)
    assert shapely.is_valid(shapes).all()
    assert shapely.covers(shapes[:, 1], shapes[:, 0]).all()
    assert shapely.covers(shapes[:, 2], shapes[:, 1]).all()
    for row in range(0, len(points), 5):
        streets = reached_streets(network, points.take([row]), limit=LIMIT_M)
        reference = shapely.union_all(
            shapely.buffer(np.array(streets.geometry), 25.0, quad_segs=16), grid_size=1e-6
        )
        assert shapes[row, 2].covers(streets.union_all())
        assert shapes[row, 2].area == pytest.approx(reference.area, rel=0.01)


def test_threads_change_nothing(beijing):
    network, points = beijing
    one, two = (service_areas(network, points, breaks=[LIMIT_M], threads=n) for n in (1, 2))
    assert shapely.equals_exact(np.array(one.geometry), np.array(two.geometry), 0.0).all()
    assert one["area_m2"].tolist() == two["area_m2"].tolist()


def test_a_city_covered_by_any_in_tiles(beijing, monkeypatch):
    network, points = beijing
    whole = covered_area(network, points, limit=LIMIT_M)
    monkeypatch.setattr(area_polygons, "TILE", 300)
    tiled = covered_area(network, points, limit=LIMIT_M)
    assert tiled.is_valid.all()
    assert tiled["area_m2"].iloc[0] == pytest.approx(whole["area_m2"].iloc[0], rel=1e-9)
    levels = service_areas(network, points, breaks=[600.0, LIMIT_M], dissolve="break")
    assert list(levels["break"]) == [600.0, LIMIT_M]
    assert "facility" not in levels
    assert levels.geometry.iloc[1].covers(levels.geometry.iloc[0])
    each = service_areas(network, points, breaks=[LIMIT_M])
    assert whole["area_m2"].iloc[0] == pytest.approx(each.union_all().area, rel=1e-3)
