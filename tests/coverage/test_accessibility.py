"""Accessibility scores: by hand, against the published `access` package, and what they conserve."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random_array

from quarterhour.coverage.accessibility import (
    ACCESSIBILITY_SUMMARY_UNITS,
    accessibility_summary,
    accessibility_table,
    measure_accessibility,
)
from quarterhour.coverage.catchments import gravity, two_step
from quarterhour.coverage.circles import measure_circles
from quarterhour.coverage.decay import (
    ExponentialDecay,
    GaussianDecay,
    PowerDecay,
    StepDecay,
    gaussian_to,
    three_zones,
)
from quarterhour.coverage.pairs import Pairs
from quarterhour.coverage.states import State

from . import street_case as case
from .street_case import CAFE, SHOP, TWO, people, shops

EQUAL = StepDecay((1000.0,), (1.0,))
DECAYS = {
    "step": three_zones(1000.0),
    "gaussian": GaussianDecay(400.0),
    "power": PowerDecay(scale=100.0, exponent=1.5, floor=50.0),
}


@pytest.fixture(scope="module")
def town():
    return case.street()


def matrix(costs):
    """Return pairs from a dense table of costs, NaN where there is none."""
    costs = np.asarray(costs, np.float32)
    here = ~np.isnan(costs)
    start = np.concatenate([[0], here.sum(axis=1).cumsum()]).astype(np.int64)
    rows, columns = costs.shape
    return Pairs(
        start, np.nonzero(here)[1].astype(np.int32), costs[here], "metres", 1000.0, 1.0, None,
        pd.RangeIndex(rows), pd.RangeIndex(columns),
    )  # fmt: skip


def drawn(seed, rows=40, columns=12, density=0.3):
    """Return random walks of 0 to 1,000 m, supply and residents."""
    random = np.random.default_rng(seed)
    there = random_array((rows, columns), density=density, rng=random).toarray() > 0
    costs = np.where(there, random.uniform(0, 1000, (rows, columns)), np.nan)
    return matrix(costs), random.uniform(0, 9, columns), random.integers(1, 500, rows).astype(float)


def test_two_steps_by_hand():
    # Two points of 100 and 300 people; outlet 0 is reached by both, outlet 1 by the second alone.
    found = two_step(matrix([[100, np.nan], [200, 300]]), [8.0, 3.0], [100.0, 300.0])
    assert found.demand.tolist() == [400, 300]
    assert found.ratio == pytest.approx([8 / 400, 3 / 300])
    assert found.score == pytest.approx([0.02, 0.03])


def test_enhanced_by_hand():
    # Zones of 100, 200 and 300 m weigh 1, 0.68 and 0.22.
    walks = matrix([[100, np.nan], [200, 300]])
    found = two_step(walks, [8.0, 3.0], [100.0, 300.0], three_zones(300.0))
    first, second = 8 / (100 + 0.68 * 300), 3 / (0.22 * 300)
    assert found.ratio == pytest.approx([first, second])
    assert found.score == pytest.approx([first, 0.68 * first + 0.22 * second])


def test_gravity_by_hand():
    decay = PowerDecay(scale=100.0, exponent=2.0, floor=100.0)
    score = gravity(matrix([[0, 200], [np.nan, np.nan]]), [2.0, 4.0], decay)
    assert score == pytest.approx([2 * 1 + 4 / 4, 0])


def test_unknown_supply_makes_only_what_rests_on_it_unknown():
    walks = matrix([[1, np.nan], [1, 1], [np.nan, 1]])
    found = two_step(walks, [5.0, np.nan], [1.0, 1.0, 1.0])
    assert np.isnan(found.score).tolist() == [False, True, True]
    assert np.isnan(gravity(walks, [5.0, np.nan], EQUAL)).tolist() == [False, True, True]


def test_points_without_residents_figure_add_no_demand_but_get_a_score():
    found = two_step(matrix([[1.0], [1.0]]), [6.0], [np.nan, 3.0])
    assert found.score.tolist() == [2, 2]


def test_an_outlet_no_resident_reaches_has_no_ratio():
    found = two_step(matrix([[1.0, np.nan], [np.nan, 1.0]]), [6.0, 6.0], [0.0, 3.0])
    assert np.isnan(found.ratio).tolist() == [True, False]
    assert np.isnan(found.score).tolist() == [True, False]


def test_pairs_that_weigh_nothing_do_not_spread_what_is_unknown():
    found = two_step(matrix([[1.0, 900.0]]), [6.0, np.nan], [3.0], StepDecay((500.0,), (1.0,)))
    assert found.score.tolist() == [2]


@pytest.mark.parametrize("decay", [None, *DECAYS.values()], ids=["plain", *DECAYS])
@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_the_access_package(seed, decay):
    fca = pytest.importorskip("access.fca", reason="the package access is not installed")
    walks, supply, residents = drawn(seed)
    rows = np.repeat(np.arange(walks.shape[0]), np.diff(walks.indptr))
    cost = pd.DataFrame(
        {"origin": rows, "dest": walks.indices, "cost": walks.cost.astype(np.float64)}
    )
    demand = pd.DataFrame({"geoid": np.arange(len(residents)), "demand": residents})
    offered = pd.DataFrame({"supply": supply}, index=pd.RangeIndex(len(supply), name="geoid"))
    weigh = None if decay is None else lambda c: float(decay(c))
    theirs = fca.two_stage_fca(demand, offered, cost, max_cost=1000.0, weight_fn=weigh)
    ours = pd.Series(two_step(walks, supply, residents, decay).score)
    assert len(theirs) > 30
    np.testing.assert_allclose(ours[theirs.index], theirs, rtol=1e-9, atol=1e-12)
    assert (ours.drop(theirs.index) == 0).all()


@pytest.mark.parametrize("name", DECAYS)
def test_gravity_agrees_with_the_access_package(name):
    fca = pytest.importorskip("access.fca", reason="the package access is not installed")
    weights = pytest.importorskip("access.weights")
    theirs_of = {
        "step": weights.step_fn({1000 / 3: 1.0, 2000 / 3: 0.68, 1000.0: 0.22}),
        "gaussian": weights.gaussian(400.0),
        "power": weights.gravity(scale=100.0, alpha=-1.5, min_dist=50.0),
    }
    walks, supply, _ = drawn(7)
    rows = np.repeat(np.arange(walks.shape[0]), np.diff(walks.indptr))
    cost = pd.DataFrame(
        {"origin": rows, "dest": walks.indices, "cost": walks.cost.astype(np.float64)}
    )
    offered = pd.DataFrame({"geoid": np.arange(len(supply)), "supply": supply})
    theirs = fca.weighted_catchment(
        offered, cost, cost_source="dest", cost_dest="origin", loc_value="supply",
        weight_fn=theirs_of[name],
    )  # fmt: skip
    ours = gravity(walks, supply, DECAYS[name])
    np.testing.assert_allclose(ours[theirs.index], theirs, rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([None, *DECAYS.values()]), st.floats(0.02, 0.9))
def test_supply_reached_is_shared_out_once(seed, decay, density):
    walks, supply, residents = drawn(seed, density=density)
    found = two_step(walks, supply, residents, decay)
    reached = supply[found.demand > 0].sum()
    assert (found.score * residents).sum() == pytest.approx(reached)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 100))
def test_scores_scale_with_supply_and_fall_with_residents(seed, factor):
    walks, supply, residents = drawn(seed)
    base = two_step(walks, supply, residents).score
    np.testing.assert_allclose(two_step(walks, supply * factor, residents).score, base * factor)
    np.testing.assert_allclose(two_step(walks, supply, residents * factor).score, base / factor)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 3000), min_size=2, max_size=20),
    st.sampled_from([*DECAYS.values(), ExponentialDecay(300.0), gaussian_to(900.0)]),
)
def test_decay_never_rises_with_the_walk(costs, decay):
    weights = decay(np.sort(costs))
    assert (np.diff(weights) <= 0).all()
    assert (weights >= 0).all()


def test_decays_at_known_costs():
    assert three_zones(900.0)([0, 300, 301, 600, 900, 901]).tolist() == [1, 1, 0.68, 0.68, 0.22, 0]
    assert gaussian_to(900.0)(900.0) == pytest.approx(0.1)
    assert ExponentialDecay(300.0)([0, 300]) == pytest.approx([1, np.exp(-1)])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: StepDecay((2.0, 1.0), (1.0, 1.0)), "must rise"),
        (lambda: StepDecay((), ()), "must rise"),
        (lambda: StepDecay((1.0,), (-1.0,)), "0 or more"),
        (lambda: GaussianDecay(0.0), "sigma is 0"),
        (lambda: ExponentialDecay(-1.0), "scale is -1"),
        (lambda: PowerDecay(1.0, 1.0, 0.0), "floor is 0"),
        (lambda: gaussian_to(1.0, 1.0), "between 0 and 1"),
        (lambda: two_step(matrix([[1.0]]), [1.0, 2.0], [1.0]), "supply must be 1 values"),
        (lambda: two_step(matrix([[1.0]]), [1.0], [-1.0]), "residents must be"),
    ],
)
def test_wrong_settings_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_on_the_street_by_hand(town):
    # Threshold 300 m. The shop at 0 is reached from 0, 250; that at 500 from 250 and 700.
    demand = people([0, 250, 700], residents=[100, 300, 100])
    circles = measure_circles(town, demand, shops([0, 500]), [SHOP])
    found = measure_accessibility(circles)
    first, second = 1 / 400, 1 / 400
    assert found.scores["two_step"][:, 0] == pytest.approx(
        np.array([first, first + second, second]) * 1000
    )
    # Walks are 0 and 250 m to the first (1, 0.22), 250 and 200 m to the second (0.22, 0.68).
    first, second = 1 / (100 + 66), 1 / (66 + 68)
    expected = np.array([first, 0.22 * first + 0.22 * second, 0.68 * second]) * 1000
    assert found.scores["enhanced"][:, 0] == pytest.approx(expected)
    assert found.ratio == pytest.approx(np.array([first, second]) * 1000)


@pytest.mark.parametrize("place", [300, 300.004, 300.008])
def test_at_the_threshold_still_counts(town, place):
    # The circle tolerates a centimetre; so must the last zone.
    circles = measure_circles(town, people([place]), shops([0]), [SHOP])
    assert circles.state[0, 0] == State.COVERED
    found = measure_accessibility(circles)
    assert found.scores["enhanced"][0, 0] == pytest.approx(1 / (0.22 * 10) * 0.22 * 1000)


def test_capacity_missing_is_unknown_and_counted(town):
    outlets = shops([0, 900], capacity=[40, np.nan])
    circles = measure_circles(town, people([0, 900, 500]), outlets, [SHOP])
    found = measure_accessibility(circles, supply="capacity")
    assert found.scores["two_step"][0, 0] == pytest.approx(4000)
    assert np.isnan(found.scores["two_step"][1, 0])
    assert found.scores["two_step"][2, 0] == 0
    assert found.outlets_without_supply.tolist() == [1]


def test_a_column_that_is_not_there_is_unknown_everywhere(town):
    outlets = shops([0]).drop(columns="capacity")
    circles = measure_circles(town, people([0]), outlets, [SHOP])
    found = measure_accessibility(circles, supply="capacity")
    assert np.isnan(found.scores["gravity"]).all()
    assert found.outlets_without_supply.tolist() == [1]


def test_no_place_no_score_and_no_outlet_is_zero_only_when_stated(town):
    demand = people([0, 5002, 900], [0, 0, 400])
    circles = measure_circles(town, demand, shops([0]), [SHOP, CAFE])
    scores = measure_accessibility(circles).scores["two_step"]
    assert np.isnan(scores).tolist() == [[False, True], [True, True], [True, True]]
    stated = measure_circles(town, demand, shops([0]), [SHOP, CAFE], none_exist=["cafe"])
    assert measure_accessibility(stated).scores["two_step"][0, 1] == 0


def test_one_catchment_for_all_types_and_minutes(town):
    circles = measure_circles(town, people([0]), shops([900]), [SHOP], criterion="minutes")
    assert measure_accessibility(circles).scores["two_step"][0, 0] == 0
    wide = measure_accessibility(circles, catchment=15.0)
    assert wide.scores["two_step"][0, 0] == pytest.approx(100)
    with pytest.raises(ValueError, match="catchment is 0"):
        measure_accessibility(circles, catchment=0.0)


def test_summary_weighs_by_residents(town):
    demand = people(
        [0, 250, 700, 5002], residents=[100, 300, 100, 50], community=["a", "a", "b", ""],
        street=["s", "s", "s", ""], district=["d", "d", "d", ""],
    )  # fmt: skip
    circles = measure_circles(town, demand, shops([0, 500]), [SHOP])
    found = measure_accessibility(circles)
    table = accessibility_summary(found, TWO)
    rows = table.set_index(["level", "area", "type", "score"])
    a = rows.loc[("community", "a", "shop", "two_step")]
    assert a["mean"] == pytest.approx((100 * 2.5 + 300 * 5.0) / 400)
    city = rows.loc[("city", "", "shop", "two_step")]
    assert (city.residents, city.unknown, city.none) == (550, 50, 0)
    assert city["mean"] * 500 == pytest.approx(2000)  # two outlets, per 1,000 residents
    assert list(table.columns) == list(ACCESSIBILITY_SUMMARY_UNITS)
    assert "shop_enhanced" in accessibility_table(found)


def test_unknown_scores_do_not_enter_the_mean(town):
    demand = people([0, 900], residents=[10, 1000])
    circles = measure_circles(town, demand, shops([0, 900], capacity=[5, np.nan]), [SHOP])
    found = measure_accessibility(circles, supply="capacity")
    row = accessibility_summary(found).query("score == 'gravity' and level == 'city'").iloc[0]
    assert (row["mean"], row.unknown) == (pytest.approx(5), 1000)


def test_real_pairs_and_drawn_pairs_are_the_same_thing(town):
    demand, outlets = people([0, 250, 700]), shops([0, 500])
    circles = measure_circles(town, demand, outlets, [SHOP])
    walks = matrix([[0, np.nan], [250, 250], [np.nan, 200]])
    by_hand = two_step(replace(walks, limit=300.0), [1, 1], [10, 10, 10]).score * 1000
    assert measure_accessibility(circles).scores["two_step"][:, 0] == pytest.approx(by_hand)
