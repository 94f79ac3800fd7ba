"""Service circles on streets drawn by hand, where every state is known by counting.

The town: a street of 1,000 m along the x axis from node 0 (x=0) to node 3 (x=1000), and a loose
street of 5 m far off. One outlet of "shop" at x=0; points stand on the street.
"""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.circles import ServiceType, measure_circles
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.profiles import ADULT, ELDERLY
from quarterhour.coverage.states import Reason, State
from quarterhour.coverage.summary import CIRCLE, point_table, summarise

CRS = "EPSG:32650"
X0, Y0 = 450_000.0, 4_400_000.0
SHOP = ServiceType("shop", metres=300.0, minutes=5.0)
CAFE = ServiceType("cafe", metres=500.0, minutes=10.0)


@pytest.fixture(scope="module")
def town():
    x = np.array([0.0, 300, 600, 1000, 5000, 5005]) + X0
    y = np.zeros(6) + Y0
    u, v = np.array([0, 1, 2, 4]), np.array([1, 2, 3, 5])
    return StreetNetwork.from_arrays(x, y, u, v, np.abs(x[v] - x[u]), crs=CRS)


def table(xs, ys=None, **columns):
    ys = np.zeros(len(xs)) if ys is None else np.asarray(ys, float)
    points = gpd.points_from_xy(np.asarray(xs, float) + X0, ys + Y0, crs=CRS)
    ids = [f"p{i}" for i in range(len(xs))]
    frame = gpd.GeoDataFrame({"id": ids, "name": ids, **columns}, geometry=points, crs=CRS)
    return frame.to_crs(4326)


def people(xs, ys=None, residents=None, **columns):
    residents = np.full(len(xs), 10.0) if residents is None else residents
    blank = [""] * len(xs)
    areas = {"community": blank, "street": blank, "district": blank} | columns
    return table(xs, ys, residents=residents, **areas)


def shops(xs, kinds="shop", status="open", ys=None):
    kinds = [kinds] * len(xs) if isinstance(kinds, str) else kinds
    status = [status] * len(xs) if isinstance(status, str) else status
    return table(xs, ys, type=kinds, status=status)


def states(town, demand, facilities, types=(SHOP,), **options):
    return measure_circles(town, demand, facilities, types, **options).state[:, 0].tolist()


def test_at_the_threshold_is_covered_and_a_metre_beyond_is_a_gap(town):
    assert states(town, people([299, 300, 301]), shops([0])) == [
        State.COVERED,
        State.COVERED,
        State.GAP,
    ]


def test_distance_and_nearest_outlet_are_reported_beyond_the_threshold(town):
    circles = measure_circles(town, people([900]), shops([0, 400]), [SHOP])
    assert circles.metres[0, 0] == pytest.approx(500, abs=0.01)
    assert circles.facility[0, 0] == 1
    assert circles.straight[0, 0] == pytest.approx(500, abs=0.01)


def test_minutes_follow_the_walker(town):
    demand, outlets = people([300]), shops([0])
    assert states(town, demand, outlets, criterion="minutes", profile=ADULT) == [State.COVERED]
    slow = measure_circles(town, demand, outlets, [SHOP], criterion="minutes", profile=ELDERLY)
    assert slow.seconds[0, 0] == pytest.approx(300 / (3.0 / 3.6), abs=0.1)
    assert slow.state[0, 0] == State.GAP


def test_closed_and_planned_outlets_do_not_count_but_substandard_do(town):
    status = ["closed", "planned", "substandard"]
    circles = measure_circles(town, people([0, 900]), shops([0, 10, 1000], status=status), [SHOP])
    assert circles.state[:, 0].tolist() == [State.GAP, State.COVERED]
    assert len(circles.facilities) == 1


@pytest.mark.parametrize(
    ("demand", "reason"),
    [
        (people([900], [400]), Reason.FAR_FROM_STREET),
        (people([5002]), Reason.SMALL_ISLAND),
    ],
)
def test_without_a_place_on_the_network_is_unknown(town, demand, reason):
    circles = measure_circles(town, demand, shops([0]), [SHOP])
    assert circles.state[0, 0] == State.UNKNOWN
    assert circles.reason[0, 0] == reason


def test_an_outlet_on_the_same_small_island_still_covers(town):
    assert states(town, people([5002]), shops([5004])) == [State.COVERED]


def test_type_without_any_outlet_is_unknown_unless_said_to_be_none(town):
    demand, outlets = people([0]), shops([0])
    unknown = measure_circles(town, demand, outlets, [CAFE])
    assert (unknown.state[0, 0], unknown.reason[0, 0]) == (State.UNKNOWN, Reason.NO_OUTLET_DATA)
    stated = measure_circles(town, demand, outlets, [CAFE], none_exist=["cafe"])
    assert (stated.state[0, 0], stated.reason[0, 0]) == (State.GAP, Reason.NONE)


def test_no_outlets_at_all_is_unknown(town):
    assert states(town, people([0]), shops([])) == [State.UNKNOWN]


def test_near_the_edge_of_the_data_a_gap_is_unknown(town):
    box = gpd.GeoSeries([shapely.box(X0 - 10, Y0 - 2000, X0 + 800, Y0 + 2000)], crs=CRS)
    known = box.to_crs(4326).iloc[0]
    demand = people([100, 450, 700])
    found = measure_circles(town, demand, shops([0]), [SHOP], known_within=known)
    assert found.state[:, 0].tolist() == [State.COVERED, State.GAP, State.UNKNOWN]
    assert found.reason[2, 0] == Reason.EDGE_OF_DATA


def test_an_outlet_without_a_street_makes_its_surroundings_unknown(town):
    outlets = shops([0, 800], ys=[0, 250])
    found = measure_circles(town, people([500, 790]), outlets, [SHOP])
    assert found.state[:, 0].tolist() == [State.GAP, State.UNKNOWN]
    assert found.reason[1, 0] == Reason.OUTLET_UNPLACED


def test_walk_to_the_street_counts_unless_switched_off(town):
    demand, outlets = people([250], [60]), shops([0])
    assert states(town, demand, outlets) == [State.GAP]
    assert states(town, demand, outlets, walk_to_street=False) == [State.COVERED]


def test_gates_replace_the_nearest_street(town):
    demand, outlets = people([250]), shops([0])
    gates = table([600]).assign(demand_id=["p0"])
    found = measure_circles(town, demand, outlets, [SHOP], entrances=gates)
    assert found.metres[0, 0] == pytest.approx(600, abs=0.01)


def test_circle_needs_every_basic_type(town):
    outlets = shops([0, 1000], kinds=["shop", "cafe"])
    types = [SHOP, CAFE, ServiceType("park", 100, 2, basic=False)]
    circles = measure_circles(town, people([100, 550, 700]), outlets, types)
    assert circles.circle.tolist() == [State.GAP, State.GAP, State.GAP]
    near = measure_circles(town, people([100]), shops([0, 50], kinds=["shop", "cafe"]), types)
    assert near.circle.tolist() == [State.COVERED]


def test_without_a_basic_type_no_circle_is_judged(town):
    types = [ServiceType("park", 100, 2, basic=False)]
    circles = measure_circles(town, people([0, 900]), shops([0], kinds=["park"]), types)
    assert circles.state[:, 0].tolist() == [State.COVERED, State.GAP]
    assert circles.circle.tolist() == [State.UNKNOWN, State.UNKNOWN]


def test_unknown_type_leaves_the_circle_unknown_unless_another_is_a_gap(town):
    circles = measure_circles(town, people([100, 900]), shops([0]), [SHOP, CAFE])
    assert circles.circle.tolist() == [State.UNKNOWN, State.GAP]


def test_types_must_be_named(town):
    with pytest.raises(ValueError, match="types is empty"):
        measure_circles(town, people([0]), shops([0]), [])


def two_communities():
    demand = people(
        [100, 400, 900, 5002],
        residents=np.array([10.0, 20.0, np.nan, 5.0]),
        community=["a", "a", "b", ""],
        district=["d", "d", "d", ""],
    )
    polygons = [
        shapely.box(X0 - 1, Y0 - 50, X0 + 500, Y0 + 50),
        shapely.box(X0 + 500, Y0 - 50, X0 + 1001, Y0 + 50),
        shapely.box(X0 - 1, Y0 - 50, X0 + 1001, Y0 + 50),
        shapely.box(X0 - 1, Y0 + 50, X0 + 500, Y0 + 90),
    ]
    areas = gpd.GeoDataFrame(
        {
            "id": ["a", "b", "d", "empty"],
            "name": ["甲", "乙", "区", "空"],
            "name_en": ["A", "B", "D", "E"],
            "level": ["community", "community", "district", "community"],
            "parent": ["d", "d", "", "d"],
        },
        geometry=polygons,
        crs=CRS,
    ).to_crs(4326)
    return demand, areas


def test_summary_counted_by_hand(town):
    demand, areas = two_communities()
    circles = measure_circles(town, demand, shops([0]), [SHOP])
    rows = summarise(circles, areas).set_index(["level", "area", "type"])
    a = rows.loc[("community", "a", "shop")]
    assert (a.residents, a.covered, a.gap, a.unknown, a.outlets) == (30, 10, 20, 0, 1)
    assert (a.share, a["name"]) == (pytest.approx(1 / 3), "甲")
    b = rows.loc[("community", "b", "shop")]
    assert (b.points, b.points_without_residents, b.residents, b.outlets) == (1, 1, 0, 0)
    assert np.isnan(b.share)
    city = rows.loc[("city", "", "shop")]
    assert (city.residents, city.covered, city.gap, city.unknown) == (35, 10, 20, 5)
    assert rows.loc[("community", "empty", "shop")].points == 0
    assert rows.loc[("city", "", CIRCLE)].covered == 10


def test_straight_lines_overcount_where_the_street_bends():
    x = np.array([0.0, 0, 200, 200]) + X0
    y = np.array([0.0, 400, 400, 0]) + Y0
    u, v = np.array([0, 1, 2]), np.array([1, 2, 3])
    bend = StreetNetwork.from_arrays(x, y, u, v, np.hypot(x[v] - x[u], y[v] - y[u]), crs=CRS)
    circles = measure_circles(bend, people([200]), shops([0]), [SHOP])
    row = summarise(circles).query("type == 'shop' and level == 'city'").iloc[0]
    assert (row.gap, row.straight_covered, row.overcount) == (10, 10, 10)
    assert circles.metres[0, 0] == pytest.approx(1000, abs=0.01)


@settings(max_examples=25, deadline=None)
@given(
    xs=st.lists(st.floats(0, 1000), min_size=1, max_size=12),
    residents=st.lists(st.one_of(st.floats(0, 500), st.just(np.nan)), min_size=12, max_size=12),
    outlet=st.floats(0, 1000),
)
def test_states_add_up_to_all_residents(town, xs, residents, outlet):
    persons = np.array(residents[: len(xs)])
    places = ["a" if x < 500 else "b" for x in xs]
    demand = people(xs, residents=persons, community=places)
    table = summarise(measure_circles(town, demand, shops([outlet]), [SHOP, CAFE]))
    assert np.allclose(table.covered + table.gap + table.unknown, table.residents)
    for kind in ("shop", "cafe", CIRCLE):
        rows = table[table.type == kind].groupby("level")[["covered", "gap", "unknown"]].sum()
        assert np.allclose(rows.loc["city"], rows.loc["community"])
        assert rows.loc["city"].sum() == pytest.approx(np.nansum(persons))


def test_point_table_names_state_walk_and_outlet(town):
    circles = measure_circles(town, people([100, 900]), shops([0]), [SHOP])
    points = point_table(circles)
    assert points["shop_state"].tolist() == ["covered", "gap"]
    assert points["shop_outlet"].tolist() == ["p0", "p0"]
    assert points["shop_metres"].tolist() == pytest.approx([100, 900], abs=0.01)
    assert points["basic_covered"].tolist() == [1, 0]
    assert points.crs.to_epsg() == 4326
