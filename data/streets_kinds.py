"""Which reader takes which street file."""

from __future__ import annotations

from pathlib import Path

from .faults import FaultLog
from .streets import Streets
from .streets_osm import SUFFIXES as OSM_SUFFIXES
from .streets_osm import read_osm
from .walking_rules import WalkingRules

KNOWN = (*OSM_SUFFIXES,)


def read(
    path: Path, *, log: FaultLog, walking: WalkingRules, node_crossings: bool
) -> Streets | None:
    """Read a street file by the ending of its name; see `quarterhour.data.streets.read_streets`."""
    name = path.name.lower()
    if not path.is_file():
        log.add("file_missing", file=path)
    elif path.stat().st_size == 0:
        log.add("streets_empty", file=path)
    elif name.endswith(OSM_SUFFIXES):
        return read_osm(path, log=log, walking=walking)
    else:
        log.add("streets_format", file=path, value=path.suffix, known=", ".join(KNOWN))
    return None
