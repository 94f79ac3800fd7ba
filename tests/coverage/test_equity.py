"""Equity: Gini, Palma and the worst tenth against their definitions; walkers on a street."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage import inequality
from quarterhour.coverage.accessibility import measure_accessibility
from quarterhour.coverage.circles import measure_circles
from quarterhour.coverage.equity import (
    SPREAD_UNITS,
    WALKER_UNITS,
    Quantity,
    choice_quantity,
    compare_walkers,
    score_quantity,
    spread_table,
    walk_quantity,
)
from quarterhour.coverage.opportunities import measure_opportunities
from quarterhour.coverage.profiles import ELDERLY, TravelProfile
from quarterhour.coverage.summary import CIRCLE

from . import street_case as case
from .street_case import CAFE, SHOP, TWO, people, shops

AMOUNTS = st.lists(
    st.tuples(st.floats(0, 1e6).filter(lambda x: x == 0 or x > 1e-6), st.integers(0, 30)),
    min_size=1,
    max_size=25,
).filter(lambda rows: any(x > 0 and w > 0 for x, w in rows))


@pytest.fixture(scope="module")
def town():
    return case.street()


def gini(values, residents):
    return inequality.gini(inequality.rank(values, residents))[0]


def palma(values, residents):
    return inequality.palma(inequality.rank(values, residents))[0]


def worst_served(values, residents, **options):
    found = inequality.worst_served(inequality.rank(values, residents), **options)
    return SimpleNamespace(
        residents=found.residents[0], mean=found.mean[0], from_value=found.from_value[0]
    )


def persons_of(rows):
    """Return one value a person, rising: the definitions without weights."""
    return np.sort(np.repeat([x for x, _ in rows], [w for _, w in rows]))


@settings(max_examples=100, deadline=None)
@given(AMOUNTS)
def test_gini_is_the_mean_difference_of_persons(rows):
    each = persons_of(rows)
    differences = np.abs(each[:, None] - each[None, :]).sum()
    expected = differences / (2 * len(each) ** 2 * each.mean())
    found = gini(*zip(*rows, strict=True))
    assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found < 1


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, st.floats(1e-3, 1e3), st.integers(1, 50))
def test_gini_and_palma_do_not_depend_on_scale(rows, factor, times):
    x, w = (np.array(part, float) for part in zip(*rows, strict=True))
    for measure in (gini, palma):
        base = measure(x, w)
        assert measure(x * factor, w) == pytest.approx(base, rel=1e-9, abs=1e-9, nan_ok=True)
        assert measure(x, w * times) == pytest.approx(base, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(AMOUNTS, st.sampled_from(["low", "high"]))
def test_palma_and_worst_tenth_are_those_of_persons(rows, worse):
    x, w = (np.array(part, float) for part in zip(*rows, strict=True))
    # Ten for each person make tenths and two fifths whole numbers of persons.
    each = persons_of([(value, 10 * count) for value, count in rows])
    tenth, fifths = len(each) // 10, len(each) * 4 // 10
    low = each[:fifths].sum()
    expected = each[-tenth:].sum() / low if low > 0 else np.nan
    assert palma(x, w) == pytest.approx(expected, nan_ok=True)
    worst = each[:tenth] if worse == "low" else each[-tenth:]
    found = worst_served(x, w, worse=worse)
    assert found.residents == pytest.approx(w.sum() / 10)
    assert found.mean == pytest.approx(worst.mean())


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, st.integers(1, 10))
def test_a_gift_to_the_poorest_never_raises_gini(rows, gift):
    x, w = (np.array(part, float) for part in zip(*rows, strict=True))
    living = np.flatnonzero(w > 0)
    poorest, next_up = np.argsort(x[living])[:2] if len(living) > 1 else (0, 0)
    richer = x.copy()
    room = x[living[next_up]] - x[living[poorest]]
    richer[living[poorest]] += min(float(gift), room)
    assert gini(richer, w) <= gini(x, w) + 1e-9


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9), st.integers(0, 3)), max_size=20),
    st.sampled_from(["low", "high"]),
)
def test_groups_are_ranked_apart(rows, worse):
    x, w, group = (np.array([row[i] for row in rows], float) for i in range(3))
    group = group.astype(int)
    together = inequality.rank(x, w, group, 4)
    worst = inequality.worst_served(together, worse=worse)
    for number in range(4):
        mine = group == number
        alone = worst_served(x[mine], w[mine], worse=worse)
        found = [inequality.gini(together)[number], inequality.palma(together)[number]]
        found += [worst.residents[number], worst.mean[number], worst.from_value[number]]
        expected = [gini(x[mine], w[mine]), palma(x[mine], w[mine])]
        expected += [alone.residents, alone.mean, alone.from_value]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def test_known_values():
    # 1, 2, 3, 4: sum of |differences| is 20 over all ordered pairs; 20 / (2 * 16 * 2.5) = 0.25.
    assert gini([1, 2, 3, 4], [1, 1, 1, 1]) == pytest.approx(0.25)
    assert gini([5, 5], [3, 9]) == pytest.approx(0)
    # Nine tenths have nothing: 0.9.
    assert gini([0, 7], [90, 10]) == pytest.approx(0.9)
    # Five persons of 1..5: the top tenth holds 0.5 * 5, the bottom 40 % hold 1 + 2.
    assert palma([1, 2, 3, 4, 5], [1] * 5) == pytest.approx(2.5 / 3)
    assert palma([4, 4], [1, 9]) == pytest.approx(0.25)
    worst = worst_served([3, 1, 2], [10, 5, 85], worse="low")
    assert (worst.residents, worst.from_value) == (10, 2)
    assert worst.mean == pytest.approx(1.5)


def test_nobody_and_nothing_have_no_inequality():
    assert np.isnan(gini([], []))
    assert np.isnan(gini([0, 0], [1, 1]))
    assert np.isnan(palma([0, 0, 1], [1, 1, 1]))
    assert np.isnan(gini([np.nan, 3], [5, np.nan]))
    assert worst_served([], [], worse="low").residents == 0


def test_who_reaches_nothing_is_the_worst_served():
    found = worst_served([5, np.inf], [95, 5], worse="high")
    assert (found.residents, found.mean, found.from_value) == (10, np.inf, 5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gini([-1], [1]), "0 or more"),
        (lambda: gini([1, 2], [1]), "one length"),
        (lambda: gini([np.inf, 1], [1, 1]), "infinite"),
        (lambda: palma([np.inf, 1], [1, 1]), "infinite"),
        (lambda: worst_served([1], [1], worse="low", share=0.0), "share is 0"),
    ],
)
def test_wrong_values_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def homes():
    return people(
        [100, 290, 900], residents=[10, 20, 30], community=["a", "a", "b"], street=["s"] * 3,
        district=["d"] * 3,
    )  # fmt: skip


def test_the_elderly_lose_what_lies_between_their_circle_and_the_adults(town):
    # 5 minutes are 333 m for adults, 250 m for the elderly: the 20 people at 290 m are lost.
    circles = measure_circles(town, homes(), shops([0]), [SHOP])
    rows = compare_walkers(circles, TWO).set_index(["level", "area", "type", "profile"])
    adult, elderly = (rows.loc[("community", "a", "shop", who)] for who in ("adult", "elderly"))
    assert (adult.covered, adult.gap, adult.lost) == (30, 0, 0)
    assert (elderly.covered, elderly.gap, elderly.lost) == (10, 20, 20)
    assert elderly.share == pytest.approx(1 / 3)
    city = rows.loc[("city", "", CIRCLE, "elderly")]
    assert (city.covered, city.gap, city.lost, city.speed_kmh) == (10, 50, 20, 3.0)


def test_walkers_counts_add_up(town):
    circles = measure_circles(town, homes(), shops([0, 300], ["shop", "cafe"]), [SHOP, CAFE])
    table = compare_walkers(circles, TWO)
    sums = table.groupby(["level", "type", "profile"])[["residents", "covered", "lost"]].sum()
    for level in ("district", "street", "community"):
        assert (sums.loc[level] == sums.loc["city"]).all(axis=None)
    assert (table.covered + table.gap + table.unknown == table.residents).all()
    assert list(table.columns) == list(WALKER_UNITS)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.floats(1, 4))
def test_nobody_gains_by_walking_slower(places, speed):
    circles = measure_circles(case.street(), people(places), shops([200]), [SHOP])
    table = compare_walkers(circles, profiles=(ELDERLY, TravelProfile("slow", min(speed, 3.0))))
    first, other = table[table.profile == "elderly"], table[table.profile == "slow"]
    assert (other.covered.to_numpy() <= first.covered.to_numpy()).all()
    gone = first.covered.to_numpy() - other.covered.to_numpy()
    assert (other.lost.to_numpy() == gone).all()


def test_spread_by_hand(town):
    # Walks of 100, 290 and 900 m at 4 km/h: 1.5, 4.35 and 13.5 min for 10, 20 and 30 people.
    circles = measure_circles(town, homes(), shops([0]), [SHOP])
    table = spread_table(circles.demand, [walk_quantity(circles)], TWO)
    row = table[table.level == "city"].iloc[0]
    assert row["mean"] == pytest.approx((15 + 87 + 405) / 60, abs=1e-3)
    each = np.repeat([1.5, 4.35, 13.5], [10, 20, 30])
    expected = np.abs(each[:, None] - each).sum() / (2 * 60**2 * each.mean())
    assert row.gini == pytest.approx(expected, abs=1e-4)
    assert row.palma == pytest.approx(6 * 13.5 / (10 * 1.5 + 14 * 4.35), abs=1e-4)
    assert row.worst_tenth == pytest.approx(13.5, abs=1e-3)
    assert (row.residents, row.unknown, row.unreached) == (60, 0, 0)
    assert list(table.columns) == list(SPREAD_UNITS)
    b = table[(table.level == "community") & (table.area == "b")].iloc[0]
    assert (b.gini, b["name_en"]) == (0, "B")


def test_unreached_and_unknown_are_counted_apart(town):
    demand = people([0, 100, 5002], residents=[10, 20, 5])
    circles = measure_circles(town, demand, shops([0]), [SHOP, CAFE], none_exist=["cafe"])
    table = (
        spread_table(demand, [walk_quantity(circles)]).query("level == 'city'").set_index("type")
    )
    shop, cafe = table.loc["shop"], table.loc["cafe"]
    assert (shop.residents, shop.unknown, shop.unreached) == (30, 5, 0)
    assert (cafe.residents, cafe.unreached) == (30, 30)
    assert np.isnan([cafe["mean"], cafe.gini, cafe.palma, cafe.worst_tenth]).all()


def test_choice_and_scores_have_little_as_the_bad_end(town):
    circles = measure_circles(town, homes(), shops([0, 50]), [SHOP])
    choice = choice_quantity(measure_opportunities(circles))
    score = score_quantity(measure_accessibility(circles), "two_step")
    table = spread_table(circles.demand, [choice, score]).query("level == 'city'")
    rows = table.set_index("quantity")
    # 30 people choose from two shops, 30 from none: the worst tenth has none, Gini is a half.
    assert rows.loc["choice", "worst_tenth"] == 0
    assert rows.loc["choice", "gini"] == pytest.approx(0.5)
    assert rows.loc["two_step", "gini"] == pytest.approx(0.5)
    assert rows.loc["two_step", "mean"] == pytest.approx(2000 / 60)
    with pytest.raises(KeyError, match="none"):
        score_quantity(measure_accessibility(circles), "none")


def test_residents_not_known_take_no_part(town):
    demand = people([0, 900], residents=[10, np.nan])
    quantity = Quantity("minutes", "high", {"shop": np.array([2.0, 8.0])})
    row = spread_table(demand, [quantity]).iloc[0]
    assert (row["mean"], row.gini, row.residents) == (2, 0, 10)
