"""Which reader takes which street file."""

from __future__ import annotations

from pathlib import Path

from pyogrio.errors import DataSourceError

from .faults import FaultLog
from .streets import Streets
from .streets_files import first_line
from .streets_lines import SUFFIXES as LINE_SUFFIXES
from .streets_lines import read_lines
from .streets_osm import SUFFIXES as OSM_SUFFIXES
from .streets_osm import read_osm
from .streets_osmnx import is_graph_geopackage, read_graph_geopackage, read_graphml
from .walking_rules import WalkingRules

#: Endings of file names that can be read.
KNOWN = (*OSM_SUFFIXES, ".graphml", *LINE_SUFFIXES)


def read(
    path: Path, *, log: FaultLog, walking: WalkingRules, node_crossings: bool
) -> Streets | None:
    """Read a street file by the ending of its name; see `quarterhour.data.streets.read_streets`."""
    name = path.name.lower()
    try:
        there = _is_there(path, log)
    except OSError as error:
        log.add("unreadable", file=path, detail=error.strerror or str(error))
        return None
    if not there:
        return None
    if name.endswith(OSM_SUFFIXES):
        return read_osm(path, log=log, walking=walking)
    if name.endswith(".graphml"):
        return read_graphml(path, log=log, walking=walking)
    if name.endswith(".gpkg") and (kind := _is_graph(path, log)) is not False:
        return read_graph_geopackage(path, log=log, walking=walking) if kind else None
    return read_lines(path, log=log, walking=walking, node_crossings=node_crossings)


def _is_there(path: Path, log: FaultLog) -> bool:
    """Say whether there is a file of a known kind with something in it, or note why not."""
    if path.is_dir():
        log.add("is_folder", file=path)
    elif not path.is_file():
        log.add("file_missing", file=path)
    elif not path.name.lower().endswith(KNOWN):
        log.add("streets_format", file=path, value=path.suffix, known=", ".join(KNOWN))
    elif path.stat().st_size == 0:
        log.add("streets_empty", file=path)
    else:
        return True
    return False


def _is_graph(path: Path, log: FaultLog) -> bool | None:
    """Say whether a GeoPackage is a graph of osmnx; None where it cannot be opened."""
    try:
        return is_graph_geopackage(path)
    except DataSourceError as error:
        log.add("streets_damaged", file=path, value=first_line(error))
        return None
