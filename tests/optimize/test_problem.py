"""The contract at the door: what is filled in, and every breach listed once."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.problem import Quota, siting_problem

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
