"""Results written whole or not at all: a set of files put in place together at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PREFIX: Final = ".writing-"
#: Leftovers of a run that was killed are cleared when older than this.
_STALE_SECONDS: Final = 24 * 3600.0


class OutputLocked(OSError):  # noqa: N818 - what the user is told
    """A result cannot be replaced, most often because it is open in another program.

    Attributes
    ----------
    path
        The file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Staging:
    """Where files are written before they are put in place."""

    folder: Path

    def path(self, name: str) -> Path:
        """Return where to write the file that will be called ``name``.

        Raises
        ------
        ValueError
            If the name would leave the folder.
        """
        place = self.folder / name
        if not place.resolve().is_relative_to(self.folder.resolve()) or name in {"", "."}:
            raise ValueError(f"not a name inside the folder: {name!r}")
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


@contextlib.contextmanager
def staged(folder: str | Path) -> Iterator[Staging]:
    """Write several files so that all of them appear in ``folder``, or none.

    Files written to `Staging.path` lie in a hidden folder on the same file system. When the block
    ends well they replace those of the same name; after an exception, an interrupt included,
    every file in ``folder`` is as it was before.

    Parameters
    ----------
    folder
        Made if it is missing.

    Yields
    ------
    Staging

    Raises
    ------
    OutputLocked
        If a file cannot be replaced; those replaced before are put back.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    _clear_leftovers(target)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=target) as hidden:
        new, old = Path(hidden) / "new", Path(hidden) / "old"
        new.mkdir()
        old.mkdir()
        yield Staging(new)
        _put_in_place(new, old, target)


def _clear_leftovers(folder: Path) -> None:
    for entry in folder.glob(f"{_PREFIX}*"):
        if time.time() - entry.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(entry, ignore_errors=True)


def _put_in_place(new: Path, old: Path, target: Path) -> None:
    """Replace file by file, each atomically; undo all of them when one fails."""
    files = sorted(path.relative_to(new) for path in new.rglob("*") if path.is_file())
    done: list[Path] = []
    try:
        for name in files:
            _keep(target / name, old / name)
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            done.append(name)
            _replace(new / name, target / name)
    except BaseException:
        for name in reversed(done):
            _undo(old / name, target / name, still_new=(new / name).exists())
        raise


def _keep(path: Path, copy: Path) -> None:
    """Keep the earlier file: by a hard link where the file system has them, else by a copy."""
    if not path.exists():
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy2(path, copy)


def _replace(source: Path, path: Path) -> None:
    try:
        source.replace(path)
    except OSError as error:
        raise OutputLocked(path, error.strerror or str(error)) from error


def _undo(copy: Path, path: Path, *, still_new: bool) -> None:
    if still_new:
        return
    if copy.exists():
        copy.replace(path)
    else:
        path.unlink(missing_ok=True)
