"""Allocation indicators counted by hand: two communities of one street-town on one street."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.circles import measure_circles
from quarterhour.coverage.indicators import (
    ALLOCATION_UNITS,
    PROVISION_UNITS,
    allocation_table,
    provision_table,
)
from quarterhour.coverage.requirements import requirements
from quarterhour.data.faults import FaultLog
from quarterhour.data.standards import load_pack, parse_pack

from . import street_case as case
from .street_case import CAFE, SHOP, TWO, people, shops

PACK = """
id = "p"
name = "p"
version = "1"
criterion = "metres"
[[tiers]]
id = "5min"
name = "5"
minutes = 5
metres = 300
[[types]]
id = "shop"
name = "shop"
tier = "5min"
[types.per_community]
value = 2
choice = true
source = "here"
[[types.indicators]]
id = "floor_area"
name = "area"
value = { value = 50, unit = "m2_per_1000", verified = true, source = "rule" }
[[types]]
id = "cafe"
name = "cafe"
tier = "5min"
[[types.indicators]]
id = "outlets"
name = "all"
value = { value = 2, unit = "outlets_per_1000" }
[[types.indicators]]
id = "chain"
name = "chain"
value = { value = 1000, unit = "outlets_per_million" }
[[types.indicators]]
id = "meals"
name = "meals"
value = { value = 5, unit = "meals_per_1000" }
[[profiles]]
id = "adult"
name = "a"
speed = 4.0
signal_delay = 30
[[indicators]]
id = "floor_area_total"
name = "total"
value = { value = 100, unit = "m2_per_1000" }
[[indicators]]
id = "floor_area_other"
name = "other"
value = { value = 60, unit = "m2_per_1000" }
[[indicators]]
id = "satisfaction"
name = "satisfaction"
value = { value = 90, unit = "percent" }
"""


@pytest.fixture(scope="module")
def town():
    return case.street()


@pytest.fixture(scope="module")
def pack():
    log = FaultLog()
    parsed = parse_pack(PACK, file="p.toml", log=log)
    log.raise_if_any()
    return parsed


def homes(residents=(2000, 1000), **columns):
    return people(
        [100, 900], residents=residents, community=["a", "b"], street=["s", "s"],
        district=["d", "d"], **columns,
    )  # fmt: skip


def judged(town, pack, demand, outlets, areas=TWO, log=None, **options):
    circles = measure_circles(town, demand, outlets, [SHOP, CAFE], **options)
    table = allocation_table(circles, pack, areas, log=log)
    return table.set_index(["level", "area", "type", "indicator"])


# a: three shops of 40, 60 and 10 m² and a cafe; b: one shop of 20 m².
OUTLETS = shops(
    [0, 100, 200, 300, 900],
    ["shop", "shop", "shop", "cafe", "shop"],
    area=[40, 60, 10, 80, 20],
)


def test_outlets_per_community(town, pack):
    rows = judged(town, pack, homes(), OUTLETS)
    a, b, city = (
        rows.loc[(*where, "shop", "per_community")]
        for where in (("community", "a"), ("community", "b"), ("city", ""))
    )
    assert (a.required, a.actual, a.shortfall, a.state) == (2, 3, 0, "met")
    assert (b.required, b.actual, b.shortfall, b.state) == (2, 1, 1, "short")
    # The surplus of a does not make up for b.
    assert (city.required, city.actual, city.shortfall, city.state) == (4, 4, 1, "short")
    assert (city.short_communities, city.certainty, city.source) == (1, "project_choice", "here")


def test_floor_area_per_thousand(town, pack):
    rows = judged(town, pack, homes(), OUTLETS)
    a, b, city = (
        rows.loc[(*where, "shop", "floor_area")]
        for where in (("community", "a"), ("community", "b"), ("city", ""))
    )
    assert (a.required, a.actual, a.shortfall, a.state) == (100, 110, 0, "met")
    assert (b.required, b.actual, b.shortfall, b.state) == (50, 20, 30, "short")
    assert (city.required, city.actual, city.shortfall, city.counted_in) == (150, 130, 20, "m2")
    assert (city.certainty, city.unit, city.value) == ("verified", "m2_per_1000", 50)


def test_floor_area_of_the_whole_pack_and_of_the_other_types(town, pack):
    rows = judged(town, pack, homes(), OUTLETS)
    total, other = (rows.loc[("city", "", "", f"floor_area_{name}")] for name in ("total", "other"))
    assert (total.required, total.actual, total.shortfall) == (300, 210, 90)
    # Only cafes have no area of their own in the pack.
    assert (other.required, other.actual, other.shortfall) == (180, 80, 100)


def test_outlets_per_thousand_are_whole(town, pack):
    rows = judged(town, pack, homes((1700, 1000)), OUTLETS)
    cafe = rows.loc[("city", "", "cafe", "outlets")]
    assert cafe.required == pytest.approx(5.4)
    assert (cafe.actual, cafe.shortfall, cafe.counted_in) == (1, 5, "outlets")


def test_missing_floor_area_is_unknown_unless_met_anyway(town, pack):
    outlets = OUTLETS.assign(area_m2=[40, 60, 10, 80, np.nan])
    rows = judged(town, pack, homes(), outlets)
    a, b = (rows.loc[("community", place, "shop", "floor_area")] for place in "ab")
    assert (a.state, a.shortfall) == ("met", 0)
    assert (b.state, b.outlets_without_area, b.shortfall_at_most) == ("unknown", 1, 50)
    assert np.isnan(b.shortfall)
    total = rows.loc[("community", "b", "", "floor_area_total")]
    assert (total.state, total.outlets_without_area) == ("unknown", 1)


def test_without_any_floor_area_all_of_it_is_unknown(town, pack):
    rows = judged(town, pack, homes(), OUTLETS.drop(columns="area_m2"))
    areas = rows[rows.counted_in == "m2"]
    inhabited = areas[areas.required > 0]
    with_outlets = inhabited[inhabited.outlets_without_area > 0]
    assert len(with_outlets)
    assert (with_outlets.state == "unknown").all()
    assert rows.loc[("community", "a", "shop", "per_community"), "state"] == "met"


def test_missing_residents_never_make_a_requirement_met(town, pack):
    demand = people(
        [100, 150, 900], residents=[2000, np.nan, 1000], community=["a", "a", "b"],
        street=["s"] * 3, district=["d"] * 3,
    )  # fmt: skip
    rows = judged(town, pack, demand, OUTLETS)
    a = rows.loc[("community", "a", "shop", "floor_area")]
    assert (a.state, a.points_without_residents) == ("unknown", 1)
    assert np.isnan(a.shortfall_at_most)
    # 110 m² at 50 m² per 1,000.
    assert (a.residents, a.suffices_for) == (2000, 2200)
    city = rows.loc[("city", "", "shop", "floor_area")]
    assert (city.state, city.shortfall) == ("short", 20)


def test_a_community_of_unknown_residents_may_need_no_outlet(town, pack):
    rows = judged(town, pack, homes((2000, np.nan)), OUTLETS)
    b, city = (
        rows.loc[(*where, "shop", "per_community")] for where in (("community", "b"), ("city", ""))
    )
    assert (b.state, b.shortfall_at_most, b.short_communities) == ("unknown", 1, 0)
    assert np.isnan(b.shortfall)
    assert (city.state, city.shortfall_at_most) == ("unknown", 1)


def test_an_empty_community_needs_nothing(town, pack):
    rows = judged(town, pack, homes((2000, 0)), OUTLETS)
    b = rows.sort_index().loc[("community", "b")]
    assert (b.required == 0).all()
    assert (b.loc["shop"].state == "met").all()


def test_a_type_not_on_record_is_unknown_and_stated_absence_is_short(town, pack):
    outlets = OUTLETS[OUTLETS["type"] != "cafe"].reset_index(drop=True)
    unknown = judged(town, pack, homes(), outlets).loc[("city", "", "cafe", "outlets")]
    assert unknown.state == "unknown"
    assert np.isnan([unknown.actual, unknown.shortfall]).all()
    stated = judged(town, pack, homes(), outlets, none_exist=["cafe"])
    row = stated.loc[("city", "", "cafe", "outlets")]
    assert (row.state, row.actual, row.shortfall) == ("short", 0, 6)
    assert judged(town, pack, homes(), outlets).loc[
        ("city", "", "", "floor_area_total"), "state"
    ] == ("unknown")


def test_per_community_of_a_type_not_on_record_is_unknown(town, pack):
    cafes = OUTLETS[OUTLETS["type"] == "cafe"].reset_index(drop=True)
    row = judged(town, pack, homes(), cafes).loc[("city", "", "shop", "per_community")]
    assert (row.state, row.required) == ("unknown", 4)
    assert np.isnan([row.actual, row.shortfall, row.short_communities]).all()


def test_what_is_left_out_is_said(town, pack):
    log = FaultLog()
    rows = judged(town, pack, homes(), OUTLETS, log=log)
    assert {(entry.code, entry.column) for entry in log.warnings} == {
        ("indicator_unit", "satisfaction"),
        ("indicator_unit", "meals"),
        ("indicator_needs_column", "chain"),
    }
    assert not log.faults
    assert "chain" not in rows.index.get_level_values("indicator")
    assert "satisfaction" not in rows.index.get_level_values("indicator")
    for entry in log.warnings:
        for language in ("en", "zh"):
            assert entry.column in entry.line(language)


def test_without_community_polygons_the_rest_is_still_told(town, pack):
    log = FaultLog()
    rows = judged(town, pack, homes(), OUTLETS, areas=None, log=log)
    assert "indicator_needs_communities" in {entry.code for entry in log.warnings}
    assert set(rows.index.get_level_values("level")) == {"city"}
    assert rows.loc[("city", "", "shop", "floor_area"), "actual"] == 130


def test_a_column_says_which_outlets_an_indicator_counts(town, pack):
    outlets = OUTLETS.assign(chain=[False, False, False, True, True])
    row = judged(town, pack, homes((3000, 0)), outlets).loc[("city", "", "cafe", "chain")]
    assert (row.required, row.actual, row.shortfall) == (3, 1, 2)


def test_shipped_packs_can_be_asked():
    pack = load_pack("beijing-8")
    log = FaultLog()
    asked = requirements(pack, pack.type_ids, log=log)
    assert sum(a.kind == "per_community" for a in asked) == 8
    areas = {a.indicator: a for a in asked if a.type == ""}
    assert areas["floor_area_total"].value == 600
    assert len(areas["floor_area_total"].counted) == 8
    assert set(areas["floor_area_other"].counted) == set(pack.type_ids) - {
        "vegetable",
        "convenience",
    }
    assert [entry.column for entry in log.warnings] == ["chain_stores"]


def test_provision_by_hand(town):
    circles = measure_circles(town, homes(), OUTLETS, [SHOP])
    table = provision_table(circles, TWO)
    rows = table.set_index(["level", "area", "type"])
    a, s = rows.loc[("community", "a", "shop")], rows.loc[("street", "s", "shop")]
    assert (a.outlets, a.outlets_per_1000, a.area_per_1000) == (3, 1.5, 55)
    assert (s.outlets, s.communities, s.outlets_per_community) == (4, 2, 2)
    assert list(table.columns) == list(PROVISION_UNITS)


def test_provision_says_what_is_missing(town):
    outlets = OUTLETS.assign(area_m2=[40, 60, 10, 80, np.nan])
    circles = measure_circles(
        town, homes((2000, np.nan)), outlets, [SHOP, CAFE, case.ServiceType("x", 1, 1)]
    )
    rows = provision_table(circles, TWO).set_index(["level", "area", "type"])
    b = rows.loc[("community", "b", "shop")]
    assert (b.outlets, b.outlets_without_area, b.points_without_residents) == (1, 1, 1)
    assert np.isnan([b.area_per_1000, b.outlets_per_1000]).all()
    city = rows.loc[("city", "", "shop")]
    assert (city.outlets_per_1000, city.area_per_1000_at_least) == (2, 55)
    assert np.isnan(city.area_per_1000)
    assert np.isnan(rows.loc[("city", "", "x"), "outlets"])


def test_outlets_outside_all_areas_are_counted_apart(town, pack):
    outlets = shops([100, 400, 900], ys=[0, 90, 0], area=[40, 60, 20])
    circles = measure_circles(town, homes(), outlets, [SHOP])
    rows = provision_table(circles, TWO).set_index(["level", "area"])
    assert rows.loc[("community", ""), "outlets"] == 1
    assert rows.loc["community", "outlets"].sum() == rows.loc[("city", ""), "outlets"] == 3


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 400)), max_size=8),
    st.tuples(st.integers(0, 5000), st.integers(0, 5000)),
)
def test_levels_agree(outlets, residents):
    log = FaultLog()
    pack = parse_pack(PACK, file="p.toml", log=log)
    there = shops([x for x, _ in outlets], area=[float(m) for _, m in outlets])
    rows = judged(case.street(), pack, homes(residents), there, none_exist=["shop", "cafe"])
    per = rows.xs("per_community", level="indicator").groupby("level")
    for column in ("required", "actual", "shortfall", "short_communities"):
        sums = per[column].sum()
        assert (sums == sums["city"]).all()
    area = rows.xs(("shop", "floor_area"), level=("type", "indicator")).groupby("level")
    for column in ("required", "actual"):
        sums = area[column].sum()
        assert sums.to_numpy() == pytest.approx(sums["city"])
    # Judged by its own totals, a larger area never lacks more than its parts together.
    lacking = area["shortfall"].sum()
    assert lacking["city"] <= lacking["community"] + 1e-6
    assert set(ALLOCATION_UNITS) == set(rows.reset_index().columns)
