"""Solvers: chosen by name, missing with a way out, and read for their true bound."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pulp
import pytest
from scipy import sparse

from quarterhour.data.faults import InputFaults
from quarterhour.optimize import highs
from quarterhour.optimize.cbc import Cbc, bound_in, cbc_path
from quarterhour.optimize.cover_state import CoverState
from quarterhour.optimize.fewest import plan_fewest
from quarterhour.optimize.greedy import greedy
from quarterhour.optimize.model import coverage_model
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import siting_problem
from quarterhour.optimize.solve import plan_max_coverage
from quarterhour.optimize.solvers import Request, available_solvers, choose_solver

LOST_WORDS = (
    "Continuous objective value is 121.893 - 0.00 seconds\n"
    "Cgl0014I Postprocessing changed objective from 107.10892 to 121.89265\n"
    "\nResult - Optimal solution found\n\nObjective value:                107.10892064\n"
)
GAP_WORDS = "Objective value:   101220.0\nUpper bound:       101877.000\nGap:   -0.01\n"


def refusal(name):
    with pytest.raises(InputFaults) as caught:
        choose_solver(name)
    (fault,) = caught.value.faults
    assert fault.line("en")
    assert fault.line("zh")
    return fault


def test_both_solvers_are_there():
    assert {"highs", "cbc"} <= set(available_solvers())
    assert choose_solver("HiGHS").name.startswith("HiGHS 1.")
    assert choose_solver("CBC").name.startswith("CBC 2.")


def test_unknown_solver_is_refused_with_those_at_hand():
    fault = refusal("abacus")
    assert fault.code == "solver_unknown"
    assert "highs, cbc" in fault.expected()


def test_known_but_missing_solver_is_refused_with_the_way_out():
    absent = next(
        s for s in ("GUROBI_CMD", "CPLEX_CMD", "XPRESS_CMD") if s not in available_solvers()
    )
    fault = refusal(absent)
    assert fault.code == "solver_missing"
    assert "highs" in fault.expected()


def test_solvers_print_nothing():
    # In a process of its own: HiGHS prints its banner once.
    program = """
from scipy import sparse
from quarterhour.optimize.problem import siting_problem
from quarterhour.optimize.fewest import plan_fewest
odd = sparse.csr_array([[1, 1, 0], [0, 1, 1], [1, 0, 1]])  # no bound proves it without a solver
for solver in ("highs", "cbc"):
    problem = siting_problem(types=["shop"], residents=[1, 1, 1], covers=[odd])
    assert plan_fewest(problem, each="point", solver=solver).objective == 2
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_missing_highs_is_refused_and_cbc_is_offered(monkeypatch):
    monkeypatch.setattr(highs, "find_spec", lambda name: None)
    fault = refusal("highs")
    assert fault.code == "solver_missing"
    assert fault.expected().startswith("one of: cbc")
    assert "pip install highspy" in fault.remedy()


def test_missing_cbc_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(pulp.PULP_CBC_CMD, "pulp_cbc_path", str(tmp_path / "cbc"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cbc_path() is None
    assert refusal("cbc").code == "solver_missing"


def test_solver_that_breaks_off_is_reported(dense):
    problem = dense(60, 30, 3)
    openings = flatten(problem)
    broken = Cbc("/bin/false")
    with pytest.raises(InputFaults) as caught:
        broken.solve(coverage_model(openings), Request(5.0, 0.0))
    assert caught.value.faults[0].code == "solver_failed"
    assert caught.value.faults[0].line("zh")


@pytest.mark.parametrize(("share", "found"), [(0.9, True), (1.1, False)])
def test_highs_proves_no_more_than_asked_beyond_a_cutoff(share, found, dense):
    openings = flatten(dense(60, 30, 3))
    plain = coverage_model(openings)
    best = choose_solver("highs").solve(plain, Request(20.0, 0.0)).bound
    model = coverage_model(openings)
    outcome = choose_solver("highs").solve(model, Request(20.0, 0.0, cutoff=share * best))
    reached = openings.value(model.chosen()) == pytest.approx(best)
    assert reached or not found
    if found:
        assert outcome.bound == pytest.approx(best)
    else:
        assert outcome.ended == "infeasible" or outcome.bound <= share * best + 1e-6


@pytest.mark.parametrize("name", ["PULP_CBC_CMD", "coin_cmd"])
def test_any_solver_pulp_knows_may_be_named(name, dense, monkeypatch, tmp_path):
    # A CBC on the PATH, as another installation would have it.
    (tmp_path / "cbc").symlink_to(Path(cbc_path()).resolve())
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    problem = dense(200, 80, 6, radius=0.1)
    plan = plan_max_coverage(problem, solver=name, gap=1e-4)
    ours = plan_max_coverage(problem, solver="highs", gap=0.0)
    assert plan.solver.lower() == name.lower()
    assert plan.status in {"optimal", "within_gap"}
    assert plan.objective == pytest.approx(ours.objective, rel=1e-4)
    assert plan.bound >= ours.objective


def test_other_solver_proves_a_least_number_too():
    rng = np.random.default_rng(5)
    near = sparse.csr_array(rng.random((60, 25)) < 0.15)
    problem = siting_problem(types=["shop"], residents=np.ones(60), covers=[near])
    ours = plan_fewest(problem, each="point", gap=0.0)
    plan = plan_fewest(problem, each="point", solver="PULP_CBC_CMD", gap=1e-3)
    assert plan.objective == ours.objective
    assert plan.status == "optimal"
    assert plan.bound <= ours.objective


def test_other_solver_stopped_by_the_clock_claims_nothing(dense):
    problem = dense(3000, 1500, 25, radius=0.1)
    plan = plan_max_coverage(problem, solver="PULP_CBC_CMD", gap=0.0, time_limit=2)
    assert plan.status == "time_limit"
    assert plan.bound > plan.objective >= plan.greedy


def test_the_start_reaches_the_solver(dense):
    openings = flatten(dense(1500, 600, 25))
    start = greedy(CoverState(openings)).chosen
    for name in ("highs", "cbc"):
        model = coverage_model(openings)
        assert not model.started()
        model.start_from(openings, start)
        assert model.started()
        choose_solver(name).solve(model, Request(0.8, 0.0))
        # Stopped early, yet at least as good as where it started.
        assert openings.value(model.chosen()) >= openings.value(start) - 1e-6


def test_a_relaxation_solved_by_highs_bounds_its_own_value(dense):
    openings = flatten(dense(60, 25, 3, radius=0.2))
    model = coverage_model(openings)
    for x in model.opened:
        x.cat = pulp.LpContinuous
    outcome = choose_solver("highs").solve(model, Request(20.0, 0.0))
    assert outcome.ended == "finished"
    assert outcome.bound == pytest.approx(pulp.value(model.lp.objective))


def test_rows_and_variables_are_named_and_sparse(dense):
    openings = flatten(dense(50, 20, 3, radius=0.2))
    model = coverage_model(openings)
    names = {row.name for row in model.lp.constraints()}
    assert "quota_0_max" in names
    assert {v.name for v in model.opened} == {f"open_0_{j}" for j in range(20)}
    row = next(r for r in model.lp.constraints() if r.name == "cover_0_7")
    covering = np.flatnonzero(openings.covers.toarray()[7])
    assert {v.name for v in row} == {"covered_0_7", *(f"open_0_{j}" for j in covering)}


@pytest.mark.parametrize(
    ("log", "bound"),
    [
        ("Result - Optimal solution found\n\nObjective value:    22943.5\n", 22943.5),
        ("Result - Optimal solution found (within gap tolerance)\n\n" + GAP_WORDS, 101877.0005),
        (
            "Continuous objective value is 100 - 0.1 seconds\nbest possible -99.5 (3 seconds)\n",
            99.5005,
        ),
        ("Continuous objective value is 100.25 - 0.1 seconds\nbest possible 1e+50\n", 100.2505),
        ("Continuous objective value is 1.5e+06 - 0.1 seconds\n", 1500000.0005),
        (LOST_WORDS, 121.8935),
        ("Welcome to the CBC MILP Solver\n", None),
    ],
)
def test_bound_in_the_words_of_cbc(log, bound):
    assert bound_in(log) == (None if bound is None else pytest.approx(bound, abs=1e-9))
