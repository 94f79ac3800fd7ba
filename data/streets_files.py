"""Small things every reader of street files does with a file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from .faults import FaultLog

Floats = NDArray[np.float64]


def sha256(path: Path) -> str:
    """Return the hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def first_line(error: BaseException) -> str:
    """Return the first line of an error's words, or its name."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def usable_crs(said: Any, path: Path, log: FaultLog) -> CRS | None:
    """Return the coordinate reference system a file names, or note ``streets_crs``.

    Only geographic and projected systems tell where on Earth a point lies.
    """
    try:
        crs = CRS.from_user_input(said) if said else None
    except CRSError:
        crs = None
    named = crs is not None and not crs.name.lower().startswith(("undefined", "unknown"))
    if crs is not None and named and (crs.is_geographic or crs.is_projected):
        return crs
    log.add("streets_crs", file=path, value=(said or "–") if crs is None else crs.name)
    return None


def in_degrees(
    x: Floats, y: Floats, crs: CRS, path: Path, log: FaultLog
) -> tuple[Floats, Floats] | None:
    """Return longitude and latitude in WGS-84, or note ``streets_lonlat`` and return None.

    Parameters
    ----------
    x, y
        float64 (n,), in ``crs``, easting or longitude first.
    crs
        Geographic or projected.
    path, log
        Where a fault is noted.
    """
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    bad = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))  # NaN and inf are bad too
    if bad.any():
        example = f"{x[bad][0]:g}, {y[bad][0]:g}"
        log.add("streets_lonlat", file=path, value=example, count=int(bad.sum()))
        return None
    return np.asarray(lon, np.float64), np.asarray(lat, np.float64)
