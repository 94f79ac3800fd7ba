"""Stages of a study: each keyed by a hash of its inputs, so that a repeated run resumes.

A stage leaves a record ``results/<stage>.json`` with its key, its facts and the SHA-256 of every
file it wrote. It is fresh when the key is the same and every file still has its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RESULTS = "results"

#: What the results are made by.
PACKAGES = ("cli", "coverage", "data", "maps", "optimize")
PROGRAM_ENDINGS = (".py", ".toml", ".js", ".css")


@dataclass(frozen=True, slots=True)
class StageRecord:
    """What a finished stage left behind.

    Attributes
    ----------
    stage, key, version
        Name, hash of the inputs, version of quarterhour.
    facts
        Figures to show and trace, JSON types only.
    outputs
        File name in the results folder -> SHA-256.
    """

    stage: str
    key: str
    version: str
    facts: dict[str, Any]
    outputs: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON types."""
        return {
            "stage": self.stage,
            "key": self.key,
            "version": self.version,
            "facts": self.facts,
            "outputs": self.outputs,
        }


def stage_key(stage: str, parts: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a stage's inputs: options, file hashes, upstream keys, program."""
    content = {"stage": stage, "program": program_hash(), **parts}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def program_hash() -> str:
    """Return the SHA-256 of quarterhour's own code, words and packs.

    A version number alone would keep results of an older state of the same version.
    """
    content = hashlib.sha256(version("quarterhour").encode())
    for path in _program_files():
        content.update(path.name.encode())
        content.update(path.read_bytes())
    return content.hexdigest()


def _program_files() -> list[Path]:
    """Return the files of the program; of a namespace package only the folders that exist."""
    specs = (find_spec(f"quarterhour.{name}") for name in PACKAGES)
    places = (place for spec in specs if spec for place in spec.submodule_search_locations or ())
    found = (path for place in places for path in Path(place).rglob("*") if path.is_file())
    return sorted(path for path in found if path.suffix in PROGRAM_ENDINGS)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def record_path(results: Path, stage: str) -> Path:
    """Return where a stage keeps its record."""
    return results / f"{stage}.json"


def read_record(results: Path, stage: str) -> StageRecord | None:
    """Return a stage's record, or None when there is none or it cannot be read."""
    try:
        raw = json.loads(record_path(results, stage).read_text(encoding="utf-8"))
        record = StageRecord(**raw)
    except (OSError, ValueError, TypeError):
        return None
    whole = isinstance(record.outputs, dict) and isinstance(record.facts, dict)
    return record if whole else None


def is_fresh(results: Path, stage: str, key: str) -> StageRecord | None:
    """Return the record of a stage whose key and files are unchanged, else None."""
    record = read_record(results, stage)
    if record is None or record.key != key:
        return None
    for name, digest in record.outputs.items():
        path = results / name
        if not path.is_file() or file_hash(path) != digest:
            return None
    return record


def make_record(
    stage: str, key: str, facts: Mapping[str, Any], folder: Path, names: list[str]
) -> StageRecord:
    """Return the record of the files ``names`` written into ``folder``."""
    outputs = {name: file_hash(folder / name) for name in sorted(names)}
    return StageRecord(stage, key, version("quarterhour"), dict(facts), outputs)
