"""A straight street turned into a siting problem, with every further rule."""

import numpy as np

from quarterhour.coverage.circles import ServiceType, measure_circles
from quarterhour.optimize.from_circles import problem_from_circles, proposed_outlets
from quarterhour.optimize.problem import Floor, Quota
from quarterhour.optimize.solve import plan_max_coverage

from ..coverage.straight_street import people, street, table  # noqa: TID252 - tests are no package

SHOP = ServiceType("shop", metres=300.0, minutes=5.0)
NETWORK = street()


def candidates(xs, **more):
    filled = {"types": "", "cost": 1.0, "capacity": 1, "district": "", "street": "",
              "community": "", "area_m2": 0.0, "address": ""}  # fmt: skip
    return table(xs, **{k: [v] * len(xs) for k, v in filled.items()} | more)


def planned(**more):
    homes = people([50, 500, 950], residents=[10.0, 20.0, 40.0])
    homes["district"] = ["A", "A", "B"]
    homes["street"] = homes["community"] = ""
    sites = candidates([0, 400, 600, 1000])
    circles = measure_circles(NETWORK, homes, table([], type=[], status=[]), [SHOP],
                              none_exist=["shop"])  # fmt: skip
    problem = problem_from_circles(NETWORK, circles, sites, ["shop"], **{"total": 2} | more)
    return problem, sites


def test_candidates_have_positions_in_metres_and_demand_its_areas():
    problem, _ = planned()
    assert np.allclose(np.diff(problem.xy[:, 0]), [400, 200, 400], atol=2)
    assert problem.demand_groups["district"].tolist() == ["A", "A", "B"]


def test_further_rules_are_passed_on():
    problem, sites = planned(
        total=3,
        years=["2026", "2027"],
        year_weight=[1.0, 0.5],
        quotas=[Quota(0, 1, year="2026"), Quota(0, 1, year="2027")],
        floors=[Floor(0.4, level="district", group="A", year="2026")],
    )
    plan = plan_max_coverage(problem)
    # The floor asks for twelve of A's thirty residents in 2026: only home p1 has so many.
    assert {item.year: item.candidate in {1, 2} for item in plan.chosen} == {0: True, 1: False}
    assert plan.objective == 20 * 1.5 + 40 * 0.5
    assert sorted(proposed_outlets(plan, problem, sites)["type"]) == ["shop", "shop"]
