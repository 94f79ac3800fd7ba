"""The page of the embedded demo city: its size, and that it opens as a city."""

import dataclasses
from importlib import resources

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import Streets
from quarterhour.data.streets_osm import read_osm
from quarterhour.maps.page import write_page

CITY = resources.files("quarterhour.data.demo") / "city"
KINDS = [f"type{row}" for row in range(8)]


def lines(streets: Streets):
    ends = zip(streets.edge_start[:-1], streets.edge_start[1:], strict=True)
    places = np.column_stack([streets.lon, streets.lat])
    shapes = [shapely.LineString(places[start:end]) for start, end in ends]
    return gpd.GeoDataFrame({"kind": streets.edge_class}, geometry=shapes, crs=4326)


def placed(table, **columns):
    where = gpd.points_from_xy(table["经度"], table["纬度"])
    chosen = pd.DataFrame({name: table[column] for name, column in columns.items()})
    return gpd.GeoDataFrame(chosen, geometry=where, crs=4326)


@pytest.fixture
def city(study):
    """The demo city with states drawn by lot: only its shape and size are looked at."""
    homes = pd.read_csv(CITY / "residences.csv")
    shops = pd.read_csv(CITY / "outlets.csv", encoding="gb18030")
    points = placed(homes, id="编号", name="名称", residents="居民人数", community="社区")
    outlets = placed(shops, id="编号", name="名称", address="地址", hours="营业时间")
    rng = np.random.default_rng(1)
    words = np.array(["covered", "gap", "unknown"], object)
    states = {f"{kind}_state": words[rng.integers(0, 3, len(points))] for kind in KINDS}
    states["circle"] = words[rng.integers(0, 3, len(points))]
    for kind in KINDS:
        points[f"{kind}_metres"] = rng.uniform(50, 2000, len(points))
        points[f"{kind}_minutes"] = rng.uniform(1, 30, len(points))
        points[f"{kind}_outlet"] = rng.choice(outlets["id"], len(points))
    streets = read_osm(CITY / "streets.osm", log=FaultLog())
    return dataclasses.replace(
        study,
        types=tuple(dataclasses.replace(study.types[0], id=kind) for kind in KINDS),
        streets=lines(streets),
        background=gpd.read_file(CITY / "background.geojson"),
        areas=gpd.read_file(CITY / "areas.geojson"),
        points=points.assign(**states),
        points_after=pd.DataFrame(states),
        outlets=outlets.assign(type=rng.choice(KINDS, len(outlets))),
    )


def test_the_demo_city_s_page_is_at_most_2_megabytes(city, tmp_path):
    assert write_page(city, tmp_path / "page.html").stat().st_size <= 2_000_000


@pytest.mark.browser
def test_the_demo_city_opens_offline(city, open_page):
    opened = open_page(city)
    assert opened.page.evaluate("quarterhour.ready") is True
    drawn = opened.page.evaluate(
        "Object.fromEntries(Object.entries(quarterhour.byRow)"
        ".map(([theme, rows]) => [theme, Object.keys(rows).length]))"
    )
    assert drawn["areas"] == len(city.areas)
    assert drawn["points"] == len(city.points)
    assert drawn["land"] + drawn["water"] == len(city.background)
    assert "Renmin Park" in opened.page.locator(".qh-name-land").all_text_contents()
    assert opened.strangers == []
    assert opened.complaints == []
