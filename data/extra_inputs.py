"""Tables beside the canonical ones that a study may name: complaints, survey."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from .complaints import read_complaints
from .faults import FaultLog
from .outlet_types import mapping_from
from .places import place_ids
from .standards import StandardsPack
from .study import StudyConfig, TableSection
from .survey import read_survey
from .tables import RawTable


@dataclass(frozen=True, slots=True)
class ExtraInputs:
    """Optional tables of a study; None where it names none.

    Attributes
    ----------
    complaints
        See `quarterhour.data.complaints`.
    survey
        See `quarterhour.data.survey`.
    """

    complaints: pd.DataFrame | None = None
    survey: pd.DataFrame | None = None


def read_extras(
    config: StudyConfig,
    pack: StandardsPack,
    areas: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    table: Callable[[TableSection, str], RawTable | None],
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
    places = place_ids(areas, demand)
    complaints = survey = None
    if config.complaints is not None:
        section = config.complaints
        raw = table(section, "complaints")
        if raw is not None:
            complaints = read_complaints(
                raw, pack=pack, places=places, columns=section.columns, unmapped=section.unmapped,
                types=mapping_from(section.types) if section.types else None, log=log,
            )  # fmt: skip
    if config.survey is not None:
        raw = table(config.survey, "survey")
        if raw is not None:
            survey = read_survey(
                raw, pack=pack, places=places, columns=config.survey.columns, log=log
            )
    return ExtraInputs(complaints, survey)
