"""What a study was read into: its tables, and where they came from."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import shapely

from .extra_inputs import ExtraInputs
from .faults import Fault
from .standards import StandardsPack
from .streets import Streets


@dataclass(frozen=True, slots=True)
class InputSource:
    """One file that a study was read from.

    Attributes
    ----------
    file
        As the study names it.
    kind
        What it was read as: streets, demand, facilities, …
    sha256
        Of its bytes, "" where there is no file.
    rows
        Rows (or street pieces) read.
    """

    file: str
    kind: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class StudyInputs:
    """The inputs of a study; the tables are those of ``docs/architecture.md``.

    Attributes
    ----------
    pack
        Standards.
    streets
        Walkable streets.
    demand, facilities, areas
        Canonical tables; ``areas`` may be empty.
    entrances, candidates
        Canonical tables, or None where the study has none.
    extent
        Area studied (EPSG:4326), or None.
    sources
        Every file read.
    warnings
        What the user should know though the run goes on.
    unmapped
        Category -> rows of the outlet tables left out because no type was mapped.
    datums
        File -> datum its coordinates were read in.
    recognised
        File -> columns found by their header, canonical name -> source, as the user did not map
        them.
    extras
        Complaints, survey and the like.
    """

    pack: StandardsPack
    streets: Streets
    demand: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame
    entrances: gpd.GeoDataFrame | None
    candidates: gpd.GeoDataFrame | None
    extent: shapely.Geometry | None
    sources: tuple[InputSource, ...]
    warnings: tuple[Fault, ...]
    unmapped: dict[str, int] = field(default_factory=dict)
    datums: dict[str, str] = field(default_factory=dict)
    recognised: dict[str, dict[str, str]] = field(default_factory=dict)
    extras: ExtraInputs = field(default_factory=ExtraInputs)
