"""What is drawn behind streets, from hand-written files."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, box

from quarterhour.data.background import KINDS, kind_of, read_background
from quarterhour.data.faults import FaultLog

LON, LAT = 116.4, 39.9


def xml(nodes, ways, relations=()):
    """OSM XML: nodes {id: (x, y)} in 0.001 degrees, ways and relations (id, parts, tags)."""
    rows = [
        f'<node id="{i}" version="1" lon="{LON + x / 1000:.7f}" lat="{LAT + y / 1000:.7f}"/>'
        for i, (x, y) in nodes.items()
    ]
    for ref, parts, tags in ways:
        inner = "".join(f'<nd ref="{part}"/>' for part in parts)
        rows.append(f'<way id="{ref}" version="1">{inner}{tag_rows(tags)}</way>')
    for ref, parts, tags in relations:
        inner = "".join(f'<member type="way" ref="{way}" role="{role}"/>' for way, role in parts)
        rows.append(f'<relation id="{ref}" version="1">{inner}{tag_rows(tags)}</relation>')
    return f'<osm version="0.6">{"".join(rows)}</osm>'


def tag_rows(tags):
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())


OUTER = {1: (0, 0), 2: (10, 0), 3: (10, 10), 4: (0, 10)}
INNER = {5: (4, 4), 6: (6, 4), 7: (6, 6), 8: (4, 6)}
RAIL = {"railway": "rail"}
RING = [1, 2, 3, 4, 1]


def read(tmp_path, text, name="b.osm", **options):
    (tmp_path / name).write_text(text, encoding="utf-8")
    log = FaultLog()
    frame = read_background(tmp_path / name, log=log, **options)
    assert not log.entries
    assert frame.crs == 4326
    assert frame.columns.tolist() == ["kind", "name", "geometry"]
    assert frame.index.tolist() == list(range(len(frame)))
    return frame


@pytest.mark.parametrize(
    ("tags", "area", "kind"),
    [
        ({"natural": "water"}, True, "water"),
        ({"landuse": "reservoir"}, True, "water"),
        ({"leisure": "park"}, True, "green"),
        ({"natural": "wood"}, True, "green"),
        ({"waterway": "river"}, False, "waterway"),
        ({"waterway": "river", "tunnel": "culvert"}, False, None),
        ({"railway": "rail"}, False, "railway"),
        ({"railway": "subway", "tunnel": "yes"}, False, None),
        ({"railway": "subway", "layer": "-2"}, False, None),
        ({"railway": "subway", "bridge": "yes", "layer": "1"}, False, "railway"),
        ({"railway": "abandoned"}, False, None),
        ({"highway": "motorway"}, False, "main_road"),
        ({"highway": "trunk_link", "tunnel": "no"}, False, "main_road"),
        ({"highway": "residential"}, False, None),
        ({"leisure": "park"}, False, None),
        ({"waterway": "river"}, True, None),
        ({"building": "yes"}, True, None),
        ({}, True, None),
    ],
)
def test_kinds(tags, area, kind):
    assert kind_of(tags, area=area) == kind
    assert kind is None or kind in KINDS


def test_lines_and_areas(tmp_path):
    frame = read(
        tmp_path,
        xml(
            OUTER,
            [
                (1, [1, 2], {"railway": "rail", "name": "京张铁路"}),
                (2, RING, {"leisure": "park", "name": "公园"}),
                (3, [2, 3], {"highway": "trunk"}),
                (4, [3, 4], {"highway": "footway"}),
                (5, [1, 3], {"waterway": "canal"}),
            ],
        ),
    )
    assert frame["kind"].tolist() == ["green", "waterway", "railway", "main_road"]
    assert frame["name"].tolist() == ["公园", "", "京张铁路", ""]
    expected = box(LON, LAT, LON + 0.01, LAT + 0.01)
    assert shapely.equals_exact(frame.geometry[0], expected, 1e-9, normalize=True)


def test_multipolygons_keep_their_holes(tmp_path):
    lake = {"type": "multipolygon", "natural": "water", "name": "湖"}
    frame = read(
        tmp_path,
        xml(
            OUTER | INNER,
            [(1, [1, 2, 3], {}), (2, [3, 4, 1], {}), (3, [5, 6, 7, 8, 5], {})],
            [(9, [(1, "outer"), (2, "outer"), (3, "inner")], lake)],
        ),
    )
    assert frame["kind"].tolist() == ["water"]
    assert frame.geometry[0].area == pytest.approx(1e-4 - 4e-6)


def test_shapes_with_missing_points_are_left_out(tmp_path):
    lake = {"type": "multipolygon", "natural": "water"}
    frame = read(
        tmp_path,
        xml(
            OUTER,
            [
                (1, [1, 2, 99], {}),
                (2, [98, 97], RAIL),
                (3, [1, 2], RAIL),
            ],
            [(9, [(1, "outer"), (77, "outer")], lake)],
        ),
    )
    assert frame["kind"].tolist() == ["railway"]


def test_shapes_are_simplified_within_the_tolerance(tmp_path):
    wiggle = {i: (i / 10, 0.02 * (i % 2)) for i in range(1, 101)}
    small = {201: (0, 1), 202: (0.02, 1), 203: (0.02, 1.02)}
    text = xml(
        wiggle | small,
        [(1, list(wiggle), {"railway": "rail"}), (2, [201, 202, 203, 201], {"leisure": "park"})],
    )
    fine, coarse = read(tmp_path, text, tolerance=0.1), read(tmp_path, text, tolerance=5.0)
    assert fine["kind"].tolist() == ["green", "railway"]
    assert coarse["kind"].tolist() == ["railway"]
    assert shapely.get_num_coordinates(coarse.geometry[0]) < 5
    assert shapely.hausdorff_distance(fine.geometry[1], coarse.geometry[0]) * 111_000 < 5.1


def test_nothing_to_draw_is_an_empty_table(tmp_path):
    assert len(read(tmp_path, xml(OUTER, [(1, [1, 2], {"highway": "footway"})]))) == 0


def test_a_geojson_with_kinds(tmp_path):
    frame = gpd.GeoDataFrame(
        {"kind": ["water", "shop", "railway", None], "name": ["湖", "店", None, "?"]},
        geometry=[
            box(LON, LAT, LON + 0.01, LAT + 0.01),
            box(LON, LAT, LON + 0.01, LAT + 0.01),
            LineString([(LON, LAT), (LON + 1, LAT)]),
            Point(LON, LAT),
        ],
        crs=4326,
    )
    result = read(tmp_path, frame.to_json(), "b.geojson")
    assert result["kind"].tolist() == ["water", "railway"]
    assert result["name"].tolist() == ["湖", ""]


def test_a_projected_layer_with_tags(tmp_path):
    frame = gpd.GeoDataFrame(
        {"natural": ["water", None], "railway": [None, "rail"]},
        geometry=[
            box(LON, LAT, LON + 0.01, LAT + 0.01),
            LineString([(LON, LAT), (LON + 0.01, LAT)]),
        ],
        crs=4326,
    )
    frame.to_crs(32650).to_file(tmp_path / "b.gpkg")
    result = read_background(tmp_path / "b.gpkg", log=FaultLog())
    assert result["kind"].tolist() == ["water", "railway"]
    np.testing.assert_allclose(result.total_bounds, [LON, LAT, LON + 0.01, LAT + 0.01], atol=1e-6)


def test_a_bow_tie_becomes_valid(tmp_path):
    frame = read(tmp_path, xml(OUTER, []))
    bow = shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))")
    frame = gpd.GeoDataFrame({"kind": ["green"]}, geometry=[bow], crs=4326)
    result = read(tmp_path, frame.to_json(), "b.geojson")
    assert result.geometry.is_valid.all()
    assert result.geometry[0].area == pytest.approx(0.5)


@pytest.mark.shared
def test_main_roads_of_a_real_extract(shared):
    log = FaultLog()
    frame = read_background(shared / "beijing" / "streets-2012.osm.pbf", log=log)
    assert not log.entries
    # Classes counted in the file: motorway 342, motorway_link 703, trunk 810, trunk_link 1000.
    assert frame["kind"].value_counts().to_dict() == {"main_road": 2855}


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("b.osm.pbf", b"nothing of the sort", "background_damaged"),
        ("b.osm", b"<osm><node", "background_damaged"),
        ("b.geojson", b"{", "corrupt_file"),
    ],
)
def test_damaged_files(tmp_path, name, data, code):
    (tmp_path / name).write_bytes(data)
    log = FaultLog()
    assert read_background(tmp_path / name, log=log) is None
    [fault] = log.faults
    assert fault.code == code
    for language in ("en", "zh"):
        assert "{" not in fault.line(language)


def test_a_file_that_is_not_there(tmp_path):
    log = FaultLog()
    assert read_background(tmp_path / "none.osm", log=log) is None
    assert [f.code for f in log.faults] == ["file_missing"]


def test_a_table_without_shapes(tmp_path):
    frame = gpd.GeoDataFrame({"kind": ["water"]}, geometry=[None], crs=4326)
    frame.drop(columns="geometry").to_csv(tmp_path / "b.csv")
    log = FaultLog()
    assert read_background(tmp_path / "b.csv", log=log) is None
    assert [f.code for f in log.faults] == ["background_damaged"]


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_layer_without_a_system(tmp_path):
    gpd.GeoDataFrame({"kind": ["water"]}, geometry=[box(0, 0, 1, 1)]).to_file(tmp_path / "b.gpkg")
    log = FaultLog()
    assert read_background(tmp_path / "b.gpkg", log=log) is None
    assert [f.code for f in log.faults] == ["streets_crs"]
