"""Standards packs: shipped ones against the facts, faulty ones against the list of faults."""

import re
from pathlib import Path

import pytest

from quarterhour.data.faults import FaultLog, InputFaults
from quarterhour.data.standards import load_pack, parse_pack, shipped_packs, show_value
from quarterhour.data.standards_schema import Sourced, Value

SMALL = """
id = "small"
name = "试点"
version = "1"
criterion = "metres"
[[tiers]]
id = "near"
name = { zh = "近", en = "Near" }
minutes = 5
metres = { value = 300, source = "A", verified = true }
[[types]]
id = "shop"
name = { zh = "店", en = "Shop" }
tier = "near"
[[profiles]]
id = "adult"
name = "成人"
speed = 4
signal_delay = 30
"""

# Facts of the 2018 rule and the tiers, as gathered for the project.
BEIJING = {
    "vegetable": (10, 500),
    "convenience": (5, 300),
    "breakfast": (10, 500),
    "housekeeping": (15, 1000),
    "hair_beauty": (15, 1000),
    "parcel": (15, 1000),
    "laundry": (15, 1000),
    "repair": (15, 1000),
}


def faults_of(text):
    log = FaultLog()
    assert parse_pack(text, file="own.toml", log=log) is None
    for fault in log.faults:
        assert fault.line("en")
        assert fault.line("zh")
    return [(fault.code, fault.column) for fault in log.faults]


def values_in(part, path=""):
    """Yield every sourced value of a pack with its path."""
    if isinstance(part, Sourced):
        yield path, part
    elif isinstance(part, tuple):
        for item in part:
            yield from values_in(item, f"{path}[{getattr(item, 'id', '')}]")
    elif hasattr(type(part), "model_fields"):
        for name in type(part).model_fields:
            yield from values_in(getattr(part, name), f"{path}.{name}")


def test_beijing_thresholds_are_those_of_the_facts():
    pack = load_pack("beijing-8")
    found = {
        t: (pack.threshold(t, "minutes").value, pack.threshold(t, "metres").value)
        for t in pack.type_ids
    }
    assert found == BEIJING


def test_beijing_basic_types_are_all_but_repair():
    pack = load_pack("beijing-8")
    assert [t.id for t in pack.types if not t.basic] == ["repair"]


@pytest.mark.parametrize("name", shipped_packs())
def test_every_shipped_value_says_where_it_comes_from(name):
    for path, value in values_in(load_pack(name)):
        assert value.source or "No source recorded" in value.note or "no source" in value.note, path


@pytest.mark.parametrize("name", shipped_packs())
def test_nothing_without_a_source_is_shown_as_verified(name):
    for path, value in values_in(load_pack(name)):
        assert not (value.verified and not value.source), path


@pytest.mark.parametrize("name", ["beijing-8", "gb50180"])
def test_life_circle_tiers_are_those_of_the_facts_and_not_called_verified(name):
    tiers = {t.id: t for t in load_pack(name).tiers}
    assert {i: (t.minutes.value, t.metres.value) for i, t in tiers.items()} == {
        "5min": (5, 300),
        "10min": (10, 500),
        "15min": (15, 1000),
    }
    assert (tiers["15min"].metres.low, tiers["15min"].metres.high) == (800, 1000)
    assert not any(t.metres.verified for t in tiers.values())


def test_gb50180_residents_of_each_tier():
    tiers = load_pack("gb50180").tiers
    assert [(t.residents.low, t.residents.high) for t in tiers] == [
        (5_000, 12_000),
        (15_000, 25_000),
        (50_000, 100_000),
    ]


def test_mofcom_ladder():
    pack = load_pack("mofcom-2021")
    ladder = {"convenience": 5, "food_market": 8, "laundry": 8, "hair_beauty": 8, "repair": 15}
    assert {t: pack.threshold(t).value for t in ladder} == ladder


def test_a_threshold_is_as_sure_as_its_weaker_part():
    log = FaultLog()
    pack = parse_pack(SMALL, file="own.toml", log=log)
    assert pack.tier("near").metres.certainty == "verified"
    assert pack.threshold("shop").certainty == "unverified"


def test_own_value_overrides_the_tier():
    text = SMALL.replace('tier = "near"', 'tier = "near"\nmetres = 250')
    assert parse_pack(text, file="own.toml", log=FaultLog()).threshold("shop").value == 250


def test_labels_in_both_languages():
    choice = Value(value=500, unit="m", choice=True, verified=True)
    assert show_value(choice) == "500 m (project choice)"
    assert show_value(choice, "zh") == "500 米（项目自定）"
    ranged = Value(value=1000, low=800, high=1000, unit="m")
    assert show_value(ranged) == "1,000 m (source: 800–1,000 m; unverified)"
    assert show_value(Value(value=15, unit="min", verified=True)) == "15 min"
    assert show_value(Value(value=1.5, unit="boxes", verified=True)) == "1.5 boxes"


def test_open_ranges():
    assert show_value(Value(value=5, low=5, unit="m", verified=True)) == "5 m (source: ≥ 5 m)"
    assert show_value(Value(value=5, high=9, unit="m", verified=True)) == "5 m (source: ≤ 9 m)"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("minutes = 5\n", "", ("pack_missing", "tiers[near].minutes")),
        ("minutes = 5", "minutes = -5", ("pack_invalid", "tiers[near].minutes.value")),
        ("minutes = 5", "minutes = 0", ("pack_invalid", "tiers[near].minutes.value")),
        ("minutes = 5", "minutes = nan", ("pack_invalid", "tiers[near].minutes.value")),
        ("minutes = 5", 'minutes = "five"', ("pack_invalid", "tiers[near].minutes")),
        ("minutes = 5", "minutes = true", ("pack_invalid", "tiers[near].minutes")),
        ("speed = 4", "speed = 40", ("pack_invalid", "profiles[adult].speed.value")),
        ("speed = 4", "spead = 4\nspeed = 4", ("pack_unknown_key", "profiles[adult].spead")),
        ('"metres"\n', '"meters"\n', ("pack_invalid", "criterion")),
        ('tier = "near"', 'tier = "far"', ("pack_unknown_reference", "types[shop].tier")),
        (
            'tier = "near"',
            'tier = "near"\ncategory = "x"',
            ("pack_unknown_reference", "types[shop].category"),
        ),
        (
            'tier = "near"',
            'tier = "near"\nper_community = 1.5',
            ("pack_invalid", "types[shop].per_community.value"),
        ),
        ("value = 300", "value = 300, low = 400", ("pack_invalid", "tiers[near].metres")),
        ('id = "shop"', 'id = "shop;2"', ("pack_invalid", "types[shop;2].id")),
        ('id = "small"', 'id = "small', ("pack_not_toml", None)),
    ],
)
def test_faulty_pack(old, new, expected):
    assert old in SMALL
    assert faults_of(SMALL.replace(old, new, 1)) == [expected]


def test_duplicate_type_and_shared_alias_are_both_named():
    extra = '[[types]]\nid = "{}"\nname = "店二"\naliases = ["shop"]\ntier = "near"\n'
    assert faults_of(SMALL + extra.format("shop")) == [("pack_duplicate", "types")]
    assert faults_of(SMALL + extra.format("other")) == [("pack_shared_alias", "types")]


def test_all_faults_at_once():
    text = SMALL.replace("minutes = 5", "minutes = -5").replace("speed = 4", "speed = -4")
    assert len(faults_of(text)) == 2


def test_own_pack_by_path_relative_to_the_study(tmp_path):
    (tmp_path / "own.toml").write_text(SMALL, encoding="utf-8")
    assert load_pack("own.toml", folder=tmp_path).id == "small"


def test_unknown_pack_lists_the_shipped_ones():
    with pytest.raises(InputFaults) as caught:
        load_pack("beijing8")
    assert all(name in str(caught.value) for name in shipped_packs())


@pytest.mark.parametrize(
    ("content", "code"), [(None, "file_missing"), ("试点".encode("gbk"), "wrong_encoding")]
)
def test_unreadable_pack(tmp_path, content, code):
    if content is not None:
        (tmp_path / "own.toml").write_bytes(content)
    log = FaultLog()
    assert load_pack("own.toml", folder=tmp_path, log=log) is None
    assert [fault.code for fault in log.faults] == [code]


def test_shipped_packs_are_those_documented():
    assert shipped_packs() == ("beijing-8", "gb50180", "mofcom-2021")
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in shipped_packs())


def test_the_smallest_pack_of_the_howto_works():
    howto = Path(__file__).parents[2] / "docs" / "standards-howto.md"
    text = re.search(r"```toml\n(id = .*?)```", howto.read_text(encoding="utf-8"), re.DOTALL)
    log = FaultLog()
    pack = parse_pack(text[1], file="howto", log=log)
    assert log.faults == []
    assert pack.threshold("vegetable").value == 500


def test_pack_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "own.toml").write_text(SMALL, encoding="utf-8")

    def refused(*_args, **_options):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "read_text", refused)
    log = FaultLog()
    assert load_pack("own.toml", folder=tmp_path, log=log) is None
    assert [fault.code for fault in log.faults] == ["unreadable"]
