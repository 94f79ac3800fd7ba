"""Priority of a gap from what is known of its place, with the formula in the open.

For each gap and component *k* a value *x_k* from 0 to 1 (`COMPONENTS`), then::

    priority = 1 + sum(w_k * x_k) / sum(w_k)         over the components that are known
    severity = uncovered residents * priority

so that priority is from 1 to 2 and a gap never loses residents by it. The weights are the study's
(a project choice: none are published). A component without data is left out of both sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from .gaps import with_rank
from .summary import CIRCLE

Floats = npt.NDArray[np.float64]

#: Component -> its definition; all are 0-1, larger is more urgent.
COMPONENTS = {
    "weak_base": "mean over the basic types of gap / (covered + gap) residents of the community",
    "size": "residents of the community / most residents of any community in the list",
    "complaints": "complaints about the type per 1,000 residents / the most of any gap in the list",
    "unanswered": "1 - response rate of those complaints; 0 without complaints",
    "unresolved": "1 - resolution rate; 0 without complaints",
    "dissatisfied": "1 - satisfaction rate; 0 without complaints",
    "survey": "1 - share of the surveyed who are satisfied or very satisfied",
}

#: Complaint rates and the component each one feeds.
_RATES = {
    "response_rate": "unanswered",
    "resolution_rate": "unresolved",
    "satisfaction_rate": "dissatisfied",
}


@dataclass(frozen=True, slots=True)
class PriorityWeights:
    """Weight of each component, at least 0; only their ratios matter (project choice).

    Attributes
    ----------
    weak_base, size, complaints, unanswered, unresolved, dissatisfied, survey
        See `COMPONENTS`.
    """

    weak_base: float = 0.3
    size: float = 0.2
    complaints: float = 0.2
    unanswered: float = 0.05
    unresolved: float = 0.1
    dissatisfied: float = 0.1
    survey: float = 0.05


def priority_components(
    gaps: pd.DataFrame,
    summary: pd.DataFrame,
    basic: tuple[str, ...],
    *,
    complaints: pd.DataFrame | None = None,
    survey: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the value of every component for every gap.

    Parameters
    ----------
    gaps
        From `quarterhour.coverage.gaps.gap_list`.
    summary
        From `quarterhour.coverage.summary.summarise`.
    basic
        Ids of the basic types.
    complaints
        Canonical complaints (`quarterhour.data.complaints`), or None.
    survey
        Canonical survey (`quarterhour.data.survey`), or None.

    Returns
    -------
    pandas.DataFrame
        Index of ``gaps``, columns `COMPONENTS`, 0-1; NaN where there are no data. Where a gap has
        no community, those of its street-town, else of the city, stand for it in ``weak_base``.
    """
    weak = _weak_base(gaps, summary, basic)
    people = _residents(gaps, summary)
    found = pd.DataFrame(
        {"weak_base": weak, "size": _over_most(people)}, index=gaps.index, dtype=float
    )
    found = found.join(_of_complaints(gaps, people, complaints))
    found["survey"] = _of_survey(gaps, survey)
    return found[list(COMPONENTS)]


def with_priority(
    gaps: gpd.GeoDataFrame, components: pd.DataFrame, weights: PriorityWeights
) -> gpd.GeoDataFrame:
    """Return the gaps with ``priority``, ``severity`` and ``rank`` under the weights."""
    priority = priorities(components, asdict(weights))
    return gpd.GeoDataFrame(
        with_rank(gaps.assign(priority=priority, severity=gaps["residents"] * priority)),
        crs=gaps.crs,
    )


def priorities(components: pd.DataFrame, weights: Mapping[str, float]) -> Floats:
    """Return ``1 + sum(w x) / sum(w)`` of each row over its known components; 1 without any."""
    values = components.to_numpy(float)
    weight = np.array([weights[name] for name in components.columns], float)
    known = ~np.isnan(values)
    total = known @ weight
    weighted = np.nan_to_num(values) @ weight
    mean = np.divide(weighted, total, out=np.zeros(len(values)), where=total > 0)
    return np.asarray(1.0 + mean, np.float64)


#: Columns of `sensitivity` with their units.
SENSITIVITY_UNITS = {
    "scenario": "",
    "component": "",
    "factor": "",
    "kendall_tau": "-1 to 1, 1 = same order",
    "top_kept": "gaps",
    "top": "gaps",
    "mean_move": "ranks",
    "max_move": "ranks",
}


def sensitivity(
    gaps: pd.DataFrame, components: pd.DataFrame, weights: PriorityWeights, *, top: int = 10
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Show how the ranks move when weights change.

    Scenarios: each weight in turn dropped, halved, doubled; all weights equal; no priority at all
    (residents alone).

    Parameters
    ----------
    gaps
        Gaps with any ranks; the base is the order under ``weights``.
    components
        From `priority_components`, rows as in ``gaps``.
    weights
        The study's.
    top
        How many of the first gaps are watched.

    Returns
    -------
    (pandas.DataFrame, pandas.DataFrame)
        One row a scenario, columns `SENSITIVITY_UNITS` (``kendall_tau`` is Kendall's rank
        correlation with the base, NaN for fewer than two gaps); and one row a gap: ``id,
        rank_base, rank_best, rank_worst`` over all scenarios.
    """
    from scipy.stats import kendalltau  # noqa: PLC0415 - takes a second to load, needed here alone

    base_weights = asdict(weights)
    base = _ranks(gaps, components, base_weights)
    watched = min(top, len(gaps))
    rows, all_ranks = [], [base]
    for scenario, component, factor, changed in _scenarios(base_weights):
        ranks = _ranks(gaps, components, changed)
        all_ranks.append(ranks)
        move = np.abs(ranks - base)
        rows.append(
            {
                "scenario": scenario,
                "component": component,
                "factor": factor,
                "kendall_tau": kendalltau(base, ranks).statistic if len(gaps) > 1 else np.nan,
                "top_kept": int(((base <= watched) & (ranks <= watched)).sum()),
                "top": watched,
                "mean_move": float(move.mean()) if len(move) else 0.0,
                "max_move": int(move.max(initial=0)),
            }
        )
    stacked = np.vstack(all_ranks)
    spread = pd.DataFrame(
        {
            "id": gaps["id"].to_numpy(object),
            "rank_base": base,
            "rank_best": stacked.min(axis=0),
            "rank_worst": stacked.max(axis=0),
        }
    )
    return pd.DataFrame(rows, columns=list(SENSITIVITY_UNITS)), spread


def _scenarios(
    base: Mapping[str, float],
) -> list[tuple[str, str, float, dict[str, float]]]:
    found = [
        (word, name, factor, {**base, name: factor * weight})
        for name, weight in base.items()
        for word, factor in (("dropped", 0.0), ("halved", 0.5), ("doubled", 2.0))
        if weight > 0
    ]
    found.append(("equal", "", 1.0, dict.fromkeys(base, 1.0)))
    found.append(("residents_only", "", 0.0, dict.fromkeys(base, 0.0)))
    return found


def _ranks(
    gaps: pd.DataFrame, components: pd.DataFrame, weights: Mapping[str, float]
) -> npt.NDArray[np.int64]:
    plain = pd.DataFrame(gaps[["id", "residents"]]).reset_index(drop=True)
    severity = plain["residents"].to_numpy(float) * priorities(components, weights)
    order = with_rank(plain.assign(severity=severity, at=np.arange(len(plain))))
    ranks = np.empty(len(plain), np.int64)
    ranks[order["at"].to_numpy(np.int64)] = order["rank"].to_numpy(np.int64)
    return ranks


def _weak_base(gaps: pd.DataFrame, summary: pd.DataFrame, basic: tuple[str, ...]) -> Floats:
    rows = summary[summary["type"].isin(basic)]
    share = (1.0 - rows["share"]).groupby([rows["level"], rows["area"]]).mean().to_dict()
    found = []
    for place, kind, street in zip(gaps["place"], gaps["place_kind"], gaps["street"], strict=True):
        keys = [("community", place)] if kind == "community" else []
        keys += [("street", street)] if street else []
        values = [share.get(key, np.nan) for key in (*keys, ("city", ""))]
        found.append(next((value for value in values if not np.isnan(value)), np.nan))
    return np.array(found, float)


def _residents(gaps: pd.DataFrame, summary: pd.DataFrame) -> Floats:
    """Return residents of each gap's community; of a cluster its own."""
    rows = summary[(summary["level"] == "community") & (summary["type"] == CIRCLE)]
    people = dict(zip(rows["area"], rows["residents"], strict=True))
    return np.array(
        [
            people.get(place, own) if kind == "community" else own
            for place, kind, own in zip(
                gaps["place"], gaps["place_kind"], gaps["residents"], strict=True
            )
        ],
        float,
    )


def _over_most(values: Floats) -> Floats:
    most = np.nanmax(values, initial=0.0)
    return values / most if most > 0 else np.zeros(len(values))


def _of_complaints(
    gaps: pd.DataFrame, people: Floats, complaints: pd.DataFrame | None
) -> pd.DataFrame:
    names = ["complaints", *_RATES.values()]
    if complaints is None:
        return pd.DataFrame(np.nan, index=gaps.index, columns=names)
    table = complaints.set_index(["community", "type"])
    keys = pd.MultiIndex.from_arrays([gaps["place"], gaps["type"]])
    mine = table.reindex(keys).reset_index(drop=True)
    count = mine["complaints"].fillna(0.0).to_numpy(float)
    rate = np.divide(1000.0 * count, people, out=np.zeros(len(count)), where=people > 0)
    # A cluster outside every community can have no complaints counted to it: unknown, not zero.
    placed = (gaps["place_kind"] == "community").to_numpy(bool)
    found = {"complaints": np.where(placed, _over_most(np.where(placed, rate, 0.0)), np.nan)}
    for column, name in _RATES.items():
        lack = 1.0 - mine[column].to_numpy(float)
        given = complaints[column].notna().any()
        found[name] = np.where(placed & given, np.where(count > 0, lack, 0.0), np.nan)
    return pd.DataFrame(found, index=gaps.index)


def _of_survey(gaps: pd.DataFrame, survey: pd.DataFrame | None) -> Floats:
    if survey is None:
        return np.full(len(gaps), np.nan)
    share = dict(zip(survey["community"], survey["satisfied_share"], strict=True))
    return np.array([1.0 - share.get(place, np.nan) for place in gaps["place"]], float)
