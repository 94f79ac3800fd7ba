"""Datums used on Chinese maps: WGS-84, CGCS2000, GCJ-02, BD-09 and any EPSG code.

GCJ-02 shifts WGS-84 by up to 700 m within China by a smooth formula; BD-09 shifts GCJ-02 by
about another kilometre. Neither has an official publication; the formulas here are the ones in
general use (first published by the project *eviltransform*, BSD), with the ellipsoid of
Krasovsky 1940. Forward formulas are exact by definition; inverses are iterated until they move
less than `TOLERANCE_DEG`.

Outside the rectangle `CHINA` both shifts are, by the same convention, no shift at all. Whether a
pair is inside is asked of the coordinate that is given, so within about 1 km of the
rectangle's edge (sea, Siberia, Central Asia) a round trip is not exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

Floats = NDArray[np.float64]
_Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

#: Longitude and latitude range, in degrees, where GCJ-02 and BD-09 differ from WGS-84.
CHINA: Final = (72.004, 0.8293, 137.8347, 55.8271)
#: Semi-major axis in metres and squared eccentricity of Krasovsky 1940, as GCJ-02 uses them.
_A: Final = 6378245.0
_EE: Final = 0.00669342162296594323
_X_PI: Final = np.pi * 3000.0 / 180.0
#: 1e-9 degrees is 0.1 mm on the ground.
TOLERANCE_DEG: Final = 1e-9
_MAX_ROUNDS: Final = 30
#: Begins the name of a CRS without EPSG code; its definition follows.
_OWN: Final = "crs:"

_NAMES: Final = {
    "wgs84": ("wgs84", "wgs1984", "epsg4326", "4326", "gps", "crs84"),
    "cgcs2000": ("cgcs2000", "epsg4490", "4490", "国家2000", "国家大地2000", "2000国家大地坐标系"),
    "gcj02": (
        "gcj02",
        "gcj",
        "火星",
        "火星坐标",
        "火星坐标系",
        "高德",
        "腾讯",
        "amap",
        "gaode",
        "tencent",
    ),
    "bd09": ("bd09", "bd09ll", "bd", "百度", "百度坐标", "baidu"),
}
_ALIASES: Final = {alias: name for name, aliases in _NAMES.items() for alias in aliases}


def parse_datum(text: str) -> str:
    """Return the canonical name of a datum.

    Parameters
    ----------
    text
        E.g. ``"WGS-84"``, ``"GCJ-02"``, ``"高德"``, ``"BD09"``, ``"CGCS2000"``, ``"EPSG:4547"``.

    Returns
    -------
    str
        ``"wgs84"``, ``"cgcs2000"``, ``"gcj02"``, ``"bd09"`` or ``"epsg:<code>"``; a name from
        `name_of_crs` is returned as it is.

    Raises
    ------
    ValueError
        If it is none of these, or PROJ knows no such EPSG code.
    """
    if text.startswith(_OWN):
        return text
    plain = re.sub(r"[\s_:\-]", "", text).lower()
    if plain in _ALIASES:
        return _ALIASES[plain]
    code = plain.removeprefix("epsg")
    if not code.isdecimal():
        raise ValueError(f"unknown datum: {text!r}")
    try:
        CRS.from_epsg(int(code))
    except CRSError:
        raise ValueError(f"unknown EPSG code: {text!r}") from None
    return f"epsg:{int(code)}"


def name_of_crs(crs: CRS) -> str:
    """Return a CRS as a canonical datum: by its EPSG code, else by its own definition."""
    code = crs.to_epsg()
    return f"{_OWN}{crs.to_wkt()}" if code is None else parse_datum(str(code))


def is_named(datum: str) -> bool:
    """Tell whether a canonical datum is one of the four with a name."""
    return datum in _NAMES


def is_geographic(datum: str) -> bool:
    """Tell whether a canonical datum counts in degrees of longitude and latitude."""
    return is_named(datum) or CRS.from_user_input(datum.removeprefix(_OWN)).is_geographic


def to_wgs84(x: ArrayLike, y: ArrayLike, datum: str) -> tuple[Floats, Floats]:
    """Convert to WGS-84.

    Parameters
    ----------
    x, y
        (n,) longitude and latitude in degrees, or easting and northing of a projected EPSG code.
    datum
        Anything `parse_datum` takes. CGCS2000 is taken as equal to WGS-84 (they differ by well
        under a metre).

    Returns
    -------
    lon, lat
        (n,) degrees; NaN where the input is not finite or PROJ cannot convert.

    Raises
    ------
    ValueError
        If the datum is unknown.
    """
    name, lon, lat = parse_datum(datum), _floats(x), _floats(y)
    if name == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if name == "bd09":
        return bd09_to_wgs84(lon, lat)
    if not is_named(name):
        return _project(lon, lat, name.removeprefix(_OWN), "epsg:4326")
    return lon, lat


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: str) -> tuple[Floats, Floats]:
    """Convert from WGS-84: the inverse of `to_wgs84`, same arguments and errors."""
    name, x, y = parse_datum(datum), _floats(lon), _floats(lat)
    if name == "gcj02":
        return wgs84_to_gcj02(x, y)
    if name == "bd09":
        return wgs84_to_bd09(x, y)
    if not is_named(name):
        return _project(x, y, "epsg:4326", name.removeprefix(_OWN))
    return x, y


def _project(x: Floats, y: Floats, source: str, target: str) -> tuple[Floats, Floats]:
    transformer = Transformer.from_crs(source, target, always_xy=True)
    lon, lat = transformer.transform(x, y)
    bad = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(bad, np.nan, lon), np.where(bad, np.nan, lat)


def _floats(values: ArrayLike) -> Floats:
    """Return a copy as floats, so that no result shares memory with the input."""
    return np.array(values, dtype=np.float64)


def in_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Tell which coordinates lie in the rectangle `CHINA`, edges included."""
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    west, south, east, north = CHINA
    return (west <= x) & (x <= east) & (south <= y) & (y <= north)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS-84 to GCJ-02.

    Parameters
    ----------
    lon, lat
        (n,) degrees.

    Returns
    -------
    lon, lat
        (n,) degrees; unchanged outside `CHINA`.
    """
    x, y = _floats(lon), _floats(lat)
    shifted_x, shifted_y = _gcj_shift(x, y)
    inside = in_china(x, y)
    return np.where(inside, shifted_x, x), np.where(inside, shifted_y, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Undo `wgs84_to_gcj02` to within 1 mm by fixed-point iteration."""
    return _invert(_gcj_shift, lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift GCJ-02 to BD-09 (as `wgs84_to_gcj02`; unchanged outside `CHINA`)."""
    x, y = _floats(lon), _floats(lat)
    shifted_x, shifted_y = _bd_shift(x, y)
    inside = in_china(x, y)
    return np.where(inside, shifted_x, x), np.where(inside, shifted_y, y)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Undo `gcj02_to_bd09` to within 1 mm by fixed-point iteration."""
    return _invert(_bd_shift, lon, lat)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Shift WGS-84 to BD-09 by way of GCJ-02."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Undo `wgs84_to_bd09` to within 1 mm."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _gcj_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the shifted coordinate by the formula alone, with no rectangle.

    The offsets are polynomials and sines of the distance from (105° E, 35° N), in metres on the
    ellipsoid, turned into degrees by its two radii of curvature.
    """
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root
    north += (common + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root
    east += (common + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    phi = np.radians(lat)
    w2 = 1.0 - _EE * np.sin(phi) ** 2
    meridian = _A * (1.0 - _EE) / (w2 * np.sqrt(w2))
    prime = _A / np.sqrt(w2) * np.cos(phi)
    return lon + np.degrees(east / prime), lat + np.degrees(north / meridian)


def _bd_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the shifted coordinate by the formula alone: a polar wobble, then an offset."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _X_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _X_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _invert(shift: _Shift, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Solve shift(p) = given by p ← p − (shift(p) − given); it contracts, as shifts are small."""
    given_x, given_y = _floats(lon), _floats(lat)
    x, y = given_x.copy(), given_y.copy()
    for _ in range(_MAX_ROUNDS):
        found_x, found_y = shift(x, y)
        step_x, step_y = found_x - given_x, found_y - given_y
        x, y = x - step_x, y - step_y
        moved = np.abs(np.concatenate([np.ravel(step_x), np.ravel(step_y)]))
        if not np.any(moved > TOLERANCE_DEG):
            break
    inside = in_china(given_x, given_y)
    return np.where(inside, x, given_x), np.where(inside, y, given_y)
