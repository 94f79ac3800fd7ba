"""The case for each site, by hand and against trying everything."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize.covered import chosen_pairs
from quarterhour.optimize.evidence import plan_coverage, site_evidence
from quarterhour.optimize.plan import Chosen
from quarterhour.optimize.price_curve import knee_of, price_curve
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.solve import plan_max_coverage


def street():
    """Five points in a row with 10, 20, 30, 40, 50 residents; a site reaches itself and both
    neighbours; point 0 has a shop already, what point 4 has is unknown."""
    near = np.abs(np.subtract.outer(np.arange(5), np.arange(5))) <= 1
    return siting_problem(
        types=["shop"],
        residents=[10, 20, 30, 40, 50],
        covers=[sparse.csr_array(near)],
        covered=[1, 0, 0, 0, 0],
        unknown=[0, 0, 0, 0, 1],
        total=2,
        candidate_ids=list("abcde"),
    )


def test_evidence_by_hand():
    problem = street()
    plan = plan_max_coverage(problem)
    assert [c.candidate for c in plan.chosen] == [2]  # site c reaches all that is left to gain
    (case,) = site_evidence(problem, plan)
    assert case.within_reach == case.newly_covered == case.exclusive == case.lost == 90
    assert (case.alternative, case.alternative_lost) == (3, 20)  # site d reaches 30 + 40


def test_coverage_before_and_after_by_hand():
    problem = street()
    coverage = plan_coverage(problem, plan_max_coverage(problem))
    (shop,) = coverage.types
    assert (shop.type, shop.known, shop.before, shop.after) == ("shop", 100, 10, 100)
    assert (coverage.helped, coverage.complete_before, coverage.complete_after) == (90, 10, 100)


def test_residents_helped_in_two_types_count_once():
    ones = sparse.csr_array(np.ones((2, 2)))
    problem = siting_problem(
        types=["shop", "parcel"], residents=[3, 4], covers=[ones, ones], covered=[[0, 0], [1, 0]]
    )
    plan = plan_max_coverage(problem)
    coverage = plan_coverage(problem, plan)
    assert plan.objective == 3 + 7
    assert plan.newly_covered.tolist() == [3, 7]
    assert coverage.helped == 7
    assert (coverage.complete_before, coverage.complete_after) == (0, 7)


def test_residents_without_priority_are_counted_all_the_same():
    problem = siting_problem(
        types=["shop"],
        residents=[3, 4],
        weights=[1, 0],
        covers=[sparse.csr_array(np.ones((2, 1)))],
    )
    plan = plan_max_coverage(problem)
    (case,) = site_evidence(problem, plan)
    assert (plan.objective, plan.newly_covered.tolist()) == (1, [7])
    assert (case.newly_covered, case.exclusive, case.lost) == (7, 7, 1)


def test_no_alternative_where_quotas_allow_none():
    problem = siting_problem(
        types=["shop"],
        residents=[1, 1],
        covers=[sparse.csr_array(np.eye(2))],
        groups={"district": ["A", "B"]},
        quotas=[Quota(1, 1, "", "district", "A"), Quota(0, 0, "", "district", "B")],
    )
    (case,) = site_evidence(problem, plan_max_coverage(problem))
    assert (case.alternative, case.alternative_type, case.alternative_lost) == (-1, -1, 1)


def test_evidence_equals_trying_everything(draw_problem, worth, keeps_quotas):
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(data):
        problem = draw_problem(data.draw)
        plan = plan_max_coverage(problem)
        pairs = [(c.candidate, c.type) for c in plan.chosen]
        everyone = np.repeat(problem.residents[:, None], 2, axis=1)
        for case, pair in zip(site_evidence(problem, plan), pairs, strict=True):
            rest = [p for p in pairs if p != pair]
            assert case.lost == pytest.approx(plan.objective - worth(problem, rest), abs=1e-6)
            only = worth(problem, pairs, everyone) - worth(problem, rest, everyone)
            assert case.exclusive == pytest.approx(only, abs=1e-6)
            assert case.newly_covered == pytest.approx(worth(problem, [pair], everyone), abs=1e-6)
            swaps = [
                worth(problem, [*rest, tuple(p)])
                for p in np.argwhere(problem.allowed).tolist()
                if tuple(p) not in pairs and keeps_quotas(problem, [*rest, tuple(p)])
            ]
            best = max([*swaps, worth(problem, rest)])
            assert case.alternative_lost == pytest.approx(plan.objective - best, abs=1e-6)

    check()


def test_pairs_of_a_plan():
    problem = street()
    assert np.argwhere(chosen_pairs(problem, [Chosen(3, 0)])).tolist() == [[3, 0]]


def test_price_curve_is_greedy_and_stops_where_nothing_is_gained():
    curve = price_curve(street())
    assert curve.outlets.tolist() == [0, 1]
    assert curve.covered.tolist() == [0, 90]


def test_price_curve_ignores_totals_and_keeps_group_maxima():
    problem = siting_problem(
        types=["shop"],
        residents=[1, 2, 4, 8],
        covers=[sparse.csr_array(np.eye(4))],
        total=1,
        groups={"district": ["A", "A", "B", "B"]},
        quotas=[Quota(1, 1, "", "district", "B")],
    )
    assert price_curve(problem).covered.tolist() == [0, 8, 10, 11]
    assert price_curve(problem, most=2).covered.tolist() == [0, 8, 10]


@pytest.mark.parametrize(
    ("curve", "knee"),
    [([0, 8, 9, 10, 10.5], 1), ([0, 4, 8, 9, 9.5], 2), ([0, 5], 1), ([0], 0), ([0, 0, 0], 2)],
)
def test_knee(curve, knee):
    assert knee_of(np.array(curve, dtype=float)) == knee
