"""The page in a real browser with the network cut: nothing leaves it, its words are right."""

import dataclasses
import re

import folium
import pytest

pytestmark = pytest.mark.browser

RED, ORANGE, YELLOW, PALE, BLUE = "#d7191c", "#fdae61", "#ffffbf", "#abd9e9", "#2c7bb6"
GAP, COVERED = "#8e1a12", "#2b6a99"


def clean(opened):
    assert opened.strangers == []
    assert opened.complaints == []


def test_no_request_leaves_the_page_and_nothing_complains(study, open_page):
    opened = open_page(study)
    assert opened.page.evaluate("quarterhour.ready") is True
    opened.page.wait_for_timeout(300)
    assert opened.requests  # the recorder saw the page itself
    clean(opened)


def test_the_recorder_sees_what_folium_would_fetch(open_page, tmp_path):
    usual = tmp_path / "usual.html"
    folium.Map().save(usual)
    assert any("leaflet" in url for url in open_page(usual).strangers)


def test_the_browser_refuses_any_request_the_page_might_make(study, open_page):
    opened = open_page(study)
    opened.page.evaluate("""() => {
        document.body.appendChild(new Image()).src = 'https://example.org/spy.png';
        return fetch('https://example.org/spy').catch(() => 0);
    }""")
    opened.page.wait_for_timeout(200)
    # Refused by the page's own policy, before the missing network could.
    assert set(opened.failures) == {"csp"}


def test_headline_figures_are_those_of_the_tables(study, open_page):
    head = open_page(study).page.locator("#qh-head").inner_text()
    # Full circle: 100 of 650 residents today, 400 after; 50 stay unknown, so these are the least.
    assert "Today at least 15.4% of residents (100) can walk to all 2 everyday services" in head
    assert "Opening 1 more will make it at least 61.5% (400)" in head
    assert re.search(r"Residents with a gap\s+500\s*→\s*200", head)
    assert re.search(r"Not known\s+50\b", head)
    assert "of 650 residents, at least" in head
    assert "synthetic data" in head


def test_headline_needs_no_caution_where_all_is_known(study, open_page):
    tables = {
        name: getattr(study, name).assign(unknown=0.0, residents=600.0)
        for name in ("summary", "summary_after")
    }
    head = open_page(dataclasses.replace(study, **tables)).page.locator("#qh-head").inner_text()
    # 100 and 400 of 600.
    assert "Today 16.7% of residents (100)" in head
    assert "make it 66.7% (400)" in head
    assert "at least:" not in head


def test_residents_who_leave_the_gap_for_the_unknown_are_not_said_to_be_closed(study, open_page):
    after = study.summary_after.copy()
    whole = (after["level"] == "city") & (after["type"] == "circle")
    assert after.loc[whole, ["covered", "gap", "unknown"]].to_numpy().tolist() == [[400, 200, 50]]
    after.loc[whole, ["covered", "unknown"]] = [340.0, 110.0]
    head = open_page(study).page.locator("#qh-head").inner_text()
    assert "the plan closes 60% of it" in head
    assert "become" not in head
    shown = dataclasses.replace(study, summary_after=after)
    head = open_page(shown).page.locator("#qh-head").inner_text()
    # 240 of 500 gain the full circle; 300 leave the gap.
    assert "the plan closes 48% of it; 60 become not known" in head


def test_nothing_known_is_said_to_be_unknown_never_nought(study, open_page):
    known_nowhere = {
        name: getattr(study, name).assign(
            covered=0.0, gap=0.0, unknown=getattr(study, name)["residents"]
        )
        for name in ("summary", "summary_after")
    }
    page = open_page(dataclasses.replace(study, **known_nowhere)).page
    head = page.locator("#qh-head").inner_text()
    assert "For 650 residents (100%) the data cannot tell." in head
    assert not re.search(r"\b0%", head + page.locator("#qh-types").inner_text())
    assert page.locator(".qh-type-share").all_inner_texts() == ["unknown"] * 3


def test_legend_starts_folded_where_it_would_cover_the_map(study, open_page):
    page = open_page(study, size=(1024, 768)).page
    assert not page.locator(".qh-scale").is_visible()
    page.locator("#qh-legend summary").click()
    assert page.locator(".qh-scale").is_visible()


def test_coverage_by_type_today_and_after(study, open_page):
    page = open_page(study).page
    rows = [row.inner_text().split("\n") for row in page.locator(".qh-type").all()]
    # Of 650 residents: breakfast 100 then 400; parcel 100 + 300 + 50, the plan adds none.
    assert [row[-2:] for row in rows[:2]] == [["15.4%", "61.5%"], ["15.4%", "61.5%"]]
    assert rows[2][-1] == "69.2%"
    widths = page.locator(".qh-type[data-type=breakfast] .qh-bar i").evaluate_all(
        "all => all.map((bar) => [bar.className.slice(7), parseFloat(bar.style.width)])"
    )
    shares = {"covered": 100, "added": 300, "gap": 200, "unknown": 50}
    assert dict(widths) == pytest.approx({name: n / 6.5 for name, n in shares.items()}, rel=1e-3)
    page.locator(".qh-type[data-type=breakfast]").click()
    assert "also call 150 residents covered" in page.locator("#qh-types").inner_text()


def test_type_switch_changes_the_shading(study, open_page):
    opened = open_page(study, hash_="#type=breakfast")
    # C1: 100 of 400 = 25 %, the lower bound of its class. C2: none of 200.
    assert opened.style("areas", 1, "fillColor") == ORANGE
    assert opened.style("areas", 2, "fillColor") == RED
    opened.page.locator("#qh-type").select_option("parcel")
    # C1: all of 400. C2: 50 of 250.
    assert opened.style("areas", 1, "fillColor") == BLUE
    assert opened.style("areas", 2, "fillColor") == RED
    opened.page.locator(".qh-type[data-type=circle]").click()
    assert opened.style("areas", 1, "fillColor") == ORANGE
    clean(opened)


def painted(opened, lon, lat):
    """Return the colour (r, g, b) that the canvas really shows at a position."""
    opened.page.wait_for_timeout(150)
    return opened.page.evaluate(
        """([lat, lon]) => {
            const map = quarterhour.map;
            const canvas = document.querySelector('.leaflet-overlay-pane canvas');
            const at = map.latLngToContainerPoint([lat, lon]);
            const box = canvas.getBoundingClientRect();
            const frame = map.getContainer().getBoundingClientRect();
            const scale = canvas.width / box.width;
            const x = (frame.left + at.x - box.left) * scale;
            const y = (frame.top + at.y - box.top) * scale;
            return Array.from(canvas.getContext('2d').getImageData(x, y, 1, 1).data).slice(0, 3);
        }""",
        [lat, lon],
    )


def test_the_plan_changes_what_is_painted(study, open_page):
    opened = open_page(study, hash_="#type=breakfast")
    empty_spot = (117.0085, 38.0025)
    assert painted(opened, *empty_spot) == pytest.approx([253, 174, 97], abs=3)
    assert opened.style("points", 1, "fillColor") == GAP
    opened.page.locator("[data-when=after]").click()
    assert painted(opened, *empty_spot) == pytest.approx([44, 123, 182], abs=3)
    assert opened.style("points", 1, "fillColor") == COVERED
    assert opened.style("points", 2, "fillColor") == GAP


def test_gap_dots_grow_with_residents_in_area(study, open_page):
    opened = open_page(study, hash_="#type=breakfast")
    radius = {
        row: float(opened.page.evaluate(f"quarterhour.byRow.points[{row}].getRadius()"))
        for row in (1, 2)
    }
    # 300 and 200 residents.
    assert radius[1] ** 2 / radius[2] ** 2 == pytest.approx(1.5, rel=1e-6)


def test_an_area_without_known_share_is_hatched(study, open_page):
    unknown = study.summary.assign(covered=0.0, gap=0.0, unknown=study.summary["residents"])
    opened = open_page(dataclasses.replace(study, summary=unknown))
    assert "CanvasPattern" in opened.style("areas", 1, "fillColor")
    assert "Share not known" in opened.page.locator("#qh-legend").inner_text()


def test_an_area_without_homes_is_not_shaded(study, open_page):
    opened = open_page(study)
    assert opened.style("areas", 3, "fillColor") == "#d9dde0"
    assert "no homes here" in opened.click_map(117.0205, 38.0075)


def test_level_switch_shades_districts_instead(study, open_page):
    opened = open_page(study)
    assert opened.style("areas", 0, "fill") == "false"
    opened.page.locator("#qh-level").select_option("district")
    # 100 of 600.
    assert opened.style("areas", 0, "fillColor") == RED
    assert opened.style("areas", 1, "fill") == "false"
    assert "East District" in opened.click_map(117.0085, 38.0025)


def test_popup_of_a_home(study, open_page):
    text = open_page(study, hash_="#type=breakfast").click_map(*(117.007, 38.006))
    assert "Long House" in text
    assert "300 residents" in text
    assert re.search(r"Breakfast\s+Noodle Bar\s+640 m · 9.6 min\s+gap → covered", text)
    assert re.search(r"Parcel\s+Parcel Point\s+310 m · 4.7 min\s+covered", text)


def test_popup_of_an_unknown_home_says_why(study, open_page):
    text = open_page(study).click_map(117.017, 38.007)
    assert "(no name)" in text
    assert re.search(r"Breakfast\s+too far from any mapped street\s+–\s+unknown", text)


def test_popup_of_an_area(study, open_page):
    text = open_page(study).click_map(117.0085, 38.0025)
    assert "First" in text
    assert "400 residents" in text
    assert re.search(r"Breakfast\s+25% → 100%\s+300 → 0\s+0", text)
    assert re.search(r"Parcel\s+100%\s+0\s+0", text)


def test_popup_of_an_outlet(study, open_page):
    text = open_page(study).click_map(117.001, 38.0035)
    assert [line for line in text.splitlines() if line] == [
        "Existing outlet · Breakfast", "Noodle Bar", "二号路 2 号", "06:00-10:00", "open",
    ]  # fmt: skip


def test_popup_of_a_proposed_site(study, open_page):
    page = open_page(study).page
    page.locator(".leaflet-marker-pane .qh-site").click()
    text = page.locator(".leaflet-popup-content").inner_text()
    assert "Corner Shop" in text
    assert "East District · First" in text
    assert re.search(r"1\s+Breakfast\s+300\s+290", text)
    assert "Next best for Breakfast: K9 (40 fewer residents covered)" in text


def test_sites_follow_the_type(study, open_page):
    page = open_page(study).page
    marker = page.locator(".leaflet-marker-pane .qh-site")
    assert marker.inner_text() == "1"
    page.locator("#qh-type").select_option("parcel")
    assert not marker.is_visible()
    assert "No new outlet of this type" in page.locator("#qh-more").inner_text()


def test_legend_states_units_classes_threshold_source_and_date(study, open_page):
    opened = open_page(study, hash_="#type=breakfast")
    legend = opened.page.locator("#qh-legend")
    text = legend.inner_text()
    assert "Share of residents within 500 m on foot of: Breakfast" in text
    assert "% of residents whose state is known" in text
    edges = [edge.inner_text() for edge in legend.locator(".qh-scale-edges span").all()]
    assert edges == ["0", "25", "50", "75", "90", "100%"]
    assert "threshold verified Guide 2021, clause 5" in text
    assert "2026-01-20" in text
    assert "OpenStreetMap" in text
    opened.page.locator("#qh-type").select_option("parcel")
    assert "threshold not verified" in legend.inner_text()


def test_minutes_are_shown_where_minutes_judge(study, open_page):
    page = open_page(dataclasses.replace(study, criterion="minutes"), hash_="#type=breakfast").page
    assert "within 10 min on foot" in page.locator("#qh-legend").inner_text()


def test_layer_control_names_every_theme_and_hides_one(study, open_page):
    opened = open_page(study)
    page = opened.page
    page.locator(".leaflet-control-layers").hover()
    names = [
        name.strip()
        for name in page.locator(".leaflet-control-layers-overlays label").all_inner_texts()
    ]
    assert names == [
        "Built-up land", "Coverage by area", "Water, parks, railways", "Streets", "Homes",
        "Existing outlets", "Proposed outlets",
    ]  # fmt: skip
    page.locator(".leaflet-control-layers-overlays label", has_text="Coverage by area").click()
    assert page.evaluate("quarterhour.map.hasLayer(quarterhour.layers.areas)") is False
    page.locator(".leaflet-control-layers-overlays label", has_text="Coverage by area").click()
    assert page.evaluate("quarterhour.map.hasLayer(quarterhour.layers.areas)") is True
    clean(opened)


def test_language_toggle_changes_every_panel(study, open_page):
    opened = open_page(study)
    page = opened.page
    assert page.evaluate("document.documentElement.lang") == "en"
    page.locator(".qh-language").click()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.title() == "小城一刻钟"
    assert "步行可达全部 2 类基本服务" in page.locator("#qh-head").inner_text()
    assert "图例" in page.locator("#qh-legend").inner_text()
    assert "一社区" in opened.click_map(117.0085, 38.0025)
    words = "English|Full circle|Today|Legend|Proposed"
    found = re.findall(words, page.locator("body").inner_text())
    assert found == ["English"]  # the button that leads back
    clean(opened)


def test_worst_areas_lead_to_the_map(study, open_page):
    page = open_page(study, hash_="#type=breakfast").page
    rows = [row.inner_text().split() for row in page.locator(".qh-worst li").all()]
    assert rows == [["First", "300"], ["Second", "200"]]
    page.locator(".qh-worst button").nth(1).click()
    assert "Second" in page.locator(".leaflet-popup-content").inner_text()


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"status": "optimal", "gap": 0.0}, "Proven best"),
        ({"status": "feasible", "gap": 0.0123}, "can be more than 1.2% better"),
        ({"status": "feasible", "gap": None}, "was not proven"),
        ({"status": "infeasible", "gap": None}, "No plan meets all requirements"),
    ],
)
def test_plan_says_how_sure_it_is(study, open_page, plan, words):
    page = open_page(dataclasses.replace(study, plan=plan)).page
    assert words in page.locator("#qh-more").inner_text()


def test_facts_and_sources_can_be_traced(study, open_page):
    page = open_page(study).page
    page.locator(".qh-facts summary").click()
    text = page.locator("#qh-more").inner_text()
    for words in ("3fa9", "150 m", "Survey 2024", "quarterhour 0.1.0", "Guide 2021, clause 5"):
        assert words in text


def test_works_without_areas_plan_background_and_names(bare_study, open_page):
    opened = open_page(bare_study)
    page = opened.page
    assert page.evaluate("quarterhour.ready") is True
    assert page.locator("[data-when=after]").count() == 0
    assert page.locator("#qh-level").count() == 0
    assert "15.4%" in page.locator("#qh-head").inner_text()
    assert "(no name)" in opened.click_map(117.007, 38.006)
    clean(opened)


def test_works_without_any_home_or_outlet(bare_study, open_page):
    empty = {name: getattr(bare_study, name).iloc[:0] for name in ("points", "outlets", "summary")}
    opened = open_page(dataclasses.replace(bare_study, **empty))
    assert opened.page.evaluate("quarterhour.ready") is True
    clean(opened)


def test_phone_reads_in_one_column_and_taps_open_popups(study, open_page):
    opened = open_page(study, size=(390, 844), phone=True)
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    boxes = [
        page.locator(name).bounding_box()
        for name in ("#qh-head", ".folium-map", "#qh-legend", "#qh-types")
    ]
    tops = [box["y"] for box in boxes]
    assert tops == sorted(tops)
    assert boxes[1]["height"] >= 380
    page.locator(".folium-map").scroll_into_view_if_needed()
    assert "Long House" in opened.click_map(117.007, 38.006)
    clean(opened)


def with_sites(study, count):
    """Return the study with many proposed shops, one beside the other."""
    rows = study.sites.loc[[0] * count].reset_index(drop=True)
    names = [f"K{row}" for row in range(count)]
    return dataclasses.replace(study, sites=rows.assign(candidate=names, rank=range(1, count + 1)))


def test_a_thousand_sites_are_dots_until_the_reader_zooms_in(study, open_page):
    opened = open_page(with_sites(study, 1000))
    page, signs = opened.page, ".leaflet-marker-pane .qh-site"
    assert page.locator(f"{signs}.qh-swarm").count() == 1000
    assert page.locator(signs).first.text_content() == ""
    assert page.locator("#qh-legend .qh-swarm").count() == 1
    page.evaluate("quarterhour.map.setMaxZoom(22).setZoom(quarterhour.map.getZoom() + 4)")
    page.wait_for_function("!document.querySelector('.qh-swarm')")
    assert page.locator("#qh-legend .qh-site").text_content() == "1"
    assert page.locator(signs, has_text=re.compile(r"^1000$")).count() == 1
    clean(opened)


@pytest.mark.parametrize("sites", [1, 60])
def test_prints_on_two_sheets_with_the_map_fitted(study, open_page, sites):
    opened = open_page(with_sites(study, sites))
    before = opened.page.evaluate("quarterhour.map.getZoom()")
    paper = opened.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type /Page\b", paper)) == 2
    width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper).groups())
    assert (width, height) == pytest.approx((842, 595), abs=2)  # A4 landscape in points
    assert opened.page.evaluate("quarterhour.map.getZoom()") == before
    clean(opened)


def test_paper_shows_more_sites_and_says_how_many_are_left(study, open_page):
    opened = open_page(with_sites(study, 60))
    page = opened.page
    assert page.locator(".qh-list tbody tr").count() == 10
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".qh-list tbody tr").count() == 20
    assert page.locator(".qh-rest").text_content() == "and 40 more"
    assert page.evaluate("quarterhour.map.getSize().x") == pytest.approx(189 * 96 / 25.4, abs=1)
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator(".qh-list tbody tr").count() == 10
    page.locator(".qh-all").click()
    assert page.locator(".qh-list tbody tr").count() == 60
    clean(opened)
