"""Numbers and positions as tables have them, right and wrong."""

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.data.datum import from_wgs84
from quarterhour.data.faults import FaultLog
from quarterhour.data.figures import parse_number, read_numbers
from quarterhour.data.points import read_points
from quarterhour.data.tables import RawTable

LON, LAT = 116.4538, 39.9978
#: Streets of a town in the west, where latitudes and longitudes are both below 90.
URUMQI = (87.5, 43.7, 87.7, 43.9)


def table(columns=None, geometry=None, crs=None):
    series = None if geometry is None else gpd.GeoSeries(geometry, crs=crs)
    count = len(geometry) if columns is None else len(next(iter(columns.values())))
    frame = pd.DataFrame(columns if columns is not None else {"n": range(count)}, dtype=object)
    own = series.crs if series is not None else None
    rows = np.arange(2, count + 2)
    return RawTable("小区.csv", Path(), frame, rows, series, own, None, None, "")


def located(columns, **options):
    log = FaultLog()
    names = {"lon": "lon", "lat": "lat"} if "lon" in columns else {}
    return read_points(table(columns), **(names | options), log=log), log


def codes(log):
    for fault in log:
        assert fault.line("en")
        assert fault.line("zh")
    return [fault.code for fault in log.faults]


NUMBERS = {
    "12": 12,
    " 12.5 ": 12.5,
    "1,234": 1234,
    "1,234,567.8": 1234567.8,
    "１２３．５": 123.5,
    "－3": -3,
    "−3": -3,
    "+7": 7,
    ".5": 0.5,
    "1e3": 1000,
    "1，234": 1234,
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers(text, value):
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text", ["", " ", "-", "—", "无", "暂无", "NaN", "null", "#N/A", "未知", "/"]
)
def test_cells_without_a_figure(text):
    assert math.isnan(parse_number(text))


UNITS = ["3.2万", "约300", "1200人", "80㎡", "50%", "二百"]
ODD = ["5²", "12,34", "1.2.3", "inf", "1e999", "abc", "1 234", "0x10"]


@pytest.mark.parametrize("text", UNITS + ODD)
def test_what_is_no_bare_number_is_refused(text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - its text is the cell
        parse_number(text)
    assert text.strip() in str(caught.value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_is_read_back(value):
    assert parse_number(repr(value)) == value


@given(st.integers(-(10**12), 10**12))
def test_thousands_separators(value):
    assert parse_number(f"{value:,}") == value


def test_faulty_numbers_are_named_by_row():
    log = FaultLog()
    raw = table({"人口": ["12", "3.2万", "十二", "-5", "1.5"]})
    values = read_numbers(raw, "人口", at_least=0, whole=True, log=log)
    assert [(f.code, f.row) for f in log.faults] == [
        ("number_with_unit", 3),
        ("not_a_number", 4),
        ("number_too_small", 5),
        ("number_not_whole", 6),
    ]
    assert values[0] == 12
    assert np.isnan(values[1:]).all()
    assert codes(log)


def test_stored_numbers_are_taken_as_they_are():
    raw = table({"n": [1.0, 2.5, np.nan]})
    raw.frame["n"] = raw.frame["n"].astype(float)
    assert read_numbers(raw, "n", log=FaultLog())[:2].tolist() == [1.0, 2.5]


def test_stored_infinity_is_a_fault():
    raw = table({"n": [1.0, np.inf]})
    raw.frame["n"] = raw.frame["n"].astype(float)
    log = FaultLog()
    assert np.isnan(read_numbers(raw, "n", log=log)[1])
    assert [(f.code, f.row) for f in log.faults] == [("not_a_number", 3)]


def test_longitude_and_latitude():
    found, log = located({"lon": [str(LON), "１１６．４"], "lat": [str(LAT), "39.9"]})
    assert codes(log) == []
    assert found.geometry.crs == 4326
    assert [(p.x, p.y) for p in found.geometry] == [(LON, LAT), (116.4, 39.9)]


@pytest.mark.parametrize(
    "text", ["116°27′13.68″", "116°27'13.68\"E", "东经116度27分13.68秒", "116.4538°"]
)
def test_degrees_minutes_seconds(text):
    found, log = located({"lon": [text], "lat": [str(LAT)]})
    assert codes(log) == []
    assert found.geometry[0].x == pytest.approx(LON, abs=1e-9)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09", "EPSG:4547", "CGCS2000"])
def test_datums_are_undone(datum):
    x, y = from_wgs84([LON], [LAT], datum)
    found, log = located({"lon": [repr(float(x[0]))], "lat": [repr(float(y[0]))]}, datum=datum)
    assert codes(log) == []
    assert found.geometry[0].distance(shapely.Point(LON, LAT)) < 1e-8
    assert found.given.tolist() == [[x[0], y[0]]]


@pytest.mark.parametrize(
    "text", ["116.4538,39.9978", "116.4538 39.9978", "(116.4538， 39.9978)", "116.4538;39.9978"]
)
def test_pair_in_one_column(text):
    found, log = located({"xy": [text]}, lonlat="xy")
    assert codes(log) == []
    assert (found.geometry[0].x, found.geometry[0].y) == (LON, LAT)


def test_well_known_text():
    found, log = located(
        {"wkt": [f"POINT ({LON} {LAT})", "POLYGON ((0 1, 2 1, 2 3, 0 3, 0 1))"]}, wkt="wkt"
    )
    assert codes(log) == []
    assert (found.geometry[0].x, found.geometry[0].y) == (LON, LAT)
    assert shapely.box(0, 1, 2, 3).contains(found.geometry[1])


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        ("116.4a", "39.9", "coordinate_not_a_number"),
        ("望京", "39.9", "coordinate_not_a_number"),
        ("116°75′", "39.9", "coordinate_not_a_number"),
        ("116.5°20′", "39.9", "coordinate_not_a_number"),
        ("inf", "39.9", "coordinate_not_a_number"),
        ("", "39.9", "coordinate_missing"),
        ("无", "39.9", "coordinate_missing"),
        ("0", "0", "coordinate_zero"),
        ("190", "39.9", "coordinate_range"),
        ("116.4", "95", "coordinate_range"),
        ("1164538", "39.9", "coordinate_range"),
    ],
)
def test_faulty_coordinates_are_named_by_row(lon, lat, code):
    found, log = located({"lon": [str(LON), lon], "lat": [str(LAT), lat]})
    assert [(f.code, f.row) for f in log.faults] == [(code, 3)]
    assert found.valid.tolist() == [True, False]
    assert codes(log)


def test_exchanged_columns_are_named_once():
    found, log = located({"lon": [str(LAT)] * 40, "lat": [str(LON)] * 40})
    assert codes(log) == ["columns_exchanged"]
    assert not found.valid.any()


def test_exchanged_rows_are_named_each():
    lon, lat = [str(LON)] * 10, [str(LAT)] * 10
    lon[3], lat[3] = lat[3], lon[3]
    _, log = located({"lon": lon, "lat": lat})
    assert [(f.code, f.row) for f in log.faults] == [("coordinates_exchanged", 5)]


def test_exchanged_columns_in_the_west_need_the_streets():
    columns = {"lon": ["43.8"] * 5, "lat": ["87.6"] * 5}
    assert codes(located(columns)[1]) == []
    assert codes(located(columns, box=URUMQI)[1]) == ["columns_exchanged"]


def test_right_columns_in_the_west_are_left_alone():
    assert codes(located({"lon": ["87.6"], "lat": ["43.8"]}, box=URUMQI)[1]) == []


def test_points_far_from_the_streets_are_counted_not_refused():
    found, log = located({"lon": ["87.6", "80.0"], "lat": ["43.8", "40.0"]}, box=URUMQI)
    assert codes(log) == []
    assert [(f.code, dict(f.params)["count"]) for f in log.warnings] == [("points_far_off", 1)]
    assert found.valid.all()


@pytest.mark.parametrize(
    ("columns", "options", "code"),
    [
        ({"xy": ["116.4"]}, {"lonlat": "xy"}, "pair_expected"),
        ({"xy": [""]}, {"lonlat": "xy"}, "coordinate_missing"),
        ({"xy": ["a,b"]}, {"lonlat": "xy"}, "coordinate_not_a_number"),
        ({"w": ["POINT (116"]}, {"wkt": "w"}, "wkt_invalid"),
        ({"w": [""]}, {"wkt": "w"}, "geometry_missing"),
        ({"w": ["LINESTRING (0 0, 1 1)"]}, {"wkt": "w"}, "geometry_kind"),
        ({"lon": ["1"], "lat": ["1"]}, {"datum": "北京54"}, "unknown_datum"),
        ({"name": ["甲"]}, {}, "no_position"),
    ],
)
def test_other_faults(columns, options, code):
    _, log = located(columns, **options)
    assert set(codes(log)) == {code}


def geometries(geometry, crs, **options):
    log = FaultLog()
    return read_points(table(geometry=geometry, crs=crs), **options, log=log), log


def test_geometry_in_its_own_crs():
    x, y = from_wgs84([LON], [LAT], "EPSG:32650")
    found, log = geometries([shapely.Point(x[0], y[0])], 32650)
    assert codes(log) == []
    assert found.datum == "epsg:32650"
    assert found.geometry[0].distance(shapely.Point(LON, LAT)) < 1e-8


def test_declared_shift_wins_over_a_crs_that_says_wgs84():
    x, y = from_wgs84([LON], [LAT], "GCJ-02")
    found, _ = geometries([shapely.Point(x[0], y[0])], 4326, datum="GCJ-02")
    assert found.geometry[0].distance(shapely.Point(LON, LAT)) < 1e-8


@pytest.mark.parametrize("declared", ["WGS-84", "CGCS2000"])
def test_default_datum_does_not_override_a_projected_crs(declared):
    """study.toml's default is WGS-84; a file in another CRS is believed."""
    x, y = from_wgs84([LON], [LAT], "EPSG:4547")
    found, log = geometries([shapely.Point(x[0], y[0])], 4547, datum=declared)
    assert codes(log) == []
    assert found.geometry[0].distance(shapely.Point(LON, LAT)) < 1e-8


@pytest.mark.parametrize("declared", ["EPSG:32650", "GCJ-02"])
def test_declared_datum_against_the_files(declared):
    _, log = geometries([shapely.Point(500_000, 4_400_000)], 4547, datum=declared)
    assert codes(log) == ["crs_conflict"]


def test_geometry_of_each_kind():
    ring = shapely.box(116, 39, 117, 40).difference(shapely.box(116.1, 39.1, 116.9, 39.9))
    line, pair = shapely.LineString([(0, 0), (1, 1)]), shapely.MultiPoint([(0, 1), (1, 1)])
    shapes = [shapely.MultiPoint([(LON, LAT)]), ring, None, shapely.Point(), line, pair]
    found, log = geometries(shapes, 4326)
    assert [(f.code, f.row) for f in log.faults] == [
        ("geometry_missing", 4), ("geometry_missing", 5), ("geometry_kind", 6), ("geometry_kind", 7)
    ]  # fmt: skip
    assert ring.contains(found.geometry[1])
    assert found.valid.tolist() == [True, True, False, False, False, False]


def test_projected_crs_without_a_code():
    """A drawing office's own projection: no EPSG code, read all the same."""
    own = "+proj=tmerc +lat_0=39.865 +lon_0=116.35 +k=1 +x_0=500000 +y_0=300000 +ellps=GRS80"
    projected = gpd.GeoSeries([shapely.Point(LON, LAT)], crs=4326).to_crs(own)
    found, log = geometries(list(projected), own)
    assert codes(log) == []
    assert found.geometry[0].distance(shapely.Point(LON, LAT)) < 1e-8


def test_mapped_columns_have_nothing_to_do_with_the_files_crs():
    log = FaultLog()
    raw = table({"lon": [str(LON)], "lat": [str(LAT)]}, [shapely.Point(5e5, 4e6)], 4547)
    found = read_points(raw, lon="lon", lat="lat", datum="WGS-84", log=log)
    assert codes(log) == []
    assert found.geometry[0].equals(shapely.Point(LON, LAT))


def test_declared_code_wins_over_a_crs_without_one():
    own = "+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80"
    x, y = from_wgs84([LON], [LAT], "EPSG:4548")
    found, log = geometries([shapely.Point(x[0], y[0])], own, datum="EPSG:4548")
    assert codes(log) == []
    assert found.datum == "epsg:4548"
    assert found.geometry[0].distance(shapely.Point(LON, LAT)) < 1e-8
