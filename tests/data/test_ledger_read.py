"""Workbooks as clerks, Excel and LibreOffice leave them."""

import datetime as dt
import subprocess

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from quarterhour.data.columns import plain_header
from quarterhour.data.ledger_cells import parse_date
from quarterhour.data.ledger_schema import EXTRA, NAMES, clean_text, header_names
from quarterhour.data.text import languages

from .ledgers import Edit, codes, history_of, read, site, three_sites, words, write

#: As workbooks store it: without a zone.
MORNING = dt.datetime(2025, 3, 1, 9, 30)  # noqa: DTZ001 - Excel knows no zones

HOSTILE = (
    "=1+1", "+86 10 6500", "-5", "@SUM(A1)", "＝cmd|' /c calc'!A1", "'=1", "\t=1", "12", "007",
    "1e5", "TRUE", "2025-03-01", "#REF!", "_x0041_", "_x005F_x0041_", "x005F_", "a\r\nb", "\ud800x",
    "\x00\x0b\x1f", "<b>&amp;</b>", '"quoted"', "😀" * 20_000, "字" * 40_000, "\u202egnp.exe",
    " 前后空格　", "", "0", "nan", "http://example.org", "{=1+1}", "a\nb\n", "\ufffe",
    "line\u2028sep",
)  # fmt: skip


@pytest.fixture
def book(tmp_path):
    """A written ledger of three sites, and the state it was written from."""
    history = history_of(three_sites())
    return write(history, tmp_path / "ledger.xlsx"), history.state()


def test_what_is_written_is_read_back(book):
    path, state = book
    found, log = read(path, state)
    assert list(log) == []
    assert {key: {c: v for c, v in row.items() if v} for key, row in found.records.items()} == state
    assert found.stamp == 1
    assert found.rows == {"A:breakfast": 2, "B:laundry": 3, "C:repair": 4}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_as_the_users_own(tmp_path, text):
    check_identity(tmp_path, text)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters() | st.sampled_from("=+-@\t\r\n_xX05FAa0'\"<&\x00"), max_size=40))
def test_any_text_comes_back_as_the_users_own(tmp_path, text):
    check_identity(tmp_path, text)


def check_identity(folder, text):
    """The text may stand anywhere people write: their columns, headers and ids included."""
    clean = clean_text(text)
    assert clean_text(clean) == clean
    key, header = (clean_text(clean_text(f"{word} {text}")[:200]) for word in ("own", "col"))
    mine = site("A", notes=clean, unit=clean, address=clean) | {EXTRA + header: clean}
    history = history_of({key: mine, "B:laundry": site("B", "laundry")})
    path = write(history, folder / "ledger.xlsx")
    found, _ = read(path)
    for column in ("notes", "unit", "address", EXTRA + header):
        assert found.records[key].get(column, "") == clean
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


@pytest.mark.parametrize(
    "text",
    ["2025-03-01", "2025/3/1", "2025.3.1", "2025年3月1日", "２０２５－０３－０１", "20250301",
     "45717", "2025-03-01 00:00:00", " 2025 年 3 月 1 日 "],
)  # fmt: skip
def test_dates_as_people_write_them(text):
    assert parse_date(text) == "2025-03-01"


def test_serial_of_the_1904_calendar():
    """Excel: the same day is 1,462 days less in the calendar of 1904."""
    assert parse_date(str(45717 - 1462), 1904) == "2025-03-01"


@pytest.mark.parametrize(
    "text", ["2025-02-30", "2025年3月", "昨天", "1025-01-01", "25-3-1", "99999"]
)
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any
        parse_date(text)


def test_quirks_of_cells(book):
    path, state = book
    with Edit(path) as edit:
        edit.set(
            "A:breakfast", 状态="　已验收 ", 验收日期=45717, 计划年度="２０２５年", 网点数="２"
        )
        edit.set("B:laundry", 状态="Building", 开工日期="2025.3.1", 责任单位=12, 备注=True)
        edit.set("C:repair", 批准日期=MORNING, 备注="  =后面  ")
        edit.cell("C:repair", "备注").data_type = "s"
    found, log = read(path, state)
    assert codes(log, "fault") == []
    first, second, third = found.records.values()
    assert (first["status"], first["accepted_on"], first["year"], first["count"]) == (
        "accepted", "2025-03-01", "2025", "2",
    )  # fmt: skip
    assert (second["status"], second["started_on"]) == ("building", "2025-03-01")
    assert (second["unit"], second["notes"]) == ("12", "TRUE")
    assert (third["approved_on"], third["notes"]) == ("2025-03-01", "=后面")


def test_every_fault_of_a_workbook_in_one_list_with_row_and_column(book):
    path, state = book
    with Edit(path) as edit:
        edit.set("A:breakfast", 状态="完工了", 验收日期="上周", 计划年度="二〇二五", 网点数="半个")
        edit.set("B:laundry", 业态="便利店", 责任层级="省")
        edit.set("C:repair", 状态=None, **{"经度（WGS-84）": "东经"})
        edit.add(编号="自-1", 业态="早餐", 建设方式="新建", 状态="已批准")
        edit.add(编号="自-2", 业态="早餐", 建设方式="提升", 状态="建议")
        edit.add(编号="W1", 业态="早餐", 建设方式="新建", 状态="建议")
        edit.add(编号="自-1", 业态="早餐", 建设方式="新建", 状态="建议")
        edit.sheet.cell(9, 2).value = "没有编号"
        edit.sheet.cell(10, 1).value = "自-9"
        edit.sheet.cell(10, 3).value = "早餐"
        edit.sheet.cell(10, edit.column["验收日期"]).value = "2031-01-01"
    _, log = read(path, state)
    found = {(f.code, f.row, f.column) for f in log if f.severity == "fault"}
    assert found == {
        ("ledger_word", 2, "状态"), ("ledger_date", 2, "验收日期"), ("ledger_year", 2, "计划年度"),
        ("ledger_count", 2, "网点数"),
        ("ledger_word", 3, "责任层级"), ("ledger_type_changed", 3, "业态"),
        ("ledger_required", 4, "状态"), ("ledger_number", 4, "经度（WGS-84）"),
        ("ledger_place", 5, "经度（WGS-84）"), ("ledger_place", 5, "纬度（WGS-84）"),
        ("ledger_upgrade_unknown", 6, "编号"), ("ledger_id_taken", 7, "编号"),
        ("duplicate_id", 8, "编号"), ("ledger_no_id", 9, "编号"),
        ("ledger_required", 10, "建设方式"), ("ledger_required", 10, "状态"),
        ("ledger_future", 10, "验收日期"),
    }  # fmt: skip
    for fault in log:
        for language in languages():
            assert "{" not in fault.line(language)


def test_a_changed_id_is_told_from_a_new_one(book):
    path, state = book
    with Edit(path) as edit:
        edit.set("B:laundry", 编号="B：laundry")
        edit.add(编号="自-1", 业态="洗染", 建设方式="新建", 状态="建议")
    _, log = read(path, state)
    (fault,) = log.faults
    assert (fault.code, fault.row, dict(fault.params)["was"]) == (
        "ledger_id_changed",
        3,
        "B:laundry",
    )


def test_deleted_rows_are_reported_and_reordered_rows_are_not(book):
    path, state = book
    with Edit(path) as edit:
        edit.sheet.move_range("A2:X2", rows=8)
        edit.sheet.delete_rows(3)
    found, log = read(path, state)
    assert codes(log) == ["ledger_missing_rows"]
    assert log.warnings[0].value == "B:laundry"
    assert found.records["A:breakfast"]["lon"] == "116.41"
    assert found.rows["A:breakfast"] == 9


def test_added_columns_comments_colours_and_sheets_are_kept(book, tmp_path):
    path, state = book
    with Edit(path) as edit:
        edit.sheet.insert_cols(2)
        edit.sheet.cell(1, 2).value = "=我的列"
        edit.sheet.cell(1, 2).data_type = "s"
        edit.sheet.cell(2, 2).value = "第一"
        edit.sheet.cell(3, 2).comment = Comment("问过街道", "王")
        edit.sheet.cell(3, 2).fill = PatternFill("solid", fgColor="FFFF00")
        extra = edit.book.create_sheet("我的表")
        extra.append(["甲", 1, MORNING])
    found, log = read(path, state)
    assert list(log) == []
    assert found.records["A:breakfast"]["+=我的列"] == "第一"
    history = history_of(found.records)
    again = write(history, tmp_path / "again.xlsx", looks=found.looks, sheets=found.sheets)
    kept, _ = read(again, history.state())
    assert kept.records["A:breakfast"]["+=我的列"] == "第一"
    assert kept.looks["B:laundry", "+=我的列"] == ("问过街道", "FFFF00")
    assert kept.sheets == {"我的表": [["甲", 1, MORNING]]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda ws: setattr(ws["A1"], "value", "唯一码"), "ledger_header"),
        (lambda ws: ws.delete_cols(12), "ledger_header"),
        (lambda ws: setattr(ws["Y1"], "value", "状态"), "ledger_header_twice"),
        (lambda ws: setattr(ws["Y3"], "value", "没有表头"), "unnamed_column"),
        (lambda ws: ws.delete_rows(1), "ledger_header"),
        (lambda ws: ws.merge_cells("B2:C2"), "merged_across"),
        (lambda ws: setattr(ws["Q2"], "value", "=TODAY()"), "formula_without_value"),
        (lambda ws: setattr(ws["Q2"], "value", "#REF!"), "error_cell"),
        (lambda ws: setattr(ws, "title", "改名") or ws.delete_cols(1, 12), "ledger_no_sheet"),
    ],
    ids=["id header renamed", "column deleted", "header twice", "no header", "headers deleted",
         "merged across", "formula", "error", "no sheet"],
)  # fmt: skip
def test_what_cannot_be_read_is_said(book, change, code):
    path, state = book
    with Edit(path) as edit:
        change(edit.sheet)
    _, log = read(path, state)
    assert code in codes(log, "fault")


def test_merged_downwards_holds_for_each_row(book):
    path, state = book
    with Edit(path) as edit:
        edit.set("A:breakfast", 责任单位="商务局")
        letter = edit.cell("A:breakfast", "责任单位").column_letter
        edit.sheet.merge_cells(f"{letter}2:{letter}4")
    found, log = read(path, state)
    assert codes(log) == ["merged_cells"]
    assert [row["unit"] for row in found.records.values()] == ["商务局"] * 3


def test_title_rows_and_a_renamed_sheet_are_no_obstacle(book):
    path, state = book
    with Edit(path) as edit:
        edit.sheet.insert_rows(1, 2)
        edit.sheet["A1"].value = "望京网点台账"
        edit.sheet.title = "2025年"
    found, log = read(path, state)
    assert codes(log) == []
    assert found.rows["A:breakfast"] == 4


def test_warnings_that_do_not_stop(book):
    path, state = book
    with Edit(path) as edit:
        edit.set("A:breakfast", 状态="已验收", 新增覆盖居民=9)
        edit.set("B:laundry", 批准日期="2025-03-02", 开工日期="2025-03-01", 验收日期="2025-04-01")
        del edit.book.custom_doc_props["quarterhour-ledger"]
    _, log = read(path, state)
    assert codes(log, "fault") == []
    assert set(codes(log)) == {
        "ledger_no_date", "ledger_computed", "ledger_dates_order", "ledger_status_behind",
        "ledger_no_stamp",
    }  # fmt: skip


def test_a_place_outside_the_study(book):
    path, state = book
    with Edit(path) as edit:
        edit.set("A:breakfast", **{"经度（WGS-84）": 39.9, "纬度（WGS-84）": 116.4})
    _, log = read(path, state, box=(116.0, 39.0, 117.0, 40.0))
    assert codes(log) == ["ledger_place_far"]


def test_the_ledger_of_another_study(book):
    path, _ = book
    _, log = read(path, {"X:parcel": site("X", "parcel")})
    assert codes(log) == ["ledger_foreign"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("none.xlsx", None, "file_missing"), ("old.xls", b"x", "old_excel"),
     ("text.csv", b"x", "unknown_format"), ("empty.xlsx", b"", "empty_file"),
     ("torn.xlsx", b"PK\x03\x04 torn", "corrupt_file"), ("folder", b"", "is_folder")],
)  # fmt: skip
def test_files_that_are_no_workbooks(tmp_path, name, content, code):
    path = tmp_path / name
    if code == "is_folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    found, log = read(path)
    assert found is None
    assert codes(log) == [code]


@pytest.mark.parametrize("language", languages())
def test_no_two_columns_share_a_header(language):
    """Two columns with one header could not be read back."""
    titles = [plain_header(words(language).title(name)) for name in NAMES]
    assert len(set(titles)) == len(NAMES)
    assert {header_names(words(language))[title] for title in titles} == set(NAMES)


def test_words_of_both_languages_and_areas_of_one_name():
    said = words()
    assert said.code("status", "Accepted") == said.code("status", "已验收") == "accepted"
    assert said.code("street", "和平街道") is None
    assert said.code("street", said.show("street", "S2")) == "S2"
    assert said.code("district", "East") == "D1"


@pytest.mark.slow
def test_saved_by_libreoffice(tmp_path, soffice):
    """Opened and saved by LibreOffice, nothing is lost, formulas are computed anew."""
    hostile = [clean_text(text) for text in HOSTILE if len(text) < 1000]
    records = three_sites() | {
        f"own-{n}": site("", notes=text, candidate="", in_plan="no")
        for n, text in enumerate(hostile)
    }
    history = history_of(records)
    path = write(history, tmp_path / "ledger.xlsx")
    with Edit(path) as edit:  # openpyxl drops the computed values: LibreOffice must find them
        edit.set("A:breakfast", 状态="已验收", 验收日期=dt.date(2025, 3, 1))
        edit.set("B:laundry", 计划完成日期=dt.date(2020, 1, 1))
        edit.cell("B:laundry", "责任单位").comment = Comment("问过", "王")
    saved = office(soffice, path, tmp_path / "saved")
    found, log = read(saved, history.state())
    assert codes(log, "fault") == []
    assert found.stamp == 1
    assert found.records["A:breakfast"]["accepted_on"] == "2025-03-01"
    assert found.looks["B:laundry", "unit"].comment == "问过"
    for number, text in enumerate(hostile):
        assert found.records[f"own-{number}"]["notes"] == text
    progress = openpyxl.load_workbook(saved, data_only=True)["进度"]
    shown = {(row[0], row[1]): row[2:] for row in progress.iter_rows(min_row=5, values_only=True)}
    # target, new, upgraded, done, building, approved, proposed, dropped, late, rate, words
    own = len(hostile)
    assert shown["全市", "全部业态"] == (3, 1, 0, 1, 0, 0, 2 + own, 0, 1, pytest.approx(1 / 3),
                                  "完成 1，目标 3，完成率 33.3%")  # fmt: skip
    assert shown["西区", "洗染"][:9] == (1, 0, 0, 0, 0, 0, 1, 0, 1)


def office(soffice, path, folder):
    """Open and save a workbook with LibreOffice, in a profile of its own."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    order = [soffice, profile, "--headless", "--convert-to", "xlsx", "--outdir", folder, path]
    subprocess.run(order, check=True, capture_output=True, timeout=120)
    return folder / path.name
