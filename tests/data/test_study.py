"""study.toml: every option is explained, every fault is listed once."""

import tomllib
from pathlib import Path

import pytest

from quarterhour.data.faults import FaultLog
from quarterhour.data.study import StudyConfig, load_study, parse_study, section_model
from quarterhour.data.study_template import option_rows, study_reference, study_toml, toml_value
from quarterhour.data.text import languages

MINIMAL = """
[study]
name = "小城"
[streets]
file = "streets.osm"
[demand]
file = "homes.csv"
[[facilities]]
file = "shops.csv"
"""


def faults_of(text):
    log = FaultLog()
    parse_study(text, name="study.toml", log=log)
    return {(fault.code, fault.column) for fault in log}


def test_minimal_study_takes_documented_defaults():
    log = FaultLog()
    study = parse_study(MINIMAL, name="study.toml", log=log)
    assert not list(log)
    assert (study.study.name, study.streets.snap_limit, study.plan.outlets) == ("小城", 200.0, 20)
    assert study.extent is None
    assert study.areas == ()


def test_all_faults_come_as_one_list():
    text = MINIMAL.replace('name = "小城"', 'nam = "小城"').replace(
        'file = "streets.osm"', 'file = "a"\nplace = "b"\nsnap_limit = "far"'
    )
    text += 'unmapped = "maybe"\n[plan]\noutlets = 0\nper_type = {repair = {min = 3, max = 1}}\n'
    assert faults_of(text) == {
        ("option_missing", "study.name"),
        ("option_unknown", "study.nam"),
        ("option_number", "streets.snap_limit"),
        ("option_not_allowed", "facilities[1].unmapped"),
        ("option_range", "plan.outlets"),
        ("option_max_below_min", "plan.per_type.repair"),
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ('file = "streets.osm"\nplace = "x"', ("option_one_of", "streets")),
        ("", ("option_one_of", "streets")),
    ],
)
def test_streets_come_from_exactly_one_source(change, expected):
    assert expected in faults_of(MINIMAL.replace('file = "streets.osm"', change))


def test_bbox_must_be_west_south_east_north():
    text = MINIMAL + "[extent]\nbbox = [116.5, 40.0, 116.4, 39.9]\n"
    assert faults_of(text) == {("option_bbox", "extent")}


def test_unknown_option_names_the_known_ones():
    log = FaultLog()
    parse_study(MINIMAL + "[plan]\noutlet = 3\n", name="study.toml", log=log)
    (fault,) = log
    assert "outlets" in fault.expected("en")


def test_broken_toml_is_one_fault():
    assert faults_of('[study\nname = "x"') == {("study_not_toml", None)}


def test_missing_study_names_the_way_out(tmp_path):
    log = FaultLog()
    assert load_study(tmp_path, log) is None
    (fault,) = log
    assert fault.code == "study_missing"
    assert "init" in fault.remedy("en")


def test_gbk_study_is_a_fault(tmp_path):
    (tmp_path / "study.toml").write_bytes(MINIMAL.encode("gb18030"))
    log = FaultLog()
    assert load_study(tmp_path, log) is None
    assert [fault.code for fault in log] == ["study_not_utf8"]


def test_bom_of_windows_notepad_is_accepted(tmp_path):
    (tmp_path / "study.toml").write_text(MINIMAL, encoding="utf-8-sig")
    log = FaultLog()
    assert load_study(tmp_path, log) is not None


@pytest.mark.parametrize("language", languages())
def test_template_holds_every_option_and_reads_back(language):
    given = {
        "study": {"name": '引号"与\\反斜线'},
        "streets": {"place": "Beijing"},
        "demand": {"file": "d.csv", "columns": {"residents": "居民 人数"}},
        "facilities": [{"file": "a.csv"}, {"file": "b.csv", "type": "repair"}],
    }
    text = study_toml(given, language)
    log = FaultLog()
    study = parse_study(text, name="study.toml", log=log)
    assert not list(log)
    assert study.study.name == given["study"]["name"]
    assert study.demand.columns == {"residents": "居民 人数"}
    assert [table.type for table in study.facilities] == ["", "repair"]
    for section in StudyConfig.model_fields:
        assert f"[{section}]" in text
        for option in section_model(section).model_fields:
            assert option in text or section == "paths"


@pytest.mark.parametrize("language", languages())
def test_every_option_is_documented(language):
    for section, option, default, meaning in option_rows(language):
        assert meaning, f"{section}.{option}"
        assert default


def test_toml_values_round_trip():
    value = {"a": [1, 2.5, True, '引"号\\'], "键 a": {"b": "c"}}
    assert tomllib.loads(f"v = {toml_value(value)}")["v"] == value


PATHS = MINIMAL.replace('"homes.csv"', '"{city}/homes.csv"') + '[paths]\ncity = "data/2024"\n'


def test_paths_are_put_into_file_names(monkeypatch):
    log = FaultLog()
    assert parse_study(PATHS, name="study.toml", log=log).demand.file == "data/2024/homes.csv"
    monkeypatch.setenv("QUARTERHOUR_PATH_CITY", "/elsewhere")
    assert parse_study(PATHS, name="study.toml", log=log).demand.file == "/elsewhere/homes.csv"
    assert not list(log)


def test_unknown_path_is_a_fault():
    text = PATHS.replace("[paths]\ncity", "[paths]\ntown")
    assert faults_of(text) == {("option_no_such_id", "demand.file")}


@pytest.mark.parametrize(("language", "name"), [("en", "study.md"), ("zh", "study.zh.md")])
def test_reference_in_docs_is_up_to_date(language, name):
    page = Path(__file__).parents[2] / "docs" / name
    assert page.read_text(encoding="utf-8") == study_reference(language)
