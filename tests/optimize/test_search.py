"""Greedy, swaps and quick bounds against brute force."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize.bounds import quick_bound
from quarterhour.optimize.cover_state import CoverState
from quarterhour.optimize.greedy import drop_idle, greedy, picks
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.reduce import reduce_openings
from quarterhour.optimize.swaps import fits_instead, gain_without, improve, swap_best

EVERY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def with_change(chosen, *, out=None, new=None):
    changed = chosen.copy()
    if out is not None:
        changed[out] = False
    if new is not None:
        changed[new] = True
    return changed


def test_margins_stay_exact_while_opening_and_closing(draw_problem):
    @EVERY
    @given(data=st.data())
    def check(data):
        openings = reduce_openings(flatten(draw_problem(data.draw))).openings
        state = CoverState(openings)
        if not openings.count:
            return
        for o in data.draw(st.lists(st.integers(0, openings.count - 1), max_size=12)):
            (state.close if state.chosen[o] else state.open)(o)
            for other in range(openings.count):
                gain = openings.value(with_change(state.chosen, new=other)) - openings.value(
                    with_change(state.chosen, out=other)
                )
                assert state.margin[other] == pytest.approx(gain, abs=1e-6)
            assert state.used.tolist() == pytest.approx(
                openings.limits.activity(state.chosen).tolist()
            )

    check()


def test_greedy_takes_the_best_that_fits_at_every_step(draw_problem):
    @EVERY
    @given(data=st.data())
    def check(data):
        openings = flatten(draw_problem(data.draw, quotas=False))
        state = CoverState(openings)
        before = state.chosen.copy()
        steps = picks(state)
        while True:
            unmet = bool(len(state.unmet()))
            gains = {
                o: openings.value(with_change(before, new=o)) - openings.value(before)
                for o in np.flatnonzero(~before)
                if (openings.limits.activity(with_change(before, new=o))
                    <= openings.limits.upper + 1e-9).all()
            }  # fmt: skip
            opened = next(steps, None)
            if opened is None:
                assert unmet or max(gains.values(), default=0) <= 1e-6
                break
            assert opened in gains
            assert unmet or gains[opened] == pytest.approx(max(gains.values()))
            before = state.chosen.copy()

    check()


def test_swap_gains_and_fits_are_those_of_trying_every_swap(draw_problem):
    @EVERY
    @given(data=st.data())
    def check(data):
        openings = flatten(draw_problem(data.draw))
        state = greedy(CoverState(openings))
        if not state.feasible():
            return
        for out in np.flatnonzero(state.chosen):
            gain, fits = gain_without(state, out), fits_instead(state, out)
            without = with_change(state.chosen, out=out)
            for new in np.flatnonzero(~state.chosen):
                swapped = with_change(without, new=new)
                worth = openings.value(swapped) - openings.value(without)
                assert gain[new] == pytest.approx(worth, abs=1e-6)
                assert fits[new] == openings.limits.kept_by(swapped)

    check()


def test_swaps_only_improve_and_end_where_none_helps(draw_problem):
    @EVERY
    @given(data=st.data())
    def check(data):
        openings = flatten(draw_problem(data.draw))
        state = greedy(CoverState(openings))
        if not state.feasible():
            return
        before = state.value()
        improve(state, seed=1)
        assert state.feasible()
        assert state.value() >= before - 1e-9
        assert not any(swap_best(state, int(o)) for o in np.flatnonzero(state.chosen))
        value = state.value()
        drop_idle(state)
        assert state.feasible()
        assert state.value() == pytest.approx(value, abs=1e-6)

    check()


def test_quick_bound_is_above_every_plan(draw_problem, brute_force):
    @EVERY
    @given(data=st.data())
    def check(data):
        problem = draw_problem(data.draw)
        best = brute_force(problem)
        if best is None:
            return
        openings = flatten(problem)
        for state in (CoverState(openings), greedy(CoverState(openings))):
            assert quick_bound(state) >= best - 1e-6

    check()


def test_swap_finds_what_greedy_misses():
    # Greedy takes the middle site (4 residents); the two others together cover all 6.
    covers = sparse.csr_array([[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 1, 1], [0, 0, 1]])
    problem = siting_problem(types=["shop"], residents=np.ones(6), covers=[covers], total=2)
    state = greedy(CoverState(flatten(problem)))
    assert state.value() == 5
    assert improve(state).value() == 6
    assert np.flatnonzero(state.chosen).tolist() == [0, 2]


def test_swaps_stop_at_the_clock():
    covers = sparse.csr_array([[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 1, 1], [0, 1, 1], [0, 0, 1]])
    problem = siting_problem(types=["shop"], residents=np.ones(6), covers=[covers], total=2)
    state = greedy(CoverState(flatten(problem)))
    assert improve(state, seconds=0.0).value() == 5


def test_minima_are_served_first():
    eye = sparse.csr_array(np.eye(3))
    problem = siting_problem(
        types=["shop"],
        residents=[9, 8, 1],
        covers=[eye],
        total=2,
        groups={"district": ["A", "A", "B"]},
        quotas=[Quota(1, level="district", group="B")],
    )
    assert list(picks(CoverState(flatten(problem)))) == [2, 0]
