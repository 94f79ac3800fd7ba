"""Breakfast on a straight street, counted by hand, and the demo city."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.breakfast import (
    BREAKFAST_UNITS,
    OUTLET_UNITS,
    BreakfastRule,
    breakfast_points,
    breakfast_table,
    count_outlets,
    measure_breakfast,
    outlet_table,
)
from quarterhour.coverage.circles import ServiceType, measure_circles
from quarterhour.coverage.errors import QueryError
from quarterhour.data.opening_hours import Window

from .straight_street import people, street, table

EAT = ServiceType("breakfast", metres=300.0, minutes=5.0)
NETWORK = street()
HALF = BreakfastRule(out_share=0.5)


def stalls(xs, hours="06:00-10:00", capacity=10.0, **more):
    def filled(value):
        return value if isinstance(value, list) else [value] * len(xs)

    columns = {"type": "breakfast", "status": "open", "hours": hours, "capacity": capacity} | more
    return table(xs, **{name: filled(value) for name, value in columns.items()})


def measured(homes, outlets, rule=HALF, **options):
    return measure_breakfast(
        NETWORK, measure_circles(NETWORK, homes, outlets, [EAT], **options), rule
    )


def states(found):
    return [found.served.tolist(), found.gap.tolist(), found.unknown.tolist()]


def test_capacity_not_only_distance():
    # 50 of 100 breakfast out; the stall serves 10 an hour for three hours.
    found = measured(people([100]), stalls([0]))
    assert states(found) == [[30], [20], [0]]
    assert found.capacity.tolist() == [30]
    assert found.walk[0] == pytest.approx(100, abs=0.1)


def test_beyond_the_threshold_capacity_does_not_help():
    assert states(measured(people([100, 301, 299]), stalls([0], capacity=1000.0))) == [
        [50, 0, 50], [0, 50, 0], [0, 0, 0],
    ]  # fmt: skip


def test_each_resident_is_served_once():
    found = measured(people([100, 400]), stalls([0, 200], capacity=[20.0, 10.0]))
    # The nearer home leaves the middle stall to the one that reaches no other.
    assert states(found) == [[50, 30], [0, 20], [0, 0]]
    assert found.used.tolist() == [50, 30]


def test_seats_are_taken_in_turns():
    rule = BreakfastRule(out_share=0.5, capacity="seats", guests_per_seat=2.0)
    assert measured(people([100]), stalls([0], capacity=5.0), rule).capacity.tolist() == [30]


@pytest.mark.parametrize(
    ("hours", "served"),
    [
        ("06:00-10:00", 30),
        ("8:00-20:00", 10),
        ("9:00-18:00", 0),
        ("周末 06:00-10:00", 0),
        ("24h", 30),
    ],
)
def test_only_hours_within_the_window_count(hours, served):
    found = measured(people([100]), stalls([0], hours=hours))
    assert states(found) == [[served], [50 - served], [0]]
    assert count_outlets(found)["closed"] == (served == 0)


def test_another_window_and_other_days():
    rule = BreakfastRule(out_share=0.5, window=Window(600, 660), days=(5, 6))
    found = measured(people([100]), stalls([0], hours="周末 10:00-12:00"), rule)
    assert found.served.tolist() == [10]


@pytest.mark.parametrize(
    ("outlets", "state"),
    [(stalls([0], hours=""), "unknown_hours"), (stalls([0], capacity=np.nan), "unknown_capacity")],
)
def test_what_is_not_known_makes_unknown_not_gap(outlets, state):
    found = measured(people([100, 900]), outlets)
    assert states(found) == [[0, 0], [0, 50], [50, 0]]
    assert count_outlets(found) == {
        "open": 0, "closed": 0, "unknown_hours": 0, "unknown_capacity": 0, "off_streets": 0,
    } | {state: 1}  # fmt: skip


def test_a_closed_outlet_of_unknown_capacity_is_closed():
    found = measured(people([100]), stalls([0], hours="9:00-18:00", capacity=np.nan))
    assert states(found) == [[0], [50], [0]]
    assert found.state.tolist() == ["closed"]


def test_gap_is_the_least_that_is_certain():
    # The unknown stall could take home 0, leaving the known one (30) to home 1.
    found = measured(people([100, 400]), stalls([0, 200], capacity=[np.nan, 10.0]))
    assert found.served.sum() == 30
    assert found.gap.tolist() == [0, 20]
    assert found.unknown.tolist() == [50, 0]


def test_unknown_residents_are_counted_apart():
    found = measured(people([100, 150], residents=[100, np.nan]), stalls([0]))
    assert np.isnan(found.persons[1])
    row = breakfast_table(found).iloc[0]
    assert (row["points"], row["points_without_residents"], row["residents"]) == (2, 1, 100)


def test_far_from_streets_and_without_any_outlet_is_unknown():
    lost = people([100])
    lost = lost.set_geometry(lost.geometry.translate(yoff=0.01))
    assert states(measured(lost, stalls([0]))) == [[0], [0], [50]]
    assert states(measured(people([100]), stalls([]))) == [[0], [0], [50]]
    none = measured(people([100]), stalls([]), none_exist=["breakfast"])
    assert states(none) == [[0], [50], [0]]


def test_an_outlet_off_the_streets_makes_unknown():
    away = stalls([100])
    away = away.set_geometry(away.geometry.translate(yoff=0.0025))
    found = measured(people([100, 900]), away)
    assert found.state.tolist() == ["off_streets"]
    assert states(found) == [[0, 0], [0, 50], [50, 0]]


def test_tables():
    homes = people([100, 400, 900], community=["a", "a", "b"], district=["d", "d", "d"])
    found = measured(homes, stalls([0, 200], capacity=[20.0, 10.0]))
    rows = breakfast_table(found)
    assert list(rows.columns) == list(BREAKFAST_UNITS)
    by_area = rows.set_index(["level", "area"])
    assert by_area.loc[("community", "a"), ["demand", "served", "gap"]].tolist() == [100, 80, 20]
    assert by_area.loc[("community", "b"), ["demand", "served", "gap"]].tolist() == [50, 0, 50]
    assert by_area.loc[("city", ""), "share"] == pytest.approx(80 / 150)
    assert by_area.loc[("city", ""), "walk"] == pytest.approx((50 * 100 + 30 * 200) / 80, abs=0.1)
    assert np.isnan(by_area.loc[("community", "b"), "walk"])
    outlets = outlet_table(found)
    assert list(outlets.columns) == [*OUTLET_UNITS, "geometry"]
    assert outlets["share_used"].tolist() == pytest.approx([50 / 60, 1])
    assert breakfast_points(found)["breakfast_served"].tolist() == [50, 30, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"out_share": 1.5}, "out_share"),
        ({"out_share": float("nan")}, "out_share"),
        ({"out_share": 0.5, "guests_per_seat": 0.0}, "guests_per_seat"),
        ({"out_share": 0.5, "capacity": "chairs"}, "meals or seats"),
    ],
)
def test_rules_out_of_range(change, said):
    with pytest.raises(QueryError, match=said):
        BreakfastRule(**change)


def test_circles_must_judge_the_type():
    with pytest.raises(QueryError, match="not 'lunch'"):
        measured(people([0]), stalls([0]), BreakfastRule(out_share=0.5, type="lunch"))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_conservation(seed):
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 6, 2)
    persons = np.where(random.random(n) < 0.2, np.nan, random.integers(0, 200, n))
    words = ["06:00-10:00", "", "7:30-9:30", "9:00-18:00"]
    outlets = stalls(
        random.uniform(0, 1000, m), hours=list(random.choice(words, m)),
        capacity=list(np.where(random.random(m) < 0.3, np.nan, random.integers(0, 30, m))),
    )  # fmt: skip
    homes = people(random.uniform(0, 1000, n), residents=list(persons), community="c")
    found = measured(homes, outlets)
    for row in breakfast_table(found).itertuples():
        assert row.served + row.gap + row.unknown == pytest.approx(row.demand, abs=1e-5)
    known = np.isfinite(found.capacity)
    assert (found.used[known] <= found.capacity[known] + 1e-6).all()
    assert found.served.sum() == pytest.approx(found.used[known].sum(), abs=1e-5)
