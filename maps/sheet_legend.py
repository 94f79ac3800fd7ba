"""The column beside the map of a sheet: coverage by type, legend, what is unknown, sources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from .coverage_layers import STATE_COLOURS, TODAY
from .page_data import CIRCLE
from .payload import clean
from .sheet_view import HATCHED, INK, SHARE, SOFT, SheetView

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Letters from here on are as wide as they are high.
_EAST_ASIAN = 0x2E80

#: Letters a line of the notes.
_LINE = 52
_COLUMNS = (0.78, 1.0)


def draw_legend(axes: Axes, view: SheetView) -> None:
    """Draw the column from the top down; the axes become a unit square without a frame."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    down = _figures(axes, view, 0.995)
    down = _scale(axes, view, down - 0.025)
    down = _signs(axes, view, down - 0.015)
    _notes(axes, view, down - 0.02)


def _write(axes: Axes, x: float, y: float, text: str, size: float = 7.5, **look: Any) -> None:
    style: dict[str, Any] = {"fontsize": size, "va": "top", "color": INK} | look
    axes.text(x, y, text, **style)


def _figures(axes: Axes, view: SheetView, top: float) -> float:
    """Write coverage by type, today and at the end of the plan."""
    summary = view.results.get("summary")
    if summary is None:
        return top
    tables = [summary, *([view.steps[-1].summary] if view.steps else [])]
    columns = _COLUMNS[-len(tables) :]
    _write(axes, 0, top, view.say("figures.title"), 9.5, weight="bold")
    _write(axes, 0, top - 0.033, view.say("figures.unit_short"), 6.5, color=SOFT)
    down = top - 0.07
    for column, word in zip(columns, (TODAY, "after"), strict=False):
        _write(axes, column, down, view.say(word), 6.5, ha="right", color=SOFT)
    down -= 0.026
    for kind in (CIRCLE, *(one.id for one in view.results.types)):
        weight = "bold" if kind in {CIRCLE, view.kind} else "normal"
        _write(axes, 0, down, view.type_name(kind)[:30], weight=weight)
        for column, table in zip(columns, tables, strict=True):
            _write(axes, column, down, certain(table, kind), ha="right", weight=weight)
        axes.plot([0, 1], [down - 0.024] * 2, color="#e2e7eb", linewidth=0.6)
        down -= 0.031
    return down


def certain(summary: pd.DataFrame, kind: str) -> str:
    """Return the share of all residents who are certainly covered."""
    rows = summary[(summary["level"] == "city") & (summary["type"] == kind)]
    if rows.empty or not float(rows["residents"].iloc[0]):
        return "–"
    return f"{float(rows['covered'].iloc[0]) / float(rows['residents'].iloc[0]):.1%}"


def _scale(axes: Axes, view: SheetView, top: float) -> float:
    _write(axes, 0, top, view.say("legend.title"), 9.5, weight="bold")
    _write(axes, 0, top - 0.034, view.say("legend.unit"), 6.8, color=SOFT)
    down, wide = top - 0.085, 1 / len(SHARE.colours)
    for row, colour in enumerate(SHARE.colours):
        _box(axes, row * wide, down, wide, 0.022, facecolor=colour)
    for row, edge in enumerate(SHARE.edges):
        _write(axes, row * wide, down - 0.008, f"{100 * edge:.0f}", 6.5, ha="center", color=SOFT)
    return down - 0.035


def _box(axes: Axes, x: float, y: float, width: float, height: float, **look: Any) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - heavy, needed here alone

    axes.add_patch(Rectangle((x, y), width, height, **look))


def _signs(axes: Axes, view: SheetView, top: float) -> float:
    hollow = "white" if view.when == TODAY else INK
    dot = {"marker": "o", "markeredgecolor": "white"}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("legend.gap", dot | {"color": STATE_COLOURS[1], "markersize": 8}),
        ("legend.covered", dot | {"color": STATE_COLOURS[0], "markersize": 4}),
        ("legend.unknown", dot | {"color": "white", "markeredgecolor": "#6b7780", "markersize": 5}),
    ]
    if view.results.get("sites") is not None:
        square = {"marker": "s", "color": hollow, "markeredgecolor": INK, "markersize": 7}
        rows.append(("legend.site", square))
    _box(axes, 0.015, top - 0.028, 0.07, 0.02, **HATCHED)
    _write(axes, 0.13, top - 0.018, view.say("legend.area_unknown"), 7, va="center")
    down = top - 0.05
    for word, look in rows:
        axes.plot([0.05], [down], linestyle="none", **look)
        _write(axes, 0.13, down, view.say(word), 7, va="center")
        down -= 0.031
    return down


def _notes(axes: Axes, view: SheetView, top: float) -> None:
    down = top
    for line in filter(None, _lines(view)):
        for part in wrapped(line, _LINE):
            if down < 0.0:
                return
            _write(axes, 0, down, part, 6.3, color=SOFT)
            down -= 0.022
        down -= 0.006


def _lines(view: SheetView) -> list[str]:
    about, unknown = view.results.about, _unknown(view)
    drawn = view.say("sheet.projection", crs=view.crs.to_string())
    return [
        view.say("sheet.unknown", number=f"{unknown:,.0f}") if unknown else "",
        view.say("made", date=clean(about.made_on)) if about.made_on else "",
        "; ".join(clean(source) for source in about.sources),
        f"quarterhour {clean(about.version)} · {drawn}",
    ]


def _unknown(view: SheetView) -> float:
    summary = view.results.get("summary")
    if summary is None:
        return 0.0
    table = view.step.summary if view.step else summary
    rows = table[(table["level"] == "city") & (table["type"] == view.kind)]
    return float(rows["unknown"].sum())


def wrapped(text: str, width: int) -> list[str]:
    """Return text in lines of at most ``width`` letters, an East Asian one counting as two.

    Lines break after blanks and between East Asian letters, within a word only where it is longer
    than 40 letters.
    """
    lines, line, used = [], "", 0
    for piece in re.findall(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]{1,40}\s*|\s+", text):
        size = sum(2 if ord(letter) > _EAST_ASIAN else 1 for letter in piece.rstrip())
        if used and used + size > width:
            lines.append(line)
            line, used = "", 0
        line += piece
        used += size + len(piece) - len(piece.rstrip())
    return [*lines, line]
