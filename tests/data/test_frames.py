"""Canonical tables: the contract of docs/architecture.md, and every fault of a row."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from quarterhour.data.faults import FaultLog
from quarterhour.data.frame_areas import link_parents, read_areas
from quarterhour.data.frames import (
    read_candidates,
    read_demand,
    read_entrances,
    read_facilities,
)
from quarterhour.data.identity import generated_ids
from quarterhour.data.outlet_types import load_mapping, mapping_from
from quarterhour.data.standards import load_pack
from quarterhour.data.tables import read_table

PACK = load_pack("beijing-8")
SHOES = mapping_from({"a": "shoes"})
SQUARE = shapely.box(116.3, 39.9, 116.4, 40.0)
BOW_TIE = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])


@pytest.fixture
def csv(tmp_path):
    def make(text):
        path = tmp_path / "表.csv"
        path.write_text(text, encoding="utf-8")
        return read_table(path, log=FaultLog())

    return make


@pytest.fixture
def polygons(tmp_path):
    def make(shapes, crs=4326, **columns):
        path = tmp_path / "区.parquet"
        gpd.GeoDataFrame(columns, geometry=shapes, crs=crs).to_parquet(path)
        return read_table(path, log=FaultLog())

    return make


def faults(log):
    for fault in log:
        assert fault.line("en")
        assert fault.line("zh")
    return [(fault.code, fault.row) for fault in log.faults]


def check_contract(frame, columns):
    assert list(frame.columns) == columns
    assert frame.crs == 4326
    assert frame.index.equals(frame.index.__class__(range(len(frame))))
    for name in columns:
        if frame[name].dtype == object:
            assert frame[name].notna().all(), name
    assert frame[columns[0]].map(type).eq(str).all()


DEMAND = ["id", "name", "residents", "households", "vehicles", "community", "street", "district",
          "geometry"]  # fmt: skip


def test_demand(csv):
    log = FaultLog()
    raw = csv(
        '编号,小区名称,经度,纬度,人口,社区\n001,甲,116.4,39.9,"1,200",C1\n002,乙,116.5,39.8,无,\n'
    )
    read = read_demand(raw, log=log)
    assert faults(log) == []
    check_contract(read.frame, DEMAND)
    assert read.frame["id"].tolist() == ["001", "002"]
    assert read.frame["residents"][0] == 1200
    assert np.isnan(read.frame["residents"][1])
    assert read.frame["community"].tolist() == ["C1", ""]
    assert read.rows.tolist() == [2, 3]
    assert read.columns.recognised["residents"] == "人口"


def test_duplicate_ids_name_both_rows(csv):
    log = FaultLog()
    read_demand(csv("id,lon,lat\n1,116,39\n2,116,39\n1,117,39\n1,117,39\n"), log=log)
    assert faults(log) == [("duplicate_id", 4), ("duplicate_id", 5)]
    assert dict(log.faults[0].params)["first"] == 2


def test_negative_residents(csv):
    log = FaultLog()
    read_demand(csv("id,lon,lat,人口\n1,116,39,-5\n"), log=log)
    assert faults(log) == [("number_too_small", 2)]


def test_letters_in_a_coordinate_and_swapped_columns(csv):
    log = FaultLog()
    read_demand(csv("id,lon,lat\n1,116.x,39\n2,116,39\n"), log=log)
    assert faults(log) == [("coordinate_not_a_number", 2)]
    log = FaultLog()
    read = read_demand(csv("id,lon,lat\n1,39,116\n2,39,116\n"), log=log)
    assert faults(log) == [("columns_exchanged", None)]
    assert len(read.frame) == 0


def test_table_without_positions(csv):
    log = FaultLog()
    assert read_demand(csv("id,人口\n1,5\n"), log=log) is None
    assert faults(log) == [("no_position", None)]


def test_missing_ids_are_made_and_stay_when_rows_move(csv):
    rows = ["甲,116.4,39.9", "乙,116.5,39.8", "甲,116.4,39.9"]
    header = "名称,经度,纬度"
    first = read_demand(csv("\n".join([header, *rows])), log=FaultLog()).frame["id"]
    second = read_demand(csv("\n".join([header, *rows[::-1]])), log=FaultLog()).frame["id"]
    assert first.is_unique
    assert set(first) == set(second)
    assert first[1] == second[1]


def test_made_ids_differ_by_kind_name_and_place():
    here = np.array([[116.4, 39.9]])
    made = {
        generated_ids(kind, [name], place)[0]
        for kind in ("demand", "facility")
        for name in ("甲", "乙")
        for place in (here, here + 1e-5)
    }
    assert len(made) == 8


def test_demand_polygons_count_as_a_point_inside(polygons):
    ring = SQUARE.difference(SQUARE.buffer(-0.02))
    read = read_demand(polygons([ring], 名称=["甲"], 人口=[5.0]), log=FaultLog())
    assert ring.contains(read.frame.geometry[0])


def test_geometry_wins_over_recognised_columns_but_not_over_mapped_ones(polygons):
    raw = polygons([shapely.Point(116.4, 39.9)], lon=["1"], lat=["2"])
    assert read_demand(raw, log=FaultLog()).frame.geometry[0].x == 116.4
    mapped = read_demand(raw, columns={"lon": "lon", "lat": "lat"}, log=FaultLog())
    assert mapped.frame.geometry[0].x == 1


def test_entrances(csv):
    log = FaultLog()
    raw = csv("小区编号,lon,lat\n1,116,39\n9,116,39\n")
    gates = read_entrances(raw, demand_ids=frozenset({"1"}), log=log)
    assert faults(log) == [("unknown_demand", 3)]
    assert list(gates.columns) == ["demand_id", "geometry"]
    log = FaultLog()
    assert read_entrances(csv("lon,lat\n1,2\n"), demand_ids=frozenset(), log=log) is None
    assert faults(log) == [("required_column", None)]


FACILITIES = ["id", "name", "type", "status", "area_m2", "capacity", "hours", "address", "geometry"]


def test_facilities(csv):
    log = FaultLog()
    raw = csv(
        "编号,店名,经度,纬度,业态,状态,面积,营业时间\n"
        "1,A,116,39,便利店,正常,80,7-23\n2,B,116,39,菜市场,待提升,,\n3,C,116,39,维修,筹建,,\n"
        "4,D,116,39,洗衣店,停业,,\n5,E,116,39,laundry,,,\n6,F,116,39,laundry,Closed,,\n"
    )
    read = read_facilities(raw, pack=PACK, log=log)
    assert faults(log) == []
    check_contract(read.frame, FACILITIES)
    assert read.frame["type"].tolist()[:3] == ["convenience", "vegetable", "repair"]
    assert read.frame["status"].tolist() == [
        "open",
        "substandard",
        "planned",
        "closed",
        "open",
        "closed",
    ]
    assert read.frame["area_m2"][0] == 80


def test_facility_of_several_types_becomes_several_rows(csv):
    raw = csv("id,lon,lat,业态\n1,116,39,早餐、便利店\n2,116,39,洗衣店\n")
    read = read_facilities(raw, pack=PACK, log=FaultLog())
    assert read.frame["id"].tolist() == ["1:breakfast", "1:convenience", "2"]
    assert read.rows.tolist() == [2, 2, 3]
    assert len(read.given) == 3


def test_rows_without_type_are_left_out_and_counted(csv):
    raw = csv("id,lon,lat,业态\n1,116,39,游戏厅\n2,116,39,洗衣店\n")
    read = read_facilities(raw, pack=PACK, unmapped="ignore", log=FaultLog())
    assert read.frame["id"].tolist() == ["2"]
    assert read.unmapped == {"游戏厅": 1}


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("id,lon,lat,业态\n1,116,39,游戏厅\n", {}, [("unknown_type", 2)]),
        ("id,lon,lat,业态,状态\n1,116,39,早餐,半开\n", {}, [("unknown_status", 2)]),
        ("id,lon,lat\n1,116,39\n", {}, [("required_column", None)]),
        ("id,lon,lat\n1,116,39\n", {"constant_type": "shoes"}, [("unknown_target", None)]),
        (
            "id,lon,lat,业态\n1,116,39,a\n",
            {"types": mapping_from({"a": "x"})},
            [("unknown_target", None)],
        ),
        ("id,lon,lat,业态,面积\n1,116,39,早餐,-8\n", {}, [("number_too_small", 2)]),
    ],
)
def test_faulty_facilities(csv, text, options, expected):
    log = FaultLog()
    read_facilities(csv(text), pack=PACK, log=log, **options)
    assert faults(log) == expected


def test_table_of_one_type(csv):
    read = read_facilities(
        csv("id,lon,lat\n1,116,39\n"), pack=PACK, constant_type="早餐", log=FaultLog()
    )
    assert read.frame["type"].tolist() == ["breakfast"]


def test_rows_stay_together_when_some_have_no_position(csv):
    """A faulty position drops its row only: names, types and rows of the others must match."""
    raw = csv("id,名称,lon,lat,业态\n1,a,x,39,早餐\n2,b,116,39,洗衣店\n3,c,116,39,维修\n")
    read = read_facilities(raw, pack=PACK, log=FaultLog())
    assert read.frame[["id", "name", "type"]].values.tolist() == [
        ["2", "b", "laundry"],
        ["3", "c", "repair"],
    ]
    assert read.rows.tolist() == [3, 4]


CANDIDATES = ["id", "name", "types", "area_m2", "cost", "capacity"]
CANDIDATES += ["district", "street", "community", "address", "geometry"]


def test_candidates(csv):
    log = FaultLog()
    raw = csv(
        "编号,lon,lat,可设业态,面积,成本,容量\n1,116,39,早餐、便利店,50,10,2\n2,116,39,,,,\n"
        "3,116,39,全部,,,\n4,116,39,Laundry; repair,,,\n"
    )
    read = read_candidates(raw, pack=PACK, log=log)
    assert faults(log) == []
    check_contract(read.frame, CANDIDATES)
    assert read.frame["types"].tolist() == ["breakfast;convenience", "", "", "laundry;repair"]
    assert read.frame["capacity"].tolist() == [2, 1, 1, 1]
    assert read.frame["capacity"].dtype == np.int64


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ("早餐、鞋店,,", "unknown_type"),
        (",0,", "number_too_small"),
        (",1.5,", "number_not_whole"),
        (",,-3", "number_too_small"),
    ],
)
def test_faulty_candidates(csv, cells, code):
    log = FaultLog()
    read_candidates(csv(f"id,lon,lat,types,capacity,cost\n1,116,39,{cells}\n"), pack=PACK, log=log)
    assert faults(log) == [(code, 2)]


def test_tables_without_positions(csv):
    raw, log = csv("id,业态\n1,早餐\n"), FaultLog()
    assert read_candidates(raw, pack=PACK, log=log) is None
    assert read_facilities(raw, pack=PACK, log=log) is None
    assert faults(log) == [("no_position", None)] * 2


def test_candidates_may_take_every_type_and_hold_one_outlet(csv):
    frame = read_candidates(csv("id,lon,lat\n1,116,39\n"), pack=PACK, log=FaultLog()).frame
    assert frame.iloc[0][["types", "capacity"]].tolist() == ["", 1]


AREAS = ["id", "name", "name_en", "level", "parent", "residents", "geometry"]


def test_areas(polygons):
    log = FaultLog()
    raw = polygons([SQUARE], 名称=["望京街道"], 区=["朝阳区"], 人口=[100.0])
    frame = read_areas(raw, level="street", log=log)
    assert faults(log) == []
    check_contract(frame, AREAS)
    assert frame.iloc[0][["id", "parent", "residents"]].tolist() == [
        "朝阳区/望京街道",
        "朝阳区",
        100.0,
    ]


def test_areas_in_another_datum_are_moved(polygons):
    moved = gpd.GeoSeries([SQUARE], crs=4326).to_crs(4547)
    frame = read_areas(polygons(list(moved), 4547, name=["a"]), level="district", log=FaultLog())
    assert frame.geometry[0].symmetric_difference(SQUARE).area < 1e-9


def test_invalid_area_is_repaired_with_a_warning(polygons):
    log = FaultLog()
    frame = read_areas(polygons([BOW_TIE], name=["a"]), level="district", log=log)
    assert faults(log) == []
    assert [fault.code for fault in log.warnings] == ["area_repaired"]
    assert frame.geometry[0].is_valid
    assert frame.geometry[0].area == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (shapely.Point(0, 0), "area_kind"),
        (None, "area_kind"),
        (shapely.Polygon(), "area_kind"),
        (shapely.Polygon([(0, 0), (1, 1), (0, 0)]), "area_beyond_repair"),
    ],
)
def test_faulty_areas(polygons, shape, code):
    log = FaultLog()
    frame = read_areas(polygons([shape, SQUARE], name=["a", "b"]), level="district", log=log)
    assert faults(log) == [(code, 2)]
    assert frame["name"].tolist() == ["b"]


def test_other_faults_of_areas(polygons, csv):
    log = FaultLog()
    read_areas(polygons([SQUARE] * 2, name=["a", "b"], level=["区", "省"]), log=log)
    assert faults(log) == [("unknown_level", 3)]
    log = FaultLog()
    read_areas(polygons([SQUARE], name=["a"]), log=log)
    assert faults(log) == [("required_column", None)]
    log = FaultLog()
    read_areas(polygons([SQUARE] * 2, name=["a", "a"]), level="street", log=log)
    assert faults(log) == [("duplicate_id", 3)]
    log = FaultLog()
    assert read_areas(csv("name\na\n"), level="street", log=log) is None
    assert faults(log) == [("no_polygons", None)]


def test_areas_from_well_known_text(csv):
    frame = read_areas(csv(f'name,wkt\na,"{SQUARE.wkt}"\n'), level="street", log=FaultLog())
    assert frame.geometry[0].equals(SQUARE)


def areas(*rows):
    columns = ["id", "name", "level", "parent", "residents", "geometry"]
    data = {name: [row[k] for row in rows] for k, name in enumerate(columns)}
    frame = gpd.GeoDataFrame(data, crs=4326)
    frame.insert(2, "name_en", "")
    return frame[AREAS]


LEFT, RIGHT = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)


def test_parents_by_name_and_by_place():
    log = FaultLog()
    linked = link_parents(
        areas(
            ("d1", "东区", "district", "", np.nan, LEFT),
            ("d2", "西区", "district", "", np.nan, RIGHT),
            ("s1", "甲", "street", "西区", 1.0, shapely.box(1, 0, 1.5, 1)),
            ("s2", "乙", "street", "", 1.0, shapely.box(0.2, 0, 0.5, 1)),
            ("c1", "丙", "community", "s2", 1.0, shapely.box(0.2, 0, 0.3, 1)),
        ),
        log=log,
    )
    assert faults(log) == []
    assert linked.set_index("id")["parent"].to_dict() == {
        "d1": "", "d2": "", "s1": "d2", "s2": "d1", "c1": "s2",
    }  # fmt: skip


def test_missing_level_is_made_from_its_parts():
    linked = link_parents(
        areas(
            ("东区/甲", "甲", "street", "东区", 3.0, LEFT),
            ("东区/乙", "乙", "street", "东区", 4.0, RIGHT),
        ),
        log=FaultLog(),
    )
    made = linked[linked["level"] == "district"].iloc[0]
    assert (made["id"], made["residents"]) == ("东区", 7.0)
    assert made.geometry.equals(shapely.box(0, 0, 2, 1))


def test_faults_between_areas():
    log = FaultLog()
    link_parents(
        areas(
            ("d1", "同名", "district", "", np.nan, LEFT),
            ("d2", "同名", "district", "", np.nan, RIGHT),
            ("d2", "甲", "street", "同名", 1.0, LEFT),
        ),
        log=log,
    )
    assert sorted(code for code, _ in faults(log)) == ["ambiguous_parent", "duplicate_area"]


def test_real_tables(shared):
    folder, log = shared / "beijing", FaultLog()
    homes = read_demand(read_table(folder / "residences.csv", log=log), log=log)
    check_contract(homes.frame, DEMAND)
    assert len(homes.frame) == 5358
    shops = read_facilities(
        read_table(folder / "poi-bit-2012.csv", log=log),
        pack=PACK,
        columns={"type": "amap_type"},
        types=load_mapping("amap-poi", log=log),
        log=log,
    )
    check_contract(shops.frame, FACILITIES)
    towns = read_areas(read_table(folder / "townships.gpkg", log=log), level="street", log=log)
    linked = link_parents(towns, log=log)
    assert faults(log) == []
    districts = linked[linked["level"] == "district"]
    assert len(districts) == 16
    assert districts["residents"].sum() == 20_755_648
