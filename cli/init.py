"""``quarterhour init``: a commented ``study.toml`` from what the user has."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from quarterhour.data.columns import recognise
from quarterhour.data.faults import FaultLog
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
        role = role_of(path, log)
        if role is None:
            screen.say("init.unclear", file=path)
            continue
        _take(given, *role, path=path, folder=folder)
        screen.say("init.role", file=path, role=screen.tr(f"init.roles.{role[0]}"))
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


def role_of(path: Path, log: FaultLog) -> tuple[str, dict[str, str]] | None:
    """Return what a file most likely is, and the columns recognised in it.

    Parameters
    ----------
    path
        The file.
    log
        Takes the faults of a file that cannot be read.

    Returns
    -------
    tuple of str and dict, or None
        Section of ``study.toml`` and its column mapping; None when it is not clear.
    """
    if path.name.lower().endswith(STREET_ENDINGS):
        return "streets", {}
    table = read_table(path, log=log, name=str(path))
    if table is None:
        return None
    found = recognise(table)
    role = _by_geometry(_geometry_kinds(table), found) or _by_columns(found)
    if role is None or role == "streets":
        return None if role is None else (role, {})
    own = [name for name in _COLUMNS[role] if name in found]
    if table.geometry is not None:
        own = [name for name in own if name not in _POSITION]
    return role, {name: found[name] for name in own}


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


def _take(
    given: dict[str, Any], role: str, columns: Mapping[str, str], *, path: Path, folder: Path
) -> None:
    entry: dict[str, Any] = {"file": _relative(path, folder)}
    if columns:
        entry["columns"] = dict(columns)
    if role == "areas" and "level" not in columns:
        entry["level"] = "community"
    if role in {"facilities", "areas"}:
        given[role].append(entry)
    elif role == "entrances":
        given.setdefault("demand", {})["entrances"] = entry
    else:
        given[role] = {**given.get(role, {}), **entry}
        if role == "population":
            level = {"level": "community"}
            given["areas"].append({**entry, **level})


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
