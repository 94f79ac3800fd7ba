"""The plan on a real Dask cluster of separate processes."""

import shutil

import pandas as pd
import pytest

from quarterhour.cli.app import run

distributed = pytest.importorskip("distributed", reason="Dask is not installed")


def call(*words):
    with pytest.raises(SystemExit) as left:
        run([str(word) for word in words])
    return left.value.code or 0


def test_plan_is_the_same_on_a_cluster(demo_run, tmp_path):
    study = shutil.copytree(demo_run, tmp_path / "study")
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": None,
    }
    with distributed.LocalCluster(**options) as cluster:
        address = cluster.scheduler_address
        assert call("plan", study, "--fresh", "--quiet", "--scheduler", address) == 0
    assert list((study / "results" / "cache" / "tiles").glob("*.npz"))
    here, there = (pd.read_parquet(f / "results" / "sites.parquet") for f in (demo_run, study))
    pd.testing.assert_frame_equal(here, there)


def test_a_scheduler_that_is_not_there_is_one_fault(demo_study, capsys):
    before = (demo_study / "results" / "plan.json").read_bytes()
    words = ("plan", demo_study, "--fresh", "--lang", "en", "--scheduler", "tcp://127.0.0.1:1")
    assert call(*words) == 1
    said = capsys.readouterr().err
    assert "127.0.0.1:1" in said
    assert "Traceback" not in said
    assert (demo_study / "results" / "plan.json").read_bytes() == before
