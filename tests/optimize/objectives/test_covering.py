"""Reductions, searches and bounds of the fewest outlets against enumeration."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from quarterhour.optimize.cover_anneal import anneal_covering, grouped
from quarterhour.optimize.cover_reduce import open_for_certain, reduce_covering
from quarterhour.optimize.cover_search import choice_of, completed, task_of, walk_cover
from quarterhour.optimize.covering import Covering
from quarterhour.optimize.fewest import plan_fewest
from quarterhour.optimize.fewest_bound import counting_bound, relaxed_covering
from quarterhour.optimize.limits import Limits
from quarterhour.optimize.openings import flatten
from quarterhour.optimize.problem import siting_problem


def limits_of(rng, openings, count):
    """Random maxima and minima that opening everything but one may break."""
    matrix = sparse.csr_array((rng.random((count, openings)) < 0.5).astype(float))
    lower = np.where(rng.random(count) < 0.4, 1.0, -np.inf)
    upper = np.where(rng.random(count) < 0.6, 2.0, np.inf)
    names = tuple(f"limit_{row}" for row in range(count))
    return Limits(matrix, lower, upper, ("quota",) * count, names)


def random_covering(seed, *, full=False, limits=0, openings=8, rows=12):
    """A covering with rows that must be covered, two groups of others, prices and limits."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((rows, openings)) < rng.choice([0.2, 0.35, 0.5])
    matrix[np.arange(rows), rng.integers(0, openings, rows)] = True
    must = np.ones(rows, dtype=bool) if full else rng.random(rows) < 0.3
    people = rng.integers(0, 20, (2, rows)) * ~must
    people[:, ~must] += 1
    people = people[: 0 if full or must.all() else 2]
    return Covering(
        matrix=sparse.csr_array(matrix.astype(np.int8)),
        price=rng.integers(0, 6, openings) * 1.0 if seed % 2 else np.ones(openings),
        must=must,
        people=sparse.csr_array(people.astype(float)),
        needed=np.round(0.7 * people.sum(axis=1)),
        limits=limits_of(rng, openings, limits),
    )


def every_choice(covering):
    return (np.array(bits, dtype=bool) for bits in product([0, 1], repeat=covering.count))


def keeps(covering, chosen):
    """Whether a choice meets everything, written with dense arrays."""
    covered = covering.matrix.toarray()[:, chosen].any(axis=1)
    used = covering.limits.matrix.toarray() @ chosen
    kept = (used >= covering.limits.lower - 1e-6) & (used <= covering.limits.upper + 1e-6)
    enough = covering.people.toarray() @ covered >= covering.needed - 1e-6
    return bool(covered[covering.must].all() and kept.all() and enough.all())


def least_price(covering):
    """The least price by enumeration, inf where nothing meets it all."""
    met = (covering.price[x].sum() for x in every_choice(covering) if keeps(covering, x))
    return min(met, default=np.inf)


kinds = st.fixed_dictionaries(
    {"seed": st.integers(0, 10**6), "full": st.booleans(), "limits": st.integers(0, 2)}
)


@settings(max_examples=120, deadline=None)
@given(kinds)
def test_reduced_covering_has_the_same_least_price_and_maps_back(kind):
    covering = random_covering(**kind)
    reduced = reduce_covering(covering)
    left = reduced.covering
    best = min((left.price[x].sum() for x in every_choice(left) if left.met(x)), default=np.inf)
    assert best + reduced.constant == pytest.approx(least_price(covering))
    for chosen in every_choice(left):
        if left.met(chosen):
            assert keeps(covering, reduced.restore(chosen))


@settings(max_examples=60, deadline=None)
@given(kinds)
def test_searches_keep_everything_and_never_get_dearer(kind):
    covering = random_covering(**kind)
    task = task_of(covering)
    start = completed(covering, task, np.zeros(covering.count, dtype=bool))
    if start is None:  # greedy may get stuck between limits
        return
    assert keeps(covering, start)
    soft = task_of(grouped(covering))
    found = [anneal_covering(covering, soft, start, moves=3000, seed=1)]
    if covering.full():
        found.append(walk_cover(covering, task, start, steps=300, seed=1))
    for chosen in found:
        assert keeps(covering, chosen)
        assert covering.value(chosen) <= covering.value(start)
        assert covering.value(chosen) >= least_price(covering)


@settings(max_examples=60, deadline=None)
@given(kinds)
def test_no_bound_is_above_the_least_price(kind):
    covering = random_covering(**kind)
    least = least_price(covering)
    assert counting_bound(covering) <= least + 1e-9
    covers = sparse.csr_array(covering.matrix.astype(float))
    people = np.ones(covers.shape[0])
    columns = flatten(siting_problem(types=["t"], residents=people, covers=[covers]))
    start = np.zeros(covering.count, dtype=bool)
    looks = iter(range(60))
    relaxed = relaxed_covering(covering, columns, start, lambda: next(looks, None) is not None)
    assert relaxed.bound <= least + 1e-9
    for chosen in every_choice(covering):  # reduced costs say what no cheaper choice can hold
        if keeps(covering, chosen):
            price = covering.price[chosen].sum() + 1e-6
            assert (price >= relaxed.bound - relaxed.reduced[chosen]).all()
            assert (price >= relaxed.bound + relaxed.reduced[~chosen]).all()


@settings(max_examples=60, deadline=None)
@given(kinds, st.integers(0, 10**6))
def test_scores_are_what_rows_say(kind, seed):
    covering = random_covering(**kind)
    chosen = np.random.default_rng(seed).random(covering.count) < 0.4
    choice = choice_of(covering, task_of(covering), chosen)
    near, counts = covering.matrix.toarray(), covering.matrix.toarray()[:, chosen].sum(axis=1)
    gain = (covering.must & (counts == 0)) @ near
    loss = (covering.must & (counts == 1)) @ near
    assert choice.score.tolist() == np.where(chosen, loss, gain).tolist()
    assert (
        sorted(choice.bare[: choice.size[1]])
        == np.flatnonzero(covering.must & (counts == 0)).tolist()
    )
    assert choice.reached == pytest.approx(covering.people @ (counts > 0).astype(float))


def test_a_row_around_one_that_must_be_covered_counts_as_covered():
    covering = Covering(
        matrix=sparse.csr_array(np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]], dtype=np.int8)),
        price=np.ones(3),
        must=np.array([True, False, False]),
        people=sparse.csr_array([[0.0, 5.0, 3.0]]),
        needed=np.array([5.0]),
        limits=limits_of(np.random.default_rng(0), 3, 0),
    )
    reduced = reduce_covering(covering)
    assert reduced.covering.full()
    assert reduced.constant == 1


def test_what_is_opened_for_certain_uses_up_the_limits():
    covering = random_covering(3, limits=2)
    opened = np.arange(covering.count) == 2
    left = open_for_certain(replace_state(covering), opened).covering
    used = covering.limits.matrix.toarray()[:, 2]
    assert left.limits.upper == pytest.approx(covering.limits.upper - used)
    assert left.limits.lower == pytest.approx(covering.limits.lower - used)


def replace_state(covering):
    """The covering as a reduction that has done nothing."""
    state = reduce_covering(covering)
    everything, nothing = np.arange(covering.count), np.empty(0, dtype=np.int64)
    return replace(state, covering=covering, kept=everything, forced=nothing)


def test_same_seed_same_cover(dense):
    problem = dense(400, 400, 400, radius=0.08)
    options = {"each": "point", "time_limit": 20, "seed": 3}
    first, second = (plan_fewest(problem, **options) for _ in range(2))
    assert first.chosen == second.chosen


@pytest.mark.parametrize("options", [{"each": "point"}, {"share": 0.9}], ids=str)
def test_interrupted_search_keeps_the_best_with_its_bound(dense, options):
    problem = dense(1500, 1500, 1500, radius=0.06)
    told = []

    def progress(*args):
        told.append(args)
        if len(told) == 2:
            raise KeyboardInterrupt

    plan = plan_fewest(problem, progress=progress, time_limit=60, gap=0.0, **options)
    assert plan.status == "interrupted"
    assert 0 < plan.bound <= plan.objective <= plan.greedy
    assert plan.figures["share_of_residents"] >= options.get("share", 1.0)


def test_one_thread_is_enough(dense):
    problem = dense(300, 300, 300, radius=0.1)
    plan = plan_fewest(problem, each="point", threads=1, time_limit=10)
    assert plan.bound <= plan.objective <= plan.greedy
