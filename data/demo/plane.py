"""From the drawing board to the globe: the plane, its gentle warp, its place, its dice."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, radians, sin, sqrt
from typing import TypeVar

import numpy as np

Point = tuple[float, float]
Line = list[Point]
Item = TypeVar("Item")

SIZE = 4000.0
CENTRE_LON, CENTRE_LAT = 117.05, 38.12  # invented place, near the middle of UTM zone 50
_AXIS, _ECC = 6378137.0, 0.0066943799901413165  # WGS-84
_STREAM = 20240101


class Dice:
    """Seeded chance that draws uniform doubles alone.

    NumPy keeps the bits of ``random`` stable, not those of its other distributions (NEP 19),
    so everything else is derived from it here.
    """

    def __init__(self, salt: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64([_STREAM, salt]))

    def unit(self) -> float:
        """Return a number in [0, 1)."""
        return float(self._generator.random())

    def between(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.unit() * (high - low + 1))

    def chance(self, share: float) -> bool:
        """Return True in the given share of throws."""
        return self.unit() < share

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one item."""
        return items[int(self.unit() * len(items))]

    def weighted(self, weights: list[float]) -> int:
        """Return an index, each as likely as its weight."""
        mark = self.unit() * sum(weights)
        for i, weight in enumerate(weights):
            mark -= weight
            if mark < 0:
                return i
        return len(weights) - 1

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in a new order."""
        keys = [self.unit() for _ in items]
        return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__)]


def warp(point: Point) -> Point:
    """Bend the drawing board (m) so that no street stays ruler-straight; metres again."""
    x, y = point
    east = 52 * sin(2 * pi * y / 3900 + 0.5) + 17 * sin(2 * pi * y / 1350 + x / 1900)
    north = 46 * sin(2 * pi * x / 3500 + 2.1) + 16 * sin(2 * pi * x / 1250 - y / 1700)
    return x + east + 10 * sin(2 * pi * x / 1100), y + north + 8 * sin(2 * pi * y / 900 + 1)


def to_lonlat(point: Point) -> Point:
    """Return WGS-84 degrees of a point of the drawing board, rounded to about a centimetre.

    The warped plane is laid on the ellipsoid by the radii of curvature at the centre; over
    4 km the scale stays true to about one part in three thousand.
    """
    x, y = warp(point)
    slope = 1 - _ECC * sin(radians(CENTRE_LAT)) ** 2
    north = _AXIS * (1 - _ECC) / slope**1.5
    east = _AXIS / sqrt(slope) * cos(radians(CENTRE_LAT))
    lon = CENTRE_LON + (x - SIZE / 2) / east * 180 / pi
    lat = CENTRE_LAT + (y - SIZE / 2) / north * 180 / pi
    return round(lon, 7), round(lat, 7)
