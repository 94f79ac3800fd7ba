"""``quarterhour init``: a commented ``study.toml`` from what the user has."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quarterhour.data.columns import recognise
from quarterhour.data.faults import FaultLog
from quarterhour.data.outlet_types import load_mapping, shipped_mappings
from quarterhour.data.output import staged
from quarterhour.data.study import STUDY_FILE
from quarterhour.data.study_template import study_toml
from quarterhour.data.tables import RawTable, read_table

from .console import Screen

#: Endings that can only be streets.
STREET_ENDINGS = (".pbf", ".osm", ".osm.gz", ".osm.bz2", ".graphml")


def init(folder: Path, screen: Screen, *, place: str, files: Iterable[Path]) -> None:
    """Write ``study.toml`` into ``folder``.

    Parameters
    ----------
    folder
        Made when missing.
    screen
        Where to speak; its language is the language of the comments.
    place
        Place name whose streets to download, or "".
    files
        What the user has; each is looked into and given the role it fits.

    Raises
    ------
    InputFaults
        If there is a ``study.toml`` already, or a file cannot be read.
    """
    log = FaultLog()
    if (folder / STUDY_FILE).exists():
        log.add("study_exists", file=folder / STUDY_FILE)
    given: dict[str, Any] = {
        "study": {"name": folder.resolve().name, "language": screen.language},
        "facilities": [],
        "areas": [],
    }
    if place:
        given["streets"] = {"place": place}
    for path in files:
        guess = role_of(path, log)
        if guess is None:
            screen.say("init.unclear", file=path)
            continue
        _take(given, guess, path, folder)
        screen.say("init.role", file=path, role=screen.tr(f"init.roles.{guess.role}"))
    log.raise_if_any()
    _fill(given)
    folder.mkdir(parents=True, exist_ok=True)
    with staged(folder) as aside:
        aside.path(STUDY_FILE).write_text(study_toml(given, screen.language), encoding="utf-8")
    screen.say("init.written", path=folder / STUDY_FILE)
    screen.say("init.next", folder=folder)


#: Columns that tell a table's role, the most telling first; all of one entry must be there.
_TELLING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("entrances", ("demand_id",)),
    ("demand", ("residents",)),
    ("demand", ("households",)),
    ("facilities", ("status", "type")),
    ("candidates", ("cost",)),
    ("facilities", ("type",)),
    ("candidates", ("types",)),
)

#: Words in the name of a file that tell its role.
_NAMES = {
    "demand": ("resid", "home", "housing", "demand", "小区", "居民", "住宅", "居住"),
    "candidates": ("candid", "vacant", "premises", "候选", "空置"),
}

#: Words in the name of a file or its name column that tell the level of polygons.
_LEVEL_NAMES = (
    ("community", ("communit", "社区", "居委会")),
    ("street", ("town", "subdistrict", "street", "街道", "乡镇")),
    ("district", ("district", "区县", "行政区")),
)

#: Columns each role takes.
_POSITION = ("lon", "lat", "lonlat", "wkt")
_COLUMNS = {
    "entrances": ("demand_id", *_POSITION),
    "demand": ("id", "name", "residents", "households", "vehicles", "community", "street",
               "district", *_POSITION),
    "facilities": ("id", "name", "type", "status", "area_m2", "capacity", "hours", "address",
                   *_POSITION),
    "candidates": ("id", "name", "types", "area_m2", "cost", "capacity", "address", "community",
                   "street", "district", *_POSITION),
    "areas": ("id", "name", "name_en", "level", "parent", "residents"),
    "population": ("id", "name", "parent", "residents"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guess:
    """What a file most likely is.

    Attributes
    ----------
    role
        Section of ``study.toml``, or ``"entrances"``.
    columns
        Canonical column -> source column.
    mapping
        Shipped table of category codes that the outlets' types are in, or "".
    level
        Level of polygons, or "".
    """

    role: str
    columns: Mapping[str, str] = field(default_factory=dict)
    mapping: str = ""
    level: str = ""


def role_of(path: Path, log: FaultLog) -> Guess | None:
    """Return what a file most likely is, and the columns recognised in it.

    Parameters
    ----------
    path
        The file.
    log
        Takes the faults of a file that cannot be read.

    Returns
    -------
    Guess or None
        None when it is not clear.
    """
    if path.name.lower().endswith(STREET_ENDINGS):
        return Guess("streets")
    table = read_table(path, log=log, name=str(path))
    if table is None:
        return None
    found = recognise(table)
    role = _by_geometry(_geometry_kinds(table), found) or _by_columns(found) or _by_name(path)
    if role is None or role == "streets":
        return None if role is None else Guess(role)
    own = [name for name in _COLUMNS[role] if name in found]
    if table.geometry is not None:
        own = [name for name in own if name not in _POSITION]
    columns = {name: found[name] for name in own}
    if role == "facilities":
        return _with_mapping(table, columns)
    level = _level_of(path, columns) if role in {"areas", "population"} else ""
    return Guess(role, columns, level=level)


def _by_name(path: Path) -> str | None:
    """Return the role a file's name speaks of; for tables that hold places and nothing else."""
    name = path.stem.casefold()
    return next((role for role, words in _NAMES.items() if any(w in name for w in words)), None)


def _level_of(path: Path, columns: Mapping[str, str]) -> str:
    """Return the level of polygons without a column for it, by file name and parent's header."""
    if "level" in columns:
        return ""
    said = f"{path.stem} {columns.get('name', '')}".casefold()
    named = (level for level, words in _LEVEL_NAMES if any(word in said for word in words))
    above = {"district": "street", "区": "street", "行政区": "street", "街道": "community"}
    return next(named, above.get(columns.get("parent", ""), "community"))


def _with_mapping(table: RawTable, columns: dict[str, str]) -> Guess:
    """Return the outlets' columns, with a shipped table of category codes where one fits better."""
    texts = {str(column): table.text(str(column)) for column in table.columns}
    best = Guess("facilities", columns)
    score = 0
    for name in shipped_mappings():
        mapping = load_mapping(name, log=FaultLog())
        for column, cells in texts.items():
            known = sum(mapping.knows(cell) for cell in cells)
            hits = sum(bool(mapping.find(cell)) for cell in cells)
            if known > len(cells) / 2 and hits > score:
                score = hits
                best = Guess("facilities", {**columns, "type": column}, mapping=name)
    return best


def _by_geometry(kinds: set[str], found: Mapping[str, str]) -> str | None:
    if kinds & {"LineString", "MultiLineString"}:
        return "streets"
    if kinds & {"Polygon", "MultiPolygon"}:
        return "population" if "residents" in found and "level" not in found else "areas"
    return None


def _by_columns(found: Mapping[str, str]) -> str | None:
    return next((role for role, names in _TELLING if all(n in found for n in names)), None)


def _geometry_kinds(table: RawTable) -> set[str]:
    if table.geometry is None:
        return set()
    return set(table.geometry.dropna().geom_type.unique())


def _take(given: dict[str, Any], guess: Guess, path: Path, folder: Path) -> None:
    """Put a file into the sections its role needs."""
    entry: dict[str, Any] = {"file": _relative(path, folder)}
    if guess.columns:
        entry["columns"] = dict(guess.columns)
    area = {**entry, "level": guess.level} if guess.level else entry
    if guess.role == "facilities":
        mapped = {"types_file": guess.mapping, "unmapped": "ignore"} if guess.mapping else {}
        given["facilities"].append({**entry, **mapped})
    elif guess.role == "areas":
        given["areas"].append(area)
    elif guess.role == "entrances":
        given.setdefault("demand", {})["entrances"] = entry
    else:
        given[guess.role] = {**given.get(guess.role, {}), **entry}
        if guess.role == "population":
            given["areas"].append(area)


def _relative(path: Path, folder: Path) -> str:
    """Return the path as study.toml should name it: relative to the folder where possible."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _fill(given: dict[str, Any]) -> None:
    """Put placeholders where something must stand, so that the file shows where to write."""
    given.setdefault("streets", {"file": "streets.osm.pbf"})
    given.setdefault("demand", {"file": "residences.csv"})
    given["demand"].setdefault("file", "residences.csv")
    given["facilities"] = given["facilities"] or [{"file": "outlets.csv"}]
    given["areas"] = given["areas"] or None
