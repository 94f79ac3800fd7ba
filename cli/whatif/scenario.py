"""A scenario: a named list of edits with undo and redo, and the file that keeps it."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quarterhour.data.output import staged

from .edits import Edit, EditRefused

#: Folder of the scenarios inside a study.
FOLDER = "scenarios"
SUFFIX = ".json"

#: Form of the file; a later program reads the earlier ones.
FORM = 1

_LONGEST_NAME = 60
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_BAD = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]')


class Scenario(BaseModel):
    """A named list of edits.

    Attributes
    ----------
    name
        As the user wrote it; it is the file's name as well.
    done, undone
        Edits in force in their order, and those taken back, the last one first to come again.
    revision
        Counts every change; a page that knows an older one is told to look again.
    form
        Of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
    done: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()
    revision: Annotated[int, Field(ge=0)] = 0
    form: Annotated[int, Field(ge=1, le=FORM)] = FORM

    def with_edit(self, edit: Edit) -> Scenario:
        """Return the scenario with one more edit; what was taken back is forgotten."""
        return self._changed(done=(*self.done, edit), undone=())

    def undo(self) -> Scenario:
        """Return the scenario without its last edit.

        Raises
        ------
        EditRefused
            If there is none.
        """
        if not self.done:
            raise EditRefused("nothing_to_undo")
        return self._changed(done=self.done[:-1], undone=(*self.undone, self.done[-1]))

    def redo(self) -> Scenario:
        """Return the scenario with the edit last taken back.

        Raises
        ------
        EditRefused
            If there is none.
        """
        if not self.undone:
            raise EditRefused("nothing_to_redo")
        return self._changed(done=(*self.done, self.undone[-1]), undone=self.undone[:-1])

    def renamed(self, name: str) -> Scenario:
        """Return the same edits under another name."""
        return self._changed(name=name)

    def _changed(self, **values: object) -> Scenario:
        return self.model_copy(update={**values, "revision": self.revision + 1})


def safe_name(name: str) -> str:
    """Return a name that is a file name on every system.

    Raises
    ------
    EditRefused
        If it is empty, too long, hidden, reserved, or holds a character no file name may.
    """
    plain = unicodedata.normalize("NFC", name).strip()
    odd = any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co"} for c in plain)
    too_long = len(plain) > _LONGEST_NAME or len(plain.encode()) > 3 * _LONGEST_NAME
    if not plain or too_long or odd or plain.startswith(".") or plain.endswith("."):
        raise EditRefused("name", name[:_LONGEST_NAME])
    if _BAD.search(plain) or _WINDOWS.fullmatch(plain):
        raise EditRefused("name", name[:_LONGEST_NAME])
    return plain


def scenario_path(study: Path, name: str) -> Path:
    """Return where a scenario is kept."""
    return study / FOLDER / f"{safe_name(name)}{SUFFIX}"


def write_scenario(study: Path, scenario: Scenario) -> None:
    """Write a scenario; the file holds the old one or the new one whole, never a part.

    Raises
    ------
    OutputLocked
        If the file cannot be replaced.
    """
    name = scenario_path(study, scenario.name).name
    with staged(study / FOLDER) as aside:
        text = json.dumps(scenario.model_dump(mode="json"), ensure_ascii=False, indent=1)
        aside.path(name).write_text(text + "\n", encoding="utf-8")


def read_scenario(study: Path, name: str) -> Scenario:
    """Read a scenario.

    Raises
    ------
    EditRefused
        If there is none of that name, or its file is broken.
    """
    path = scenario_path(study, name)
    try:
        found = Scenario.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise EditRefused("no_scenario", name) from None
    except (OSError, ValidationError):
        raise EditRefused("broken_scenario", path.name) from None
    return found.model_copy(update={"name": safe_name(name)})


def scenario_names(study: Path) -> list[str]:
    """Return the names of all scenarios of a study, sorted."""
    files = (study / FOLDER).glob(f"*{SUFFIX}")
    return sorted(path.stem for path in files if not path.name.startswith("."))
