"""Green spaces on a straight street: where they are entered, and who reaches them."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from quarterhour.coverage.circles import ServiceType
from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.green import GreenType, green_entrances, measure_green
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.states import Reason, State
from quarterhour.coverage.summary import summarise
from quarterhour.data.green import GreenTable

from .straight_street import CRS, X0, Y0, people, street

NETWORK = street()
POCKET = GreenType(ServiceType("pocket", metres=300.0, minutes=5.0), ("pocket_park",))


def green(shapes, kinds="pocket_park", gates=()):
    kinds = [kinds] * len(shapes) if isinstance(kinds, str) else kinds
    moved = [shapely.affinity.translate(shape, X0, Y0) for shape in shapes]
    ids = [f"G{i}" for i in range(len(shapes))]
    columns = {"id": ids, "name": ids, "kind": kinds, "area_m2": np.nan}
    places = gpd.GeoDataFrame(columns, geometry=moved, crs=CRS).to_crs(4326)
    owners = {"green_id": [owner for owner, _ in gates]}
    points = [shapely.Point(x + X0, Y0) for _, x in gates]
    entrances = gpd.GeoDataFrame(owners, geometry=points, crs=CRS).to_crs(4326)
    return GreenTable(places, entrances)


def entered(table):
    found = green_entrances(NETWORK, table)
    xy = shapely.get_coordinates(found.geometry.to_crs(CRS)) - [X0, Y0]
    return [
        (row.green_id, row.access, *np.round(at, 1).tolist())
        for row, at in zip(found.itertuples(), xy, strict=True)
    ]


def states(table, xs, types=(POCKET,), **options):
    return measure_green(NETWORK, people(xs), table, types, **options).state[:, 0].tolist()


def test_streets_open_a_polygon_where_they_cross_its_edge():
    assert entered(green([shapely.box(400, -50, 600, 50)])) == [
        ("G0", "crossing", 400, 0), ("G0", "crossing", 600, 0),
    ]  # fmt: skip


def test_a_street_along_the_edge_opens_it_all_along():
    found = entered(green([shapely.box(300, 0, 400, 50)]))
    assert {row[1] for row in found} == {"crossing"}
    along = sorted(row[2] for row in found)
    assert (along[0], along[-1]) == pytest.approx((300, 400), abs=1)
    assert max(np.diff(along)) <= 25.1


def test_given_entrances_are_the_only_ones():
    table = green([shapely.box(400, -50, 600, 50)], gates=[("G0", 400)])
    assert entered(table) == [("G0", "given", 400, 0)]


def test_a_polygon_no_street_meets_is_entered_at_its_nearest_edge():
    (found,) = entered(green([shapely.box(900, 20, 1100, 50)]))
    assert (found[1], found[3]) == ("edge", 20)
    assert 900 <= found[2] <= 1000


def test_a_point_is_its_own_entrance():
    assert entered(green([shapely.Point(300, 10)])) == [("G0", "point", 300, 10)]


def test_the_walk_ends_at_the_entrance_not_in_the_middle():
    # From x = 100 the edge at 400 is 300 m away, the middle 400 m.
    table = green([shapely.box(400, -50, 600, 50)])
    assert states(table, [99, 100.5, 899.5, 901]) == [
        State.GAP, State.COVERED, State.COVERED, State.GAP,
    ]  # fmt: skip
    only_east = green([shapely.box(400, -50, 600, 50)], gates=[("G0", 600)])
    assert states(only_east, [100.5, 299, 301]) == [State.GAP, State.GAP, State.COVERED]


def test_the_nearest_place_is_named_and_counted_once():
    table = green([shapely.box(100, -50, 200, 50), shapely.box(700, -50, 800, 50)])
    circles = measure_green(NETWORK, people([0, 1000]), table, [POCKET])
    assert circles.facilities.loc[circles.facility[:, 0], "id"].tolist() == ["G0", "G1"]
    assert circles.metres[:, 0] == pytest.approx([100, 200], abs=0.2)
    city = summarise(circles).iloc[0]
    assert (city["covered"], city["gap"], city["outlets"]) == (200, 0, 2)


def test_each_type_has_its_own_kinds_and_threshold():
    table = green([shapely.Point(0, 0), shapely.Point(1000, 0)], ["pocket_park", "park"])
    any_green = GreenType(ServiceType("any", metres=600.0, minutes=9.0), ("pocket_park", "park"))
    circles = measure_green(NETWORK, people([500, 900]), table, [POCKET, any_green])
    assert circles.state.tolist() == [[State.GAP, State.COVERED], [State.GAP, State.COVERED]]
    assert circles.facilities["id"].tolist() == ["G0:pocket", "G0:any", "G1"]


def test_far_from_streets_and_of_no_place_is_unknown():
    table = green([shapely.box(400, 250, 600, 290)])
    circles = measure_green(NETWORK, people([500, 0]), table, [POCKET])
    assert circles.state[:, 0].tolist() == [State.UNKNOWN, State.GAP]
    assert circles.reason[0, 0] == Reason.OUTLET_UNPLACED
    parks = green([shapely.Point(0, 0)], "park")
    assert states(parks, [0]) == [State.UNKNOWN]
    assert states(parks, [0], none_exist=["pocket"]) == [State.GAP]


def test_closed_streets_open_nothing():
    closed = np.full(4, np.inf)
    x = np.array([0.0, 250, 500, 750, 1000]) + X0
    u = np.arange(4)
    factors = np.where(u == 1, closed, 1.0)
    network = StreetNetwork.from_arrays(
        x, np.full(5, Y0), u, u + 1, crs=CRS, factor_forward=factors, factor_backward=factors
    )
    table = green([shapely.box(400, -50, 600, 50)])
    found = shapely.get_coordinates(green_entrances(network, table).geometry.to_crs(CRS))
    assert found[:, 0] - X0 == pytest.approx([600], abs=0.1)


def test_a_network_without_a_crs_is_refused():
    with pytest.raises(QueryError, match="CRS"):
        green_entrances(StreetNetwork.from_arrays([0, 1], [0, 0], [0], [1]), green([]))


def test_types_must_be_named():
    with pytest.raises(ValueError, match="types is empty"):
        measure_green(NETWORK, people([0]), green([shapely.Point(0, 0)]), [])


def test_entrances_without_any_gate_given_equal_those_found():
    table = green([shapely.box(400, -50, 600, 50)])
    gates = green([shapely.box(400, -50, 600, 50)], gates=[("G0", 400), ("G0", 600)])
    here = people([0, 250, 500, 1000])
    found, given = (measure_green(NETWORK, here, t, [POCKET]).metres for t in (table, gates))
    assert found == pytest.approx(given, abs=0.01)
    none = replace(gates, entrances=gates.entrances.iloc[:0])
    assert measure_green(NETWORK, here, none, [POCKET]).metres == pytest.approx(given, abs=0.01)
