"""What a plan says of itself: evidence against measuring again, report, comparison of plans."""

import html
import json
import re

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

from quarterhour.cli.compare import compare
from quarterhour.cli.console import Screen
from quarterhour.cli.pipeline import run_stages
from quarterhour.cli.study_run import open_study
from quarterhour.coverage.locate import locate
from quarterhour.coverage.nearest import nearest
from quarterhour.coverage.states import State
from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.progress import silent
from quarterhour.data.text import languages, tr

from .tiny_city import write_city

QUIET = Screen("en", quiet=True)
HOSTILE = (
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "\"'><svg onload=window.pwned=1>",
    "=HYPERLINK(1)",
    "\u202egnorw 👨‍👩‍👧",
    "x" * 5000,
)


@pytest.fixture(scope="module")
def demo(demo_run):
    """The demo study opened again, and the tables of its plan."""
    results = demo_run / "results"
    sites = gpd.read_parquet(results / "sites.parquet")
    routes = gpd.read_parquet(results / "routes.parquet")
    return open_study(demo_run, silent), sites, routes


def persons(circles, kind):
    column = [one.id for one in circles.types].index(kind)
    residents = circles.demand["residents"].fillna(0.0).to_numpy()
    return residents[circles.state[:, column] == State.COVERED].sum()


def as_outlets(sites):
    table = sites[["id", "name", "type", "area_m2", "address", "geometry"]]
    return table.assign(status="open", capacity=np.nan, hours="")


def test_evidence_equals_measuring_again(demo):
    run, sites, _ = demo
    existing = run.inputs.facilities
    every = run.measure(pd.concat([existing, as_outlets(sites)], ignore_index=True))
    for row in [0, len(sites) // 2, len(sites) - 1]:
        site = sites.iloc[row]
        rest = pd.concat([existing, as_outlets(sites.drop(index=row))], ignore_index=True)
        alone = pd.concat([existing, as_outlets(sites.iloc[[row]])], ignore_index=True)
        lost = persons(every, site["type"]) - persons(run.measure(rest), site["type"])
        won = persons(run.measure(alone), site["type"]) - persons(run.circles, site["type"])
        assert site["lost_if_dropped"] == pytest.approx(lost)
        assert site["newly_covered"] == pytest.approx(won)


def test_gaps_closed_are_those_that_are_gone(demo, demo_run):
    _, sites, _ = demo
    before = gpd.read_parquet(demo_run / "results" / "gaps.parquet")
    planned = before[before["type"].isin(set(sites["type"]))]
    points = gpd.read_parquet(demo_run / "results" / "points_after.parquet")
    left = {
        (community, kind)
        for kind in set(sites["type"])
        for community in points.loc[points[f"{kind}_state"] == "gap", "community"]
    }
    gone = {
        row.id
        for row in planned.itertuples()
        if row.place_kind == "community" and (row.place, row.type) not in left
    }
    closed = {gap for ids in sites["gaps_closed"] for gap in ids.split("; ") if gap}
    assert closed == gone
    eased = {gap for ids in sites["gaps_eased"] for gap in ids.split("; ") if gap}
    assert not closed & eased


def test_routes_are_as_long_as_the_walks_measured(demo):
    run, sites, routes = demo
    assert set(routes["site"]) <= set(sites["id"])
    assert len(routes) > 0.9 * len(sites)
    for row in routes.iloc[::9].itertuples():
        site = sites[sites["id"] == row.site]
        home = run.inputs.demand[run.inputs.demand["id"] == row.point]
        gates = run.inputs.entrances[run.inputs.entrances["demand_id"] == row.point]
        found = nearest(
            run.network, locate(run.network, home, entrances=gates if len(gates) else None),
            locate(run.network, site), by="seconds", profile=run.profile,
        )  # fmt: skip
        assert row.minutes == pytest.approx(found.seconds[0] / 60, abs=0.02)
        assert row.geometry.geom_type == "LineString"


@pytest.mark.parametrize("language", languages())
def test_every_column_of_the_plan_is_explained(demo_run, language):
    explained = set(data_dictionary(language)["column"])
    for name in ("sites", "routes", "quotas", "price_curve", "baselines", "shadow_prices"):
        columns = set(pd.read_parquet(demo_run / "results" / f"{name}.parquet").columns)
        assert columns - {"geometry"} <= explained, name


def test_baselines_and_bounds_stand_on_the_right_side(demo_run):
    results = demo_run / "results"
    facts = json.loads((results / "plan.json").read_text("utf-8"))["facts"]
    plans = pd.read_parquet(results / "baselines.parquet").set_index("plan")
    assert plans.loc["plan", "objective"] == facts["objective"]
    assert plans.loc["nearest", "objective"] < plans.loc["greedy", "objective"]
    assert plans.loc["greedy", "objective"] <= facts["objective"] <= facts["bound"]
    curve = pd.read_parquet(results / "price_curve.parquet").set_index("outlets")
    proven = curve.dropna(subset=["bound"])
    assert len(proven) == 4
    assert (proven["covered"] <= proven["proven"] + 1e-6).all()
    assert (proven["proven"] <= proven["bound"] + 1e-6).all()
    assert curve["covered"].is_monotonic_increasing


def test_report_holds_the_figures_of_the_plan(demo_run):
    page = (demo_run / "results" / "plan_report.html").read_text("utf-8")
    facts = json.loads((demo_run / "results" / "plan.json").read_text("utf-8"))["facts"]
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for figure in (facts["objective"], facts["residents_helped"], facts["circle"]["covered"]):
        assert f"{figure:,.0f}" in text
    assert facts["input"] in "".join(text.split())
    # Our own paragraphs stand whole, however long.
    assert tr("report.note.sites", "zh") in re.sub(r"<wbr>", "", page)
    assert "<script" not in page
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!data:)", page)
    book = openpyxl.load_workbook(demo_run / "results" / "plan_report.xlsx", read_only=True)
    assert len(book.sheetnames) >= 9
    assert book.worksheets[0].cell(1, 1).value == "项目"


def test_a_site_can_be_found_and_judged_from_the_workbook_alone(demo, demo_run):
    run, sites, routes = demo
    book = pd.read_excel(demo_run / "results" / "plan.xlsx", "sites", keep_default_na=False)
    assert book["id"].tolist() == sites["id"].tolist()
    assert np.abs(book["lon"] - sites.geometry.x).max() <= 5e-7
    assert np.abs(book["lat"] - sites.geometry.y).max() <= 5e-7
    areas = run.inputs.areas.set_index("id")["name"]
    assert (book["community_name"] == book["community"].map(areas)).all()
    assert (book["district_name"] == book["district"].map(areas)).all()
    kinds = {kind.id: kind.name.zh for kind in run.inputs.pack.types}  # its language
    assert (book["type_name"] == book["type"].map(kinds)).all()
    premises = run.candidates.set_index("id")["name"]
    there = book["nearby"] != ""
    assert (book.loc[there, "nearby_name"] == book.loc[there, "nearby"].map(premises)).all()
    walks = routes.set_index("site")
    assert (sites["walk_metres"] == sites["id"].map(walks["metres"])).all()
    assert (sites["walk_minutes"] == sites["id"].map(walks["minutes"])).all()
    assert (sites["walk_minutes"] < sites["worst_minutes"].fillna(np.inf)).all()
    explained = set(data_dictionary("zh")["column"])
    assert set(book.columns) <= explained


def test_figures_of_the_report_look_like_figures_in_excel(demo_run):
    book = openpyxl.load_workbook(demo_run / "results" / "plan_report.xlsx")
    looks = {sheet.title: {cell.value: cell.offset(1).number_format for cell in sheet[1]}
             for sheet in book}  # fmt: skip
    assert looks["业态"] == {
        "业态": "General", "规划前": "0.0%", "规划后": "0.0%", "新覆盖": "+#,##0;-#,##0;0",
    }  # fmt: skip
    assert looks["逐个点位"]["新覆盖"] == "#,##0"
    assert all(sheet.freeze_panes == "A2" and sheet.auto_filter.ref for sheet in book)


def test_report_of_years_and_quotas_stays_short(tmp_path):
    plan = (
        'types = ["convenience"]\noutlets = 3\nyears = ["2026", "2027"]\nper_year = [1, 2]\n'
        "per_district = {D1 = {max = 2}}\ncurve_points = 0"
    )
    folder = write_city(tmp_path / "city", plan)
    run_stages(folder, ("measure", "plan"), QUIET)
    book = pd.read_excel(folder / "results" / "plan_report.xlsx", None, keep_default_na=False)
    sites = book["The sites, one by one"].set_index("No.")
    assert sites["Binds"].tolist() == ["D1; 2026", "D1; 2027", "2027"]
    # A helps 100 at two ends of a year; dropped, it loses 200, and 100 residents.
    assert sites.loc[1, ["Lost if dropped", "Objective lost"]].tolist() == [100, 200]
    page = (folder / "results" / "plan_report.html").read_text("utf-8")
    assert tr("report.note.sites_objective", "en") in re.sub(r"<wbr>", "", page)


def test_long_work_says_where_it_is_and_why_it_opens_fewer(tmp_path, capsys):
    folder = write_city(tmp_path / "city", 'types = ["convenience"]\noutlets = 9')
    run_stages(folder, ("measure", "plan"), Screen("en"))
    said = capsys.readouterr().out
    for words in ("Finding whom each candidate reaches 1/1", "Solving (s) 0/60",
                  "Bounding the price curve 0/3", "Proving each site 4/4"):  # fmt: skip
        assert words in said
    page = (folder / "results" / "plan_report.html").read_text("utf-8")
    assert tr("report.note.fewer", "en", allowed="9") in re.sub(r"<wbr>", "", page)


@pytest.mark.browser
def test_hostile_names_are_text_in_the_report(tmp_path, browser):
    names = [name.replace('"', '""') for name in HOSTILE[:4]]
    folder = write_city(
        tmp_path / "city", "outlets = 3\ncurve_points = 0",
        premises={home: f'"{name}"' for home, name in zip("ABCD", names, strict=True)},
        name=HOSTILE[0],
    )  # fmt: skip
    run_stages(folder, ("measure", "plan"), QUIET)
    path = folder / "results" / "plan_report.html"
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert page.evaluate("window.pwned") is None
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    seen = page.locator("main").inner_text()
    assert HOSTILE[0] in seen
    assert HOSTILE[1] in seen
    assert page.locator("main [lang=zh]").first.is_hidden()  # the study speaks English
    page.click("label[for=language-zh]")
    assert page.locator("main [lang=zh]").first.is_visible()
    assert page.locator("main [lang=en]").first.is_hidden()
    page.close()
    book = openpyxl.load_workbook(folder / "results" / "plan_report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)


def test_plans_are_compared(tmp_path):
    screen = Screen("en", quiet=True)
    first = write_city(tmp_path / "first", 'types = ["convenience"]\noutlets = 2')
    second = write_city(
        tmp_path / "second", 'types = ["convenience"]\noutlets = 2\nforbidden = ["A"]'
    )
    for folder in (first, second):
        run_stages(folder, ("measure", "plan"), screen)
    folder = compare(first, second, screen)
    table = gpd.read_parquet(folder / "plan_change.parquet").set_index("change")
    assert table["site_after"].to_dict() == {
        "kept": "B:convenience", "dropped": "", "gained": "C:convenience",
    }  # fmt: skip
    assert table.loc["dropped", "site_before"] == "A:convenience"
    covered = pd.read_parquet(folder / "plan_coverage.parquet").set_index("type")
    # Of 230 residents 30 have their shop: 190 after the first plan, 130 after the second.
    assert covered.loc["convenience", ["covered_before", "covered_after"]].tolist() == [190, 130]
    assert "plan_change" in openpyxl.load_workbook(folder / "compare.xlsx").sheetnames


def test_an_outdated_plan_is_not_compared(tmp_path, capsys):
    first = write_city(tmp_path / "first", "outlets = 2")
    run_stages(first, ("measure", "plan"), QUIET)
    (first / "study.toml").write_text(
        (first / "study.toml").read_text("utf-8").replace("outlets = 2", "outlets = 3"), "utf-8"
    )
    folder = compare(first, first, Screen("en"), out=tmp_path / "out")
    assert "quarterhour plan" in capsys.readouterr().out
    assert not (folder / "plan_change.parquet").exists()
