"""Candidates along streets."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from shapely import LineString, MultiLineString

from quarterhour.optimize.sites import generate_candidates

UTM = "EPSG:32650"


def streets(*lines, crs=UTM):
    return gpd.GeoDataFrame(geometry=list(lines), crs=crs)


def places(candidates):
    return [(point.x, point.y) for point in candidates.geometry]


def test_evenly_along_one_street():
    found = generate_candidates(streets(LineString([(0, 0), (400, 0)])), spacing=100)
    assert places(found) == [(50, 0), (150, 0), (250, 0), (350, 0)]
    assert found["id"].tolist() == ["c50_0", "c150_0", "c250_0", "c350_0"]
    assert found.crs == UTM


def test_a_short_street_gets_its_middle_and_a_bend_is_followed():
    found = generate_candidates(
        streets(LineString([(0, 0), (10, 0)]), LineString([(1000, 0), (1000, 60), (1040, 60)]))
    )
    assert places(found) == [(5, 0), (1000, 50)]
    assert found["line"].tolist() == [0, 1]


def test_parallel_carriageways_give_one_row():
    near = streets(LineString([(0, 0), (400, 0)]), LineString([(0, 10), (400, 10)]))
    assert len(generate_candidates(near, spacing=100, apart=40)) == 4
    assert len(generate_candidates(near, spacing=100, apart=5)) == 8


def test_parts_of_a_street_count_as_one_line():
    found = generate_candidates(
        streets(MultiLineString([[(0, 0), (100, 0)], [(500, 0), (600, 0)]])), spacing=100
    )
    assert places(found) == [(50, 0), (550, 0)]
    assert found["line"].tolist() == [0, 0]


def test_nothing_from_nothing():
    assert len(generate_candidates(streets())) == 0
    assert len(generate_candidates(streets(LineString()))) == 0


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), apart=st.sampled_from([20.0, 75.0]))
def test_apart_unique_and_the_same_in_any_order(seed, apart):
    rng = np.random.default_rng(seed)
    lines = [LineString(rng.uniform(0, 600, (3, 2))) for _ in range(12)]
    found = generate_candidates(streets(*lines), spacing=100, apart=apart)
    assert pdist(np.array(places(found))).min(initial=np.inf) >= apart - 1e-6
    assert found["id"].is_unique
    again = generate_candidates(
        streets(*[line.reverse() for line in lines[::-1]]), spacing=100, apart=apart
    )
    assert again["id"].tolist() == found["id"].tolist()
    assert (11 - again["line"]).tolist() == found["line"].tolist()


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", None])
def test_streets_that_are_not_in_metres_are_refused(crs):
    with pytest.raises(ValueError, match="projected CRS with metres"):
        generate_candidates(streets(LineString([(0, 0), (1, 0)]), crs=crs))


@pytest.mark.parametrize("options", [{"spacing": 0.0}, {"spacing": 100.0, "apart": 1.0}])
def test_distances_that_are_too_small_are_refused(options):
    with pytest.raises(ValueError, match="spacing must be positive"):
        generate_candidates(streets(LineString([(0, 0), (100, 0)])), **options)
