"""The register of parking lots: the contract of its table and every fault of a row."""

import numpy as np
import pytest

from quarterhour.data.faults import FaultLog
from quarterhour.data.parking import LOT_KINDS, read_parking
from quarterhour.data.tables import read_table

HEAD = "编号,名称,类型,经度,纬度,车位数,共享时段,可共享车位,月租,社区\n"


@pytest.fixture
def read(tmp_path):
    def make(rows, head=HEAD, **options):
        path = tmp_path / "停车场.csv"
        path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
        log = FaultLog()
        return read_parking(read_table(path, log=log), log=log, **options), log

    return make


def told(log):
    for fault in log:
        assert fault.line("en")
        assert fault.line("zh")
    return [(fault.code, fault.row, fault.severity) for fault in log]


def test_a_register_as_it_should_be(read):
    found, log = read(
        [
            "1,甲小区,小区,116.4,39.9,120,,,,C1",
            "2,乙大厦,写字楼,116.41,39.9,80,18:30-07:30,50,300,C2",
        ]
    )
    assert told(log) == []
    frame = found.frame
    assert list(frame.columns) == [
        "id", "name", "kind", "spaces", "share_spaces", "hours", "rate", "street", "district",
        "community", "geometry",
    ]  # fmt: skip
    assert frame["kind"].tolist() == ["residential", "office"]
    assert frame["spaces"].tolist() == [120, 80]
    assert frame["share_spaces"].tolist() == [0, 50]
    assert frame["hours"].tolist() == ["", "18:30-07:30"]
    assert np.isnan(frame["rate"][0])
    assert frame["community"].tolist() == ["C1", "C2"]
    assert frame.crs == 4326
    assert found.columns.recognised["spaces"] == "车位数"


def test_columns_named_by_the_user_win(read):
    head = "id,name,sort,lon,lat,n,spaces\n"
    found, log = read(
        ["1,a,Car Park,116.4,39.9,7,99"], head, columns={"kind": "sort", "spaces": "n"}
    )
    assert told(log) == []
    assert found.frame[["kind", "spaces"]].to_numpy().tolist() == [["public", 7]]


@pytest.mark.parametrize(
    ("kind", "word"), [(k, w) for k, words in LOT_KINDS.items() for w in words]
)
def test_every_word_for_a_kind_in_both_languages(read, kind, word):
    found, log = read([f"1,a,{word.upper()},116.4,39.9,7,,,,"])
    assert told(log) == []
    assert found.frame["kind"].tolist() == [kind]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,a,小区,116.4,39.9,0,,,,", ("parking_spaces", 2, "fault")),
        ("1,a,小区,116.4,39.9,-5,,,,", ("parking_spaces", 2, "fault")),
        ("1,a,小区,116.4,39.9,,,,,", ("parking_spaces", 2, "fault")),
        ("1,a,小区,116.4,39.9,很多,,,,", ("not_a_number", 2, "fault")),
        ("1,a,飞机场,116.4,39.9,5,,,,", ("parking_kind", 2, "fault")),
        ("1,a,,116.4,39.9,5,,,,", ("parking_kind", 2, "fault")),
        ("1,a,商场,116.4,39.9,5,18:00-08:00,6,,", ("parking_shared", 2, "fault")),
        ("1,a,商场,116.4,39.9,5,晚上,3,,", ("parking_hours_unread", 2, "warning")),
        ("1,a,商场,116.4,39.9,5,18:00-08:00,,,", ("parking_share_missing", 2, "warning")),
        ("1,a,商场,116.4,39.9,5,,3,,", ("parking_share_missing", 2, "warning")),
        ("1,a,商场,116.4,39.9,9,18:00-22:00; 20:00-07:00,3,,", ("parking_overlap", 2, "fault")),
        ("1,a,商场,116.4,39.9,9,18:00-08:00,-3,,", ("number_too_small", 2, "fault")),
        ("1,a,商场,,39.9,9,,,,", ("coordinate_missing", 2, "fault")),
    ],
)
def test_faults_of_a_row(read, row, expected):
    _, log = read([row])
    assert expected in told(log)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (("", ""), [("parking_duplicate", 3, "fault")]),
        (("18:00-08:00", ""), [("parking_duplicate", 3, "fault")]),
        (("18:00-08:00", "07:00-09:00"), [("parking_overlap", 3, "fault")]),
        (("18:00-08:00", "08:00-18:00"), []),
        (("工作日 18:00-22:00", "周末 18:00-22:00"), []),
    ],
)
def test_a_lot_in_two_rows(read, hours, expected):
    rows = [
        f"{number},甲,商场,116.4,39.9,9,{text},{3 if text else ''},,"
        for number, text in enumerate(hours)
    ]
    assert told(read(rows)[1]) == expected


def test_a_name_twice_in_other_places_is_no_duplicate(read):
    rows = ["1,地面停车场,小区,116.4,39.9,9,,,,", "2,地面停车场,小区,116.5,39.9,9,,,,"]
    assert told(read(rows)[1]) == []


def test_ids_must_differ_and_are_made_where_missing(read):
    rows = ["1,a,小区,116.4,39.9,9,,,,", "1,b,小区,116.5,39.9,9,,,,"]
    assert told(read(rows)[1]) == [("duplicate_id", 3, "fault")]
    found, _ = read([row.replace("1,", ",", 1) for row in rows])
    assert found.frame["id"].is_unique
    assert (found.frame["id"] != "").all()


@pytest.mark.parametrize("lacking", ["类型", "车位数"])
def test_columns_that_must_be_there(read, lacking):
    found, log = read(["1,甲,小区,116.4,39.9,9,,,,"], HEAD.replace(lacking, "备注"))
    assert found is None
    assert told(log) == [("required_column", None, "fault")]


def test_without_positions_there_is_no_register(read):
    found, log = read(["1,甲,小区,9"], "编号,名称,类型,车位数\n")
    assert found is None
    assert told(log) == [("no_position", None, "fault")]
