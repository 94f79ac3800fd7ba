"""Service areas (J3) against peers: 300 facilities at 1,200 m on the walking streets of Beijing.

Peers answer for the same places in the same run, in CPU seconds of one thread: Valhalla
(``/isochrone`` by distance on foot, tiles built from the same extract, without generalising) and
the recipe of osmnx's gallery (ego graph and union of 25 m buffers) on a sample. The reference of
area is the GEOS union of 25 m buffers of the streets reached, with circles of 64 sides.

Valhalla's wheels may need another Python than ours: name an interpreter that has ``pyvalhalla`` in
``QUARTERHOUR_VALHALLA_PYTHON``. Wheels without ``valhalla_build_tiles`` (3.2 and before) cannot
read streets by themselves: then Valhalla counts as not installed unless that program is on the
path.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from quarterhour.coverage.locate import Locations, locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.service_areas import covered_area, reached_streets, service_areas
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

try:
    from .record import Record
except ImportError:  # started as a script
    from record import Record

EXTRACT = Path(__file__).resolve().parents[2] / "shared" / "data/beijing/streets-2012.osm.pbf"
LIMIT_M, OFFSET_M = 1200.0, 25.0
FACILITIES, RECIPE_SAMPLE = 300, 20


def run() -> list[Record]:
    """Return all records of service areas."""
    network = StreetNetwork.from_streets(read_streets(EXTRACT, log=FaultLog()))
    points = facilities(network)
    ask = lambda: service_areas(network, points, breaks=[LIMIT_M], threads=1)  # noqa: E731
    first, _ = _timed(ask)
    seconds, areas = _best(ask, 5)
    peer = ask_valhalla(network, points)
    valhalla, land = (None, None) if peer is None else peer
    recipe = recipe_seconds(network, points)
    return [
        Record("j3-first-use", first, "s"),
        Record("j3-seconds", seconds, "s, 300 facilities, one thread"),
        Record("j3-vs-valhalla", seconds, "s", "Valhalla isochrone", _over(valhalla, seconds)),
        Record("j3-vs-osmnx-recipe", seconds, "s", "osmnx recipe", recipe / seconds),
        Record("j3-area", areas["area_m2"].mean() / 1e6, "km2", "Valhalla's", _times(land, areas)),
        *area_errors(network, points, areas),
        Record("j3-covered-area", _covered(network, points), "s, any of 300"),
    ]


def facilities(network: StreetNetwork) -> Locations:
    """Put 300 facilities on nodes of the largest component."""
    largest = np.flatnonzero(network.component == np.bincount(network.component).argmax())
    chosen = np.random.default_rng(3).choice(largest, FACILITIES, replace=False)
    return locate_nodes(network, np.sort(chosen))


def area_errors(network: StreetNetwork, points: Locations, areas: gpd.GeoDataFrame) -> list[Record]:
    """Compare every area with the union of the buffers of the streets it stands for."""
    start = time.perf_counter()
    reference = np.array([_buffers(network, points.take([row])) for row in range(len(points))])
    geos = time.perf_counter() - start
    shapes = np.array(areas.geometry)
    errors = 100.0 * (shapely.area(shapes) / shapely.area(reference) - 1.0)
    beside = 100.0 * shapely.area(shapely.symmetric_difference(shapes, reference))
    return [
        Record("j3-geos-buffers", geos, "s"),
        Record("j3-area-error-percent", float(np.abs(errors).max()), "%, largest"),
        Record("j3-area-error-mean-percent", float(errors.mean()), "%, signed mean"),
        Record(
            "j3-land-apart-percent", float((beside / shapely.area(reference)).max()), "%, largest"
        ),
        Record("j3-valid", float(shapely.is_valid(shapes).mean()), "share"),
        Record("j3-corners", float(shapely.get_num_coordinates(shapes).mean()), "corners an area"),
        Record(
            "j3-corners-geos",
            float(shapely.get_num_coordinates(reference).mean()),
            "corners an area",
        ),
    ]


def _buffers(network: StreetNetwork, point: Locations) -> shapely.Geometry:
    streets = reached_streets(network, point, limit=LIMIT_M)
    return shapely.union_all(
        shapely.buffer(np.array(streets.geometry), OFFSET_M, quad_segs=16), grid_size=1e-6
    )


def _covered(network: StreetNetwork, points: Locations) -> float:
    return _best(lambda: covered_area(network, points, limit=LIMIT_M, threads=1), 3)[0]


_BUILD_TOOL = """
import shutil
from pathlib import Path
import valhalla
build = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
build = build if build.is_file() else shutil.which(build.name)
if build is None:
    raise SystemExit("this Valhalla has no valhalla_build_tiles")
"""

_VALHALLA = (
    _BUILD_TOOL
    + """
import json, subprocess, sys, time
from valhalla import Actor
from valhalla.config import get_config
extract, folder = sys.argv[1:3]
places = json.load(sys.stdin)
tiles = Path(folder) / "tiles"
tiles.mkdir()
config = get_config(tile_dir=str(tiles), tile_extract="", verbose=False)
config["mjolnir"]["concurrency"] = 1
path = Path(folder) / "valhalla.json"
path.write_text(json.dumps(config))
subprocess.run([str(build), "-c", str(path), extract], check=True, capture_output=True)
actor = Actor(str(path))
def ask(place):
    return actor.isochrone({
        "locations": [{"lon": place[0], "lat": place[1]}], "costing": "pedestrian",
        "contours": [{"distance": LIMIT}], "polygons": True, "denoise": 0.0, "generalize": 0,
    })
ask(places[0])
best = float("inf")
for _ in range(2):
    begin = time.process_time()
    answers = [ask(place) for place in places]
    best = min(best, time.process_time() - begin)
shapes = [answer["features"][0]["geometry"] for answer in answers]
print(json.dumps({"seconds": best, "shapes": shapes}))
"""
)


def ask_valhalla(network: StreetNetwork, points: Locations) -> tuple[float, float] | None:
    """Return CPU seconds for all facilities and mean area (m2), None where not installed."""
    python = os.environ.get("QUARTERHOUR_VALHALLA_PYTHON", sys.executable)
    usable = subprocess.run(
        [python, "-c", _BUILD_TOOL], capture_output=True, text=True, check=False
    )
    if usable.returncode:
        print(f"Valhalla: {usable.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    placed = gpd.GeoSeries(gpd.points_from_xy(points.x, points.y), crs=network.crs).to_crs(4326)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, "-c", _VALHALLA.replace("LIMIT", str(LIMIT_M / 1000)), str(EXTRACT), folder],
            input=json.dumps(list(zip(placed.x, placed.y, strict=True))),
            capture_output=True,
            text=True,
            check=True,
        )
    answer = json.loads(done.stdout.splitlines()[-1])
    shapes = gpd.GeoSeries(map(shapely.geometry.shape, answer["shapes"]), crs=4326)
    areas = shapes.to_crs(network.crs).area
    if areas.median() < 0.25e6:
        raise AssertionError(f"Valhalla did not walk: median area {areas.median():.0f} m2")
    return float(answer["seconds"]), float(areas.mean())


def recipe_seconds(network: StreetNetwork, points: Locations) -> float:
    """Return CPU seconds of the recipe for all facilities, from a sample of them."""
    graph = network.to_networkx().to_directed()  # as osmnx has walking streets: both ways
    names = network.node_id[_nodes(network, points)]
    sample = np.linspace(0, len(names) - 1, RECIPE_SAMPLE).astype(int)
    seconds, _ = _timed(lambda: [_recipe(graph, names[row]) for row in sample])
    return seconds * len(names) / len(sample)


def _recipe(graph: Any, node: str) -> shapely.Geometry:
    """Return an isochrone as osmnx's example notebook 13 builds it (edge and node buffers)."""
    part = nx.ego_graph(graph, node, radius=LIMIT_M, distance="length")
    nodes = gpd.GeoSeries([Point(data["x"], data["y"]) for _, data in part.nodes(data=True)])
    lines = []
    for u, v, data in part.edges(data=True):
        straight = LineString([Point(part.nodes[end]["x"], part.nodes[end]["y"]) for end in (u, v)])
        lines.append(data.get("geometry", straight))
    around = gpd.GeoSeries(lines).buffer(OFFSET_M)
    union = gpd.GeoSeries([*nodes.buffer(OFFSET_M), *around]).union_all()
    return Polygon(union.exterior) if union.geom_type == "Polygon" else union


def _nodes(network: StreetNetwork, points: Locations) -> np.ndarray:
    ends = np.where(points.fraction == 0, network.edge_u[points.edge], network.edge_v[points.edge])
    return np.asarray(ends)


def _times(land: float | None, areas: gpd.GeoDataFrame) -> float | None:
    return None if land is None else land / float(areas["area_m2"].mean())


def _over(peer: float | None, ours: float) -> float | None:
    return None if peer is None else peer / ours


def _timed(ask: Callable[[], Any]) -> tuple[float, Any]:
    """Return CPU seconds of one thread, and the answer."""
    begin = time.process_time()
    answer = ask()
    return time.process_time() - begin, answer


def _best(ask: Callable[[], Any], times: int) -> tuple[float, Any]:
    """Return the least CPU seconds of some runs, and the last answer."""
    runs = [_timed(ask) for _ in range(times)]
    return min(seconds for seconds, _ in runs), runs[-1][1]
