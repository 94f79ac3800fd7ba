"""Complete circles by category and tier, counted by hand; any number of types and categories."""

import numpy as np
import pytest

from quarterhour.coverage.circles import ServiceType, measure_circles
from quarterhour.coverage.completeness import (
    COMPLETENESS_UNITS,
    TypeGroup,
    completeness_summary,
    completeness_table,
    group_state,
    type_groups,
    types_covered,
)
from quarterhour.coverage.states import State
from quarterhour.data.faults import FaultLog
from quarterhour.data.standards import load_pack, parse_pack

from . import street_case as case
from .street_case import CAFE, SHOP, TWO, people, shops

BOTH = TypeGroup("basic", "", ("shop", "cafe"))


@pytest.fixture(scope="module")
def town():
    return case.street()


def homes(**columns):
    return people(
        [0, 250, 900, 900],
        residents=[10, 20, 30, np.nan],
        community=["a", "a", "b", "b"],
        street=["s"] * 4,
        district=["d"] * 4,
        **columns,
    )


def pack_of(categories, items, tiers=("5min", "10min", "15min")):
    """Write a pack of many types, spread over categories and tiers in turn."""
    lines = ['id = "many"', 'name = "many"', 'version = "1"', 'criterion = "minutes"']
    for minutes, tier in zip((5, 10, 15), tiers, strict=True):
        lines += ["[[tiers]]", f'id = "{tier}"', f'name = "{tier}"', f"minutes = {minutes}",
                  f"metres = {minutes * 60}"]  # fmt: skip
    for number in range(categories):
        lines += ["[[categories]]", f'id = "c{number}"', f'name = "c{number}"']
    for number in range(items):
        lines += ["[[types]]", f'id = "t{number}"', f'name = "t{number}"',
                  f'category = "c{number % categories}"', f'tier = "{tiers[number % 3]}"',
                  f"basic = {'true' if number % 2 else 'false'}"]  # fmt: skip
    lines += ["[[profiles]]", 'id = "adult"', 'name = "a"', "speed = 4.0", "signal_delay = 30"]
    log = FaultLog()
    pack = parse_pack("\n".join(lines), file="many.toml", log=log)
    log.raise_if_any()
    return pack


def test_state_and_number_of_types_by_hand(town):
    # Shop at 0 within 300 m covers x = 0 and 250; cafe at 600 within 500 m covers 250 and 900.
    circles = measure_circles(town, homes(), shops([0, 600], ["shop", "cafe"]), [SHOP, CAFE])
    assert types_covered(circles, BOTH).tolist() == [1, 2, 1, 1]
    gap, full = State.GAP, State.COVERED
    assert group_state(circles, BOTH).tolist() == [gap, full, gap, gap]
    assert group_state(circles, BOTH).tolist() == circles.circle.tolist()


def test_residents_and_communities_with_a_full_circle(town):
    outlets = shops([0, 300], ["shop", "cafe"])
    circles = measure_circles(town, homes(), outlets, [SHOP, CAFE])
    rows = completeness_summary(circles, [BOTH], TWO).set_index(["level", "area"])
    a, b, city = rows.loc[("community", "a")], rows.loc[("community", "b")], rows.loc[("city", "")]
    assert (a.full, a.gap, a.full_communities, a.share, a.mean_types) == (30, 0, 1, 1.0, 2.0)
    assert (b.full, b.gap, b.gap_communities, b.full_communities) == (0, 30, 1, 0)
    assert (city.full, city.gap, city.communities) == (30, 30, 2)
    assert (city.full_communities, city.gap_communities) == (1, 1)


def test_a_point_without_residents_figure_makes_a_community_unknown_never_a_gap(town):
    demand = people([0, 900, 900], residents=[10, np.nan, 0], community=["a", "a", "a"])
    circles = measure_circles(town, demand, shops([0]), [SHOP])
    row = completeness_summary(circles, [TypeGroup("all", "", ("shop",))]).iloc[0]
    assert (row.communities, row.unknown_communities, row.gap_communities) == (1, 1, 0)


def test_an_empty_community_is_not_counted(town):
    demand = people([0, 900], residents=[10, 0], community=["a", "b"])
    circles = measure_circles(town, demand, shops([0]), [SHOP])
    row = completeness_summary(circles, [TypeGroup("all", "", ("shop",))]).iloc[0]
    assert (row.communities, row.full_communities) == (1, 1)


def test_a_higher_tier_does_not_complete_a_lower_one(town):
    small = ServiceType("clinic5", metres=300, minutes=5)
    large = ServiceType("hospital15", metres=1000, minutes=15)
    circles = measure_circles(
        town, people([0]), shops([0], kinds="hospital15"), [small, large], none_exist=["clinic5"]
    )
    lower, upper = (
        TypeGroup("tier", "5min", ("clinic5",)),
        TypeGroup("tier", "15min", ("hospital15",)),
    )
    assert group_state(circles, lower).tolist() == [State.GAP]
    assert group_state(circles, upper).tolist() == [State.COVERED]


def test_groups_of_a_shipped_pack():
    pack = load_pack("mofcom-2021")
    groups = {(g.grouping, g.id): g.types for g in type_groups(pack)}
    assert len(groups["basic", ""]) == 12
    assert len(groups["category", "basic"]) + len(groups["category", "upgrade"]) == 17
    tiers = [types for (grouping, _), types in groups.items() if grouping == "tier"]
    assert sorted(sum(tiers, ())) == sorted(pack.type_ids)


def test_only_measured_types_make_groups():
    pack = load_pack("beijing-8")
    groups = {(g.grouping, g.id): g.types for g in type_groups(pack, ["repair"])}
    assert ("basic", "") not in groups
    assert groups["all", ""] == ("repair",)


@pytest.mark.parametrize(("categories", "items"), [(4, 16), (10, 60)])
def test_lists_of_any_size(town, categories, items):
    pack = pack_of(categories, items)
    types = [
        ServiceType(
            kind, pack.threshold(kind, "metres").value, pack.threshold(kind, "minutes").value,
            pack.type(kind).basic,
        )
        for kind in pack.type_ids
    ]  # fmt: skip
    missing = pack.type_ids[-1]
    kinds = list(pack.type_ids[:-1])
    circles = measure_circles(
        town, people([0]), shops([0] * len(kinds), kinds), types, none_exist=[missing]
    )
    groups = type_groups(pack)
    assert sum(g.grouping == "category" for g in groups) == categories
    table = completeness_table(circles, groups)
    assert table["all_covered"].tolist() == [items - 1]
    assert table["all_state"].tolist() == ["gap"]
    broken = f"category_{pack.type(missing).category}_state"
    states = {name: col[0] for name, col in table.items() if name.endswith("_state")}
    assert states[broken] == "gap"
    assert (
        sum(states[f"category_c{n}_state"] == "covered" for n in range(categories))
        == categories - 1
    )


def test_people_and_communities_sum_across_levels(town):
    circles = measure_circles(town, homes(), shops([0, 300], ["shop", "cafe"]), [SHOP, CAFE])
    table = completeness_summary(circles, [BOTH], TWO)
    counted = ["residents", "full", "gap", "unknown", "communities", "full_communities"]
    sums = table.groupby("level")[counted].sum()
    assert (sums == sums.loc["city"]).all(axis=None)
    assert (sums[["full", "gap", "unknown"]].sum(axis=1) == sums["residents"]).all()
    assert list(table.columns) == list(COMPLETENESS_UNITS)


def test_a_group_of_types_not_measured_is_an_error(town):
    circles = measure_circles(town, people([0]), shops([0]), [SHOP])
    with pytest.raises(KeyError, match="cafe"):
        group_state(circles, BOTH)


def test_types_without_a_category_stay_out_of_categories():
    log = FaultLog()
    text = """
id = "p"
name = "p"
version = "1"
criterion = "metres"
tiers = [{ id = "5min", name = "5", minutes = 5, metres = 300 }]
categories = [{ id = "food", name = "food" }]
types = [
  { id = "shop", name = "shop", tier = "5min", category = "food" },
  { id = "bank", name = "bank", tier = "5min" },
]
profiles = [{ id = "adult", name = "a", speed = 4.0, signal_delay = 30 }]
"""
    pack = parse_pack(text, file="p.toml", log=log)
    log.raise_if_any()
    groups = {(g.grouping, g.id): g.types for g in type_groups(pack)}
    assert groups == {
        ("all", ""): ("shop", "bank"),
        ("category", "food"): ("shop",),
        ("tier", "5min"): ("shop", "bank"),
    }
