"""Night parking on a straight street, counted by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.locate import locate
from quarterhour.coverage.parking import (
    NIGHT,
    PARKING_UNITS,
    Need,
    ParkingRule,
    measure_parking,
    parking_table,
)
from quarterhour.coverage.parking_sharing import (
    LOT_UNITS,
    SHARING_UNITS,
    SLOT_UNITS,
    lot_table,
    share_parking,
    sharing_table,
    slot_table,
    time_slots,
)
from quarterhour.coverage.states import State
from quarterhour.data.opening_hours import Window

from .straight_street import people, street, table

NETWORK = street()


def lots(xs, spaces=0.0, share=0.0, hours="", kind="office", community=""):
    def filled(value):
        return value if isinstance(value, list) else [value] * len(xs)

    columns = {"kind": kind, "hours": hours, "community": community}
    figures = {"spaces": spaces, "share_spaces": share}
    texts = {name: filled(value) for name, value in columns.items()}
    numbers = {name: np.array(filled(value), float) for name, value in figures.items()}
    return table(xs, id=[f"L{i}" for i in range(len(xs))], **texts, **numbers)


def own(spaces, community="c"):
    return lots([0], spaces=spaces, kind="residential", community=community)


def gap_of(homes, register, **rule):
    found = measure_parking(homes, register, ParkingRule(**rule))
    return found.communities.set_index("community")


@pytest.mark.parametrize(
    ("spaces", "gap", "state"),
    [(30, 20, State.GAP), (50, 0, State.COVERED), (80, 0, State.COVERED)],
)
def test_the_gap_is_vehicles_less_spaces_never_below_none(spaces, gap, state):
    homes = people([0, 500], vehicles=[20.0, 30.0], community="c")
    row = gap_of(homes, own(spaces)).loc["c"]
    assert (row["vehicles"], row["spaces"], row["gap"], row["state"]) == (50, spaces, gap, state)


def test_given_vehicles_come_before_households():
    homes = people([0, 500], vehicles=[20.0, np.nan], households=[1000.0, 30.0], community="c")
    assert gap_of(homes, own(10), cars_per_household=0.5).loc["c", "gap"] == 20 + 15 - 10


def test_a_surplus_elsewhere_fills_no_gap():
    homes = people([0, 500], vehicles=[20.0, 20.0], community=["a", "b"])
    register = lots([0, 500], spaces=[5.0, 90.0], kind="residential", community=["a", "b"])
    found = measure_parking(homes, register, ParkingRule())
    city = parking_table(found).iloc[0]
    assert (city["gap"], city["surplus"], city["communities"]) == (15, 70, 2)
    assert found.point_gap.tolist() == [15, 0]


def test_only_lots_residents_may_use_and_without_what_they_share():
    homes = people([0], vehicles=[50.0], community="c")
    register = lots(
        [0, 0, 0], spaces=[20.0, 30.0, 10.0], share=[5.0, 30.0, 0.0],
        kind=["residential", "office", "street"], community="c",
    )  # fmt: skip
    assert gap_of(homes, register).loc["c", "spaces"] == 15 + 10
    assert gap_of(homes, register, usable_kinds=("residential",)).loc["c", "spaces"] == 15


@pytest.mark.parametrize(
    ("vehicles", "spaces", "state"),
    [([20.0, np.nan], 30, State.UNKNOWN), ([40.0, np.nan], 30, State.GAP)],
)
def test_missing_vehicles_are_unknown_unless_the_rest_find_no_room(vehicles, spaces, state):
    row = gap_of(people([0, 500], vehicles=vehicles, community="c"), own(spaces)).loc["c"]
    assert (row["state"], row["missing"]) == (state, 1)
    assert np.isnan(row["gap"]) == (state == State.UNKNOWN)


def test_a_community_that_the_register_does_not_name_is_unknown():
    homes = people([0], vehicles=[20.0], community="c")
    found = measure_parking(homes, own(9, "other"), ParkingRule())
    assert parking_table(found).iloc[0][["gap", "unknown"]].tolist() == [0, 20]
    assert np.isnan(found.point_gap[0])
    assert gap_of(homes, own(9, "other"), complete=True).loc["c", "gap"] == 20


def test_points_without_a_community_are_unknown():
    homes = people([0], vehicles=[20.0])
    assert gap_of(homes, own(9, ""), complete=True).loc["", "state"] == State.UNKNOWN


def test_levels_add_up():
    homes = people(
        [0, 100, 500], vehicles=[20.0, 10.0, 20.0], community=["a", "a", "b"],
        street=["s", "s", "t"], district="d",
    )  # fmt: skip
    register = lots([0, 500], spaces=[5.0, 12.0], kind="residential", community=["a", "b"])
    rows = parking_table(measure_parking(homes, register, ParkingRule()))
    assert list(rows.columns) == list(PARKING_UNITS)
    assert rows.groupby("level")["gap"].sum().to_dict() == dict.fromkeys(
        ("city", "district", "street", "community"), 33
    )
    assert rows.set_index(["level", "area"]).loc[("street", "t"), "gap"] == 8


def shared(homes, register, limits=(300.0,), **rule):
    gap = measure_parking(homes, register, ParkingRule(complete=True, **rule))
    return share_parking(NETWORK, gap, register, locate(NETWORK, homes), limits=limits)


LATE = "18:00-08:00"


def test_sharing_within_the_limit_and_what_remains():
    homes = people([0, 900], vehicles=[20.0, 20.0], community=["a", "b"])
    register = lots([200, 450], spaces=[99.0, 99.0], share=[15.0, 50.0], hours=LATE)
    near, far = shared(homes, register, limits=(300.0, 500.0), subsidy=150.0)
    assert near.placed.tolist() == pytest.approx([15, 0])
    assert near.remaining.tolist() == pytest.approx([5, 20])
    assert far.placed.tolist() == pytest.approx([20, 20])
    table_near = lot_table(near)
    assert list(table_near.columns) == [*LOT_UNITS, "geometry"]
    assert table_near["subsidy"].tolist() == pytest.approx([15 * 150, 0])
    assert table_near["walk"][0] == pytest.approx(200, abs=0.1)
    # 15 walk 200 m, 5 walk 450 m, 20 walk 450 m.
    assert far.metres.sum() == pytest.approx(15 * 200 + 5 * 450 + 20 * 450, rel=1e-3)
    rows = sharing_table(far)
    assert list(rows.columns) == list(SHARING_UNITS)
    assert rows.iloc[0][["limit", "gap", "shared", "remaining"]].tolist() == pytest.approx(
        [500, 40, 40, 0], abs=1e-6
    )


def test_a_lot_that_opens_too_late_or_closes_too_early_takes_nobody():
    homes = people([0], vehicles=[20.0], community="a")
    hours = ["22:30-08:30", "18:00-06:30", LATE, "", "夜里", LATE]
    share = [9.0, 9.0, 9.0, 0.0, 9.0, np.nan]
    (found,) = shared(homes, lots([0] * 6, spaces=99.0, share=share, hours=hours))
    assert found.state.tolist() == [
        "too_short", "too_short", "shares", "no_sharing", "unknown", "unknown",
    ]  # fmt: skip
    assert found.placed.tolist() == pytest.approx([9])
    assert np.isnan(lot_table(found)["subsidy"]).all()


def test_a_lot_off_the_streets_is_told():
    register = lots([100], spaces=99.0, share=9.0, hours=LATE)
    register = register.set_geometry(register.geometry.translate(yoff=0.01))
    (found,) = shared(people([0], vehicles=[20.0], community="a"), register)
    assert found.state.tolist() == ["off_streets"]
    assert found.placed.tolist() == [0]


def test_windows_that_differ_share_spaces_by_time_slot():
    # Half come home at 18:00, half work nights: one space serves both, day and night.
    needs = (Need(Window(18 * 60, 32 * 60), 0.5), Need(Window(8 * 60, 18 * 60), 0.5))
    homes = people([0], vehicles=[20.0], community="a")
    (found,) = shared(homes, lots([0], spaces=10.0, share=10.0, hours="24h"), needs=needs)
    assert found.placed.tolist() == pytest.approx([20])
    assert found.used.tolist() == pytest.approx([10])
    rows = slot_table(found)
    assert list(rows.columns) == list(SLOT_UNITS)
    assert rows["slot"].tolist() == ["08:00-18:00", "18:00-08:00"]
    assert rows["used"].tolist() == pytest.approx([10, 10])


def test_needs_that_overlap_do_not_use_a_space_twice():
    needs = (Need(Window(18 * 60, 32 * 60), 0.5), Need(Window(7 * 60, 19 * 60), 0.5))
    homes = people([0], vehicles=[20.0], community="a")
    (found,) = shared(homes, lots([0], spaces=10.0, share=10.0, hours="24h"), needs=needs)
    assert found.placed.tolist() == pytest.approx([10])


def test_a_need_goes_to_the_lot_that_is_open_for_it():
    needs = (Need(Window(18 * 60, 31 * 60), 0.5), Need(Window(23 * 60, 31 * 60), 0.5))
    homes = people([0], vehicles=[20.0], community="a")
    register = lots([10, 200], spaces=50.0, share=[10.0, 50.0], hours=[LATE, "22:30-08:30"])
    (found,) = shared(homes, register, needs=needs)
    assert found.assignment.used.tolist() == pytest.approx([10, 10])
    assert found.placed.tolist() == pytest.approx([20])


def test_time_slots_cut_the_day():
    slots, present = time_slots([NIGHT, Window(18 * 60, 24 * 60)])
    assert [str(slot) for slot in slots] == ["00:00-07:00", "18:00-22:00", "22:00-24:00"]
    assert present.tolist() == [[True, False, True], [False, True, True]]
    whole, always = time_slots([Window(0, 1440)])
    assert (str(whole[0]), always.tolist()) == ("00:00-24:00", [[True]])


@pytest.mark.parametrize("limits", [(), (0.0,), (-1.0, 300.0), (np.inf,), (np.nan,)])
def test_limits_out_of_range(limits):
    with pytest.raises(QueryError, match="walking limits"):
        shared(people([0], vehicles=[1.0], community="a"), lots([0], spaces=1.0), limits=limits)


def test_homes_must_be_those_of_the_gap():
    homes = people([0], vehicles=[1.0], community="a")
    gap = measure_parking(homes, own(1, "a"), ParkingRule())
    with pytest.raises(QueryError, match="2 homes"):
        share_parking(NETWORK, gap, own(1), locate(NETWORK, people([0, 1])))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cars_per_household": -1.0}, "cars_per_household"),
        ({"subsidy": float("nan")}, "subsidy"),
        ({"needs": ()}, "add up to 1"),
        ({"needs": (Need(share=0.5),)}, "add up to 1"),
        ({"needs": (Need(share=1.5), Need(share=-0.5))}, "above 0"),
        ({"days": ()}, "days"),
        ({"days": (7,)}, "days"),
    ],
)
def test_rules_out_of_range(change, said):
    with pytest.raises(QueryError, match=said):
        ParkingRule(**change)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_sharing_never_exceeds_spaces_at_any_hour(seed):
    random = np.random.default_rng(seed)
    n, m = random.integers(1, 6, 2)
    homes = people(
        random.uniform(0, 1000, n), vehicles=list(random.integers(0, 40, n).astype(float)),
        community=list(random.choice(["a", "b"], n)),
    )  # fmt: skip
    register = lots(
        random.uniform(0, 1000, m), spaces=50.0, share=list(random.integers(0, 20, m)),
        hours=list(random.choice([LATE, "22:30-08:30", "24h", ""], m)),
    )  # fmt: skip
    needs = (Need(Window(18 * 60, 31 * 60), 0.4), Need(Window(23 * 60, 32 * 60), 0.3),
             Need(Window(6 * 60, 19 * 60), 0.3))  # fmt: skip
    for found in shared(homes, register, limits=(200.0, 500.0), needs=needs):
        spaces = register["share_spaces"].to_numpy()
        # Counted anew for every minute from the flows alone.
        minute = np.arange(1440)
        present = [(minute - need.window.start) % 1440 < need.window.minutes for need in needs]
        for lot in range(m):
            here = found.assignment.target == lot
            which = found.assignment.source[here] % len(needs)
            flows = found.assignment.flow[here]
            load = np.zeros(1440)
            for vehicles, need in zip(flows, which, strict=True):
                load += vehicles * present[need]
            assert load.max() <= spaces[lot] + 1e-6
        assert found.placed + found.remaining == pytest.approx(found.gap.point_gap, abs=1e-5)
        assert (found.flow_metres <= found.limit + 0.02).all()
