"""A one-page map sheet for documents, as PNG and PDF: title, map, legend, scale, north, sources."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterhour.data.text import tr

from .coverage_layers import TODAY
from .fonts import chinese_font
from .page_data import CIRCLE
from .payload import clean
from .results import StudyResults
from .sheet_legend import draw_legend
from .sheet_map import draw_map
from .sheet_view import INK, SOFT, SheetView, sheet_view

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A4 landscape, inches.
PAPER = (297 / 25.4, 210 / 25.4)

#: Of PNG files; 200 dots an inch print well and stay below 2 MB.
DOTS_PER_INCH = 200

_LONGEST_NAME = 60


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
    ValueError
        If there is no such type or time.
    OSError
        If a file cannot be written; an earlier one is then untouched.
    RuntimeError
        If the sheet is to be Chinese and no font on the machine has Chinese characters.
    """
    import matplotlib as mpl  # noqa: PLC0415 - heavy, needed here alone

    spoken = language or results.about.language
    view = sheet_view(results, kind, when, spoken)
    font = chinese_font()
    if spoken == "zh" and font is None:
        raise RuntimeError(tr("maps.sheet.no_font", spoken))
    # User text may hold dollar signs and underscores: it is no formula.
    look: Any = {
        "font.family": [name for name in (font, "DejaVu Sans") if name],
        "pdf.fonttype": 42, "axes.unicode_minus": False, "text.parse_math": False,
    }  # fmt: skip
    with mpl.rc_context(look):
        figure = _draw(view)
        for path in paths:
            _save(figure, path)
    return list(paths)


def _draw(view: SheetView) -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415 - heavy, needed here alone

    figure = Figure(figsize=PAPER, facecolor="white")
    draw_map(figure.add_axes((0.025, 0.045, 0.685, 0.83)), view)
    draw_legend(figure.add_axes((0.725, 0.045, 0.25, 0.83)), view)
    _heading(figure, view)
    return figure


def _heading(figure: Figure, view: SheetView) -> None:
    about = view.results.about
    title = view.either(about.title, about.title_en)[:_LONGEST_NAME]
    figure.text(0.025, 0.945, title, fontsize=17, weight="bold", color=INK)
    shown = f"{view.type_name(view.kind)} · {view.time_name()}"
    figure.text(0.025, 0.902, shown, fontsize=10.5, color=SOFT)
    if about.label:
        box = {"facecolor": "#fff1cf", "edgecolor": "#efd28a", "boxstyle": "round"}
        figure.text(0.975, 0.952, clean(about.label)[:_LONGEST_NAME], fontsize=8, color="#6d4600",
                    ha="right", va="center", bbox=box)  # fmt: skip


def _save(figure: Figure, path: Path) -> None:
    """Write a figure; nothing of the clock enters the file, and no reader sees half of it."""
    aside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    dated: dict[str, Any] = {"CreationDate": None} if path.suffix == ".pdf" else {"Software": None}
    try:
        figure.savefig(aside, dpi=DOTS_PER_INCH, metadata=dated)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
