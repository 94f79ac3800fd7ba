# ruff: noqa: RUF012 - pydantic copies the defaults of its models
"""Sections of ``study.toml`` for the measures beside plain coverage; all of them optional."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .study_base import Metres, Section, Share, TableSection, Weight

IndicatorName = Literal[
    "circle", "types", "weakest", "response", "resolution", "satisfaction", "survey"
]
LotKind = Literal[
    "residential", "street", "public", "office", "mall", "school", "hospital", "hotel", "other"
]
GreenKind = Literal["pocket_park", "park", "green", "square", "community_home"]
#: A time of day, 24:00 and later hours of the next day not included.
Clock = Annotated[str, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$")]
Target = Annotated[float, Field(gt=0, le=1)]


class ComplaintsSection(TableSection):
    """``[complaints]``: 12345 complaints by community and type."""

    types: dict[str, str] = {}
    unmapped: Literal["ignore", "fault"] = "fault"


class SurveySection(TableSection):
    """``[survey]``: satisfaction by community."""


class ChoiceSection(Section):
    """``[choice]``: what residents can choose from."""

    ranks: tuple[Annotated[int, Field(ge=1, le=50)], ...] = (1, 2, 3)
    windows: tuple[Annotated[float, Field(gt=0, le=120)], ...] = (5.0, 10.0, 15.0)


class AccessibilitySection(Section):
    """``[accessibility]``: gravity, 2SFCA, E2SFCA."""

    supply: Literal["outlets", "capacity", "area_m2"] = "outlets"
    catchment: Annotated[float, Field(gt=0)] | None = None


class EquitySection(Section):
    """``[equity]``: who is served worse."""

    profiles: tuple[str, ...] = ()


class BreakfastSection(Section):
    """``[breakfast]``: places at breakfast outlets against the morning's demand."""

    out_share: Share
    start: Clock = "06:00"
    end: Clock = "09:00"
    capacity: Literal["meals", "seats"] = "meals"
    guests_per_seat: Annotated[float, Field(gt=0, le=60)] = 3.0
    type: str = "breakfast"

    @model_validator(mode="after")
    def _ordered(self) -> BreakfastSection:
        if minutes_of(self.start) >= minutes_of(self.end):
            raise PydanticCustomError("option_end_before_start", "end is not after start")
        return self


class ParkingSection(TableSection):
    """``[parking]``: the register of lots, the night gap, and sharing."""

    cars_per_household: Annotated[float, Field(ge=0, le=10)] | None = None
    usable_kinds: tuple[LotKind, ...] = ("residential", "street")
    complete: bool = False
    night_start: Clock = "22:00"
    night_end: Clock = "07:00"
    walk: tuple[Metres, ...] = (300.0, 500.0)
    subsidy: Annotated[float, Field(ge=0)] | None = None


class GreenSection(TableSection):
    """``[green]``: green spaces and community homes, by the walk to their entrances."""

    kind: Literal["", "pocket_park", "park", "green", "square", "community_home"] = ""
    entrances_file: str = ""
    metres: dict[GreenKind, Metres] = {
        "pocket_park": 300.0, "green": 300.0, "park": 1000.0, "community_home": 500.0,
    }  # fmt: skip


class GapsSection(Section):
    """``[gaps]``: how the gap list is drawn up."""

    merge_metres: Metres = 300.0
    act_share: Share = 0.5


class PrioritySection(Section):
    """``[priority]``: weights of what makes a gap urgent."""

    weak_base: Weight = 0.3
    size: Weight = 0.2
    complaints: Weight = 0.2
    unanswered: Weight = 0.05
    unresolved: Weight = 0.1
    dissatisfied: Weight = 0.1
    survey: Weight = 0.05


class ScorecardSection(Section):
    """``[scorecard]``: weights and targets of the districts' scorecard."""

    level: Literal["district", "street"] = "district"
    weights: dict[IndicatorName, Weight] = {
        "circle": 0.3, "types": 0.2, "weakest": 0.1, "response": 0.1, "resolution": 0.1,
        "satisfaction": 0.1, "survey": 0.1,
    }  # fmt: skip
    targets: dict[IndicatorName, Target] = {
        "circle": 0.9, "types": 0.9, "weakest": 0.8, "response": 1.0, "resolution": 0.9,
        "satisfaction": 0.9, "survey": 0.9,
    }  # fmt: skip


class BlocksSection(Section):
    """``[blocks]``: rubric of demonstration blocks."""

    level: Literal["community", "street"] = "community"
    completeness: Target = 1.0
    density: Annotated[float, Field(gt=0, le=1000)] = 8.0
    satisfaction: Target = 0.9
    weights: tuple[Weight, Weight, Weight] = (0.5, 0.2, 0.3)
    least: Annotated[float, Field(ge=0, le=100)] = 80.0
    min_residents: Annotated[float, Field(ge=0)] = 100.0


def minutes_of(clock: str) -> int:
    """Return minutes after midnight of ``"06:30"``."""
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)
