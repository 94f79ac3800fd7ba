"""Maps in one call: results read, base maps, steps of a plan, sheet; every refusal."""

import dataclasses
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from shapely import LineString, Point, box

from quarterhour.data.faults import InputFaults
from quarterhour.maps import fonts, sheet
from quarterhour.maps.basemap import base_map
from quarterhour.maps.layers import Categories, Fact, MapLayer, Shading, layer_json
from quarterhour.maps.planner import study_sides
from quarterhour.maps.results import read_results
from quarterhour.maps.sheet import write_sheet
from quarterhour.maps.sheet_legend import wrapped
from quarterhour.maps.sheet_map import round_length
from quarterhour.maps.steps import first_step, plan_steps
from quarterhour.maps.study_maps import coverage_map, measure_map, planner_map


def policy(study_map):
    text = study_map.get_root().render()
    return re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]


def test_a_folder_without_results_is_one_fault(tmp_path):
    with pytest.raises(InputFaults) as raised:
        coverage_map(tmp_path)
    assert [fault.code for fault in raised.value.faults] == ["map_no_results"]
    (tmp_path / "measure.json").write_text("{broken", encoding="utf-8")
    with pytest.raises(InputFaults):
        read_results(tmp_path)


def test_an_unknown_type_names_the_known_ones(results):
    with pytest.raises(ValueError, match="circle, breakfast, parcel"):
        coverage_map(results, "bakery")


def test_columns_of_other_lengths_are_refused():
    layer = MapLayer(
        "custom", "homes", "dot", np.array([Point(0, 0)]),
        {"": Shading("00", Categories(("a",), ("#000000",)))}, facts=[Fact("rank", {"": [1, 2]})],
    )  # fmt: skip
    with pytest.raises(
        ValueError, match=r"custom has 1 rows, but .*shading.* 2 rows, rank.* 2 rows"
    ):
        layer_json(layer)


def test_areas_without_homes_are_not_drawn_and_mostly_unknown_ones_are_hatched(results):
    tables = dict(results.tables)
    summary = tables["summary"].copy()
    row = (summary["area"] == "C2") & (summary["type"] == "parcel")
    summary.loc[row, ["covered", "gap", "unknown"]] = [50.0, 49.0, 151.0]
    tables["summary"] = summary
    [side] = study_sides([dataclasses.replace(results, tables=tables)])
    areas = next(layer for layer in side.layers if layer.key == "areas")
    # D1, C1, C2, C3: parcel in D1 450 of 650; C1 all; C2 mostly unknown; C3 nobody.
    assert areas.shading["parcel"].letters == "24- "


def test_pages_ask_nobody_unless_a_base_map_is_given(results):
    assert "http" not in policy(planner_map(results))
    tiles = base_map("tianditu", key="a&b<c")
    text = policy(planner_map(results, tiles=tiles))
    assert re.findall(r"https?://\S+?(?=;)", text) == ["https://t0.tianditu.gov.cn"]
    assert all("tk=a%26b%3Cc" in url for url in tiles.urls)
    assert base_map("gaode").datum == "gcj02"
    assert base_map("") is None


@pytest.mark.parametrize(
    "address", ["openstreetmap", "http://host/{z}/{x}.png", "ftp://host/{z}/{x}/{y}.png",
                "http://host;script-src *;/{z}/{x}/{y}.png", "//host/{z}/{x}/{y}.png"],
)  # fmt: skip
def test_what_is_no_tile_server_is_refused(address):
    with pytest.raises(ValueError, match="tile address"):
        base_map(address)


def test_tianditu_without_a_key_is_refused():
    with pytest.raises(ValueError, match="key"):
        base_map("tianditu")


def test_steps_of_a_plan():
    types = ["parcel"]
    points = pd.DataFrame({"parcel_state": ["gap"], "circle": ["gap"]})
    table = pd.DataFrame({"level": ["city"], "covered": [1.0]})
    assert plan_steps(None, None, types) == ()
    [step] = plan_steps(table.assign(year=""), points, types)
    assert (step.key, step.points is points) == ("after", True)
    years = pd.concat([table.assign(year="2027"), table.assign(year="2026", covered=2.0)])
    first, last = plan_steps(years, points, types)
    assert (first.key, first.points, last.key) == ("2027", None, "2026")
    assert last.points is points
    assert last.summary["covered"].tolist() == [2.0]
    long = pd.concat([points.assign(year="2027"), points.assign(year="2026", circle="covered")])
    assert [step.points["circle"].tolist() for step in plan_steps(years, long, types)] == [
        ["gap"],
        ["covered"],
    ]
    sites = pd.DataFrame({"year": ["2026", "", "2031"]})
    assert first_step(sites, (first, last)) == ["2026", "2027", "2027"]


def test_any_table_becomes_a_map():
    table = gpd.GeoDataFrame(
        {"name": ["甲", None], "height": [3.0, np.nan], "kind": ["a", "b"]},
        geometry=[box(0, 0, 1, 1), box(1, 1, 2, 2)], crs=32650,
    )  # fmt: skip
    for column, words in (("height", "height"), ("kind", "=a"), ("", '"custom"')):
        assert words in measure_map(table, column).get_root().render()
    assert "(m)" in measure_map(table, "height", title="Höhe", unit="m").get_root().render()
    lines = table.set_geometry([LineString([(0, 0), (1, 1)])] * 2)
    measure_map(lines.assign(kind=None), "kind").get_root().render()
    with pytest.raises(ValueError, match="no column 'depth'; it has name"):
        measure_map(table, "depth")
    with pytest.raises(ValueError, match="no CRS"):
        measure_map(table.set_crs(None, allow_override=True))
    many = gpd.GeoDataFrame({"kind": list("abcdefghi")}, geometry=[Point(0, 0)] * 9, crs=4326)
    with pytest.raises(ValueError, match="9 kinds"):
        measure_map(many, "kind")


# Sheet


def test_sheet_as_png_and_pdf_the_same_bytes_each_time(results, tmp_path):
    files = [tmp_path / "sheet.png", tmp_path / "sheet.pdf"]
    write_sheet(results, files)
    image = Image.open(files[0])
    assert image.size == (2338, 1653)  # A4 landscape at 200 dots an inch
    colours = {colour[:3] for _, colour in image.getcolors(maxcolors=10**6)}
    assert (142, 26, 18) in colours  # homes in a gap
    first = [path.read_bytes() for path in files]
    assert first[1].startswith(b"%PDF")
    write_sheet(results, files)
    assert [path.read_bytes() for path in files] == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.pdf", "sheet.png"]


def test_a_chinese_sheet_without_a_chinese_font_is_refused_in_words(results, tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "chinese_font", lambda: None)
    with pytest.raises(RuntimeError, match="Noto Sans CJK SC"):
        write_sheet(results, [tmp_path / "sheet.png"], language="zh")
    assert list(tmp_path.iterdir()) == []


def test_a_font_s_name_alone_promises_nothing(tmp_path):
    broken = tmp_path / "font.ttf"
    broken.write_bytes(b"no font")
    assert not fonts._has_sample(str(broken))
    found = fonts.chinese_font()
    if found is None:
        pytest.skip("no Chinese font on this machine")
    assert found in fonts.FAMILIES


@pytest.mark.parametrize(
    ("metres", "bar"), [(999, 500), (1000, 1000), (1999, 1000), (57, 50), (3.2, 2)]
)
def test_length_of_the_scale_bar(metres, bar):
    assert round_length(metres) == bar


def test_lines_of_the_sheet_are_never_too_long_and_lose_nothing():
    text = "streets.osm; 很长的一段中文说明没有空格也要换行; " + "x" * 90
    lines = wrapped(text, 30)
    assert "".join(lines) == text
    assert all(sum(2 if ord(one) > 0x2E80 else 1 for one in line.rstrip()) <= 40 for line in lines)
