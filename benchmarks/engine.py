"""The measuring core against its peers, on the streets of Moscow at 1,200 m.

Service areas (J3) are those of the benchmark ``service_areas``, on real walking streets.

Speed is compared by CPU seconds of one thread on both sides, the best of a few runs: what a core
does in a second does not depend on who else uses the machine. Where a peer would take hours it is
timed on a sample of the sources and compared per pair.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from quarterhour.coverage.engine import engine
from quarterhour.coverage.locate import Locations, locate_nodes
from quarterhour.coverage.nearest import nearest
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import pairs
from quarterhour.coverage.profiles import ADULT
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

try:
    from . import service_areas
    from .engine_tiles import memory, tiles
    from .record import Record
except ImportError:  # started as a script
    import service_areas
    from engine_tiles import memory, tiles
    from record import Record

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LIMIT_M = 1200.0
SPARSE = 2000
TYPES, FACILITIES = 10, 300
TILE_M, TILES = 1500.0, 40


@dataclass(frozen=True, slots=True)
class City:
    """Streets and the same as a plain scipy graph, parallel edges merged."""

    network: StreetNetwork
    everyone: Locations
    graph: csr_array


def run() -> list[Record]:
    """Return all records of the measuring core."""
    moscow = city()
    pairs(moscow.network, moscow.everyone.take(np.arange(600)), moscow.everyone, limit=LIMIT_M)
    return [
        *dense(moscow),
        *sparse(moscow),
        *nearest_of_types(moscow),
        *tiles(moscow.network),
        *service_areas.run(),
        *building(),
        *starting(),
    ]


def city() -> City:
    """Read Moscow."""
    nodes = pd.read_parquet(SHARED / "networks" / "moscow-nodes.parquet")
    edges = pd.read_parquet(SHARED / "networks" / "moscow-edges.parquet")
    network = StreetNetwork.from_arrays(nodes.x, nodes.y, edges.u, edges.v, edges.length)
    ends = np.sort(np.column_stack([network.edge_u, network.edge_v]), axis=1)
    once = pd.DataFrame({"u": ends[:, 0], "v": ends[:, 1], "w": network.length})
    once = once[once.u != once.v].groupby(["u", "v"], as_index=False).w.min()
    head, tail = np.concatenate([once.u, once.v]), np.concatenate([once.v, once.u])
    shape = (network.n_nodes, network.n_nodes)
    graph = csr_array((np.concatenate([once.w, once.w]), (head, tail)), shape=shape)
    return City(network, locate_nodes(network, np.arange(network.n_nodes)), graph)


def dense(moscow: City) -> list[Record]:
    """Find all pairs of all nodes, in memory; peers are compared with one thread of ours."""
    best: dict[int, tuple[float, float]] = {}
    peak, found = 0.0, 0
    for threads in (1, 2, 1, 2, 1, 2):
        ask = lambda: pairs(  # noqa: E731 - called at once
            moscow.network,
            moscow.everyone,
            moscow.everyone,
            limit=LIMIT_M,
            threads=threads,  # noqa: B023
        )
        before = memory("VmRSS", reset=True)
        wall, cpu, answer = _timed(ask)
        peak, found = max(peak, memory("VmHWM") - before), len(answer)
        del answer
        known = best.get(threads, (np.inf, np.inf))
        best[threads] = (min(wall, known[0]), min(cpu, known[1]))
    ours = best[1][1] / found * 1e9
    pandana, tiles = _pandana_per_pair(moscow, 2000), _tiles_per_pair(moscow)
    return [
        Record("j2-dense-pairs", found, "pairs"),
        Record("j2-dense-ns-per-pair", ours, "ns CPU"),
        Record("j2-dense-ns-per-pair-two-threads", best[2][1] / found * 1e9, "ns CPU"),
        Record("j2-dense-wall-two-threads", best[2][0], "s"),
        Record("j2-dense-vs-pandana", ours, "ns/pair", "pandana", _over(pandana, ours)),
        Record("j2-dense-vs-tiles-scipy", ours, "ns/pair", "scipy, tiles with halo", tiles / ours),
        Record("j2-dense-peak-bytes-per-pair", peak / found, "B"),
        Record("j2-dense-peak-beyond-12-bytes", (peak - 12.0 * found) / 1e6, "MB"),
        *_threads(moscow),
    ]


def _threads(moscow: City) -> list[Record]:
    """Search a quarter of the city on one and on two threads.

    A quarter, because memory that a virtual machine has given back after two seconds costs a
    second first touch, and only the slower of the two would pay for that.
    """
    west = moscow.everyone.take(
        np.flatnonzero(moscow.network.x < np.quantile(moscow.network.x, 0.25))
    )
    best = {1: (np.inf, np.inf), 2: (np.inf, np.inf)}
    for threads in (1, 2) * 4:
        ask = lambda: pairs(  # noqa: E731 - called at once
            moscow.network,
            west,
            moscow.everyone,
            limit=LIMIT_M,
            threads=threads,  # noqa: B023
        )
        wall, cpu, answer = _timed(ask)
        found = len(answer)
        del answer
        best[threads] = (min(wall, best[threads][0]), min(cpu, best[threads][1]))
    return [
        Record("j2-quarter-ns-per-pair-one-thread", best[1][1] / found * 1e9, "ns CPU"),
        Record("threads-speedup", best[1][0] / best[2][0], "x, wall, two threads"),
    ]


def sparse(moscow: City) -> list[Record]:
    """Find all nodes within the limit of a few sources far apart."""
    chosen = _sample(moscow, SPARSE, seed=11)
    ask = lambda: pairs(  # noqa: E731
        moscow.network, moscow.everyone.take(chosen), moscow.everyone, limit=LIMIT_M, threads=1
    )
    seconds, answer = _best(ask, 3)
    plain, _ = _best(lambda: _plain_rows(moscow.graph, chosen[:400]), 3)
    pandana = _pandana_seconds(moscow, chosen)
    return [
        Record("j2-sparse-ns-per-pair", seconds / len(answer) * 1e9, "ns CPU"),
        Record("j2-sparse-vs-pandana", seconds, "s", "pandana", _over(pandana, seconds)),
        Record("j2-sparse-vs-scipy", seconds, "s", "scipy limit=", plain * SPARSE / 400 / seconds),
    ]


def nearest_of_types(moscow: City) -> list[Record]:
    """Find the nearest of 300 facilities of each of ten types from every node."""
    groups = [_sample(moscow, FACILITIES, seed=number) for number in range(TYPES)]
    placed = [locate_nodes(moscow.network, group) for group in groups]
    found = []
    for name, limit in (("j1-unbounded-vs-scipy", None), ("j1-bounded-vs-scipy", LIMIT_M)):
        ask = lambda: [  # noqa: E731
            nearest(moscow.network, moscow.everyone, group, limit=limit)  # noqa: B023
            for group in placed
        ]
        plain = lambda: [  # noqa: E731
            dijkstra(moscow.graph, indices=group, min_only=True, limit=limit or np.inf)  # noqa: B023
            for group in groups
        ]
        ours, peer = _best(ask, 4)[0], _best(plain, 3)[0]
        found.append(Record(name, ours, "s", "scipy min_only", peer / ours))
    return found


def building() -> list[Record]:
    """Go from a file of streets to a network, and from its cache."""
    path = SHARED / "beijing" / "streets-2012.osm.pbf"
    start = time.perf_counter()
    network = StreetNetwork.from_streets(read_streets(path, log=FaultLog()))
    built = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder) / "network")
        loaded, _ = _best(lambda: StreetNetwork.load(Path(folder) / "network"), 3, clock=0)
    start = time.perf_counter()
    engine(network, "seconds", ADULT, 900.0)
    ready = time.perf_counter() - start
    return [
        Record("network-build-beijing", built, "s"),
        Record("network-load-beijing", loaded, "s"),
        Record("engine-build-beijing", ready, "s"),
    ]


_FIRST_USE = """
import time; begin = time.perf_counter()
from quarterhour.coverage.network import StreetNetwork
imported = time.perf_counter()
from quarterhour.coverage.locate import locate_nodes
from quarterhour.coverage.pairs import pairs
from quarterhour.coverage.nearest import nearest
network = StreetNetwork.from_arrays([0.0, 100.0], [0.0, 0.0], [0], [1])
ends = locate_nodes(network, [0, 1])
pairs(network, ends, ends, limit=500.0), nearest(network, ends, ends)
print(imported - begin, time.perf_counter() - imported)
"""


def starting() -> list[Record]:
    """Import, and first use with nothing compiled yet and with kernels from the disk."""
    found = []
    with tempfile.TemporaryDirectory() as cache:
        for name in ("first-use-compiling", "first-use-cached"):
            imported, used = _first_use(cache)
            found.append(Record(name, used, "s"))
    return [Record("import-network", imported, "s"), *found]


def _first_use(cache: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_USE],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    imported, used = map(float, done.stdout.split())
    return imported, used


def _sample(moscow: City, size: int, seed: int) -> np.ndarray:
    everyone = moscow.network.n_nodes
    return np.sort(np.random.default_rng(seed).choice(everyone, size, replace=False))


def _plain_rows(graph: csr_array, sources: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Search with scipy in groups, keeping only what is reached."""
    rows = []
    for begin in range(0, len(sources), 16):
        metres = dijkstra(graph, indices=sources[begin : begin + 16], limit=LIMIT_M)
        row, column = np.nonzero(np.isfinite(metres))
        rows.append((column, metres[row, column]))
    return rows


def _tiles_per_pair(moscow: City) -> float:
    """Return ns of CPU a pair of scipy on tiles with a halo of the limit: a sample of tiles."""
    x, y = moscow.network.x, moscow.network.y
    tile = np.floor(x / TILE_M) * 10_000 + np.floor(y / TILE_M)
    chosen = np.random.default_rng(5).permutation(np.unique(tile[_sample(moscow, 4000, 5)]))[:TILES]
    seconds, found = 0.0, 0
    for number in chosen:
        inside = np.flatnonzero(tile == number)
        left, bottom = (
            np.floor(x[inside[0]] / TILE_M) * TILE_M,
            np.floor(y[inside[0]] / TILE_M) * TILE_M,
        )
        near = (x >= left - LIMIT_M) & (x <= left + TILE_M + LIMIT_M)
        near &= (y >= bottom - LIMIT_M) & (y <= bottom + TILE_M + LIMIT_M)
        local = np.flatnonzero(near)
        _, cpu, rows = _timed(lambda: _tile_rows(moscow.graph, local, inside))  # noqa: B023
        seconds += cpu
        found += sum(len(row[0]) for row in rows)
    return seconds / found * 1e9


def _tile_rows(
    graph: csr_array, local: np.ndarray, inside: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    part = graph[local][:, local]
    return _plain_rows(part, np.searchsorted(local, inside))


_PANDANA: list[Any] = []


def _pandana(moscow: City) -> Any | None:
    try:
        import pandana  # noqa: PLC0415 - optional
    except ImportError:
        return None
    if not _PANDANA:
        network = moscow.network
        _PANDANA.append(
            pandana.Network(
                pd.Series(network.x),
                pd.Series(network.y),
                pd.Series(network.edge_u.astype(np.int64)),
                pd.Series(network.edge_v.astype(np.int64)),
                pd.DataFrame({"metres": network.length}),
                twoway=True,
            )
        )
    return _PANDANA[0]


def _pandana_seconds(moscow: City, sources: np.ndarray) -> float | None:
    peer = _pandana(moscow)
    if peer is None:
        return None
    return _timed(lambda: peer.nodes_in_range(sources.tolist(), LIMIT_M))[1]


def _pandana_per_pair(moscow: City, size: int) -> float | None:
    """Return ns of CPU a pair of pandana's public API from a sample of all nodes."""
    peer = _pandana(moscow)
    if peer is None:
        return None
    sources = _sample(moscow, size, seed=3)
    _, cpu, found = _timed(lambda: peer.nodes_in_range(sources.tolist(), LIMIT_M))
    return cpu / len(found) * 1e9


def _over(peer: float | None, ours: float) -> float | None:
    return None if peer is None else peer / ours


def _timed(ask: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall seconds, CPU seconds and the answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = ask()
    return time.perf_counter() - wall, time.process_time() - cpu, answer


def _best(ask: Callable[[], Any], times: int, *, clock: int = 1) -> tuple[float, Any]:
    """Return the least seconds (clock 0 wall, 1 CPU) of some runs and the last answer."""
    runs = [_timed(ask) for _ in range(times)]
    return min(run[clock] for run in runs), runs[-1][2]
