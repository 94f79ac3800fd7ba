"""``quarterhour checkup STUDY``: the city check-up package, the "five ones" (体检“五个一”).

One table, one map, one list, one satisfaction summary, one data package, in one folder.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd

from quarterhour.data.dictionary import data_dictionary
from quarterhour.data.output import Staging, staged
from quarterhour.data.output_files import write_geopackage, write_json, write_workbook
from quarterhour.data.study import study_file
from quarterhour.data.text import tr

from .console import Screen
from .map_stage import PAGE
from .pipeline import run_stages
from .stages import RESULTS, StageRecord
from .study_run import open_study

FOLDER = "checkup"

#: Columns of the sheets that people read, in order.
_TABLE = ("name", "name_en", "type", "residents", "covered", "gap", "unknown", "share",
          "straight_covered", "overcount", "outlets")  # fmt: skip
_LIST = ("rank", "id", "place_name", "place_name_en", "type", "residents", "minutes", "priority",
         "severity", "clause", "act_level", "rank_best", "rank_worst")  # fmt: skip
_SURVEY = ("name", "asked", "satisfied_share", "wish")
_CALLS = ("name", "type", "complaints", "response_rate", "resolution_rate", "satisfaction_rate",
          "rate_base")  # fmt: skip


def checkup(study: Path, screen: Screen, *, out: Path | None = None) -> Path:
    """Measure, plan and draw what is not up to date, then put the five parts into one folder.

    Parameters
    ----------
    study
        The study.
    screen
        Where to speak.
    out
        The folder; None takes ``checkup`` in the study's folder.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputFaults
        If the study has faults.
    """
    quiet = Screen(screen.language, quiet=True)
    record = run_stages(study, ("measure", "plan", "map"), quiet)["measure"]
    results = study_file(study).parent / RESULTS
    folder = out or study_file(study).parent / FOLDER
    with screen.progress() as progress:
        run = open_study(study, progress)
        language = run.config.study.language
        areas = run.inputs.areas
    with staged(folder) as aside:
        _Package(results, aside, language, areas, record).write()
    for part in ("table", "map", "list", "satisfaction", "data"):
        screen.say("checkup.part", what=screen.tr(f"checkup.{part}"),
                   path=(folder / file_name(part, language)).resolve())  # fmt: skip
    return folder


def file_name(part: str, language: str) -> str:
    """Return the name of a part's file in the language of the study."""
    return tr(f"cli.checkup.{part}_file", language)


class _Package:
    """Writes the five parts."""

    def __init__(
        self,
        results: Path,
        aside: Staging,
        language: str,
        areas: gpd.GeoDataFrame,
        record: StageRecord,
    ) -> None:
        self.results, self.aside, self.language = results, aside, language
        self.areas, self.record = areas, record
        kinds = record.facts["types"]
        self.types = {kind: entry[f"name_{language}"] for kind, entry in kinds.items()}
        self.types["circle"] = tr("cli.circle", language)

    def write(self) -> None:
        """Write all parts."""
        self._workbook("table", self._summary())
        shutil.copyfile(self.results / PAGE, self.aside.path(file_name("map", self.language)))
        gaps = pd.DataFrame(self._read("gaps"))
        self._workbook("list", {self._word("gaps"): self._readable(gaps, _LIST)})
        self._workbook("satisfaction", self._satisfaction())
        self._data()

    def _read(self, name: str) -> pd.DataFrame:
        path = self.results / f"{name}.parquet"
        found = pd.read_parquet(path)
        return gpd.read_parquet(path) if "geometry" in found else found

    def _word(self, name: str) -> str:
        return tr(f"cli.checkup.sheet.{name}", self.language)

    def _workbook(self, part: str, sheets: dict[str, pd.DataFrame]) -> None:
        write_workbook(
            sheets, self.aside.path(file_name(part, self.language)),
            units=data_dictionary(self.language), units_title=self._word("units"),
        )  # fmt: skip

    def _readable(self, table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
        """Return the columns that there are, with types and headers in words."""
        found = table[[name for name in columns if name in table]].copy()
        for name in ("type", "wish"):
            if name in found:
                found[name] = found[name].replace(self.types)
        if "act_level" in found:
            levels = {one: tr(f"cli.checkup.act.{one}", self.language)
                      for one in ("street", "district", "city")}  # fmt: skip
            found["act_level"] = found["act_level"].replace(levels)
        heads = {name: tr(f"cli.checkup.column.{name}", self.language) for name in found}
        return found.rename(columns=heads)

    def _summary(self) -> dict[str, pd.DataFrame]:
        summary = self._read("summary")
        sheets = {
            self._word(str(level)): self._readable(rows, _TABLE)
            for level, rows in summary.groupby("level", sort=False)
        }
        if "scorecard" in self.record.facts["tables"]:
            sheets[self._word("scorecard")] = self._read("scorecard")
        return sheets

    def _satisfaction(self) -> dict[str, pd.DataFrame]:
        """Return the sheets of survey and complaints, or one that says what is missing."""
        sheets, missing = {}, []
        for name, columns in (("survey", _SURVEY), ("complaints", _CALLS)):
            if name in self.record.facts["tables"]:
                sheets[self._word(name)] = self._readable(self._named(self._read(name)), columns)
            else:
                reason = tr(f"cli.left_out.{self.record.facts['left_out'][name]}", self.language)
                missing.append((self._word(name), reason))
        if missing:
            heads = [tr(f"cli.checkup.column.{one}", self.language) for one in ("part", "reason")]
            sheets[self._word("missing")] = pd.DataFrame(missing, columns=heads)
        return sheets

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Add the names of the communities; the id where there is none."""
        rows = self.areas[self.areas["level"] == "community"]
        names = dict(zip(rows["id"], rows["name"], strict=True))
        return table.assign(name=[names.get(area) or area for area in table["community"]])

    def _data(self) -> None:
        """Write the GeoPackage with every table, and beside it what it was made from."""
        names = ["points", "outlets", "summary", *self.record.facts["tables"]]
        layers = {name: self._read(name) for name in names}
        if len(self.areas):
            layers["areas"] = self.areas
        layers["dictionary"] = data_dictionary(self.language)
        write_geopackage(layers, self.aside.path(file_name("data", self.language)))
        facts = {key: value for key, value in self.record.facts.items() if key != "tables"}
        write_json(
            {"study": self.record.to_json() | {"facts": facts, "outputs": {}},
             "crs": "EPSG:4326",
             "layers": {name: len(table) for name, table in layers.items()}},
            self.aside.path(file_name("metadata", self.language)),
        )  # fmt: skip
