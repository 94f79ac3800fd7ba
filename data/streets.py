"""Walkable streets as arrays: what every street reader returns.

`Streets` holds one record an edge between junctions; ``coverage.network.StreetNetwork`` is built
from it. Islands are kept here: what counts as one is a question of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .faults import FaultLog
from .walking_rules import DEFAULT_RULES, WalkingRules

Objects = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Source:
    """Where streets came from.

    Attributes
    ----------
    file
        The file as the user named it, or the place name of a download.
    kind
        ``"osm"``, ``"osmnx"``, ``"lines"`` or ``"place"``.
    sha256
        Hex digest of the file's bytes, "" where there is no file.
    """

    file: str
    kind: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """Undirected walkable streets in WGS-84 (EPSG:4326): n nodes, m edges, p points.

    Attributes
    ----------
    node_lon, node_lat
        float64 (n,), degrees.
    node_id
        object (n,): the source's ids as text, unique.
    node_signal
        bool (n,): signalised crossing.
    edge_u, edge_v
        int32 (m,): the two ends; parallel edges and loops are allowed, each undirected street
        stands once.
    edge_start
        int64 (m+1,): edge ``e`` owns points ``edge_start[e]:edge_start[e + 1]``.
    lon, lat
        float64 (p,): geometry of each edge from u to v, both ends included, at least two points.
    edge_length
        float64 (m,): metres, geodesic along the geometry on the WGS-84 ellipsoid.
    edge_steps
        bool (m,): stairs.
    edge_class
        object (m,): OSM ``highway`` value or "".
    edge_name
        object (m,): street name or "".
    source
        Where it came from.

    Raises
    ------
    ValueError
        If the arrays do not fit each other: a mistake of the reader, never of the user.
    """

    node_lon: NDArray[np.float64]
    node_lat: NDArray[np.float64]
    node_id: Objects
    node_signal: NDArray[np.bool_]
    edge_u: NDArray[np.int32]
    edge_v: NDArray[np.int32]
    edge_start: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    edge_length: NDArray[np.float64]
    edge_steps: NDArray[np.bool_]
    edge_class: Objects
    edge_name: Objects
    source: Source

    def __post_init__(self) -> None:
        breaches = [*_dtype_breaches(self), *_shape_breaches(self)] or _value_breaches(self)
        if breaches:
            raise ValueError("; ".join(breaches))

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_lon)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.edge_u)


def read_streets(
    path: str | Path,
    *,
    log: FaultLog,
    walking: WalkingRules = DEFAULT_RULES,
    node_crossings: bool = False,
) -> Streets | None:
    """Read walkable streets from a file of any kind known, by its name.

    Parameters
    ----------
    path
        OpenStreetMap (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``); a graph saved by osmnx
        (``.graphml``, ``.gpkg``); or plain lines (``.gpkg``, ``.geojson``, ``.shp``, ``.parquet``).
    log
        Takes faults and warnings.
    walking
        What to do where tags leave walking open.
    node_crossings
        Plain lines only: join lines wherever they cross. Default False: a bridge is no junction.

    Returns
    -------
    Streets or None
        None where a fault was noted in ``log``; nothing is raised for bad input.
    """
    # Readers build Streets, and they are heavy: each is loaded when its kind of file is met.
    from . import streets_kinds  # noqa: PLC0415 - they import this module

    return streets_kinds.read(Path(path), log=log, walking=walking, node_crossings=node_crossings)


_DTYPES: dict[str, Any] = {
    "node_lon": np.float64,
    "node_lat": np.float64,
    "node_id": np.object_,
    "node_signal": np.bool_,
    "edge_u": np.int32,
    "edge_v": np.int32,
    "edge_start": np.int64,
    "lon": np.float64,
    "lat": np.float64,
    "edge_length": np.float64,
    "edge_steps": np.bool_,
    "edge_class": np.object_,
    "edge_name": np.object_,
}


def _dtype_breaches(streets: Streets) -> list[str]:
    return [
        f"{name} is {getattr(streets, name).dtype}, expected {np.dtype(dtype)}"
        for name, dtype in _DTYPES.items()
        if getattr(streets, name).dtype != dtype
    ]


def _shape_breaches(streets: Streets) -> list[str]:
    sizes = {
        "node_": len(streets.node_lon),
        "edge_": len(streets.edge_u),
        "l": len(streets.lon),
    }
    found = []
    for name in _DTYPES:
        size = next(n for prefix, n in sizes.items() if name.startswith(prefix))
        expected = (size + (name == "edge_start"),)
        if getattr(streets, name).shape != expected:
            found.append(f"{name} has shape {getattr(streets, name).shape}, expected {expected}")
    return found


def _value_breaches(streets: Streets) -> list[str]:
    """Return what is wrong inside arrays whose shapes fit."""
    start, ends = streets.edge_start, np.concatenate([streets.edge_u, streets.edge_v])
    checks = {
        "edge_start must run from 0 to p": start[0] == 0 and start[-1] == len(streets.lon),
        "every edge needs two points": bool((np.diff(start) >= 2).all()),
        "edge ends must be nodes": bool(((ends >= 0) & (ends < len(streets.node_lon))).all()),
        "edge_length must be finite and >= 0": bool(
            (np.isfinite(streets.edge_length) & (streets.edge_length >= 0)).all()
        ),
    }
    return [words for words, holds in checks.items() if not holds]
