"""Streets of a place by name, downloaded with osmnx and kept in the study's folder."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import osmnx as ox
import requests

from .faults import FaultLog
from .streets import Streets
from .streets_files import first_line
from .streets_osmnx import read_graphml
from .walking_rules import DEFAULT_RULES, NODE_KEYS, WAY_KEYS, WalkingRules

#: Seconds to wait for a sign of life from the servers before giving up.
PROBE_SECONDS = 5.0


def download_place(
    place: str,
    *,
    cache_dir: Path,
    log: FaultLog,
    walking: WalkingRules = DEFAULT_RULES,
) -> Streets | None:
    """Return the walkable streets of a place, from the cache or from OpenStreetMap's servers.

    The graph is downloaded with osmnx (``network_type="walk"``, all islands, signals kept as
    nodes), saved in ``cache_dir`` as GraphML under a name made of the place, and read from there
    ever after; delete the file to download again.

    Parameters
    ----------
    place
        A name that OpenStreetMap's Nominatim knows, with an area of its own.
    cache_dir
        Folder for the graph and the servers' answers; made if missing.
    log
        Takes the faults ``streets_offline`` (no connection within `PROBE_SECONDS`, or it breaks),
        ``streets_place`` (no such place, or no streets in it), and those of `read_graphml`.
    walking
        What to do where tags leave walking open; osmnx leaves out cycle ways and
        ``access=private`` before.

    Returns
    -------
    Streets or None
        None where a fault was noted.
    """
    path = cache_dir / f"place-{hashlib.sha256(place.encode()).hexdigest()[:16]}.graphml"
    if not path.is_file() and not _fetch(place, path, log):
        return None
    return read_graphml(path, log=log, walking=walking, kind="place")


def _fetch(place: str, path: Path, log: FaultLog) -> bool:
    try:
        _probe()
        with _settings(path.parent):
            _save(_simplified(place), path)
    except requests.RequestException:
        log.add("streets_offline", value=place)
        return False
    except (ValueError, TypeError, OSError) as error:  # osmnx's own errors are ValueErrors
        log.add("streets_place", value=place, said=first_line(error))
        return False
    return True


def _probe() -> None:
    """Ask the server for any answer at all, through the proxy if one is set."""
    for url in (ox.settings.nominatim_url, ox.settings.overpass_url):
        requests.head(url, timeout=PROBE_SECONDS)


@contextmanager
def _settings(cache_dir: Path) -> Iterator[None]:
    """Set osmnx's global settings for one download and put everything back."""
    ours: dict[str, Any] = {
        "use_cache": True,
        "cache_folder": str(cache_dir / "osmnx"),
        "doh_url_template": None,  # asks a server that cannot be reached in China
        "log_console": False,
        "useful_tags_way": sorted({*ox.settings.useful_tags_way, *WAY_KEYS}),
        "useful_tags_node": sorted({*ox.settings.useful_tags_node, *NODE_KEYS}),
    }
    before = {name: getattr(ox.settings, name) for name in ours}
    lookup = socket.getaddrinfo  # osmnx replaces it
    try:
        for name, value in ours.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        socket.getaddrinfo = lookup
        for name, value in before.items():
            setattr(ox.settings, name, value)


def _simplified(place: str) -> Any:
    """Download; merge segments of one way only, so that every edge keeps its own tags."""
    graph = ox.graph_from_place(place, network_type="walk", simplify=False, retain_all=True)
    if not graph.edges:
        raise ValueError("0 streets")
    return ox.simplify_graph(
        graph, node_attrs_include=["highway", "crossing", "barrier"], edge_attrs_differ=["osmid"]
    )


def _save(graph: Any, path: Path) -> None:
    """Write aside, then move: a broken download leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    ox.save_graphml(graph, aside)
    aside.replace(path)
