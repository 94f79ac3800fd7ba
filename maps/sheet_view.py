"""What one sheet shows: study, type, time, language, and the metric frame of its map."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from quarterhour.data.text import tr

from .classes import DIVERGING, given
from .coverage_layers import TODAY
from .page_data import CIRCLE
from .payload import CLASS_BREAKS, clean
from .planner import opening_bounds
from .results import StudyResults
from .steps import Step, plan_steps

#: Shading of areas: share of residents whose state is known.
SHARE = given((0.0, *CLASS_BREAKS, 1.0), DIVERGING)

INK, SOFT, LINE = "#18222b", "#55636f", "#48545d"
HATCHED = {"facecolor": "#e8eaec", "edgecolor": "#a2abb2", "hatch": "////"}


@dataclass(frozen=True, slots=True)
class SheetView:
    """One sheet.

    Attributes
    ----------
    results, kind, when, language
        As given to `quarterhour.maps.sheet.write_sheet`.
    steps
        Steps of the plan.
    crs
        UTM zone that the map is drawn in.
    frame
        float64 (4,): west, south, east, north of homes and areas in it, m.
    """

    results: StudyResults
    kind: str
    when: str
    language: str
    steps: tuple[Step, ...]
    crs: CRS
    frame: npt.NDArray[np.float64]

    @property
    def step(self) -> Step | None:
        """The step of the plan that is shown, None for today."""
        return next((step for step in self.steps if step.key == self.when), None)

    def say(self, key: str, **values: object) -> str:
        """Return words of the catalogue ``maps``."""
        return tr(f"maps.{key}", self.language, **values)

    def either(self, chinese: str, english: str) -> str:
        """Return a name in the language of the sheet, fit to show."""
        return clean((english if self.language == "en" else "") or chinese)

    def type_name(self, kind: str) -> str:
        """Return the name of a type."""
        found = {one.id: one for one in self.results.types}.get(kind)
        return self.say("circle") if found is None else self.either(found.name, found.name_en)

    def time_name(self) -> str:
        """Return the name of the time shown."""
        named = self.when in {TODAY, "after"}
        return self.say(self.when) if named else self.say("by_end", year=self.when)

    def metric(self, name: str) -> gpd.GeoDataFrame | None:
        """Return a table in metres, None where there is none."""
        table = self.results.geo(name)
        return None if table is None else table.to_crs(self.crs)


def sheet_view(results: StudyResults, kind: str, when: str, language: str) -> SheetView:
    """Return what a sheet shows.

    Raises
    ------
    ValueError
        If the study judges no such type, or the plan has no such time.
    """
    ids = [one.id for one in results.types]
    steps = plan_steps(results.get("summary_after"), results.get("points_after"), ids)
    times = [TODAY, *(step.key for step in steps)]
    for given_, known, what in ((kind, [CIRCLE, *ids], "type"), (when, times, "time")):
        if given_ not in known:
            message = f"no {what} {given_!r}; there are {', '.join(known)}"
            raise ValueError(message)
    extent = gpd.GeoSeries([shapely.box(*opening_bounds([results]))], crs=4326)
    crs = extent.estimate_utm_crs()
    return SheetView(results, kind, when, language, steps, crs, extent.to_crs(crs).total_bounds)
