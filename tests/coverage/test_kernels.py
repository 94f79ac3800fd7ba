"""The compiled parts by themselves: heap, sort, curve, chains, ticks."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from quarterhour.coverage import kernels_heap as heaps
from quarterhour.coverage import pairs_search
from quarterhour.coverage.chains import contract, hilbert_keys
from quarterhour.coverage.engine import engine
from quarterhour.coverage.impedance import impedance
from quarterhour.coverage.locate import locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs_search import search_pairs
from quarterhour.coverage.profiles import ADULT

from .networks import block, multigraphs

KEYS = st.lists(st.integers(0, 2**63), max_size=200)


@njit
def through_the_heap(keys, heap):
    """Put all keys on the heap, which grows, and take them off again."""
    size, taken = np.uint64(0), np.empty_like(keys)
    for key in keys:
        if size + heaps.MARGIN > np.uint64(len(heap)):
            heap = heaps.enlarged(heap, np.uint64(0))
        size = heaps.push(heap, size, key)
    for i in range(len(keys)):
        taken[i] = heap[0]
        size = heaps.drop_first(heap, size)
    return taken, heap, size


@njit
def sorted_upper(keys, spare, top, tally):
    """Sort all keys by their upper half."""
    return heaps.sort_upper(keys, spare, len(keys), top, tally)


@settings(max_examples=50, deadline=None)
@given(KEYS)
def test_the_heap_gives_back_keys_in_order(keys):
    heap = np.full(8, heaps.EMPTY, np.uint64)
    taken, heap, size = through_the_heap(np.array(keys, np.uint64), heap)
    assert size == 0
    assert taken.tolist() == sorted(keys)
    assert (heap == heaps.EMPTY).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5_000_000), max_size=300), st.integers(0, 3))
def test_the_sort_orders_by_the_upper_half_and_keeps_ties(numbers, digits):
    top = 10 ** (digits + 3)
    numbers = [number % top for number in numbers]
    keys = (np.array(numbers, np.uint64) << np.uint64(32)) | np.arange(
        len(numbers), dtype=np.uint64
    )
    spare, tally = np.empty_like(keys), np.empty(2048, np.uint32)
    swapped = sorted_upper(keys, spare, np.int64(top), tally)
    ordered = spare if swapped else keys
    expected = [(n << 32) | i for i, n in sorted(enumerate(numbers), key=lambda pair: pair[1])]
    assert ordered.tolist() == expected


def test_the_curve_walks_a_grid_from_neighbour_to_neighbour():
    x, y = (grid.ravel().astype(float) for grid in np.meshgrid(np.arange(16), np.arange(16)))
    order = np.argsort(hilbert_keys(x, y))
    steps = np.abs(np.diff(x[order])) + np.abs(np.diff(y[order]))
    assert (steps == 1).all()


@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_curve_takes_points_in_one_place(n):
    assert hilbert_keys(np.ones(n), np.ones(n)).tolist() == [0] * n


def chains_of(network):
    return contract(network, impedance(network, "metres", ADULT))


def test_a_block_with_a_dead_end_has_one_junction():
    chains = chains_of(block())
    assert len(chains.junctions) == 1
    assert chains.junctions.tolist() == [0]
    assert sorted(np.diff(chains.first)) == [1, 4]
    assert sorted(chains.b.tolist()) == [0, 1]  # the ring comes back, the dead end leads nowhere


def test_a_ring_without_junctions_gets_one():
    ring = StreetNetwork.from_arrays([0, 9, 9], [0, 0, 9], [0, 1, 2], [1, 2, 0])
    chains = chains_of(ring)
    assert len(chains.junctions) == 1
    assert np.diff(chains.first).tolist() == [3]


def test_ends_of_a_one_way_edge_stay_junctions():
    line = StreetNetwork.from_arrays(
        np.arange(5.0), np.zeros(5), [0, 1, 2, 3], [1, 2, 3, 4],
        factor_forward=[1, 1, np.inf, 1], factor_backward=[1, 1, 1, 1],
    )  # fmt: skip
    chains = chains_of(line)
    assert {2, 3} <= set(chains.junctions.tolist())


@settings(max_examples=50, deadline=None)
@given(multigraphs())
def test_chains_hold_every_open_edge_once_and_join_end_to_end(network):
    costs = impedance(network, "metres", ADULT)
    chains = contract(network, costs)
    is_open = np.isfinite(costs.forward) | np.isfinite(costs.backward)
    assert sorted(chains.sequence.tolist()) == np.flatnonzero(is_open).tolist()
    heads = np.where(
        chains.against, network.edge_v[chains.sequence], network.edge_u[chains.sequence]
    )
    tails = np.where(
        chains.against, network.edge_u[chains.sequence], network.edge_v[chains.sequence]
    )
    for chain, (begin, end) in enumerate(zip(chains.first[:-1], chains.first[1:], strict=True)):
        assert heads[begin] == chains.junctions[chains.a[chain]]
        assert (tails[begin : end - 1] == heads[begin + 1 : end]).all()
        if chains.b[chain] < len(chains.junctions):
            assert tails[end - 1] == chains.junctions[chains.b[chain]]


def test_long_limits_and_long_streets_make_coarser_ticks():
    network = block()
    assert engine(network, "metres", ADULT, 1200.0).scale == 65536
    assert engine(network, "metres", ADULT, 1e6).scale < 1000
    far = StreetNetwork.from_arrays([0, 9e5], [0, 0], [0], [1])
    ready = engine(far, "metres", ADULT, 10.0)
    assert ready.scale * 9e5 < 2**30


def test_rows_longer_than_a_block_are_written_whole(monkeypatch):
    n = 3000
    star = StreetNetwork.from_arrays(
        np.concatenate([[0.0], np.cos(np.arange(n))]),
        np.concatenate([[0.0], np.sin(np.arange(n))]),
        np.zeros(n, int),
        np.arange(1, n + 1),
    )
    everyone = locate_nodes(star, np.arange(n + 1))
    some = everyone.take(np.arange(40))
    monkeypatch.setattr(pairs_search, "BLOCK", 4000)
    monkeypatch.setattr(pairs_search, "CHUNK", 16)
    ready = engine(star, "metres", ADULT, 3.0)
    for kernel in ("scalar", "lanes"):
        rows = search_pairs(ready, some, everyone, 3.0, threads=1, kernel=kernel)
        assert np.diff(rows.indptr).tolist() == [n + 1] * 40
        assert (rows.indices.reshape(40, n + 1) == np.arange(n + 1)).all()


@pytest.mark.parametrize("reserve", [0.0, 0.3, 1.3])
@pytest.mark.parametrize("kernel", ["scalar", "lanes", "auto"])
def test_room_reserved_after_a_sample_changes_no_bit(monkeypatch, kernel, reserve):
    """Whether the room is refused, too small or ample, and whatever is written over it."""
    x, y = (grid.ravel() * 10.0 for grid in np.meshgrid(np.arange(40), np.arange(40)))
    number = np.arange(1600).reshape(40, 40)
    u = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    v = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    grid = StreetNetwork.from_arrays(x, y, u, v)
    everyone = locate_nodes(grid, np.random.default_rng(1).permutation(1600))
    ready = engine(grid, "metres", ADULT, 95.0)
    for name, value in (("CHUNK", 64), ("BLOCK", 2000), ("LEAST_ROOM", 1000), ("MANY", 8)):
        monkeypatch.setattr(pairs_search, name, value)
    monkeypatch.setattr(pairs_search, "RESERVE", reserve)
    rows = search_pairs(ready, everyone, everyone, 95.0, threads=2, kernel=kernel)
    place = np.array([everyone.x, everyone.y]).T
    apart = np.abs(place[:, None] - place).sum(axis=2)  # on a grid of streets
    row, column = np.nonzero(apart <= 95.0)
    assert rows.indptr.tolist() == [0, *np.cumsum(np.bincount(row)).tolist()]
    assert (rows.indices == column).all()
    assert np.abs(rows.cost - apart[row, column]).max() < 0.001


def test_importing_the_network_leaves_numba_alone():
    code = "import sys, quarterhour.coverage.network; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
