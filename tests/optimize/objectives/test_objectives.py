"""The registry, the documentation's examples, and refusals in words."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from small_plans import random_existing, random_problem

from quarterhour.coverage.decay import ExponentialDecay, LinearDecay, StepDecay
from quarterhour.data.faults import InputFaults
from quarterhour.data.text import languages
from quarterhour.optimize.objectives import OBJECTIVES, decay_named, solve_objective
from quarterhour.optimize.problem import Floor, siting_problem

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "siting-problems.md"
GIVEN = {
    "decay": LinearDecay(900),
    "share": 0.05,
    "capacity": 200.0,
    "outlets": 2,
}


def problem_for(name):
    kinds = 1 if name == "dispersion" else 2
    free = {"required": False, "fixed": False, "xy": np.arange(8.0).reshape(4, 2)}
    return random_problem(3, kinds=kinds, tight=False, budget=None, quotas=(), **free)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_solves_by_name(name):
    objective = OBJECTIVES[name]
    options = {option: GIVEN[option] for option in objective.required}
    plan = solve_objective(name, problem_for(name), options, time_limit=10)
    assert plan.status in {"optimal", "within_gap"}
    assert plan.sense == objective.sense
    assert plan.objective_kind == name


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_registry_names_the_functions_own_options(name):
    objective = OBJECTIVES[name]
    parameters = inspect.signature(objective.resolve()).parameters
    effort = {"solver", "time_limit", "gap", "seed", "threads", "progress", "effort"}
    effort |= {"reduce", "executor"}  # how coverage is solved, not what it is
    assert set(parameters) - {"problem"} - effort == set(objective.options)
    needed = {
        key
        for key, parameter in parameters.items()
        if parameter.default is parameter.empty and parameter.kind != parameter.VAR_KEYWORD
    }
    assert needed - {"problem"} == set(objective.required)
    for language in languages():
        assert objective.label(language)
        assert objective.unit(language)
        assert objective.about(language)


def test_every_example_of_the_documentation_runs(capsys):
    words = {}
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    for block in blocks:
        exec(compile(block, DOCUMENT.name, "exec"), words)
    assert len(blocks) >= len(OBJECTIVES)
    printed = capsys.readouterr().out
    # By hand: sites at 600 and 1,300 m (or 200 and 1,100 m) cover all but the 40 at 2,500 m.
    assert printed.startswith("optimal 460.0 460.0")
    assert "[[4 0]]" in printed


def test_the_documentation_names_every_function():
    text = DOCUMENT.read_text(encoding="utf-8")
    for objective in OBJECTIVES.values():
        assert objective.function.replace(":", ".") in text


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("best", {}, "siting_objective_unknown"),
        ("fewest", {"colour": "red"}, "siting_objective_option"),
        ("attendance", {}, "siting_objective_needs"),
        ("target_share", {"decay": LinearDecay(900)}, "siting_objective_needs"),
    ],
)
def test_wrong_names_and_options_are_refused(name, options, code):
    with pytest.raises(InputFaults) as caught:
        solve_objective(name, problem_for(name), options)
    fault = caught.value.faults[0]
    assert fault.code == code
    assert fault.line("en")
    assert fault.line("zh")


RULES = {
    "plan.years": {"years": ("2026", "2027"), "fixed": False},
    "plan.circle_reward": {"circle_weight": 1.0},
    "plan.keep": {"previous": True, "keep_weight": 5.0},
    "plan.floors": {"floors": [Floor(0.1)]},
}


@pytest.mark.parametrize("name", [key for key, one in OBJECTIVES.items() if not one.rules])
@pytest.mark.parametrize("rule", RULES)
def test_rules_of_coverage_alone_are_refused_by_name(name, rule):
    problem = random_problem(3, kinds=1, tight=False, **RULES[rule])
    options = {option: GIVEN[option] for option in OBJECTIVES[name].required}
    if (name, rule) == ("fewest", "plan.floors"):
        assert solve_objective(name, problem, options, time_limit=5).found
        return
    with pytest.raises(InputFaults) as caught:
        solve_objective(name, problem, options, time_limit=5)
    fault = caught.value.faults[0]
    assert (fault.code, fault.column) == ("siting_objective_rule", rule)
    assert fault.line("zh")


def test_decays_by_name():
    assert decay_named("linear", [900]) == LinearDecay(900)
    assert decay_named("exponential", [300]) == ExponentialDecay(300)
    assert decay_named("step", [300, 600, 1, 0.5]) == StepDecay((300, 600), (1, 0.5))
    assert decay_named("linear", [900])([0, 450, 900, 1200]).tolist() == [1, 0.5, 0, 0]


@pytest.mark.parametrize(
    ("name", "numbers", "code"),
    [
        ("cubic", [1], "siting_decay_unknown"),
        ("linear", [], "siting_decay_numbers"),
        ("linear", [0], "siting_decay_numbers"),
        ("power", [100, 2], "siting_decay_numbers"),
        ("step", [600, 300, 1, 1], "siting_decay_numbers"),
        ("step", [], "siting_decay_numbers"),
    ],
)
def test_misfitting_decays_are_refused(name, numbers, code):
    with pytest.raises(InputFaults) as caught:
        decay_named(name, numbers)
    assert caught.value.faults[0].code == code
    assert caught.value.faults[0].line("zh")


def test_existing_outlets_are_counted_for_backup():
    problem = problem_for("backup")
    existing = random_existing(problem, 5)
    by_hand = np.column_stack([np.diff(matrix.indptr) for matrix in existing.impedance])
    assert existing.counts().tolist() == by_hand.tolist()


def test_an_objective_that_the_quotas_leave_no_room_for_is_named():
    # Either site holds 10 of the 30 residents, and one may open.
    near = np.ones((3, 2))
    problem = siting_problem(
        types=["shop"], residents=[10, 10, 10], covers=[near], impedance=[near], total=1
    )
    plan = solve_objective("fewest_capacitated", problem, {"capacity": 10.0})
    assert plan.status == "infeasible"
    assert [fault.code for fault in plan.conflicts] == ["siting_objective_infeasible"]
    for language in languages():
        assert "fewest_capacitated" in plan.conflicts[0].line(language)


@pytest.mark.parametrize("bad", ["many", ("a", 1), float("nan"), [[]], {"a": 1}])
def test_an_option_of_the_wrong_kind_is_named_with_an_example(bad):
    near = np.ones((3, 2))
    problem = siting_problem(
        types=["shop"], residents=[3, 2, 1], covers=[near], impedance=[near], xy=[[0, 0], [9, 0]]
    )
    for name, objective in OBJECTIVES.items():
        fine = {option: GIVEN[option] for option in objective.required}
        for option in objective.options:
            if option == "each" and bad == "many":
                continue  # a word: that no level is called so is said elsewhere
            with pytest.raises(InputFaults) as caught:
                solve_objective(name, problem, fine | {option: bad})
            (fault,) = caught.value.faults
            assert option in fault.column
            assert all(fault.line(language) for language in languages())
