"""Demonstration blocks (示范街区): candidate areas scored by a rubric that anyone can recompute.

For each area, with targets *t* and weights *w* of the study (a project choice)::

    completeness = mean over the basic types of covered / (covered + gap)        (0-1)
    density      = existing outlets of basic types per 1,000 residents
    satisfaction = surveyed satisfied or very satisfied / asked, else of the complaints
                   followed up the share satisfied                                (0-1)
    points_k     = 100 * min(1, value_k / t_k)
    score        = sum(w_k * points_k) / sum(w_k)    over the criteria that are known

An area **qualifies** when all three criteria are known and each reaches ``least`` points; one with
a criterion missing is *unknown*, never a failure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from quarterhour.data.complaints import rate_bases

from .summary import CIRCLE

CRITERIA = ("completeness", "density", "satisfaction")


@dataclass(frozen=True, slots=True)
class BlockRubric:
    """Targets and weights (project choice; the satisfaction target is that of MOFCOM 2021).

    Attributes
    ----------
    completeness, density, satisfaction
        Targets: 0-1, outlets per 1,000 residents, 0-1.
    weights
        Of the three in that order, at least 0.
    least
        Points (0-100) every criterion must reach to qualify.
    min_residents
        Areas with fewer residents are not candidates.
    """

    completeness: float = 1.0
    density: float = 8.0
    satisfaction: float = 0.9
    weights: tuple[float, float, float] = (0.5, 0.2, 0.3)
    least: float = 80.0
    min_residents: float = 100.0

    @property
    def targets(self) -> dict[str, float]:
        """Target of each criterion."""
        return dict(
            zip(CRITERIA, (self.completeness, self.density, self.satisfaction), strict=True)
        )


#: Columns of `score_blocks` with their units.
BLOCK_UNITS = {
    "area": "id",
    "name": "",
    "name_en": "",
    "score_rank": "",
    "score": "0-100",
    "qualifies": "yes, no or unknown",
    "residents": "persons",
    "outlets": "outlets",
    "completeness": "0-1",
    "density": "outlets per 1,000 residents",
    "satisfaction": "0-1",
    "satisfaction_from": "survey or complaints",
    **{f"{name}_points": "0-100" for name in CRITERIA},
}


def score_blocks(
    summary: pd.DataFrame,
    basic: tuple[str, ...],
    rubric: BlockRubric | None = None,
    *,
    level: str = "community",
    complaints: pd.DataFrame | None = None,
    survey: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Score every area of a level as a demonstration block, best first.

    Parameters
    ----------
    summary
        From `quarterhour.coverage.summary.summarise`.
    basic
        Ids of the basic types.
    rubric
        Targets and weights; None takes the defaults.
    level
        Level of the candidate blocks; satisfaction is known for ``community`` only.
    complaints, survey
        Canonical tables, or None.

    Returns
    -------
    pandas.DataFrame
        Columns as in `BLOCK_UNITS`.
    """
    rubric = rubric or BlockRubric()
    rows = summary[(summary["level"] == level) & (summary["area"] != "")]
    whole = rows[rows["type"] == CIRCLE].set_index("area")
    whole = whole[whole["residents"] >= rubric.min_residents]
    types = rows[rows["type"].isin(basic)].groupby("area")
    table = pd.DataFrame(
        {
            "name": whole["name"],
            "name_en": whole["name_en"],
            "residents": whole["residents"],
            "outlets": types["outlets"].sum(min_count=1).reindex(whole.index),
            "completeness": types["share"].mean().reindex(whole.index),
        }
    )
    table["density"] = 1000.0 * table["outlets"] / table["residents"].where(table["residents"] > 0)
    known = level == "community"
    table["satisfaction"], table["satisfaction_from"] = _satisfaction(
        table.index, survey if known else None, complaints if known else None
    )
    return _ranked(table, rubric)


def _ranked(table: pd.DataFrame, rubric: BlockRubric) -> pd.DataFrame:
    targets = pd.Series(rubric.targets)
    weights = pd.Series(dict(zip(CRITERIA, rubric.weights, strict=True)))
    values = table[list(CRITERIA)].astype(float)
    points = 100.0 * values.div(targets).clip(upper=1.0)
    known = values.notna().mul(weights).sum(axis=1)
    enough = (points >= rubric.least).all(axis=1)
    missing = values.isna().any(axis=1)
    table = table.join(points.add_suffix("_points")).assign(
        score=points.mul(weights).sum(axis=1) / known.where(known > 0),
        qualifies=np.where(missing, "unknown", np.where(enough, "yes", "no")),
    )
    table["score_rank"] = table["score"].rank(method="min", ascending=False)
    ordered = (
        table.rename_axis("area")
        .reset_index()
        .sort_values(["score", "area"], ascending=[False, True], na_position="last")
    )
    return ordered[list(BLOCK_UNITS)].reset_index(drop=True)


def _satisfaction(
    areas: pd.Index[str], survey: pd.DataFrame | None, complaints: pd.DataFrame | None
) -> tuple[pd.Series[float], pd.Series[str]]:
    asked: dict[str, float] = {}
    served: dict[str, float] = {}
    if survey is not None:
        asked = dict(zip(survey["community"], survey["satisfied_share"], strict=True))
    if complaints is not None:
        base = rate_bases(complaints)
        sums = pd.DataFrame({"base": base, "satisfied": complaints["satisfied"]}).groupby(
            complaints["community"]
        ).sum(min_count=1)  # fmt: skip
        rate = sums["satisfied"] / sums["base"].where(sums["base"] > 0)
        served = {str(area): float(share) for area, share in rate.items()}
    values, sources = [], []
    for area in areas:
        found, source = asked.get(area, np.nan), "survey"
        if np.isnan(found):
            found, source = served.get(area, np.nan), "complaints"
        values.append(found)
        sources.append("" if np.isnan(found) else source)
    return pd.Series(values, index=areas, dtype=float), pd.Series(
        sources, index=areas, dtype=object
    )
