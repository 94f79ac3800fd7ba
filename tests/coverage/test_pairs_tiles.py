"""J2 in tiles: bit-identical, resumable, recomputed only where a change reaches, on a cluster."""

import os
import signal
import time

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from quarterhour.coverage.barriers import with_barriers
from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.pairs import pairs
from quarterhour.coverage.tiles import tiled_pairs
from quarterhour.data.faults import FaultLog
from quarterhour.data.streets import read_streets

from .networks import block, multigraphs


@pytest.fixture(scope="module")
def beijing(shared):
    streets = read_streets(shared / "beijing" / "walk-small-2024.osm", log=FaultLog())
    return StreetNetwork.from_streets(streets)


def everyone(network):
    return locate_nodes(network, np.arange(network.n_nodes))


def assert_same_bits(one, other):
    assert one.indptr.tolist() == other.indptr.tolist()
    assert one.indices.tobytes() == other.indices.tobytes()
    assert one.cost.tobytes() == other.cost.tobytes()
    assert (one.other is None) == (other.other is None)
    if one.other is not None:
        assert one.other.tobytes() == other.other.tobytes()


@pytest.mark.parametrize("by", ["metres", "seconds"])
def test_tiles_are_bit_identical_to_one_search(beijing, tmp_path, by):
    points = everyone(beijing)
    tiled = tiled_pairs(beijing, points, points, tmp_path, limit=600, by=by, tile=700)
    assert len(tiled.tiles) > 4
    assert_same_bits(tiled.load(), pairs(beijing, points, points, limit=600, by=by))


@settings(max_examples=30, deadline=None)
@given(multigraphs(), st.integers(0, 1000), st.sampled_from([60.0, 200.0, 2000.0]))
def test_tiles_of_any_network_are_bit_identical(tmp_path_factory, network, seed, tile):
    random = np.random.default_rng(seed)
    sources = locate(network, random.uniform(-50, 550, (12, 2)), snap_limit=150)
    targets = locate(network, random.uniform(-50, 550, (12, 2)), snap_limit=150)
    folder = tmp_path_factory.mktemp("tiles")
    tiled = tiled_pairs(network, sources, targets, folder, limit=300, by="seconds", tile=tile)
    assert_same_bits(tiled.load(), pairs(network, sources, targets, limit=300, by="seconds"))


def test_a_second_run_computes_nothing(beijing, tmp_path):
    points = everyone(beijing)
    first = tiled_pairs(beijing, points, points, tmp_path, limit=300, tile=700)
    again = tiled_pairs(beijing, points, points, tmp_path, limit=300, tile=700)
    assert (first.computed, first.kept) == (len(first.tiles), 0)
    assert (again.computed, again.kept) == (0, len(first.tiles))
    assert_same_bits(first.load(), again.load())


def test_an_interrupted_run_goes_on_where_it_stopped(beijing, tmp_path):
    points = everyone(beijing)

    def stop(task, done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tiled_pairs(beijing, points, points, tmp_path, limit=300, tile=700, progress=stop)
    assert len(list(tmp_path.iterdir())) == 3
    whole = tiled_pairs(beijing, points, points, tmp_path, limit=300, tile=700)
    assert whole.kept == 3
    assert_same_bits(whole.load(), pairs(beijing, points, points, limit=300))


def test_a_new_facility_computes_the_tiles_it_reaches(beijing, tmp_path):
    homes = everyone(beijing)
    shops = locate_nodes(beijing, [10, 500, 900])
    first = tiled_pairs(beijing, homes, shops, tmp_path, limit=300, tile=700)
    more = locate_nodes(beijing, [10, 700, 500, 900])
    second = tiled_pairs(beijing, homes, more, tmp_path, limit=300, tile=700)
    assert 0 < second.computed < len(first.tiles) / 2
    assert_same_bits(second.load(), pairs(beijing, homes, more, limit=300))


def test_a_barrier_computes_the_tiles_it_reaches(beijing, tmp_path):
    shops = np.arange(0, beijing.n_nodes, 7)
    homes = np.arange(beijing.n_nodes)
    limits = {"limit": 200, "tile": 700}
    before = tiled_pairs(
        beijing, locate_nodes(beijing, homes), locate_nodes(beijing, shops), tmp_path, **limits
    )
    point = int(np.argmin(np.hypot(beijing.gx - beijing.x.mean(), beijing.gy - beijing.y.mean())))
    middle = beijing.gx[point], beijing.gy[point]
    wall = LineString([middle, (middle[0] + 5, middle[1] + 5)])
    cut = with_barriers(beijing, gpd.GeoSeries([wall], crs=beijing.crs))
    assert cut is not beijing
    origins, targets = locate_nodes(cut, homes), locate_nodes(cut, shops)
    after = tiled_pairs(cut, origins, targets, tmp_path, **limits)
    assert 0 < after.computed < len(before.tiles) / 2
    assert_same_bits(after.load(), pairs(cut, origins, targets, limit=200))


def test_files_that_are_no_tiles_are_left_alone(tmp_path):
    network = block()
    points = locate_nodes(network, [0, 1, 2])
    (tmp_path / "mine.npz").write_bytes(b"x")
    (tmp_path / ("0" * 64 + ".npz")).write_bytes(b"an old tile")
    tiled_pairs(network, points, points, tmp_path, limit=100)
    names = [path.name for path in tmp_path.iterdir()]
    assert "mine.npz" in names
    assert "0" * 64 + ".npz" not in names


def test_another_limit_is_another_tile(tmp_path):
    network = block()
    points = locate_nodes(network, [0, 1, 2])
    tiled_pairs(network, points, points, tmp_path, limit=100)
    assert tiled_pairs(network, points, points, tmp_path, limit=200).computed == 1


def test_sources_off_the_streets_are_in_no_tile(tmp_path):
    network = block()
    points = locate(network, [[50, 0], [5000, 0]])
    tiled = tiled_pairs(network, points, points, tmp_path, limit=100)
    assert tiled.load().indptr.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"limit": np.inf}, "finite"),
        ({"tile": 0}, "tile is 0"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_questions_that_make_no_sense_are_refused(tmp_path, change, words):
    network = block()
    points = locate_nodes(network, [0])
    with pytest.raises(QueryError, match=words):
        tiled_pairs(network, points, points, tmp_path, **({"limit": 100} | change))


def test_without_dask_the_way_out_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    network = block()
    points = locate_nodes(network, [0])
    with pytest.raises(QueryError, match="pip install"):
        tiled_pairs(network, points, points, tmp_path, limit=100, scheduler="tcp://127.0.0.1:1")


def test_a_scheduler_that_does_not_answer_is_named(tmp_path):
    pytest.importorskip("distributed")
    network = block()
    points = locate_nodes(network, [0])
    with pytest.raises(QueryError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        tiled_pairs(network, points, points, tmp_path, limit=100, scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
def test_a_cluster_gives_the_same_bits_when_a_worker_is_killed(beijing, tmp_path):
    distributed = pytest.importorskip("distributed")
    points = everyone(beijing)
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:

        def kill_one(task, done, total):
            if done >= 2 and not killed:
                worker = next(iter(cluster.workers.values()))
                killed.append(worker.pid)
                os.kill(worker.pid, signal.SIGKILL)
                time.sleep(0.5)

        tiled = tiled_pairs(
            beijing, points, points, tmp_path, limit=600, tile=500,
            scheduler=cluster.scheduler_address, progress=kill_one,
        )  # fmt: skip
    assert killed
    assert tiled.computed == len(tiled.tiles) > 8
    assert_same_bits(tiled.load(), pairs(beijing, points, points, limit=600))
