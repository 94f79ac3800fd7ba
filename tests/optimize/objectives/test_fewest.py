"""The fewest outlets: full and partial cover, by cost, against enumeration and known optima."""

import numpy as np
import pytest
from scipy import sparse
from small_plans import (
    agrees,
    every_plan,
    kept,
    opened,
    random_problem,
    times_covered,
    within_reach,
)

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.fewest import plan_fewest
from quarterhour.optimize.problem import Floor, siting_problem

OPTIONS = (
    {"share": 1.0},
    {"share": 0.6},
    {"share": 0.8, "each": "type"},
    {"share": 0.7, "each": "community"},
    {"each": "point"},
    {"share": 0.7, "price": "cost"},
)


def groups_of(problem, each):
    kinds = np.arange(len(problem.types))[None, :]
    if each == "type":
        return [kinds == k for k in range(2)]
    if each == "community":
        labels = problem.demand_groups["community"][:, None]
        return [(kinds == k) & (labels == c) for k in range(2) for c in "uvw"]
    return [np.ones_like(problem.covered)]


def fewest(problem, *, share=1.0, each="all", price="outlets"):
    """The least price over all plans that cover what can be covered of the share, or None."""
    known = ~problem.unknown
    residents = np.where(known, problem.residents[:, None], 0)
    can = (problem.covered | within_reach(problem)) & known
    prices = []
    for plan in every_plan(problem):
        covered = (times_covered(problem, plan) > 0) & known
        enough = (
            (covered >= can).all()
            if each == "point"
            else all(
                (residents * covered * group).sum()
                >= min(share * (residents * group).sum(), (residents * can * group).sum()) - 1e-9
                for group in groups_of(problem, each)
            )
        )
        if enough:
            prices.append(len(plan) if price == "outlets" else sum(problem.cost[p] for p in plan))
    return min(prices, default=None)


@pytest.mark.parametrize(
    ("solver", "seeds"),
    [
        ("highs", range(6)),
        ("cbc", range(14, 16)),
        pytest.param("highs", range(6, 14), marks=pytest.mark.slow),
        pytest.param("cbc", range(16, 20), marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_equals_enumeration(options, solver, seeds):
    for seed in seeds:
        problem = random_problem(seed, tight=seed % 3 == 0)
        plan = plan_fewest(problem, solver=solver, gap=0.0, time_limit=20, **options)
        agrees(plan, fewest(problem, **options))
        assert plan.sense == "min"
        assert not plan.found or kept(problem, opened(plan))


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_cbc_start_of_a_minimisation_cuts_off_no_better_plan(solver):
    # Greedy pays 5 here and the optimum 4: CBC once took a start of −5 for a cut-off.
    problem = random_problem(40, tight=False)
    for share in (0.5, 0.6, 0.7, 0.8):
        plan = plan_fewest(problem, share=share, price="cost", solver=solver, gap=0.0)
        agrees(plan, fewest(problem, share=share, price="cost"))


def square_of_four(**more):
    """Four points in a row; each of three sites covers two neighbours."""
    near = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    settings = {"types": ["shop"], "residents": [10, 20, 30, 40]}
    return siting_problem(**settings, covers=[sparse.csr_array(near)], **more)


def test_full_cover_drawn_by_hand():
    plan = plan_fewest(square_of_four())
    assert opened(plan) == ((0, 0), (2, 0))
    assert (plan.status, plan.objective, plan.bound) == ("optimal", 2, 2)
    assert plan.figures["share_of_residents"] == 1
    assert len(plan.unreachable) == 0


def test_existing_outlets_count():
    assert opened(plan_fewest(square_of_four(covered=[True, True, False, False]))) == ((2, 0),)
    assert plan_fewest(square_of_four(covered=True)).chosen == ()


def test_forbidden_and_required_sites_are_kept():
    forbidden = plan_fewest(square_of_four(forbidden=[False, False, True]))
    assert opened(forbidden) == ((0, 0), (1, 0))
    assert forbidden.unreachable.tolist() == [[3, 0]]
    required = plan_fewest(square_of_four(required=[False, True, False]))
    assert opened(required) == ((0, 0), (1, 0), (2, 0))


def test_demand_out_of_reach_is_named_and_the_target_lowered_with_a_note():
    near = sparse.csr_array(np.array([[1], [0]]))
    problem = siting_problem(types=["shop"], residents=[30, 70], covers=[near])
    plan = plan_fewest(problem, share=0.9)
    assert opened(plan) == ((0, 0),)
    assert plan.unreachable.tolist() == [[1, 0]]
    assert plan.figures["share_of_residents"] == pytest.approx(0.3)
    (note,) = plan.notes
    assert note.severity == "warning"
    assert "90.00 %" in note.message("en")
    assert "30.00 %" in note.message("zh")


def test_a_strict_target_out_of_reach_is_refused_in_words():
    near = sparse.csr_array(np.array([[1], [0]]))
    problem = siting_problem(types=["shop"], residents=[30, 70], covers=[near])
    plan = plan_fewest(problem, share=0.9, strict=True)
    assert plan.status == "infeasible"
    assert plan.conflicts[0].code == "siting_target_out_of_reach"
    assert plan_fewest(problem, share=0.3, strict=True).status == "optimal"


def two_homes(**more):
    """Two homes and a site at each; a third home is out of reach."""
    near = sparse.csr_array(np.array([[1, 0], [0, 1], [0, 0]]))
    given = {"types": ["shop"], "residents": [30, 50, 20], "covers": [near]}
    return siting_problem(**given, demand_groups={"community": ["u", "v", "v"]}, **more)


@pytest.mark.parametrize(
    ("more", "options", "words"),
    [
        ({"total": 1}, {}, ["plan.outlets", "objective_options.share", "80.0 %"]),
        ({"total": 1}, {"share": 0.7}, ["plan.outlets", "objective_options.share", "70.0 %"]),
        ({"total": 1}, {"each": "point"}, ["plan.outlets", "plan.objective (shop)"]),
        (
            {"exclusive": [[0, 1]]},
            {"share": 0.6, "each": "community"},
            ["plan.exclusive", "share (community=u, shop)", "share (community=v, shop)", "60.0 %"],
        ),
        (
            {"total": 1, "floors": [Floor(1.0)]},
            {"share": None},
            ["plan.outlets", "plan.floor", "80.0 %"],
        ),
    ],
)
def test_what_leaves_no_room_for_the_share_is_named(more, options, words):
    plan = plan_fewest(two_homes(**more), **options)
    assert plan.status == "infeasible"
    for language in ("en", "zh"):
        text = "\n".join(fault.line(language) for fault in plan.conflicts)
        assert all(word in text for word in words)


def test_floors_alone_are_targets():
    floors = [Floor(0.5, level="district", group="north"), Floor(1.0, level="district", group="s")]
    problem = square_of_four(
        floors=floors, demand_groups={"district": ["north", "north", "s", "s"]}
    )
    plan = plan_fewest(problem, share=None)
    assert opened(plan) in {((0, 0), (2, 0)), ((1, 0), (2, 0))}
    assert plan.objective == 2


def test_more_is_never_cheaper(dense):
    problem = dense(60, 25, 25, radius=0.2)
    counts = [plan_fewest(problem, share=share).objective for share in np.linspace(0, 1, 11)]
    assert counts == sorted(counts)
    assert counts[0] == 0 < counts[-1]


def test_whole_plan_without_time_is_greedy_with_its_bound(dense):
    problem = dense(500, 500, 500, radius=0.1)
    plan = plan_fewest(problem, each="point", time_limit=0.0)
    assert plan.status == "time_limit"
    assert plan.objective == plan.greedy > plan.bound > 0
    proven = plan_fewest(problem, each="point", time_limit=30)
    assert plan.bound <= proven.bound <= proven.objective <= plan.objective


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", ["SJC324", "SJC402", "SJC500"])
def test_fewest_and_most_agree_on_real_instances(mclp, name):
    """p outlets are needed for a share exactly where p − 1 cannot cover it."""
    best = {"SJC324": (5461, 8790, 11604, 12106), "SJC402": (6555, 11339, 14690)}
    best["SJC500"] = (7944, 12454, 15730)
    problem = mclp(name, 500)
    total = problem.residents.sum()
    for p, covered in enumerate(best[name], start=1):
        assert plan_fewest(problem, share=covered / total).objective == p
        assert plan_fewest(problem, share=(covered + 1) / total).objective == p + 1


def test_unknown_group_is_refused_with_the_known_ones():
    with pytest.raises(InputFaults) as caught:
        plan_fewest(square_of_four(), each="village")
    assert caught.value.faults[0].code == "siting_unknown_group"
    assert "point" in caught.value.faults[0].expected()


def test_share_beyond_one_is_refused():
    with pytest.raises(InputFaults) as caught:
        plan_fewest(square_of_four(), share=1.2)
    assert caught.value.faults[0].code == "siting_option_range"


def test_in_the_large_bound_and_plan_close_in_from_both_sides(dense, monkeypatch):
    """With the thresholds at nothing, the relaxation and the walks do the work."""
    monkeypatch.setattr("quarterhour.optimize.fewest_large._SMALL", -1)
    for seed in range(12):
        problem = random_problem(seed, tight=False)
        for options in ({"share": 0.7, "price": "cost"}, {"each": "point"}, {"each": "community"}):
            plan = plan_fewest(problem, gap=0.0, time_limit=10, **options)
            agrees(plan, fewest(problem, **options))
    problem = dense(300, 120, 120, radius=0.12)
    monkeypatch.setattr("quarterhour.optimize.fewest_large._PROVABLE", -1)  # without the solver
    plan = plan_fewest(problem, share=0.9, time_limit=4)
    monkeypatch.undo()
    proven = plan_fewest(problem, share=0.9, time_limit=10)
    assert plan.bound <= proven.objective <= plan.objective
    assert proven.bound <= plan.objective
    assert plan.gap < 0.1
