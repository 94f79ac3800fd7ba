"""Scorecard of districts or street-towns (绩效考评), with the formula in the open.

For each indicator *k* with value *v_k* (0-1), target *t_k* and weight *w_k*::

    points_k = 100 * min(1, v_k / t_k)
    score    = sum(w_k * points_k) / sum(w_k)        over the indicators that are known

An indicator without data in an area is left out of both sums and shown as missing, with the share
of the weight that is known (``weight_known``): no area gains or loses by missing data unseen.
Weights and targets are the study's (a project choice), but for satisfaction, whose target 0.90 is
that of the MOFCOM guide of 2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.data.complaints import rate_bases

from .summary import CIRCLE

#: Indicator -> its definition; all are 0-1, larger is better.
INDICATORS = {
    "circle": "residents with a full circle / residents whose circle is known",
    "types": "mean over the basic types of covered / (covered + gap)",
    "weakest": "the least of these shares",
    "response": "complaints answered in time / complaints",
    "resolution": "complaints resolved / followed up",
    "satisfaction": "complaints satisfied / followed up",
    "survey": "surveyed residents satisfied or very satisfied / asked",
}


@dataclass(frozen=True, slots=True)
class Indicator:
    """Weight (at least 0) and target (0-1) of one indicator."""

    weight: float
    target: float


#: Used where the study says nothing (project choice; satisfaction target: MOFCOM 2021).
DEFAULT_INDICATORS = {
    "circle": Indicator(0.3, 0.9),
    "types": Indicator(0.2, 0.9),
    "weakest": Indicator(0.1, 0.8),
    "response": Indicator(0.1, 1.0),
    "resolution": Indicator(0.1, 0.9),
    "satisfaction": Indicator(0.1, 0.9),
    "survey": Indicator(0.1, 0.9),
}

#: Columns of `scorecard` with their units.
SCORECARD_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "score_rank": "",
    "score": "0-100",
    "weight_known": "0-1",
    **{f"{name}_value": "0-1" for name in INDICATORS},
    **{f"{name}_points": "0-100" for name in INDICATORS},
}


def scorecard(
    summary: pd.DataFrame,
    basic: tuple[str, ...],
    *,
    level: str = "district",
    communities: Mapping[str, str] | None = None,
    complaints: pd.DataFrame | None = None,
    survey: pd.DataFrame | None = None,
    indicators: Mapping[str, Indicator] = DEFAULT_INDICATORS,
) -> pd.DataFrame:
    """Score the areas of a level.

    Parameters
    ----------
    summary
        From `quarterhour.coverage.summary.summarise`.
    basic
        Ids of the basic types.
    level
        ``district`` or ``street``.
    communities
        Community -> area of the level, for complaints and survey; None without them.
    complaints, survey
        Canonical tables, or None.
    indicators
        Weight and target by name of `INDICATORS`.

    Returns
    -------
    pandas.DataFrame
        Columns as in `SCORECARD_UNITS`, best first; areas without a single known indicator have no
        score and come last.
    """
    rows = summary[(summary["level"] == level) & (summary["area"] != "")]
    base = rows[rows["type"] == CIRCLE].set_index("area")
    shares = rows[rows["type"].isin(basic)].pivot_table(
        index="area", columns="type", values="share"
    )
    shares = shares.reindex(base.index)
    values = pd.DataFrame(
        {"circle": base["share"], "types": shares.mean(axis=1), "weakest": shares.min(axis=1)}
    )
    for name, rate in _rates(complaints, survey, communities or {}).items():
        values[name] = rate.reindex(values.index)
    return _scored(base, values.reindex(columns=list(INDICATORS)), level, indicators)


def _scored(
    base: pd.DataFrame, values: pd.DataFrame, level: str, indicators: Mapping[str, Indicator]
) -> pd.DataFrame:
    chosen = {name: indicators.get(name, Indicator(0.0, 1.0)) for name in INDICATORS}
    targets = pd.Series({name: one.target for name, one in chosen.items()})
    weights = pd.Series({name: one.weight for name, one in chosen.items()})
    points = 100.0 * values.div(targets).clip(upper=1.0)
    known = values.notna().mul(weights).sum(axis=1)
    score = points.mul(weights).sum(axis=1) / known.where(known > 0)
    table = pd.concat(
        [values.add_suffix("_value"), points.add_suffix("_points")], axis=1
    ).assign(
        level=level, area=values.index, name=base["name"], name_en=base["name_en"],
        score=score, weight_known=known / weights.sum() if weights.sum() > 0 else np.nan,
    )  # fmt: skip
    table = table.rename_axis(None).sort_values(
        ["score", "area"], ascending=[False, True], na_position="last"
    )
    table["score_rank"] = table["score"].rank(method="min", ascending=False)
    return table.reset_index(drop=True)[list(SCORECARD_UNITS)]


def _rates(
    complaints: pd.DataFrame | None, survey: pd.DataFrame | None, communities: Mapping[str, str]
) -> dict[str, pd.Series[float]]:
    found: dict[str, pd.Series[float]] = {}
    if complaints is not None:
        counts = complaints.assign(
            base=rate_bases(complaints)
        ).groupby(complaints["community"].map(communities))[
            ["complaints", "responded", "resolved", "satisfied", "base"]
        ].sum(min_count=1)  # fmt: skip
        some = counts["base"].where(counts["base"] > 0)
        found["response"] = counts["responded"] / counts["complaints"].where(
            counts["complaints"] > 0
        )
        found["resolution"] = counts["resolved"] / some
        found["satisfaction"] = counts["satisfied"] / some
    if survey is not None:
        answers = survey.groupby(survey["community"].map(communities))[
            ["asked", "very_satisfied", "satisfied"]
        ].sum()
        happy = answers["very_satisfied"] + answers["satisfied"]
        found["survey"] = happy / answers["asked"].where(answers["asked"] > 0)
    return found
