# ruff: noqa: RUF012 - pydantic copies the defaults of its models
"""The schema of ``study.toml``: every option typed and defaulted, every fault listed.

The words that explain each option to the user stand in the catalogue domain ``study`` under the
option's dotted path (``streets.snap_limit``), and are written as comments by `quarterhour init`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from .encoding import show_bytes
from .faults import FaultLog
from .option_faults import note_option
from .secrets import take_passwords
from .study_base import Metres, Section, TableSection
from .study_measures import (
    AccessibilitySection,
    BlocksSection,
    BreakfastSection,
    ChoiceSection,
    ComplaintsSection,
    EquitySection,
    GapsSection,
    GreenSection,
    ParkingSection,
    PrioritySection,
    ScorecardSection,
    SurveySection,
)
from .study_plan import PlanSection
from .study_publish import PublishSection
from .walking_rules import DEFAULT_RULES, Policy

__all__ = ["STUDY_FILE", "StudyConfig", "TableSection", "load_study", "parse_study", "study_file"]

STUDY_FILE = "study.toml"

#: Options that name a file.
FILE_OPTIONS = (
    "file", "types_file", "entrances_file", "background", "standards", "ledger", "previous",
)  # fmt: skip

#: An environment variable with this prefix and the name of a path overrides ``[paths]``.
PATH_VARIABLE = "QUARTERHOUR_PATH_"

_PATH_START = re.compile(r"\{(\w+)\}")


class StudySection(Section):
    """``[study]``: what the study is called and which standards judge it."""

    name: str = Field(min_length=1)
    name_en: str = ""
    label: str = ""
    credits: tuple[str, ...] = ()
    language: Literal["zh", "en"] = "zh"
    standards: str = "beijing-8"
    crs: str = ""


class StreetsSection(Section):
    """``[streets]``: a file, or a place name to download."""

    file: str = ""
    place: str = ""
    trunk: Policy = DEFAULT_RULES.trunk
    private: Policy = DEFAULT_RULES.private
    cycleway: Policy = DEFAULT_RULES.cycleway
    indoor: Policy = DEFAULT_RULES.indoor
    separate_sidewalk: Policy = DEFAULT_RULES.separate_sidewalk
    node_crossings: bool = False
    snap_limit: Metres = 200.0
    island_share: Annotated[float, Field(ge=0, lt=1)] = 0.01
    background: str = ""
    source: str = ""
    licence: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> StreetsSection:
        if bool(self.file) == bool(self.place):
            raise PydanticCustomError(
                "option_one_of", "give one of {names}", {"names": "file, place"}
            )
        return self


class ExtentSection(Section):
    """``[extent]``: which part of the tables is studied."""

    bbox: tuple[float, float, float, float] | None = None
    file: str = ""
    edge: Literal["unknown", "gap"] = "unknown"

    @model_validator(mode="after")
    def _one_source(self) -> ExtentSection:
        if (self.bbox is None) == (not self.file):
            raise PydanticCustomError(
                "option_one_of", "give one of {names}", {"names": "bbox, file"}
            )
        west, south, east, north = self.bbox or (0, 0, 1, 1)
        if not (west < east and south < north):
            raise PydanticCustomError("option_bbox", "bbox is west, south, east, north")
        return self


class DemandSection(TableSection):
    """``[demand]``: where people live."""

    entrances: TableSection | None = None


class PopulationSection(TableSection):
    """``[population]``: area totals to spread onto the residential points."""

    weight: str = ""
    whole_persons: bool = False


class FacilitiesSection(TableSection):
    """``[[facilities]]``: one table of existing outlets."""

    type: str = ""
    types: dict[str, str] = {}
    types_file: str = ""
    unmapped: Literal["ignore", "fault"] = "fault"


class CandidatesSection(TableSection):
    """``[candidates]``: a table of premises, or points generated along the streets."""

    file: str = ""
    spacing: Metres = 150.0


class AreasSection(TableSection):
    """``[[areas]]``: polygons for the summaries."""

    level: Literal["", "district", "street", "community"] = ""


class MeasureSection(Section):
    """``[measure]``: how coverage is tested."""

    criterion: Literal["", "metres", "minutes"] = ""
    profile: str = "adult"
    types: tuple[str, ...] = ()
    none_exist: tuple[str, ...] = ()
    walk_to_street: bool = True


class MapSection(Section):
    """``[map]``: the pages and the sheet."""

    title: str = ""
    simplify: Annotated[float, Field(ge=0)] = 1.0
    sheet: bool = True
    tiles: str = ""
    tiles_key: str = ""
    tiles_datum: Literal["wgs84", "gcj02"] = "wgs84"
    tiles_credit: str = ""


class PathsSection(RootModel[dict[str, str]]):
    """``[paths]``: folders that file names may start from, as ``{name}/file.csv``."""

    model_config = ConfigDict(frozen=True)


class StudyConfig(Section):
    """A whole ``study.toml``.

    Attributes
    ----------
    paths, study, streets, extent, demand, population, facilities, candidates, areas, measure, plan
        The sections of the file, each a frozen model; optional ones are None when absent.
    map, publish
        The same.
    complaints, survey, choice, accessibility, equity, breakfast, parking, green, gaps, priority
        Sections of `quarterhour.data.study_measures`.
    scorecard, blocks
        Sections of `quarterhour.data.study_measures`.
    """

    paths: PathsSection = PathsSection({})
    study: StudySection
    streets: StreetsSection
    extent: ExtentSection | None = None
    demand: DemandSection
    population: PopulationSection | None = None
    facilities: tuple[FacilitiesSection, ...]
    candidates: CandidatesSection = CandidatesSection()
    areas: tuple[AreasSection, ...] = ()
    measure: MeasureSection = MeasureSection()
    complaints: ComplaintsSection | None = None
    survey: SurveySection | None = None
    choice: ChoiceSection = ChoiceSection()
    accessibility: AccessibilitySection = AccessibilitySection()
    equity: EquitySection = EquitySection()
    breakfast: BreakfastSection | None = None
    parking: ParkingSection | None = None
    green: GreenSection | None = None
    gaps: GapsSection = GapsSection()
    priority: PrioritySection = PrioritySection()
    scorecard: ScorecardSection = ScorecardSection()
    blocks: BlocksSection = BlocksSection()
    plan: PlanSection = PlanSection()
    map: MapSection = MapSection()
    publish: PublishSection = PublishSection()

    @field_validator("facilities")
    @classmethod
    def _at_least_one(cls, tables: tuple[FacilitiesSection, ...]) -> tuple[FacilitiesSection, ...]:
        if not tables:
            raise PydanticCustomError("option_no_table", "name at least one table of outlets")
        return tables


def load_study(folder: Path, log: FaultLog) -> StudyConfig | None:
    """Read ``study.toml`` of a study folder.

    Parameters
    ----------
    folder
        The study's folder, or the path of its ``study.toml``.
    log
        Takes every fault of the file; nothing is raised.

    Returns
    -------
    StudyConfig or None
        None when the file has a fault.
    """
    path = study_file(folder)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        log.add("study_missing", file=path)
        return None
    except UnicodeDecodeError as error:
        row = error.object.count(b"\n", 0, error.start) + 1
        wrong = show_bytes(error.object[error.start : error.start + 4])
        log.add("study_not_utf8", file=path.name, row=row, value=wrong)
        return None
    except OSError as error:
        log.add("study_unreadable", file=path, value=error.strerror)
        return None
    return parse_study(text, name=path.name, log=log)


def study_file(folder: Path) -> Path:
    """Return the path of ``study.toml`` for a folder or for the file itself."""
    return folder if folder.suffix == ".toml" else folder / STUDY_FILE


def parse_study(text: str, *, name: str, log: FaultLog) -> StudyConfig | None:
    """Read the text of a ``study.toml``; every fault goes to ``log`` under the file ``name``."""
    try:
        raw = take_passwords(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        _note_line(str(error), text, name, log)
        return None
    try:
        config = StudyConfig.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            note_option(detail, _known_options(detail["loc"][:-1]), file=name, log=log)
        return None
    return _with_paths(config, name, log)


def _note_line(said: str, text: str, name: str, log: FaultLog) -> None:
    """Note the line at which reading TOML broke off; at the end of the file it is the last one."""
    lines = text.splitlines() or [""]
    found = re.search(r"at line (\d+)", said)
    number = min(int(found[1]), len(lines)) if found else len(lines)
    log.add("study_not_toml", file=name, row=number, value=lines[number - 1].strip())


def _with_paths(config: StudyConfig, name: str, log: FaultLog) -> StudyConfig | None:
    """Put the folders of ``[paths]`` into the file names that start with ``{name}``."""
    folders = {
        key: os.environ.get(PATH_VARIABLE + key.upper(), folder)
        for key, folder in config.paths.root.items()
    }
    raw = config.model_dump()
    unknown = list(_fill_paths(raw, folders))
    for option, key in unknown:
        known = ", ".join(folders) or "–"
        log.add("option_no_such_id", file=name, column=option, value=f"{{{key}}}", known=known)
    return None if unknown else StudyConfig.model_validate(raw)


def _fill_paths(
    node: object, folders: Mapping[str, str], place: str = ""
) -> Iterator[tuple[str, str]]:
    """Replace ``{name}`` in every file option in place; yield (option, name) where unknown."""
    if isinstance(node, list | tuple):
        for number, entry in enumerate(node, start=1):
            yield from _fill_paths(entry, folders, f"{place}[{number}]")
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        option = f"{place}.{key}" if place else key
        start = _PATH_START.match(value) if key in FILE_OPTIONS and isinstance(value, str) else None
        if start is None:
            yield from _fill_paths(value, folders, option)
        elif start[1] in folders:
            node[key] = folders[start[1]] + value[start.end() :]
        else:
            yield option, start[1]


def section_model(section: str) -> type[BaseModel]:
    """Return the model of a top-level section of ``study.toml``."""
    found = _model_inside(StudyConfig.model_fields[section].annotation)
    if found is None:
        raise KeyError(section)
    return found


def _known_options(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = StudyConfig
    for part in location:
        if isinstance(part, int) or part not in model.model_fields:
            continue
        inner = _model_inside(model.model_fields[part].annotation)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)


def _model_inside(annotation: object) -> type[BaseModel] | None:
    """Return the section model named anywhere inside a type annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_inside(argument)
        if found is not None:
            return found
    return None
