"""The contract at the door: what is filled in, and every breach listed once."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.problem import Floor, Quota, for_each_group, siting_problem

COVERS = sparse.csr_array([[1, 0, 1], [0, 1, 0]])
GIVEN = {"types": ["shop", "parcel"], "residents": [10, 20], "covers": [COVERS, COVERS]}


def breaches(**changes):
    with pytest.raises(InputFaults) as caught:
        siting_problem(**GIVEN | changes)
    for language in ("en", "zh"):
        assert all(fault.line(language) for fault in caught.value.faults)
    return [(fault.code, fault.column) for fault in caught.value.faults]


def test_what_is_left_out_is_filled_in():
    problem = siting_problem(**GIVEN, total=3)
    assert problem.n_demand == 2
    assert problem.n_candidates == 3
    assert problem.candidate_ids.tolist() == ["0", "1", "2"]
    assert problem.weights.tolist() == [[10, 10], [20, 20]]
    assert problem.allowed.all()
    assert not problem.covered.any()
    assert problem.capacity.tolist() == [1, 1, 1]
    assert problem.quotas == (Quota(maximum=3),)


def test_values_for_each_row_are_spread_over_types():
    problem = siting_problem(**GIVEN, covered=[True, False], cost=[1, 2, 3], forbidden=[0, 0, 1])
    assert problem.covered.tolist() == [[True, True], [False, False]]
    assert problem.cost.tolist() == [[1, 1], [2, 2], [3, 3]]
    assert problem.allowed.tolist() == [[True, True], [True, True], [False, False]]


def test_unknown_residents_are_left_out_for_every_type():
    problem = siting_problem(**GIVEN | {"residents": [np.nan, 20]})
    assert problem.unknown.tolist() == [[True, True], [False, False]]
    assert problem.residents.tolist() == [0, 20]
    assert problem.scored().tolist() == [[False, False], [True, True]]


def test_stored_zeros_and_repeated_entries_are_not_cover():
    zero = sparse.csr_array(([0, 1, 1], ([0, 1, 1], [0, 1, 1])), shape=(2, 3))
    problem = siting_problem(types=["shop"], residents=[1, 1], covers=[zero])
    assert problem.covers[0].toarray().tolist() == [[0, 0, 0], [0, 1, 0]]


def test_the_given_matrix_is_not_changed():
    given = sparse.csr_array(([0.0, 5.0], ([0, 1], [0, 1])), shape=(2, 3))
    siting_problem(types=["shop"], residents=[1, 1], covers=[given])
    assert given.data.tolist() == [0.0, 5.0]


def test_members_of_a_quota():
    problem = siting_problem(**GIVEN, groups={"district": ["A", "B", "A"]}, forbidden=[1, 0, 0])
    assert problem.members(Quota(type="shop", level="district", group="A")).tolist() == [
        [False, False],
        [False, False],
        [True, False],
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"types": [], "covers": []}, ("siting_no_types", "types")),
        ({"residents": [1, 2, 3]}, ("siting_shape", "residents")),
        ({"covers": [COVERS]}, ("siting_shape", "covers")),
        ({"covers": [COVERS, COVERS.T]}, ("siting_shape", "covers[1]")),
        ({"weights": np.ones((2, 3))}, ("siting_shape", "weights")),
        ({"forbidden": [1, 0]}, ("siting_shape", "allowed")),
        ({"allowed": [1, 0]}, ("siting_shape", "allowed")),
        ({"unknown": [1, 0, 0]}, ("siting_shape", "unknown")),
        ({"groups": {"street": ["a"]}}, ("siting_shape", "groups[street]")),
        ({"types": ["shop", "shop"]}, ("siting_duplicate", "types")),
        ({"candidate_ids": ["a", "b", "a"]}, ("siting_duplicate", "candidate_ids")),
        ({"residents": [-1, 2]}, ("siting_number", "residents")),
        ({"weights": [1, np.inf]}, ("siting_number", "weights")),
        ({"cost": [1, np.nan, 2]}, ("siting_number", "cost")),
        ({"capacity": [1, 0, 2]}, ("siting_number", "capacity")),
        ({"budget": -1.0}, ("siting_number", "budget")),
        ({"quotas": [Quota(3, 2)]}, ("siting_quota_order", "quotas[0]")),
        ({"quotas": [Quota(type="bank")]}, ("siting_unknown_type", "quotas[0]")),
        ({"quotas": [Quota(level="ward", group="A")]}, ("siting_unknown_group", "quotas[0]")),
        ({"quotas": [Quota(group="A")]}, ("siting_unknown_group", "quotas[0]")),
        ({"fixed": [1, 0, 0], "forbidden": [1, 0, 0]}, ("siting_not_allowed", "fixed")),
        ({"years": []}, ("siting_no_years", "years")),
        ({"years": ["2026", "2026"]}, ("siting_duplicate", "years")),
        ({"years": ["2026"], "year_weight": -1.0}, ("siting_number", "year_weight")),
        ({"years": ["2026"], "year_weight": [1, 1]}, ("siting_shape", "year_weight")),
        ({"quotas": [Quota(year="2031")]}, ("siting_unknown", "quotas[0]")),
        ({"quotas": [Quota(action="move")]}, ("siting_unknown", "quotas[0]")),
        ({"fixed": [1, 0, 0], "fixed_year": 1}, ("siting_unknown", "fixed_year")),
        ({"fixed_year": [1, 0]}, ("siting_shape", "fixed_year")),
        ({"previous": [1, 0]}, ("siting_shape", "previous")),
        ({"keep_weight": -1.0}, ("siting_number", "keep_weight")),
        ({"upgrade": [1, 0]}, ("siting_shape", "upgrade")),
        ({"circle_weight": [1, 2, 3]}, ("siting_shape", "circle_weight")),
        ({"circle_weight": [1, -2]}, ("siting_number", "circle_weight")),
        ({"floors": [Floor(1.5)]}, ("siting_share", "floors[0]")),
        ({"floors": [Floor(0.5, type="bank")]}, ("siting_unknown", "floors[0]")),
        ({"floors": [Floor(0.5, level="ward", group="A")]}, ("siting_unknown", "floors[0]")),
        ({"floors": [Floor(0.5, year="2031")]}, ("siting_unknown", "floors[0]")),
        ({"demand_groups": {"district": ["A"]}}, ("siting_shape", "demand_groups[district]")),
        ({"spacing": {"bank": 100.0}}, ("siting_unknown", "spacing[bank]")),
        ({"spacing": {"shop": 100.0}}, ("siting_no_position", "xy")),
        ({"spacing": {"shop": -1.0}}, ("siting_number", "spacing")),
        ({"xy": np.zeros((2, 2))}, ("siting_shape", "xy")),
        ({"exclusive": [[0, 3]]}, ("siting_no_site", "exclusive[0]")),
        ({"impedance": [COVERS]}, ("siting_shape", "impedance")),
        ({"impedance": [COVERS, -COVERS]}, ("siting_number", "impedance[parcel]")),
        ({"required": [1, 0, 0], "forbidden": [1, 0, 0]}, ("siting_not_allowed", "required")),
    ],
)
def test_each_breach_is_named(changes, expected):
    assert expected in breaches(**changes)


def test_all_breaches_are_listed_once():
    found = breaches(
        residents=[-1, -2], capacity=0, quotas=[Quota(3, 2, "bank")], types=["shop", "shop"]
    )
    assert len(found) == len(set(found)) == 6
    assert ("siting_number", "weights") in found  # residents stand in for the weights


def test_a_changed_problem_is_checked_again():
    problem = siting_problem(**GIVEN)
    with pytest.raises(InputFaults):
        replace(problem, capacity=np.array([1, 1]))


def test_a_rule_for_each_group():
    floors = for_each_group(Floor(0.8, level="district"), ["B", "A", "", "B"])
    assert [floor.group for floor in floors] == ["A", "B"]
    assert {floor.share for floor in floors} == {0.8}


def test_members_of_a_quota_by_action():
    problem = siting_problem(**GIVEN, upgrade=[0, 1, 0])
    assert problem.members(Quota(action="upgrade"))[:, 0].tolist() == [False, True, False]
    assert problem.members(Quota(action="new"))[:, 0].tolist() == [True, False, True]
