"""The map of a sheet: ground, areas, streets, homes, sites, names, scale bar, north."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from .coverage_layers import STATE_COLOURS, TODAY, known_share
from .geometry import street_classes
from .page_data import CIRCLE
from .plan_layers import ABOVE_SHADING, GROUND
from .sheet_view import HATCHED, INK, LINE, SHARE, SheetView

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Widths of streets in points, by class; the first four are white with a casing.
_WIDTHS = (1.5, 1.3, 1.0, 0.8, 0.45, 0.3)
_CASED = 4
_LEVELS = ("community", "street", "district")
_KM = 1000.0


def draw_map(axes: Axes, view: SheetView) -> None:
    """Draw everything of the map, bottom up."""
    _land(axes, view, above=False)
    _areas(axes, view)
    _land(axes, view, above=True)
    _streets(axes, view)
    _borders(axes, view)
    _homes(axes, view)
    _sites(axes, view)
    _names(axes, view)
    _frame(axes, view)
    _scale_bar(axes, view)
    _north(axes, view)


def _land(axes: Axes, view: SheetView, *, above: bool) -> None:
    ground = view.metric("map_ground")
    if ground is None:
        return
    land = ground[(ground["theme"] == "land") & (ground["kind"].isin(ABOVE_SHADING) == above)]
    for kind, rows in land.groupby("kind", sort=True):
        rows.plot(ax=axes, color=GROUND.get(str(kind), GROUND["other"]), linewidth=0.8)


def _streets(axes: Axes, view: SheetView) -> None:
    ground = view.metric("map_ground")
    if ground is None or not (ground["theme"] == "street").any():
        return
    streets = ground[ground["theme"] == "street"]
    classes = street_classes(streets["kind"])
    for street_class in sorted(set(classes.tolist()), reverse=True):
        rows, width = streets[classes == street_class], _WIDTHS[street_class]
        if street_class < _CASED:
            rows.plot(ax=axes, color="#9aa4ac", linewidth=width + 0.5)
        rows.plot(ax=axes, color="#ffffff" if street_class < _CASED else "#a7b0b7", linewidth=width)


def smallest(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the areas of the smallest level there is."""
    level = next((one for one in _LEVELS if (areas["level"] == one).any()), areas["level"].iloc[0])
    return areas[areas["level"] == level]


def _areas(axes: Axes, view: SheetView) -> None:
    areas, summary = view.metric("map_areas"), view.results.get("summary")
    if areas is None or summary is None:
        return
    drawn = smallest(areas)
    table = view.step.summary if view.step else summary
    inhabited = drawn["id"].isin(table.loc[table["residents"] > 0, "area"])
    drawn = drawn[inhabited]
    letters = np.array(list(SHARE.of(known_share(table, drawn, view.kind))))
    looks: dict[str, dict[str, Any]] = {"-": HATCHED}
    looks |= {str(row): {"facecolor": colour, "alpha": 0.85, "edgecolor": "#ffffff"}
              for row, colour in enumerate(SHARE.colours)}  # fmt: skip
    for letter, look in looks.items():
        rows = drawn[letters == letter]
        if len(rows):
            rows.plot(ax=axes, linewidth=0.4, **look)


def _borders(axes: Axes, view: SheetView) -> None:
    areas = view.metric("map_areas")
    if areas is None:
        return
    for level, width in zip(_LEVELS, (0.4, 0.9, 1.6), strict=True):
        rows = areas[areas["level"] == level]
        if len(rows):
            rows.boundary.plot(ax=axes, color=LINE, linewidth=width, alpha=0.8)


def _homes(axes: Axes, view: SheetView) -> None:
    points = view.metric("points")
    if points is None:
        return
    after = None if view.step is None else view.step.points
    table = points if after is None else after
    state = table[view.kind if view.kind == CIRCLE else f"{view.kind}_state"].astype(str).to_numpy()
    residents = points["residents"].fillna(0).to_numpy(np.float64)
    most = max(float(np.quantile(residents, 0.98)), 1.0)
    covered, gap = STATE_COLOURS[:2]
    for name, colour, edge in (
        ("covered", covered, "#ffffff"), ("unknown", "#ffffff", "#6b7780"), ("gap", gap, "#ffffff"),
    ):  # fmt: skip
        chosen = state == name
        size = 90.0 * residents[chosen] / most if name == "gap" else np.full(chosen.sum(), 3.0)
        place = points.geometry[chosen]
        axes.scatter(place.x, place.y, s=np.clip(size, 2.0, 130.0), c=colour, linewidths=0.4,
                     edgecolors=edge, zorder=5)  # fmt: skip


def _sites(axes: Axes, view: SheetView) -> None:
    sites = view.metric("sites")
    if sites is None:
        return
    ink, paper = (INK, "white") if view.when == TODAY else ("white", INK)
    box = {"boxstyle": "round,pad=0.25", "facecolor": paper, "edgecolor": INK, "linewidth": 0.7}
    for row in sites.sort_values("rank", ascending=False).to_dict("records"):
        at = row["geometry"]
        axes.text(at.x, at.y, str(row["rank"]), fontsize=5.2, ha="center", va="center", color=ink,
                  bbox=box, zorder=7)  # fmt: skip


def _names(axes: Axes, view: SheetView) -> None:
    """Write the areas' names, largest first; one that would cover another is left out."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 - heavy, needed here alone

    areas = view.metric("map_areas")
    if areas is None:
        return
    rows = smallest(areas)
    wide = (view.frame[2] - view.frame[0]) / 11
    taken: list[tuple[float, float]] = []
    order = rows.geometry.area.sort_values(ascending=False, kind="stable").index
    for row in rows.loc[order].to_dict("records"):
        name, at = view.either(row["name"], row.get("name_en") or ""), row["geometry"]
        at = at.representative_point()
        if not name or any(abs(at.x - x) < wide and abs(at.y - y) < wide / 5 for x, y in taken):
            continue
        taken.append((at.x, at.y))
        axes.text(at.x, at.y, name[:24], fontsize=6.2, ha="center", va="center", color="#27333d",
                  zorder=6, path_effects=[withStroke(linewidth=1.8, foreground="w")])  # fmt: skip


def _margin(view: SheetView) -> float:
    west, south, east, north = view.frame
    return 0.03 * float(max(east - west, north - south))


def _frame(axes: Axes, view: SheetView) -> None:
    west, south, east, north = view.frame
    margin = _margin(view)
    axes.set(xlim=(west - margin, east + margin), ylim=(south - margin, north + margin),
             xlabel="", ylabel="", xticks=[], yticks=[], facecolor="#f3f1ec")  # fmt: skip
    axes.set_aspect("equal", adjustable="box")
    axes.set_anchor("NW")
    for spine in axes.spines.values():
        spine.set_edgecolor("#9aa4ac")


def _scale_bar(axes: Axes, view: SheetView) -> None:
    west, south, east, _ = view.frame
    margin, metres = _margin(view), round_length((east - west) / 5)
    bottom, height = south - 0.6 * margin, margin * 0.22
    for part, colour in ((0, INK), (1, "white")):
        axes.fill(
            west + metres / 2 * np.array([part, part + 1, part + 1, part]),
            bottom + height * np.array([0, 0, 1, 1]), facecolor=colour, edgecolor=INK,
            linewidth=0.7, zorder=8,
        )  # fmt: skip
    words = f"{metres / _KM:g} km" if metres >= _KM else f"{metres:g} m"
    for at, text in ((0, "0"), (metres, words)):
        axes.text(west + at, bottom + 1.5 * height, text, fontsize=6.5, ha="center", va="bottom",
                  zorder=8, color=INK)  # fmt: skip


def _north(axes: Axes, view: SheetView) -> None:
    """Draw the arrow of grid north, on a ground of its own so that no street crosses it."""
    at: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "axes fraction",
        "ha": "center",
    }
    box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
    axes.annotate(f"\n{view.say('sheet.north')}", xy=(0.962, 0.94), xytext=(0.962, 0.935),
                  va="center", fontsize=9, color=INK, zorder=9, bbox=box, **at)  # fmt: skip
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.4}
    axes.annotate("", xy=(0.962, 0.975), xytext=(0.962, 0.935), zorder=10, arrowprops=arrow, **at)


def round_length(metres: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is not above ``metres``."""
    power = 10.0 ** np.floor(np.log10(metres))
    return float(next(step * power for step in (5, 2, 1) if step * power <= metres * (1 + 1e-9)))
