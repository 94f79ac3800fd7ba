"""Bad input ends in one clear list, exit code 1, and earlier results as they were."""

import re
import shutil
import subprocess
import sys
from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterhour.cli.stages import read_record
from quarterhour.data.datum import from_wgs84
from quarterhour.data.text import languages

from . import spoil
from .listening import UNFILLED, Listener, contents


@pytest.fixture
def listen(capsys, monkeypatch):
    return Listener(capsys, monkeypatch)


def place(fault):
    return fault.code, fault.file, fault.row, fault.column, fault.value


def agrees(expected, found):
    return all(wanted in (..., got) for wanted, got in zip(expected, found, strict=True))


def assert_readable(fault, language):
    """Every part of a fault is there, in the language, with all places filled in."""
    for words in (fault.message(language), fault.expected(language), fault.remedy(language)):
        assert words.strip(), fault
        assert not UNFILLED.search(words.replace(fault.value or "\0", "")), words
    if language == "zh":
        assert any("一" <= letter <= "鿿" for letter in fault.message(language))


def assert_one_list(faults, err, language):
    """The list names file, row, column, what is wrong, what was expected and the way out."""
    assert "Traceback" not in err
    flat = " ".join(err.split())
    for number, fault in enumerate(faults, start=1):
        assert fault.file, fault
        where = f"{number}. {'错误' if language == 'zh' else 'fault'} {fault.place(language)}"
        for words in (
            where,
            *(say(language) for say in (fault.message, fault.expected, fault.remedy)),
        ):
            assert " ".join(words.split()) in flat
        for part in (fault.file, fault.row, fault.column):
            assert part is None or str(part) in where
        for each in languages():
            assert_readable(fault, each)


@pytest.mark.parametrize("case", spoil.CASES, ids=lambda case: case.name)
def test_bad_input_is_one_list_and_changes_nothing(listen, demo_study, case):
    case.spoil(demo_study)
    before = contents(demo_study)
    language = languages()[len(case.name) % 2]  # half of the cases in each language
    code, out, err = listen("run", demo_study, "--lang", language)
    found = [place(fault) for fault in listen.faults]
    assert code == 1, out
    assert len(found) == len(case.faults), found
    for expected in case.faults:
        assert any(agrees(expected, one) for one in found), (expected, found)
    assert_one_list(listen.faults, err, language)
    for words in case.said:
        assert words in " ".join(err.split()), words
    assert contents(demo_study) == before


def test_there_are_cases_enough():
    codes = {fault[0] for case in spoil.CASES for fault in case.faults}
    assert len(spoil.CASES) >= 50
    assert len(codes) >= 35


@pytest.mark.parametrize("language", languages())
def test_check_lists_the_same_in_every_language(listen, demo_study, language):
    spoil.everything_at_once(demo_study)
    before = contents(demo_study)
    code, _, err = listen("check", demo_study, "--lang", language)
    assert code == 1
    assert Counter(fault.code for fault in listen.faults) == Counter(
        fault[0] for fault in spoil.CASES[-1].faults
    )
    assert_one_list(listen.faults, err, language)
    assert contents(demo_study) == before


def test_from_a_shell(demo_study):
    spoil.letters_in_a_coordinate(demo_study)
    spoil.unknown_status(demo_study)
    spoil.negative_residents(demo_study)
    before = contents(demo_study)
    command = [sys.executable, "-m", "quarterhour.cli", "run", str(demo_study), "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert "发现 3 处错误" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for part in ("第 7 行", "117.0x", "也许", "-5", "outlets.csv", "residences.csv"):
        assert part in done.stderr
    assert contents(demo_study) == before


@pytest.mark.parametrize("language", languages())
def test_many_bad_rows_are_twenty_and_a_count(listen, demo_study, language):
    spoil.fill(demo_study, spoil.OUTLETS, "经度", "东边")
    code, _, err = listen("check", demo_study, "--lang", language)
    assert code == 1
    assert Counter(f.code for f in listen.faults) == {"coordinate_not_a_number": 20, "more_rows": 1}
    assert [f.row for f in listen.faults[:20]] == list(range(2, 22))
    assert "369" in listen.faults[20].message(language)  # of 389 rows
    assert "389" in err.splitlines()[0]
    assert len(err.splitlines()) < 100


def test_quiet_keeps_the_list(listen, demo_study):
    spoil.unknown_status(demo_study)
    code, out, err = listen("run", demo_study, "--quiet", "--lang", "en")
    assert (code, out) == (1, "")
    assert "outlets.csv" in err


# --- what is said while the run goes on ---


def notes(listen, study, language="en"):
    code, _, err = listen("check", study, "--lang", language)
    assert code == 0, err
    for fault in listen.faults:
        assert fault.severity == "warning"
        for each in languages():
            assert_readable(fault, each)
    return {place(fault) for fault in listen.faults}


def test_candidate_far_from_streets_is_named_and_left_out(listen, demo_study):
    spoil.change(demo_study, spoil.CANDIDATES, r2={"经度": "117.0820"})
    found = notes(listen, demo_study)
    assert found == {("candidate_off_streets", spoil.CANDIDATES, 2, None, "H001")}
    assert rows_read(listen, demo_study, "candidates") == 329


def rows_read(listen, study, what):
    """Return the count that ``check`` shows for one kind of row."""
    _, out, _ = listen("check", study, "--lang", "en")
    return int(re.search(rf"^│ {what} +│ +([\d,]+) │$", out, re.MULTILINE)[1].replace(",", ""))


def test_candidates_of_other_places_are_left_out_by_the_extent(listen, demo_study):
    spoil.candidate_in_the_sea(demo_study)
    bbox = "[117.0, 38.0, 117.1, 38.2]"
    spoil.option(demo_study, "[streets]\n", f"[extent]\nbbox = {bbox}\n[streets]\n")
    assert notes(listen, demo_study) == set()


def test_overlapping_areas_are_named(listen, demo_study):
    areas = gpd.read_file(demo_study / spoil.AREAS)
    rows = areas.index[areas["level"] == "community"][:2]
    names = areas.loc[rows, "name"].tolist()
    areas.loc[rows[0], "geometry"] = areas.geometry[rows].union_all()
    areas.to_file(demo_study / spoil.AREAS)
    ((code, file, _, column, value),) = notes(listen, demo_study)
    assert (code, file, column) == ("areas_overlap", spoil.AREAS, "community")
    assert value == f"{names[0]} / {names[1]} (100%)"


def test_crossed_polygon_is_repaired_and_named(listen, demo_study):
    crossed = [[117.03, 38.1], [117.04, 38.11], [117.04, 38.1], [117.03, 38.11], [117.03, 38.1]]
    shape = {"type": "Polygon", "coordinates": [crossed]}
    spoil.features(demo_study, lambda found: found[-1].update(geometry=shape))
    codes = {found[:3] for found in notes(listen, demo_study)}
    assert ("area_repaired", spoil.AREAS, 49) in codes


def test_gates_outside_the_extent_go_with_their_homes(listen, demo_study):
    bbox = "[117.03, 38.10, 117.045, 38.12]"
    spoil.option(demo_study, "[streets]\n", f"[extent]\nbbox = {bbox}\n[streets]\n")
    assert notes(listen, demo_study) == set()
    homes = pd.read_csv(demo_study / spoil.RESIDENCES)
    inside = homes["经度"].between(117.03, 117.045) & homes["纬度"].between(38.10, 38.12)
    assert 0 < inside.sum() < len(homes)
    assert rows_read(listen, demo_study, "residential points") == inside.sum()


# --- results that cannot be written ---


def test_a_folder_in_place_of_a_result(listen, tiny_study):
    page = tiny_study / "results" / "map.html"
    page.unlink()
    page.mkdir()
    before = contents(tiny_study)
    code, _, err = listen("map", tiny_study, "--lang", "en")
    assert code == 1
    assert str(page) in " ".join(err.split())
    assert "then run again" in " ".join(err.split())
    assert "Traceback" not in err
    assert contents(tiny_study) == before


def test_a_file_in_place_of_the_results_folder(listen, demo_study):
    shutil.rmtree(demo_study / "results")
    (demo_study / "results").write_text("mine", "utf-8")
    code, _, err = listen("run", demo_study, "--lang", "zh")
    assert code == 1
    assert "Traceback" not in err
    assert "results" in err
    assert (demo_study / "results").read_text("utf-8") == "mine"


def test_a_damaged_cache_is_made_again(listen, demo_study):
    (network,) = (demo_study / "results" / "cache").glob("network-*.npz")
    whole = network.read_bytes()
    network.write_bytes(whole[: len(whole) // 2])
    assert listen("check", demo_study, "--quiet")[0] == 0
    assert network.read_bytes() == whole


def test_a_damaged_record_is_made_again(listen, tiny_study):
    record = tiny_study / "results" / "map.json"
    before = record.read_bytes()
    record.write_bytes(before[: len(before) // 2])
    assert listen("run", tiny_study, "--quiet")[0] == 0
    assert record.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "\0", '{"stage": 1, "key": 2, "version": 3, "facts": 4, "outputs": 5}'],
)
def test_a_record_of_another_form_counts_as_none(tmp_path, text):
    (tmp_path / "plan.json").write_text(text, "utf-8")
    assert read_record(tmp_path, "plan") is None


# --- real data ---


@pytest.mark.shared
@pytest.mark.parametrize("true", ["gcj02", pytest.param("bd09", marks=pytest.mark.slow)])
def test_wrong_datum_on_real_places_is_named(example, listen, shared, true):
    study = example("bit")
    pois = pd.read_csv(shared / "beijing" / "poi-bit-2012.csv", dtype=str)
    lon, lat = from_wgs84(pois["lon"].astype(float), pois["lat"].astype(float), true)
    shifted = pois.assign(lon=np.round(lon, 6).astype(str), lat=np.round(lat, 6).astype(str))
    shifted.to_csv(study / "pois.csv", index=False)
    spoil.option(study, '"{beijing}/poi-bit-2012.csv"', '"pois.csv"\ndatum = "WGS-84"')
    (study / "results").mkdir(exist_ok=True)
    (study / "results" / "map.html").write_text("earlier page", "utf-8")
    before = contents(study)
    code, _, err = listen("run", study, "--lang", "zh")
    assert code == 1
    (fault,) = listen.faults
    assert (fault.code, fault.file, fault.value) == ("wrong_datum", "pois.csv", "WGS-84")
    label = {"gcj02": "GCJ-02", "bd09": "BD-09"}[true]
    assert f"将 datum 选项设为 {label}" in " ".join(err.split())
    assert_one_list([fault], err, "zh")
    assert contents(study) == before
    spoil.option(study, 'datum = "WGS-84"', f'datum = "{label}"')
    assert listen("check", study, "--lang", "en")[0] == 0


# --- anything at all in the cells ---

NASTY = (
    "", " ", "=1+1", "１２３", "1e400", "-1e400", "NaN", "-0", "0", "1,234", "12,34", "3.2万",
    "🏙️", "\u202eمرحبا", "\0", '"', "'", "a,b", "a\nb", "{column}", "%s", "<script>", "\ufeff",
    "116°23′51″", "180.0001", "R0001", "R0002", "1_000", "inf", "∞", "true", "全部", "；；",
    "\ud7ff", "x" * 40_000, "9" * 400,
)  # fmt: skip

TABLES = (spoil.RESIDENCES, spoil.OUTLETS, spoil.CANDIDATES, spoil.ENTRANCES)


@pytest.fixture(scope="module")
def rows_of(demo_run):
    return {name: spoil.read_rows(demo_run / name) for name in TABLES}


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_nasty_cells_never_break_the_program(listen, demo_study, rows_of, data):
    changed = {}
    for name in data.draw(st.sets(st.sampled_from(TABLES), min_size=1, max_size=2)):
        rows = [list(row) for row in rows_of[name]]
        for _ in range(data.draw(st.integers(1, 4))):
            row = data.draw(st.integers(0, min(30, len(rows) - 1)))  # the header, too
            column = data.draw(st.integers(0, len(rows[row]) - 1))
            rows[row][column] = data.draw(st.sampled_from(NASTY) | st.text(max_size=20))
        changed[name] = rows
    for name, rows in changed.items():
        spoil.write_rows(demo_study / name, rows)
    language = data.draw(st.sampled_from(languages()))
    code, out, err = listen("check", demo_study, "--lang", language)
    for name in changed:
        spoil.write_rows(demo_study / name, rows_of[name])
    assert code in {0, 1}
    assert "Traceback" not in out + err
    wrong = [fault for fault in listen.faults if fault.severity == "fault"]
    assert bool(wrong) == (code == 1)
    for fault in listen.faults:
        assert fault.line("en")
        assert fault.line("zh")
