"""Encoding of geometry: against the published example, and decoded by an independent reader."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.maps.encode import encoded, polyline


def decoded(text):
    """Read the format as Google describes it, letter by letter."""
    numbers, value, shift = [], 0, 0
    for letter in text:
        bits = ord(letter) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    return np.cumsum(np.array(numbers, np.int64).reshape(-1, 2), axis=0)


def test_the_published_example():
    # developers.google.com/maps/documentation/utilities/polylinealgorithm, latitude first.
    example = np.array([[3850000, -12020000], [4070000, -12095000], [4325200, -12645300]])
    assert polyline(example) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


@given(st.lists(st.tuples(*[st.integers(-18_000_000, 18_000_000)] * 2), max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_numbers_come_back(places):
    given_places = np.array(places, np.int64).reshape(-1, 2)
    np.testing.assert_array_equal(decoded(polyline(given_places)), given_places)


def test_rings_parts_holes_and_blanks():
    hole = shapely.Polygon([(0, 0), (4, 0), (4, 4)], [[(2, 1), (3, 1), (3, 2)]])
    two = shapely.MultiPolygon([shapely.box(5, 5, 6, 6), shapely.box(7, 7, 8, 8)])
    line = shapely.LineString([(0, 0), (1, 1), (2, 0)])
    found = encoded(np.array([hole, None, two, shapely.Point(9, 9), line], object))
    assert found["part"] == [2, 0, 2, 1, 1]
    assert found["ring"] == [4, 4, 5, 5, 1, 3]
    assert found["open"] == [4]
    places = decoded(found["xy"]) / 1e5
    np.testing.assert_allclose(places[8:18], shapely.get_coordinates(two))


def test_nothing_at_all():
    assert encoded(np.empty(0, object)) == {"xy": "", "ring": [], "part": [], "open": []}


@pytest.mark.parametrize("rows", [3, 1])
def test_equal_lengths_are_one_number(rows):
    points = shapely.points([[1.0, 2.0]] * rows)
    assert (encoded(points)["ring"], encoded(points)["part"]) == (1, 1)
