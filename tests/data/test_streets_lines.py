"""Plain lines as streets: what is joined, what is not, and bad layers."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import MultiLineString, Point, unary_union
from shapely.geometry import LineString

from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets
from quarterhour.data.streets_lines import SUFFIXES

GEOD = Geod(ellps="WGS84")
LON, LAT = 116.4, 39.9


def line(*points):
    return LineString([(LON + x / 1000, LAT + y / 1000) for x, y in points])


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4326)


def write(frame, path):
    if path.suffix in {".parquet", ".geoparquet"}:
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio")
    return path


def read(frame, tmp_path, name="lines.gpkg", **options):
    log = FaultLog()
    return read_streets(write(frame, tmp_path / name), log=log, **options), log


def degrees_of_nodes(streets):
    """Sorted number of edge ends at every node."""
    return sorted(np.bincount(np.concatenate([streets.edge_u, streets.edge_v])).tolist())


def crossing_lines(log):
    return [dict(w.params)["count"] for w in log.warnings if w.code == "streets_crossings"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format(tmp_path, suffix):
    frame = layer(line((0, 0), (1, 0)), line((1, 0), (1, 1), (2, 1)), name=["东大街", "西大街"])
    streets, log = read(frame, tmp_path, f"道路{suffix}")
    assert not log.entries
    assert streets.n_nodes == 3
    assert streets.edge_name.tolist() == ["东大街", "西大街"]
    expected = [GEOD.geometry_length(shape) for shape in frame.geometry]
    assert streets.edge_length == pytest.approx(expected)
    assert streets.source.kind == "lines"


def test_metres_are_turned_into_degrees(tmp_path):
    frame = layer(line((0, 0), (1, 0)), line((1, 0), (1, 1)))
    streets, _ = read(frame.to_crs(4547), tmp_path)
    assert streets.n_nodes == 3
    assert streets.lon == pytest.approx([LON, LON + 0.001, LON + 0.001, LON + 0.001], abs=1e-8)


def test_lines_of_many_parts_and_heights(tmp_path):
    parts = MultiLineString([[(LON, LAT, 5), (LON + 0.001, LAT, 6)], line((1, 0), (2, 0))])
    streets, log = read(layer(parts, 路名=["北街"]), tmp_path)
    assert not log.entries
    assert streets.n_edges == 2
    assert streets.edge_name.tolist() == ["北街", "北街"]


JOINED = {
    "end on end": [line((0, 0), (1, 0)), line((1, 0), (2, 0))],
    "end on end, 5 cm off": [line((0, 0), (1, 0)), line((1.0005, 0), (2, 0))],
    "end on a vertex": [line((0, 0), (1, 0), (2, 0)), line((1, 0), (1, 1))],
    "a line that closes": [line((0, 0), (1, 0), (1, 1), (0, 0)), line((0, 0), (-1, 0))],
}
APART = {
    "crossing": [line((0, 0), (2, 0)), line((1, -1), (1, 1))],
    "crossing at vertices of both": [line((0, 0), (1, 0), (2, 0)), line((1, -1), (1, 0), (1, 1))],
    "end on a stretch": [line((0, 0), (2, 0)), line((1, 0), (1, 1))],
    "end nearly on a stretch": [line((0, 0), (2, 0)), line((1, 0.0005), (1, 1))],
}
FREE = {
    "end on end, 1 m off": [line((0, 0), (1, 0)), line((1.012, 0), (2, 0))],
    "far apart": [line((0, 0), (1, 0)), line((0, 1), (1, 1))],
}
EDGES_JOINED = {
    "end on end": 2,
    "end on end, 5 cm off": 2,
    "end on a vertex": 3,
    "a line that closes": 2,
}


@pytest.mark.parametrize("case", JOINED)
@pytest.mark.parametrize("node_crossings", [False, True])
def test_lines_that_share_a_point_with_an_end_are_joined(tmp_path, case, node_crossings):
    streets, log = read(layer(*JOINED[case]), tmp_path, node_crossings=node_crossings)
    assert not log.entries
    expected = {"end on a vertex": [1, 1, 1, 3], "a line that closes": [1, 3]}
    assert degrees_of_nodes(streets) == expected.get(case, [1, 1, 2])


@pytest.mark.parametrize("case", APART)
def test_crossings_are_not_joined_but_warned_of(tmp_path, case):
    streets, log = read(layer(*APART[case]), tmp_path)
    assert (streets.n_edges, streets.n_nodes) == (2, 4)
    assert crossing_lines(log) == [2]


@pytest.mark.parametrize("case", APART)
def test_crossings_are_joined_on_demand(tmp_path, case):
    streets, log = read(layer(*APART[case]), tmp_path, node_crossings=True)
    assert not log.entries
    four = case.startswith("crossing")
    assert degrees_of_nodes(streets) == ([1, 1, 1, 1, 4] if four else [1, 1, 1, 3])
    expected = sum(GEOD.geometry_length(shape) for shape in APART[case])
    assert streets.edge_length.sum() == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("case", FREE)
def test_lines_without_contact_stay_apart(tmp_path, case):
    streets, log = read(layer(*FREE[case]), tmp_path)
    assert not log.entries
    assert streets.n_nodes == 4


def test_two_lines_that_cross_twice(tmp_path):
    frame = layer(line((0, 0), (3, 0)), line((1, -1), (1, 1), (2, 1), (2, -1)))
    streets, _ = read(frame, tmp_path, node_crossings=True)
    assert degrees_of_nodes(streets) == [1, 1, 1, 1, 4, 4]


lattice = st.tuples(st.integers(0, 6), st.integers(0, 6))
segments = st.lists(
    st.tuples(lattice, lattice).filter(lambda ends: ends[0] != ends[1]),
    min_size=1, max_size=6, unique_by=frozenset,
)  # fmt: skip


@settings(deadline=None, max_examples=50)
@given(segments)
def test_noding_equals_the_union_of_the_lines(tmp_path_factory, ends):
    """GEOS nodes lines too: the same length where no two lines run along each other."""
    shapes = [line(*pair) for pair in ends]
    path = write(layer(*shapes), tmp_path_factory.mktemp("union") / "lines.geojson")
    streets = read_streets(path, log=FaultLog(), node_crossings=True)
    plain = read_streets(path, log=FaultLog())
    assert streets.edge_length.sum() == pytest.approx(plain.edge_length.sum(), rel=1e-6)
    # On the lattice itself: in degrees, lines along each other are so to within rounding alone.
    union = unary_union([LineString(pair) for pair in ends])
    parts = list(getattr(union, "geoms", [union]))
    met = [point for part in parts for point in (part.coords[0], part.coords[-1])]
    corners = {tuple(np.round(point, 7)) for point in line(*met).coords}
    nodes = set(zip(np.round(streets.node_lon, 7), np.round(streets.node_lat, 7), strict=True))
    assert close_sets(corners, nodes)


def close_sets(some, others):
    """Say whether every point of either set has one of the other within about 2 cm."""
    a, b = np.array(sorted(some)), np.array(sorted(others))
    apart = np.abs(a[:, None, :] - b[None, :, :]).max(axis=2)
    return bool((apart.min(axis=0) < 2e-7).all() and (apart.min(axis=1) < 2e-7).all())


def test_classes_of_openstreetmap_are_judged(tmp_path):
    frame = layer(
        line((0, 0), (1, 0)), line((1, 0), (2, 0)), line((2, 0), (3, 0)), line((3, 0), (4, 0)),
        fclass=["residential", "motorway", "支路", None],
    )  # fmt: skip
    streets, log = read(frame, tmp_path)
    assert streets.edge_class.tolist() == ["residential", "支路", ""]
    assert [w.code for w in log.entries] == ["streets_left_out"]


def test_points_and_areas_are_left_out(tmp_path):
    shapes = [line((0, 0), (1, 0)), Point(LON, LAT), line((0, 0), (1, 0)).buffer(0.001), None]
    streets, log = read(layer(*shapes), tmp_path, "mixed.geojson")
    assert streets.n_edges == 1
    [warning] = log.entries
    assert (warning.code, dict(warning.params)["count"]) == ("streets_not_lines", 3)


BAD = {
    "no system": (layer(line((0, 0), (1, 0))).set_crs(None, allow_override=True), "streets_crs"),
    "metres said to be degrees": (
        gpd.GeoDataFrame(geometry=[LineString([(440000, 4420000), (440100, 4420000)])], crs=4326),
        "streets_lonlat",
    ),
    "motorways only": (layer(line((0, 0), (1, 0)), highway=["motorway"]), "streets_no_walkable"),
    "no rows": (layer(line((0, 0), (1, 0))).iloc[:0], "streets_no_walkable"),
}


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize(("frame", "code"), BAD.values(), ids=BAD.keys())
def test_bad_layers(tmp_path, frame, code):
    streets, log = read(frame, tmp_path)
    assert streets is None
    [fault] = log.faults
    assert fault.code == code
    for language in ("en", "zh"):
        assert "{" not in fault.line(language)


def test_points_only(tmp_path):
    streets, log = read(layer(Point(LON, LAT)), tmp_path)
    assert streets is None
    assert [f.code for f in log.faults] == ["streets_no_walkable"]


def test_a_table_without_geometry(tmp_path):
    layer(line((0, 0), (1, 0)), name=["a"]).drop(columns="geometry").to_parquet(
        tmp_path / "t.parquet"
    )
    log = FaultLog()
    assert read_streets(tmp_path / "t.parquet", log=log) is None
    assert [f.code for f in log.faults] == ["streets_columns"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.geojson", b'{"type": "FeatureCollection", "features": ['),
        ("a.geojson", b"hello"),
        ("a.shp", b"hello"),
        ("a.parquet", b"PAR1 hello"),
        ("a.gpkg", b"SQLite format 3\x00 hello"),
    ],
)
def test_damaged_files_are_faults(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    log = FaultLog()
    assert read_streets(tmp_path / name, log=log) is None
    assert log.faults
