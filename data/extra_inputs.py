"""Tables beside the canonical ones: complaints, survey, parking lots, green spaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from .area_labels import label_areas
from .complaints import read_complaints
from .faults import FaultLog
from .green import GreenTable, read_green
from .outlet_types import mapping_from
from .parking import read_parking
from .places import place_ids
from .standards import StandardsPack
from .study import StudyConfig, TableSection
from .survey import read_survey
from .tables import RawTable

_Table = Callable[[TableSection, str], RawTable | None]


@dataclass(frozen=True, slots=True)
class ExtraInputs:
    """Optional tables of a study; None where it names none.

    Attributes
    ----------
    complaints
        See `quarterhour.data.complaints`.
    survey
        See `quarterhour.data.survey`.
    parking
        Register of lots with the ids of their areas, see `quarterhour.data.parking`.
    green
        See `quarterhour.data.green`.
    """

    complaints: pd.DataFrame | None = None
    survey: pd.DataFrame | None = None
    parking: gpd.GeoDataFrame | None = None
    green: GreenTable | None = None


def read_extras(
    config: StudyConfig,
    pack: StandardsPack,
    areas: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    table: _Table,
    log: FaultLog,
) -> ExtraInputs:
    """Read the optional tables that a study names.

    Parameters
    ----------
    config, pack
        The study and its standards.
    areas, demand
        Canonical tables: what the communities are called.
    table
        Reads the file of a section, noting it under a kind.
    log
        Takes every fault.

    Returns
    -------
    ExtraInputs
    """
    complaints = _complaints(config, pack, place_ids(areas, demand), table, log)
    survey = None
    if config.survey is not None:
        raw = table(config.survey, "survey")
        if raw is not None:
            survey = read_survey(
                raw, pack=pack, places=place_ids(areas, demand),
                columns=config.survey.columns, log=log,
            )  # fmt: skip
    return ExtraInputs(
        complaints, survey, _parking(config, areas, table, log), _green(config, table, log)
    )


def _complaints(
    config: StudyConfig, pack: StandardsPack, places: dict[str, str], table: _Table, log: FaultLog
) -> pd.DataFrame | None:
    section = config.complaints
    raw = None if section is None else table(section, "complaints")
    if section is None or raw is None:
        return None
    return read_complaints(
        raw, pack=pack, places=places, columns=section.columns, unmapped=section.unmapped,
        types=mapping_from(section.types) if section.types else None, log=log,
    )  # fmt: skip


def _parking(
    config: StudyConfig, areas: gpd.GeoDataFrame, table: _Table, log: FaultLog
) -> gpd.GeoDataFrame | None:
    section = config.parking
    raw = None if section is None else table(section, "parking")
    if section is None or raw is None:
        return None
    read = read_parking(raw, columns=section.columns, datum=section.datum or None, log=log)
    # Lots outside all communities are told by the measure itself, as area "".
    return None if read is None else label_areas(read.frame, areas, log=FaultLog())


def _green(config: StudyConfig, table: _Table, log: FaultLog) -> GreenTable | None:
    section = config.green
    raw = None if section is None else table(section, "green")
    if section is None or raw is None:
        return None
    gates = None
    if section.entrances_file:
        gates = table(TableSection(file=section.entrances_file), "green_entrances")
    return read_green(
        raw, entrances=gates, kind=section.kind, columns=section.columns,
        datum=section.datum or None, log=log,
    )  # fmt: skip
