"""The commands ``ledger`` and ``progress`` on the demo study, whole."""

import datetime as dt
import json
import shutil
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from quarterhour.cli.app import build_app
from quarterhour.cli.console import Screen
from quarterhour.cli.ledger import ledger
from quarterhour.cli.progress import progress
from quarterhour.data.faults import InputFaults
from quarterhour.data.ledger_history import HISTORY_FILE

QUIET = Screen("en", quiet=True)
NOW = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def written(demo_run, tmp_path_factory):
    """The demo with its ledger; read it, never change it."""
    folder = shutil.copytree(demo_run, tmp_path_factory.mktemp("ledger") / "study")
    ledger(folder, QUIET, now=NOW)
    return folder


@pytest.fixture
def study(written, tmp_path):
    return shutil.copytree(written, tmp_path / "study")


class Edit:
    """Edits a workbook by id and header."""

    def __init__(self, path, target=None):
        self.book, self.target = openpyxl.load_workbook(path), target or path
        self.sheet = self.book["台账"]
        self.column = {cell.value: cell.column for cell in self.sheet[1]}
        self.rows = {cell.value: cell.row for cell in self.sheet["A"]}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.book.save(self.target)

    def set(self, key, **values):
        row = self.rows.setdefault(key, len(self.rows) + 1)
        for header, value in ({"编号": key} | values).items():
            self.sheet.cell(row, self.column[header]).value = value


def ids(study):
    return gpd.read_parquet(study / "results" / "sites.parquet")["id"].tolist()


def shown(study, key, header):
    with Edit(study / "ledger.xlsx") as edit:
        return edit.sheet.cell(edit.rows[key], edit.column[header]).value


def test_the_workbook_a_clerk_opens(written):
    book = openpyxl.load_workbook(written / "ledger.xlsx")
    assert book.sheetnames == [
        "台账", "进度", "缺口清单", "选址方案", "现有网点", "变更记录", "字段说明", "使用说明",
        "选项",
    ]  # fmt: skip
    sheet = book["台账"]
    assert [cell.value for cell in sheet[1]][:6] == [
        "编号",
        "名称",
        "业态",
        "建设方式",
        "计划年度",
        "区",
    ]
    assert [cell.value for cell in sheet["A"]][1:] == ids(written)
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:X41"
    rules = {rule.formula1: str(rule.sqref) for rule in sheet.data_validations.dataValidation}
    assert rules["list_status"].startswith("L2:L1")
    assert rules["FALSE"] == "A2:A41"
    assert {cell.value for cell in sheet["C"][1:]} <= {cell.value for cell in book["选项"]["A"]}
    assert book["选项"].sheet_state == "hidden"
    gaps = gpd.read_parquet(written / "results" / "gaps.parquet")
    assert [cell.value for cell in book["缺口清单"]["B"]][1:] == gaps["id"].tolist()
    existing = gpd.read_parquet(written / "results" / "outlets.parquet")
    assert [cell.value for cell in book["现有网点"]["A"]][1:] == existing["id"].tolist()


def test_accepted_sites_count_as_open(study):
    """All of the plan accepted: what was promised is reached; none: all is as before."""
    results = study / "results"
    progress(study, [study / "ledger.xlsx"], QUIET, now=NOW)
    table = pd.read_parquet(results / "progress_coverage.parquet")
    assert (table["covered_reached"] == table["covered_before"]).all()
    with Edit(study / "ledger.xlsx") as edit:
        for key in ids(study):
            edit.set(key, 状态="已验收", 验收日期="2026-05-01")
    progress(study, [study / "ledger.xlsx"], QUIET, now=NOW)
    table = pd.read_parquet(results / "progress_coverage.parquet")
    assert (table["covered_reached"] == table["covered_promised"]).all()
    assert set(table["kept"].dropna()) == {1.0}
    facts = json.loads((results / "progress.json").read_text("utf-8"))
    assert (facts["progress"]["done"], facts["progress"]["rate"]) == (40, 1.0)
    fixed = pd.read_parquet(results / "ledger_fixed.parquet")
    assert fixed["id"].tolist() == ids(study)


def test_writing_again_keeps_every_edit_and_a_backup(study):
    first, _, third, *_ = ids(study)
    with Edit(study / "ledger.xlsx") as edit:
        edit.set(first, 状态="在建", 名称="=改名()", 备注="现场看过")
        edit.sheet.cell(edit.rows[first], edit.column["名称"]).data_type = "s"
        edit.set("自-1", 业态="早餐", 建设方式="新建", 状态="建议")
        edit.sheet.delete_rows(edit.rows[third])
        edit.sheet.cell(1, 25).value = "我的列"
        edit.sheet.cell(2, 25).value = "记号"
        edit.book.create_sheet("草稿")["B2"] = "别丢"
    before = (study / "ledger.xlsx").read_bytes()
    ledger(study, QUIET, now=NOW)
    (backup,) = study.glob("ledger-backup-*.xlsx")
    assert backup.read_bytes() == before
    assert shown(study, first, "状态") == "在建"
    assert shown(study, first, "名称") == "=改名()"
    assert shown(study, first, "备注") == "现场看过"
    assert shown(study, first, "我的列") == "记号"
    assert shown(study, "自-1", "业态") == "早餐"
    assert shown(study, third, "状态") == "建议", "a deleted row returns"
    book = openpyxl.load_workbook(study / "ledger.xlsx")
    assert book["草稿"]["B2"].value == "别丢"
    assert not [c for row in book["台账"].iter_rows() for c in row if c.data_type == "f"]


def test_two_copies_are_merged_and_conflicts_kept(study, tmp_path, capsys):
    first, second, third, *_ = ids(study)
    for name, status, other in (("ann.xlsx", "已批准", second), ("bob.xlsx", "已取消", third)):
        with Edit(study / "ledger.xlsx", tmp_path / name) as edit:
            edit.set(first, 状态=status)
            edit.set(other, 状态="在建")
    with Edit(study / "ledger.xlsx") as edit:
        edit.set(ids(study)[3], 备注="第三人")
    progress(study, [tmp_path / "ann.xlsx", tmp_path / "bob.xlsx"], QUIET, now=NOW)
    said = capsys.readouterr().err
    assert first in said
    assert "ann.xlsx: 已批准" in said
    assert "bob.xlsx: 已取消" in said
    assert shown(study, second, "状态") == shown(study, third, "状态") == "在建"
    assert shown(study, ids(study)[3], "备注") == "第三人"
    conflicts = openpyxl.load_workbook(study / "ledger.xlsx")["待裁定冲突"]
    assert {row[5] for row in conflicts.iter_rows(min_row=2, values_only=True)} == {
        "已批准",
        "已取消",
    }
    history = pd.read_parquet(study / HISTORY_FILE)
    kept = history[(history["id"] == first) & (history["event"] == "conflict")]
    assert set(kept["new"]) == {"approved", "dropped"}


def test_faults_stop_everything_and_change_nothing(study):
    with Edit(study / "ledger.xlsx") as edit:
        edit.set(ids(study)[0], 状态="完工", 验收日期="2030-01-01")
    before = {p.name: p.read_bytes() for p in study.rglob("*") if p.is_file()}
    for work in (
        lambda: progress(study, [study / "ledger.xlsx", study / "no.xlsx"], QUIET, now=NOW),
        lambda: ledger(study, QUIET, now=NOW),
    ):
        with pytest.raises(InputFaults) as caught:
            work()
        assert {"ledger_word", "ledger_future"} <= {f.code for f in caught.value.faults}
        assert {p.name: p.read_bytes() for p in study.rglob("*") if p.is_file()} == before


def test_faults_on_the_command_line_are_a_list(study):
    with Edit(study / "ledger.xlsx") as edit:
        edit.set(ids(study)[0], 状态="完工")
    order = ["progress", str(study), str(study / "ledger.xlsx"), "--lang", "zh"]
    done = CliRunner().invoke(build_app("zh"), order)
    assert done.exit_code == 1
    assert "ledger.xlsx, 第 2 行, “状态”列" in done.output
    assert "Traceback" not in done.output


def test_a_locked_workbook_changes_nothing(study, monkeypatch):
    """As on Windows while the ledger is open in Excel: the history must not run ahead of it."""
    replace = Path.replace

    def locked(self, target):
        if Path(target) == study / "ledger.xlsx" and "new" in self.parts:
            raise PermissionError(13, "in use")
        return replace(self, target)

    with Edit(study / "ledger.xlsx") as edit:
        edit.set(ids(study)[0], 状态="在建")
    before = {p.name: p.read_bytes() for p in study.iterdir() if p.is_file()}
    monkeypatch.setattr(Path, "replace", locked)
    with pytest.raises(OSError, match="in use"):
        ledger(study, QUIET, now=NOW)
    monkeypatch.undo()
    assert {p.name: p.read_bytes() for p in study.iterdir() if p.is_file()} == before
