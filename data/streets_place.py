"""Streets of a place by name, downloaded with osmnx and kept in the study's folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .faults import FaultLog
from .streets import Streets
from .streets_osmnx import read_graphml
from .walking_rules import DEFAULT_RULES, WalkingRules


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
        Takes the faults ``streets_offline`` (no answer in five seconds, or the connection breaks),
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
    if not path.is_file():
        from .streets_download import fetch  # noqa: PLC0415 - osmnx takes two seconds to load

        if not fetch(place, path, log):
            return None
    return read_graphml(path, log=log, walking=walking, kind="place")
