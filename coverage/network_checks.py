"""The contract of a street network, checked at the door: every breach is listed once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import CRS

from .errors import NetworkError, raise_all

if TYPE_CHECKING:
    from .network import StreetNetwork

_PER_NODE = ("node_id", "x", "y", "signal", "component")
_PER_EDGE = ("edge_u", "edge_v", "length", "steps", "edge_class", "edge_name")
_OPTIONAL = ("factor_forward", "factor_backward", "delay")


def check_network(network: StreetNetwork) -> None:
    """Raise `NetworkError` listing every breach of the network's contract."""
    breaches = [*crs_breaches(network.crs), *_shape_breaches(network)]
    raise_all(NetworkError, breaches or [*_index_breaches(network), *_value_breaches(network)])


def crs_breaches(crs: CRS | None) -> Iterator[str]:
    """Yield what is wrong with a CRS that lengths in metres are measured in."""
    if crs is None:
        return
    if crs.is_geographic:
        yield f"the CRS {crs.name} is in degrees: project to metres first, e.g. the local UTM zone"
    elif any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        yield f"the CRS {crs.name} is not in metres"


def _shape_breaches(network: StreetNetwork) -> Iterator[str]:
    n, m = len(network.x), len(network.edge_u)
    sizes = dict.fromkeys(_PER_NODE, n) | dict.fromkeys(_PER_EDGE, m)
    sizes |= {name: m for name in _OPTIONAL if getattr(network, name) is not None}
    sizes |= {"edge_start": m + 1, "gy": len(network.gx)}
    for name, size in sizes.items():
        shape = getattr(network, name).shape
        if shape != (size,):
            yield f"{name} has shape {shape}, expected ({size},)"


def _index_breaches(network: StreetNetwork) -> Iterator[str]:
    ends = np.concatenate([network.edge_u, network.edge_v])
    dangling = int(((ends < 0) | (ends >= network.n_nodes)).sum())
    if dangling:
        yield f"{dangling} edge ends are not nodes 0..{network.n_nodes - 1}"
    start = network.edge_start
    if start[0] != 0 or start[-1] != len(network.gx):
        yield f"edge_start must run from 0 to {len(network.gx)}"
    if (np.diff(start) < 2).any():
        yield f"{int((np.diff(start) < 2).sum())} edges have fewer than two points of geometry"
    repeated = network.n_nodes - len(set(network.node_id.tolist()))
    if repeated:
        yield f"node_id is not unique: {repeated} repeats"


def _value_breaches(network: StreetNetwork) -> Iterator[str]:
    for name in ("x", "y", "gx", "gy", "length"):
        bad = int((~np.isfinite(getattr(network, name))).sum())
        if bad:
            yield f"{name} has {bad} values that are NaN or infinite"
    for name, least in (("length", 0.0), *((name, 0.0) for name in _OPTIONAL)):
        yield from _sign_breaches(name, getattr(network, name), least)
    if network.delay is not None and np.isinf(network.delay).any():
        yield "delay must be finite: close a direction by an infinite factor"


def _sign_breaches(name: str, values: Any, least: float) -> Iterator[str]:
    if values is None:
        return
    negative = int((values < least).sum())
    if negative:
        yield f"{name} has {negative} negative values"
    if name != "length" and np.isnan(values).any():
        yield f"{name} has {int(np.isnan(values).sum())} NaN"
    if name.startswith("factor") and (values == 0).any():
        yield f"{name} has {int((values == 0).sum())} zeros: a factor is above 0"
