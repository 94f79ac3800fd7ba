"""Download the streets of a place with osmnx into a GraphML file."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import osmnx as ox
import requests

from .faults import FaultLog
from .streets_files import first_line
from .walking_rules import NODE_KEYS, WAY_KEYS

#: Seconds to wait for a sign of life from the servers before giving up.
PROBE_SECONDS = 5.0


def fetch(place: str, path: Path, log: FaultLog) -> bool:
    """Download the streets of a place and save them; say whether that went well.

    Parameters
    ----------
    place
        A name that OpenStreetMap's Nominatim knows, with an area of its own.
    path
        The GraphML file; its folder is made and keeps the servers' answers.
    log
        Takes ``streets_offline`` and ``streets_place``.
    """
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
