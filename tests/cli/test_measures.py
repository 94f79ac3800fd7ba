"""Every measure of the demo city: tables, sums, words; what is missing is said."""

import json

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest

from quarterhour.cli.app import run
from quarterhour.cli.measures import MEASURES
from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.text import catalogue, languages

from .tiny_city import write_city

LEVELS = ["city", "district", "street", "community"]


def call(capsys, *words):
    with pytest.raises(SystemExit) as left:
        run([str(word) for word in words])
    said = capsys.readouterr()
    return left.value.code or 0, said.out, said.err


def facts(study):
    path = study / "results" / "measure.json"
    return json.loads(path.read_text(encoding="utf-8"))["facts"]


def table(study, name):
    return pd.read_parquet(study / "results" / f"{name}.parquet")


def test_the_demo_leaves_no_measure_out(demo_run):
    found = facts(demo_run)
    assert found["left_out"] == {}
    for name in found["tables"]:
        assert len(table(demo_run, name)), name


def test_every_table_is_in_geopackage_and_workbook(demo_run):
    results, found = demo_run / "results", facts(demo_run)
    layers = {name for name, _ in pyogrio.list_layers(results / "measures.gpkg")}
    assert layers == set(found["tables"])
    sheets = set(openpyxl.load_workbook(results / "measures.xlsx", read_only=True).sheetnames)
    assert sheets == {n for n in found["tables"] if not n.endswith("_points")} | {"units"}
    gaps = gpd.read_file(results / "measures.gpkg", layer="gaps")
    assert gaps.crs.to_epsg() == 4326


def pattern(column, heads):
    """Return the dictionary's word for a column that stands once for each type or group."""
    for head, word in sorted(heads.items(), key=lambda pair: -len(pair[0])):
        if column.startswith(f"{head}_"):
            rest = column.removeprefix(f"{head}_")
            part, _, number = rest.rpartition("_")
            rest = f"{part}_<{'m' if part == 'within' else 'k'}>" if number.isdigit() else rest
            return f"<{word}>_{rest}"
    return column


@pytest.mark.parametrize("language", languages())
def test_the_dictionary_explains_every_column(demo_run, language):
    explained = set(data_dictionary(language)["column"])
    found = facts(demo_run)
    heads = dict.fromkeys([*found["types"], *table(demo_run, "green")["type"].unique()], "type")
    groups = table(demo_run, "completeness")[["grouping", "group"]].drop_duplicates()
    heads |= {f"{a}_{b}".strip("_"): "group" for a, b in groups.itertuples(index=False)}
    missing = {
        (name, column)
        for name in ["points", "outlets", "summary", *found["tables"]]
        for column in table(demo_run, name).columns
        if column != "geometry" and not {column, pattern(column, heads)} & explained
    }
    assert not missing


@pytest.mark.parametrize("name", ["summary", "green", "completeness", "walkers"])
def test_covered_gap_and_unknown_are_all_residents_and_levels_agree(demo_run, name):
    found = table(demo_run, name)
    covered = found["full" if name == "completeness" else "covered"]
    whole = covered + found["gap"] + found["unknown"]
    assert whole.to_numpy() == pytest.approx(found["residents"].to_numpy())
    keys = {"completeness": ["grouping", "group"], "walkers": ["type", "profile"]}.get(
        name, ["type"]
    )
    for _, rows in found.groupby(keys):
        sums = rows.groupby("level")["residents"].sum()
        assert sums.tolist() == pytest.approx([60_000] * len(LEVELS))


def test_breakfast_serves_each_resident_once(demo_run):
    found = table(demo_run, "breakfast")
    parts = found["served"] + found["gap"] + found["unknown"]
    assert parts.to_numpy() == pytest.approx(found["demand"].to_numpy())
    city = found[found["level"] == "city"].iloc[0]
    assert city["demand"] == pytest.approx(0.3 * 60_000)
    outlets = table(demo_run, "breakfast_outlets")
    known = outlets[outlets["capacity"].notna()]
    assert (known["used"] <= known["capacity"] + 1e-6).all()


def test_sharing_never_exceeds_the_spaces_of_a_lot(demo_run):
    slots = table(demo_run, "sharing_slots")
    assert (slots["used"] <= slots["share_spaces"] + 1e-6).all()
    sharing = table(demo_run, "sharing")
    assert set(sharing["limit"]) == {300.0, 500.0}
    total = sharing["shared"] + sharing["remaining"]
    assert total.to_numpy() == pytest.approx(sharing["gap"].to_numpy())
    lots = table(demo_run, "sharing_lots")
    assert lots["subsidy"].to_numpy() == pytest.approx(50 * lots["used"].to_numpy(), nan_ok=True)


def test_gaps_are_those_of_the_summary(demo_run):
    gaps, summary = table(demo_run, "gaps"), table(demo_run, "summary")
    city = summary[summary["level"] == "city"].set_index("type")["gap"]
    for kind, residents in gaps.groupby("type")["residents"].sum().items():
        assert residents == pytest.approx(city[kind])
    assert gaps["severity"].is_monotonic_decreasing
    assert (gaps["rank_best"] <= gaps["rank"]).all()
    assert (gaps["rank"] <= gaps["rank_worst"]).all()
    assert gaps["clause"].str.contains("分钟").all()


@pytest.fixture(scope="module")
def bare(demo_run, tmp_path_factory):
    """The demo city without anything optional."""
    folder = tmp_path_factory.mktemp("bare")
    for path in demo_run.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    text = (folder / "study.toml").read_text(encoding="utf-8")
    head, _, rest = text.partition("[[areas]]")
    rest = rest[rest.index("[plan]") :]
    lines = [line for line in head.splitlines() if not line.startswith(("street =", "district =",
             "community =", "vehicles =", "households =", "hours ="))]  # fmt: skip
    (folder / "study.toml").write_text("\n".join(lines) + "\n" + rest, encoding="utf-8")
    with (folder / "study.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[scorecard]\nlevel = "street"\n')
    return folder


def test_what_is_missing_is_said_in_one_line_each(capsys, bare):
    code, out, err = call(capsys, "measure", bare, "--lang", "en")
    assert code == 0, err
    left = facts(bare)["left_out"]
    assert {"breakfast", "parking", "green", "complaints", "survey"} <= set(left)
    lines = [line for line in out.splitlines() if line.startswith("Left out:")]
    assert len(lines) == len(left)
    assert any("Breakfast gap" in line and "[breakfast]" in line for line in lines)
    assert set(facts(bare)["tables"]) >= {"gaps", "choice", "straight_line"}


@pytest.mark.parametrize("language", languages())
def test_every_measure_and_reason_has_words(language):
    words = catalogue(language)
    assert all(f"cli.measure.{name}" in words for name in MEASURES)


def test_compare_finds_what_opened_and_what_closed(capsys, demo_run, demo_study):
    outlets = pd.read_csv(demo_study / "outlets.csv", encoding="gb18030", dtype=str)
    open_ones = outlets[(outlets["业态"] == "便利店") & (outlets["状态"] == "正常")]
    outlets.loc[open_ones.index[0], "状态"] = "停业"
    point = table(demo_run, "points")
    far = gpd.read_parquet(demo_run / "results" / "points.parquet")
    far = far[point["housekeeping_state"].eq("gap") & (far["residents"] > 0)].iloc[0]
    place = (f"{far.geometry.x:.6f}", f"{far.geometry.y:.6f}")
    new = open_ones.iloc[1].copy()
    new[["编号", "业态", "经度", "纬度"]] = ["W9999", "家政服务", *place]
    pd.concat([outlets, new.to_frame().T]).to_csv(
        demo_study / "outlets.csv", index=False, encoding="gb18030"
    )
    code, out, err = call(capsys, "compare", demo_run, demo_study, "--lang", "en")
    assert code == 0, err
    assert "1 opened, 1 closed" in out
    folder = demo_study / "results" / f"compare-{demo_run.name}"
    change = pd.read_parquet(folder / "coverage_change.parquet")
    city = change[change["level"] == "city"].set_index("type")
    assert city.loc["housekeeping", "gained_by_opening"] >= far["residents"]
    assert city.loc["housekeeping", "change"] == city.loc["housekeeping", "gained_by_opening"]
    assert city.loc["convenience", "change"] == city.loc["convenience", "lost_by_closing"] <= 0
    assert city.loc["laundry", "change"] == 0
    gaps = pd.read_parquet(folder / "gap_change.parquet")
    moved = gaps[gaps["change"] != "same"]
    assert set(moved["cause"]) == {"outlets"}
    sheets = openpyxl.load_workbook(folder / "compare.xlsx", read_only=True).sheetnames
    assert sheets == ["coverage_change", "outlet_change", "gap_change", "units"]


def test_a_study_compared_with_itself_is_all_the_same(capsys, demo_run, tmp_path):
    code, out, _ = call(
        capsys, "compare", demo_run, demo_run, "--out", tmp_path / "same", "--lang", "en"
    )
    assert code == 0
    assert "0 opened, 0 closed" in out
    assert not pd.read_parquet(tmp_path / "same" / "coverage_change.parquet")["change"].any()


def test_studies_without_a_common_type_cannot_be_compared(capsys, tmp_path):
    both = [write_city(tmp_path / kind) for kind in ("convenience", "repair")]
    for study in both:
        text = (study / "study.toml").read_text(encoding="utf-8")
        text = text.replace('types = ["convenience", "breakfast"]', f'types = ["{study.name}"]')
        (study / "study.toml").write_text(text.replace('["breakfast"]', "[]"), encoding="utf-8")
    code, _, err = call(capsys, "compare", *both, "--lang", "en")
    assert code == 1
    assert "no type alike" in err


def test_checkup_package_has_its_five_parts(capsys, demo_study):
    code, out, err = call(capsys, "checkup", demo_study, "--lang", "en")
    assert code == 0, err
    folder = demo_study / "checkup"
    assert len(list(folder.iterdir())) == 6
    assert out.count(str(folder)) == 5
    city = openpyxl.load_workbook(folder / "1-指标总表.xlsx")["全市"]
    header = [cell.value for cell in city[1]]
    rows = {row[header.index("业态")]: row for row in city.iter_rows(min_row=2, values_only=True)}
    assert rows["便利店"][header.index("居民人数")] == 60_000
    listed = openpyxl.load_workbook(folder / "3-缺口清单.xlsx")["缺口清单"]
    assert listed.max_row == len(table(demo_study, "gaps")) + 1
    opinions = openpyxl.load_workbook(folder / "4-满意度汇总.xlsx")
    assert {"满意度调查", "12345诉求"} <= set(opinions.sheetnames)
    assert (folder / "2-体检地图.html").stat().st_size > 100_000
    layers = {name for name, _ in pyogrio.list_layers(folder / "5-数据包.gpkg")}
    assert {"points", "outlets", "areas", "summary", "gaps", "dictionary"} <= layers
    points = gpd.read_file(folder / "5-数据包.gpkg", layer="points")
    assert points.crs.to_epsg() == 4326
    said = json.loads((folder / "5-数据包说明.json").read_text(encoding="utf-8"))
    assert said["layers"]["points"] == len(points)
    assert {entry["sha256"] for entry in said["study"]["facts"]["inputs"]}


def test_checkup_says_what_has_no_satisfaction(capsys, tiny_study, tmp_path):
    text = (tiny_study / "study.toml").read_text(encoding="utf-8")
    chinese = text.replace('language = "en"', 'language = "zh"')
    (tiny_study / "study.toml").write_text(chinese, encoding="utf-8")
    code, _, err = call(capsys, "checkup", tiny_study, "--out", tmp_path / "five", "--lang", "en")
    assert code == 0, err
    book = openpyxl.load_workbook(tmp_path / "five" / "4-满意度汇总.xlsx")
    assert "缺项说明" in book.sheetnames
