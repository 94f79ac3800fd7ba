"""Results: all or nothing, and nothing in them that a spreadsheet would run."""

import csv
import json
import os
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.data.output import OutputLocked, staged
from quarterhour.data.output_files import (
    cell_value,
    neutral,
    text_width,
    write_csv,
    write_geopackage,
    write_geoparquet,
    write_json,
    write_workbook,
)


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def write(stage, **files):
    for name, text in files.items():
        stage.path(f"{name}.txt").write_text(text, encoding="utf-8")


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    with staged(folder) as stage:
        write(stage, a="old a", b="old b")
    return folder


def shops():
    data = {"id": ["1", "2"], "name": ["便利店", "=cmd()"], "residents": [1.5, np.nan]}
    return gpd.GeoDataFrame(
        data, geometry=gpd.points_from_xy([116.3, 116.4], [39.9, 40.0]), crs=4326
    )


def test_files_appear_together(results):
    with staged(results) as stage:
        write(stage, a="new a", c="new c")
        assert contents(results)["a.txt"] == "old a"
    assert contents(results) == {"a.txt": "new a", "b.txt": "old b", "c.txt": "new c"}


def test_files_in_folders(results):
    with staged(results) as stage:
        stage.path("pages/one.txt").write_text("page", encoding="utf-8")
    assert (results / "pages" / "one.txt").read_text(encoding="utf-8") == "page"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_nothing_changes_when_the_work_fails(results, error):
    before = contents(results)

    def fail_halfway():
        with staged(results) as stage:
            write(stage, a="new a", c="new c")
            raise error

    with pytest.raises(error):
        fail_halfway()
    assert contents(results) == before
    assert sorted(p.name for p in results.iterdir()) == ["a.txt", "b.txt"]


def test_files_replaced_before_a_failing_one_are_put_back(results):
    """b.txt cannot be replaced, as a folder stands in its place: a.txt must be the old one."""
    (results / "b.txt").unlink()
    (results / "b.txt").mkdir()
    (results / "b.txt" / "inside.txt").write_text("kept", encoding="utf-8")
    before = contents(results)
    with pytest.raises(OSError), staged(results) as stage:  # noqa: PT011 - its kind differs by system
        write(stage, a="new a", b="new b", aa="new aa")
    assert contents(results) == before


def test_locked_file_is_named(results, monkeypatch):
    """As on Windows, where a workbook open in Excel cannot be replaced."""
    replace = Path.replace

    def locked(self, target):
        if Path(target).name == "b.txt" and Path(target).parent == results and "new" in self.parts:
            raise PermissionError(13, "in use")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", locked)
    before = contents(results)
    with pytest.raises(OutputLocked, match=r"b\.txt") as caught, staged(results) as stage:
        write(stage, a="new a", b="new b", c="new c")
    assert caught.value.path == results / "b.txt"
    assert contents(results) == before


def test_interrupt_while_putting_in_place_undoes_all(results, monkeypatch):
    replace = Path.replace
    seen = []

    def interrupted(self, target):
        if Path(target).parent == results and "new" in self.parts:
            seen.append(target)
            if len(seen) == 2:
                raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    before = contents(results)
    with pytest.raises(KeyboardInterrupt), staged(results) as stage:
        write(stage, a="new a", b="new b", c="new c")
    assert contents(results) == before


def test_leftovers_of_a_killed_run_go_but_not_those_of_a_running_one(results):
    old, fresh = results / ".writing-old", results / ".writing-fresh"
    old.mkdir()
    fresh.mkdir()
    long_ago = time.time() - 3 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    with staged(results):
        pass
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.parametrize("name", ["../out.txt", "/abs.txt", "", "."])
def test_names_stay_inside(results, name):
    with pytest.raises(ValueError, match="inside"), staged(results) as stage:
        stage.path(name)


def test_geoparquet_round_trip(tmp_path):
    write_geoparquet(shops(), tmp_path / "shops.parquet")
    assert_geodataframe_equal(gpd.read_parquet(tmp_path / "shops.parquet"), shops())


def test_geopackage_layers(tmp_path):
    path = tmp_path / "all.gpkg"
    areas = gpd.GeoDataFrame(
        {"id": ["x", "y"]},
        geometry=[shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(2, 2, 3, 3)])],
        crs=4326,
    )
    plain = pd.DataFrame({"key": ["a"], "value": [1]})
    layers = {"shops": shops(), "areas": areas, "none": shops().iloc[:0], "about": plain}
    write_geopackage(layers, path)
    write_geopackage(layers, path)  # an earlier file is replaced, not added to
    assert [name for name, _ in pyogrio.list_layers(path)] == list(layers)
    found = gpd.read_file(path, layer="shops")
    assert found["name"].tolist() == ["便利店", "=cmd()"]
    assert found.crs == 4326
    assert len(gpd.read_file(path, layer="areas")) == 2
    assert list(gpd.read_file(path, layer="none").columns) == [
        "id",
        "name",
        "residents",
        "geometry",
    ]
    assert gpd.read_file(path, layer="about")["key"].tolist() == ["a"]


def test_geopackage_without_layers(tmp_path):
    with pytest.raises(ValueError, match="layer"):
        write_geopackage({}, tmp_path / "x.gpkg")


def test_workbook(tmp_path):
    path = tmp_path / "台账.xlsx"
    units = pd.DataFrame({"column": ["residents"], "unit": ["persons"]})
    write_workbook({"网点": shops()}, path, units=units, units_title="单位")
    book = openpyxl.load_workbook(path)
    sheet = book["网点"]
    assert book.sheetnames == ["网点", "单位"]
    assert [cell.value for cell in sheet[1]] == ["id", "name", "residents"]
    assert [cell.value for cell in sheet[2]] == ["1", "便利店", 1.5]
    assert sheet.freeze_panes == "A2"
    assert sheet["C3"].value is None
    assert sheet.column_dimensions["B"].width >= text_width("便利店")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-cmd", "@SUM(A1)", "\tx", "\rx", "＝1"])
def test_no_text_becomes_a_formula(tmp_path, text):
    frame = pd.DataFrame({"name": [text]})
    write_workbook({"s": frame}, tmp_path / "x.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "x.xlsx")["s"]["A2"]
    assert cell.data_type == "s"
    assert cell.quotePrefix
    write_csv(frame, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.reader(stream))[1][0]
    assert found == (text if text == "+1" else f"'{text}")


@given(st.text(max_size=20))
def test_neutral_text_never_starts_a_formula(text):
    found = neutral(text)
    assert found.endswith(text)
    assert found[:1] not in {"=", "@", "\t", "\r", "＝", "＠"}


def test_workbook_takes_control_characters_and_long_text(tmp_path):
    frame = pd.DataFrame({"a": ["x\x00\x0by", "长" * 40_000]})
    write_workbook({"s": frame}, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["s"]
    assert sheet["A2"].value == "xy"
    assert len(sheet["A3"].value) == 32_767


def test_workbook_limits(tmp_path):
    with pytest.raises(ValueError, match="sheet"):
        write_workbook({}, tmp_path / "x.xlsx")
    many = pd.DataFrame({"a": np.zeros(1_048_576)})
    with pytest.raises(ValueError, match="CSV"):
        write_workbook({"s": many}, tmp_path / "x.xlsx")


def test_csv_opens_in_excel_with_chinese_intact(tmp_path):
    write_csv(shops(), tmp_path / "x.csv")
    data = (tmp_path / "x.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig").splitlines() == [
        "id,name,residents", "1,便利店,1.5", "2,'=cmd(),"
    ]  # fmt: skip


def test_negative_numbers_stay_numbers(tmp_path):
    write_csv(pd.DataFrame({"a": [-5.0], "b": ["-5"]}), tmp_path / "x.csv")
    assert "-5.0,-5" in (tmp_path / "x.csv").read_text(encoding="utf-8-sig")


def test_json_has_no_nan(tmp_path):
    value = {"a": np.float64("nan"), "b": np.array([1, 2]), "c": [np.int64(3), "店"], 4: True}
    write_json(value, tmp_path / "x.json")
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": None, "b": [1, 2], "c": [3, "店"], "4": True}
    assert "店" in text


@pytest.mark.parametrize("value", [None, np.nan, np.inf, pd.NA, pd.NaT])
def test_what_is_missing_is_an_empty_cell(value):
    assert cell_value(value) is None
