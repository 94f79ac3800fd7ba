"""Tiles: how cost and memory grow from one to three whole cities, and what one barrier costs.

Pairs of all nodes of Moscow within 1,200 m are written to disk tile by tile, on two threads, for
one Moscow and for three side by side. The barrier is drawn in a window of 12 km at 400 m: shown is
the share of its tiles computed again.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
from shapely.geometry import LineString

from quarterhour.coverage.barriers import with_barriers
from quarterhour.coverage.locate import locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.tiles import TiledPairs, tiled_pairs

try:
    from .record import Record
except ImportError:  # started as a script
    from record import Record

CITY_LIMIT_M, LIMIT_M, TILE_M, WINDOW_M = 1200.0, 400.0, 1500.0, 12_000.0


def tiles(moscow: StreetNetwork) -> list[Record]:
    """Return the records of tiles on Moscow."""
    return [*_growth(moscow), _changed_barrier(_window(moscow))]


def _window(city: StreetNetwork) -> StreetNetwork:
    """Return the streets around the middle of a city."""
    inside = np.abs(city.x - np.median(city.x)) < WINDOW_M / 2
    inside &= np.abs(city.y - np.median(city.y)) < WINDOW_M / 2
    number = np.cumsum(inside) - 1
    kept = inside[city.edge_u] & inside[city.edge_v]
    return StreetNetwork.from_arrays(
        city.x[inside],
        city.y[inside],
        number[city.edge_u[kept]],
        number[city.edge_v[kept]],
        city.length[kept],
        crs="EPSG:32637",
    )


def _side_by_side(city: StreetNetwork, copies: int) -> StreetNetwork:
    """Return some copies of a city next to each other."""
    n, shift = city.n_nodes, float(np.ptp(city.x)) + 3000.0
    return StreetNetwork.from_arrays(
        np.concatenate([city.x + i * shift for i in range(copies)]),
        np.tile(city.y, copies),
        np.concatenate([city.edge_u + i * n for i in range(copies)]),
        np.concatenate([city.edge_v + i * n for i in range(copies)]),
        np.tile(city.length, copies),
        crs="EPSG:32637",
    )


def _growth(moscow: StreetNetwork) -> list[Record]:
    """Stream one and three cities to disk; CPU ns a pair, the network's preparation included."""
    figures = []
    for copies in (1, 3):
        network = _side_by_side(moscow, copies)
        before = memory("VmRSS", reset=True)
        with tempfile.TemporaryDirectory() as folder:
            begin = time.process_time()
            everyone = locate_nodes(network, np.arange(network.n_nodes))
            done = tiled_pairs(network, everyone, everyone, folder, limit=CITY_LIMIT_M, threads=2)
            seconds = time.process_time() - begin
            found = sum(_pairs_of(tile.path) for tile in done.tiles)
        figures.append((seconds / found * 1e9, (memory("VmHWM") - before) / 1e6, found))
    (one, one_peak, _), (three, three_peak, found) = figures
    return [
        Record("tiles-three-cities-pairs", found, "pairs"),
        Record("tiles-one-city-ns-per-pair", one, "ns CPU"),
        Record("tiles-three-cities-ns-per-pair", three, "ns CPU"),
        Record("tiles-one-city-peak", one_peak, "MB"),
        Record("tiles-three-cities-peak", three_peak, "MB"),
        Record("tiles-growth", three / one, "x per pair, 3 against 1"),
    ]


def _pairs_of(path: Path) -> int:
    with np.load(path, allow_pickle=False) as file:
        return int(file["indptr"][-1])


def memory(kind: str, *, reset: bool = False) -> float:
    """Return this process's memory in bytes as Linux counts it; ``reset`` forgets the peak."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(kind):
            return float(line.split()[1]) * 1024
    raise OSError(kind)


def _tiled(network: StreetNetwork, folder: str | Path) -> TiledPairs:
    everyone = locate_nodes(network, np.arange(network.n_nodes))
    return tiled_pairs(network, everyone, everyone, folder, limit=LIMIT_M, tile=TILE_M, threads=1)


def _changed_barrier(network: StreetNetwork) -> Record:
    """Draw a barrier of some metres across a street in the middle; count tiles computed again."""
    u, v = network.edge_u, network.edge_v
    x, y = network.x, network.y
    edge = int(np.argmin(np.hypot(x[u] - np.median(x), y[u] - np.median(y))))
    a, b = (np.array([x[end[edge]], y[end[edge]]]) for end in (u, v))
    along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
    across = np.array([-along[1], along[0]])
    wall = LineString([(a + b) / 2 - across, (a + b) / 2 + across])
    cut = with_barriers(network, gpd.GeoSeries([wall], crs=network.crs))
    with tempfile.TemporaryDirectory() as folder:
        before = _tiled(network, folder)
        after = _tiled(cut, folder)
    if after.computed == 0:
        raise AssertionError("the barrier cut nothing")
    return Record("tiles-changed-barrier", after.computed / len(before.tiles), "share of tiles")
