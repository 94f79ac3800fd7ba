"""Market share and attendance against Huff's formula summed by hand over every plan."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from small_plans import (
    agrees,
    dense_costs,
    every_plan,
    kept,
    opened,
    random_existing,
    random_problem,
)

from quarterhour.coverage.decay import ExponentialDecay, LinearDecay, PowerDecay, StepDecay
from quarterhour.data.faults import InputFaults
from quarterhour.optimize.attendance import plan_attendance
from quarterhour.optimize.existing import existing_outlets
from quarterhour.optimize.market_share import plan_market_share, plan_target_share
from quarterhour.optimize.problem import siting_problem
from quarterhour.optimize.solve import plan_max_coverage

DECAYS = (
    PowerDecay(100, 2, 50),
    ExponentialDecay(300),
    LinearDecay(900),
    StepDecay((300, 600), (1, 0.5)),
)


class Drawn:
    """One random instance with the quantities of the formulas as dense arrays."""

    def __init__(self, seed):
        self.problem = random_problem(seed, tight=seed % 3 == 0)
        self.existing = random_existing(self.problem, seed) if seed % 4 else None
        self.decay = DECAYS[seed % 4]
        rng = np.random.default_rng(seed)
        self.pull = rng.integers(1, 6, self.problem.allowed.shape).astype(float)
        self.share = float(rng.uniform(0.1, 0.9))
        self.plans = every_plan(self.problem)
        self.new = [self._decayed(m) for m in self.problem.impedance]
        self.old = [self._decayed(m) for m in self.existing.impedance] if self.existing else None

    def _decayed(self, matrix):
        costs = dense_costs(matrix)
        return np.where(np.isnan(costs), 0.0, self.decay(np.nan_to_num(costs)))

    @property
    def total(self):
        return self.problem.weights[~self.problem.unknown].sum()

    def captured(self, plan):
        problem, total = self.problem, 0.0
        for i, k in np.argwhere(~problem.unknown).tolist():
            ours = sum(self.pull[j, k] * self.new[k][i, j] for j, kind in plan if kind == k)
            theirs = 0.0
            if self.existing is not None:
                for e, own in enumerate(self.existing.ours[k]):
                    drawn = self.existing.attraction[k][e] * self.old[k][i, e]
                    ours, theirs = (ours + drawn, theirs) if own else (ours, theirs + drawn)
            if ours + theirs > 0:
                total += problem.weights[i, k] * ours / (ours + theirs)
        return total

    def attendance(self, plan):
        problem, total = self.problem, 0.0
        for i, k in np.argwhere(~problem.unknown).tolist():
            if self.existing is None and problem.covered[i, k]:
                continue
            before = 0.0 if self.existing is None else min(1.0, max(self.old[k][i]))
            new = max([self.new[k][i, j] for j, kind in plan if kind == k], default=0.0)
            total += problem.weights[i, k] * max(min(1.0, new) - before, 0.0)
        return total


@pytest.mark.parametrize(
    ("solver", "seeds"),
    [
        ("highs", range(8)),
        ("cbc", range(20, 23)),
        pytest.param("highs", range(8, 20), marks=pytest.mark.slow),
        pytest.param("cbc", range(23, 28), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("gap", [0.0, 1e-3])
def test_market_share_equals_enumeration(gap, solver, seeds):
    for seed in seeds:
        drawn = Drawn(seed)
        plan = plan_market_share(
            drawn.problem,
            drawn.decay,
            existing=drawn.existing,
            attraction=drawn.pull,
            solver=solver,
            gap=gap,
            time_limit=20,
        )
        agrees(plan, max(map(drawn.captured, drawn.plans), default=None), allowed=gap)
        if plan.found:
            assert kept(drawn.problem, opened(plan))
            assert plan.objective == pytest.approx(drawn.captured(opened(plan)), abs=1e-6)
            share = plan.figures["market_share"] * drawn.total
            assert share == pytest.approx(plan.objective, abs=1e-6)


@pytest.mark.parametrize(
    ("solver", "seeds"),
    [
        ("highs", range(30, 42)),
        ("cbc", range(54, 58)),
        pytest.param("highs", range(42, 54), marks=pytest.mark.slow),
        pytest.param("cbc", range(58, 62), marks=pytest.mark.slow),
    ],
)
def test_target_share_equals_enumeration(solver, seeds):
    for seed in seeds:
        drawn = Drawn(seed)
        wanted = drawn.share * drawn.total
        enough = [len(plan) for plan in drawn.plans if drawn.captured(plan) >= wanted - 1e-6]
        plan = plan_target_share(
            drawn.problem,
            drawn.decay,
            share=drawn.share,
            existing=drawn.existing,
            attraction=drawn.pull,
            solver=solver,
            gap=0.0,
            time_limit=20,
        )
        agrees(plan, min(enough, default=None))
        assert not plan.found or drawn.captured(opened(plan)) >= wanted - 1e-6


@pytest.mark.parametrize(
    ("solver", "seeds"),
    [
        ("highs", range(70, 82)),
        ("cbc", range(94, 98)),
        pytest.param("highs", range(82, 94), marks=pytest.mark.slow),
        pytest.param("cbc", range(98, 102), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("levels", [None, 2])
def test_attendance_equals_enumeration(levels, solver, seeds):
    for seed in seeds:
        drawn = Drawn(seed)
        plan = plan_attendance(
            drawn.problem,
            drawn.decay,
            existing=drawn.existing,
            levels=levels,
            solver=solver,
            gap=0.0,
            time_limit=20,
        )
        agrees(plan, max(map(drawn.attendance, drawn.plans), default=None))
        if plan.found:
            assert kept(drawn.problem, opened(plan))
            assert plan.objective == pytest.approx(drawn.attendance(opened(plan)), abs=1e-6)


def one_street():
    """Homes at 0, 300 and 900 m; sites at 0 and 600 m; a competitor at 900 m."""
    homes, sites = np.array([0.0, 300.0, 900.0]), np.array([0.0, 600.0])
    walks = np.abs(homes[:, None] - sites)
    problem = siting_problem(
        types=["shop"],
        residents=[100, 100, 100],
        covers=[sparse.csr_array(np.ones((3, 2)))],
        impedance=[stored_all(walks)],
        total=1,
    )
    rival = existing_outlets(problem, [stored_all(np.abs(homes[:, None] - 900.0))])
    return problem, rival


def stored_all(walks):
    return sparse.csr_array(
        (walks.ravel(), np.tile(np.arange(walks.shape[1]), len(walks)),
         np.arange(0, walks.size + 1, walks.shape[1])),
        shape=walks.shape,
    )  # fmt: skip


def test_huff_by_hand():
    # Attraction 1 / max(walk, 100)², in units of 1 / 100²: site at 600 m draws 1/36, 1/9, 1/9 and
    # the rival 1/81, 1/36, 1; the site at 0 m draws 1, 1/9, 1/81.
    problem, rival = one_street()
    at_zero = 100 * (81 / 82 + 4 / 5 + 1 / 82)
    at_600 = 100 * ((1 / 36) / (1 / 36 + 1 / 81) + 4 / 5 + (1 / 9) / (1 / 9 + 1))
    assert at_zero > at_600
    plan = plan_market_share(problem, PowerDecay(100, 2, 100), existing=rival)
    assert opened(plan) == ((0, 0),)
    assert plan.objective == pytest.approx(at_zero)
    assert plan.figures["market_share_before"] == 0


def test_attendance_by_hand():
    # Linear to 1,200 m. The rival draws 1/4, 1/2, 1; the site at 0 m adds 3/4, 1/4, 0 of 100 each.
    problem, rival = one_street()
    plan = plan_attendance(problem, LinearDecay(1200), existing=rival)
    assert opened(plan) == ((0, 0),)
    assert plan.objective == pytest.approx(100)
    assert plan.figures["attendance"] == pytest.approx(275)


def test_without_competitors_market_share_is_coverage(dense):
    problem = with_walks(dense(300, 100, 6))
    share = plan_market_share(problem, LinearDecay(1000), gap=0.0)
    assert share.objective == plan_max_coverage(problem, gap=0.0).objective


def test_a_flat_decay_makes_attendance_coverage(dense):
    problem = with_walks(dense(300, 100, 6))
    plan = plan_attendance(problem, StepDecay((1e9,), (1.0,)), gap=0.0)
    assert plan.objective == plan_max_coverage(problem, gap=0.0).objective


def with_walks(problem):
    """The same problem with a walk of 1 to 500 m wherever a candidate covers."""
    rng = np.random.default_rng(1)
    walks = problem.covers[0].astype(np.float64)
    walks.data = rng.uniform(1, 500, len(walks.data))
    return siting_problem(
        types=problem.types,
        residents=problem.residents,
        covers=problem.covers,
        quotas=problem.quotas,
        impedance=[walks],
    )


def test_more_outlets_never_draw_less(dense):
    plans = [with_walks(dense(80, 20, p, radius=0.2)) for p in range(1, 5)]
    rival = existing_outlets(plans[0], [sparse.csr_array(np.full((80, 1), 400.0))])
    shares = [
        plan_market_share(p, ExponentialDecay(200), existing=rival, gap=1e-6).objective
        for p in plans
    ]
    assert all(a < b for a, b in pairwise(shares))
    drawn = [plan_attendance(p, ExponentialDecay(200), gap=1e-6).objective for p in plans]
    assert all(a < b for a, b in pairwise(drawn))


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_timeout_keeps_its_bound(dense, solver):
    problem = with_walks(dense(200, 70, 8, radius=0.2))
    rival = existing_outlets(problem, [sparse.csr_array(np.full((200, 1), 300.0))])
    decay = ExponentialDecay(200)
    stopped = plan_market_share(
        problem, decay, existing=rival, gap=0.0, time_limit=0.7, solver=solver
    )
    assert stopped.status in {"time_limit", "optimal"}
    assert stopped.greedy <= stopped.objective <= stopped.bound
    better = plan_market_share(problem, decay, existing=rival, gap=5e-3, time_limit=3)
    assert better.objective <= stopped.bound * (1 + 1e-9)
    assert stopped.objective <= better.bound * (1 + 1e-9)


def test_share_beyond_everybody_is_refused_in_words():
    problem, rival = one_street()
    plan = plan_target_share(problem, PowerDecay(100, 2, 100), share=0.99, existing=rival)
    assert plan.status == "infeasible"
    assert plan.conflicts[0].code == "siting_target_out_of_reach"
    assert "99.00 %" in plan.conflicts[0].message("zh")


def test_missing_walks_are_named(dense):
    for solve in (plan_market_share, plan_attendance):
        with pytest.raises(InputFaults) as caught:
            solve(dense(10, 5, 2), LinearDecay(900))
        assert caught.value.faults[0].code == "siting_needs_impedance"


def test_misfitting_existing_outlets_are_named():
    problem, _ = one_street()
    wrong = {
        "siting_shape": [
            {"impedance": [sparse.csr_array((2, 1))]},
            {"impedance": []},
            {"impedance": [sparse.csr_array((3, 1))], "capacity": [[1, 2]]},
        ],
        "siting_number": [
            {"impedance": [sparse.csr_array([[-1.0], [0], [0]])]},
            {"impedance": [sparse.csr_array((3, 1))], "attraction": [[np.nan]]},
        ],
    }
    for code, cases in wrong.items():
        for case in cases:
            with pytest.raises(InputFaults) as caught:
                existing_outlets(problem, case.pop("impedance"), **case)
            assert caught.value.faults[0].code == code


def test_misfitting_attraction_is_named():
    problem, _ = one_street()
    for code, pull in {"siting_shape": [1.0, 2.0, 3.0], "siting_number": -1.0}.items():
        with pytest.raises(InputFaults) as caught:
            plan_market_share(problem, LinearDecay(900), attraction=pull)
        assert caught.value.faults[0].code == code
