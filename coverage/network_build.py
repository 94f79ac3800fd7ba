"""Fields of a `StreetNetwork` from plain arrays and from `Streets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from pyproj.exceptions import CRSError
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .errors import NetworkError, raise_all
from .network_checks import crs_breaches

if TYPE_CHECKING:
    from quarterhour.data.streets import Streets

Floats = NDArray[np.float64]
Fields = dict[str, Any]

#: Degrees at most.
_EAST, _NORTH = 180.0, 90.0


def fields_from_arrays(
    x: ArrayLike,
    y: ArrayLike,
    u: ArrayLike,
    v: ArrayLike,
    length: ArrayLike | None,
    crs: Any,
    geometry: tuple[Any, Any, Any] | None,
    more: Fields,
) -> Fields:
    """Return all fields, with defaults filled in; see `StreetNetwork.from_arrays`."""
    fields: Fields = {
        "x": _typed("x", x, np.float64),
        "y": _typed("y", y, np.float64),
        "edge_u": _indices("u", u),
        "edge_v": _indices("v", v),
        "crs": None if crs is None else crs_of(crs),
    }
    raise_all(NetworkError, _end_breaches(fields))
    start, gx, gy = geometry if geometry is not None else straight_lines(fields)
    fields |= {
        "edge_start": _typed("edge_start", start, np.int64),
        "gx": _typed("gx", gx, np.float64),
        "gy": _typed("gy", gy, np.float64),
    }
    fields["length"] = (
        line_lengths(fields["edge_start"], fields["gx"], fields["gy"])
        if length is None
        else _typed("length", length, np.float64)
    )
    return complete(fields | attributes(more))


def fields_from_streets(streets: Streets, crs: Any) -> Fields:
    """Return all fields of projected streets; see `StreetNetwork.from_streets`."""
    target = utm_zone(streets.node_lon, streets.node_lat) if crs is None else metric(crs)
    forward = Transformer.from_crs("EPSG:4326", target, always_xy=True).transform
    x, y = forward(streets.node_lon, streets.node_lat)
    gx, gy = forward(streets.lon, streets.lat)
    return complete(
        {
            "node_id": streets.node_id,
            "x": np.asarray(x, dtype=np.float64),
            "y": np.asarray(y, dtype=np.float64),
            "crs": target,
            "edge_u": streets.edge_u,
            "edge_v": streets.edge_v,
            "length": streets.edge_length,
            "edge_start": streets.edge_start,
            "gx": np.asarray(gx, dtype=np.float64),
            "gy": np.asarray(gy, dtype=np.float64),
            "signal": streets.node_signal,
            "steps": streets.edge_steps,
            "edge_class": streets.edge_class,
            "edge_name": streets.edge_name,
        }
    )


def complete(fields: Fields) -> Fields:
    """Fill in defaults and components."""
    n, m = len(fields["x"]), len(fields["edge_u"])
    defaults: Fields = {
        "node_id": np.arange(n).astype(str).astype(object) if "node_id" not in fields else None,
        "signal": np.zeros(n, dtype=np.bool_),
        "steps": np.zeros(m, dtype=np.bool_),
        "edge_class": np.full(m, "", dtype=object),
        "edge_name": np.full(m, "", dtype=object),
    }
    whole = defaults | fields
    forward, backward = whole.get("factor_forward"), whole.get("factor_backward")
    closed = np.zeros(m, dtype=np.bool_)
    if forward is not None and backward is not None:
        closed = np.isinf(forward) & np.isinf(backward)
    if len(whole["length"]) == m == len(closed):
        label, metres = components(n, whole["edge_u"], whole["edge_v"], whole["length"], closed)
    else:  # the check at the door tells what is wrong
        label, metres = np.zeros(n, dtype=np.int32), np.zeros(1)
    return whole | {"component": label, "component_length": metres}


def components(
    n: int,
    u: NDArray[np.int32],
    v: NDArray[np.int32],
    length: Floats,
    closed: NDArray[np.bool_],
) -> tuple[NDArray[np.int32], Floats]:
    """Label connected components and sum their street length (m)."""
    if n == 0:
        return np.zeros(0, dtype=np.int32), np.zeros(0)
    is_open = ~closed
    links = coo_array((np.ones(int(is_open.sum()), np.int8), (u[is_open], v[is_open])), (n, n))
    count, label = connected_components(links, directed=False)
    metres: Floats = np.bincount(label[u], weights=length, minlength=count).astype(np.float64)
    return label.astype(np.int32), metres


def straight_lines(fields: Fields) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return the geometry CSR of edges that run straight from end to end."""
    ends = np.stack([fields["edge_u"], fields["edge_v"]], axis=1).ravel()
    start = np.arange(0, len(ends) + 1, 2, dtype=np.int64)
    return start, fields["x"][ends], fields["y"][ends]


def line_lengths(start: NDArray[np.int64], gx: Floats, gy: Floats) -> Floats:
    """Return the planar length of every line of a geometry CSR."""
    if len(start) == 1:
        return np.zeros(0)
    steps = np.concatenate([np.hypot(np.diff(gx), np.diff(gy)), [0.0]])
    steps[start[1:] - 1] = 0.0  # from one line to the next is no step
    return np.add.reduceat(steps, start[:-1])


def utm_zone(lon: Floats, lat: Floats) -> CRS:
    """Return the WGS-84 UTM zone of the middle of the points."""
    raise_all(NetworkError, _lonlat_breaches(lon, lat))
    middle = (float(lon.min() + lon.max()) / 2, float(lat.min() + lat.max()) / 2)
    area = AreaOfInterest(middle[0], middle[1], middle[0], middle[1])
    found = query_utm_crs_info(datum_name="WGS 84", area_of_interest=area)
    return CRS.from_epsg(int(found[0].code))


def metric(crs: Any) -> CRS:
    """Return a CRS that is projected and in metres.

    Raises
    ------
    NetworkError
        If it is not.
    """
    wanted = crs_of(crs)
    raise_all(NetworkError, crs_breaches(wanted))
    return wanted


def crs_of(crs: Any) -> CRS:
    """Return what pyproj makes of a CRS.

    Raises
    ------
    NetworkError
        If it makes nothing of it.
    """
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise NetworkError(f"{crs!r} is no CRS: {error}") from error


def _lonlat_breaches(lon: Floats, lat: Floats) -> list[str]:
    if len(lon) == 0:
        return ["the streets are empty: no UTM zone can be chosen"]
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return ["longitudes or latitudes are NaN or infinite"]
    if np.abs(lon).max() > _EAST or np.abs(lat).max() > _NORTH:
        return ["longitudes or latitudes are beyond 180 or 90 degrees: give the CRS they are in"]
    return []


def _indices(name: str, values: ArrayLike) -> NDArray[np.int32]:
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, dtype=np.int32)
    if array.dtype.kind not in "iu":
        raise NetworkError(f"{name} must hold node numbers, not {array.dtype}")
    if array.max() > np.iinfo(np.int32).max:
        raise NetworkError(f"{name} has node numbers beyond int32")
    return array.astype(np.int32)


def _end_breaches(fields: Fields) -> list[str]:
    u, v, x, y = (fields[name] for name in ("edge_u", "edge_v", "x", "y"))
    found = []
    if x.shape != y.shape or x.ndim != 1:
        found.append(f"x and y have shapes {x.shape} and {y.shape}, expected (n,)")
    if u.shape != v.shape or u.ndim != 1:
        found.append(f"u and v have shapes {u.shape} and {v.shape}, expected (m,)")
    if not found:
        ends = np.concatenate([u, v])
        dangling = int(((ends < 0) | (ends >= len(x))).sum())
        if dangling:
            found.append(f"{dangling} edge ends are not nodes 0..{len(x) - 1}")
    return found


def attributes(given: Fields) -> Fields:
    """Return the optional arrays that are given, in their types; unknown names are an error."""
    types = {
        "node_id": object,
        "edge_class": object,
        "edge_name": object,
        "signal": np.bool_,
        "steps": np.bool_,
        "factor_forward": np.float64,
        "factor_backward": np.float64,
        "delay": np.float64,
    }
    unknown = sorted(set(given) - set(types))
    if unknown:
        raise NetworkError(f"unknown attributes: {', '.join(unknown)}")
    return {
        name: _typed(name, value, types[name]) for name, value in given.items() if value is not None
    }


def _typed(name: str, values: Any, kind: Any) -> NDArray[Any]:
    """Return values as an array of a kind."""
    try:
        return np.asarray(values, dtype=kind)
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{name} must hold numbers: {error}") from error
