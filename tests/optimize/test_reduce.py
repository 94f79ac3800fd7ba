"""Reductions keep the optimum, and do what they say on cases drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize import dominance
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.reduce import reduce_openings

EVERY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def choices(count):
    """Yield every choice of ``count`` openings."""
    for number in range(2**count):
        yield np.array([number >> bit & 1 for bit in range(count)], dtype=bool)


def best_of(openings):
    kept = [openings.value(c) for c in choices(openings.count) if openings.limits.kept_by(c)]
    return max(kept, default=None)


def test_optimum_is_kept_and_maps_back(draw_problem, brute_force):
    @EVERY
    @given(data=st.data())
    def check(data):
        problem = draw_problem(data.draw)
        whole = flatten(problem)
        if whole.count > 11:
            return
        reduced = reduce_openings(whole)
        best = brute_force(problem)
        assert best_of(reduced.openings) == pytest.approx(best, abs=1e-6) or best is None
        assert (best is None) == (best_of(reduced.openings) is None)
        for choice in choices(reduced.openings.count):
            if reduced.openings.limits.kept_by(choice):
                full = reduced.restore(choice)
                assert whole.limits.kept_by(full)
                assert whole.value(full) == pytest.approx(reduced.openings.value(choice))

    check()


def shop(covers, **more):
    matrix = np.array(covers)
    given = {"residents": np.ones(len(matrix))} | more
    return flatten(siting_problem(types=["shop"], covers=[sparse.csr_array(matrix)], **given))


def test_identical_demand_is_merged_with_its_weight():
    covers = [[1, 1, 0], [1, 1, 0], [0, 1, 1], [1, 0, 1]]
    reduced = reduce_openings(shop(covers, residents=[3, 4, 5, 6], total=1))
    assert reduced.merged == 1
    assert sorted(reduced.openings.weight.tolist()) == [5, 6, 7]
    assert reduced.kept.tolist() == [0, 1, 2]


def test_demand_that_one_site_alone_reaches_becomes_its_own_gain():
    reduced = reduce_openings(shop([[1, 0], [1, 1], [0, 1]], residents=[3, 4, 5], total=1))
    assert reduced.openings.gain.tolist() == [3, 5]
    assert reduced.openings.weight.tolist() == [4]


def test_unreached_demand_is_dropped_and_counted():
    reduced = reduce_openings(shop([[1, 1], [0, 0], [0, 0], [1, 0]], total=1))
    assert reduced.unreached == 2


def test_dominated_goes_and_of_equals_the_first_stays():
    reduced = reduce_openings(shop([[1, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]], total=2))
    assert reduced.dominated == 2
    assert reduced.kept.tolist() == [1, 3]


def test_dominated_stays_where_a_minimum_may_need_it():
    covers = [[1, 1, 1], [0, 1, 1]]
    held = shop(covers, quotas=[Quota(2, 2)])
    assert reduce_openings(held).dominated == 1  # one may go, two must be left to choose from
    free = shop(covers, quotas=[Quota(0, 2)])
    assert reduce_openings(free).dominated == 2


def test_dominated_stays_where_the_better_site_costs_more():
    openings = shop([[1, 1], [0, 1]], cost=[1.0, 5.0], budget=5.0)
    assert reduce_openings(openings).dominated == 0


def test_dominated_stays_in_another_group():
    openings = shop(
        [[1, 1, 0], [0, 1, 0], [0, 0, 1]],
        groups={"district": ["A", "B", "B"]},
        quotas=[Quota(0, 1, level="district", group="B")],
    )
    assert reduce_openings(openings).dominated == 0


def test_forced_openings_are_fixed_and_their_demand_is_certain():
    reduced = reduce_openings(shop(np.eye(3), residents=[1, 2, 4], quotas=[Quota(3)]))
    assert sorted(reduced.forced.tolist()) == [0, 1, 2]
    assert reduced.openings.constant == 7
    assert reduced.openings.count == 0


def test_too_dear_openings_are_dropped():
    reduced = reduce_openings(shop(np.eye(2), cost=[3.0, 9.0], budget=5.0))
    assert reduced.kept.tolist() == [0]


def test_impossible_limits_are_left_to_be_found():
    reduced = reduce_openings(shop(np.eye(2), quotas=[Quota(3)]))
    assert reduced.openings.limits.impossible().any()


def test_search_for_dominated_in_chunks_finds_the_same(monkeypatch):
    rng = np.random.default_rng(1)
    openings = shop(rng.random((60, 40)) < 0.15, total=5)
    at_once = dominance.dominated(openings)
    monkeypatch.setattr(dominance, "CHUNK", 10)
    assert dominance.dominated(openings).tolist() == at_once.tolist()
    sets = [set(np.flatnonzero(c)) for c in openings.covers.toarray().T]
    beaten = [
        any(s < t or (s == t and b < a) for b, t in enumerate(sets) if a != b)
        for a, s in enumerate(sets)
    ]
    assert at_once.tolist() == beaten


def test_search_for_dominated_gives_up_where_it_costs_too_much(monkeypatch):
    openings = shop([[1, 1], [0, 1]], total=1)
    monkeypatch.setattr(dominance, "MOST_PAIRS", 0)
    assert not dominance.dominated(openings).any()


def test_value_and_bounds_of_openings():
    openings = replace(shop([[1, 0], [0, 0]], residents=[3, 4]), constant=10.0)
    assert openings.value(np.array([True, True])) == 13
    assert openings.most() == 13
    assert openings.alone().tolist() == [3, 0]
