"""Independent parts: found as networkx finds them, and solved one by one."""

from itertools import product

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

from quarterhour.optimize.components import LOCAL, independent_parts
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import Floor, Quota, siting_problem


def street(**more):
    """Two homes on either side of a river; three candidates on the left, two on the right."""
    near = sparse.csr_array(np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]))
    given = {
        "types": ["shop"],
        "residents": [3, 4, 5],
        "covers": [near],
        "groups": {"side": ["L", "L", "L", "R", "R"]},
        "demand_groups": {"side": ["L", "L", "R"]},
    }
    return flatten(siting_problem(**given | more))


def test_covers_join_and_a_total_couples():
    parts = independent_parts(street(total=2, quotas=[Quota(0, 1, level="side", group="L")]))
    assert parts.count == 2
    assert parts.of_opening.tolist() == [0, 0, 0, 1, 1]
    assert parts.of_row.tolist() == [0, 0, 1]
    assert parts.of_limit.tolist() == [-1, 0]
    assert parts.coupling.tolist() == [0]


def test_local_limits_join():
    assert independent_parts(street(exclusive=[[2, 3]])).count == 1
    assert independent_parts(street(exclusive=[[2, 3]]), local=()).count == 2


def test_circles_join_types_and_floors_only_if_asked():
    near = sparse.csr_array(np.eye(1))
    circle = flatten(
        siting_problem(
            types=["shop", "parcel"], residents=[1], covers=[near, near], capacity=2,
            circle_weight=1.0,
        )
    )  # fmt: skip
    assert independent_parts(circle).count == 1
    floor = street(floors=[Floor(0.5), Floor(0.2, level="side", group="R")])
    parts = independent_parts(floor)
    assert parts.count == 2
    assert parts.of_floor.tolist() == [-1, 1]
    assert independent_parts(floor, floors_couple=False).count == 1


def test_districts_are_kept_together_when_wished():
    openings = street()
    together = np.array([-1, 0, -1, 0, -1])
    assert independent_parts(openings, together=together).count == 1


def joined_by_networkx(openings):
    graph = nx.Graph()
    graph.add_nodes_from(("o", o) for o in range(openings.count))
    for row, column in np.argwhere(openings.covers.toarray()).tolist():
        graph.add_edge(("o", column), ("r", row))
    for circle, row in np.argwhere(openings.circles.members.toarray()).tolist():
        graph.add_edge(("c", circle), ("r", row))
    for row, kind in enumerate(openings.limits.kinds):
        for column in openings.limits.matrix[[row]].indices if kind in LOCAL else ():
            graph.add_edge(("l", row), ("o", int(column)))
    sets = [{o for kind, o in part if kind == "o"} for part in nx.connected_components(graph)]
    return sorted(sorted(some) for some in sets if some)


def best(openings, among, feasible):
    """Return the best value of choices among some openings, the constant left out."""
    values = []
    for choice in product((False, True), repeat=len(among)):
        chosen = np.zeros(openings.count, dtype=bool)
        chosen[among] = choice
        if feasible(chosen):
            values.append(openings.value(chosen) - openings.constant)
    return max(values, default=-np.inf)


def test_parts_are_those_of_networkx_and_their_optima_add_up(structures):
    several = 0
    some_rules = [set(), {"spacing"}, {"exclusive"}, {"circles"}, {"capacity"}]
    for seed in range(40):
        openings = flatten(structures.draw(seed, some_rules[seed % 5]))
        parts = independent_parts(openings)
        sets = [np.flatnonzero(parts.of_opening == part) for part in range(parts.count)]
        assert sorted(part.tolist() for part in sets) == joined_by_networkx(openings)
        if openings.count > 9:
            continue
        several += parts.count > 1
        local = parts.of_limit >= 0
        limits = openings.limits

        def kept(chosen, limits=limits, local=local):
            activity = limits.activity(chosen)
            return bool(((activity <= limits.upper + 1e-9) | ~local).all())

        whole = best(openings, np.arange(openings.count), kept)
        assert sum(best(openings, part, kept) for part in sets) == pytest.approx(whole)
    assert several > 5
