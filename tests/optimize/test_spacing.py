"""Cliques for spacing and exclusive sites forbid exactly what they should; years stay compact."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize.model import coverage_model
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import siting_problem
from quarterhour.optimize.spacing import close_cliques


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 60), whole=st.booleans())
def test_cliques_hold_exactly_the_pairs_too_close(seed, count, whole):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 10, (count, 2))
    xy = xy.round() if whole else xy
    metres = float(rng.choice([1, 2, np.sqrt(5), 3.3]))
    held = {
        pair for clique in close_cliques(xy, metres) for pair in combinations(clique.tolist(), 2)
    }
    close = {
        (i, j)
        for i, j in combinations(range(count), 2)
        if np.hypot(*(xy[i] - xy[j])) < metres - 1e-6
    }
    assert held == close


def test_cliques_are_far_fewer_than_pairs():
    xy = np.random.default_rng(0).uniform(0, 1000, (1500, 2))
    cliques = close_cliques(xy, 100.0)
    near = sum((np.hypot(*(xy - point).T) < 100.0).sum() - 1 for point in xy) // 2
    assert len(cliques) < near / 10


@pytest.mark.parametrize("capacity", [[1, 1, 1], [2, 1, 2], [3, 3, 3]])
def test_exclusive_rows_bring_any_two_options_together(capacity):
    near = sparse.csr_array(np.ones((1, 3)))
    openings = flatten(
        siting_problem(
            types=["a", "b", "c"], residents=[1], covers=[near] * 3, capacity=capacity,
            exclusive=[[0, 1, 2]],
        )
    )  # fmt: skip
    rows = [row for row, kind in enumerate(openings.limits.kinds) if kind == "exclusive"]
    together = openings.limits.matrix[rows].astype(bool).astype(int)
    together = (together.T @ together).toarray() > 0
    for i, j in combinations(range(openings.count), 2):
        if openings.candidate[i] != openings.candidate[j]:
            assert together[i, j]
        elif capacity[openings.candidate[i]] > 1:
            assert not together[i, j]
    assert len(rows) == (1 if max(capacity) == 1 else 9)


@pytest.mark.parametrize("years", [1, 2, 3, 4])
def test_cover_rows_grow_with_the_years_not_with_their_square(years):
    rng = np.random.default_rng(1)
    near = sparse.csr_array(rng.random((30, 12)) < 0.3)
    problem = siting_problem(
        types=["a"], residents=np.ones(30), covers=[near], years=[str(t) for t in range(years)]
    )
    openings = flatten(problem)
    assert openings.covers.nnz == near.nnz * years * (years + 1) // 2
    model = coverage_model(openings)
    entries = sum(
        len(row) - 1 for name, row in model.lp._constraints.items() if name.startswith("cover_")
    )
    assert entries == near.nnz * years
