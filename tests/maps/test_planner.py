"""The planner's map in a real browser with the network cut."""

import dataclasses
import re

import geopandas as gpd
import pandas as pd
import pytest
from pyproj import Geod
from shapely.affinity import translate

from quarterhour.data.datum import gcj02_to_wgs84
from quarterhour.maps.basemap import base_map
from quarterhour.maps.study_maps import compare_map, coverage_map, gap_map, plan_map, planner_map

from .test_page_hostile import HOSTILE

pytestmark = pytest.mark.browser

LAYERS = {
    "land", "water", "streets", "outlines", "areas", "straight", "complaints", "survey", "parking",
    "reach", "homes", "walk", "breakfast", "lots", "breakfast_outlets", "outlets", "routes", "gaps",
    "sites",
}  # fmt: skip


def shown(opened):
    return set(
        opened.page.evaluate("Object.keys(quarterhour.view.on).filter(k => quarterhour.view.on[k])")
    )


def clean(opened):
    assert opened.page.evaluate("quarterhour.ready") is True
    assert opened.strangers == []
    assert opened.complaints == []


def click(opened, lon, lat, side=0):
    """Click where a position lies on a map; return what the popup says."""
    x, y = opened.page.evaluate(
        """([lat, lon, side]) => {
            const map = quarterhour.maps[side];
            map.closePopup();
            const at = map.latLngToContainerPoint([lat, lon]);
            const box = map.getContainer().getBoundingClientRect();
            return [box.left + at.x, box.top + at.y];
        }""",
        [lat, lon, side],
    )
    popup = opened.page.locator(".leaflet-popup-content")
    popup.wait_for(state="detached")
    opened.page.mouse.click(x, y)
    popup.wait_for()
    return popup.inner_text()


def is_painted(opened, place, colour):
    """Tell whether the canvas shows a colour at a position, within the rounding of its alpha."""
    red, green, blue, alpha = painted(opened, *place)
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return alpha > 100 and all(
        abs(a - b) <= 2 for a, b in zip((red, green, blue), wanted, strict=True)
    )


def painted(opened, lon, lat):
    """Return red, green, blue and opacity that the canvas shows at a position."""
    return opened.page.evaluate(
        """([lat, lon]) => {
            const board = quarterhour.maps[0].qhBoard, map = quarterhour.maps[0];
            const at = map.latLngToLayerPoint([lat, lon]).subtract(board._bounds.min);
            const ratio = board._container.width / board._bounds.getSize().x;
            const data = board._pen.getImageData(at.x * ratio, at.y * ratio, 1, 1).data;
            return [...data];
        }""",
        [lat, lon],
    )


def switch(opened, key):
    opened.page.locator(f'input[data-layer="{key}"]').click()


def test_every_layer_is_there_and_nothing_is_asked_of_the_network(results, open_page):
    opened = open_page(planner_map(results))
    keys = opened.page.evaluate("quarterhour.sheets[0].map(one => one.key)")
    assert set(keys) == LAYERS - {"land"}  # the small study's only ground is a park
    for key in (
        "straight",
        "complaints",
        "survey",
        "parking",
        "walk",
        "breakfast",
        "reach",
        "lots",
    ):
        switch(opened, key)
        assert key in shown(opened)
    # Of shadings, and of homes, one at a time.
    assert shown(opened) & {"areas", "straight", "complaints", "survey", "parking"} == {"parking"}
    assert shown(opened) & {"homes", "walk", "breakfast"} == {"breakfast"}
    opened.page.locator("#qh-bar .qh-tool").last.click()
    assert "夜间停车缺口" in opened.page.locator("#qh-layers").inner_text()
    clean(opened)


def test_shading_follows_type_time_and_level(results, open_page):
    only = "&on=areas&level=community"
    opened = open_page(planner_map(results), hash_="#type=parcel" + only)
    inside = (117.002, 38.0085)
    # Parcel in C1: all of 400 covered: the class from 90 %, drawn at 80 % over nothing.
    assert is_painted(opened, inside, "#2c7bb6")
    opened.page.locator("#qh-type").select_option("breakfast")
    # 100 of 400 = 25 %: the lower bound of its class.
    assert is_painted(opened, inside, "#fdae61")
    opened.page.locator("[data-when=after]").click()
    assert is_painted(opened, inside, "#2c7bb6")
    # C3 has no homes: not drawn, never shown as nought.
    assert painted(opened, 117.0215, 38.0085)[3] == 0


def test_legend_states_classes_units_method_source_and_date(results, open_page):
    opened = open_page(planner_map(results), hash_="#type=breakfast&on=areas.gaps.straight")
    legend = opened.page.locator("#qh-key").inner_text()
    for words in ("0 – 25", "90 – 100", "% of residents whose state is known", "given bounds",
                  "natural breaks (Fisher–Jenks)", "severity: residents × priority",
                  "2026-01-20", "OpenStreetMap contributors, ODbL"):  # fmt: skip
        assert words in legend


def test_popups_carry_the_evidence(results, open_page):
    opened = open_page(planner_map(results))
    site = click(opened, 117.008, 38.008)
    for words in ("Corner Shop", "300 residents", "290 residents", "K9", "40 residents",
                  "proven best for its number of outlets"):  # fmt: skip
        assert words in site
    home = click(opened, 117.007, 38.006)
    assert "Long House" in home
    assert re.search(r"Breakfast\s+640 m\s+9.6 min\s+Noodle Bar", home)
    assert "too far from any mapped street" in click(opened, 117.017, 38.007)
    switch(opened, "gaps")
    gap = click(opened, 117.013, 38.003)
    for words in ("Second", "200 residents", "1–2", "Guide 2021, clause 5", "district"):
        assert words in gap
    clean(opened)


def test_a_plan_that_is_not_proven_says_so(results, open_page):
    within = dataclasses.replace(results, plan={"status": "time_limit", "gap": 0.034})
    text = click(open_page(planner_map(within)), 117.008, 38.008)
    assert "best found" in text
    assert "3.4%" in text
    assert "proven" not in text


def test_search_finds_by_part_of_a_name_and_goes_there(results, open_page):
    opened = open_page(planner_map(results), hash_="#on=areas")
    opened.page.locator("#qh-search").fill("noodle")
    found = opened.page.locator(".qh-found button")
    assert found.count() == 1
    found.click()
    assert "Noodle Bar" in opened.page.locator(".leaflet-popup-content").inner_text()
    assert "outlets" in shown(opened)
    centre = opened.page.evaluate(
        "[quarterhour.maps[0].getCenter().lng, quarterhour.maps[0].getCenter().lat]"
    )
    assert centre == pytest.approx([117.001, 38.0035], abs=2e-3)
    opened.page.locator("#qh-search").fill("没有")
    assert "Nothing of that name" in opened.page.locator(".qh-found").inner_text()


def test_measuring_agrees_with_the_ellipsoid(results, open_page):
    opened = open_page(planner_map(results))
    opened.page.get_by_role("button", name="Measure").click()
    corners = [(117.002, 38.002), (117.012, 38.002), (117.012, 38.008)]
    for lon, lat in corners:
        opened.page.evaluate(
            "([lat, lon]) => quarterhour.maps[0].fire('click', {latlng: L.latLng(lat, lon)})",
            [lat, lon],
        )
    found = opened.page.evaluate("quarterhour.measured()")
    geod = Geod(ellps="WGS84")
    lons, lats = zip(*corners, strict=True)
    assert found["metres"] == pytest.approx(geod.line_length(lons, lats), rel=4e-3)
    assert found["squares"] == pytest.approx(
        abs(geod.polygon_area_perimeter(lons, lats)[0]), rel=8e-3
    )
    assert "in a straight line" in opened.page.locator(".qh-measure").inner_text()
    opened.page.keyboard.press("Escape")
    assert opened.page.locator(".qh-measure").count() == 0


def test_two_studies_move_together_and_share_their_classes(results, open_page):
    tables = dict(results.tables)
    tables["gaps"] = tables["gaps"].assign(severity=5000.0)
    other = dataclasses.replace(
        results, tables=tables, about=dataclasses.replace(results.about, title_en="Other")
    )
    opened = open_page(compare_map(results, other), hash_="#on=areas.gaps")
    views = "quarterhour.maps.map(m => [m.getCenter().lat, m.getCenter().lng, m.getZoom()])"
    opened.page.evaluate("quarterhour.maps[1].setView([38.004, 117.006], 16)")
    left, right = opened.page.evaluate(views)
    assert left == pytest.approx(right)
    assert left[2] == 16
    scales = opened.page.evaluate(
        "quarterhour.sheets.map(side => side.find(one => one.key === 'gaps').layer.scales[0].edges)"
    )
    assert scales[0] == scales[1]
    assert (scales[0][0], scales[0][-1]) == (320, 5000)
    assert opened.page.locator(".qh-side-name").all_inner_texts() == ["A Small Town", "B Other"]
    clean(opened)


def test_years_move_the_map_step_by_step(results, open_page):
    """Two years; in the first nothing has opened: its states are those of today."""
    tables = dict(results.tables)
    today, after = tables["summary"], tables["summary_after"]
    tables["summary_after"] = pd.concat([today.assign(year="2027"), after.assign(year="2028")])
    before, then = tables["points"], tables["points_after"]
    names = ["breakfast_state", "parcel_state", "circle"]
    tables["points_after"] = pd.DataFrame(
        {
            f"{name}_{year}": table[name]
            for year, table in (("2027", before), ("2028", then))
            for name in names
        }
    )
    tables["sites"] = tables["sites"].assign(year="2028", action="upgrade")
    opened = open_page(planner_map(dataclasses.replace(results, tables=tables)))
    slider = opened.page.locator("#qh-year")
    slider.focus()
    states = []
    for _ in range(3):
        when = opened.page.evaluate("quarterhour.view.when")
        rows = opened.page.evaluate(
            "quarterhour.shading(quarterhour.sheets[0].find(one => one.key === 'homes')).rows"
        )
        open_ = opened.page.evaluate(
            "quarterhour.isOpen(quarterhour.sheets[0].find(one => one.key === 'sites'), 0)"
        )
        states.append((when, rows, open_))
        opened.page.keyboard.press("ArrowRight")
    # Full circle: P1 covered, P2 and P3 gaps, P4 unknown; the plan covers P2 at last.
    assert states == [("today", "0112", False), ("2027", "0112", False), ("2028", "0312", True)]
    assert "upgrade" in click(opened, 117.008, 38.008)
    clean(opened)


GO_TO = """(key) => quarterhour.goTo({
    sheet: quarterhour.sheets[1].find((one) => one.key === key), row: 0, side: 1 })"""

#: All of them in the slow run; by default the two that broke pages most often.
TEXTS = [
    pytest.param(text, id=str(row), marks=() if row in {1, 8} else pytest.mark.slow)
    for row, text in enumerate(HOSTILE)
]


def test_a_plan_without_the_year_shown_stands_at_its_end(results, open_page):
    tables = dict(results.tables)
    tables["summary_after"] = tables["summary_after"].assign(year="2028")
    tables["sites"] = tables["sites"].assign(year="2028")
    other = dataclasses.replace(results, tables=tables)
    opened = open_page(compare_map(results, other), hash_="#when=2028")
    ends = opened.page.evaluate("[Q => Q.whenOf(0), Q => Q.whenOf(1)].map(f => f(quarterhour))")
    assert ends == ["after", "2028"]
    rows = (
        "quarterhour.sheets.map(s => quarterhour.shading(s.find(one => one.key === 'homes')).rows)"
    )
    assert opened.page.evaluate(rows) == ["0312", "0312"]
    table = opened.page.locator(".qh-shares tbody tr").first.inner_text()
    assert table.split("\t")[1:] == ["61.5%", "61.5%", "±0"]


@pytest.mark.parametrize("text", TEXTS)
def test_user_text_is_shown_and_never_run(results, open_page, text):
    words = {
        "name", "name_en", "address", "hours", "place_name", "place_name_en", "clause", "status",
        "outlet_name", "alternative", "breakfast_reason", "kind", "state", "act_level", "action",
    }  # fmt: skip

    def tainted(table):
        column = pd.Series([text] * len(table), index=table.index, dtype=object)
        return table.assign(**dict.fromkeys(words & set(table.columns), column))

    tables = {name: tainted(table) for name, table in results.tables.items()}
    kinds = tuple(
        dataclasses.replace(kind, name=text, name_en=text, source=text) for kind in results.types
    )
    about = dataclasses.replace(
        results.about, title=text, title_en=text, label=text, sources=(text,), made_on=text
    )
    bad = dataclasses.replace(results, tables=tables, types=kinds, about=about)
    opened = open_page(compare_map(bad, bad, names=(text, text)))
    page = opened.page
    for key in sorted(LAYERS - {"land", "water", "streets", "outlines"}):
        switch(opened, key)
        page.evaluate(GO_TO, key)
    page.locator("#qh-search").fill(text[:20].encode("utf-8", "ignore").decode())
    page.locator("#qh-bar .qh-tool").last.click()
    assert page.evaluate("window.pwned") is None
    assert page.locator("img, svg[onload]").count() == 0
    if text.startswith(("<", "{", '"')) or text.isidentifier():
        assert text[:190] in page.locator("body").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    clean(opened)


@pytest.mark.parametrize(
    "make",
    [coverage_map, *(pytest.param(one, marks=pytest.mark.slow) for one in (gap_map, plan_map))],
)
def test_maps_for_notebooks_are_self_contained_when_saved(results, open_page, tmp_path, make):
    make(results).save(tmp_path / "saved.html")
    clean(open_page(tmp_path / "saved.html"))


def test_phone_and_paper(results, open_page):
    opened = open_page(planner_map(results), size=(360, 740), phone=True)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    wide = open_page(planner_map(results)).page
    assert wide.pdf(prefer_css_page_size=True, print_background=True).count(b"/Type /Page\n") == 1


TILE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc`\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)
WHERE_TILES_ARE = """() => [...document.querySelectorAll('img.leaflet-tile')].map((img) => {
    const box = img.getBoundingClientRect(), map = quarterhour.maps[0];
    const own = map.getContainer().getBoundingClientRect();
    return [img.src, box.left - own.left, box.top - own.top];
})"""


@pytest.mark.parametrize(("datum", "limit"), [("wgs84", 0.6), ("gcj02", 2.0)])
@pytest.mark.parametrize("zoom", [pytest.param(12, marks=pytest.mark.slow), 16])
def test_tiles_lie_where_they_belong_and_only_their_host_is_asked(
    results, open_page, datum, limit, zoom
):
    tables = {
        name: table.set_geometry([translate(one, -0.6, 1.9) for one in table.geometry])
        if isinstance(table, gpd.GeoDataFrame)
        else table
        for name, table in results.tables.items()
    }
    beijing = dataclasses.replace(results, tables=tables)
    tiles = base_map("http://tiles.test:8080/{z}/{x}/{y}.png", datum=datum)
    asked = []

    def serve(page):
        def answer(route):
            asked.append(route.request.url)
            route.fulfill(body=TILE, content_type="image/png")

        page.route(re.compile("^http"), answer)

    opened = open_page(coverage_map(beijing, tiles=tiles), offline=False, before=serve)
    opened.page.evaluate(
        "(zoom) => quarterhour.maps[0].setMaxBounds(null).setMinZoom(0)"
        ".setView([39.905, 116.41], zoom)",
        zoom,
    )
    opened.page.evaluate("quarterhour.maps[0].panBy([173, -121], {animate: false})")
    opened.page.wait_for_timeout(400)
    found = opened.page.evaluate(WHERE_TILES_ARE)
    assert len(found) > 8
    off = []
    for source, left, top in found:
        level, x, y = map(int, re.findall(r"/(\d+)/(\d+)/(\d+)\.png", source)[0])
        corner = opened.page.evaluate(
            "([x, y, z]) => { const corner = L.point(256 * x, 256 * y);"
            " const at = L.CRS.EPSG3857.pointToLatLng(corner, z); return [at.lng, at.lat]; }",
            [x, y, level],
        )
        if datum == "gcj02":
            lon, lat = gcj02_to_wgs84([corner[0]], [corner[1]])
            corner = [float(lon[0]), float(lat[0])]
        at = opened.page.evaluate(
            "([lon, lat]) => { const map = quarterhour.maps[0];"
            " const p = map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }",
            corner,
        )
        if 0 <= at[0] <= 1200 and 0 <= at[1] <= 800:
            off.append(max(abs(at[0] - left), abs(at[1] - top)))
    assert max(off) <= limit
    assert all(url.startswith("http://tiles.test:8080/") for url in asked)
    refused = "fetch('http://other.test/x').then(() => 'sent', () => 'refused')"
    assert opened.page.evaluate(refused) == "refused"
    assert not any("other.test" in url for url in asked)
