"""A one-page map sheet for documents, as PNG and PDF: title, map, legend, scale, north, sources."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.data.text import tr

from .classes import DIVERGING, given
from .coverage_layers import STATE_COLOURS, TODAY, known_share
from .fonts import chinese_font
from .geometry import street_classes
from .page_data import CIRCLE
from .payload import CLASS_BREAKS, clean
from .plan_layers import ABOVE_SHADING, GROUND
from .planner import opening_bounds
from .results import StudyResults
from .steps import Step, plan_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A4 landscape, inches.
PAPER = (297 / 25.4, 210 / 25.4)

#: Of PNG files; 200 dots an inch print well and stay below 2 MB.
DOTS_PER_INCH = 200

_SHARE = given((0.0, *CLASS_BREAKS, 1.0), DIVERGING)
_WIDTHS = (1.5, 1.3, 1.0, 0.8, 0.45, 0.3)
_INK, _SOFT = "#18222b", "#55636f"
_LONGEST_NAME = 60

#: Letters from here on are as wide as they are high.
_EAST_ASIAN = 0x2E80


def write_sheet(
    results: StudyResults,
    paths: Sequence[Path],
    *,
    kind: str = CIRCLE,
    when: str = TODAY,
    language: str | None = None,
) -> list[Path]:
    """Write the map sheet of a study, one file a path; the ending decides: ``.png``, ``.pdf``.

    Parameters
    ----------
    results
        The study's results.
    paths
        Files to write; their folders must exist.
    kind
        Type shown, or ``"circle"``.
    when
        ``"today"``, ``"after"`` or a year of the plan.
    language
        ``"zh"`` or ``"en"``; None takes the study's.

    Returns
    -------
    list of pathlib.Path
        ``paths``.

    Raises
    ------
    OSError
        If a file cannot be written; an earlier one is then untouched.
    RuntimeError
        If the sheet is to be Chinese and no font on the machine has Chinese characters.
    """
    import matplotlib as mpl  # noqa: PLC0415 - heavy, needed here alone

    spoken = language or results.about.language
    font = chinese_font()
    if spoken == "zh" and font is None:
        raise RuntimeError(tr("maps.sheet.no_font", spoken))
    families = [name for name in (font, "DejaVu Sans") if name]
    with mpl.rc_context({"font.family": families, "pdf.fonttype": 42, "axes.unicode_minus": False,
                         "text.parse_math": False, "svg.hashsalt": "quarterhour"}):  # fmt: skip
        figure = _Sheet(results, kind, when, spoken).draw()
        for path in paths:
            _save(figure, path)
    return list(paths)


def _save(figure: Figure, path: Path) -> None:
    """Write a figure; nothing of the clock enters the file, and no reader sees half of it."""
    aside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    dated: dict[str, Any] = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
    try:
        figure.savefig(aside, dpi=DOTS_PER_INCH, metadata=dated)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


class _Sheet:
    """Draws one sheet."""

    def __init__(self, results: StudyResults, kind: str, when: str, language: str) -> None:
        self.results, self.kind, self.when, self.language = results, kind, when, language
        ids = [one.id for one in results.types]
        steps = plan_steps(results.get("summary_after"), results.get("points_after"), ids)
        self.step: Step | None = next((step for step in steps if step.key == when), None)
        self.steps = steps
        bounds = opening_bounds([results])
        self.crs = gpd.GeoSeries([shapely.box(*bounds)], crs=4326).estimate_utm_crs()
        self.frame = gpd.GeoSeries([shapely.box(*bounds)], crs=4326).to_crs(self.crs).total_bounds

    def say(self, key: str, **values: object) -> str:
        return tr(f"maps.{key}", self.language, **values)

    def draw(self) -> Figure:
        from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, needed here alone

        figure = Figure(figsize=PAPER, facecolor="white")
        axes = figure.add_axes((0.025, 0.045, 0.685, 0.83))
        self._ground(axes)
        self._areas(axes)
        self._ground(axes, above=True)
        self._outlines(axes)
        self._homes(axes)
        self._sites(axes)
        self._names(axes)
        self._frame(axes)
        self._heading(figure)
        self._legend(figure)
        return figure

    def _metric(self, name: str) -> gpd.GeoDataFrame | None:
        table = self.results.geo(name)
        return None if table is None else table.to_crs(self.crs)

    def _ground(self, axes: Axes, *, above: bool = False) -> None:
        ground = self._metric("map_ground")
        if ground is None:
            return
        land = ground[(ground["theme"] == "land") & (ground["kind"].isin(ABOVE_SHADING) == above)]
        for kind, rows in land.groupby("kind", sort=True):
            rows.plot(ax=axes, color=GROUND.get(str(kind), GROUND["other"]), linewidth=0.8)
        if above:
            self._streets(axes, ground[ground["theme"] == "street"])

    def _streets(self, axes: Axes, streets: gpd.GeoDataFrame) -> None:
        classes = street_classes(streets["kind"])
        for street_class in sorted(set(classes.tolist()), reverse=True):
            width = _WIDTHS[street_class]
            rows = streets[classes == street_class]
            if street_class < 4:
                rows.plot(ax=axes, color="#9aa4ac", linewidth=width + 0.5)
            rows.plot(ax=axes, color="#ffffff" if street_class < 4 else "#a7b0b7", linewidth=width)

    def _level(self, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the smallest areas."""
        order = ("community", "street", "district")
        level = next(
            (one for one in order if (areas["level"] == one).any()), areas["level"].iloc[0]
        )
        return areas[areas["level"] == level]

    def _areas(self, axes: Axes) -> None:
        areas, summary = self._metric("map_areas"), self.results.get("summary")
        if areas is None or summary is None:
            return
        drawn = self._level(areas)
        table = self.step.summary if self.step else summary
        letters = _SHARE.of(known_share(table, drawn, self.kind))
        for row, colour in enumerate(_SHARE.colours):
            self._fill(axes, drawn, letters, str(row), facecolor=colour, alpha=0.85)
        self._fill(axes, drawn, letters, "-", facecolor="#e8eaec", hatch="////")

    def _fill(
        self, axes: Axes, areas: gpd.GeoDataFrame, letters: str, wanted: str, **look: Any
    ) -> None:
        rows = areas[[letter == wanted for letter in letters]]
        if len(rows):
            rows.plot(
                ax=axes, edgecolor="#ffffff" if wanted != "-" else "#a2abb2", linewidth=0.4, **look
            )

    def _outlines(self, axes: Axes) -> None:
        areas = self._metric("map_areas")
        if areas is None:
            return
        for level, width in (("community", 0.4), ("street", 0.9), ("district", 1.6)):
            rows = areas[areas["level"] == level]
            if len(rows):
                rows.boundary.plot(ax=axes, color="#48545d", linewidth=width, alpha=0.8)

    def _homes(self, axes: Axes) -> None:
        points = self._metric("points")
        if points is None:
            return
        states = self.step.points if self.step and self.step.points is not None else points
        column = self.kind if self.kind == CIRCLE else f"{self.kind}_state"
        state = states[column].astype(str).to_numpy()
        residents = points["residents"].fillna(0).to_numpy(np.float64)
        most = max(float(np.quantile(residents, 0.98)) if len(residents) else 1.0, 1.0)
        for name, colour in zip(
            ("covered", "unknown", "gap"),
            (STATE_COLOURS[0], "#ffffff", STATE_COLOURS[1]),
            strict=True,
        ):
            chosen = state == name
            size = 90.0 * residents / most if name == "gap" else np.full(len(points), 3.0)
            place = points.geometry[chosen]
            axes.scatter(
                place.x, place.y, s=np.clip(size[chosen], 2.0, 130.0), c=colour, linewidths=0.4,
                edgecolors="#6b7780" if name == "unknown" else "#ffffff", zorder=5,
            )  # fmt: skip

    def _sites(self, axes: Axes) -> None:
        sites = self._metric("sites")
        if sites is None:
            return
        planned = self.when == TODAY
        box = {"boxstyle": "round,pad=0.25", "facecolor": "white" if planned else "#101820",
               "edgecolor": "#101820", "linewidth": 0.7}  # fmt: skip
        for row in sites.sort_values("rank", ascending=False).to_dict("records"):
            axes.text(
                row["geometry"].x, row["geometry"].y, str(row["rank"]), fontsize=5.2, ha="center",
                va="center", color="#101820" if planned else "white", bbox=box, zorder=7,
            )  # fmt: skip

    def _names(self, axes: Axes) -> None:
        from matplotlib.patheffects import withStroke  # noqa: PLC0415 - heavy, needed here alone

        areas = self._metric("map_areas")
        if areas is None:
            return
        rows = self._level(areas)
        width = (self.frame[2] - self.frame[0]) / 18
        taken: list[tuple[float, float]] = []
        for row in rows.loc[rows.geometry.area.sort_values(ascending=False).index].to_dict(
            "records"
        ):
            name = (
                row.get("name_en") if self.language == "en" and row.get("name_en") else row["name"]
            )
            at = row["geometry"].representative_point()
            if not name or any(
                abs(at.x - x) < 1.6 * width and abs(at.y - y) < width / 3 for x, y in taken
            ):
                continue
            taken.append((at.x, at.y))
            axes.text(
                at.x, at.y, clean(name)[:24], fontsize=6.2, ha="center", va="center", color="#27333d",
                zorder=6, path_effects=[withStroke(linewidth=1.8, foreground="white")],
            )  # fmt: skip

    def _frame(self, axes: Axes) -> None:
        west, south, east, north = self.frame
        margin = 0.03 * max(east - west, north - south)
        axes.set_xlim(west - margin, east + margin)
        axes.set_ylim(south - margin, north + margin)
        axes.set_aspect("equal", adjustable="box")
        axes.set_anchor("NW")
        axes.set_xlabel("")
        axes.set_ylabel("")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_facecolor("#f3f1ec")
        for spine in axes.spines.values():
            spine.set_edgecolor("#9aa4ac")
        self._scale_bar(axes, west, south, east - west, margin)
        self._north(axes)


    def _north(self, axes: Axes) -> None:
        """Draw the arrow of grid north, on a ground of its own so that no street crosses it."""
        look = {"xycoords": "axes fraction", "textcoords": "axes fraction", "ha": "center"}
        box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        axes.annotate(
            f"\n{self.say('sheet.north')}", xy=(0.962, 0.94), xytext=(0.962, 0.935), va="center",
            fontsize=9, color=_INK, zorder=9, bbox=box, **look,
        )  # fmt: skip
        axes.annotate(
            "", xy=(0.962, 0.975), xytext=(0.962, 0.935), zorder=10, **look,
            arrowprops={"arrowstyle": "-|>", "color": _INK, "linewidth": 1.4},
        )  # fmt: skip

    def _scale_bar(
        self, axes: Axes, west: float, south: float, width: float, margin: float
    ) -> None:
        metres = round_length(width / 5)
        bottom, height = south - 0.6 * margin, margin * 0.22
        for part, colour in ((0, _INK), (1, "white")):
            axes.fill(
                west + metres / 2 * np.array([part, part + 1, part + 1, part]),
                bottom + height * np.array([0, 0, 1, 1]), facecolor=colour, edgecolor=_INK,
                linewidth=0.7, zorder=8,
            )  # fmt: skip
        words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
        for at, text in ((0, "0"), (metres, words)):
            axes.text(west + at, bottom + 1.5 * height, text, fontsize=6.5, ha="center", va="bottom",
                      zorder=8, color=_INK)  # fmt: skip

    def _heading(self, figure: Figure) -> None:
        about = self.results.about
        title = about.title_en if self.language == "en" and about.title_en else about.title
        figure.text(
            0.025, 0.945, clean(title)[:_LONGEST_NAME], fontsize=17, weight="bold", color=_INK
        )
        shown = f"{self._type_name()} · {self._when()}"
        figure.text(0.025, 0.902, shown, fontsize=10.5, color=_SOFT)
        if about.label:
            figure.text(
                0.71, 0.952, clean(about.label)[:_LONGEST_NAME], fontsize=8, color="#6d4600", ha="right",
                va="center", bbox={"facecolor": "#fff1cf", "edgecolor": "#efd28a", "boxstyle": "round"},
            )  # fmt: skip

    def _type_name(self) -> str:
        if self.kind == CIRCLE:
            return self.say("circle")
        kind = next(one for one in self.results.types if one.id == self.kind)
        return clean((kind.name_en if self.language == "en" else "") or kind.name)

    def _when(self) -> str:
        return (
            self.say(self.when)
            if self.when in {TODAY, "after"}
            else self.say("by_end", year=self.when)
        )

    def _legend(self, figure: Figure) -> None:
        axes = figure.add_axes((0.725, 0.045, 0.25, 0.83))
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        down = self._figures(axes, 0.995)
        down = self._scale(axes, down - 0.025)
        down = self._signs(axes, down - 0.015)
        self._notes(axes, down - 0.02)

    def _figures(self, axes: Axes, top: float) -> float:
        """Write coverage by type, today and at the end of the plan."""
        summary = self.results.get("summary")
        if summary is None:
            return top
        tables = [summary, *([self.steps[-1].summary] if self.steps else [])]
        axes.text(
            0, top, self.say("figures.title"), fontsize=9.5, weight="bold", va="top", color=_INK
        )
        axes.text(
            0, top - 0.033, self.say("figures.unit_short"), fontsize=6.5, va="top", color=_SOFT
        )
        down = top - 0.07
        heads = [self.say("today"), self.say("after")][: len(tables)]
        for column, head in enumerate(heads):
            axes.text(
                0.78 + 0.22 * column - 0.22 * (len(tables) < 2),
                down,
                head,
                fontsize=6.5,
                ha="right",
                va="top",
                color=_SOFT,
            )
        down -= 0.026
        for kind in (CIRCLE, *(one.id for one in self.results.types)):
            down = self._figure_row(axes, down, kind, tables)
        return down

    def _figure_row(
        self, axes: Axes, down: float, kind: str, tables: Sequence[pd.DataFrame]
    ) -> float:
        weight = "bold" if kind in {CIRCLE, self.kind} else "normal"
        sheet = _Named(self, kind)
        axes.text(0, down, sheet.name, fontsize=7.5, va="top", color=_INK, weight=weight)
        for column, table in enumerate(tables):
            axes.text(0.78 + 0.22 * column, down, _certain(table, kind), fontsize=7.5, ha="right",
                      va="top", color=_INK, weight=weight)  # fmt: skip
        axes.plot([0, 1], [down - 0.024] * 2, color="#e2e7eb", linewidth=0.6)
        return down - 0.031

    def _scale(self, axes: Axes, top: float) -> float:
        axes.text(
            0, top, self.say("legend.title"), fontsize=9.5, weight="bold", va="top", color=_INK
        )
        axes.text(
            0, top - 0.034, self.say("legend.unit"), fontsize=6.8, va="top", color=_SOFT, wrap=True
        )
        down, width = top - 0.085, 1 / len(_SHARE.colours)
        for row, colour in enumerate(_SHARE.colours):
            axes.fill(
                [row * width, (row + 1) * width] * 2,
                [down, down, down + 0.02, down + 0.02],
                alpha=0,
            )
            axes.add_patch(_rectangle(row * width, down, width, 0.022, colour))
        for row, edge in enumerate(_SHARE.edges):
            axes.text(
                row * width,
                down - 0.008,
                f"{100 * edge:.0f}",
                fontsize=6.5,
                ha="center",
                va="top",
                color=_SOFT,
            )
        return down - 0.035

    def _signs(self, axes: Axes, top: float) -> float:
        rows: list[tuple[str, dict[str, Any]]] = [
            ("legend.gap", {"marker": "o", "color": STATE_COLOURS[1], "markersize": 7}),
            ("legend.covered", {"marker": "o", "color": STATE_COLOURS[0], "markersize": 3}),
            ("legend.unknown", {"marker": "o", "color": "white", "markeredgecolor": "#6b7780", "markersize": 5}),
        ]  # fmt: skip
        if self.results.get("sites") is not None:
            hollow = "white" if self.when == TODAY else "#101820"
            rows.append(
                (
                    "legend.site",
                    {"marker": "s", "color": hollow, "markeredgecolor": "#101820", "markersize": 7},
                )
            )
        axes.add_patch(
            _rectangle(0.015, top - 0.028, 0.07, 0.02, "#e8eaec", hatch="////", edgecolor="#a2abb2")
        )
        axes.text(
            0.13, top - 0.018, self.say("legend.area_unknown"), fontsize=7, va="center", color=_INK
        )
        down = top - 0.05
        for word, look in rows:
            axes.plot([0.05], [down], linestyle="none", **look)
            axes.text(0.13, down, self.say(word), fontsize=7, va="center", color=_INK)
            down -= 0.031
        return down

    def _notes(self, axes: Axes, top: float) -> None:
        about = self.results.about
        unknown = self._unknown()
        lines = [
            *([self.say("sheet.unknown", number=f"{unknown:,.0f}")] if unknown else []),
            self.say("made", date=about.made_on) if about.made_on else "",
            "; ".join(clean(source) for source in about.sources),
            f"quarterhour {clean(about.version)} · {self.say('sheet.projection', crs=self.crs.to_string())}",
        ]
        down = top
        for line in filter(None, lines):
            for part in _wrapped(line, 52):
                if down < 0.0:
                    return
                axes.text(0, down, part, fontsize=6.3, va="top", color=_SOFT)
                down -= 0.022
            down -= 0.006

    def _unknown(self) -> float:
        summary = self.results.get("summary")
        if summary is None:
            return 0.0
        rows = summary[(summary["level"] == "city") & (summary["type"] == self.kind)]
        return float(rows["unknown"].sum())


class _Named:
    """Name of a type in the language of a sheet."""

    def __init__(self, sheet: _Sheet, kind: str) -> None:
        found = {one.id: one for one in sheet.results.types}.get(kind)
        english = sheet.language == "en"
        self.name = (
            sheet.say("circle")
            if found is None
            else clean((found.name_en if english else "") or found.name)
        )


def _certain(summary: pd.DataFrame, kind: str) -> str:
    """Return the share of all residents who are certainly covered."""
    rows = summary[(summary["level"] == "city") & (summary["type"] == kind)]
    if rows.empty or not float(rows["residents"].iloc[0]):
        return "–"
    return f"{float(rows['covered'].iloc[0]) / float(rows['residents'].iloc[0]):.1%}"


def _rectangle(x: float, y: float, width: float, height: float, colour: str, **look: Any) -> Any:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - heavy, needed here alone

    return Rectangle((x, y), width, height, **({"facecolor": colour, "edgecolor": "none"} | look))


def _wrapped(text: str, width: int) -> list[str]:
    """Return text in lines of at most ``width`` letters, an East Asian one counting as two.

    Lines break after blanks and between East Asian letters, within a word only where it is longer
    than a line.
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


def round_length(metres: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is not above ``metres``."""
    power = 10.0 ** np.floor(np.log10(metres))
    return float(next(step * power for step in (5, 2, 1) if step * power <= metres * (1 + 1e-9)))
