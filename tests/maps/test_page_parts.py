"""The parts of the page that need no browser: contract, cleaning, geometry, writing, size."""

import dataclasses
import json
import re
from importlib import resources
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, box

from quarterhour.data.text import catalogue
from quarterhour.maps import vendored
from quarterhour.maps.geometry import (
    drawing_tolerance,
    features,
    label_points,
    simplified,
    street_classes,
    street_features,
)
from quarterhour.maps.page import study_page, write_page
from quarterhour.maps.page_data import PageData, check_page_data
from quarterhour.maps.payload import LONGEST_TEXT, clean, payload, script_json
from quarterhour.maps.window import EVERYTHING, clipped, opening_view


def embedded(text):
    """Return the data block of a rendered page."""
    block = re.search(r'<script [^>]*id="qh-data">(.*?)</script>', text, re.DOTALL)
    return json.loads(block.group(1))


# Contract


def test_a_sound_study_passes(study, bare_study):
    check_page_data(study)
    check_page_data(bare_study)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: {"language": "fr"}, "language is 'fr'"),
        (lambda s: {"types": ()}, "types is empty"),
        (lambda s: {"points": s.points.drop(columns="parcel_state")}, "points lacks parcel_state"),
        (lambda s: {"points": s.points.to_crs(3857)}, "points has CRS EPSG:3857"),
        (lambda s: {"areas": s.areas.set_crs(None, allow_override=True)}, "areas has CRS None"),
        (lambda s: {"summary": s.summary.drop(columns="gap")}, "summary lacks gap"),
        (lambda s: {"summary_after": None}, "give both summary_after and points_after"),
        (lambda s: {"points_after": s.points_after.iloc[:2]}, "points_after has 2 rows, points 4"),
        (lambda s: {"sites": s.sites.drop(columns="rank")}, "sites lacks rank"),
    ],
)
def test_each_breach_of_the_contract_is_named(study, change, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        study_page(dataclasses.replace(study, **change(study)))


def test_all_breaches_stand_in_one_message(study):
    broken = dataclasses.replace(study, language="fr", outlets=study.outlets.drop(columns="type"))
    with pytest.raises(ValueError, match=r"language is 'fr'.*; outlets lacks type"):
        check_page_data(broken)


# Text


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        (None, ""),
        (float("nan"), ""),
        (7, "7"),
        ("a\u202eb\u200fc", "abc"),
        ("a\nb\x00c", "a b c"),
        ("\ud800", "?"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("中文 <b>", "中文 <b>"),
    ],
)
def test_clean(given_text, shown):
    assert clean(given_text) == shown


def test_very_long_text_is_cut_and_marked():
    assert clean("x" * 5000) == "x" * (LONGEST_TEXT - 1) + "…"


JSON_VALUES = st.recursive(
    st.text() | st.integers(),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(st.text(), each, max_size=4),
    max_leaves=10,
)


@given(JSON_VALUES)
def test_script_json_reads_back_and_holds_no_markup(value):
    text = script_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_numbers_that_are_none_stay_none_in_the_page(study):
    data = payload(study, opening_view(study))
    assert data["points"]["metres"][0] == [120, 640, 900, None]
    with pytest.raises(ValueError, match="Out of range"):
        script_json(float("nan"))


def test_payload_counts_are_those_of_the_tables(study):
    data = payload(study, opening_view(study))
    city = data["today"]["city"][""]
    assert city["residents"] == 650
    assert city["covered"] == [100, 450, 100]
    assert city["gap"] == [500, 200, 500]
    assert city["unknown"] == [50, 0, 50]
    assert data["points"]["states"] == ["ccc", "gcg", "ggg", "ucu"]
    assert data["points"]["outlet"] == [[0, 0, 0, -1], [1, 1, 1, 1]]


def test_sites_of_one_candidate_share_a_place(study):
    second = study.sites.assign(id="K1-parcel", type="parcel", rank=2, alternative="K1")
    both = gpd.GeoDataFrame(pd.concat([second, study.sites], ignore_index=True), crs=4326)
    data = payload(dataclasses.replace(study, sites=both), opening_view(study))
    places = data["places"]
    assert [[entry["rank"] for entry in place["entries"]] for place in places] == [[1, 2]]
    assert places[0]["row"] == 1
    assert places[0]["entries"][1]["alternative"] == "Corner Shop"


# Words


def test_every_word_the_scripts_ask_for_exists():
    words = {key.removeprefix("maps.") for key in catalogue("en") if key.startswith("maps.")}
    scripts = "".join(vendored.own_js(page) for page in vendored.PAGES)
    asked = set(re.findall(r"Q\.word\('([\w.]+)'", scripts))
    stems = set(re.findall(r"Q\.word\('([\w.]+\.)' \+", scripts))
    assert asked - stems <= words
    assert all(any(word.startswith(stem) for word in words) for stem in stems)
    assert len(asked) > 50


# Files inside the page


def test_nothing_of_folium_s_hosts_is_left(study):
    text = study_page(study).get_root().render()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"'](?!data:)", text)
    assert not re.findall(r"cdn\.jsdelivr|code\.jquery\.com|cdnjs|bootstrapcdn", text)
    assert "url(images" not in text
    assert "sourceMappingURL" not in text


def test_scripts_cannot_close_their_element():
    assert vendored.script_safe("'</script>' '</SCRIPT >'") == "'<\\/script>' '<\\/SCRIPT >'"
    own = [vendored.own_js(page) for page in vendored.PAGES]
    for code in (*own, vendored.leaflet_js(), vendored.jquery_js()):
        assert "</script" not in code.lower()


def test_licence_lines_of_the_libraries_are_kept():
    assert "Leaflet 1.9.3" in vendored.leaflet_js()[:200]
    assert "jQuery v3.7.1" in vendored.jquery_js()[:200]


def test_all_assets_are_used():
    found = {entry.name for entry in (resources.files("quarterhour.maps") / "assets").iterdir()}
    root = Path(str(resources.files("quarterhour.maps")))
    code = "".join(path.read_text(encoding="utf-8") for path in root.glob("*.py"))
    assert [name for name in found if f'"{name}"' not in code] == []
    files = [*vendored.PAGES.values(), *vendored.STYLES.values()]
    assert {name for names in files for name in names} <= found


def test_a_template_in_the_user_s_words_is_not_run(study):
    hostile = dataclasses.replace(study, title="{{ 7 * 7 }}{% raw %}", subtitle="{{ cycler }}")
    text = study_page(hostile).get_root().render()
    assert embedded(text)["title"]["zh"] == "{{ 7 * 7 }}{% raw %}"
    assert embedded(text)["subtitle"]["zh"] == "{{ cycler }}"


def test_character_set_stands_in_the_first_kilobyte(study):
    long = dataclasses.replace(study, title="街" * 5000, title_en="街" * 5000)
    text = study_page(long).get_root().render()
    assert b"charset=UTF-8" in text.encode("utf-8")[:1024]


# Geometry


def test_coordinates_have_five_decimals_and_rows_are_ids():
    shapes = np.array([Point(117.123456789, 38.987654321), None, Point()], object)
    found = features(shapes)
    assert [feature["id"] for feature in found["features"]] == [0]
    assert found["features"][0]["geometry"]["coordinates"] == (117.12346, 38.98765)


@given(st.integers(0, 10_000))
def test_simplified_lines_stay_within_the_tolerance(seed):
    steps = np.random.default_rng(seed).normal(0, 1e-4, (60, 2))
    line = LineString(np.cumsum(steps, axis=0) + np.array([117.0, 38.0]))
    tolerance = 5e-5
    drawn = simplified(np.array([line], object), tolerance)[0]
    # Rounding to five decimals moves a vertex by at most half a step in each direction.
    assert shapely.hausdorff_distance(line, drawn, densify=0.05) <= tolerance + 1e-5


def test_drawing_tolerance_follows_the_extent_within_1_and_10_metres():
    metre = 1 / 111_130.0
    assert drawing_tolerance((117.0, 38.0, 117.001, 38.001)) == pytest.approx(metre)
    assert drawing_tolerance((117.0, 38.0, 117.225, 38.1)) == pytest.approx(0.225 / 5000)
    assert drawing_tolerance((110.0, 30.0, 118.0, 38.0)) == pytest.approx(10 * metre)


def test_street_hierarchy():
    kinds = ["motorway", "primary_link", "tertiary", "residential", "", "footway", "steps", "odd"]
    assert list(street_classes(kinds)) == [0, 1, 3, 4, 4, 5, 5, 5]


def test_streets_merge_by_class_and_keep_their_length():
    lines = [LineString([(at, 38), (at + 1, 38)]) for at in (10, 11, 12)]
    streets = gpd.GeoDataFrame({"kind": ["", "", "footway"]}, geometry=lines, crs=4326)
    found = street_features(streets, (10, 37, 13, 39), 0.0)
    assert [feature["id"] for feature in found["features"]] == [4, 5]
    merged = shapely.geometry.shape(found["features"][0]["geometry"])
    assert merged.length == 2
    assert shapely.get_num_coordinates(merged) == 3 - 1 + 1


def test_labels_lie_inside_their_shapes():
    horseshoe = box(0, 0, 10, 10).difference(box(2, 0, 8, 8))
    (latitude, longitude), nothing = label_points(np.array([horseshoe, None], object))
    assert horseshoe.contains(Point(longitude, latitude))
    assert nothing is None


# Window


def homes_at(study, *positions):
    points = study.points.iloc[: len(positions)].assign(geometry=[Point(at) for at in positions])
    return dataclasses.replace(study, points=points, points_after=None, summary_after=None)


def test_the_view_holds_the_homes_and_a_little_of_their_areas(study):
    # The homes span 0.010 by 0.006 degrees; the areas reach 0.030, but at most 15 % is followed.
    near = homes_at(study, (117.002, 38.002), (117.012, 38.008))
    expected = (117.002 - 0.0015, 38.002 - 0.0015, 117.012 + 0.0015, 38.008 + 0.0015)
    assert opening_view(near) == pytest.approx(expected)


def test_the_view_ends_where_the_areas_end(study):
    assert opening_view(study) == pytest.approx((117.0, 38.00075, 117.01925, 38.00925), abs=1e-9)


def test_a_single_home_gets_a_view_of_some_size(bare_study):
    west, south, east, north = opening_view(homes_at(bare_study, (117.0, 38.0)))
    assert (east - west, north - south) == pytest.approx((0.005, 0.005))


def test_the_view_falls_back_to_what_there_is(study):
    none = study.points.iloc[:0]
    bounds = (117.0, 38.0, 117.03, 38.01)
    assert opening_view(dataclasses.replace(study, points=none)) == pytest.approx(bounds)
    tables = ("points", "areas", "streets", "outlets")
    empty = {name: getattr(study, name).iloc[:0] for name in tables}
    assert opening_view(dataclasses.replace(study, **empty)) == EVERYTHING


def test_far_streets_and_background_stay_out_of_the_page(study):
    far = LineString([(118.0, 38.0), (118.0, 39.0)])
    streets = gpd.GeoDataFrame({"kind": ["primary"], "name": [""]}, geometry=[far], crs=4326)
    rivers = gpd.GeoDataFrame({"kind": ["river"], "name": ["远河"]}, geometry=[far], crs=4326)
    with_far = dataclasses.replace(
        study,
        streets=pd.concat([study.streets, streets], ignore_index=True),
        background=pd.concat([study.background, rivers], ignore_index=True),
    )
    text = study_page(with_far).get_root().render()
    assert "118.0" not in text
    assert "远河" not in text


def test_clipped_cuts_lines_and_polygons_at_the_window():
    shapes = np.array([LineString([(0, 0), (4, 0)]), box(1, -1, 9, 1), Point(9, 9)], object)
    line, polygon, nothing = clipped(shapes, (0, -2, 2, 2))
    assert line.length == 2
    assert polygon.area == 2
    assert shapely.is_empty(nothing)


# Writing


def test_write_page_returns_the_path_and_leaves_nothing_aside(study, tmp_path):
    path = tmp_path / "页面.html"
    assert write_page(study, path) == path
    assert [entry.name for entry in tmp_path.iterdir()] == ["页面.html"]
    assert embedded(path.read_text(encoding="utf-8"))["title"]["en"] == "Small Town"


def test_a_faulty_study_leaves_the_earlier_page_untouched(study, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("earlier", encoding="utf-8")
    with pytest.raises(ValueError, match="types is empty"):
        write_page(dataclasses.replace(study, types=()), path)
    assert path.read_text(encoding="utf-8") == "earlier"


def test_a_page_that_cannot_be_moved_into_place_leaves_nothing_aside(study, tmp_path):
    path = tmp_path / "taken"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError, match="taken"):
        write_page(study, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_a_missing_folder_is_an_os_error(study, tmp_path):
    with pytest.raises(FileNotFoundError):
        write_page(study, tmp_path / "nowhere" / "page.html")


# Size


def many(study, *, streets=5000, homes=800, outlets=2000) -> PageData:
    """Return a study as large as Wangjing: bent streets of six vertices, all eight types' words."""
    rng = np.random.default_rng(20240301)

    def positions(count):
        return rng.uniform((116.44, 39.97), (116.51, 40.02), (count, 2))

    kinds = [f"type{row}" for row in range(8)]
    types = [dataclasses.replace(study.types[0], id=kind) for kind in kinds]
    bends = np.cumsum(rng.normal(0, 3e-4, (streets, 6, 2)), axis=1)
    lines = list(shapely.linestrings(positions(streets)[:, None, :] + bends))
    words = np.array(["covered", "gap", "unknown"], object)
    states = {f"{kind}_state": words[rng.integers(0, 3, homes)] for kind in kinds}
    states["circle"] = words[rng.integers(0, 3, homes)]
    walks = {}
    for kind in kinds:
        walks[f"{kind}_metres"] = rng.uniform(50, 2000, homes)
        walks[f"{kind}_minutes"] = rng.uniform(1, 30, homes)
        walks[f"{kind}_outlet"] = [f"F{row}" for row in rng.integers(0, outlets, homes)]
        walks[f"{kind}_reason"] = ""
    base = {"id": [f"P{row}" for row in range(homes)], "name": "望京花园东区某某小区"}
    points = pd.DataFrame({**base, "residents": 731.0, "community": "C1", **states, **walks})
    shops = pd.DataFrame(
        {
            "id": [f"F{row}" for row in range(outlets)],
            "name": "望京某某便利店（广顺北大街店）",
            "type": rng.choice(kinds, outlets),
            "address": "朝阳区广顺北大街 16 号院 1 层",
        }
    )
    return dataclasses.replace(
        study,
        types=tuple(types),
        streets=gpd.GeoDataFrame({"kind": ["residential"] * streets}, geometry=lines, crs=4326),
        points=gpd.GeoDataFrame(points, geometry=shapely.points(positions(homes)), crs=4326),
        points_after=pd.DataFrame(states),
        outlets=gpd.GeoDataFrame(shops, geometry=shapely.points(positions(outlets)), crs=4326),
    )


def test_a_page_as_large_as_wangjing_is_at_most_4_megabytes(study, tmp_path):
    path = write_page(many(study), tmp_path / "page.html")
    assert path.stat().st_size <= 4_000_000
