"""What residents can choose from, counted by hand on a street and by a plain search elsewhere."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.circles import measure_again, measure_circles
from quarterhour.coverage.opportunities import (
    OPPORTUNITY_SUMMARY_UNITS,
    measure_opportunities,
    opportunity_summary,
    opportunity_table,
)
from quarterhour.coverage.profiles import ADULT, ELDERLY
from quarterhour.coverage.states import State

from . import street_case as case
from .street_case import CAFE, SHOP, TWO, people, shops


@pytest.fixture(scope="module")
def town():
    return case.street()


def measured(town, demand, outlets, types=(SHOP,), ranks=(1, 2, 3), **options):
    options = {"criterion": "minutes"} | options
    return measure_opportunities(
        measure_circles(town, demand, outlets, types, **options), ranks=ranks
    )


def test_kth_nearest_and_counts_by_hand(town):
    # From x = 0 to shops at 100, 400, 900: 1.5, 6 and 13.5 min at 4 km/h.
    found = measured(town, people([0]), shops([100, 400, 900]))
    assert found.metres[0, 0] == pytest.approx([100, 400, 900], abs=0.02)
    assert found.seconds[0, 0] / 60 == pytest.approx([1.5, 6.0, 13.5], abs=1e-3)
    assert found.within[0, 0].tolist() == [1, 2, 3]
    assert found.choice[0, 0] == 1
    assert found.state[0, 0].tolist() == [State.COVERED, State.GAP, State.GAP]


def test_at_the_end_of_a_window_counts_and_a_metre_beyond_does_not(town):
    found = measured(town, people([0]), shops([333, 334, 666, 667]))
    assert found.within[0, 0].tolist() == [1, 3, 4]


def test_by_metres_the_choice_is_by_metres_and_the_windows_stay_minutes(town):
    found = measured(town, people([0]), shops([300, 320, 340]), criterion="metres")
    assert found.choice[0, 0] == 1
    assert found.within[0, 0].tolist() == [2, 3, 3]


def test_the_elderly_have_less_to_choose_from(town):
    demand, outlets = people([0]), shops([200, 300, 700])
    adult = measured(town, demand, outlets)
    elderly = measured(town, demand, outlets, profile=ELDERLY)
    assert adult.within[0, 0].tolist() == [2, 2, 3]
    assert elderly.within[0, 0].tolist() == [1, 2, 3]  # 250, 500 and 750 m


def test_fewer_outlets_than_ranks_leaves_nan_and_a_gap(town):
    found = measured(town, people([0]), shops([100]))
    assert np.isnan(found.metres[0, 0, 1:]).all()
    assert found.state[0, 0].tolist() == [State.COVERED, State.GAP, State.GAP]


def test_another_type_or_tier_never_stands_in(town):
    near_cafes = shops([0, 10, 900], kinds=["cafe", "cafe", "shop"])
    found = measured(town, people([0]), near_cafes, [SHOP, CAFE])
    assert found.within[0].tolist() == [[0, 0, 1], [2, 2, 2]]
    assert found.state[0, 0, 0] == State.GAP
    assert found.choice[0].tolist() == [0, 2]


def test_closed_and_planned_outlets_do_not_count(town):
    outlets = shops([0, 10, 20, 30], status=["closed", "planned", "substandard", "open"])
    assert measured(town, people([0]), outlets).within[0, 0, 0] == 2


@pytest.mark.parametrize(
    ("demand", "outlets", "options"),
    [
        (people([900], [400]), shops([900]), {}),
        (people([5002]), shops([0]), {}),
        (people([0]), shops([0], kinds="cafe"), {}),
        (people([0]), shops([0, 100], ys=[0, 250]), {}),
    ],
    ids=["far from a street", "small island", "type not on record", "outlet without a street"],
)
def test_what_cannot_be_known_is_unknown_not_zero(town, demand, outlets, options):
    found = measured(town, demand, outlets, **options)
    assert not found.within_known.any()
    table = opportunity_table(found)
    assert table[["shop_within_5", "shop_choice"]].isna().all(axis=None)
    assert table["shop_state_2"].iloc[0] == "unknown"


def test_near_the_border_only_the_small_windows_are_known(town):
    box = shapely.box(case.X0 - 2000, case.Y0 - 2000, case.X0 + 900, case.Y0 + 2000)
    known = case.gpd.GeoSeries([box], crs=case.CRS).to_crs(4326).iloc[0]
    found = measured(town, people([400]), shops([400]), known_within=known)
    assert found.within_known[0, 0].tolist() == [True, False, False]


def test_summary_counts_residents_by_choice(town):
    demand = people(
        [0, 400, 800, 5002],
        residents=[10, 20, np.nan, 5],
        community=["a", "a", "b", ""],
        street=["s", "s", "s", ""],
        district=["d", "d", "d", ""],
    )
    found = measured(town, demand, shops([0, 100]))
    rows = opportunity_summary(found, TWO).set_index(["level", "area", "type", "measure"])
    a = rows.loc[("community", "a", "shop", "within_5")]
    # At x = 400 only the shop at 100 is within 333 m.
    assert (a.none, a.one, a.several, a.unknown, a.residents) == (0, 20, 10, 0, 30)
    assert (a["mean"], a["name_en"]) == (pytest.approx(40 / 30), "A")
    b = rows.loc[("community", "b", "shop", "within_5")]
    assert (b.residents, b.none) == (0, 0)
    assert np.isnan(b["mean"])
    city = rows.loc[("city", "", "shop", "choice")]
    assert (city.residents, city.unknown) == (35, 5)


def test_people_sum_across_levels(town):
    demand = people([0, 400, 800], community=["a", "a", "b"], street=["s"] * 3, district=["d"] * 3)
    table = opportunity_summary(measured(town, demand, shops([0, 100])), TWO)
    counted = ["residents", "none", "one", "several", "unknown"]
    sums = table.groupby(["level", "type", "measure"])[counted].sum()
    for level in ("district", "street", "community"):
        assert (sums.loc[level] == sums.loc["city"]).all(axis=None)
    assert (sums[["none", "one", "several", "unknown"]].sum(axis=1) == sums["residents"]).all()
    assert list(table.columns) == list(OPPORTUNITY_SUMMARY_UNITS)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(["shop", "cafe"])), max_size=8),
    st.sampled_from(["metres", "minutes"]),
)
def test_counts_agree_with_subtraction(homes, outlets, criterion):
    # On one straight street the walk is the difference of the positions.
    found = measured(
        case.street(), people(homes), shops([x for x, _ in outlets], [kind for _, kind in outlets]),
        [SHOP, CAFE], criterion=criterion, none_exist=["shop", "cafe"],
    )  # fmt: skip
    for row, home in enumerate(homes):
        for column, kind in enumerate([SHOP, CAFE]):
            walks = np.sort([abs(home - x) for x, of in outlets if of == kind.id])
            metres = [m * 1000 / 15 for m in (5, 10, 15)]
            assert found.within[row, column].tolist() == [(walks <= m + 0.05).sum() for m in metres]
            own = kind.metres if criterion == "metres" else kind.minutes * 1000 / 15
            assert found.choice[row, column] == (walks <= own + 0.05).sum()
            first = found.metres[row, column, : len(walks)]
            assert first == pytest.approx(walks[:3], abs=0.05)


def test_the_first_rank_is_the_circle_itself(town):
    demand, outlets = people(np.arange(0, 1000, 37)), shops([50, 800], ["shop", "cafe"])
    for criterion in ("metres", "minutes"):
        circles = measure_circles(town, demand, outlets, [SHOP, CAFE], criterion=criterion)
        found = measure_opportunities(circles)
        assert (found.state[:, :, 0] == circles.state).all()
        assert np.allclose(found.metres[:, :, 0], circles.metres, equal_nan=True)


def test_measuring_again_equals_measuring_anew(town):
    demand, outlets = people([0, 270, 320, 900, 5002]), shops([0, 600], ["shop", "cafe"])
    options = {"criterion": "minutes", "profile": ELDERLY}
    anew = measure_circles(town, demand, outlets, [SHOP, CAFE], **options)
    first = measure_circles(town, demand, outlets, [SHOP, CAFE], profile=ADULT)
    again = measure_again(first, **options)
    assert (again.state == anew.state).all()
    assert (again.reason == anew.reason).all()
    assert np.array_equal(again.seconds, anew.seconds, equal_nan=True)
    assert (again.state != first.state).any()


def test_no_outlets_and_no_ranks_are_allowed(town):
    found = measured(town, people([0]), shops([]), ranks=(), none_exist=["shop"])
    assert found.metres.shape == (1, 1, 0)
    assert found.within[0, 0].tolist() == [0, 0, 0]
    assert found.within_known.all()


@pytest.mark.parametrize("options", [{"ranks": (0,)}, {"windows": (0.0,)}])
def test_ranks_and_windows_must_be_sensible(town, options):
    circles = measure_circles(town, people([0]), shops([0]), [SHOP])
    with pytest.raises(ValueError, match="1 or more"):
        measure_opportunities(circles, **options)
