"""The form of a standards pack: every value typed, with its source and how sure it is."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Criterion = Literal["metres", "minutes"]
Certainty = Literal["verified", "unverified", "project_choice"]

#: Ids are joined by ``;`` in tables and used in file names.
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Names(_Part):
    """A name in Chinese and English; a plain text in the file is used for both."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, raw: Any) -> Any:
        return {"zh": raw, "en": raw} if isinstance(raw, str) else raw

    def get(self, language: str) -> str:
        """Return the name in a language; English for any but Chinese."""
        return self.zh if language == "zh" else self.en


class Sourced(_Part):
    """Where a value comes from and how sure it is.

    Attributes
    ----------
    source
        The document, or ``""``.
    clause
        Where in it.
    verified
        Whether someone compared the value with the source.
    choice
        Whether the value is the project's own decision, not the source's.
    note
        Anything a reader must know.
    """

    source: str = ""
    clause: str = ""
    verified: bool = False
    choice: bool = False
    note: str = ""

    @property
    def certainty(self) -> Certainty:
        """How sure: a choice stays a choice, however well the source was read."""
        if self.choice:
            return "project_choice"
        return "verified" if self.verified else "unverified"


class Value(Sourced):
    """A number with unit; a bare number in the file is unverified and has no source.

    Attributes
    ----------
    value
        The number that is used.
    low, high
        The range the source gives, or None.
    unit
        E.g. ``"min"``, ``"m"``, ``"m2_per_1000"``; see the catalogue domain ``standards``.
    """

    value: float = Field(ge=0, allow_inf_nan=False)
    low: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    high: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    unit: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, raw: Any) -> Any:
        bare = isinstance(raw, int | float) and not isinstance(raw, bool)
        return {"value": raw} if bare else raw

    @model_validator(mode="after")
    def _in_range(self) -> Value:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            message = f"value {self.value:g} is not within {low:g} to {high:g}"
            raise ValueError(message)
        return self


class Minutes(Value):
    """Minutes on foot."""

    value: float = Field(gt=0, le=240, allow_inf_nan=False)
    unit: Literal["min"] = "min"


class Metres(Value):
    """Metres on foot along streets."""

    value: float = Field(gt=0, le=50_000, allow_inf_nan=False)
    unit: Literal["m"] = "m"


class Speed(Value):
    """Walking speed."""

    value: float = Field(gt=0, le=15, allow_inf_nan=False)
    unit: Literal["km/h"] = "km/h"


class Seconds(Value):
    """Seconds."""

    unit: Literal["s"] = "s"


class Outlets(Value):
    """Whole outlets."""

    unit: Literal["outlets"] = "outlets"

    @field_validator("value")
    @classmethod
    def _whole(cls, value: float) -> float:
        if value != int(value):
            message = "not a whole number of outlets"
            raise ValueError(message)
        return value


class TierChoice(Sourced):
    """The tier a type belongs to; a plain text in the file is the tier's id."""

    id: str

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, raw: Any) -> Any:
        return {"id": raw} if isinstance(raw, str) else raw


class Tier(_Part):
    """A step of the life circle: 5, 10, 15 minutes."""

    id: Identifier
    name: Names
    minutes: Minutes
    metres: Metres
    residents: Value | None = None
    dwellings: Value | None = None


class Category(_Part):
    """A group of types."""

    id: Identifier
    name: Names


class Indicator(_Part):
    """A further requirement of a type or of the whole pack, e.g. floor area per 1,000 people."""

    id: Identifier
    name: Names
    value: Value


class OutletType(_Part):
    """A type of outlet.

    Attributes
    ----------
    aliases
        Further names, any language, by which tables call it.
    basic
        Whether it is among the city's basic types.
    tier
        Its tier; `minutes` and `metres` override the tier's where given.
    per_community
        Least number of outlets in each community.
    """

    id: Identifier
    name: Names
    aliases: tuple[str, ...] = ()
    category: str = ""
    basic: bool = False
    tier: TierChoice
    minutes: Minutes | None = None
    metres: Metres | None = None
    per_community: Outlets | None = None
    indicators: tuple[Indicator, ...] = ()


class WalkingProfile(_Part):
    """How fast a person walks.

    Attributes
    ----------
    signal_delay
        Mean wait at a signalised crossing.
    steps_factor
        How many times longer a metre of stairs takes than a metre of street.
    """

    id: Identifier
    name: Names
    speed: Speed
    signal_delay: Seconds
    steps_factor: Value | None = None


_P = TypeVar("_P", Tier, OutletType, WalkingProfile)


class StandardsPack(_Part):
    """A whole pack: what is asked of every type of outlet, and on whose authority.

    Attributes
    ----------
    criterion
        What coverage is tested on: metres along streets, or minutes on foot.
    source, licence, notes
        Of the pack as a whole.
    """

    id: Identifier
    name: Names
    version: str = Field(min_length=1)
    criterion: Criterion
    source: str = ""
    licence: str = ""
    notes: str = ""
    tiers: tuple[Tier, ...] = Field(min_length=1)
    categories: tuple[Category, ...] = ()
    types: tuple[OutletType, ...] = Field(min_length=1)
    profiles: tuple[WalkingProfile, ...] = Field(min_length=1)
    indicators: tuple[Indicator, ...] = ()

    def type(self, type_id: str) -> OutletType:
        """Return a type by id; KeyError if there is none."""
        return _by_id(self.types, type_id)

    def tier(self, tier_id: str) -> Tier:
        """Return a tier by id; KeyError if there is none."""
        return _by_id(self.tiers, tier_id)

    def profile(self, profile_id: str) -> WalkingProfile:
        """Return a walking profile by id; KeyError if there is none."""
        return _by_id(self.profiles, profile_id)

    @property
    def type_ids(self) -> tuple[str, ...]:
        """Ids of all types, in the pack's order."""
        return tuple(outlet.id for outlet in self.types)

    def threshold(self, type_id: str, criterion: Criterion | None = None) -> Value:
        """Return how far people may walk to a type.

        Parameters
        ----------
        type_id
            A type of the pack.
        criterion
            ``"metres"`` or ``"minutes"``; None takes the pack's.

        Returns
        -------
        Value
            The type's own value, else its tier's. It is only as sure as the weaker of the tier's
            figure and the type's place in that tier.

        Raises
        ------
        KeyError
            If there is no such type.
        """
        outlet = self.type(type_id)
        attribute = criterion or self.criterion
        own: Value | None = getattr(outlet, attribute)
        if own is not None:
            return own
        figure: Value = getattr(self.tier(outlet.tier.id), attribute)
        return figure.model_copy(update=_weaker(figure, outlet.tier))


def _weaker(first: Sourced, second: Sourced) -> dict[str, object]:
    """Return the provenance of a value that rests on two others."""
    sources = dict.fromkeys(part.source for part in (first, second) if part.source)
    notes = dict.fromkeys(part.note for part in (first, second) if part.note)
    return {
        "source": "; ".join(sources),
        "clause": first.clause,
        "verified": first.verified and second.verified,
        "choice": first.choice or second.choice,
        "note": " ".join(notes),
    }


def _by_id(parts: tuple[_P, ...], wanted: str) -> _P:
    for part in parts:
        if part.id == wanted:
            return part
    raise KeyError(wanted)
