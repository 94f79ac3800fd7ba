"""What the page of a study is made from: tables alone, so that result files can make it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import pandas as pd

from .basemap import BaseMap
from .steps import Step, plan_steps

#: Column of ``points`` and row of ``summary`` that speak of all basic types together.
CIRCLE = "circle"

LANGUAGES = ("zh", "en")

_COUNTS = ("points", "residents", "covered", "gap", "unknown", "overcount")
_SUMMARY = ("level", "area", "type", *_COUNTS)
_COLUMNS = {
    "streets": ("kind",),
    "background": ("kind", "name"),
    "areas": ("id", "name", "name_en", "level"),
    "points": ("id", "name", "residents"),
    "outlets": ("id", "name", "type"),
    "sites": ("id", "candidate", "name", "type", "count", "rank", "newly_covered"),
    "summary": _SUMMARY,
    "summary_after": _SUMMARY,
    "points_after": (),
    "gaps": ("rank", "place", "place_name", "type", "residents"),
}


@dataclass(frozen=True, slots=True)
class PageType:
    """One facility type as a reader sees it.

    Attributes
    ----------
    id
        Id in the standards pack.
    name, name_en
        Chinese and English name.
    metres, minutes
        Threshold as walking distance (m) and walking time (min).
    basic
        Whether the type counts towards the full circle.
    verified
        Whether the threshold was checked against its source.
    source
        Clause and document that the threshold comes from.
    """

    id: str
    name: str
    name_en: str
    metres: float
    minutes: float
    basic: bool = True
    verified: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class PageData:
    """Everything the page shows. Geometry is EPSG:4326; persons, metres and minutes throughout.

    Attributes
    ----------
    title, subtitle
        Name of the study, and a line beneath it.
    label
        Shown prominently when not empty, e.g. "synthetic data".
    language
        Language the page opens in, ``"zh"`` or ``"en"``; the reader may switch.
    types
        The types judged, in the order to list them.
    criterion
        What thresholds are tested on.
    streets
        LineStrings with ``kind`` (OSM ``highway`` value or "").
    background
        Any geometry with ``kind`` (water, river, railway, park, green, building, …) and ``name``.
    areas
        The canonical ``areas`` table (see ``docs/architecture.md``); may be empty.
    points
        ``coverage.summary.point_table``.
    summary
        ``coverage.summary.summarise``.
    outlets
        The canonical ``facilities`` that exist.
    sites
        Proposed outlets, a row a (candidate, type): ``id, candidate, name, address, type, count,
        district, street, community, rank, newly_covered`` (persons) ``, lost_if_dropped``
        (persons) ``, alternative`` (candidate id) ``, alternative_loss`` (persons). None: no plan.
    summary_after, points_after
        The same tables after the plan, ``points_after`` in the row order of ``points`` with
        ``<type>_state`` and ``circle``. None: no plan.
        Where the plan has years, both hold them as `quarterhour.maps.steps` says.
    plan
        Run of the solver: ``status, objective, bound, gap`` (0-1) ``, solver, seconds, outlets``.
    sources
        Data sources and licences to credit.
    made_on, version
        Date of the run and version of the program.
    facts
        What the reader needs to trace the run (input hash, profile, snapping limit, …).
    title_en, subtitle_en
        English title and line; "" repeats the others.
    gaps
        The gap list, worst first: ``rank, place, place_name, place_name_en, type, residents,
        minutes`` and geometry; None: the areas with most residents in a gap stand in for it.
    target
        Share of residents that is to reach all basic types, None without a target.
    progress
        Outlets opened and those of the plan, None before anything was reported.
    tiles
        Base map; None for none.
    """

    title: str
    subtitle: str
    label: str
    language: str
    types: tuple[PageType, ...]
    criterion: Literal["metres", "minutes"]
    streets: gpd.GeoDataFrame
    background: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    points: gpd.GeoDataFrame
    summary: pd.DataFrame
    outlets: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame | None
    summary_after: pd.DataFrame | None
    points_after: pd.DataFrame | None
    plan: Mapping[str, object] | None
    sources: tuple[str, ...]
    made_on: str
    version: str
    facts: Mapping[str, str]
    title_en: str = ""
    subtitle_en: str = ""
    gaps: gpd.GeoDataFrame | None = None
    target: float | None = None
    progress: tuple[int, int] | None = None
    tiles: BaseMap | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """Steps of the plan: none, one, or a step a year."""
        ids = [kind.id for kind in self.types]
        return plan_steps(self.summary_after, self.points_after, ids)


def check_page_data(data: PageData) -> None:
    """Refuse tables that break the contract, all breaches in one message.

    Raises
    ------
    ValueError
        If a table lacks a column, has another CRS than EPSG:4326, the language is not one of
        `LANGUAGES`, or the tables before and after the plan do not match.
    """
    breaches = list(_breaches(data))
    if breaches:
        message = "page data breaks its contract: " + "; ".join(breaches)
        raise ValueError(message)


def _breaches(data: PageData) -> Iterator[str]:
    if data.language not in LANGUAGES:
        yield f"language is {data.language!r}, expected one of {', '.join(LANGUAGES)}"
    if not data.types:
        yield "types is empty, expected at least one type"
    for table, required in _COLUMNS.items():
        yield from _table_breaches(data, table, required)
    if (data.summary_after is None) != (data.points_after is None):
        yield "give both summary_after and points_after, or neither"
    for step in data.steps if data.summary_after is not None else ():
        if step.points is not None:
            yield from _step_breaches(data, step)


def _step_breaches(data: PageData, step: Step) -> Iterator[str]:
    assert step.points is not None  # noqa: S101 - asked by the caller
    if len(step.points) != len(data.points):
        yield f"points_after has {len(step.points)} rows, points {len(data.points)}"
    wanted = [*(f"{kind.id}_state" for kind in data.types), CIRCLE]
    lacking = [name for name in wanted if name not in step.points.columns]
    if lacking and len(step.points):
        yield f"points_after lacks {', '.join(lacking)}"


def _table_breaches(data: PageData, table: str, required: tuple[str, ...]) -> Iterator[str]:
    frame = getattr(data, table)
    if frame is None:
        return
    columns = [*required, *_state_columns(data, table)]
    # An empty background or area table is legal and often has no columns at all.
    lacking = [name for name in columns if name not in frame.columns] if len(frame) else []
    if lacking:
        yield f"{table} lacks {', '.join(lacking)}"
    if isinstance(frame, gpd.GeoDataFrame) and len(frame) and frame.crs != "EPSG:4326":
        yield f"{table} has CRS {frame.crs}, expected EPSG:4326"


def _state_columns(data: PageData, table: str) -> list[str]:
    states = [*(f"{kind.id}_state" for kind in data.types), CIRCLE]
    walks = [f"{kind.id}_{what}" for kind in data.types for what in ("metres", "minutes", "outlet")]
    return [*states, *walks] if table == "points" else []
