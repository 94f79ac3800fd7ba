"""Gap list, priority, straight-line table, scorecard, blocks: a town drawn by hand.

A street of 4,000 m along x. Threshold of "shop" 300 m, of "cafe" 500 m; a shop at x=0, a cafe at
x=2000. Community A holds x = 0..1000, B x = 2000..3000 (both in street-town S), C x = 4000 (in
street-town T); all lie in district D but the two loose points, which lie in no area.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.coverage.blocks import BlockRubric, score_blocks
from quarterhour.coverage.circles import ServiceType, measure_circles
from quarterhour.coverage.gaps import GAP_UNITS, gap_id, gap_list
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.priority import (
    COMPONENTS,
    PriorityWeights,
    priorities,
    priority_components,
    sensitivity,
    with_priority,
)
from quarterhour.coverage.scorecard import Indicator, scorecard
from quarterhour.coverage.straightline import straight_line_table
from quarterhour.coverage.summary import summarise
from quarterhour.data.complaints import with_rates

CRS = "EPSG:32650"
X0, Y0 = 450_000.0, 4_400_000.0
SHOP = ServiceType("shop", metres=300.0, minutes=5.0)
CAFE = ServiceType("cafe", metres=500.0, minutes=10.0)
TYPES = ("shop", "cafe")

#: id, x, residents, community, street, district
HOMES = [
    ("a1", 0, 100, "A", "S", "D"),
    ("a2", 1000, 20, "A", "S", "D"),
    ("a3", 900, 10, "A", "S", "D"),
    ("b1", 2000, 60, "B", "S", "D"),
    ("b2", 3000, np.nan, "B", "S", "D"),
    ("c1", 4000, 40, "C", "T", "D"),
    ("l1", 3500, 5, "", "", ""),
    ("l2", 3600, 7, "", "", ""),
]


def frame(xs, ys=None, **columns):
    ys = np.zeros(len(xs)) if ys is None else np.asarray(ys, float)
    points = gpd.points_from_xy(np.asarray(xs, float) + X0, ys + Y0, crs=CRS)
    return gpd.GeoDataFrame(columns, geometry=points, crs=CRS).to_crs(4326)


def measured(homes=HOMES, shops=((0, "shop"), (2000, "cafe"))):
    x = np.arange(0.0, 4001.0, 500.0) + X0
    u = np.arange(len(x) - 1)
    network = StreetNetwork.from_arrays(
        x, np.full(len(x), Y0), u, u + 1, np.full(len(u), 500.0), crs=CRS
    )
    ids, xs, residents, *areas = zip(*homes, strict=True)
    demand = frame(
        xs,
        id=ids,
        name=ids,
        residents=np.array(residents, float),
        **dict(zip(("community", "street", "district"), areas, strict=True)),
    )
    outlets = frame(
        [x for x, _ in shops], id=[f"o{i}" for i in range(len(shops))],
        name=[f"o{i}" for i in range(len(shops))], type=[kind for _, kind in shops],
        status="open",
    )  # fmt: skip
    return measure_circles(network, demand, outlets, [SHOP, CAFE])


@pytest.fixture(scope="module")
def circles():
    return measured()


@pytest.fixture(scope="module")
def gaps(circles):
    return gap_list(circles, clauses={"shop": "rule 1"})


@pytest.fixture(scope="module")
def summary(circles):
    return summarise(circles)


def record(gaps, place, kind):
    return gaps.set_index(["place", "type"]).loc[(place, kind)]


def test_each_place_and_type_is_one_record(gaps):
    found = {
        (p, t): (r, n)
        for p, t, r, n in zip(
            gaps["place"], gaps["type"], gaps["residents"], gaps["points"], strict=True
        )
    }
    assert found == {
        ("A", "shop"): (30, 2), ("B", "shop"): (60, 2), ("C", "shop"): (40, 1),
        ("l1", "shop"): (12, 2),
        ("A", "cafe"): (130, 3), ("B", "cafe"): (0, 1), ("C", "cafe"): (40, 1),
        ("l1", "cafe"): (12, 2),
    }  # fmt: skip
    assert list(gaps.columns) == [*GAP_UNITS, "geometry"]
    assert gaps["id"].is_unique


def test_walk_of_a_gap_is_weighted_by_residents(gaps):
    shop = record(gaps, "A", "shop")
    per_metre = 60 / 4000
    assert shop["minutes"] == pytest.approx((20 * 1000 + 10 * 900) / 30 * per_metre, abs=1e-3)
    assert shop["minutes_max"] == pytest.approx(1000 * per_metre, abs=1e-3)
    assert shop["point"] == "a2"
    assert shop["clause"] == "rule 1"
    assert record(gaps, "A", "cafe")["clause"] == ""


def test_points_without_residents_are_counted_not_dropped(gaps):
    cafe = record(gaps, "B", "cafe")
    assert (cafe["residents"], cafe["points_without_residents"]) == (0, 1)


def test_points_in_no_community_form_clusters_by_distance(circles):
    assert set(gap_list(circles, merge_metres=99)["place"]) >= {"l1", "l2"}
    assert record(gap_list(circles, merge_metres=101), "l1", "shop")["place_kind"] == "cluster"


def test_ids_do_not_depend_on_order_or_on_other_places(gaps):
    other = gap_list(measured(homes=HOMES[:3][::-1]))
    assert (
        record(other, "A", "shop")["id"] == record(gaps, "A", "shop")["id"] == gap_id("A", "shop")
    )


def test_the_level_that_must_act_rises_with_the_share_of_residents(circles, gaps):
    # shop: S has 90 of 190 residents in gaps (47 %), T 40 of 40, D 130 of 230 (57 %).
    assert record(gaps, "A", "shop")["act_level"] == "city"
    apart = gap_list(circles, act_share=0.6)
    assert record(apart, "A", "shop")["act_level"] == "street"
    assert record(apart, "C", "shop")["act_level"] == "district"
    assert record(apart, "l1", "shop")["act_level"] == "street"


def test_gap_residents_are_those_of_the_summary(gaps, summary):
    city = summary[summary["level"] == "city"].set_index("type")["gap"]
    assert gaps.groupby("type")["residents"].sum().to_dict() == {
        kind: pytest.approx(city[kind]) for kind in TYPES
    }


def test_no_gap_gives_an_empty_list():
    circles = measured(homes=[("a", 0, 5, "A", "S", "D")], shops=((0, "shop"), (0, "cafe")))
    gaps = gap_list(circles)
    assert len(gaps) == 0
    assert list(gaps.columns) == [*GAP_UNITS, "geometry"]
    parts = priority_components(gaps, summarise(circles), TYPES)
    assert len(with_priority(gaps, parts, PriorityWeights())) == 0
    table, spread = sensitivity(gaps, parts, PriorityWeights())
    assert (table["max_move"] == 0).all()
    assert len(spread) == 0
    assert len(gaps.merge(spread, on="id")) == 0  # ids are text even where there are none


def complaints(*rows):
    counts = ["complaints", "responded", "followed_up", "resolved", "satisfied"]
    return with_rates(pd.DataFrame(rows, columns=["community", "type", *counts]))


NO = np.nan
CALLS = complaints(("A", "shop", 13, 13, NO, 13, 13), ("B", "shop", 12, 6, NO, 3, 0))
SURVEY = pd.DataFrame(
    {"community": ["A", "C"], "asked": [10.0, 20], "very_satisfied": [5.0, 4],
     "satisfied": [4.0, 6], "satisfied_share": [0.9, 0.5], "wish": ["", ""]}
)  # fmt: skip


def test_components_are_known_by_counting(gaps, summary):
    parts = priority_components(gaps, summary, TYPES, complaints=CALLS, survey=SURVEY)
    parts.index = pd.MultiIndex.from_frame(gaps[["place", "type"]])
    a, b, c = (parts.loc[(place, "shop")] for place in "ABC")
    loose = parts.loc[("l1", "shop")]
    assert a["weak_base"] == pytest.approx((30 / 130 + 1) / 2)
    assert (a["size"], c["size"]) == (pytest.approx(1), pytest.approx(40 / 130))
    # 13 complaints for 130 residents, 12 for 60: 100 and 200 per 1,000.
    assert (a["complaints"], b["complaints"], c["complaints"]) == (0.5, 1, 0)
    assert (b["unanswered"], b["unresolved"], b["dissatisfied"]) == (0.5, 0.5, 1)
    assert (a["unanswered"], c["unresolved"]) == (0, 0)
    assert (a["survey"], c["survey"]) == (pytest.approx(0.1), 0.5)
    assert np.isnan(b["survey"])
    assert loose[["complaints", "unanswered", "survey"]].isna().all()
    assert ((parts.fillna(0) >= 0) & (parts.fillna(0) <= 1)).all(axis=None)


def test_priority_is_the_weighted_mean_of_what_is_known():
    parts = pd.DataFrame([[1.0, 0.5], [NO, 0.5], [NO, NO]], columns=["weak_base", "size"])
    found = priorities(parts, {"weak_base": 3.0, "size": 1.0})
    assert found.tolist() == [pytest.approx(1 + 3.5 / 4), 1.5, 1.0]


def test_severity_orders_the_list(gaps, summary):
    parts = priority_components(gaps, summary, TYPES, complaints=CALLS, survey=SURVEY)
    ranked = with_priority(gaps, parts, PriorityWeights())
    assert (ranked["severity"] == ranked["residents"] * ranked["priority"]).all()
    assert ranked["severity"].is_monotonic_decreasing
    assert ranked["rank"].tolist() == list(range(1, len(gaps) + 1))
    assert (ranked["place"].iloc[0], ranked["type"].iloc[0]) == ("A", "cafe")
    assert ranked.geometry.notna().all()


def test_sensitivity_shows_moves_when_weights_change():
    gaps = pd.DataFrame({"id": ["x", "y", "z"], "residents": [10.0, 9.0, 1.0]})
    parts = pd.DataFrame(0.0, index=range(3), columns=list(COMPONENTS))
    parts.loc[1, "size"] = 1.0
    weights = PriorityWeights(1, 0.1, 0, 0, 0, 0, 0)
    table, spread = sensitivity(gaps, parts, weights, top=1)
    by = table.set_index(["scenario", "component"])
    # y: 9 * (1 + 0.1/1.1) = 9.82 < 10; weight doubled: 9 * (1 + 0.2/1.2) = 10.5 > 10.
    assert by.loc[("doubled", "size"), "max_move"] == 1
    assert by.loc[("doubled", "size"), "top_kept"] == 0
    assert by.loc[("dropped", "size"), "max_move"] == 0
    assert by.loc[("residents_only", ""), "kendall_tau"] == pytest.approx(1)
    assert by.loc[("doubled", "size"), "kendall_tau"] == pytest.approx(1 / 3)
    assert spread.set_index("id").loc["y"].tolist() == [2, 1, 2]


@given(
    st.lists(st.floats(0, 1), min_size=7, max_size=7),
    st.lists(st.floats(0.01, 9), min_size=7, max_size=7),
)
def test_priority_stays_between_one_and_two(values, weights):
    parts = pd.DataFrame([values], columns=list(COMPONENTS))
    (found,) = priorities(parts, dict(zip(COMPONENTS, weights, strict=True)))
    assert 1 <= found <= 2 + 1e-12


def test_straight_line_table_adds_up(summary):
    table = straight_line_table(summary)
    assert len(table) == len(summary)
    total = table["covered"] + table["overcount"] + table["straight_unknown"]
    assert total.to_numpy() == pytest.approx(table["straight_covered"].to_numpy())
    for _, rows in table.groupby("level", sort=False):
        assert rows["overcount"].is_monotonic_decreasing


def test_straight_line_overcounts_what_a_detour_takes_out_of_reach():
    # A U of three streets: 200 m apart straight, 2,200 m on foot.
    x = np.array([0.0, 1000, 1000, 0]) + X0
    y = np.array([0.0, 0, 200, 200]) + Y0
    network = StreetNetwork.from_arrays(
        x, y, np.arange(3), np.arange(1, 4), np.array([1000.0, 200, 1000]), crs=CRS
    )
    blank = {"community": [""], "street": [""], "district": [""]}
    home = frame([0], [200], id=["h"], name=["h"], residents=[8.0], **blank)
    shop = frame([0], id=["s"], name=["s"], type=["shop"], status=["open"])
    circles = measure_circles(network, home, shop, [SHOP], snap_limit=50)
    table = straight_line_table(summarise(circles)).set_index(["level", "type"])
    city = table.loc[("city", "shop")]
    assert (city["straight_covered"], city["covered"], city["overcount"]) == (8, 0, 8)
    assert city["overcount_share"] == 1


def test_scorecard_is_the_weighted_mean_of_points(summary):
    indicators = {
        "circle": Indicator(1, 0.5),
        "types": Indicator(2, 1.0),
        "survey": Indicator(1, 1),
    }
    card = scorecard(
        summary, TYPES, level="street", communities={"A": "S", "B": "S", "C": "T"},
        complaints=CALLS, survey=SURVEY, indicators=indicators,
    ).set_index("area")  # fmt: skip
    s = card.loc["S"]
    shares = 100 / 190, 60 / 190
    assert s["circle_value"] == 0
    assert s["types_value"] == pytest.approx(np.mean(shares))
    assert s["weakest_value"] == pytest.approx(min(shares))
    assert s["survey_value"] == pytest.approx(0.9)
    assert s["response_value"] == pytest.approx(19 / 25)
    assert s["resolution_value"] == pytest.approx(16 / 19)
    assert s["score"] == pytest.approx((0 + 2 * 100 * np.mean(shares) + 90) / 4)
    assert card["score_rank"].tolist() == [1, 2]
    assert np.isnan(card.loc["T", "response_value"])


def test_scorecard_leaves_missing_indicators_out_and_says_so(summary):
    indicators = {"types": Indicator(1, 1.0), "survey": Indicator(3, 1.0)}
    card = scorecard(summary, TYPES, indicators=indicators)
    assert card["area"].tolist() == ["D"]
    assert card["weight_known"].iloc[0] == 0.25
    assert card["score"].iloc[0] == pytest.approx(100 * card["types_value"].iloc[0])
    assert card["survey_points"].isna().all()


def test_reaching_the_target_gives_all_points_and_no_more(summary):
    card = scorecard(summary, TYPES, indicators={"types": Indicator(1, 0.01)})
    assert card["score"].iloc[0] == 100


def test_blocks_by_the_rubric(circles):
    areas = gpd.GeoDataFrame(
        {"id": list("ABC"), "name": list("ABC"), "name_en": "", "level": "community", "parent": ""},
        geometry=frame([500, 2500, 4000]).to_crs(CRS).buffer(520).to_numpy(), crs=CRS,
    ).to_crs(4326)  # fmt: skip
    rubric = BlockRubric(completeness=0.5, density=5, satisfaction=0.9, weights=(2, 1, 1), least=70,
                         min_residents=50)  # fmt: skip
    found = score_blocks(
        summarise(circles, areas), TYPES, rubric, complaints=CALLS, survey=SURVEY
    ).set_index("area")
    assert list(found.index) == ["A", "B"]
    a, b = found.loc["A"], found.loc["B"]
    assert a["completeness"] == pytest.approx((100 / 130 + 0) / 2)
    assert (a["outlets"], a["density"]) == (1, pytest.approx(1000 / 130))
    assert (a["satisfaction"], a["satisfaction_from"]) == (0.9, "survey")
    assert (b["satisfaction"], b["satisfaction_from"]) == (0, "complaints")
    share = 100 * (100 / 130) / 2 / 0.5
    assert a["score"] == pytest.approx((2 * share + 100 + 100) / 4)
    assert (a["qualifies"], b["qualifies"]) == ("yes", "no")


def test_a_block_without_a_criterion_is_unknown_not_failed(summary):
    found = score_blocks(summary, TYPES, BlockRubric(min_residents=0))
    assert set(found["qualifies"]) == {"unknown"}
    assert found["score"].notna().any()
