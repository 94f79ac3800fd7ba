"""Tiles: how cost grows with the network, and what one barrier makes to compute again.

Cheap on purpose: a window of Moscow of 12 km, and 400 m, so that fixed costs of a tile weigh
more here than at 1,200 m. Shown are the time per pair as the network grows, and the share of
tiles computed again.
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

LIMIT_M, TILE_M, WINDOW_M = 400.0, 1500.0, 12_000.0


def tiles(moscow: StreetNetwork) -> list[Record]:
    """Return the records of tiles on a window of Moscow."""
    return [*_growth(moscow), _changed_barrier(_side_by_side(moscow, 1))]


def _side_by_side(moscow: StreetNetwork, copies: int) -> StreetNetwork:
    """Return the window from Moscow's middle, some of it next to each other."""
    middle = np.median(moscow.x), np.median(moscow.y)
    inside = np.abs(moscow.x - middle[0]) < WINDOW_M / 2
    inside &= np.abs(moscow.y - middle[1]) < WINDOW_M / 2
    number = np.cumsum(inside) - 1
    kept = inside[moscow.edge_u] & inside[moscow.edge_v]
    n, shift = int(inside.sum()), WINDOW_M + 3000.0
    u, v = number[moscow.edge_u[kept]], number[moscow.edge_v[kept]]
    return StreetNetwork.from_arrays(
        np.concatenate([moscow.x[inside] + i * shift for i in range(copies)]),
        np.tile(moscow.y[inside], copies),
        np.concatenate([u + i * n for i in range(copies)]),
        np.concatenate([v + i * n for i in range(copies)]),
        np.tile(moscow.length[kept], copies),
        crs="EPSG:32637",
    )


def _tiled(network: StreetNetwork, folder: str | Path) -> TiledPairs:
    everyone = locate_nodes(network, np.arange(network.n_nodes))
    return tiled_pairs(network, everyone, everyone, folder, limit=LIMIT_M, tile=TILE_M, threads=1)


def _growth(moscow: StreetNetwork) -> list[Record]:
    """Time one, two and three windows; CPU ns a pair, the network's preparation included."""
    per_pair = []
    for copies in (1, 2, 3):
        network = _side_by_side(moscow, copies)
        runs = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                begin = time.process_time()
                done = _tiled(network, folder)
                seconds = time.process_time() - begin
                runs.append(seconds / sum(_pairs_of(tile.path) for tile in done.tiles) * 1e9)
        per_pair.append(min(runs))
    names = ("one", "two", "three")
    each = [
        Record(f"tiles-{name}-window-ns-per-pair", value, "ns CPU")
        for name, value in zip(names, per_pair, strict=True)
    ]
    return [*each, Record("tiles-growth", per_pair[2] / per_pair[0], "x per pair, 3 against 1")]


def _pairs_of(path: Path) -> int:
    with np.load(path, allow_pickle=False) as file:
        return int(file["indptr"][-1])


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
