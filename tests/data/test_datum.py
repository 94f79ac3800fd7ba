"""Datums: published vector, independent formulas, round trips, the edge of China."""

import math

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.data.datum import (
    CHINA,
    bd09_to_gcj02,
    from_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    is_geographic,
    parse_datum,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

WEST, SOUTH, EAST, NORTH = CHINA
GEOD = pyproj.Geod(ellps="WGS84")
#: Away from the rectangle's edge, where the convention itself is not continuous.
LON = st.floats(WEST + 0.02, EAST - 0.02)
LAT = st.floats(SOUTH + 0.02, NORTH - 0.02)


def metres(lon1, lat1, lon2, lat2):
    return np.abs(GEOD.inv(lon1, lat1, lon2, lat2)[2])


def test_published_vector():
    lon, lat = wgs84_to_gcj02(116.42079, 39.90105)
    assert (round(float(lon), 5), round(float(lat), 5)) == pytest.approx(
        (116.42703, 39.90245), abs=1.1e-5
    )


def test_offset_in_beijing_is_as_known():
    lon, lat = np.meshgrid(np.linspace(115.5, 117.4, 30), np.linspace(39.5, 41.0, 30))
    lon, lat = lon.ravel(), lat.ravel()
    gcj = metres(lon, lat, *wgs84_to_gcj02(lon, lat))
    assert gcj.min() > 480
    assert gcj.max() < 640
    bd = metres(lon, lat, *wgs84_to_bd09(lon, lat))
    assert bd.min() > 1000
    assert bd.max() < 1500


def test_bd09_against_the_formula_in_polar_form():
    """Written again from the published constants, one point at a time."""
    generator = np.random.default_rng(0)
    for x, y in generator.uniform([75, 5], [135, 53], (200, 2)):
        radius = math.sqrt(x * x + y * y) + 0.00002 * math.sin(y * math.pi * 3000 / 180)
        angle = math.atan2(y, x) + 0.000003 * math.cos(x * math.pi * 3000 / 180)
        expected = (radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006)
        assert gcj02_to_bd09(x, y) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "CGCS2000", "WGS-84"])
@given(lon=LON, lat=LAT)
def test_round_trip_to_a_millimetre(datum, lon, lat):
    back = to_wgs84(*from_wgs84([lon], [lat], datum), datum)
    assert metres([lon], [lat], *back)[0] < 0.001


@given(lon=LON, lat=LAT)
def test_inverse_solves_the_forward_formula(lon, lat):
    """The other way about: what is undone and done again is where it began."""
    again = wgs84_to_gcj02(*gcj02_to_wgs84([lon], [lat]))
    assert metres([lon], [lat], *again)[0] < 0.001
    again = gcj02_to_bd09(*bd09_to_gcj02([lon], [lat]))
    assert metres([lon], [lat], *again)[0] < 0.001


@pytest.mark.parametrize("code", ["EPSG:4547", "EPSG:32650", "EPSG:3857"])
def test_epsg_round_trip(code):
    generator = np.random.default_rng(2)
    lon, lat = generator.uniform([115.5, 39.5], [117.4, 41.0], (500, 2)).T
    back = to_wgs84(*from_wgs84(lon, lat, code), code)
    assert metres(lon, lat, *back).max() < 0.01


@pytest.mark.parametrize(
    ("lon", "lat"), [(2.35, 48.86), (-74.0, 40.7), (139.69, 35.68), (110.0, -7.0)]
)
def test_nothing_moves_outside_china(lon, lat):
    for datum in ("gcj02", "bd09"):
        assert from_wgs84([lon], [lat], datum) == ([lon], [lat])
        assert to_wgs84([lon], [lat], datum) == ([lon], [lat])


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_continuous_inside_up_to_the_edge(datum):
    """A step of one metre moves the shifted point by about one metre, along every edge."""
    step = 1e-5
    for lon, lat in [
        (WEST + 1e-4, 40.0),
        (EAST - 1e-4, 45.0),
        (100.0, SOUTH + 1e-4),
        (110.0, NORTH - 1e-4),
    ]:
        x, y = from_wgs84([lon, lon + step], [lat, lat + step], datum)
        assert metres(x[0], y[0], x[1], y[1]) == pytest.approx(
            metres(lon, lat, lon + step, lat + step), rel=0.05
        )


def test_edge_jump_is_the_whole_shift_and_nothing_more():
    inside, outside = wgs84_to_gcj02([WEST, WEST - 1e-9], [40.0, 40.0])
    assert metres(inside[0], 40.0, WEST, 40.0) < 1000
    assert outside[1] == 40.0


def test_not_a_number_stays_so():
    for datum in ("gcj02", "bd09", "EPSG:4547", "wgs84"):
        lon, lat = to_wgs84([np.nan, 116.0], [40.0, np.nan], datum)
        assert np.isnan(lon[0] + lat[0])
        assert np.isnan(lon[1] + lat[1])


def test_impossible_projected_coordinates_become_nan():
    lon, _ = to_wgs84([1e12], [1e12], "EPSG:32650")
    assert np.isnan(lon[0])


def test_input_is_never_changed():
    lon, lat = np.array([116.4]), np.array([39.9])
    for datum in ("wgs84", "gcj02", "bd09"):
        to_wgs84(lon, lat, datum)[0][:] = 0
        from_wgs84(lon, lat, datum)[0][:] = 0
    assert (lon[0], lat[0]) == (116.4, 39.9)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WGS-84", "wgs84"), ("wgs 84", "wgs84"), ("EPSG:4326", "wgs84"), ("CGCS2000", "cgcs2000"),
        ("epsg:4490", "cgcs2000"), ("GCJ-02", "gcj02"), ("高德", "gcj02"), ("BD_09", "bd09"),
        ("百度", "bd09"), ("EPSG:4547", "epsg:4547"), ("4547", "epsg:4547"),
    ],
)  # fmt: skip
def test_names_of_datums(text, name):
    assert parse_datum(text) == name


@pytest.mark.parametrize("text", ["", "beijing54", "EPSG:999999", "WGS-85", "EPSG:45.5"])
def test_unknown_datum(text):
    with pytest.raises(ValueError, match="unknown"):
        parse_datum(text)


@pytest.mark.parametrize(
    ("datum", "expected"), [("gcj02", True), ("epsg:4214", True), ("epsg:4547", False)]
)
def test_which_datums_count_in_degrees(datum, expected):
    assert is_geographic(datum) is expected
