"""Quotas that contradict one another are named with their numbers."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize.conflicts import find_conflicts, held_by, option_of
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.solve import plan_max_coverage


def problem(**changes):
    """Two types, four candidates of one place each: A, A, B, B."""
    ones = sparse.csr_array(np.ones((1, 4)))
    given = {
        "types": ["shop", "parcel"],
        "residents": [10],
        "covers": [ones, ones],
        "candidate_ids": ["a", "b", "c", "d"],
        "groups": {"district": ["A", "A", "B", "B"]},
    }
    return siting_problem(**given | changes)


def district(group, minimum=0, maximum=None, kind=""):
    return Quota(minimum, maximum, kind, "district", group)


CASES = {
    "group over what it holds": (
        {"quotas": [district("A", 3)]},
        "siting_over_held",
        "plan.per_district.A",
        {"minimum": 3, "held": 2},
    ),
    "type over what it holds": (
        {"quotas": [Quota(3, type="shop")], "forbidden": [[0, 0], [0, 0], [1, 0], [1, 0]]},
        "siting_over_held",
        "plan.per_type.shop",
        {"minimum": 3, "held": 2},
    ),
    "group without candidates": (
        {"quotas": [district("C", 1)]},
        "siting_over_held",
        "plan.per_district.C",
        {"minimum": 1, "held": 0},
    ),
    "minima over the total": (
        {"total": 3, "quotas": [district("A", 2), district("B", 2)]},
        "siting_sum_over_maximum",
        "plan.outlets",
        {"needed": 4, "maximum": 3},
    ),
    "types over a district": (
        {
            "quotas": [
                district("A", 0, 1),
                district("A", 1, None, "shop"),
                district("A", 1, None, "parcel"),
            ]
        },
        "siting_sum_over_maximum",
        "plan.per_district.A",
        {"needed": 2, "maximum": 1},
    ),
    "types over all candidates": (
        {"quotas": [Quota(3, type="shop"), Quota(3, type="parcel")]},
        "siting_sum_over_held",
        "plan.per_type.shop ≥ 3, plan.per_type.parcel ≥ 3",
        {"needed": 6, "held": 4},
    ),
    "required over the total": (
        {"total": 1, "required": [1, 1, 0, 0]},
        "siting_required_over",
        "plan.outlets",
        {"needed": 2, "maximum": 1},
    ),
    "fixed over the type": (
        {"quotas": [Quota(0, 1, "shop")], "fixed": [[1, 0], [1, 0], [0, 0], [0, 0]]},
        "siting_required_over",
        "plan.per_type.shop",
        {"needed": 2, "maximum": 1},
    ),
    "site overfull": (
        {"fixed": [[1, 1], [0, 0], [0, 0], [0, 0]]},
        "siting_site_overfull",
        "fixed",
        {"needed": 2, "held": 1},
    ),
    "budget too small for a minimum": (
        {"quotas": [Quota(2)], "cost": [5, 6, 7, 8], "budget": 9.0},
        "siting_over_budget",
        "plan.outlets",
        {"needed": 10.0, "budget": 9.0},
    ),
    "budget too small for fixed outlets": (
        {"fixed": [[1, 0], [0, 0], [0, 0], [0, 0]], "cost": 5.0, "budget": 4.0},
        "siting_over_budget",
        "fixed",
        {"needed": 5.0, "budget": 4.0},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_conflict_is_named_with_its_numbers(case):
    changes, code, column, numbers = case
    asked = problem(**changes)
    fault = next(f for f in find_conflicts(asked) if f.code == code and f.column == column)
    assert numbers.items() <= dict(fault.params).items()
    for language in ("en", "zh"):
        assert all(str(number) in fault.message(language) for number in numbers.values())
    plan = plan_max_coverage(asked)
    assert plan.status == "infeasible"
    assert fault in plan.conflicts
    assert not plan.found
    assert plan.chosen == ()


def test_only_the_fewest_minima_that_exceed_a_maximum_are_named():
    asked = problem(
        total=3,
        quotas=[
            district("A", 1, kind="shop"),
            district("A", 2),
            district("B", 2),
            Quota(1, type="shop"),
        ],
    )
    (fault,) = find_conflicts(asked)
    assert dict(fault.params) == {
        "needed": 4,
        "maximum": 3,
        "parts": "plan.per_district.A ≥ 2, plan.per_district.B ≥ 2",
    }
    more = problem(
        types=["p", "q", "r"],
        covers=[sparse.csr_array(np.ones((1, 4)))] * 3,
        total=3,
        quotas=[Quota(1, type="p"), Quota(2, type="q"), Quota(2, type="r")],
    )
    fault = next(f for f in find_conflicts(more) if f.code == "siting_sum_over_maximum")
    assert dict(fault.params)["parts"] == "plan.per_type.q ≥ 2, plan.per_type.r ≥ 2"


def test_only_the_fewest_types_that_crowd_their_sites_are_named():
    # p and q share the sites of district A; r has district B to itself.
    asked = problem(
        types=["p", "q", "r"],
        covers=[sparse.csr_array(np.ones((1, 4)))] * 3,
        allowed=[[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]],
        quotas=[Quota(2, type="p"), Quota(1, type="q"), Quota(2, type="r")],
    )
    (fault,) = find_conflicts(asked)
    assert fault.code == "siting_sum_over_held"
    assert fault.column == "plan.per_type.p ≥ 2, plan.per_type.q ≥ 1"
    assert dict(fault.params) == {"needed": 3, "held": 2}


def test_of_too_many_sets_to_try_no_quota_named_can_be_left_out():
    # Sixteen types on eight sites: nine of them are one too many, and sets of nine come late.
    kinds = 16
    tight = siting_problem(
        types=[f"t{k}" for k in range(kinds)],
        residents=[1],
        covers=[sparse.csr_array(np.ones((1, 8)))] * kinds,
        quotas=[Quota(1, type=f"t{k}") for k in range(kinds)],
    )
    (fault,) = find_conflicts(tight)
    assert dict(fault.params) == {"needed": 9, "held": 8}


def test_a_quota_over_what_it_holds_is_not_named_again_with_the_others():
    asked = problem(quotas=[district("A", 5), district("B", 2)])
    assert [fault.code for fault in find_conflicts(asked)] == ["siting_over_held"]


def test_conflict_that_only_their_interplay_makes_is_still_found():
    # Three types pairwise share a site each, and each site holds one of its two.
    ones = sparse.csr_array(np.ones((1, 3)))
    asked = siting_problem(
        types=["p", "q", "r", "s"],
        residents=[1],
        covers=[ones] * 4,
        allowed=[[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]],
        capacity=[1, 1, 2],
        quotas=[Quota(2, type="p"), Quota(1, type="q"), Quota(1, type="r"), Quota(1, type="s")],
    )
    for solver in ("highs", "cbc"):
        plan = plan_max_coverage(asked, solver=solver)
        assert plan.status == "infeasible"
        assert plan.conflicts


def test_no_false_alarm(draw_problem, brute_force):
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(data):
        asked = draw_problem(data.draw)
        if find_conflicts(asked):
            assert brute_force(asked) is None

    check()


def test_quotas_that_fit_are_no_conflict():
    quotas = [district("A", 2), district("B", 2), Quota(4, 4), Quota(2, type="shop")]
    assert find_conflicts(problem(quotas=quotas)) == ()


def test_what_candidates_hold_counts_places_not_types():
    asked = problem(capacity=[1, 2, 3, 1])
    assert held_by(asked, asked.allowed) == 1 + 2 + 2 + 1


def test_options_are_named_as_in_the_study():
    assert option_of(Quota(1)) == "plan.outlets"
    assert option_of(district("A", 1, None, "shop")) == "plan.per_type.shop × plan.per_district.A"
