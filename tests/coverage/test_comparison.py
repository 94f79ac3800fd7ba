"""Two years side by side: every change has a cause, and the causes add up."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.coverage.comparison import (
    COMPARISON_UNITS,
    PARTS,
    compare_coverage,
    compare_gaps,
    compare_outlets,
    compare_points,
)

STEP = 0.0001  # degrees of latitude, about 11.1 m


def outlets(*rows):
    ids, kinds, norths = zip(*rows, strict=True) if rows else ((), (), ())
    geometry = gpd.points_from_xy(np.full(len(ids), 117.0), 38 + STEP * np.array(norths, float))
    return gpd.GeoDataFrame({"id": ids, "name": ids, "type": kinds}, geometry=geometry, crs=4326)


def changes(table):
    return {(row.id_before, row.id_after): row.change for row in table.itertuples()}


def test_outlets_are_matched_by_id_then_by_place():
    before = outlets(("a", "shop", 0), ("b", "shop", 10), ("c", "cafe", 20), ("d", "shop", 30))
    after = outlets(("a", "shop", 5), ("b2", "shop", 11), ("c2", "shop", 20), ("e", "shop", 50))
    table = compare_outlets(before, after)
    assert changes(table) == {
        ("a", "a"): "kept",
        ("b", "b2"): "kept",
        ("c", ""): "closed",
        ("d", ""): "closed",
        ("", "c2"): "opened",
        ("", "e"): "opened",
    }
    assert table.set_index("id_before").loc["a", "moved"] == pytest.approx(5 * 11.1, rel=0.01)


def test_the_nearest_pairs_are_matched_first():
    before = outlets(("a", "shop", 0), ("b", "shop", 2))
    after = outlets(("x", "shop", 1.9), ("y", "shop", 0.5))
    assert changes(compare_outlets(before, after)) == {("a", "y"): "kept", ("b", "x"): "kept"}


ONE = (("a", "shop", 0),)


@pytest.mark.parametrize(("left", "right"), [((), ()), (ONE, ()), ((), ONE)])
def test_no_outlets(left, right):
    table = compare_outlets(outlets(*left), outlets(*right))
    assert len(table) == max(len(left), len(right))


def points(*rows):
    """Rows of (id, residents, state, nearest outlet)."""
    frame = pd.DataFrame(rows, columns=["id", "residents", "shop_state", "shop_outlet"])
    return frame.assign(circle=frame["shop_state"], community="A", street="S", district="D")


OLD, NEW = outlets(("old", "shop", 0), ("gone", "shop", 100)), outlets(
    ("old", "shop", 0), ("new", "shop", 200))  # fmt: skip


CHANGED = compare_outlets(OLD, NEW)


def accounts(before, after):
    return compare_points(points(*before), points(*after), CHANGED, ("shop",))


@pytest.mark.parametrize(
    ("before", "after", "part", "persons"),
    [
        (("gap", "old"), ("covered", "new"), "gained_by_opening", 12),
        (("covered", "gone"), ("gap", "old"), "lost_by_closing", -12),
        (("gap", "old"), ("covered", "old"), "remeasured", 12),
        (("unknown", ""), ("covered", "new"), "remeasured", 12),
        (("covered", "gone"), ("covered", "new"), "moved", 2),
        (("gap", "old"), ("gap", "old"), None, 0),
    ],
)
def test_every_change_has_its_cause(before, after, part, persons):
    row = accounts([("p", 10.0, *before)], [("p", 12.0, *after)]).set_index("type").loc["shop"]
    # A point covered before also counts the two residents who moved in, at its old state.
    expected = dict.fromkeys(PARTS, 0.0)
    if before[0] == "covered":
        expected["moved"] = 2.0
    if part:
        expected[part] = persons
    assert {name: row[name] for name in PARTS} == expected


def test_points_in_one_study_only_are_counted_apart():
    table = compare_coverage(
        accounts([("p", 10.0, "covered", "old")], [("q", 7.0, "covered", "old")])
    )
    city = table[(table["level"] == "city") & (table["type"] == "shop")].iloc[0]
    assert (city["points"], city["change"]) == (-3, -3)


STATE = st.sampled_from(["covered", "gap", "unknown"])
POINT = st.tuples(
    st.sampled_from("pqrstuvw"), st.one_of(st.just(np.nan), st.integers(0, 99).map(float)), STATE,
    st.sampled_from(["old", "gone", "new", ""]),
)  # fmt: skip
YEAR = st.lists(POINT, max_size=8, unique_by=lambda point: point[0])


@settings(max_examples=40, deadline=None)
@given(YEAR, YEAR)
def test_the_parts_sum_to_the_change_at_every_level(before, after):
    table = compare_coverage(accounts(before, after))
    assert list(table.columns) == list(COMPARISON_UNITS)
    assert table[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(table["change"].to_numpy())
    covered = sum(r for _, r, s, _ in after if s == "covered" and not np.isnan(r))
    levels = table[table["type"] == "shop"].groupby("level")["covered_after"].sum()
    assert all(total == pytest.approx(covered) for total in levels)


def gap_record(residents, name="G1"):
    return pd.DataFrame(
        {"id": [name], "place": ["A"], "place_name": ["甲"], "type": ["shop"],
         "residents": [residents]}
    )  # fmt: skip


NONE = gap_record(1.0).iloc[:0]


@pytest.mark.parametrize(
    ("old", "new", "before", "after", "expected"),
    [
        (gap_record(10.0), NONE, ("gap", "old"), ("covered", "new"), ("closed", "outlets", 10)),
        (NONE, gap_record(10.0), ("covered", "gone"), ("gap", "old"), ("opened", "outlets", -10)),
        (gap_record(10.0), NONE, ("gap", "old"), ("covered", "old"), ("closed", "remeasured", 0)),
        (gap_record(9.0), gap_record(10.0), ("gap", "old"), ("gap", "old"),
         ("larger", "residents", 0)),
        (gap_record(9.0), gap_record(9.0), ("gap", "old"), ("gap", "old"), ("same", "", 0)),
    ],
)  # fmt: skip
def test_what_became_of_a_gap(old, new, before, after, expected):
    found = compare_gaps(old, new, accounts([("p", 10.0, *before)], [("p", 10.0, *after)])).iloc[0]
    assert (found["change"], found["cause"], found["by_outlets"]) == expected
    assert found["place_name"] == "甲"
