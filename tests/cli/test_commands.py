"""The commands as a user meets them: words, exit codes, files, resume."""

import json
import tomllib
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from quarterhour.cli.app import run
from quarterhour.data.text import languages

from .tiny_city import write_city


def call(capsys, *words):
    """Run the command line in this process; returns exit code, output, errors."""
    with pytest.raises(SystemExit) as left:
        run([str(word) for word in words])
    said = capsys.readouterr()
    return left.value.code or 0, said.out, said.err


def facts(study, stage):
    return json.loads((study / "results" / f"{stage}.json").read_text(encoding="utf-8"))["facts"]


def test_demo_ends_with_page_and_three_findings(from_a_shell):
    out, err, code = ((from_a_shell / name).read_text("utf-8") for name in ("out", "err", "code"))
    assert code == "0", err
    tail = out[out.index("Findings:") :].splitlines()
    assert [line.split(".")[0].strip() for line in tail[1:4]] == ["1", "2", "3"]
    assert tail[4].endswith("map.html")
    assert (from_a_shell / "demo" / "results" / "map.html").is_file()
    assert "Traceback" not in err


def test_demo_findings_are_those_of_the_tables(demo_run):
    summary = pd.read_parquet(demo_run / "results" / "summary.parquet")
    city = summary[summary["level"] == "city"].set_index("type")
    measured = facts(demo_run, "measure")
    assert measured["residents"] == city.loc["circle", "residents"] == 60_000
    total = city.loc["circle", ["covered", "gap", "unknown"]].sum()
    assert total == pytest.approx(60_000)
    (first, *_rest) = facts(demo_run, "map")["findings_en"]
    assert f"{city.loc['circle', 'covered']:,.0f}" in first


def test_demo_shows_all_three_states_and_the_lie_of_circles(demo_run):
    for name, entry in facts(demo_run, "measure")["types"].items():
        assert entry["covered"] > 0, name
        assert entry["gap"] > 0, name
        assert entry["unknown"] > 0, name
        assert entry["overcount"] > 0, name


def test_plan_is_proven_and_measured_again(demo_run):
    plan, measured = facts(demo_run, "plan"), facts(demo_run, "measure")
    assert plan["status"] == "optimal"
    assert plan["outlets"] == 40
    sites = pd.read_parquet(demo_run / "results" / "sites.parquet")
    assert sites["count"].sum() == 40
    for kind, gained in plan["newly_covered"].items():
        after = plan["types"][kind]["covered"] - measured["types"][kind]["covered"]
        assert after == pytest.approx(gained, abs=0.01), kind


def test_check_lists_what_was_read(capsys, demo_study):
    code, out, _ = call(capsys, "check", demo_study, "--lang", "en")
    assert code == 0
    for words in ("residential points", "60,000", "disconnected parts", "WGS-84", "beijing-8"):
        assert words in out


@pytest.mark.parametrize("language", languages())
def test_every_command_has_help_in_every_language(capsys, language):
    code, out, _ = call(capsys, "--lang", language, "--help")
    assert code == 0
    for command in ("demo", "init", "check", "measure", "plan", "map", "run"):
        assert command in out
        assert call(capsys, command, "--lang", language, "--help")[0] == 0
    assert ("退出码" in out) == (language == "zh")


@pytest.mark.parametrize(
    "words", [["nonsense"], ["check"], ["run", "x", "--no-such-option"], ["--lang", "xx", "check"]]
)
def test_wrong_usage_leaves_with_2(capsys, words):
    assert call(capsys, *words)[0] == 2


def test_no_study_leaves_with_1_and_the_way_out(capsys, tmp_path):
    code, _, err = call(capsys, "run", tmp_path, "--lang", "en")
    assert code == 1
    assert "quarterhour init" in err


def test_version(capsys):
    code, out, _ = call(capsys, "--version")
    assert code == 0
    assert out.startswith("quarterhour ")


def test_quiet_says_nothing(capsys, demo_study):
    assert call(capsys, "run", demo_study, "--quiet") == (0, "", "")


def stamps(study):
    folder = study / "results"
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()}


def test_second_run_keeps_everything_and_fresh_makes_it_anew(capsys, tiny_study):
    before = stamps(tiny_study)
    code, out, _ = call(capsys, "run", tiny_study, "--verbose", "--lang", "en")
    assert (code, out.count("earlier results kept")) == (0, 3)
    assert stamps(tiny_study) == before
    call(capsys, "map", tiny_study, "--fresh", "--quiet")
    after = stamps(tiny_study)
    assert all(after[name] > before[name] for name in before)


def test_changed_plan_options_keep_the_measures(capsys, tiny_study):
    before = stamps(tiny_study)
    path = tiny_study / "study.toml"
    path.write_text(path.read_text("utf-8").replace("outlets = 2", "outlets = 1"), "utf-8")
    assert call(capsys, "run", tiny_study, "--quiet")[0] == 0
    after = stamps(tiny_study)
    assert after["measure.json"] == before["measure.json"]
    assert after["plan.json"] > before["plan.json"]
    assert facts(tiny_study, "plan")["outlets"] == 1


# Nobody lacks a shop: each home has one at its door; or nothing is known of any shop.
@pytest.mark.parametrize("known", [True, False])
def test_a_city_without_a_gap_is_run_whole(capsys, tmp_path, known):
    kind = "convenience" if known else "repair"
    plan = f'types = ["{kind}"]\noutlets = 2\n[map]\nsheet = false'
    study = write_city(tmp_path / "city", plan)
    text = (study / "study.toml").read_text("utf-8").replace('none_exist = ["breakfast"]\n', "")
    text = text.replace('types = ["convenience", "breakfast"]', f'types = ["{kind}"]')
    (study / "study.toml").write_text(text, "utf-8")
    homes = pd.read_csv(study / "homes.csv")
    shops = homes[["id", "name", "lon", "lat"]].assign(type="convenience", status="open")
    shops.to_csv(study / "shops.csv", index=False)
    code, _, err = call(capsys, "run", study, "--quiet")
    assert code == 0, err
    city = facts(study, "measure")["types"][kind]
    assert [city[state] for state in ("covered", "gap")] == ([230, 0] if known else [0, 0])
    assert pd.read_parquet(study / "results" / "gaps.parquet").empty
    assert facts(study, "plan")["outlets"] == 0
    assert (study / "results" / "map.html").is_file()


def test_a_damaged_result_is_made_again(capsys, tiny_study):
    page = tiny_study / "results" / "map.html"
    page.write_text("cut off", encoding="utf-8")
    assert call(capsys, "run", tiny_study, "--quiet")[0] == 0
    assert page.stat().st_size > 100_000


def test_workbook_has_units_and_no_formula(demo_run):
    book = openpyxl.load_workbook(demo_run / "results" / "coverage.xlsx")
    assert {"city", "district", "street", "community", "points", "units"} <= set(book.sheetnames)
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    described = {cell.value for cell in book["units"]["A"]}
    for name in ("residents", "share", "overcount", "basic_covered", "<type>_metres"):
        assert name in described


def test_geopackage_opens_with_wgs84_layers(demo_run):
    for layer in ("points", "outlets", "areas"):
        table = gpd.read_file(demo_run / "results" / "coverage.gpkg", layer=layer)
        assert table.crs.to_epsg() == 4326
        assert len(table)


def test_init_finds_the_role_of_each_file(capsys, demo_study, tmp_path):
    names = (
        "streets.osm", "residences.csv", "entrances.csv", "outlets.csv", "candidates.csv",
        "areas.geojson",
    )  # fmt: skip
    folder = tmp_path / "new"
    files = [demo_study / name for name in names]
    code, out, err = call(capsys, "init", folder, "--lang", "en", "--from", *files)
    assert code == 0, err
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    assert study["streets"]["file"].endswith("streets.osm")
    assert study["demand"]["file"].endswith("residences.csv")
    assert study["demand"]["entrances"]["file"].endswith("entrances.csv")
    assert [table["file"].rpartition("/")[2] for table in study["facilities"]] == ["outlets.csv"]
    assert study["candidates"]["file"].endswith("candidates.csv")
    assert [table["file"].rpartition("/")[2] for table in study["areas"]] == ["areas.geojson"]
    assert "quarterhour check" in out


def test_study_from_init_can_be_checked_at_once(capsys, demo_study, tmp_path):
    folder = tmp_path / "new"
    names = ("streets.osm", "residences.csv", "entrances.csv", "outlets.csv", "areas.geojson")
    files = [demo_study / name for name in names]
    assert call(capsys, "init", folder, "--from", *files)[0] == 0
    code, _, err = call(capsys, "check", folder, "--lang", "en")
    assert code == 0, err


def test_init_never_overwrites(capsys, demo_study):
    before = (demo_study / "study.toml").read_bytes()
    code, _, err = call(capsys, "init", demo_study, "--place", "Beijing", "--lang", "en")
    assert code == 1
    assert "already" in err
    assert (demo_study / "study.toml").read_bytes() == before


def test_init_with_a_place(capsys, tmp_path):
    assert call(capsys, "init", tmp_path / "x", "--place", "Chaoyang, Beijing")[0] == 0
    study = tomllib.loads((tmp_path / "x" / "study.toml").read_text(encoding="utf-8"))
    assert study["streets"] == {"place": "Chaoyang, Beijing"}


@pytest.mark.shared
def test_init_from_real_files_passes_check(capsys, shared, tmp_path):
    names = (
        "streets-2012.osm.pbf", "residences.csv", "poi-wangjing.csv", "poi-bit-2012.csv",
        "townships.gpkg",
    )  # fmt: skip
    folder = tmp_path / "beijing"
    files = [shared / "beijing" / name for name in names]
    assert call(capsys, "init", folder, "--from", *files)[0] == 0
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    tables = {table["file"].rpartition("/")[2]: table for table in study["facilities"]}
    assert tables["poi-wangjing.csv"]["types_file"] == "wangjing-poi"
    assert tables["poi-bit-2012.csv"]["types_file"] == "amap-poi"
    assert tables["poi-bit-2012.csv"]["columns"]["type"] == "amap_type"
    assert study["areas"][0]["level"] == "street"
    assert "residences.csv" in study["demand"]["file"]
    code, out, err = call(capsys, "check", folder, "--lang", "en")
    assert code == 0, err
    assert "4,732,588" in out


def test_readme_quotes_the_findings_of_this_version(demo_run):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    quoted = readme.partition("<!-- demo-findings -->")[2].partition("<!-- /demo-findings -->")[0]
    for finding in facts(demo_run, "map")["findings_en"]:
        assert finding in quoted
