"""Plane geometry on the drawing board: lines as lists of points in metres."""

from __future__ import annotations

import itertools
from math import ceil, hypot

import numpy as np
from numpy.typing import NDArray

from .plane import Line, Point

Rect = tuple[float, float, float, float]  # x0, y0, x1, y1
Floats = NDArray[np.float64]


def densify(line: Line, step: float = 90.0) -> Line:
    """Return the line with points at most ``step`` metres apart."""
    dense = [line[0]]
    for (ax, ay), (bx, by) in itertools.pairwise(line):
        n = max(1, ceil(hypot(bx - ax, by - ay) / step))
        dense += [(ax + (bx - ax) * k / n, ay + (by - ay) * k / n) for k in range(1, n + 1)]
    return dense


def spline(points: Line, step: float = 40.0) -> Line:
    """Return a smooth curve through the points (Catmull-Rom), about ``step`` metres a piece."""
    pts = [_mirror(points[1], points[0]), *points, _mirror(points[-2], points[-1])]
    curve = [points[0]]
    for p0, p1, p2, p3 in zip(pts, pts[1:], pts[2:], pts[3:], strict=False):
        n = max(1, round(hypot(p2[0] - p1[0], p2[1] - p1[1]) / step))
        curve += [_catmull(p0, p1, p2, p3, k / n) for k in range(1, n + 1)]
    return curve


def _mirror(a: Point, b: Point) -> Point:
    return 2 * b[0] - a[0], 2 * b[1] - a[1]


def _catmull(p0: Point, p1: Point, p2: Point, p3: Point, t: float) -> Point:
    def axis(a: float, b: float, c: float, d: float) -> float:
        bend = (2 * a - 5 * b + 4 * c - d) * t + (3 * b - a - 3 * c + d) * t * t
        return b + 0.5 * t * ((c - a) + bend)

    return axis(p0[0], p1[0], p2[0], p3[0]), axis(p0[1], p1[1], p2[1], p3[1])


def offset(line: Line, distance: float) -> Line:
    """Return the line moved to its left by ``distance`` metres, vertex by vertex."""
    closed = line[0] == line[-1]
    moved = []
    for i, (x, y) in enumerate(line):
        before = line[i - 1] if i else (line[-2] if closed else line[0])
        after = line[i + 1] if i + 1 < len(line) else (line[1] if closed else line[-1])
        dx, dy = after[0] - before[0], after[1] - before[1]
        norm = hypot(dx, dy)
        moved.append((x - dy / norm * distance, y + dx / norm * distance))
    return moved


def lengths(line: Line) -> list[float]:
    """Return the metres along the line at each of its points."""
    along = [0.0]
    for a, b in itertools.pairwise(line):
        along.append(along[-1] + hypot(b[0] - a[0], b[1] - a[1]))
    return along


def at(line: Line, distance: float) -> Point:
    """Return the point ``distance`` metres along the line, held within its ends."""
    along = lengths(line)
    for i in range(1, len(line)):
        if distance <= along[i] and along[i] > along[i - 1]:
            t = max(0.0, (distance - along[i - 1]) / (along[i] - along[i - 1]))
            (ax, ay), (bx, by) = line[i - 1], line[i]
            return ax + (bx - ax) * t, ay + (by - ay) * t
    return line[-1]


def between(line: Line, start: float, stop: float) -> Line:
    """Return the part of the line from ``start`` to ``stop`` metres along it."""
    along = lengths(line)
    inner = [p for p, s in zip(line, along, strict=True) if start + 0.5 < s < stop - 0.5]
    return [at(line, start), *inner, at(line, stop)]


def crossings(line: Line, other: Line) -> list[float]:
    """Return the metres along ``line`` at which it crosses ``other``, in order."""
    found = []
    along = lengths(line)
    for i, (a, b) in enumerate(itertools.pairwise(line)):
        for c, d in itertools.pairwise(other):
            hit = meet(a, b, c, d)
            if hit is not None:
                found.append(along[i] + hit[0] * (along[i + 1] - along[i]))
    found.sort()
    return [s for i, s in enumerate(found) if i == 0 or s - found[i - 1] > 0.01]


def meet(a: Point, b: Point, c: Point, d: Point) -> tuple[float, float] | None:
    """Return the fractions along ab and cd at which the segments cross, None if they do not."""
    rx, ry, sx, sy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    cross = rx * sy - ry * sx
    if abs(cross) < 1e-9:
        return None
    qx, qy = c[0] - a[0], c[1] - a[1]
    t, u = (qx * sy - qy * sx) / cross, (qx * ry - qy * rx) / cross
    return (t, u) if 0 <= t <= 1 and 0 <= u <= 1 else None


def distance(points: Floats, line: Line) -> Floats:
    """Return the distance (m) of each point, shape (n, 2), from the line."""
    start, stop = np.array(line[:-1]), np.array(line[1:])
    run = stop - start
    off = points[:, None, :] - start
    t = np.clip((off * run).sum(axis=2) / (run * run).sum(axis=1), 0, 1)
    gap = off - t[:, :, None] * run
    return np.asarray(np.hypot(gap[:, :, 0], gap[:, :, 1]).min(axis=1), dtype=np.float64)


def inside(point: Point, ring: Line) -> bool:
    """Tell whether the point lies inside the closed ring (even-odd rule)."""
    x, y = point
    odd = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
    return odd


def box(rect: Rect, step: float = 90.0) -> Line:
    """Return the rectangle as a closed ring, counter-clockwise."""
    x0, y0, x1, y1 = rect
    return densify([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], step)


def shrink(rect: Rect, by: float) -> Rect:
    """Return the rectangle with every side moved inwards by ``by`` metres."""
    x0, y0, x1, y1 = rect
    return x0 + by, y0 + by, x1 - by, y1 - by


def samples(rect: Rect, step: float = 12.0) -> Floats:
    """Return a grid of points over the rectangle, its border included, shape (n, 2)."""
    x0, y0, x1, y1 = rect
    xs = np.linspace(x0, x1, max(2, round((x1 - x0) / step) + 1))
    ys = np.linspace(y0, y1, max(2, round((y1 - y0) / step) + 1))
    return np.array([(x, y) for y in ys for x in xs])
