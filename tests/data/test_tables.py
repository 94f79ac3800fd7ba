"""Reading tables: what a bureau has, and what can be wrong with it."""

import datetime as dt
import hashlib
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.data.encoding import detect_encoding
from quarterhour.data.faults import FaultLog
from quarterhour.data.tables import read_table

HEADER = "编号,名称,经度,纬度,人口"
ROWS = ["001,望京西园一区,116.4538,39.9978,1200", "002,南湖中园,116.4642,40.0022,900"]
TEXT = "\n".join([HEADER, *ROWS]) + "\n"


def read(path, **options):
    log = FaultLog()
    return read_table(path, log=log, **options), log


def codes(log):
    for fault in log:
        assert fault.line("en")
        assert fault.line("zh")
    return [fault.code for fault in log.faults]


def saved(tmp_path, data, name="小区.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def workbook(tmp_path, rows, *, name="小区.xlsx", title="表一", merge=(), formats=()):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for block in merge:
        sheet.merge_cells(block)
    for cell, number_format in formats:
        sheet[cell].number_format = number_format
    book.save(tmp_path / name)
    return tmp_path / name


def places(**columns):
    points = gpd.points_from_xy([116.4538, 116.4642], [39.9978, 40.0022])
    data = {"id": ["001", "002"], "名称": ["望京西园一区", "南湖中园"]} | columns
    return gpd.GeoDataFrame(data, geometry=points, crs=4326)


# --- CSV -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_encodings_are_detected(tmp_path, encoding):
    table, log = read(saved(tmp_path, TEXT.encode(encoding)))
    assert codes(log) == []
    assert table.columns == HEADER.split(",")
    assert table.text("名称").tolist() == ["望京西园一区", "南湖中园"]
    assert table.encoding == ("gb18030" if encoding == "gbk" else encoding)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4, max_size=60))
def test_plain_chinese_is_recognised_in_both_encodings(text):
    assert detect_encoding(text.encode("utf-8")) == "utf-8"
    lines = "\n".join([text] * 3 + ["北京市朝阳区望京街道", "海淀区中关村街道"])
    assert detect_encoding(lines.encode("gb18030")) == "gb18030"


def test_ids_stay_as_written(tmp_path):
    table, _ = read(saved(tmp_path, TEXT))
    assert table.text("编号").tolist() == ["001", "002"]
    assert table.frame["人口"].tolist() == ["1200", "900"]


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "a.csv"), ("\t", "a.tsv"), (";", "a.csv"), ("\t", "a.txt")]
)
def test_delimiters(tmp_path, delimiter, name):
    table, log = read(saved(tmp_path, TEXT.replace(",", delimiter), name))
    assert codes(log) == []
    assert table.frame.shape == (2, 5)


def test_one_column_needs_no_delimiter(tmp_path):
    table, log = read(saved(tmp_path, "名称\n甲\n乙\n"))
    assert codes(log) == []
    assert table.text("名称").tolist() == ["甲", "乙"]


def test_quoted_newlines_and_row_numbers(tmp_path):
    """The row a spreadsheet shows counts records and blank lines, not line breaks in cells."""
    table, log = read(saved(tmp_path, '名称,人口\n"甲\n社区",1\n\n乙,2\n'))
    assert codes(log) == []
    assert table.text("名称").tolist() == ["甲\n社区", "乙"]
    assert table.row_numbers.tolist() == [2, 4]


def test_hash_is_that_of_the_file(tmp_path):
    path = saved(tmp_path, TEXT)
    table, _ = read(path)
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_gbk_bytes_in_a_utf8_file_are_named_with_row_and_bytes(tmp_path):
    data = TEXT.encode() + b"003," + "花家地".encode("gbk") + b",116.46,39.98,5\n"
    _, log = read(saved(tmp_path, data))
    assert codes(log) == ["foreign_bytes"]
    fault = log.faults[0]
    assert (fault.row, fault.column) == (4, "名称")
    assert fault.value == "花家地".encode("gbk").hex(" ").upper()
    assert "花家地" in fault.message()


def test_utf8_bytes_in_a_gbk_file_are_named(tmp_path):
    data = TEXT.encode("gbk") + b"003," + "花家地".encode() + b",116.46,39.98,5\n"
    _, log = read(saved(tmp_path, data))
    assert codes(log) == ["foreign_bytes"]
    assert log.faults[0].row == 4


def test_bytes_of_no_encoding_are_named(tmp_path):
    data = TEXT.encode() + b"003,\xff\xfe\xfd,116.46,39.98,5\n"
    _, log = read(saved(tmp_path, data))
    assert [(f.code, f.row) for f in log.faults] == [("foreign_bytes", 4)]


def test_encoding_given_wins(tmp_path):
    _, log = read(saved(tmp_path, TEXT.encode("gbk")), encoding="utf-8")
    assert set(codes(log)) == {"foreign_bytes"}


@pytest.mark.parametrize(
    ("text", "code", "row"),
    [
        ("", "empty_file", None),
        ("\n\n", "empty_file", None),
        (HEADER + "\n", "header_only", None),
        (HEADER + "\n,,,,\n", "header_only", None),
        ("名称,名称\n甲,乙\n", "duplicate_column", None),
        ("名称,,人口\n甲,乙,3\n", "unnamed_column", 1),
        ("名称,人口\n甲,1\n乙\n", "ragged_row", 3),
        ("名称,人口\n甲,1\n乙,2,3\n", "ragged_row", 3),
        ('名称,人口\n"甲,1\n', "bad_quotes", 2),
        ('名称,人口\n"甲"乙,1\n', "bad_quotes", 2),
        ("名称,人口\n甲\0,1\n", "not_text", None),
    ],
)
def test_faulty_text(tmp_path, text, code, row):
    _, log = read(saved(tmp_path, text))
    assert codes(log) == [code]
    assert log.faults[0].row == row


def test_empty_cells_beyond_the_header_are_no_fault(tmp_path):
    table, log = read(saved(tmp_path, "名称,人口,,\n甲,1,,\n乙,2,,,\n"))
    assert codes(log) == []
    assert table.columns == ["名称", "人口"]


def test_unknown_encoding(tmp_path):
    assert codes(read(saved(tmp_path, TEXT), encoding="klingon")[1]) == ["unknown_encoding"]


def test_every_ragged_row_is_counted(tmp_path):
    rows = "".join(f"{k}\n" for k in range(50))
    _, log = read(saved(tmp_path, "名称,人口\n" + rows))
    assert codes(log) == ["ragged_row"] * 20 + ["more_rows"]
    assert dict(log.faults[-1].params)["count"] == 30


# --- files ---------------------------------------------------------------------------------


def test_missing_file(tmp_path):
    assert codes(read(tmp_path / "no.csv")[1]) == ["file_missing"]


def test_folder(tmp_path):
    assert codes(read(tmp_path)[1]) == ["is_folder"]


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "old_excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xlsx", "locked_excel"),
        (b"PK\x03\x04abc", "a.csv", "wrong_extension"),
        (b"<html><table>", "a.xlsx", "wrong_extension"),
        (b"<html><table>", "a.csv", "wrong_extension"),
        (b"%PDF-1.7", "a.csv", "wrong_extension"),
        (b"id,name\n1,a\n", "a.xlsx", "wrong_extension"),
        (b"SQLite format 3\0", "a.csv", "wrong_extension"),
        (b"id,name\n1,a\n", "a.docx", "unknown_format"),
        (b"PK\x03\x04abc", "a.xlsx", "corrupt_file"),
        (b"SQLite format 3\0" + bytes(50), "a.gpkg", "corrupt_file"),
        (b"PAR1abc", "a.parquet", "corrupt_file"),
        (b"no parquet", "a.parquet", "corrupt_file"),
        (b'{"type": "FeatureCollection", "features": [', "a.geojson", "corrupt_file"),
        ('{"name": "望京"}'.encode("gbk"), "a.geojson", "wrong_encoding"),
        (b'{"a": 1}', "a.geojson", "corrupt_file"),
        (b"", "a.gpkg", "empty_file"),
    ],
)
def test_wrong_files(tmp_path, data, name, code):
    table, log = read(saved(tmp_path, data, name))
    assert table is None
    assert codes(log) == [code]


@pytest.mark.parametrize("name", ["a.xlsx", "a.gpkg", "a.parquet", "a.geojson"])
def test_truncated_files(tmp_path, name):
    path = tmp_path / name
    if name.endswith("xlsx"):
        workbook(tmp_path, [["名称", "人口"], ["甲", 1]], name=name)
    elif name.endswith("parquet"):
        places().to_parquet(path)
    else:
        places().to_file(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    table, log = read(path)
    assert table is None
    assert codes(log) == ["corrupt_file"]


def test_name_in_faults_is_the_users(tmp_path):
    _, log = read(tmp_path / "no.csv", name="数据/小区.csv")
    assert log.faults[0].place() == "数据/小区.csv"


def test_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = saved(tmp_path, TEXT)

    def refused(*_args, **_options):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(Path, "open", refused)
    assert codes(read(path)[1]) == ["unreadable"]


def test_utf16_cut_in_the_middle_of_a_character(tmp_path):
    assert codes(read(saved(tmp_path, TEXT.encode("utf-16")[:-1]))[1]) == ["foreign_bytes"]


# --- Excel ---------------------------------------------------------------------------------


def test_excel_cells_become_text_without_guessing(tmp_path):
    rows = [["编号", "名称", "人口", "密度", "建成"], ["001", "甲 ", 1200, 0.5, True]]
    table, log = read(workbook(tmp_path, rows))
    assert codes(log) == []
    assert table.frame.iloc[0].tolist() == ["001", "甲", "1200", "0.5", "TRUE"]
    assert table.layer == "表一"
    assert table.row_numbers.tolist() == [2]


def test_excel_dates_and_times(tmp_path):
    moments = [dt.datetime(2024, 5, 1), dt.datetime(2024, 5, 1, 7, 30), dt.time(7, 30)]  # noqa: DTZ001 - Excel has no zones
    table, _ = read(workbook(tmp_path, [["a", "b", "c"], moments]))
    assert table.frame.iloc[0].tolist() == ["2024-05-01", "2024-05-01T07:30:00", "07:30:00"]


def test_excel_code_shown_with_zeros(tmp_path):
    path = workbook(tmp_path, [["编号", "人口"], [7, 7]], formats=[("A2", "0000")])
    table, _ = read(path)
    assert table.frame.iloc[0].tolist() == ["0007", "7"]


def test_excel_title_rows_are_left_out_with_a_warning(tmp_path):
    titles = [["朝阳区小区情况表"], ["填报单位：商务局", None, "2024年"]]
    body = [["编号", "名称", "人口", "户数"], ["1", "甲", 5, 2], [], ["2", "乙", 6, 3]]
    rows = [*titles, *body]
    table, log = read(workbook(tmp_path, rows, merge=["A1:D1"]))
    assert codes(log) == []
    assert [fault.code for fault in log.warnings] == ["title_rows"]
    assert table.columns == ["编号", "名称", "人口", "户数"]
    assert table.row_numbers.tolist() == [4, 6]


def test_excel_merged_header_is_a_fault(tmp_path):
    rows = [["名称", "人口", None], ["甲", 1, 2]]
    _, log = read(workbook(tmp_path, rows, merge=["B1:C1"]))
    assert "merged_header" in codes(log)


def test_excel_value_merged_downwards_holds_for_all_its_rows(tmp_path):
    rows = [["街道", "名称"], ["望京", "甲"], [None, "乙"], ["南湖", "丙"]]
    table, log = read(workbook(tmp_path, rows, merge=["A2:A3"]))
    assert codes(log) == []
    assert table.text("街道").tolist() == ["望京", "望京", "南湖"]
    assert [fault.code for fault in log.warnings] == ["merged_cells"]


def test_excel_cells_merged_across_are_a_fault(tmp_path):
    rows = [["名称", "人口"], ["甲", 1], ["合计", None]]
    _, log = read(workbook(tmp_path, rows, merge=["A3:B3"]))
    assert codes(log) == ["merged_across"]
    assert log.faults[0].row == 3


def test_excel_formula_without_saved_value(tmp_path):
    _, log = read(workbook(tmp_path, [["名称", "人口"], ["甲", "=1+1"]]))
    assert codes(log) == ["formula_without_value"]
    fault = log.faults[0]
    assert (fault.row, fault.column, fault.value) == (2, "B", "=1+1")


def test_excel_error_cell(tmp_path):
    _, log = read(workbook(tmp_path, [["名称", "人口"], ["甲", "#N/A"]]))
    assert [(f.code, f.row, f.column) for f in log.faults] == [("error_cell", 2, "B")]


def test_excel_long_number_is_warned_of(tmp_path):
    _, log = read(workbook(tmp_path, [["编码", "名称"], [110105001001000123, "甲"]]))
    assert [fault.code for fault in log.warnings] == ["digits_lost"]


def test_excel_sheets(tmp_path):
    book = openpyxl.Workbook()
    for title in ("小区", "网点"):
        sheet = book.create_sheet(title)
        sheet.append(["名称", "人口"])
        sheet.append([title, 1])
    path = tmp_path / "两张表.xlsx"
    book.save(path)
    assert codes(read(path)[1]) == ["choose_sheet"]
    assert "小区, 网点" in read(path)[1].faults[0].expected()
    assert codes(read(path, sheet="不存在")[1]) == ["no_such_sheet"]
    table, log = read(path, layer="网点")
    assert codes(log) == []
    assert table.text("名称").tolist() == ["网点"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "empty_file"),
        ([["名称", "人口"]], "header_only"),
        ([["名称", "名称"], ["甲", 1]], "duplicate_column"),
    ],
)
def test_excel_without_content(tmp_path, rows, code):
    assert codes(read(workbook(tmp_path, rows))[1]) == [code]


def test_excel_without_any_wide_row_at_the_top_has_no_header(tmp_path):
    rows = [[f"说明 {k}"] for k in range(25)] + [["1", "甲", "3", "4"]]
    assert codes(read(workbook(tmp_path, rows))[1]) == ["no_header"]


# --- geographic files ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.parquet", "a.shp"])
def test_geographic_files(tmp_path, name):
    path = tmp_path / name
    frame = places(人口=[1200, 900])
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_file(path, encoding="utf-8")
    table, log = read(path)
    assert codes(log) == []
    assert table.columns == ["id", "名称", "人口"]
    assert table.text("id").tolist() == ["001", "002"]
    assert table.text("人口").tolist() == ["1200", "900"]
    assert table.crs.to_epsg() == 4326
    assert table.geometry.geom_equals(places().geometry).all()
    assert table.row_numbers.tolist() == [2, 3]


def test_plain_parquet(tmp_path):
    pd.DataFrame({"id": ["001"], "n": [np.nan], "m": [12.0]}).to_parquet(tmp_path / "a.parquet")
    table, log = read(tmp_path / "a.parquet")
    assert codes(log) == []
    assert table.geometry is None
    assert [table.text(c)[0] for c in ("id", "n", "m")] == ["001", "", "12"]


@pytest.mark.parametrize(
    ("cpg", "stored"),
    [("GBK", "gbk"), ("UTF-8", "utf-8"), (None, "gbk"), (None, "utf-8"), ("936", "gbk")],
)
def test_shapefile_with_chinese_attributes(tmp_path, cpg, stored):
    path = tmp_path / "社区.shp"
    places().to_file(path, encoding=stored)
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")
    _clear_language_driver(path)
    table, log = read(path)
    assert codes(log) == []
    assert table.columns == ["id", "名称"]
    assert table.text("名称").tolist() == ["望京西园一区", "南湖中园"]


def _clear_language_driver(path):
    dbf = path.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    data[29] = 0
    dbf.write_bytes(bytes(data))


def test_shapefile_whose_header_names_code_page_936(tmp_path):
    path = tmp_path / "a.shp"
    places().to_file(path, encoding="gbk")
    path.with_suffix(".cpg").unlink()
    data = bytearray(path.with_suffix(".dbf").read_bytes())
    data[29] = 0x4D
    path.with_suffix(".dbf").write_bytes(bytes(data))
    table, _ = read(path)
    assert table.encoding == "gb18030"
    assert table.text("名称")[0] == "望京西园一区"


def test_shapefile_with_a_wrong_cpg(tmp_path):
    path = tmp_path / "a.shp"
    places().to_file(path, encoding="gbk")
    path.with_suffix(".cpg").write_text("UTF-8", encoding="ascii")
    assert codes(read(path)[1]) == ["wrong_encoding"]
    assert codes(read(path, encoding="gb18030")[1]) == []


@pytest.mark.parametrize("part", [".shx", ".dbf"])
def test_shapefile_without_a_part(tmp_path, part):
    path = tmp_path / "a.shp"
    places().to_file(path)
    path.with_suffix(part).unlink()
    assert codes(read(path)[1]) == ["shapefile_part_missing"]


def test_hash_of_a_shapefile_covers_its_attributes(tmp_path):
    path = tmp_path / "a.shp"
    places().to_file(path)
    before = read(path)[0].sha256
    places(人口=[1, 2]).to_file(path)
    assert read(path)[0].sha256 != before


def test_layers_of_a_geopackage(tmp_path):
    path = tmp_path / "a.gpkg"
    places().to_file(path, layer="homes")
    assert read(path)[0].layer == "homes"
    places().to_file(path, layer="shops")
    assert codes(read(path)[1]) == ["choose_layer"]
    assert codes(read(path, layer="parks")[1]) == ["no_such_layer"]
    assert "homes, shops" in read(path, layer="parks")[1].faults[0].expected()
    assert len(read(path, layer="shops")[0]) == 2


def test_geopackage_without_layers(tmp_path):
    path = tmp_path / "a.gpkg"
    places().to_file(path)
    with sqlite3.connect(path) as base:
        base.execute("DELETE FROM gpkg_contents")
        base.execute("DELETE FROM gpkg_geometry_columns")
        base.execute("DROP TABLE a")
    base.close()
    table, log = read(path)
    assert table is None
    assert codes(log) in (["empty_file"], ["corrupt_file"])


def test_empty_layer(tmp_path):
    places().iloc[:0].to_file(tmp_path / "a.gpkg")
    assert codes(read(tmp_path / "a.gpkg")[1]) == ["header_only"]


def test_missing_values_are_empty_text(tmp_path):
    frame = places(人口=[1200.0, np.nan], 备注=[None, "x"])
    frame.loc[1, "geometry"] = shapely.Point()
    frame.to_file(tmp_path / "a.gpkg")
    table, _ = read(tmp_path / "a.gpkg")
    assert table.text("人口").tolist() == ["1200", ""]
    assert table.text("备注").tolist() == ["", "x"]


def test_real_tables(shared):
    sizes = {"poi-bit-2012.csv": 2159, "poi-wangjing.csv": 15426, "residences.csv": 5358,
             "townships.gpkg": 331}  # fmt: skip
    for name, size in sizes.items():
        table, log = read(shared / "beijing" / name)
        assert codes(log) == []
        assert len(table) == size
