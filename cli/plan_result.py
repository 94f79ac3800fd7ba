"""Everything a plan's tables and report are made of, each computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from quarterhour.coverage.circles import ServiceCircles
from quarterhour.coverage.gaps import gap_places
from quarterhour.optimize.baselines import (
    Baseline,
    WorstGap,
    greedy_plan,
    nearest_premises_plan,
)
from quarterhour.optimize.evidence import SiteEvidence, site_evidence
from quarterhour.optimize.from_circles import proposed_outlets
from quarterhour.optimize.plan import Plan
from quarterhour.optimize.price_curve import PriceCurve, price_curve, prove_points
from quarterhour.optimize.problem import SitingProblem
from quarterhour.optimize.shadow_price import AreaPrice, shadow_prices

from .premises import Premises
from .study_run import StudyRun

Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class PlanResult:
    """A solved plan with all that explains it.

    Attributes
    ----------
    ground
        What could be chosen, and what stood before.
    problem, plan
        What was asked, and the answer.
    before, after
        Circles before the plan, and at the end of each year.
    places
        Place of the gap record of each point and judged type before the plan, "" = no gap (n, T).
    cases
        The case for each outlet, in the order of the plan.
    baselines
        Greedy, nearest premises.
    curve
        Price curve, None for objectives it does not speak of.
    prices
        What one more outlet brings, by district.
    """

    ground: Premises
    problem: SitingProblem
    plan: Plan
    before: ServiceCircles
    after: tuple[ServiceCircles, ...]
    places: Objects
    cases: tuple[SiteEvidence, ...]
    baselines: tuple[Baseline, ...]
    curve: PriceCurve | None
    prices: tuple[AreaPrice, ...]

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """The candidates of the outlets, in the order of the plan."""
        rows = [item.candidate for item in self.plan.chosen]
        return self.ground.table.iloc[rows].reset_index(drop=True)

    def column(self, kind: int) -> int:
        """Return the place among the judged types of a planned type."""
        return [one.id for one in self.before.types].index(self.problem.types[kind])


def measured_after(
    run: StudyRun, problem: SitingProblem, plan: Plan, ground: Premises
) -> tuple[ServiceCircles, ...]:
    """Measure the circles again at the end of each year, on the streets."""
    found = []
    for year in range(problem.n_years):
        open_now = tuple(item for item in plan.chosen if item.year <= year)
        outlets = proposed_outlets(replace(plan, chosen=open_now), problem, ground.table)
        facilities = pd.concat([ground.standing, outlets], ignore_index=True)
        # Of a planned type without any outlet yet it is known that there is none.
        found.append(run.measure(facilities, none_exist=_judged_known(run, problem)))
    return tuple(found)


def _judged_known(run: StudyRun, problem: SitingProblem) -> list[str]:
    """Return the types whose outlets are on record before the plan."""
    return sorted(set(run.inputs.facilities["type"]) & set(problem.types))


def plane_of(points: gpd.GeoDataFrame, run: StudyRun) -> npt.NDArray[np.float64]:
    """Return positions in the network's plane (n, 2), m."""
    return np.asarray(shapely.get_coordinates(points.geometry.to_crs(run.network.crs).array))


def worst_gaps(
    problem: SitingProblem,
    circles: ServiceCircles,
    places: Objects,
    priorities: pd.DataFrame | None,
) -> list[WorstGap]:
    """Return the gaps of the planned types in the order of residents times priority."""
    known = {} if priorities is None else {
        (place, kind): priority
        for place, kind, priority in zip(
            priorities["place"], priorities["type"], priorities["priority"], strict=True
        )
    }  # fmt: skip
    names = [kind.id for kind in circles.types]
    found: list[tuple[float, str, WorstGap]] = []
    for column, kind in enumerate(problem.types):
        here = places[:, names.index(kind)]
        for place, rows in pd.Series(np.arange(len(here))).groupby(here):
            if place:
                points = sorted(rows.tolist(), key=lambda row: (-problem.residents[row], row))
                worth = problem.residents[points].sum() * known.get((place, kind), 1.0)
                found.append((-float(worth), str(place), WorstGap(column, tuple(points))))
    return [gap for *_, gap in sorted(found, key=lambda entry: entry[:2])]


def explained(
    run: StudyRun,
    problem: SitingProblem,
    plan: Plan,
    before: ServiceCircles,
    priorities: pd.DataFrame | None,
) -> PlanResult:
    """Return the plan with all that explains it: measured again, compared, priced."""
    ground, options = run.ground, run.config.plan
    places = gap_places(before, run.config.gaps.merge_metres)
    run.progress("evidence", 0, 4)
    after = measured_after(run, problem, plan, ground)
    run.progress("evidence", 1, 4)
    cases = site_evidence(problem, plan)
    run.progress("evidence", 2, 4)
    if plan.objective_kind != "coverage":  # what follows speaks of coverage alone
        run.progress("evidence", 4, 4)
        return PlanResult(ground, problem, plan, before, after, places, cases, (), None, ())
    reach = [before.types[_column(before, kind)].radius(before.criterion, before.profile)
             for kind in problem.types]  # fmt: skip
    gaps = worst_gaps(problem, before, places, priorities)
    nearest = nearest_premises_plan(problem, gaps, plane_of(before.demand, run), reach=reach)
    baselines = (greedy_plan(problem), nearest)
    run.progress("evidence", 3, 4)
    curve = _curve(run, problem, plan)
    prices = shadow_prices(problem, plan, seconds=options.time_limit)
    run.progress("evidence", 4, 4)
    return PlanResult(ground, problem, plan, before, after, places, cases, baselines, curve, prices)


def _curve(run: StudyRun, problem: SitingProblem, plan: Plan) -> PriceCurve:
    """Return the price curve to twice the plan: what would come next; all of it takes long."""
    options = run.config.plan
    curve = price_curve(problem, most=max(2 * len(plan.chosen), 20))
    if not options.curve_points:
        return curve
    return prove_points(
        problem, curve, points=options.curve_points, seconds=min(10.0, options.time_limit / 4),
        solver=options.solver, seed=options.seed, threads=options.threads, progress=run.progress,
    )  # fmt: skip


def _column(circles: ServiceCircles, kind: str) -> int:
    return [one.id for one in circles.types].index(kind)
