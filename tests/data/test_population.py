"""Spreading residents: totals kept, nobody lost in silence, borders decided once."""

import csv

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.data.population import share_out, spread, spread_rest

WEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-3)


def squares(residents):
    """Unit squares in a row, each with its residents."""
    shapes = [shapely.box(k, 0, k + 1, 1) for k in range(len(residents))]
    ids = [f"a{k}" for k in range(len(residents))]
    data = {"id": ids, "name": [f"第{k}区" for k in range(len(ids))], "residents": residents}
    return gpd.GeoDataFrame(data, geometry=shapes, crs=4326)


def at(*places):
    return gpd.GeoSeries([shapely.Point(p) for p in places], crs=4326)


def test_equal_weights():
    found = spread(squares([30.0, 40.0]), at((0.2, 0.5), (0.8, 0.5), (0.5, 0.1), (1.5, 0.5)))
    assert found.residents.tolist() == [10, 10, 10, 40]
    assert found.area.tolist() == ["a0", "a0", "a0", "a1"]
    assert found.unplaced == ()


def test_by_weight():
    found = spread(squares([100.0]), at((0.2, 0.5), (0.8, 0.5)), weight=[3000, 1000])
    assert found.residents.tolist() == [75, 25]


def test_area_without_point_is_reported_with_its_people():
    found = spread(squares([30.0, 40.0, 0.0]), at((0.5, 0.5)))
    assert [(u.area, u.residents) for u in found.unplaced] == [("a1", 40.0)]
    assert (found.placed, found.lost) == (30.0, 40.0)


def test_area_whose_weights_are_all_zero_is_reported():
    found = spread(squares([30.0]), at((0.5, 0.5), (0.6, 0.5)), weight=[0, 0])
    assert found.lost == 30.0
    assert found.residents.tolist() == [0, 0]


def test_point_in_no_area_is_unknown():
    found = spread(squares([30.0]), at((0.5, 0.5), (9, 9)))
    assert np.isnan(found.residents[1])
    assert found.area[1] == ""


def test_area_without_figure_leaves_its_points_unknown():
    found = spread(squares([np.nan, 5.0]), at((0.5, 0.5), (1.5, 0.5)))
    assert np.isnan(found.residents[0])
    assert found.residents[1] == 5
    assert found.unplaced == ()


def test_point_on_a_border_belongs_to_one_area():
    areas = squares([30.0, 40.0])
    found = spread(areas, at((1.0, 0.5), (0.5, 0.5), (1.5, 0.5)))
    assert found.area.tolist() == ["a0", "a0", "a1"]
    assert found.placed == 70.0


def test_corner_of_four_areas_belongs_to_one():
    shapes = [shapely.box(x, y, x + 1, y + 1) for x in (0, 1) for y in (0, 1)]
    data = {"id": list("abcd"), "name": list("abcd"), "residents": [1.0, 2.0, 3.0, 4.0]}
    found = spread(gpd.GeoDataFrame(data, geometry=shapes, crs=4326), at((1, 1)))
    assert found.area.tolist() == ["a"]
    assert found.placed + found.lost == 10


@given(total=st.integers(0, 10**7), weights=WEIGHTS)
def test_whole_persons_sum_exactly_and_stay_near_their_share(total, weights):
    weights = np.array(weights)
    shares = share_out(float(total), weights, whole=True)
    assert shares.sum() == total
    assert (shares == np.floor(shares)).all()
    assert (np.abs(shares - total * (weights / weights.sum())) < 1 + 1e-6).all()


@given(total=st.floats(0, 1e8), weights=WEIGHTS)
def test_fractions_sum_to_the_total(total, weights):
    assert share_out(total, np.array(weights)).sum() == pytest.approx(total, rel=1e-12)


def test_largest_remainder_by_hand():
    """10 persons at 1.5 : 2.25 : 6.25 are 1.5, 2.25, 6.25; the one left goes to the first."""
    assert share_out(10, np.array([1.5, 2.25, 6.25]), whole=True).tolist() == [2, 2, 6]


def test_real_townships_onto_real_residences(shared):
    towns = gpd.read_file(shared / "beijing" / "townships.gpkg")
    areas = gpd.GeoDataFrame(
        {
            "id": [str(k) for k in range(len(towns))],
            "name": towns["name"],
            "residents": towns["population"].astype(float),
        },
        geometry=towns.geometry,
        crs=towns.crs,
    )
    with (shared / "beijing" / "residences.csv").open(encoding="utf-8") as stream:
        homes = at(*((float(r["lon"]), float(r["lat"])) for r in csv.DictReader(stream)))
    found = spread(areas, homes, whole=True)
    assert found.placed + found.lost == towns["population"].sum() == 20_755_648
    # Independent of sjoin: each township's polygon asked point by point.
    x, y = homes.x.to_numpy(), homes.y.to_numpy()
    for k in range(0, len(areas), 7):
        inside = shapely.contains_xy(areas.geometry.iloc[k], x, y)
        expected = towns["population"].iloc[k] if inside.any() else 0
        assert found.residents[inside].sum() == expected


@pytest.mark.parametrize(
    ("areas", "points", "weight", "said"),
    [
        (squares([1.0]), at((0, 0)).to_crs(3857), None, "CRS"),
        (squares([1.0]).set_crs(None, allow_override=True), at((0, 0)), None, "CRS"),
        (squares([1.0]), at((0, 0)), [-1.0], "weights"),
        (squares([1.0]), at((0, 0)), [np.nan], "weights"),
        (squares([1.0]), at((0, 0)), [1.0, 2.0], "2 weights for 1"),
        (squares([-1.0]), at((0, 0)), None, "residents"),
    ],
)
def test_wrong_arguments(areas, points, weight, said):
    with pytest.raises(ValueError, match=said):
        spread(areas, points, weight=weight)


def test_nothing_is_changed():
    areas, points = squares([30.0]), at((0.5, 0.5))
    before = areas.copy()
    spread(areas, points)
    assert areas.equals(before)


def test_own_figures_stay_and_are_taken_off_the_total():
    homes = at((0.2, 0.5), (0.5, 0.5), (0.8, 0.5), (1.5, 0.5), (1.6, 0.5))
    own = [10.0, np.nan, np.nan, 50.0, np.nan]
    found = spread_rest(squares([30.0, 40.0]), homes, own=own)
    assert found.residents.tolist() == [10, 10, 10, 50, 0]


def test_rest_that_no_point_can_take_is_reported():
    found = spread_rest(squares([30.0, 40.0]), at((0.5, 0.5), (1.5, 0.5)), own=[10.0, np.nan])
    assert [(u.area, u.residents) for u in found.unplaced] == [("a0", 20.0)]
    assert found.residents.tolist() == [10, 40]


def test_without_own_figures_the_whole_is_spread():
    homes, areas = at((0.5, 0.5), (1.5, 0.5)), squares([30.0, 40.0])
    assert spread_rest(areas, homes, own=[np.nan, np.nan]).residents.tolist() == [30, 40]
