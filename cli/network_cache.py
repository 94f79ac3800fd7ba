"""Keep the built network beside the results, so that the next run loads it."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from quarterhour.coverage.network import StreetNetwork
from quarterhour.data.streets import Streets


def cached_network(streets: Streets, crs: str, folder: Path) -> StreetNetwork:
    """Return the network of ``streets``, loaded from ``folder`` or built and saved there.

    Parameters
    ----------
    streets
        The walkable streets.
    crs
        Metric CRS, "" for the local UTM zone.
    folder
        Of the cache; made when missing. Older networks in it are removed.
    """
    path = folder / f"network-{_digest(streets, crs)}.npz"
    if path.is_file():
        try:
            return StreetNetwork.load(path)
        except (OSError, ValueError, KeyError):
            path.unlink(missing_ok=True)
    network = StreetNetwork.from_streets(streets, crs=crs or None)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("network-*.npz"):
        old.unlink(missing_ok=True)
    network.save(path)
    return network


def _digest(streets: Streets, crs: str) -> str:
    """Return a hash of what the network is built from, whatever file it came from."""
    content = hashlib.sha256(f"{version('quarterhour')}|{crs}".encode())
    for array in (streets.lon, streets.lat, streets.edge_start, streets.edge_u, streets.edge_v,
                  streets.edge_length, streets.edge_steps, streets.node_signal):  # fmt: skip
        content.update(array.tobytes())
    content.update("\x1f".join([*streets.edge_name, *streets.edge_class]).encode())
    return content.hexdigest()[:16]
