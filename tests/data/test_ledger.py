"""What a ledger means: rows from the plan, sites fixed, outlets open, progress counted."""

import datetime as dt
import math

import geopandas as gpd
import pandas as pd
import pytest

from quarterhour.data.ledger import (
    fixed_sites,
    opened_outlets,
    progress_table,
    wanted_values,
)
from quarterhour.data.ledger_sheets import sentence

from .ledgers import PACK, TODAY, history_of, site, words


def plan(**more):
    data = {
        "rank": [1, 2], "id": ["H1:parcel", "H2:repair"], "candidate": ["H1", "H2"],
        "name": ["甲", "乙"], "address": ["", "路"], "type": ["parcel", "repair"], "count": [1, 2],
        "district": ["D1", ""], "street": ["S1", ""], "community": ["C1", ""],
        "newly_covered": [1200.0, 10.5],
    }  # fmt: skip
    places = gpd.points_from_xy([116.4, 116.5], [39.9, 39.8])
    return gpd.GeoDataFrame(data | more, geometry=places, crs=4326)


GAPS = pd.DataFrame({"place": ["C1"], "type": ["parcel"], "act_level": ["city"]})


def test_rows_from_the_plan():
    rows = wanted_values(plan(), GAPS, {}, ())
    first, second = rows["H1:parcel"], rows["H2:repair"]
    assert first["level"] == "city", "who must act stands in the gap list"
    assert second["level"] == "district", "no street-town, no gap listed"
    assert (first["action"], first["year"], first["due"], first["status"]) == (
        "new",
        "",
        "",
        "proposed",
    )
    assert (first["lon"], first["lat"], first["newly_covered"]) == ("116.4", "39.9", "1200")
    assert second["count"] == "2"


def test_years_and_actions_where_the_plan_has_them():
    rows = wanted_values(plan(year=[2026, 2027], action=["new", "upgrade"]), None, {}, ())
    assert rows["H1:parcel"]["due"] == "2026-12-31"
    assert (rows["H2:repair"]["year"], rows["H2:repair"]["action"]) == ("2027", "upgrade")
    named = wanted_values(plan(year=["first", None]), None, {}, ())
    assert [named[key]["year"] for key in named] == ["first", ""]
    assert named["H1:parcel"]["due"] == ""


def test_a_new_plan_keeps_edits_and_status_and_marks_what_fell_out():
    state = wanted_values(plan(), GAPS, {}, ())
    state["H1:parcel"] |= {"status": "building", "name": "改名"}
    later = plan(year=[2026, 2026]).iloc[:1].assign(name="新名", rank=7)
    wanted = wanted_values(later, GAPS, state, {("H1:parcel", "name")})
    assert "name" not in wanted["H1:parcel"]
    assert "status" not in wanted["H1:parcel"]
    assert (wanted["H1:parcel"]["rank"], wanted["H1:parcel"]["year"]) == ("7", "2026")
    assert wanted["H2:repair"] == {"in_plan": "no"}


def test_an_own_row_that_the_plan_takes_over_stays_one_row():
    """Approved sites of the bureau's own come back from the plan as candidates of their own id."""
    state = {
        "自-1": site("", "parcel", candidate="", status="approved", in_plan=""),
        "W1": site("", "repair", candidate="", action="upgrade", status="approved", in_plan=""),
    }
    taken = plan(id=["自-1:parcel", "upgrade-W1:repair"], candidate=["自-1", "upgrade-W1"])
    wanted = wanted_values(taken, None, state, ())
    assert list(wanted) == ["自-1", "W1"]
    assert wanted["自-1"] == {"rank": "1", "newly_covered": "1200", "in_plan": "yes"}
    state["自-1"] |= wanted["自-1"]
    assert wanted_values(plan(), None, state, ())["自-1"] == {"in_plan": "no"}


def test_fixed_sites_are_what_is_approved_building_or_accepted():
    statuses = ("proposed", "approved", "building", "accepted", "dropped")
    records = {f"{s}:parcel": site(s, "parcel", status=s, year="2026", count="") for s in statuses}
    records["own"] = site("", status="accepted", candidate="", lon="", lat="")
    records["W1"] = site("", action="upgrade", status="dropped", candidate="")
    fixed = fixed_sites(records)
    assert list(fixed.columns[:5]) == ["candidate", "type", "year", "action", "status"]
    assert fixed["candidate"].tolist() == ["approved", "building", "accepted", ""]
    assert fixed["year"].tolist() == ["2026", "2026", "2026", ""]
    assert fixed["count"].tolist() == [1, 1, 1, 1]
    assert fixed["lon"].tolist()[:3] == [116.4] * 3
    assert math.isnan(fixed["lon"].iloc[3])
    assert fixed_sites(records, statuses=["dropped"])["candidate"].tolist() == [
        "dropped",
        "upgrade-W1",
    ]
    assert fixed_sites({}).empty


def test_accepted_sites_are_open_outlets():
    facilities = gpd.GeoDataFrame(
        {"id": ["W1", "W2", "W3"], "name": "", "type": "parcel",
         "status": ["substandard", "open", "substandard"],
         "area_m2": 1.0, "capacity": 1.0, "hours": "", "address": ""},
        geometry=gpd.points_from_xy([116.4, 116.5, 116.6], [39.9] * 3), crs=4326,
    )  # fmt: skip
    records = {
        "H1:parcel": site("H1", "parcel", status="accepted", lon="116.41", lat="39.91"),
        "H2:parcel": site("H2", "parcel", status="building"),
        "W1": site("", "parcel", action="upgrade", status="accepted", candidate=""),
        "upgrade-W3:parcel": site("upgrade-W3", "parcel", action="upgrade", status="accepted"),
        "lost": site("", "parcel", status="accepted", candidate="", lon="", lat=""),
    }
    found = opened_outlets(records, facilities)
    assert found["id"].tolist() == ["W1", "W2", "W3", "H1:parcel"]
    assert found["status"].tolist() == ["open"] * 4
    assert (found.geometry.x.iloc[3], found.geometry.y.iloc[3]) == (116.41, 39.91)
    assert facilities["status"].iloc[0] == "substandard", "the input stays as it was"


def city_2019():
    """Beijing 2019: 1,000 planned, 1,132 done, 994 of them new and 138 upgraded (113.2 %)."""
    planned = {f"P{n}:parcel": site(f"P{n}", "parcel", status="accepted") for n in range(900)}
    planned |= {f"U{n}": site(f"U{n}", action="upgrade", status="accepted") for n in range(100)}
    own = {"candidate": "", "in_plan": "no", "status": "accepted"}
    extra = {f"n{n}": site("", "parcel", **own) for n in range(94)}
    extra |= {f"u{n}": site("", "parcel", action="upgrade", **own) for n in range(38)}
    return planned | extra


def test_progress_of_2019():
    table = progress_table(city_2019(), level="district", today=TODAY, types=PACK.type_ids)
    whole = table[table["whole"] & (table["type"] == "")].iloc[0]
    assert (whole["target"], whole["new"], whole["upgraded"], whole["done"]) == (
        1000,
        994,
        138,
        1132,
    )
    assert whole["rate"] == pytest.approx(1.132)
    assert sentence(words("en"), whole["done"], whole["target"]) == "1,132 of 1,000 = 113.2 %"
    assert sentence(words("en"), 3, 0) == "3 (no target)"


def test_what_an_earlier_plan_brought_about_stays_in_the_target():
    """A plan made since takes accepted sites for existing outlets and no longer lists them."""
    records = {
        "A": site("A", status="accepted", in_plan="no"),
        "B": site("B", status="approved", in_plan="no"),
        "own": site("", candidate="", status="accepted", in_plan="no"),
        "C": site("C"),
    }
    table = progress_table(records, level="district", today=TODAY, types=PACK.type_ids)
    assert (table["target"].iloc[0], table["done"].iloc[0]) == (2, 2)


def test_progress_by_area_and_type_adds_up():
    records = city_2019()
    for number, row in enumerate(records.values()):
        row["district"] = ("D1", "D2", "")[number % 3]
        row["status"] = ("accepted", "building", "dropped", "approved", "proposed")[number % 5]
        row["due"] = "2025-05-31" if number % 2 else "2025-06-01"
    table = progress_table(records, level="district", today=TODAY, types=PACK.type_ids)
    counts = table.columns[3:-1]
    areas = table[~table["whole"]]
    whole = table[table["whole"]].set_index("type")
    for kind, row in whole.iterrows():
        assert areas.loc[areas["type"] == kind, counts].sum().tolist() == row[counts].tolist()
    late = sum(r["due"] < "2025-06-01" and r["status"] not in {"accepted", "dropped"}
               for r in records.values())  # fmt: skip
    assert whole.loc["", "late"] == late > 0


def test_an_empty_ledger_counts_nothing():
    table = progress_table({}, level="district", today=dt.date(2025, 1, 1), types=PACK.type_ids)
    assert table["target"].tolist() == [0]
    assert math.isnan(table["rate"].iloc[0])


def test_history_tells_who_gave_a_value():
    history = history_of({"A": site("A")})
    assert history.edited() == set()
    assert history.brought("plan", 0) == {}
