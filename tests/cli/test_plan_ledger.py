"""Next year's plan from last year's ledger, end to end on the demo city, and the two compared."""

import shutil

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

from quarterhour.cli.compare import compare
from quarterhour.cli.console import Screen
from quarterhour.cli.ledger import ledger
from quarterhour.cli.pipeline import run_stages
from quarterhour.cli.study_run import open_study
from quarterhour.coverage.states import State
from quarterhour.data.faults import InputFaults
from quarterhour.data.progress import silent

from . import spoil
from .tiny_city import write_city

QUIET = Screen("en", quiet=True)
#: What the bureau decides on the sites of the first plan, by rank.
DECIDED = {
    1: ("已批准", "2027"), 2: ("在建", "2026"), 3: ("已批准", "2028"), 4: ("已批准", None),
    5: ("已验收", "2026"), 6: ("已验收", "2026"), 7: ("已取消", None), 8: ("已取消", None),
}  # fmt: skip
OWN = {"自-001": ("已批准", "convenience"), "自-002": ("已验收", "breakfast")}


def fill_in(path, decided, own, here):
    """Fill in decisions by rank and add rows of the bureau's own at a place."""
    book = openpyxl.load_workbook(path)
    sheet = book["台账"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "编号")
    column = {cell.value: cell.column for cell in head}

    def put(row, **values):
        for name, value in values.items():
            sheet.cell(row, column[name], value)

    last = head[0].row
    for (cell,) in sheet.iter_rows(min_row=last + 1, max_col=1):
        if cell.value:
            last = cell.row
            rank = sheet.cell(last, column["方案排序"]).value
            if rank in decided:
                status, year = decided[rank]
                opened = "2026-06-30" if status == "已验收" else None
                put(last, 状态=status, 计划年度=year, 验收日期=opened)
    words = {"convenience": "便利店", "breakfast": "早餐"}
    for row, (key, (status, kind)) in enumerate(own.items(), start=last + 1):
        put(row, 编号=key, 名称=f"{key}号店", 业态=words[kind], 建设方式="新建", 状态=status,
            计划年度="2027", **{"经度（WGS-84）": here.x, "纬度（WGS-84）": here.y})  # fmt: skip
    book.save(path)


@pytest.fixture(scope="module")
def years(demo_run, tmp_path_factory):
    """The demo's plan, the ledger filled in after it, and the plan of the next two years."""
    first = demo_run
    second = shutil.copytree(first, tmp_path_factory.mktemp("next") / "study")
    path = ledger(second, QUIET)
    sites = gpd.read_parquet(first / "results" / "sites.parquet").set_index("rank")
    fill_in(path, DECIDED, OWN, sites.geometry[20])
    spoil.option(
        second, "outlets = 40",
        'ledger = "ledger.xlsx"\nyears = ["2027", "2028"]\nper_year = [10, 10]\ncurve_points = 0',
    )  # fmt: skip
    record = run_stages(second, ("measure", "plan"), QUIET)["plan"]
    return first, second, sites, record.facts


def after(study):
    return gpd.read_parquet(study / "results" / "sites.parquet")


def test_decided_sites_are_fixed_in_their_year(years):
    _, second, sites, facts = years
    plan = after(second).set_index("id")
    fixed = plan.index[plan["fixed"]]
    assert set(fixed) == {*sites.loc[[1, 2, 3, 4], "id"], "自-001:convenience"}
    # What should have opened in 2026 opens first of all; no year given is any year.
    assert plan.loc[sites.loc[[1, 2, 3], "id"], "year"].tolist() == ["2027", "2027", "2028"]
    assert plan.loc["自-001:convenience", "year"] == "2027"
    assert plan.groupby("year").size().max() <= 10
    assert facts["outlets"] == len(plan) <= 20
    assert facts["gap"] <= 1e-3


def test_a_site_of_the_bureau_s_own_stands_where_it_says(years):
    _, second, sites, _ = years
    plan = after(second).set_index("id")
    own = plan.loc["自-001:convenience"]
    assert own.geometry.distance(sites.geometry[20]) < 1e-5
    assert own["district"] == sites.loc[20, "district"]


def test_accepted_sites_stand_before_the_plan(years):
    first, second, sites, facts = years
    plan, run = after(second), open_study(first, silent)
    accepted = sites.loc[[5, 6]]
    assert not set(accepted["id"]) & set(plan["id"])
    own = gpd.GeoDataFrame({"id": ["x"], "type": ["breakfast"]}, geometry=[sites.geometry[20]],
                           crs=sites.crs)  # fmt: skip
    opened = pd.concat([accepted[["id", "type", "geometry"]], own]).assign(
        name="", area_m2=np.nan, address="", status="open", capacity=np.nan, hours=""
    )
    circles = run.measure(pd.concat([run.inputs.facilities, opened], ignore_index=True))
    residents = circles.demand["residents"].fillna(0.0).to_numpy()
    for column, kind in enumerate(circles.types):
        covered = residents[circles.state[:, column] == State.COVERED].sum()
        assert facts["before"]["types"][kind.id]["covered"] == pytest.approx(covered)


def test_premises_are_full_once_their_outlets_are_open(years):
    _, second, sites, _ = years
    given = open_study(years[0], silent).candidates.set_index("id")["capacity"]
    left = gpd.read_parquet(second / "results" / "candidates.parquet").set_index("id")["capacity"]
    taken = sites.loc[[5, 6], "candidate"].value_counts()
    for candidate, opened in taken.items():
        assert left.get(candidate, 0) == given[candidate] - opened
    untouched = given.index.difference(taken.index)
    assert (left[untouched] == given[untouched]).all()


def test_what_was_given_up_is_not_proposed_again(years):
    _, second, sites, _ = years
    assert not set(sites.loc[[7, 8], "id"]) & set(after(second)["id"])
    page = (second / "results" / "plan_report.html").read_text("utf-8")
    assert "台账已取消的 2 个点位不再列入" in page
    assert "台账已定点位 5 个" in page


def test_the_two_plans_are_compared(years, tmp_path, capsys):
    first, second, sites, facts = years
    folder = compare(first, second, Screen("en"), out=tmp_path / "out")
    change = gpd.read_parquet(folder / "plan_change.parquet")
    before, plan = set(sites["id"]), set(after(second)["id"])
    of = dict(list(change.groupby("change")))
    assert set(of["kept"]["site_after"]) == before & plan
    moved = of.get("moved", change.iloc[:0])
    assert set(moved["site_before"]) | set(of["dropped"]["site_before"]) == before - plan
    assert (moved["metres"] <= 500).all()
    assert set(moved["site_after"]) | set(of.get("gained", moved)["site_after"]) == plan - before
    covered = pd.read_parquet(folder / "plan_coverage.parquet").set_index("type")
    for kind, entry in facts["types"].items():
        assert covered.loc[kind, "covered_after"] == entry["covered"]
    assert f"{facts['circle']['covered']:,.0f}" in capsys.readouterr().out


# What is wrong with a site that the bureau adds, and the fault it makes in the plan.
WRONG = {
    "no place": ({"Longitude (WGS-84)": None}, "ledger_place"),
    "unknown status": ({"Status": "perhaps"}, "ledger_word"),
    "far away": ({"Longitude (WGS-84)": 500}, "ledger_place_far"),
    "upgrade of nothing": ({"Action": "upgrade"}, "ledger_upgrade_unknown"),
    "opened tomorrow": ({"Status": "accepted", "Accepted on": "2098-01-01"}, "ledger_future"),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The tiny city with its ledger."""
    folder = write_city(
        tmp_path_factory.mktemp("small") / "city", 'types = ["convenience"]\noutlets = 2'
    )
    run_stages(folder, ("measure", "plan"), QUIET)
    return folder, ledger(folder, QUIET)


@pytest.mark.parametrize(("change", "code"), WRONG.values(), ids=WRONG)
def test_faults_of_the_ledger_are_listed_before_anything_is_planned(small, tmp_path, change, code):
    folder, path = small
    book = openpyxl.load_workbook(path)
    sheet = book["Ledger"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "Id")
    row = {
        "Id": "own-1", "Name": "Kiosk", "Type": "Convenience store", "Action": "new",
        "Status": "approved", "Longitude (WGS-84)": 117.001, "Latitude (WGS-84)": 38.0, **change,
    }  # fmt: skip
    for cell in head:
        sheet.cell(head[0].row + 3, cell.column, row.get(cell.value))
    book.save(folder / "wrong.xlsx")
    before = {path: path.read_bytes() for path in (folder / "results").glob("*.*")}
    text = (folder / "study.toml").read_text("utf-8")
    changed = text.replace("outlets = 2", 'outlets = 2\nledger = "wrong.xlsx"')
    (folder / "study.toml").write_text(changed, "utf-8")
    try:
        with pytest.raises(InputFaults) as wrong:
            run_stages(folder, ("measure", "plan"), QUIET)
    finally:
        (folder / "study.toml").write_text(text, "utf-8")
    fault = wrong.value.faults[0]
    assert (fault.code, fault.file, fault.row) == (code, "wrong.xlsx", head[0].row + 3)
    for language in ("en", "zh"):
        assert fault.message(language)
        assert fault.expected(language)
        assert fault.remedy(language)
    assert {path: path.read_bytes() for path in (folder / "results").glob("*.*")} == before


@pytest.mark.parametrize(
    ("status", "option", "faulty"),
    [("Approved", "forbidden", True), ("Dropped", "required", True),
     ("Dropped", "forbidden", False), ("Approved", "required", False)],
)  # fmt: skip
def test_an_option_against_the_ledger_is_a_fault(small, tmp_path, status, option, faulty):
    folder, path = small
    study = shutil.copytree(folder, tmp_path / "study")
    book = openpyxl.load_workbook(path)
    sheet = book["Ledger"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "Id")
    column = {cell.value: cell.column for cell in head}
    first = head[0].row + 1
    sheet.cell(first, column["Status"]).value = status
    site = sheet.cell(first, column["Id"]).value.split(":")[0]
    book.save(study / "decided.xlsx")
    spoil.option(
        study, "outlets = 2", f'outlets = 2\nledger = "decided.xlsx"\n{option} = ["{site}"]'
    )
    if not faulty:
        run_stages(study, ("measure", "plan"), QUIET)
        return
    with pytest.raises(InputFaults) as wrong:
        run_stages(study, ("measure", "plan"), QUIET)
    found = [(fault.code, fault.column, fault.value) for fault in wrong.value.faults]
    assert found == [("plan_against_ledger", f"plan.{option}", site)]
