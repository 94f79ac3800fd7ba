"""All measures beside plain coverage: each gives tables, or says why it is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd

from quarterhour.coverage.circles import ServiceCircles
from quarterhour.data.faults import Fault, FaultLog

from . import governance, places, supply
from .study_run import StudyRun

#: A measure's tables by name, or the key of the reason why it is left out.
Outcome = dict[str, pd.DataFrame] | str


@dataclass(frozen=True, slots=True)
class Basis:
    """What all measures start from.

    Attributes
    ----------
    run
        The study.
    circles
        Measured circles.
    summary
        From `quarterhour.coverage.summary.summarise`.
    tables
        Tables of the measures made so far, by name.
    log
        Takes what a measure leaves out of its tables.
    """

    run: StudyRun
    circles: ServiceCircles
    summary: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    log: FaultLog = field(default_factory=FaultLog)

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """Canonical areas of the study."""
        return self.run.inputs.areas

    @property
    def basic(self) -> tuple[str, ...]:
        """Ids of the basic types judged."""
        return tuple(kind.id for kind in self.circles.types if kind.basic)


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured beside plain coverage.

    Attributes
    ----------
    tables
        Name -> table; the name is that of its file, layer and sheet.
    left_out
        Measure -> key of the reason, in ``cli.left_out``.
    notes
        What the measures made leave out of their tables.
    """

    tables: dict[str, pd.DataFrame]
    left_out: dict[str, str]
    notes: tuple[Fault, ...] = ()


#: Name (``cli.measure.<name>``) -> what measures it, in order; later ones may use earlier tables.
MEASURES: dict[str, Callable[[Basis], Outcome]] = {
    "choice": supply.choice,
    "completeness": supply.completeness,
    "provision": supply.provision,
    "allocation": supply.allocation,
    "accessibility": supply.accessibility,
    "equity": supply.equity,
    "breakfast": supply.breakfast,
    "parking": places.parking,
    "green": places.green,
    "complaints": governance.complaints,
    "survey": governance.survey,
    "gaps": governance.gaps,
    "straight_line": governance.straight_line,
    "scorecard": governance.scorecards,
    "blocks": governance.blocks,
}


def measure_all(run: StudyRun, circles: ServiceCircles, summary: pd.DataFrame) -> Measures:
    """Measure everything the input allows.

    Parameters
    ----------
    run, circles, summary
        The study and its coverage.
    """
    basis = Basis(run, circles, summary)
    left_out = {}
    for number, (name, measure) in enumerate(MEASURES.items(), start=1):
        found = measure(basis)
        if isinstance(found, str):
            left_out[name] = found
        else:
            basis.tables.update(found)
        run.progress("measures", number, len(MEASURES))
    return Measures(basis.tables, left_out, tuple(basis.log.warnings))
