"""Columns and categories: mapped, recognised, or named as a fault."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from quarterhour.data.columns import HEADERS, plain_header, resolve_columns
from quarterhour.data.faults import FaultLog
from quarterhour.data.outlet_types import (
    TypeMapping,
    load_mapping,
    map_types,
    mapping_from,
    shipped_mappings,
    split_types,
)
from quarterhour.data.standards import load_pack
from quarterhour.data.tables import RawTable, read_table

PACK = load_pack("beijing-8")


def table(*columns):
    frame = pd.DataFrame([["x"] * len(columns)], columns=list(columns))
    return RawTable("a.csv", Path(), frame, np.array([2]), None, None, None, None, "")


def resolve(columns, wanted, **options):
    log = FaultLog()
    return resolve_columns(table(*columns), wanted=wanted, log=log, **options), log


def codes(log):
    for fault in log:
        assert fault.line("en")
        assert fault.line("zh")
    return [fault.code for fault in log.faults]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("经度", "lon"), ("lng", "lon"), ("Longitude", "lon"), ("WGS84_LNG", "lon"), ("X", "lon"),
        ("纬度", "lat"), ("名称", "name"), ("小区名称", "name"), ("居民人数", "residents"),
        ("常住人口（人）", "residents"), ("population", "residents"), ("户数(户)", "households"),
        ("面积（㎡）", "area_m2"), ("Floor Area", "area_m2"), ("营业时间", "hours"),
    ],
)  # fmt: skip
def test_headers_are_recognised_and_said(header, name):
    found, log = resolve([header], [name])
    assert codes(log) == []
    assert found.recognised == {name: header}


def test_mapping_wins_and_is_not_called_recognised():
    found, _ = resolve(["经度", "lng84"], ["lon"], mapping={"lon": "lng84"})
    assert (found.get("lon"), found.recognised) == ("lng84", {})


def test_empty_mapping_says_that_there_is_none():
    found, log = resolve(["人口"], ["residents"], mapping={"residents": ""})
    assert "residents" not in found
    assert codes(log) == []


def test_one_column_serves_one_purpose():
    found, _ = resolve(["区", "name"], ["district", "parent"])
    assert list(found.found.values()).count("区") == 1


def test_missing_column_lists_those_there_are_and_the_closest():
    _, log = resolve(["居民人数", "名称"], ["residents"], mapping={"residents": "居民人口数"})
    assert codes(log) == ["missing_column"]
    fault = log.faults[0]
    assert "居民人数, 名称" in fault.expected()
    assert "居民人数" in fault.remedy()


def test_nothing_close():
    _, log = resolve(["甲"], ["lon"], mapping={"lon": "zzz"})
    assert "–" in log.faults[0].remedy()


def test_required_column():
    _, log = resolve(["名称"], ["name", "type"], required=["type"])
    assert codes(log) == ["required_column"]


def test_unknown_canonical_column():
    _, log = resolve(["名称"], ["name"], mapping={"nmae": "名称"})
    assert codes(log) == ["unknown_canonical"]


@pytest.mark.parametrize("header", ["人口（万人）", "人口(千人)", "面积[公顷]"])
def test_scaled_unit_in_the_header(header):
    name = "area_m2" if "面积" in header else "residents"
    assert name not in resolve([header], [name])[0]
    assert codes(resolve([header], [name], mapping={name: header})[1]) == ["header_unit"]


def test_two_columns_of_residents_are_warned_of():
    found, log = resolve(["户籍人口", "常住人口"], ["residents"])
    assert found.get("residents") == "常住人口"
    assert [fault.code for fault in log.warnings] == ["several_columns"]


def test_every_known_header_is_in_plain_form():
    for headers in HEADERS.values():
        assert [plain_header(header) for header in headers] == list(headers)


# --- categories ----------------------------------------------------------------------------


def typed(categories, mapping=None, *, names=None, pack=PACK, **options):
    log = FaultLog()
    frame, rows = pd.DataFrame({"c": categories}), np.arange(2, len(categories) + 2)
    raw = RawTable("a.csv", Path(), frame, rows, None, None, None, None, "")
    rules = mapping_from(mapping) if isinstance(mapping, dict) else mapping
    found = map_types(
        categories, names or [""] * len(categories), table=raw, column="c", pack=pack,
        mapping=rules, log=log, **options,
    )  # fmt: skip
    return found, log


def ids(found):
    return [";".join(types) for types in found.types]


def test_the_packs_own_names_need_no_mapping():
    words = [
        "vegetable",
        "蔬菜零售",
        "Vegetable retail",
        "菜市场",
        "理发店",
        "CONVENIENCE",
        "便利店（社区超市）",
    ]
    found, log = typed(words)
    assert codes(log) == []
    assert ids(found) == ["vegetable"] * 4 + ["hair_beauty", "convenience", "convenience"]


def test_exact_codes_go_before_prefixes_and_longer_prefixes_before_shorter():
    mapping = {
        "06*": "vegetable",
        "0602*": "convenience",
        "060299": "ignore",
        "name:早餐": "breakfast",
    }
    found, log = typed(
        ["060100", "060200", "060299", "999999"], mapping, names=["", "", "", "早餐亭"]
    )
    assert codes(log) == []
    assert ids(found) == ["vegetable", "convenience", "", "breakfast"]
    assert found.ignored == 1


def test_targets_may_be_names():
    assert ids(typed(["a"], {"a": "菜市场"})[0]) == ["vegetable"]


def test_several_types_in_one_cell():
    assert ids(typed(["早餐、便利店", "洗衣店/维修"])[0]) == [
        "breakfast;convenience",
        "laundry;repair",
    ]


def test_path_of_amap_categories():
    mapping = load_mapping("amap-poi", log=FaultLog())
    found, _ = typed(
        ["购物服务;便民商店/便利店;便民商店/便利店", "生活服务;洗衣店;洗衣店"], mapping
    )
    assert ids(found) == ["convenience", "laundry"]


def test_unknown_type_is_named_once_with_its_count():
    found, log = typed(["便利店", "游戏厅", "游戏厅"])
    assert [(f.code, f.row, f.value) for f in log.faults] == [("unknown_type", 3, "游戏厅")]
    assert dict(log.faults[0].params)["count"] == 2
    assert found.unmapped == {"游戏厅": 2}
    assert codes(log)


def test_unknown_types_may_be_ignored_but_are_counted():
    found, log = typed(["便利店", "游戏厅"], unmapped="ignore")
    assert codes(log) == []
    assert found.unmapped == {"游戏厅": 1}


def test_unknown_target_in_the_mapping():
    assert codes(typed(["a"], {"a": "shoe_shop"})[1])[0] == "unknown_target"


def test_codes_that_lost_their_first_zero():
    mapping = load_mapping("amap-poi", log=FaultLog())
    assert ids(typed(["60200", "060200", "71100"], mapping)[0]) == ["convenience"] * 2 + [
        "hair_beauty"
    ]


def test_own_rules_go_before_a_shipped_table_and_are_checked():
    """As a study combines them: a mistyped target must not vanish among the shipped rules."""
    shipped = load_mapping("amap-poi", log=FaultLog())

    def combined(rules):
        own = mapping_from(rules).rules
        return TypeMapping((*own, *shipped.rules), shipped.digits, shipped.scheme)

    found, log = typed(["60200", "060200", "071500"], combined({"60200": "breakfast"}))
    assert codes(log) == []
    assert ids(found) == ["breakfast", "convenience", "laundry"]
    assert "unknown_target" in codes(typed(["60200"], combined({"60200": "brekfast"}))[1])


def test_shipped_rules_may_name_types_a_pack_does_without():
    shipped = load_mapping("amap-poi", log=FaultLog())
    pack = PACK.model_copy(update={"types": PACK.types[1:2]})
    found, log = typed(["060200", "071500"], shipped, pack=pack)
    assert codes(log) == []
    assert ids(found) == ["convenience", ""]


def test_other_codes_of_a_known_scheme_are_no_fault():
    mapping = load_mapping("amap-poi", log=FaultLog())
    _, log = typed(["170200", "望京"], mapping)
    assert [f.value for f in log.faults] == ["望京"]


def test_split_types():
    assert split_types("早餐、便利店,洗衣；维修/ 家政|快递") == [
        "早餐",
        "便利店",
        "洗衣",
        "维修",
        "家政",
        "快递",
    ]


@pytest.mark.parametrize("header", [("code", "type"), ("编码", "业态")])
def test_mapping_table_of_the_user(tmp_path, header):
    path = tmp_path / "map.csv"
    path.write_text(
        f"{header[0]},{header[1]}\n0602*,convenience\n071200,便民维修\n", encoding="gb18030"
    )
    log = FaultLog()
    mapping = load_mapping("map.csv", folder=tmp_path, log=log)
    assert codes(log) == []
    assert ids(typed(["060211", "071200"], mapping)[0]) == ["convenience", "repair"]


@pytest.mark.parametrize(
    ("text", "code"), [("code,kind\n1,a\n", "required_column"), (None, "file_missing")]
)
def test_faulty_mapping_table(tmp_path, text, code):
    if text:
        (tmp_path / "map.csv").write_text(text, encoding="utf-8")
    log = FaultLog()
    assert load_mapping("map.csv", folder=tmp_path, log=log).rules == ()
    assert codes(log) == [code]


@pytest.mark.parametrize("name", shipped_mappings())
def test_shipped_mappings_name_types_of_the_eight(name):
    rules = load_mapping(name, log=FaultLog()).rules
    assert {rule.type for rule in rules} <= set(PACK.type_ids)


def test_codes_called_verified_stand_so_in_the_real_table(shared):
    """Of Amap's codes: the category name in a real table is the one the mapping gives."""
    raw = read_table(shared / "beijing" / "poi-bit-2012.csv", log=FaultLog())
    pairs = Counter(zip(raw.text("amap_type"), raw.text("category"), strict=True))
    mapping = load_mapping("amap-poi", log=FaultLog())
    for code, category in [
        ("60200", "便民商店/便利店"), ("60400", "超市"), ("60705", "蔬菜市场"), ("50300", "快餐厅"),
        ("71100", "美容美发店"), ("71500", "洗衣店"), ("70500", "物流速递"), ("71200", "维修站点"),
    ]:  # fmt: skip
        assert pairs[code, category] > 0
        assert mapping.find(code) == mapping.find(category) != ""


def test_real_poi_tables_go_in_without_editing(shared):
    """Counts by hand from the tables: exact codes of the types that have one."""
    raw = read_table(shared / "beijing" / "poi-bit-2012.csv", log=FaultLog())
    mapping = load_mapping("amap-poi", log=FaultLog())
    found, log = typed(list(raw.text("amap_type")), mapping, names=list(raw.text("name")))
    counts = Counter(t for types in found.types for t in types)
    assert codes(log) == []
    assert (counts["hair_beauty"], counts["laundry"], counts["repair"]) == (50, 13, 10)
    assert counts["parcel"] == 9
    assert counts["convenience"] == 38 + 1 + 7
    raw = read_table(shared / "beijing" / "poi-wangjing.csv", log=FaultLog())
    mapping = load_mapping("wangjing-poi", log=FaultLog())
    found, log = typed(list(raw.text("category")), mapping, names=list(raw.text("name")))
    counts = Counter(t for types in found.types for t in types)
    assert codes(log) == []
    assert (counts["laundry"], counts["parcel"]) == (66, 57)
    assert counts["hair_beauty"] == 184 + 303
    assert set(counts) == set(PACK.type_ids)
