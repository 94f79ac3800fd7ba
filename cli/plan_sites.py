"""The list of sites with its evidence, and the walks from whom each site helps most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.coverage.gaps import gap_id
from quarterhour.coverage.locate import locate
from quarterhour.coverage.routes import route
from quarterhour.coverage.states import State
from quarterhour.optimize.evidence import SiteEvidence
from quarterhour.optimize.plan import Chosen
from quarterhour.optimize.problem import SitingProblem

from .plan_result import PlanResult
from .plan_rules import quota_option
from .study_run import StudyRun

#: Joins several ids or words in one cell.
JOIN = "; "


@dataclass(frozen=True, slots=True)
class Helped:
    """Whom one site newly serves.

    Attributes
    ----------
    points
        Demand points newly covered by it (rows of the demand).
    worst
        The one that walked farthest before; -1 where it newly serves nobody.
    closed, eased
        Ids of the gaps that are gone after the plan and that it had a part in; of those it makes
        smaller.
    """

    points: npt.NDArray[np.int64]
    worst: int
    closed: tuple[str, ...]
    eased: tuple[str, ...]


def helped_by(result: PlanResult) -> list[Helped]:
    """Return whom each outlet of the plan helps, in the order of the plan."""
    return [_helped(result, item.candidate, item.type) for item in result.plan.chosen]


def _helped(result: PlanResult, candidate: int, kind: int) -> Helped:
    problem, column = result.problem, result.column(kind)
    reached = problem.covers[kind][:, [candidate]].toarray().ravel() > 0
    # By state, not by persons: a gap where nobody's number is known is closed all the same.
    points = np.flatnonzero(reached & (result.before.state[:, column] == State.GAP))
    here = result.places[:, column]
    left = set(here[result.after[-1].state[:, column] == State.GAP])
    mine = sorted({str(place) for place in here[points]} - {""})
    name = problem.types[kind]
    return Helped(
        points,
        _worst(result, points, column),
        tuple(gap_id(place, name) for place in mine if place not in left),
        tuple(gap_id(place, name) for place in mine if place in left),
    )


def _worst(result: PlanResult, points: npt.NDArray[np.int64], column: int) -> int:
    """Return the point that walked farthest before; without any outlet in reach is farthest."""
    lived_in = points[result.problem.residents[points] > 0]
    if not len(lived_in):
        return -1
    walked = np.nan_to_num(result.before.seconds[lived_in, column], nan=np.inf)
    order = np.lexsort((lived_in, -result.problem.residents[lived_in], -walked))
    return int(lived_in[order[0]])


def site_table(
    result: PlanResult, helped: Sequence[Helped], routes: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return one row a proposed outlet, best first, with its evidence (EPSG:4326).

    Parameters
    ----------
    result, helped
        The plan, and whom each outlet helps.
    routes
        From `route_table`.
    """
    problem, cases = result.problem, result.cases
    chosen = result.sites
    kinds = [problem.types[case.chosen.type] for case in cases]
    upgrade = problem.upgrade[[case.chosen.candidate for case in cases]]
    table = gpd.GeoDataFrame(
        {
            "id": [f"{site}:{kind}" for site, kind in zip(chosen["id"], kinds, strict=True)],
            "candidate": chosen["id"],
            "name": chosen["name"],
            "address": chosen["address"],
            "type": kinds,
            "year": [problem.years[case.chosen.year] for case in cases],
            "action": np.where(upgrade, "upgrade", "new"),
            "count": [case.chosen.count for case in cases],
            "area_m2": chosen["area_m2"],
            "cost": chosen["cost"],
            "district": chosen["district"],
            "street": chosen["street"],
            "community": chosen["community"],
            "within_reach": [case.within_reach for case in cases],
            "newly_covered": [case.newly_covered for case in cases],
            "lost_if_dropped": [case.exclusive for case in cases],
            "objective_lost": [_rounded(case.lost) for case in cases],
            "alternative": [_named(case.alternative, problem) for case in cases],
            "alternative_type": [_alternative_type(case, problem) for case in cases],
            "alternative_loss": [_rounded(case.alternative_lost) for case in cases],
            "nearby": [_named(case.nearby, problem) for case in cases],
            "nearby_loss": [_rounded(case.nearby_lost) for case in cases],
            "gaps_closed": [JOIN.join(one.closed) for one in helped],
            "gaps_eased": [JOIN.join(one.eased) for one in helped],
            **_worst_served(result, helped),
            "binding": [_binding(case, problem) for case in cases],
            "fixed": [bool(problem.fixed[c.chosen.candidate, c.chosen.type]) for c in cases],
            "kept": [bool(problem.previous[c.chosen.candidate, c.chosen.type]) for c in cases],
        },
        geometry=chosen.geometry,
        crs=chosen.crs,
    )
    order = ["newly_covered", "candidate", "type"]
    table = table.sort_values(order, ascending=[False, True, True]).reset_index(drop=True)
    walks, at = routes.set_index("site"), list(table.columns).index("worst_minutes") + 1
    for name in ("minutes", "metres"):
        table.insert(at, f"walk_{name}", table["id"].map(walks[name]).astype(float))
    table.insert(0, "rank", range(1, len(table) + 1))
    return table


def _worst_served(result: PlanResult, helped: Sequence[Helped]) -> dict[str, list[object]]:
    """Return the columns that tell who was worst served of those a site newly serves."""
    demand, seconds = result.before.demand, result.before.seconds
    found: dict[str, list[object]] = {
        "worst_point": [], "worst_place": [], "worst_minutes": [],
    }  # fmt: skip
    for item, one in zip(result.plan.chosen, helped, strict=True):
        there = one.worst >= 0
        row = demand.iloc[one.worst] if there else None
        place = "" if row is None else row["community"] or row["name"] or row["id"]
        minutes = seconds[one.worst, result.column(item.type)] / 60.0 if there else np.nan
        found["worst_point"].append("" if row is None else row["id"])
        found["worst_place"].append(place)
        found["worst_minutes"].append(round(float(minutes), 2))
    return found


def _rounded(value: float) -> float:
    return round(value, 6) + 0.0  # no minus before a zero


def _named(candidate: int, problem: SitingProblem) -> str:
    """Return the id of a candidate, "" where there is none."""
    return "" if candidate < 0 else str(problem.candidate_ids[candidate])


def _alternative_type(case: SiteEvidence, problem: SitingProblem) -> str:
    return "" if case.alternative_type < 0 else problem.types[case.alternative_type]


def _binding(case: SiteEvidence, problem: SitingProblem) -> str:
    return JOIN.join(quota_option(problem.quotas[number]) for number in case.binding)


def route_table(run: StudyRun, result: PlanResult, helped: Sequence[Helped]) -> gpd.GeoDataFrame:
    """Return the shortest walk from the worst served residents to each site (EPSG:4326).

    Returns
    -------
    geopandas.GeoDataFrame
        ``site`` (id), ``type``, ``point`` (id of the residential point), ``metres``, ``minutes``,
        ``geometry`` (LineString along the streets); a site that newly serves nobody has none.
    """
    walked = [(item, one.worst) for item, one in zip(result.plan.chosen, helped, strict=True)
              if one.worst >= 0]  # fmt: skip
    columns = ["site", "type", "point", "metres", "minutes", "geometry"]
    table = pd.DataFrame(_walks(run, result, walked) if walked else [], columns=columns)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=run.network.crs).to_crs(4326)


def _walks(
    run: StudyRun, result: PlanResult, walked: Sequence[tuple[Chosen, int]]
) -> list[dict[str, object]]:
    """Return a row of `route_table` for each outlet and the row of a residential point."""
    circles = result.before
    used = sorted({item.candidate for item, _ in walked})
    place = {candidate: number for number, candidate in enumerate(used)}
    places = locate(
        run.network, result.ground.table.iloc[used], snap_limit=run.config.streets.snap_limit,
        count_access=circles.locations.count_access,
    )  # fmt: skip
    rows: list[dict[str, object]] = []
    for item, home in walked:
        way = route(
            run.network, circles.locations.take([home]), places.take([place[item.candidate]]),
            by="metres" if circles.criterion == "metres" else "seconds", profile=circles.profile,
        )  # fmt: skip
        if way is None or way.line.is_empty:
            continue
        kind = result.problem.types[item.type]
        rows.append(
            {
                "site": f"{result.problem.candidate_ids[item.candidate]}:{kind}",
                "type": kind,
                "point": str(circles.demand["id"].iloc[home]),
                "metres": round(way.metres, 1),
                "minutes": round(way.seconds / 60.0, 2),
                "geometry": way.line,
            }
        )
    return rows
