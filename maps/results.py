"""The results of a study as the maps read them: a folder's tables, whatever of them there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from quarterhour.data.faults import FaultLog

from .page_data import PageType

#: Tables read where they exist; the maps need nothing else.
TABLES = (
    "points", "outlets", "summary", "gaps", "straight_line", "complaints", "survey",
    "completeness", "parking", "sharing_lots", "breakfast", "breakfast_points",
    "breakfast_outlets", "green_places", "sites", "points_after", "summary_after",
    "map_areas", "map_ground", "map_reach", "map_routes",
)  # fmt: skip

_FOLDER = "results"


@dataclass(frozen=True, slots=True)
class About:
    """What a reader must know of a map besides its figures.

    Attributes
    ----------
    title, title_en
        Name of the study; "" in English repeats the other.
    label
        Shown prominently when not empty, e.g. "synthetic data".
    language
        Language the map opens in.
    sources
        Data and licences to credit.
    made_on, version
        Date of the results and version of the program.
    standards
        What judges, in the study's language.
    """

    title: str
    title_en: str = ""
    label: str = ""
    language: str = "zh"
    sources: tuple[str, ...] = ()
    made_on: str = ""
    version: str = ""
    standards: str = ""


@dataclass(frozen=True, slots=True)
class StudyResults:
    """Tables and facts of a measured (and perhaps planned) study.

    Attributes
    ----------
    about
        Title, sources, date.
    types
        The types judged, in order.
    criterion
        What thresholds are tested on.
    tables
        Tables by the name of their file; those that exist. Geometry is EPSG:4326.
    plan
        Facts of the stage ``plan``; None without one.
    facts
        Facts of the stage ``measure``.
    """

    about: About
    types: tuple[PageType, ...]
    criterion: Literal["metres", "minutes"]
    tables: Mapping[str, pd.DataFrame]
    plan: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> pd.DataFrame | None:
        """Return a table, None where there is none or it is empty."""
        found = self.tables.get(name)
        return None if found is None or found.empty else found

    def geo(self, name: str) -> gpd.GeoDataFrame | None:
        """Return a table with geometry, None where there is none or it is empty."""
        found = self.get(name)
        return found if isinstance(found, gpd.GeoDataFrame) else None


def read_results(folder: str | Path) -> StudyResults:
    """Read the results of a study.

    Parameters
    ----------
    folder
        A study's folder, its ``study.toml``, or its folder of results.

    Raises
    ------
    InputFaults
        If the folder holds no results of ``quarterhour measure``.
    """
    place = _results_folder(Path(folder))
    measured = _facts(place, "measure")
    if measured is None or not (place / "points.parquet").is_file():
        log = FaultLog()
        log.add("map_no_results", file=place)
        log.raise_if_any()
    assert measured is not None  # noqa: S101 - else the fault was raised
    drawn = (_facts(place, "map") or {}).get("about", {})
    return StudyResults(
        about=_about(drawn, measured),
        types=_types(drawn, measured),
        criterion=measured["criterion"],
        tables=read_tables(place),
        plan=_facts(place, "plan"),
        facts=measured,
    )


def read_tables(place: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of a folder of results that the maps can use."""
    paths = {name: place / f"{name}.parquet" for name in TABLES}
    found = {name: _read(path) for name, path in paths.items() if path.is_file()}
    if "map_areas" not in found and (place / "coverage.gpkg").is_file():
        layers = gpd.list_layers(place / "coverage.gpkg")["name"].tolist()
        if "areas" in layers:
            found["map_areas"] = gpd.read_file(place / "coverage.gpkg", layer="areas")
    return found


def _results_folder(path: Path) -> Path:
    folder = path.parent if path.suffix == ".toml" else path
    return folder / _FOLDER if (folder / _FOLDER).is_dir() else folder


def _read(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return gpd.read_parquet(path) if "geometry" in table else table


def _facts(place: Path, stage: str) -> dict[str, Any] | None:
    try:
        found = json.loads((place / f"{stage}.json").read_text(encoding="utf-8"))["facts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def _about(drawn: Mapping[str, Any], measured: Mapping[str, Any]) -> About:
    known = {name: drawn[name] for name in About.__slots__ if name in drawn}
    if "sources" in known:
        known["sources"] = tuple(known["sources"])
    return About(**{"title": measured.get("study", ""), **known})


def _types(drawn: Mapping[str, Any], measured: Mapping[str, Any]) -> tuple[PageType, ...]:
    checked = drawn.get("thresholds", {})
    return tuple(
        PageType(
            kind, entry["name_zh"], entry["name_en"], entry["metres"], entry["minutes"],
            entry["basic"], **checked.get(kind, {}),
        )
        for kind, entry in measured["types"].items()
    )  # fmt: skip
