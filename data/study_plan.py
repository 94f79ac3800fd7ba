# ruff: noqa: RUF012 - pydantic copies the defaults of its models
"""``[plan]`` of ``study.toml``: what to open, under which quotas, in which years, how well proven.

Rules that concern one option, or two of them together, are checked here; whether the ids exist is
for `quarterhour.data.study_checks` and, for candidates, `quarterhour.cli.plan_check`.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from .study_base import Metres, Section

#: What a plan may be asked to achieve: the names in `quarterhour.optimize.objectives`.
OBJECTIVES = (
    "coverage", "fewest", "capacitated", "fewest_capacitated", "backup", "fewest_backup",
    "attendance", "market_share", "target_share", "least_walking", "center", "dispersion",
)  # fmt: skip

#: One option of an objective: a number, a word, yes or no, or a list such as ["linear", 900].
OptionValue = bool | int | float | str | tuple[int | float | str, ...]

#: Shares of the years may miss 1 by this much: three times 0.333 is meant to be everything.
_SHARE_SLACK = 0.01

#: Largest amounts an option takes: more is a slip of the pen, and infinity is no amount.
_MOST_OUTLETS = 1_000_000
_MOST_AMOUNT = 1e15
_WEEK = 7 * 86_400

Whole = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0, le=_MOST_AMOUNT)]
Level = Literal["city", "district", "street", "community"]


class Quota(Section):
    """Least and most outlets of a group."""

    min: Whole = 0
    max: Whole | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Quota:
        if self.max is not None and self.max < self.min:
            raise PydanticCustomError("option_max_below_min", "max is below min")
        return self


class UpgradesSection(Quota):
    """``plan.upgrades``: substandard outlets that may be brought up to standard."""

    enabled: bool = False
    cost: Amount | None = None


class FloorSection(Section):
    """One entry of ``plan.floor``: the least share of residents covered once the plan is done."""

    share: Annotated[float, Field(gt=0, le=1)]
    type: str = ""
    level: Level = "district"
    area: str = ""
    year: str = ""

    @model_validator(mode="after")
    def _area_of_level(self) -> FloorSection:
        if self.level == "city" and self.area:
            context = {"option": "area", "area": self.area}
            raise PydanticCustomError("option_city_area", "the city is not an area", context)
        return self


class PlanSection(Section):
    """``[plan]``: how many outlets, where allowed, when, and how hard to prove."""

    objective: str = "coverage"
    objective_options: dict[str, OptionValue] = {}
    outlets: Annotated[int, Field(ge=1, le=_MOST_OUTLETS)] = 20
    types: tuple[str, ...] = ()
    per_type: dict[str, Quota] = {}
    per_district: dict[str, Quota] = {}
    per_street: dict[str, Quota] = {}
    per_community: dict[str, Quota] = {}
    community_min: dict[str, Whole] = {}
    community_standard: bool = False
    upgrades: UpgradesSection = UpgradesSection()
    years: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    per_year: tuple[Annotated[float, Field(ge=0, le=_MOST_OUTLETS)], ...] = ()
    discount: Annotated[float, Field(gt=0, le=1)] = 1.0
    budget: Annotated[float, Field(gt=0, le=_MOST_AMOUNT)] | None = None
    spacing: dict[str, Metres] = {}
    spacing_existing: bool = False
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    floor: tuple[FloorSection, ...] = ()
    priority: bool = False
    circle_reward: Annotated[float, Field(ge=0, le=1000)] = 0.0
    ledger: str = ""
    previous: str = ""
    keep: Amount = 0.0
    solver: str = "highs"
    time_limit: Annotated[float, Field(gt=0, le=_WEEK)] = 60.0
    gap: Annotated[float, Field(ge=0, lt=1)] = 1e-4
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    threads: Annotated[int, Field(ge=1)] = 2
    curve_points: Annotated[int, Field(ge=0, le=20)] = 4

    @model_validator(mode="after")
    def _types(self) -> PlanSection:
        twice = [kind for kind, count in Counter(self.types).items() if count > 1]
        if twice:
            context = {"option": "types", "type": twice[0]}
            raise PydanticCustomError("option_type_twice", "a type twice", context)
        return self

    @model_validator(mode="after")
    def _years(self) -> PlanSection:
        twice = [year for year, count in Counter(self.years).items() if count > 1]
        if twice:
            context = {"option": "years", "year": twice[0]}
            raise PydanticCustomError("option_year_twice", "a year twice", context)
        if self.per_year and len(self.per_year) != len(self.years):
            context = {
                "option": "per_year", "years": f"{len(self.years)}",
                "given": f"{len(self.per_year)}",
            }  # fmt: skip
            raise PydanticCustomError("option_per_year_count", "not one a year", context)
        if self.per_year and not (self._in_shares() or self._in_outlets()):
            context = {"option": "per_year", "given": ", ".join(f"{n:g}" for n in self.per_year)}
            raise PydanticCustomError("option_per_year_sum", "neither shares nor outlets", context)
        return self

    @model_validator(mode="after")
    def _sites(self) -> PlanSection:
        both = set(self.required) & set(self.forbidden)
        if both:
            context = {"option": "forbidden", "id": min(both)}
            raise PydanticCustomError("option_required_and_forbidden", "both", context)
        for together in self.exclusive:
            if len(set(together)) < 2:
                context = {"option": "exclusive", "given": ", ".join(together)}
                raise PydanticCustomError("option_exclusive_alone", "needs two", context)
        return self

    @model_validator(mode="after")
    def _together(self) -> PlanSection:
        if self.keep and not self.previous:
            context = {"option": "keep"}
            raise PydanticCustomError("option_keep_without_previous", "keep what?", context)
        if self.upgrades.enabled and self.budget is not None and self.upgrades.cost is None:
            context = {"option": "upgrades.cost"}
            raise PydanticCustomError("option_upgrade_cost", "an upgrade has no cost", context)
        return self

    def _in_shares(self) -> bool:
        return max(self.per_year) <= 1 and abs(sum(self.per_year) - 1) <= _SHARE_SLACK

    def _in_outlets(self) -> bool:
        whole = all(number == int(number) for number in self.per_year)
        return whole and sum(self.per_year) >= 1

    def outlets_by_year(self) -> tuple[int, ...]:
        """Return the most outlets of each year; all of them in one entry when there are no years.

        Without ``per_year`` the years get equal parts; shares are rounded by largest remainder, so
        that they add up to ``outlets``.
        """
        if not self.years:
            return (self.outlets,)
        if self.per_year and not self._in_shares():
            return tuple(int(number) for number in self.per_year)
        return apportion(self.outlets, self.per_year or (1.0,) * len(self.years))


def apportion(total: int, shares: tuple[float, ...]) -> tuple[int, ...]:
    """Return whole numbers in proportion to ``shares`` that add up to ``total``.

    Hamilton's method of largest remainders; of equal remainders the earlier is served first.
    """
    exact = [total * share / sum(shares) for share in shares]
    whole = [int(number) for number in exact]
    order = sorted(range(len(exact)), key=lambda place: (whole[place] - exact[place], place))
    for place in order[: total - sum(whole)]:
        whole[place] += 1
    return tuple(whole)
