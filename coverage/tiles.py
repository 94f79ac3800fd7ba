"""J2 in tiles: any number of pairs with bounded memory, resumable, on threads or on a cluster.

A tile is a square of the plane; its job is all pairs of the sources in it. A job carries the part
of the contracted network that its own bounded search can reach, found by that search itself, so
its pairs are bit-identical to those of one large search. It is keyed by the hash of all it carries:
after a change of a barrier or a facility, only the tiles that it reaches are computed again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from quarterhour.data.progress import Progress, silent

from .engine import TOLERANCE, Engine, engine
from .errors import QueryError, raise_all
from .impedance import Unit
from .locate import Locations, located
from .longest_walk import useful_limit
from .network import StreetNetwork
from .network_file import write_aside
from .options import above_zero, check_threads
from .pairs import Pairs
from .pairs_search import CHUNK, is_dense, search_tables
from .profiles import ADULT, TravelProfile
from .tables import Tables
from .tiles_cut import Scratch, cut_tables
from .tiles_run import Runner, here, on_cluster

if TYPE_CHECKING:
    from .locate import Placeable

Array = NDArray[Any]

#: Side of a tile in metres (project choice: up to a few tens of millions of pairs).
TILE_M = 3000.0
#: Changed whenever a job's result changes meaning.
VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class TileJob:
    """All that one tile's search needs; the same on any machine.

    Attributes
    ----------
    tables
        The part of the network in reach, targets and sources numbered within the tile.
    order, dense
        How the sources are searched.
    limit, scale
        In the minimised unit, and its ticks.
    """

    tables: Tables
    order: Array
    dense: list[bool]
    limit: float
    scale: float

    @property
    def key(self) -> str:
        """Hash of everything the result depends on."""
        digest = hashlib.sha256(f"{VERSION} {self.limit!r} {self.scale!r}".encode())
        for table in self.tables:
            for name, values in zip(getattr(table, "_fields", ()), table or (), strict=True):
                array = np.ascontiguousarray(values)
                digest.update(f"{name} {array.dtype} {array.shape}".encode())
                digest.update(array.tobytes())
        return digest.hexdigest()

    def run(self) -> dict[str, Array]:
        """Search; return indptr, indices, cost and, where it is carried, other."""
        rows = search_tables(self.tables, self.order, self.dense, self.limit, self.scale, threads=1)
        found: dict[str, Array] = {
            "indptr": rows.indptr,
            "indices": rows.indices,
            "cost": rows.cost,
        }
        if rows.other is not None:
            found["other"] = rows.other
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One finished tile: a file, and what its rows and columns are.

    Attributes
    ----------
    path
        Arrays of the pairs, columns numbered within the tile.
    rows, columns
        int64: positions of its sources and targets among all.
    """

    path: Path
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    def read(self) -> dict[str, Array]:
        """Return indptr, indices (positions among all targets), cost and, if carried, other."""
        with np.load(self.path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        arrays["indices"] = self.columns[arrays["indices"]].astype(np.int32)
        return arrays


@dataclass(frozen=True, slots=True, eq=False)
class TiledPairs:
    """Pairs on disk.

    Attributes
    ----------
    tiles
        The tiles that have sources.
    computed, kept
        How many were searched now, and how many were there already.
    by, limit, ratio
        As in `Pairs`.
    source_index, target_index
        Indices of all points.
    """

    tiles: list[Tile]
    computed: int
    kept: int
    by: Unit
    limit: float
    ratio: float | None
    source_index: pd.Index[Any]
    target_index: pd.Index[Any]

    def load(self) -> Pairs:
        """Read all tiles into one matrix, which has to fit in memory."""
        parts = [(tile, tile.read()) for tile in self.tiles]
        count = np.zeros(len(self.source_index), np.int64)
        for tile, arrays in parts:
            count[tile.rows] = np.diff(arrays["indptr"])
        indptr = np.concatenate([[0], np.cumsum(count)])
        names = {"indices": np.int32, "cost": np.float32}
        if self.ratio is None:
            names["other"] = np.float32
        whole = {name: np.empty(indptr[-1], kind) for name, kind in names.items()}
        for tile, arrays in parts:
            place = np.repeat(indptr[tile.rows] - arrays["indptr"][:-1], count[tile.rows])
            place += np.arange(len(place))
            for name, values in whole.items():
                values[place] = arrays[name]
        columns = (whole["indices"], whole["cost"])
        return Pairs(
            indptr,
            *columns,
            self.by,
            self.limit,
            self.ratio,
            whole.get("other"),
            self.source_index,
            self.target_index,
        )


def tiled_pairs(
    network: StreetNetwork,
    sources: Placeable,
    targets: Placeable,
    folder: str | Path,
    *,
    limit: float,
    by: Unit = "metres",
    profile: TravelProfile = ADULT,
    tile: float = TILE_M,
    threads: int | None = None,
    scheduler: str | None = None,
    progress: Progress = silent,
) -> TiledPairs:
    """Find all pairs within a limit, tile by tile, and write them to a folder.

    Tiles that are in the folder already, from an interrupted run or from one before a change that
    does not reach them, are kept; files of tiles that are no longer asked for are removed at the
    end.

    Parameters
    ----------
    network, sources, targets, limit, by, profile
        As in `quarterhour.coverage.pairs.pairs`.
    folder
        Where the tiles' files are; made where it is missing.
    tile
        Side of a tile in metres.
    threads
        Threads to work on here, by default one a core.
    scheduler
        Address of a Dask scheduler, e.g. ``"tcp://10.0.0.1:8786"``; the jobs run on its workers,
        the files are written here.
    progress
        Told of ``"tiles"`` done.

    Raises
    ------
    QueryError
        As `pairs` does, or if ``tile`` is not above 0, Dask is not installed, or no scheduler
        answers.
    """
    raise_all(QueryError, [*above_zero("limit", limit), *above_zero("tile", tile)])
    check_threads(threads)
    sources, targets = located(network, sources), located(network, targets)
    most = useful_limit(network, limit, by, profile, sources, targets)
    ready = engine(network, by, profile, most)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    groups = _groups(sources, tile)
    scratch = Scratch(len(ready.graph.first) - 1)
    tiles: list[Tile] = []
    kept = 0

    def waiting() -> Iterator[tuple[Path, TileJob]]:
        nonlocal kept
        for rows in groups:
            job, columns = _job(ready, sources.take(rows), targets, most, scratch)
            path = place / f"{job.key}.npz"
            tiles.append(Tile(path, rows, columns))
            if path.exists():
                kept += 1
                progress("tiles", kept, len(groups))
            else:
                yield path, job

    run: Runner = here(threads) if scheduler is None else on_cluster(scheduler)
    computed = 0
    for path, arrays in run(waiting()):
        _write(path, arrays)
        computed += 1
        progress("tiles", computed + kept, len(groups))
    _remove_others(place, {tile.path for tile in tiles})
    ratio = ready.costs.ratio
    return TiledPairs(tiles, computed, kept, by, limit, ratio, sources.index, targets.index)


def _write(path: Path, arrays: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_aside(path, buffer.getbuffer())


def _remove_others(folder: Path, wanted: set[Path]) -> None:
    for path in folder.glob("*.npz"):
        if path not in wanted and len(path.stem) == hashlib.sha256().digest_size * 2:
            path.unlink()


def _groups(sources: Locations, tile: float) -> list[Array]:
    """Return the positions of the sources of each tile; those not reached are in none."""
    reached = np.flatnonzero(sources.reached)
    entry = sources.start[reached]
    cells = np.column_stack(
        [np.floor(sources.x[entry] / tile), np.floor(sources.y[entry] / tile)]
    ).astype(np.int64)
    _, number = np.unique(cells, axis=0, return_inverse=True)
    order = np.argsort(number.ravel(), kind="stable")
    borders = np.flatnonzero(np.diff(number.ravel()[order])) + 1
    return [np.sort(part) for part in np.split(reached[order], borders) if len(part)]


def _job(
    ready: Engine, sources: Locations, targets: Locations, limit: float, scratch: Scratch
) -> tuple[TileJob, Array]:
    """Return the job of some sources and the positions of the targets it numbers."""
    (t, t2), (s, s2) = ready.targets(targets), ready.sources(sources)
    whole = Tables(ready.graph, t, s, ready.other, t2, s2)
    top = np.uint64(np.rint((limit + TOLERANCE) * ready.scale))
    tables, columns = cut_tables(whole, top, scratch)
    order = ready.order(sources)
    metres = limit / ready.costs.access
    dense = [
        ready.other is None and is_dense(sources, order[i : i + CHUNK], metres)
        for i in range(0, len(order), CHUNK)
    ]
    return TileJob(tables, order, dense, limit, ready.scale), columns
