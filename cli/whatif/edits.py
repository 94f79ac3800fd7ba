"""What a user can do on the page; every edit is checked before it is taken."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

#: Longest name of an outlet that is added.
_LONGEST_NAME = 200

#: Most corners of a drawn line.
_MOST_CORNERS = 1000

Position = tuple[float, float]
Id = Annotated[str, Field(min_length=1, max_length=300)]


class _Edit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _on_earth(place: Position) -> Position:
    lon, lat = place
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise ValueError("a position is longitude and latitude in degrees")
    return place


class Add(_Edit):
    """Open an outlet of a type at a place (degrees, WGS-84)."""

    kind: Literal["add"] = "add"
    id: Id
    type: Id
    at: Position
    name: Annotated[str, Field(max_length=_LONGEST_NAME)] = ""

    _check = field_validator("at")(_on_earth)


class Move(_Edit):
    """Move an outlet, existing or added, to another place."""

    kind: Literal["move"] = "move"
    id: Id
    at: Position

    _check = field_validator("at")(_on_earth)


class Close(_Edit):
    """Close an outlet, existing or added."""

    kind: Literal["close"] = "close"
    id: Id


class Accept(_Edit):
    """Accept a proposed site: it counts as open, and a new plan keeps it."""

    kind: Literal["accept"] = "accept"
    id: Id


class Reject(_Edit):
    """Reject a proposed site: a new plan does not propose it again."""

    kind: Literal["reject"] = "reject"
    id: Id


class _Drawn(_Edit):
    id: Id
    line: Annotated[tuple[Position, ...], Field(min_length=2, max_length=_MOST_CORNERS)]

    @field_validator("line")
    @classmethod
    def _corners(cls, line: tuple[Position, ...]) -> tuple[Position, ...]:
        for place in line:
            _on_earth(place)
        if len(set(line)) < 2:
            raise ValueError("a line needs two different corners")
        return line


class Barrier(_Drawn):
    """Draw a barrier that nobody walks across."""

    kind: Literal["barrier"] = "barrier"


class Footway(_Drawn):
    """Draw a footway, joined to the streets at its ends."""

    kind: Literal["footway"] = "footway"


class Erase(_Edit):
    """Take away a drawn barrier or footway."""

    kind: Literal["erase"] = "erase"
    id: Id


class Proposed(_Edit):
    """One site of a new plan."""

    id: Id
    candidate: str
    type: Id
    at: Position
    name: str = ""
    newly_covered: float = 0.0

    _check = field_validator("at")(_on_earth)


class Propose(_Edit):
    """Put the sites of a new plan in place of those not yet decided upon."""

    kind: Literal["propose"] = "propose"
    sites: tuple[Proposed, ...]
    note: str = ""


Edit = Annotated[
    Add | Move | Close | Accept | Reject | Barrier | Footway | Erase | Propose,
    Field(discriminator="kind"),
]

EDIT: TypeAdapter[Edit] = TypeAdapter(Edit)


class EditRefused(Exception):  # noqa: N818 - what the page is told
    """An edit that does not fit what is there.

    Attributes
    ----------
    code
        Key in the catalogue domain ``whatif``, under ``refused``.
    value
        What it was about.
    """

    def __init__(self, code: str, value: str = "") -> None:
        super().__init__(code, value)
        self.code = code
        self.value = value
