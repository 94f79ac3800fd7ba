"""Two plans side by side, on a street drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from quarterhour.optimize.plan import Chosen
from quarterhour.optimize.plan_changes import compare_plans
from quarterhour.optimize.problem import Quota, siting_problem
from quarterhour.optimize.solve import plan_max_coverage

# Four homes and six candidates, 100 m apart; home i is reached from candidates i and i + 1.
NEAR = sparse.csr_array(np.eye(4, 6) + np.eye(4, 6, k=1))


def street(**more):
    given = {
        "types": ["shop", "parcel"],
        "residents": [10, 20, 40, 80],
        "demand_ids": ["h1", "h2", "h3", "h4"],
        "covers": [NEAR, NEAR],
        "candidate_ids": list("abcdef"),
        "capacity": 2,
        "xy": [[100.0 * place, 0.0] for place in range(6)],
        "demand_groups": {"district": ["A", "A", "B", "B"]},
        "years": ["2026", "2027"],
    }
    return siting_problem(**given | more)


def plan_of(problem, *chosen):
    items = [
        Chosen(problem.candidate_ids.tolist().index(site), kind, year=year)
        for site, kind, year in chosen
    ]
    empty = plan_max_coverage(replace(problem, quotas=(Quota(0, 0),)))
    return replace(empty, chosen=tuple(items), objective=float(len(items)))


def rows(changes):
    return [
        (site.change, site.type, site.before, site.after, site.metres) for site in changes.sites
    ]


def test_kept_shifted_moved_dropped_and_gained():
    problem = street()
    first = plan_of(problem, ("a", 0, 0), ("b", 0, 0), ("c", 1, 0), ("f", 1, 1))
    second = plan_of(problem, ("a", 0, 0), ("b", 0, 1), ("d", 1, 0), ("f", 0, 0))
    changes = compare_plans((problem, first), (problem, second), moved=150.0)
    assert rows(changes) == [
        ("kept", "shop", "a", "a", 0.0),
        ("shifted", "shop", "b", "b", 0.0),
        ("moved", "parcel", "c", "d", 100.0),
        ("dropped", "parcel", "f", "", 0.0),
        ("gained", "shop", "", "f", 0.0),
    ]
    shifted = changes.sites[1]
    assert (shifted.year_before, shifted.year_after) == ("2026", "2027")
    assert (changes.objective_before, changes.objective_after) == (4.0, 4.0)
    assert changes.count("moved") == changes.count("moved", "parcel") == 1
    assert changes.count("moved", "shop") == 0


def test_moves_are_paired_as_many_as_can_be_and_as_near():
    problem = street()
    first = plan_of(problem, ("b", 0, 0), ("c", 0, 0))
    second = plan_of(problem, ("a", 0, 0), ("d", 0, 0))
    changes = compare_plans((problem, first), (problem, second))
    assert rows(changes) == [
        ("moved", "shop", "b", "a", 100.0),
        ("moved", "shop", "c", "d", 100.0),
    ]
    only_far = compare_plans((problem, first), (problem, second), moved=50.0)
    assert {site.change for site in only_far.sites} == {"dropped", "gained"}


def test_without_positions_nothing_counts_as_moved():
    problem = street(xy=None)
    first, second = plan_of(problem, ("b", 0, 0)), plan_of(problem, ("a", 0, 0))
    changes = compare_plans((problem, first), (problem, second))
    assert [site.change for site in changes.sites] == ["dropped", "gained"]


def test_outlets_and_residents_are_matched_by_id():
    problem = street()
    order = [5, 4, 3, 2, 1, 0]
    turned = street(
        candidate_ids=list("fedcba"),
        covers=[NEAR[:, order], NEAR[:, order]],
        xy=problem.xy[order],
    )
    plan, same = plan_of(problem, ("c", 0, 0)), plan_of(turned, ("c", 0, 0))
    changes = compare_plans((problem, plan), (turned, same))
    assert rows(changes) == [("kept", "shop", "c", "c", 0.0)]
    assert all(entry.before == entry.after for entry in changes.coverage)


def test_coverage_by_type_and_district():
    covered = np.array([[1, 0], [0, 0], [0, 0], [0, 0]], dtype=bool)
    unknown = np.array([[0, 0], [0, 1], [0, 0], [0, 0]], dtype=bool)
    problem = street(covered=covered, unknown=unknown)
    first = plan_of(problem, ("b", 0, 0))  # h1 (covered already) and h2
    second = plan_of(problem, ("d", 0, 1), ("d", 1, 0))  # h3 and h4
    changes = compare_plans((problem, first), (problem, second), level="district")
    found = {(e.type, e.group): (e.known, e.before, e.after) for e in changes.coverage}
    assert found == {
        ("", ""): (280, 30, 250),
        ("shop", ""): (150, 30, 130),
        ("parcel", ""): (130, 0, 120),
        ("", "A"): (40, 30, 10),
        ("shop", "A"): (30, 30, 10),
        ("parcel", "A"): (10, 0, 0),
        ("", "B"): (240, 0, 240),
        ("shop", "B"): (120, 0, 120),
        ("parcel", "B"): (120, 0, 120),
    }


def test_unknown_level_is_named():
    problem = street()
    plan = plan_of(problem)
    with pytest.raises(KeyError, match="ward"):
        compare_plans((problem, plan), (problem, plan), level="ward")


def test_keeping_is_worth_what_was_asked_for():
    # The old site covers 10 persons, the best one 120: keeping is worth it from 110 on.
    problem = street(total=1, years=("",))
    old = plan_of(problem, ("a", 0, 0))
    previous = np.zeros((6, 2), dtype=bool)
    previous[0, 0] = True
    for reward, kept in ((111.0, 1), (109.0, 0)):
        asked = street(total=1, years=("",), previous=previous, keep_weight=reward)
        plan = plan_max_coverage(asked)
        assert compare_plans((problem, old), (asked, plan)).count("kept") == kept
