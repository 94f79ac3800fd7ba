"""A hand-made study whose figures are known, and a browser with the network cut."""

import dataclasses
from dataclasses import dataclass, field

import folium
import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, Polygon, box

from quarterhour.maps.page import write_map, write_page
from quarterhour.maps.page_data import PageData, PageType
from quarterhour.maps.results import About, StudyResults

LETTERS = {"c": "covered", "g": "gap", "u": "unknown"}

# id, community, residents, position, state of (breakfast, parcel, full circle) today and after.
# The plan opens one breakfast shop, which reaches P2; P3 stays a gap, P4 unknown.
HOMES = [
    ("P1", "C1", 100.0, (117.002, 38.004), "ccc", "ccc"),
    ("P2", "C1", 300.0, (117.007, 38.006), "gcg", "ccc"),
    ("P3", "C2", 200.0, (117.013, 38.003), "ggg", "ggg"),
    ("P4", "C2", 50.0, (117.017, 38.007), "ucu", "ucu"),
]
TYPES = ["breakfast", "parcel"]


def frame(rows, geometry):
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=geometry, crs="EPSG:4326")


def states(column):
    words = [[LETTERS[letter] for letter in home[column]] for home in HOMES]
    return pd.DataFrame(words, columns=["breakfast_state", "parcel_state", "circle"])


def points():
    rows = {
        "id": [home[0] for home in HOMES],
        "name": ["朝阳里", "Long House", "河湾里", ""],
        "residents": [home[2] for home in HOMES],
        "community": [home[1] for home in HOMES],
        "breakfast_metres": [120.4, 640.0, 900.0, float("nan")],
        "breakfast_minutes": [1.8, 9.6, 13.5, float("nan")],
        "breakfast_outlet": ["F1", "F1", "F1", ""],
        "breakfast_reason": ["", "", "", "far_from_street"],
        "parcel_metres": [300.0, 310.0, 1500.0, 800.0],
        "parcel_minutes": [4.5, 4.7, 22.5, 12.0],
        "parcel_outlet": ["F2"] * 4,
        "parcel_reason": [""] * 4,
    }
    table = pd.concat([pd.DataFrame(rows), states(4)], axis=1)
    return gpd.GeoDataFrame(table, geometry=[Point(home[3]) for home in HOMES], crs="EPSG:4326")


def summary(column, overcount):
    """Count the homes above by hand-checked rules: unknown persons enter no share."""
    belongs = {"city": lambda _: "", "district": lambda _: "D1", "community": lambda home: home[1]}
    rows = []
    for level, area_of in belongs.items():
        for area in dict.fromkeys(area_of(home) for home in HOMES):
            mine = [home for home in HOMES if area_of(home) == area]
            for at, kind in enumerate([*TYPES, "circle"]):
                count = dict.fromkeys(LETTERS.values(), 0.0)
                for home in mine:
                    count[LETTERS[home[column][at]]] += home[2]
                whole = {"residents": sum(count.values()), "points": len(mine)}
                error = overcount if kind == "breakfast" and area in {"", "D1", "C2"} else 0.0
                rows.append(
                    {
                        "level": level,
                        "area": area,
                        "type": kind,
                        **whole,
                        **count,
                        "overcount": error,
                    }
                )
    return pd.DataFrame(rows)


def areas():
    rows = {
        "id": ["D1", "C1", "C2", "C3"],
        "name": ["东区", "一社区", "二社区", "三社区"],
        "name_en": ["East District", "First", "Second", "Third"],
        "level": ["district", "community", "community", "community"],
        "parent": ["", "D1", "D1", "D1"],
    }
    shapes = [(117.0, 117.03), (117.0, 117.01), (117.01, 117.02), (117.02, 117.03)]
    return frame(rows, [box(west, 38.0, east, 38.01) for west, east in shapes])


def sites():
    rows = {
        "id": ["K1-breakfast"],
        "candidate": ["K1"],
        "name": ["Corner Shop"],
        "address": ["一号路 1 号"],
        "type": ["breakfast"],
        "count": [1],
        "district": ["D1"],
        "street": [""],
        "community": ["C1"],
        "rank": [1],
        "newly_covered": [300.0],
        "lost_if_dropped": [290.0],
        "alternative": ["K9"],
        "alternative_loss": [40.0],
    }
    return frame(rows, [Point(117.008, 38.008)])


def small_study():
    """Return a study of 4 homes, 2 types, 3 communities (one without homes), 1 proposed shop."""
    source = "Guide 2021, clause 5"
    return PageData(
        title="小城一刻钟",
        subtitle="手工样例",
        label="synthetic data",
        language="en",
        types=(
            PageType("breakfast", "早餐", "Breakfast", 500, 10, True, True, source),
            PageType("parcel", "快递", "Parcel", 1000, 15, True, False, source),
        ),
        criterion="metres",
        streets=frame(
            {"kind": ["primary", "residential", "footway"], "name": ["一号路", "", ""]},
            [
                LineString([(117.0, 38.005), (117.03, 38.005)]),
                LineString([(117.01, 38.0), (117.01, 38.01)]),
                LineString([(117.004, 38.0), (117.004, 38.005)]),
            ],
        ),
        background=frame(
            {"kind": ["water", "park", "railway"], "name": ["小河", "公园", ""]},
            [
                box(117.0, 38.0095, 117.03, 38.01),
                Polygon([(117.022, 38.001), (117.028, 38.001), (117.025, 38.004)]),
                LineString([(117.0, 38.0002), (117.03, 38.0002)]),
            ],
        ),
        areas=areas(),
        points=points(),
        summary=summary(4, overcount=150.0),
        outlets=frame(
            {
                "id": ["F1", "F2"],
                "name": ["Noodle Bar", "Parcel Point"],
                "type": TYPES,
                "status": ["open", "substandard"],
                "address": ["二号路 2 号", ""],
                "hours": ["06:00-10:00", ""],
            },
            [Point(117.001, 38.0035), Point(117.005, 38.0035)],
        ),
        sites=sites(),
        summary_after=summary(5, overcount=150.0),
        points_after=states(5),
        plan={"status": "optimal", "gap": 0.0, "solver": "HiGHS", "seconds": 0.5, "outlets": 1},
        sources=("OpenStreetMap contributors, ODbL", "Survey 2024"),
        made_on="2026-01-20",
        version="0.1.0",
        facts={"input hash": "3fa9", "snapping limit": "150 m"},
        title_en="Small Town",
    )


@pytest.fixture
def study():
    return small_study()


@pytest.fixture
def bare_study(study):
    """The same study before any plan, without areas, background, names and sources."""
    empty = gpd.GeoDataFrame(geometry=[], crs="EPSG:4326")
    return dataclasses.replace(
        study,
        areas=empty,
        background=empty,
        sites=None,
        summary_after=None,
        points_after=None,
        plan=None,
        sources=(),
        facts={},
        label="",
        subtitle="",
        points=study.points.assign(name=""),
        outlets=study.outlets.drop(columns=["address", "hours", "status"]),
    )


def wide_tables():
    """Return a table of every layer of the planner's map, for the homes and areas above."""
    home, shop = Point(117.013, 38.003), Point(117.001, 38.0035)
    gap = {
        "rank": [1], "id": ["G1"], "place": ["C2"], "place_name": ["二社区"],
        "place_name_en": ["Second"], "type": ["breakfast"], "residents": [200.0],
        "minutes": [13.5], "severity": [320.0], "rank_best": [1], "rank_worst": [2],
        "clause": ["Guide 2021, clause 5"], "act_level": ["district"], "point": ["P3"],
    }  # fmt: skip
    walk = {
        "gap": ["G1"], "rank": [1], "type": ["breakfast"], "place_name": ["二社区"],
        "place_name_en": ["Second"], "outlet": ["F1"], "outlet_name": ["Noodle Bar"],
        "metres": [900.0], "minutes": [13.5],
    }  # fmt: skip
    line = LineString([home, (117.01, 38.005), (117.004, 38.005), shop])
    reach = [box(117.0, 38.003, 117.0 + 0.002 * size, 38.005) for size in (1, 2, 3)]
    straight = {
        "level": ["community"] * 2, "area": ["C1", "C2"], "type": ["breakfast"] * 2,
        "overcount": [0.0, 150.0], "overcount_share": [0.0, 0.6], "straight_share": [0.5, 0.6],
        "walked_share": [0.5, 0.0],
    }  # fmt: skip
    lots = {
        "limit": [300.0], "name": ["Garage"], "kind": ["mall"], "hours": ["22:00-07:00"],
        "share_spaces": [50.0], "used": [12.5], "state": ["shares"],
    }  # fmt: skip
    breakfast = {
        "breakfast_demand": [30.0, 90.0, 60.0, 15.0],
        "breakfast_served": [30.0, 45.0, 0.0, 0.0],
        "breakfast_gap": [0.0, 45.0, 60.0, 0.0],
        "breakfast_unknown": [0.0, 0.0, 0.0, 15.0],
    }
    road = LineString([(117, 38.005), (117.03, 38.005)])
    everyone = points()
    ground = gpd.GeoDataFrame(
        {"theme": ["land", "street"], "kind": ["park", "primary"], "name": ["公园", "一号路"]},
        geometry=[box(117.022, 38.001, 117.028, 38.004), road],
        crs=4326,
    )  # fmt: skip
    return {
        "points": everyone, "outlets": small_study().outlets, "summary": summary(4, 150.0),
        "sites": sites(), "summary_after": summary(5, 150.0), "points_after": states(5),
        "map_areas": areas(), "map_ground": ground, "gaps": frame(gap, [home]),
        "map_routes": frame(walk, [line]),
        "map_reach": frame({"type": ["breakfast"] * 3, "minutes": [5.0, 10.0, 15.0],
                            "area_m2": [1e4, 2e4, 3e4]}, reach),
        "straight_line": pd.DataFrame(straight),
        "complaints": pd.DataFrame({"community": ["C1", "C2"], "type": ["breakfast", "parcel"],
                                    "complaints": [3.0, 8.0], "response_rate": [1.0, 0.5]}),
        "survey": pd.DataFrame({"community": ["C1"], "asked": [40.0], "satisfied_share": [0.85]}),
        "parking": pd.DataFrame({"level": ["community"] * 2, "area": ["C1", "C2"],
                                 "communities": [1, 1], "communities_unknown": [0, 1],
                                 "vehicles": [120.0, 0.0], "spaces": [80.0, 0.0],
                                 "gap": [40.0, 0.0],
                                 "unknown": [0.0, 30.0], "surplus": [0.0, 0.0]}),
        "sharing_lots": frame(lots, [Point(117.015, 38.002)]),
        "breakfast_points": everyone[["name", "residents", "geometry"]].assign(**breakfast),
        "breakfast_outlets": frame({"name": ["Noodle Bar"], "capacity": [100.0], "used": [75.0],
                                    "rate": [50.0], "share_used": [0.75]}, [shop]),
    }  # fmt: skip


@pytest.fixture
def results(study):
    """The same study as results for the planner's map, with every layer there is."""
    about = About(
        study.title, study.title_en, study.label, "en", study.sources, study.made_on, "0.1.0"
    )
    return StudyResults(about, study.types, "metres", wide_tables(), study.plan)


@dataclass
class Opened:
    """A page in the browser, with everything it asked for and complained of."""

    page: object
    path: object
    requests: list = field(default_factory=list)
    complaints: list = field(default_factory=list)
    failures: list = field(default_factory=list)

    def listen(self):
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda request: self.failures.append(request.failure))
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)

    def _console(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _dialog(self, dialog):
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @property
    def strangers(self):
        """Requests for anything but the page itself."""
        own = self.path.as_uri()
        return [
            url for url in self.requests if url.split("#")[0] != own and not url.startswith("data:")
        ]

    def style(self, theme, row, name):
        """Return one drawing option of a layer as text."""
        return self.page.evaluate(
            "([theme, row, name]) => String(quarterhour.byRow[theme][row].options[name])",
            [theme, row, name],
        )

    def click_map(self, lon, lat):
        """Click where a position lies on the map, as a reader would."""
        popup = self.page.locator(".leaflet-popup-content")
        x, y = self.page.evaluate(
            """([lat, lon]) => {
                quarterhour.map.closePopup();
                const at = quarterhour.map.latLngToContainerPoint([lat, lon]);
                const box = quarterhour.map.getContainer().getBoundingClientRect();
                return [box.left + at.x, box.top + at.y];
            }""",
            [lat, lon],
        )
        popup.wait_for(state="detached")
        self.page.mouse.click(x, y)
        popup.wait_for()
        return popup.inner_text()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a study (or a ready file) with the network cut."""
    contexts = []

    def opened(data, *, hash_="", size=(1440, 900), phone=False, offline=True, before=None):
        path = data
        if isinstance(data, PageData):
            path = write_page(data, tmp_path / "page.html")
        elif isinstance(data, folium.Map):
            path = write_map(data, tmp_path / "map.html")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            is_mobile=phone,
            has_touch=phone,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_offline(offline)
        page = Opened(context.new_page(), path)
        page.listen()
        if before:
            before(page.page)
        page.page.goto(path.as_uri() + hash_)
        return page

    yield opened
    for context in contexts:
        context.close()
