"""Complaints and survey: rates by hand, every faulty row named."""

import geopandas as gpd
import numpy as np
import pytest

from quarterhour.data.complaints import COMPLAINT_UNITS, rate_bases, read_complaints
from quarterhour.data.faults import FaultLog
from quarterhour.data.places import place_ids
from quarterhour.data.standards import load_pack
from quarterhour.data.survey import SURVEY_UNITS, read_survey
from quarterhour.data.tables import read_table

PACK = load_pack("beijing-8")
PLACES = {"C1": "C1", "C2": "C2", "东里": "C1"}


@pytest.fixture
def csv(tmp_path):
    def make(text):
        path = tmp_path / "表.csv"
        path.write_text(text, encoding="utf-8")
        return read_table(path, log=FaultLog())

    return make


def read(reader, table, **options):
    log = FaultLog()
    found = reader(table, pack=PACK, places=PLACES, log=log, **options)
    for fault in log:
        assert fault.line("en")
        assert fault.line("zh")
    return found, log


def codes(log):
    return [(fault.code, fault.row, fault.severity) for fault in log]


def test_months_of_one_community_and_type_are_summed(csv):
    table = csv(
        "社区,业态,投诉数,响应数,回访数,解决数,满意数\n"
        "C1,便利店,10,9,8,6,4\n东里,便利店,10,9,8,2,2\nC2,早餐店,1,0,0,0,0\n"
    )
    found, log = read(read_complaints, table, types=None)
    assert not list(log)
    assert list(found.columns) == list(COMPLAINT_UNITS)
    row = found.set_index(["community", "type"]).loc[("C1", "convenience")]
    assert (row["response_rate"], row["resolution_rate"]) == (18 / 20, 8 / 16)
    assert (row["satisfaction_rate"], row["rate_base"]) == (6 / 16, "followed_up")
    nobody = found.set_index("community").loc["C2"]
    assert nobody["response_rate"] == 0
    assert np.isnan(nobody["resolution_rate"])


@pytest.mark.parametrize(
    ("columns", "values", "base", "rate"),
    [
        ("投诉数,响应数,解决数", "10,8,4", "responded", 0.5),
        ("投诉数,解决数", "10,4", "complaints", 0.4),
    ],
)
def test_the_base_of_the_rates_is_said(csv, columns, values, base, rate):
    found, _ = read(read_complaints, csv(f"社区,业态,{columns}\nC1,便利店,{values}\n"))
    assert found["rate_base"].tolist() == [base]
    assert found["resolution_rate"].tolist() == [rate]
    assert (found["resolved"] / rate_bases(found)).tolist() == [rate]
    assert found["satisfaction_rate"].isna().all()


def test_faulty_rows_of_complaints_are_named(csv):
    table = csv(
        "社区,业态,投诉数,响应数,回访数,解决数,满意数\n"
        "C1,便利店,5,6,5,5,5\nC1,便利店,5,5,4,5,0\nC1,飞船,1,1,1,1,1\nC1,便利店,1.5,1,1,1,1\n"
        "C9,便利店,1,1,1,1,1\n"
    )
    _, log = read(read_complaints, table)
    assert set(codes(log)) == {
        ("part_over_whole", 2, "fault"),
        ("part_over_whole", 3, "fault"),
        ("unknown_type", 4, "fault"),
        ("number_not_whole", 5, "fault"),
        ("unknown_places", None, "warning"),
    }


def test_complaints_need_community_type_and_count(csv):
    found, log = read(read_complaints, csv("社区,数据\nC1,2\n"))
    assert found is None
    assert {fault.value for fault in log} == {"type", "complaints"}


def test_survey_share_by_hand(csv):
    table = csv(
        "社区,样本数,非常满意,满意,一般,不满意,最盼业态\n"
        "C1,50,20,20,5,5,菜市场\n东里,50,10,10,20,10,飞船\nC2,0,0,0,0,0,\n"
    )
    found, log = read(read_survey, table)
    assert not list(log)
    assert list(found.columns) == list(SURVEY_UNITS)
    assert found["satisfied_share"].iloc[0] == 0.6
    assert np.isnan(found["satisfied_share"].iloc[1])
    assert found["wish"].iloc[0] == "vegetable"


def test_survey_without_the_finer_answers(csv):
    found, log = read(read_survey, csv("社区,样本数,满意\nC1,10,9\n"))
    assert not list(log)
    assert found["satisfied_share"].tolist() == [0.9]
    assert found["very_satisfied"].isna().all()


def test_more_answers_than_asked_is_a_fault(csv):
    _, log = read(read_survey, csv("社区,样本数,非常满意,满意,不满意\nC1,9,5,4,1\n"))
    assert codes(log) == [("answers_over_asked", 2, "fault")]


def test_survey_needs_its_columns(csv):
    found, log = read(read_survey, csv("社区,样本数\nC1,2\n"))
    assert found is None
    assert [fault.value for fault in log] == ["satisfied"]


def test_a_name_that_two_communities_share_names_neither():
    areas = gpd.GeoDataFrame(
        {"id": ["C1", "C2", "C3"], "name": ["东里", "东里", "西里"], "level": "community"},
        geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]), crs=4326,
    )  # fmt: skip
    demand = gpd.GeoDataFrame({"community": ["C1", "Z", ""]})
    assert place_ids(areas, demand) == {
        "C1": "C1", "C2": "C2", "C3": "C3", "西里": "C3", "Z": "Z",
    }  # fmt: skip
