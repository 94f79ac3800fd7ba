"""Streets from OpenStreetMap files: ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``.

Ways are kept or left by `quarterhour.data.walking_rules`. Files are decoded by pyosmium.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from osmium.filter import IdFilter, KeyFilter
from osmium.io import FileBuffer

from .faults import FaultLog
from .streets import Objects, Source, Streets
from .streets_build import Chains, build_streets
from .streets_files import sha256
from .walking_rules import DEFAULT_RULES, WalkingRules, barrier_stops, is_signal, walkable

#: File name endings this reader takes.
SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")

#: What pyosmium raises on files that are cut off, damaged, or not OpenStreetMap data.
DAMAGE = (RuntimeError, ValueError, OSError)

_UNDEFINED = 2147483647  # libosmium's mark of a node that the file does not hold
_PER_DEGREE = 10_000_000  # libosmium keeps positions as whole ten-millionths of a degree


@dataclass(slots=True)
class _Found:
    """What one pass over a file gathers."""

    ref: array[int] = field(default_factory=lambda: array("q"))
    x: array[int] = field(default_factory=lambda: array("q"))
    y: array[int] = field(default_factory=lambda: array("q"))
    start: array[int] = field(default_factory=lambda: array("q", [0]))
    highway: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    signals: array[int] = field(default_factory=lambda: array("q"))
    stops: array[int] = field(default_factory=lambda: array("q"))
    ways: int = 0


def read_osm(path: Path, *, log: FaultLog, walking: WalkingRules = DEFAULT_RULES) -> Streets | None:
    """Read the walkable streets of an OpenStreetMap file.

    Ways are cut at junctions (see `build_streets`), at signals (so that their delay counts) and at
    barriers nobody passes (`barrier_stops`: the two sides are not connected there). Ways whose
    nodes the file does not hold are cut at its edge and counted in a warning. Squares
    (``area=yes``, and multipolygons of a walkable class) are walked along their outlines. Lifts
    and ferries take no part unless drawn as ways of a walkable class.

    Parameters
    ----------
    path
        The file.
    log
        Takes faults (``streets_damaged``, ``streets_no_walkable``, ``streets_no_positions``) and
        warnings (``streets_missing_nodes``).
    walking
        What to do where tags leave walking open.

    Returns
    -------
    Streets or None
        None where a fault was noted.
    """
    try:
        found = _gather(path, walking)
    except DAMAGE as error:
        log.add("streets_damaged", file=path, value=error)
        return None
    if not found.highway:
        log.add("streets_no_walkable", file=path, count=found.ways)
        return None
    chains = _chains(found)
    missing = int(np.count_nonzero(np.isnan(chains.lon)))
    streets = build_streets(
        chains,
        source=Source(str(path), "osm", sha256(path)),
        signals=np.asarray(found.signals, np.int64),
        stops=np.asarray(found.stops, np.int64),
    )
    if streets.n_edges == 0:
        log.add("streets_no_positions", file=path, count=missing)
        return None
    if missing:
        log.add("streets_missing_nodes", file=path, count=missing, severity="warning")
    return streets


def osm_input(path: Path) -> str | FileBuffer:
    """Return what pyosmium opens: the path, or the bytes where the path is not plain ASCII.

    libosmium opens files by narrow character paths, which fail for Chinese names on Windows.
    """
    if str(path).isascii():
        return str(path)
    ending = next(suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix))
    return FileBuffer(path.read_bytes(), ending.removeprefix("."))


def _gather(path: Path, walking: WalkingRules) -> _Found:
    found = _Found()
    outlines = _outlines(path, walking)
    for entity in _stream(path, KeyFilter("highway", "barrier", "crossing")):
        tags = dict(entity.tags)
        if entity.is_node():
            _take_node(found, entity.id, tags, walking)
        else:
            found.ways += "highway" in tags
            if walkable(tags, walking):
                _take_way(found, entity, tags)
                outlines.pop(entity.id, None)
    if outlines:
        for way in _stream(path, IdFilter(outlines), osmium.osm.WAY):
            _take_way(found, way, outlines[way.id])
    return found


def _stream(path: Path, wanted: Any, only: Any = osmium.osm.NODE | osmium.osm.WAY) -> Iterator[Any]:
    """Yield nodes and ways that pass ``wanted``, ways with the positions of their nodes."""
    entities = osmium.osm.NODE | osmium.osm.WAY
    kinds = osmium.filter.EntityFilter(only)
    reader = osmium.FileProcessor(osm_input(path), entities)
    yield from reader.with_locations().with_filter(kinds).with_filter(wanted)


def _outlines(path: Path, walking: WalkingRules) -> dict[int, dict[str, str]]:
    """Return the ways that outline walkable multipolygons, with the relation's tags."""
    outlines: dict[int, dict[str, str]] = {}
    relations: Iterable[Any] = osmium.FileProcessor(osm_input(path), osmium.osm.RELATION)
    for relation in relations:
        tags = dict(relation.tags)
        if tags.get("type") == "multipolygon" and walkable(tags, walking):
            outlines |= {member.ref: tags for member in relation.members if member.type == "w"}
    return outlines


def _take_node(found: _Found, ref: int, tags: dict[str, str], walking: WalkingRules) -> None:
    if is_signal(tags):
        found.signals.append(ref)
    if barrier_stops(tags, walking):
        found.stops.append(ref)


def _take_way(found: _Found, way: Any, tags: dict[str, str]) -> None:
    for node in way.nodes:
        location = node.location
        known = location.valid()
        found.ref.append(node.ref)
        found.x.append(location.x if known else _UNDEFINED)
        found.y.append(location.y if known else _UNDEFINED)
    found.start.append(len(found.ref))
    found.highway.append(tags["highway"])
    found.name.append(tags.get("name") or tags.get("name:zh") or "")


def _chains(found: _Found) -> Chains:
    return Chains(
        ref=np.asarray(found.ref, np.int64),
        lon=_degrees(found.x),
        lat=_degrees(found.y),
        start=np.asarray(found.start, np.int64),
        highway=_objects(found.highway),
        name=_objects(found.name),
    )


def _degrees(fixed: array[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    whole = np.asarray(fixed, np.int64)
    return np.where(whole == _UNDEFINED, np.nan, whole / _PER_DEGREE)


def _objects(texts: list[str]) -> Objects:
    return np.array(texts, dtype=np.object_)
