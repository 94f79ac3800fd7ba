"""Pages: size, time to make them, time to open and to redraw them in Chromium, network cut.

``leader``: the leader's page of a district of 120,000 residents (two demo cities side by side).
``large``: the planner's map of 100,000 homes with eight types and 20,000 areas.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import sync_playwright
from record import Record
from shapely.affinity import translate

from quarterhour.cli import map_stage
from quarterhour.cli.console import Screen
from quarterhour.cli.demo import demo
from quarterhour.cli.map_tables import map_tables
from quarterhour.cli.study_run import open_study
from quarterhour.maps.page import write_map, write_page
from quarterhour.maps.page_data import PageData, PageType
from quarterhour.maps.results import About, StudyResults
from quarterhour.maps.study_maps import planner_map

HOMES, AREAS, TYPES = 100_000, 20_000, 8
_OFF = ("gpu", "quic", "background-networking", "component-update", "sync")
_ARGS = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in _OFF)]
_PHONE_DOWN = 4  # times slower than this machine, as Chromium's throttling has it


def run() -> list[Record]:
    """Measure both pages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*leader(folder), *large(folder)]


def leader(folder: Path) -> list[Record]:
    """Measure the leader's page of a district of at least 100,000 residents."""
    data = _two_cities(folder / "demo")
    residents = float(data.points["residents"].sum())
    begun = time.perf_counter()
    path = write_page(data, folder / "map.html")
    made = time.perf_counter() - begun
    return [
        Record("leader-residents", residents, "persons"),
        Record("leader-size", path.stat().st_size / 1e6, "MB"),
        Record("leader-make", made, "s"),
        *_opened("leader", path),
    ]


def _two_cities(folder: Path) -> PageData:
    """Return the demo city's page with a second city to the east of it."""
    demo(folder, Screen("en", quiet=True))
    run_ = open_study(folder, lambda *_: None)
    data = map_stage.page_data(run_, map_tables(run_))
    bounds = data.points.total_bounds
    east = 1.1 * (bounds[2] - bounds[0])
    names = ("streets", "background", "areas", "points", "outlets", "summary", "summary_after",
             "points_after", "sites", "gaps")  # fmt: skip
    return dataclasses.replace(data, **{name: _twice(getattr(data, name), east) for name in names})


_KEYS = ("id", "area", "candidate", "parent", "community", "street", "district", "place")


def _twice(table: Any, east: float) -> Any:
    """Return a table with its rows once more, moved east and under other ids."""
    more = table[table["level"] != "city"] if "area" in table else table
    more = more.copy()
    for column in more.columns:
        if column in _KEYS or str(column).endswith("_outlet"):
            text = more[column].fillna("").astype(object)
            more[column] = [f"{value}-2" if value else "" for value in text]
    if isinstance(table, gpd.GeoDataFrame):
        more["geometry"] = [translate(shape, east) for shape in more.geometry]
        return gpd.GeoDataFrame(pd.concat([table, more], ignore_index=True), crs=table.crs)
    return pd.concat([table, more], ignore_index=True)


def large(folder: Path) -> list[Record]:
    """Measure the planner's map of a metropolis."""
    study = _metropolis()
    begun = time.perf_counter()
    path = write_map(planner_map(study), folder / "planner.html")
    made = time.perf_counter() - begun
    return [
        Record("large-size", path.stat().st_size / 1e6, "MB"),
        Record("large-make", made, "s"),
        *_opened("large", path),
        *_moved(path),
    ]


def _metropolis() -> StudyResults:
    """Return 100,000 homes in 20,000 wavy areas with states drawn by lot."""
    rng = np.random.default_rng(1)
    ids = [f"type{row}" for row in range(TYPES)]
    wide, high = 200, AREAS // 200
    west, south, step = 116.0, 39.6, 0.004
    cells = [(column, row) for row in range(high) for column in range(wide)]
    areas = gpd.GeoDataFrame(
        {"id": [f"C{row}" for row in range(AREAS)], "name": [f"社区{row}" for row in range(AREAS)],
         "name_en": "", "level": "community", "parent": ""},
        geometry=[_wavy(west + step * column, south + step * row, step) for column, row in cells],
        crs=4326,
    )  # fmt: skip
    words = np.array(["covered", "gap", "unknown"], object)
    place = rng.uniform((west, south), (west + wide * step, south + high * step), (HOMES, 2))
    columns: dict[str, Any] = {"id": [f"R{row}" for row in range(HOMES)],
                               "name": [f"小区{row}号" for row in range(HOMES)],
                               "residents": rng.lognormal(4, 1, HOMES).round()}  # fmt: skip
    for kind in ids:
        columns[f"{kind}_state"] = words[rng.choice(3, HOMES, p=(0.6, 0.35, 0.05))]
        columns[f"{kind}_metres"] = rng.uniform(50, 2500, HOMES)
        columns[f"{kind}_minutes"] = columns[f"{kind}_metres"] / 67
    columns["circle"] = words[rng.choice(3, HOMES, p=(0.3, 0.65, 0.05))]
    points = gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(*place.T), crs=4326)
    types = tuple(PageType(kind, kind, kind, 500, 10) for kind in ids)
    tables = {
        "points": points,
        "map_areas": areas,
        "summary": _summary(rng, areas, [*ids, "circle"]),
    }
    about = About("Metropolis", "Metropolis", "synthetic data", "en")
    return StudyResults(about, types, "metres", tables)


def _wavy(x: float, y: float, step: float) -> shapely.Polygon:
    """Return a cell with 40 corners on its border."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = 0.48 * step * (1 + 0.04 * np.sin(9 * turn))
    return shapely.Polygon(np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)]))


def _summary(rng: np.random.Generator, areas: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    parts = []
    for kind in kinds:
        covered, gap = rng.integers(0, 400, (2, len(areas)))
        counts = {
            "points": 5,
            "residents": covered + gap,
            "covered": covered,
            "gap": gap,
            "unknown": 0,
        }
        parts.append(
            pd.DataFrame({"level": "community", "area": areas["id"], "type": kind, **counts})
        )
    return pd.concat(parts, ignore_index=True)


@contextmanager
def _page(path: Path, *, slower: int = 1) -> Iterator[Any]:
    """Open a page in Chromium with the network cut."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_ARGS)
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.set_offline(True)
        page = context.new_page()
        if slower > 1:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(path.as_uri(), timeout=120_000)
        if page.evaluate("quarterhour.ready") is not True:
            message = f"{path.name} did not start"
            raise RuntimeError(message)
        yield page
        browser.close()


#: Milliseconds from the start of navigation until the first frame with the map is drawn.
_DRAWN = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(
    () => done(performance.now()))))"""


def _opened(name: str, path: Path) -> list[Record]:
    """Return the time from navigation to the first drawn frame; the best of three, and slowed."""
    times = []
    for slower in (1, 1, 1, _PHONE_DOWN):
        with _page(path, slower=slower) as page:
            times.append(page.evaluate(_DRAWN) / 1000)
    return [
        Record(f"{name}-open", min(times[:3]), "s"),
        Record(f"{name}-open-slowed-{_PHONE_DOWN}x", times[3], "s"),
    ]


def _moved(path: Path) -> list[Record]:
    """Return how long one redraw takes: of everything, and zoomed in to a neighbourhood."""
    redraw = "(quarterhour.repaintAll(), quarterhour.maps[0].qhBoard.milliseconds)"
    with _page(path) as page:
        whole = min(page.evaluate(redraw) for _ in range(3))
        page.evaluate("quarterhour.maps[0].setView([39.7, 116.3], 15)")
        near = min(page.evaluate(redraw) for _ in range(3))
        begun = time.perf_counter()
        page.evaluate("quarterhour.set({ type: 'type3' })")
        switched = time.perf_counter() - begun
    return [
        Record("large-redraw-all", whole, "ms"),
        Record("large-redraw-near", near, "ms"),
        Record("large-switch-type", 1000 * switched, "ms"),
    ]


if __name__ == "__main__":
    sys.exit("run it as: python benchmarks/run.py maps")
