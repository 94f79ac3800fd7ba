"""Pictures of a report as inline SVG: the price curve, coverage before and after.

Blue and orange of Okabe and Ito's palette ("Color universal design", 2008), which people with any
common colour blindness tell apart; every mark also has a shape or a label of its own.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .payload import clean
from .report_parts import Words

BLUE, ORANGE, PALE, GREY = "#0072b2", "#d55e00", "#9ecae8", "#8593a0"

_WIDTH = 848


@dataclass(frozen=True, slots=True)
class Mark:
    """One labelled point of the price curve: ``plan``, ``knee``, ``bound`` or ``other``."""

    outlets: float
    covered: float
    kind: str
    label: Words


@dataclass(frozen=True, slots=True)
class Share:
    """One bar: shares (0-1) before the plan and after each step of it; NaN where unknown."""

    name: Words
    before: float
    after: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the axes of a plot lie, in pixels, and what they span."""

    left: float
    top: float
    right: float
    bottom: float
    most_x: float
    most_y: float

    def x(self, value: float) -> float:
        return self.left + (self.right - self.left) * value / self.most_x

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.most_y


def price_picture(
    outlets: Sequence[float],
    covered: Sequence[float],
    marks: Sequence[Mark],
    *,
    names: tuple[Words, Words],
) -> str:
    """Return the price curve as SVG.

    Parameters
    ----------
    outlets, covered
        The curve: numbers of outlets, and what they cover.
    marks
        Points with a label.
    names
        Of the two axes, x first.
    """
    most_x = max([*outlets, *(mark.outlets for mark in marks), 1.0])
    most_y = max([*covered, *(mark.covered for mark in marks), 1.0])
    frame = _Frame(72, 26, _WIDTH - 24, 306, most_x, most_y * 1.06)
    line = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in _thinned(outlets, covered))
    curve = _tag("polyline", points=line, fill="none", stroke=BLUE, stroke_width=2.2)
    marked = [shape for mark in marks for shape in _mark(mark, frame)]
    parts = [*_grid(frame, names), curve, *marked, *_labels(marks, frame)]
    return _svg(parts, 352)


def _thinned(xs: Sequence[float], ys: Sequence[float]) -> list[tuple[float, float]]:
    """Return at most some 400 points of a curve, both ends among them."""
    step = max(1, len(xs) // 400)
    kept = [*range(0, len(xs), step)]
    if kept and kept[-1] != len(xs) - 1:
        kept.append(len(xs) - 1)
    return [(xs[place], ys[place]) for place in kept]


def _grid(frame: _Frame, names: tuple[Words, Words]) -> Iterator[str]:
    for value in ticks(frame.most_y):
        y = frame.y(value)
        yield _line(frame.left, y, frame.right, y, "grid")
        yield _text(frame.left - 8, y + 4, _number(value), anchor="end")
    for value in ticks(frame.most_x):
        x = frame.x(value)
        yield _line(x, frame.bottom, x, frame.bottom + 4, "axis")
        yield _text(x, frame.bottom + 18, _number(value), anchor="middle")
    yield _line(frame.left, frame.bottom, frame.right, frame.bottom, "axis")
    yield _text(frame.right, frame.bottom + 36, names[0], anchor="end")
    yield _text(frame.left - 64, frame.top - 12, names[1])


def ticks(most: float, wanted: int = 5) -> list[float]:
    """Return round numbers from 0 to at most ``most``, about ``wanted`` of them."""
    if most <= 0:
        return [0.0]
    raw = most / wanted
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= raw)
    step = max(step, 1.0)
    return [step * number for number in range(int(most / step) + 1)]


def _mark(mark: Mark, frame: _Frame) -> Iterator[str]:
    x, y = frame.x(mark.outlets), frame.y(mark.covered)
    if mark.kind == "plan":
        yield _tag("circle", cx=x, cy=y, r=6, fill=ORANGE, stroke="#fff", stroke_width=1.5)
    elif mark.kind == "knee":
        yield _line(x, y, x, frame.bottom, "knee")
        yield _tag("circle", cx=x, cy=y, r=4.5, fill="#fff", stroke=BLUE, stroke_width=2)
    elif mark.kind == "bound":
        path = f"M{x - 5:.1f},{y:.1f}h10M{x:.1f},{y:.1f}v6"
        yield _tag("path", d=path, fill="none", stroke=GREY, stroke_width=1.6)
    else:
        path = f"M{x:.1f},{y - 5:.1f}l5,9h-10z"
        yield _tag("path", d=path, fill="#fff", stroke=ORANGE, stroke_width=1.6)


def _labels(marks: Sequence[Mark], frame: _Frame) -> Iterator[str]:
    """Yield the labels, each below the last where they would collide."""
    taken: list[tuple[float, float]] = []
    for mark in marks:
        if not mark.label.zh:
            continue
        x, y = frame.x(mark.outlets), frame.y(mark.covered)
        right = x > (frame.left + frame.right) / 2
        place = y + 20
        while any(abs(place - other) < 15 and abs(x - at) < 150 for at, other in taken):
            place += 15
        taken.append((x, place))
        x, anchor = (x - 9, "end") if right else (x + 9, "start")
        yield _text(x, place, mark.label, anchor=anchor, strong=mark.kind == "plan")


def share_picture(bars: Sequence[Share]) -> str:
    """Return bars of coverage before the plan and what each step of it adds, as SVG."""
    height, top = 30, 10
    left, right = 150, _WIDTH - 130
    parts: list[str] = []
    for row, bar in enumerate(bars):
        y = top + row * height
        parts += _bar(bar, y, left, right)
    end = top + len(bars) * height
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + (right - left) * value
        parts.append(_text(x, end + 14, Words(*[f"{value:.0%}"] * 2), anchor="middle"))
    return _svg(parts, end + 24)


def _bar(bar: Share, y: float, left: float, right: float) -> Iterator[str]:
    width = right - left
    yield _text(left - 10, y + 14, bar.name, anchor="end", strong=True)
    yield _box(left, y + 3, width, "#edf1f4")
    if math.isnan(bar.before):
        yield _text(right + 10, y + 15, Words("–", "–"))
        return
    yield _box(left, y + 3, width * bar.before, BLUE)
    low = bar.before
    for step, share in enumerate(bar.after):
        if share > low:
            fade = 1.0 - 0.45 * step / max(len(bar.after) - 1, 1)
            yield _box(left + width * low, y + 3, width * (share - low), ORANGE, fade)
            low = share
    said = f"{bar.before:.1%} → {bar.after[-1] if bar.after else bar.before:.1%}"
    yield _text(right + 10, y + 15, Words(said, said))


def _box(x: float, y: float, width: float, fill: str, opacity: float = 1.0) -> str:
    return _tag("rect", x=x, y=y, width=width, height=16, fill=fill, fill_opacity=opacity)


def _line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    return _tag("line", look, x1=x1, y1=y1, x2=x2, y2=y2)


def _tag(name: str, look: str = "", **attributes: float | str) -> str:
    """Return an element whose attributes are ours: figures and fixed words, never user text."""
    given = {"class": look} if look else {}
    for key, value in attributes.items():
        shown = value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
        given[key.replace("_", "-")] = shown
    return f"<{name} " + " ".join(f'{key}="{value}"' for key, value in given.items()) + "/>"


def _number(value: float) -> Words:
    said = f"{value:,.0f}"
    return Words(said, said)


def _text(x: float, y: float, words: Words, *, anchor: str = "start", strong: bool = False) -> str:
    look = ' class="strong"' if strong else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{look}'
    if words.zh == words.en:
        return f"<text {place}>{_said(words.zh)}</text>"
    return "".join(
        f'<text {place} lang="{code}">{_said(words.get(code))}</text>' for code in ("zh", "en")
    )


def _said(text: str) -> str:
    """Return text fit for a picture: short and escaped."""
    short = clean(text)
    return html.escape(short if len(short) <= 42 else short[:41] + "…")


def _svg(parts: Sequence[str], height: float) -> str:
    inside = "\n".join(parts)
    return f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" role="img">\n{inside}\n</svg>'
