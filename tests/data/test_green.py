"""Green spaces: places and entrances apart, linked, and every fault of a row."""

import geopandas as gpd
import pytest
import shapely

from quarterhour.data.faults import FaultLog
from quarterhour.data.green import GREEN_KINDS, read_green
from quarterhour.data.tables import read_table

#: About 85 m × 111 m at 40° north.
SQUARE = shapely.box(116.3, 40.0, 116.301, 40.001)
GATE = shapely.Point(116.3, 40.0005)
BOW_TIE = shapely.Polygon([(116, 40), (116.002, 40.002), (116.002, 40), (116, 40.002)])


@pytest.fixture
def read(tmp_path):
    def make(shapes, gates=None, crs=4326, kind="", **columns):
        log = FaultLog()
        tables = []
        for name, data in (("绿地", (shapes, columns)), ("入口", gates)):
            if data is None:
                tables.append(None)
                continue
            path = tmp_path / f"{name}.parquet"
            gpd.GeoDataFrame(data[1], geometry=data[0], crs=crs).to_parquet(path)
            tables.append(read_table(path, log=log))
        return read_green(tables[0], entrances=tables[1], kind=kind, log=log), log

    return make


def told(log):
    for fault in log:
        assert fault.line("en")
        assert fault.line("zh")
    return [(fault.code, fault.row) for fault in log]


def test_places_and_entrances_in_one_table(read):
    found, log = read(
        [SQUARE, GATE], id=["G1", "G1-1"], name=["园", "门"], 类型=["口袋公园", "入口"],
        park=["", "G1"],
    )  # fmt: skip
    assert told(log) == []
    assert found.places[["id", "kind"]].to_numpy().tolist() == [["G1", "pocket_park"]]
    assert found.places["area_m2"][0] == pytest.approx(85.39 * 111.03, rel=1e-3)
    assert found.entrances["green_id"].tolist() == ["G1"]
    assert found.entrances.geometry[0].equals(GATE)


def test_entrances_in_a_table_of_their_own_by_name(read):
    gates = ([GATE], {"所属公园": ["园"]})
    found, log = read([SQUARE], gates, id=["G1"], name=["园"], kind="park")
    assert told(log) == []
    assert found.places["kind"].tolist() == ["park"]
    assert found.entrances["green_id"].tolist() == ["G1"]


def test_points_have_no_area_and_a_stated_area_wins(read):
    found, log = read(
        [GATE, SQUARE], name=["家", "园"], 类型=["社区之家", "公园"], 面积=[None, 500.0]
    )
    assert told(log) == []
    assert found.places["kind"].tolist() == ["community_home", "park"]
    assert found.places["area_m2"].isna().tolist() == [True, False]
    assert found.places["area_m2"][1] == 500
    assert found.places["id"].is_unique


@pytest.mark.parametrize(
    ("kind", "word"), [(k, w) for k, words in GREEN_KINDS.items() for w in words]
)
def test_every_word_for_a_kind(read, kind, word):
    found, log = read([SQUARE], name=["园"], 类型=[word.upper()])
    assert told(log) == []
    assert found.places["kind"].tolist() == [kind]


def test_metres_become_degrees(read):
    flat = gpd.GeoSeries([SQUARE], crs=4326).to_crs(32650)
    found, _ = read(list(flat), crs=32650, name=["园"], 类型=["公园"])
    assert found.places.geometry[0].equals_exact(SQUARE, 1e-7)


def test_a_twisted_polygon_is_untwisted(read):
    found, log = read([BOW_TIE], name=["园"], 类型=["公园"])
    assert told(log) == []
    assert found.places.geometry[0].is_valid


@pytest.mark.parametrize(
    ("shapes", "columns", "expected"),
    [
        ([SQUARE], {"类型": ["沙漠"]}, [("green_kind", 2), ("green_none", None)]),
        ([SQUARE, shapely.LineString([(116, 40), (117, 40)])], {"类型": ["公园", "公园"]},
         [("green_shape", 3)]),
        ([SQUARE, None], {"类型": ["公园", "公园"]}, [("green_shape", 3)]),
        ([SQUARE, shapely.Point()], {"类型": ["公园", "公园"]}, [("green_shape", 3)]),
        ([SQUARE, GATE], {"类型": ["公园", "入口"], "park": ["", "G9"]}, [("green_owner", 3)]),
        ([SQUARE, GATE], {"类型": ["公园", "入口"]}, [("green_owner", 3)]),
        ([GATE], {"类型": ["入口"], "park": ["G9"]}, [("green_none", None)]),
        ([SQUARE], {}, [("required_column", None)]),
        ([SQUARE, SQUARE], {"类型": ["公园", "公园"], "id": ["1", "1"]}, [("duplicate_id", 3)]),
    ],
)  # fmt: skip
def test_faults(read, shapes, columns, expected):
    _, log = read(shapes, name=["园"] * len(shapes), **columns)
    assert told(log) == expected


def test_text_without_shapes(tmp_path):
    path = tmp_path / "绿地.csv"
    path.write_text("名称,类型\n园,公园\n", encoding="utf-8")
    log = FaultLog()
    assert read_green(read_table(path, log=log), log=log) is None
    assert told(log) == [("no_polygons", None)]


def test_well_known_text_and_an_unknown_datum(tmp_path):
    path = tmp_path / "绿地.csv"
    path.write_text(f'名称,类型,wkt\n园,公园,"{SQUARE.wkt}"\n坏,公园,POLY\n', encoding="utf-8")
    log = FaultLog()
    found = read_green(read_table(path, log=log), log=log)
    assert found.places["name"].tolist() == ["园"]
    assert told(log) == [("green_shape", 3)]
    assert read_green(read_table(path, log=log), datum="月球", log=FaultLog()) is None
