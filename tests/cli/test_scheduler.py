"""The plan on a real Dask cluster of separate processes."""

import os
import shutil

import pandas as pd
import pytest

from quarterhour.cli.app import run
from quarterhour.cli.part_workers import part_workers
from quarterhour.cli.study_run import open_study
from quarterhour.data.faults import InputFaults

from .tiny_city import write_city

distributed = pytest.importorskip("distributed", reason="Dask is not installed")
SchedulerPlugin = distributed.diagnostics.plugin.SchedulerPlugin


def call(*words):
    with pytest.raises(SystemExit) as left:
        run([str(word) for word in words])
    return left.value.code or 0


#: Four homes out of reach of one another are four parts, tied together by the total.
BY_PARTS = """
outlets = 3
objective_options = {{by_parts = true}}
threads = {threads}
"""

CLUSTER = {
    "n_workers": 2,
    "threads_per_worker": 1,
    "processes": True,
    "dashboard_address": None,
}


def test_plan_is_the_same_on_a_cluster(demo_run, tmp_path):
    study = shutil.copytree(demo_run, tmp_path / "study")
    with distributed.LocalCluster(**CLUSTER) as cluster:
        address = cluster.scheduler_address
        assert call("plan", study, "--fresh", "--quiet", "--scheduler", address) == 0
    assert list((study / "results" / "cache" / "tiles").glob("*.npz"))
    here, there = (pd.read_parquet(f / "results" / "sites.parquet") for f in (demo_run, study))
    pd.testing.assert_frame_equal(here, there)


class Finished(SchedulerPlugin):
    """Counts the parts that each worker of a cluster has solved."""

    def __init__(self):
        self.parts = []

    def transition(self, key, start, finish, *, worker=None, **more):
        if finish == "memory" and str(key).startswith("solve_part"):
            self.parts.append(worker)


@pytest.mark.slow
def test_parts_are_solved_on_a_cluster_and_side_by_side_with_the_same_plan(tmp_path):
    counted, plans = Finished(), {}
    for threads in (1, 2):
        study = write_city(tmp_path / f"{threads}", BY_PARTS.format(threads=threads))
        assert call("plan", study, "--quiet") == 0
        plans[threads] = pd.read_parquet(study / "results" / "sites.parquet")
    study = write_city(tmp_path / "dask", BY_PARTS.format(threads=2))
    with distributed.LocalCluster(**CLUSTER) as cluster:
        cluster.scheduler.add_plugin(counted)
        assert call("plan", study, "--quiet", "--scheduler", cluster.scheduler_address) == 0
    plans["dask"] = pd.read_parquet(study / "results" / "sites.parquet")
    assert len(set(counted.parts)) == 2
    assert sorted(plans[1]["candidate"]) == ["A", "A", "B"]
    for there in (2, "dask"):
        pd.testing.assert_frame_equal(plans[1], plans[there])


def test_a_process_that_dies_is_one_fault(tmp_path):
    study = write_city(tmp_path, BY_PARTS.format(threads=2))
    opened = open_study(study, lambda *_: None)
    with pytest.raises(InputFaults) as caught, part_workers(opened) as executor:
        executor.submit(os._exit, 1).result()
    (fault,) = caught.value.faults
    assert fault.code == "part_process_died"
    assert "plan.threads = 1" in fault.line("en")
    assert "plan.threads" in fault.line("zh")


def test_parts_of_a_plan_need_the_scheduler_that_is_named(tmp_path):
    study = write_city(tmp_path, BY_PARTS.format(threads=2))
    opened = open_study(study, lambda *_: None, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(InputFaults) as caught, part_workers(opened):
        pass
    assert [fault.code for fault in caught.value.faults] == ["scheduler_unusable"]


def test_a_scheduler_that_is_not_there_is_one_fault(tiny_study, capsys):
    before = (tiny_study / "results" / "plan.json").read_bytes()
    words = ("plan", tiny_study, "--fresh", "--lang", "en", "--scheduler", "tcp://127.0.0.1:1")
    assert call(*words) == 1
    said = capsys.readouterr().err
    assert "127.0.0.1:1" in said
    assert "Traceback" not in said
    assert (tiny_study / "results" / "plan.json").read_bytes() == before
