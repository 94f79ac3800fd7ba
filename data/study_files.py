"""Which files a study names, and the hashes of their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from .postgis import fingerprint
from .secrets import is_database
from .standards import shipped_packs
from .study import StudyConfig
from .study_base import TableSection
from .tables import hash_file


def study_files(config: StudyConfig, *, candidates: bool = True) -> list[str]:
    """Return the names of all files of a study, as it names them.

    Parameters
    ----------
    config
        The study.
    candidates
        Whether the candidates' file belongs to what is asked.
    """
    return [name for name in _named(config) if name] + (
        [config.candidates.file] if candidates and config.candidates.file else []
    )


def _named(config: StudyConfig) -> Iterator[str]:
    """Yield the file of every option but the candidates', "" where one is empty."""
    yield config.streets.file
    yield config.demand.file
    if config.demand.entrances is not None:
        yield config.demand.entrances.file
    for section in (
        config.population,
        *config.areas,
        config.complaints,
        config.survey,
        config.parking,
        config.green,
    ):
        if section is not None:
            yield section.file
    if config.green is not None:
        yield config.green.entrances_file
    for outlets in config.facilities:
        yield outlets.file
        if outlets.types_file:
            yield outlets.types_file
    if config.extent is not None and config.extent.file:
        yield config.extent.file
    if config.study.standards not in shipped_packs():
        yield config.study.standards


def file_hashes(folder: Path, config: StudyConfig, *, candidates: bool = False) -> dict[str, str]:
    """Return the SHA-256 of every file and database table a study names, "" where unreadable.

    Parameters
    ----------
    folder, config
        The study.
    candidates
        Whether the candidates' file belongs to what is asked.
    """
    hashes: dict[str, str] = {}
    for name in study_files(config, candidates=candidates):
        if is_database(name):
            layers = {section.layer for section in table_sections(config) if section.file == name}
            hashes |= {f"{name} {layer}": fingerprint(name, layer) for layer in layers or {""}}
            continue
        path = folder / name
        try:
            hashes[name] = hash_file(path) if path.is_file() else ""
        except OSError:
            hashes[name] = ""
    if config.streets.place:
        hashes[config.streets.place] = hashlib.sha256(config.streets.place.encode()).hexdigest()
    return hashes


def table_sections(options: object) -> Iterator[TableSection]:
    """Yield every section, at any depth, that names a table."""
    if isinstance(options, TableSection) and options.file:
        yield options
    if isinstance(options, BaseModel):
        for name in type(options).model_fields:
            yield from table_sections(getattr(options, name))
    elif isinstance(options, tuple):
        for entry in options:
            yield from table_sections(entry)
