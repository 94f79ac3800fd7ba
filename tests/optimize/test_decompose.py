"""Solving by parts: the same optimum as the whole, true bounds, side by side or on Dask."""

import time
from concurrent.futures import Executor, Future
from multiprocessing import active_children

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize.decompose import solve_by_parts
from quarterhour.optimize.objectives import solve_objective
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.part_work import processes
from quarterhour.optimize.problem import Floor, Quota, siting_problem
from quarterhour.optimize.solve import plan_max_coverage
from quarterhour.optimize.solve_openings import solve_openings


def towns(seed, *, count=4, n=12, m=6, **more):
    """Return towns that share no demand, tied together by a total, type quotas and a floor."""
    rng = np.random.default_rng(seed)
    blocks = [sparse.block_diag([rng.random((n, m)) < 0.3 for _ in range(count)]) for _ in "ab"]
    district = [f"D{town}" for town in range(count) for _ in range(m)]
    quotas = [
        Quota(int(rng.integers(0, 3)), 5, type="a"),
        Quota(0, 2, level="district", group="D1"),
    ]
    return siting_problem(
        types=["a", "b"], residents=rng.integers(1, 90, count * n), covers=blocks,
        covered=rng.random((count * n, 2)) < 0.1, total=int(rng.integers(3, 9)),
        quotas=quotas, groups={"district": district}, capacity=2, **more,
    )  # fmt: skip


def check_the_parts(seed, solver):
    openings = flatten(towns(seed))
    whole = solve_openings(openings, gap=0.0)
    parts = solve_by_parts(openings, gap=0.0, solver=solver)
    assert openings.feasible(parts.chosen)
    assert openings.value(parts.chosen) == pytest.approx(openings.value(whole.chosen))
    assert parts.bound >= openings.value(whole.chosen) - 1e-6
    assert parts.bound <= openings.value(whole.chosen) + 1e-3


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["highs", "cbc"]))
def test_the_parts_together_are_as_good_as_the_whole(seed, solver):
    check_the_parts(seed, solver)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["highs", "cbc"]))
def test_the_parts_of_many_together_are_as_good_as_the_whole(seed, solver):
    check_the_parts(seed, solver)


def check_a_floor(seed):
    rng = np.random.default_rng(seed)
    problem = towns(seed)
    floor = Floor(float(rng.uniform(0.1, 0.5)), type="b")
    problem = towns(seed, floors=[floor])
    openings = flatten(problem)
    whole = solve_openings(openings, gap=0.0)
    parts = solve_by_parts(openings, gap=0.0)
    assert (whole.chosen is None) == (parts.chosen is None)
    if whole.chosen is not None:
        assert openings.feasible(parts.chosen)
        assert openings.value(parts.chosen) == pytest.approx(openings.value(whole.chosen))


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6))
def test_a_floor_over_several_parts_is_kept_exactly(seed):
    check_a_floor(seed)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_floors_over_several_parts_are_kept_exactly(seed):
    check_a_floor(seed)


def test_circles_and_wishes_to_stay_together():
    problem = towns(3, circle_weight=np.full(48, 20.0))
    openings = flatten(problem)
    whole = solve_openings(openings, gap=0.0)
    together = np.array([{"D0": 0, "D1": 0}.get(problem.groups["district"][j], -1)
                         for j in openings.candidate])  # fmt: skip
    parts = solve_by_parts(openings, gap=0.0, together=together)
    assert openings.value(parts.chosen) == pytest.approx(openings.value(whole.chosen))


def test_one_part_goes_to_the_whole_solver():
    problem = siting_problem(types=["a"], residents=[3, 4], covers=[np.ones((2, 2))], total=1)
    openings = flatten(problem)
    found = solve_by_parts(openings)
    assert (openings.value(found.chosen), found.bound) == (7, 7)


def test_interrupted_the_best_plan_is_kept_with_a_true_bound():
    openings = flatten(towns(5, count=6, n=40, m=15))
    best = solve_openings(openings, gap=0.0)

    def stop(task, done, total):
        raise KeyboardInterrupt

    found = solve_by_parts(openings, gap=0.0, progress=stop)
    assert openings.feasible(found.chosen)
    assert openings.value(found.chosen) <= openings.value(best.chosen) <= found.bound + 1e-6


@pytest.mark.slow
def test_processes_side_by_side_find_the_same():
    openings = flatten(towns(11, count=6, n=60, m=25))
    alone = solve_by_parts(openings, gap=0.0)
    with processes(2) as executor:
        many = solve_by_parts(openings, gap=0.0, executor=executor)
    assert many.chosen.tolist() == alone.chosen.tolist()
    assert many.bound == alone.bound


def test_processes_are_ended_with_their_work():
    with processes(2) as executor:
        busy = [executor.submit(time.sleep, 60) for _ in range(3)]
        while not any(future.running() for future in busy):
            time.sleep(0.05)
        began = {child.pid for child in active_children()}
        assert began
    while began & {child.pid for child in active_children()}:
        time.sleep(0.05)  # far below the minute they would sleep


def test_an_interrupt_while_others_work_cancels_what_has_not_begun():
    openings = flatten(towns(5, count=6, n=40, m=15))
    best = solve_openings(openings, gap=0.0)
    waiting = _Waiting()

    def stop(task, done, total):
        raise KeyboardInterrupt

    found = solve_by_parts(openings, gap=0.0, progress=stop, executor=waiting)
    assert openings.feasible(found.chosen)
    assert openings.value(found.chosen) <= openings.value(best.chosen) <= found.bound + 1e-6
    assert all(future.cancelled() for future in waiting.given)


class _Waiting(Executor):
    """Workers that never begin."""

    def __init__(self):
        self.given = []

    def submit(self, fn, /, *args, **kwargs):
        self.given.append(Future())
        return self.given[-1]


@pytest.mark.slow
def test_a_dask_cluster_finds_the_same():
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an optional extra

    openings = flatten(towns(12, count=5, n=40, m=15))
    alone = solve_by_parts(openings, gap=0.0)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        many = solve_by_parts(openings, gap=0.0, executor=client.get_executor())
    assert many.chosen.tolist() == alone.chosen.tolist()


def test_a_plan_made_by_parts_is_proven_like_any_other():
    problem = towns(21)
    whole = plan_max_coverage(problem, gap=0.0)
    parts = plan_max_coverage(problem, gap=0.0, by_parts=True)
    assert (parts.status, parts.objective) == (whole.status, whole.objective)
    assert whole.status == "optimal"


def test_the_registry_offers_parts():
    problem = towns(22)
    whole, parts = (
        solve_objective("coverage", problem, given, gap=0.0) for given in ({}, {"by_parts": True})
    )
    assert parts.objective == whole.objective
