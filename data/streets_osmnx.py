"""Streets from graphs saved by osmnx: GraphML and GeoPackage.

GraphML is parsed here, as text and numbers only: nothing in the file is evaluated as code.
Lengths are measured again along the geometry, on the ellipsoid; osmnx measures on a sphere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from .faults import FaultLog
from .streets import Objects, Streets
from .streets_files import first_line
from .streets_graph import SavedGraph, streets_of_graph
from .walking_rules import DEFAULT_RULES, NODE_KEYS, WAY_KEYS, WalkingRules


def read_graphml(
    path: Path, *, log: FaultLog, walking: WalkingRules = DEFAULT_RULES, kind: str = "osmnx"
) -> Streets | None:
    """Read a graph saved by ``osmnx.save_graphml``.

    Two directions of one street become one edge; parallel streets with lines of their own stay
    apart. Walking rules apply to the tags that the file holds: osmnx keeps ``highway``, ``access``
    and ``service`` but not ``foot`` and ``sidewalk`` unless told; an edge made of several ways
    must be walkable in all of them, has their first class, and is stairs only if all are. Signals
    and closed gates count where osmnx kept the nodes' tags (``highway`` by default). A graph in a
    projected system is turned into WGS-84.

    Parameters
    ----------
    path
        The file.
    log
        Takes faults (``streets_damaged``, ``streets_columns``, ``streets_crs``,
        ``streets_lonlat``, ``streets_dangling``, ``streets_no_walkable``) and warnings
        (``streets_left_out``).
    walking
        What to do where tags leave walking open.
    kind
        Kind of the source: "osmnx" or "place".

    Returns
    -------
    Streets or None
        None where a fault was noted.
    """
    try:
        graph = _parse_graphml(path)
    except (ET.ParseError, ValueError, LookupError, shapely.errors.ShapelyError) as error:
        log.add("streets_damaged", file=path, value=first_line(error))
        return None
    return streets_of_graph(graph, path, log=log, walking=walking, kind=kind)


def read_graph_geopackage(
    path: Path, *, log: FaultLog, walking: WalkingRules = DEFAULT_RULES
) -> Streets | None:
    """Read a graph saved by ``osmnx.save_graph_geopackage`` (layers ``nodes`` and ``edges``).

    See `read_graphml` for what becomes of directions, tags, systems, and for the faults.
    """
    try:
        nodes = pyogrio.read_dataframe(path, layer="nodes")
        edges = pyogrio.read_dataframe(path, layer="edges")
    except (DataSourceError, DataLayerError, ValueError, RuntimeError) as error:
        log.add("streets_damaged", file=path, value=first_line(error))
        return None
    lacking = [name for name in ("u", "v") if name not in edges]
    lacking += [] if "osmid" in nodes else ["osmid"]
    if lacking:
        log.add("streets_columns", file=path, value=", ".join(lacking))
        return None
    return streets_of_graph(
        _from_frames(nodes, edges), path, log=log, walking=walking, kind="osmnx"
    )


def is_graph_geopackage(path: Path) -> bool:
    """Say whether a GeoPackage has the two layers that osmnx saves.

    Raises
    ------
    pyogrio.errors.DataSourceError
        If it cannot be opened.
    """
    return {"nodes", "edges"} <= {str(name) for name, _ in pyogrio.list_layers(path)}


def _from_frames(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame) -> SavedGraph:
    if nodes.crs is not None and edges.crs is not None:
        nodes = nodes.to_crs(edges.crs)
    points = shapely.get_coordinates(nodes.geometry.representative_point().array)
    return SavedGraph(
        crs=edges.crs,
        node_id=_texts(nodes["osmid"]),
        x=points[:, 0],
        y=points[:, 1],
        node_tags={key: _texts(nodes[key]) for key in NODE_KEYS if key in nodes},
        u=_texts(edges["u"]),
        v=_texts(edges["v"]),
        geometry=np.asarray(edges.geometry.array, np.object_),
        tags={key: _texts(edges[key]) for key in (*WAY_KEYS, "name") if key in edges},
    )


def _texts(column: pd.Series[Any]) -> Objects:
    return column.astype(object).where(column.notna(), "").map(str).to_numpy(np.object_)


def _parse_graphml(path: Path) -> SavedGraph:
    """Parse GraphML; `ValueError` where it is no graph with positions."""
    names: dict[str, str] = {}
    crs: str | None = None
    nodes: list[tuple[str, dict[str, str]]] = []
    edges: list[tuple[str, str, dict[str, str]]] = []
    for element in _finished(path):
        tag = element.tag.rpartition("}")[2]
        if tag == "key":
            names[element.attrib["id"]] = element.attrib["attr.name"]
        elif tag == "node":
            nodes.append((element.attrib["id"], _data(element, names)))
        elif tag == "edge":
            ends = element.attrib["source"], element.attrib["target"]
            edges.append((*ends, _data(element, names)))
        elif tag == "graph":
            crs = _data(element, names).get("crs")
        if tag in {"node", "edge"}:
            element.clear()
    return SavedGraph(
        crs=crs,
        node_id=_objects(ref for ref, _ in nodes),
        x=np.array([float(data.get("x", "nan")) for _, data in nodes]),
        y=np.array([float(data.get("y", "nan")) for _, data in nodes]),
        node_tags=_columns([data for _, data in nodes], NODE_KEYS),
        u=_objects(u for u, _, _ in edges),
        v=_objects(v for _, v, _ in edges),
        geometry=_lines([data.get("geometry") for _, _, data in edges]),
        tags=_columns([data for _, _, data in edges], (*WAY_KEYS, "name")),
    )


def _finished(path: Path) -> Iterator[ET.Element]:
    """Yield every element once it is whole; expat itself stops entity bombs (since 2.4.1)."""
    with path.open("rb") as stream:
        events = ET.iterparse(stream, events=("start", "end"))  # noqa: S314 - see above
        _, root = next(events)
        if (outermost := root.tag.rpartition("}")[2]) != "graphml":
            raise ValueError(f"<{outermost}>")
        yield from (element for event, element in events if event == "end")


def _data(element: ET.Element, names: Mapping[str, str]) -> dict[str, str]:
    return {
        names[child.attrib["key"]]: child.text or ""
        for child in element
        if child.tag.endswith("data")
    }


def _columns(rows: list[dict[str, str]], keys: Sequence[str]) -> dict[str, Objects]:
    present = set().union(*rows)
    return {key: _objects(row.get(key, "") for row in rows) for key in keys if key in present}


def _objects(values: Iterable[Any]) -> Objects:
    found = list(values)
    array = np.empty(len(found), np.object_)
    array[:] = found
    return array


def _lines(texts: list[str | None]) -> Objects:
    return np.asarray(shapely.from_wkt(_objects(texts)), np.object_)
