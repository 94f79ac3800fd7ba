"""What all sections of ``study.toml`` share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Metres = Annotated[float, Field(gt=0, le=100_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]


class Section(BaseModel):
    """A section: unknown options are faults, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class TableSection(Section):
    """Options common to every table the user gives."""

    file: str = Field(min_length=1)
    layer: str = ""
    encoding: str = ""
    datum: str = ""
    trust_datum: bool = False
    columns: dict[str, str] = {}
    source: str = ""
    licence: str = ""
