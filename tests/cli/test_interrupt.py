"""Ctrl-C, a killed process, running again: finished work is kept, nothing is ever half written."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import openpyxl
import pytest

from quarterhour.cli.console import Screen
from quarterhour.cli.pipeline import run_stages
from quarterhour.cli.stages import is_fresh, read_record

from . import spoil
from .listening import Listener, contents

STAGES = ("measure", "plan", "map")
#: A run that stops at the ``after``-th call of one function, tells so by a file, and waits there
#: to be interrupted, or kills itself as a power cut would.
STOPPED = """
import os, pathlib, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from quarterhour.cli.app import run
import {module} as place
before, calls = place.{name}, []
def held(*given, **options):
    calls.append(1)
    if len(calls) < {after}:
        return before(*given, **options)
    if {kill}:
        os.kill(os.getpid(), signal.SIGKILL)
    pathlib.Path({flag!r}).touch()
    time.sleep(60)
place.{name} = held
run(["run", {study!r}, "--lang", "en"])
"""


@pytest.fixture
def listen(capsys, monkeypatch):
    return Listener(capsys, monkeypatch)


@pytest.fixture(scope="module")
def small_run(demo_run, tmp_path_factory):
    """The demo study with few homes, no further measures and no sheet: it runs often here."""
    folder = tmp_path_factory.mktemp("small") / "study"
    shutil.copytree(demo_run, folder, ignore=shutil.ignore_patterns("results"))
    text = (folder / spoil.STUDY).read_text("utf-8")
    head, tail = text.index("[complaints]"), text.index("[plan]")
    plan = text[tail:].replace("[plan]\n", "[map]\nsheet = false\n[plan]\ncurve_points = 0\n")
    (folder / spoil.STUDY).write_text(text[:head] + plan, "utf-8")
    homes = spoil.read_rows(folder / spoil.RESIDENCES)[:200]
    kept = {row[0] for row in homes}
    gates = spoil.read_rows(folder / spoil.ENTRANCES)
    spoil.write_rows(folder / spoil.RESIDENCES, homes)
    spoil.write_rows(folder / spoil.ENTRANCES, [gates[0], *(g for g in gates if g[0] in kept)])
    run_stages(folder, STAGES, Screen("en", quiet=True))
    return folder


@pytest.fixture
def study(small_run, tmp_path):
    """A copy of the small study with its results, to be changed at will."""
    return shutil.copytree(small_run, tmp_path / "study")


def digests(study):
    """Return name -> hash of every result; the cache and its like are no results."""
    files = (path for path in (study / "results").iterdir() if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def stamps(study):
    return {stage: (study / "results" / f"{stage}.json").stat().st_mtime_ns for stage in STAGES}


def leftovers(study):
    return [path.name for path in study.rglob("*") if path.name.startswith((".writing", ".map"))]


def move_an_outlet(study):
    """Move one outlet by about 90 m: every later stage depends on it."""
    rows = spoil.read_rows(study / spoil.OUTLETS)
    lat = rows[0].index("纬度")
    assert rows[1][rows[0].index("状态")] == "正常"
    spoil.change(study, spoil.OUTLETS, r2={"纬度": f"{float(rows[1][lat]) + 0.0008:.6f}"})


def touch(study):
    for path in study.iterdir():
        os.utime(path)
    (study / "notes.txt").write_text("mine", "utf-8")


def start(study, module, name, *, flag="", after=1):
    code = STOPPED.format(
        module=module, name=name, flag=str(flag), after=after, kill=not flag, study=str(study)
    )
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, encoding="utf-8")


def press_ctrl_c_in(monkeypatch, module, name):
    """Let a function of a module be interrupted from the keyboard as soon as it is called."""

    def interrupted(*given, **options):
        signal.raise_signal(signal.SIGINT)
        time.sleep(60)

    monkeypatch.setattr(f"{module}.{name}", interrupted)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_interrupt_of_a_process_keeps_everything_earlier(study, tmp_path):
    move_an_outlet(study)
    before, flag = contents(study), tmp_path / "inside"
    process = start(study, "quarterhour.cli.measure_stage", "write_workbook", flag=flag)
    try:
        until = time.monotonic() + 100
        while not flag.exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Interrupted" in out
    assert "Traceback" not in out + err
    assert contents(study) == before


def test_interrupt_in_plan_keeps_measure_and_resumes(listen, study, monkeypatch):
    move_an_outlet(study)
    before, earlier = digests(study), stamps(study)
    with monkeypatch.context() as patch:
        press_ctrl_c_in(patch, "quarterhour.cli.plan_solve", "solve_objective")
        code, out, err = listen("run", study, "--lang", "zh")
    assert (code, err) == (130, "")
    assert "已中断" in out
    assert not leftovers(study)
    kept, found = stamps(study), digests(study)
    assert kept["measure"] > earlier["measure"]
    for name in ("plan.json", "sites.parquet", "plan.xlsx", "map.json", "map.html"):
        assert found[name] == before[name]
    assert listen("run", study, "--quiet")[0] == 0
    after = stamps(study)
    assert after["measure"] == kept["measure"]
    assert after["plan"] > kept["plan"]
    assert after["map"] > kept["map"]


def test_interrupt_that_the_search_swallows_still_ends_the_run(listen, study, monkeypatch):
    """The search for a plan answers Ctrl-C with its best so far: no reason to go on drawing."""
    spoil.option(study, "outlets = 40", "outlets = 39")
    before = digests(study)
    press_ctrl_c_in(monkeypatch, "quarterhour.optimize.solve_openings", "improve")
    code, out, _ = listen("run", study, "--lang", "en")
    assert code == 130
    assert "Interrupted" in out
    assert digests(study)["map.html"] == before["map.html"]
    record = read_record(study / "results", "plan")
    assert record.facts["status"] in {"optimal", "within_gap"}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_while_writing_leaves_earlier_results_whole(study):
    move_an_outlet(study)
    before = digests(study)
    process = start(study, "quarterhour.cli.measure_stage", "write_workbook")
    _, err = process.communicate(timeout=100)
    assert process.returncode == -signal.SIGKILL, err
    assert digests(study) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_between_two_moves_is_noticed_and_made_good(listen, study):
    move_an_outlet(study)
    before = digests(study)
    record = read_record(study / "results", "measure")
    moved = sorted([*record.outputs, "measure.json"])  # the order in which files are put in place
    last = moved.index("measure.json")
    process = start(study, "quarterhour.data.output", "_replace", after=last + 2)
    _, err = process.communicate(timeout=100)
    assert process.returncode == -signal.SIGKILL, err
    mixed = digests(study)
    changed = {name for name in mixed if mixed[name] != before.get(name)}
    assert {"coverage.gpkg", "measure.json"} <= changed <= set(moved[: last + 1])
    assert "points.parquet" in moved[last + 1 :]
    assert not is_fresh(study / "results", "measure", read_key(study))
    assert listen("measure", study, "--quiet")[0] == 0
    assert is_fresh(study / "results", "measure", read_key(study))


def read_key(study):
    return read_record(study / "results", "measure").key


@pytest.mark.slow
def test_two_runs_give_the_same_bytes(listen, demo_run, demo_study):
    shutil.rmtree(demo_study / "results")
    assert listen("run", demo_study, "--quiet")[0] == 0
    one, other = digests(demo_run), digests(demo_study)
    # Record and report tell how long the solver took; all else in them is the same.
    plans, reports = [], []
    for results in (demo_run / "results", demo_study / "results"):
        plan = json.loads((results / "plan.json").read_text("utf-8"))
        seconds = f"{plan['facts'].pop('seconds'):.1f}"
        plans.append([plan["facts"], without(plan["outputs"], REPORTS)])
        page = (results / "plan_report.html").read_text("utf-8")
        assert f">{seconds}<" in page
        reports.append([page.replace(f">{seconds}<", "><"), cells(results, but=seconds)])
    assert plans[0] == plans[1]
    assert reports[0] == reports[1]
    timed = {"plan.json", *REPORTS}
    assert without(one, timed) == without(other, timed)


REPORTS = {"plan_report.html", "plan_report.xlsx"}


def without(found, names):
    assert names <= set(found)
    return {name: digest for name, digest in found.items() if name not in names}


def cells(results, *, but):
    """Return all values of the report's workbook, the time it took left out."""
    book = openpyxl.load_workbook(results / "plan_report.xlsx")
    found = [list(sheet.iter_rows(values_only=True)) for sheet in book]
    assert sum(but in row for rows in found for row in rows) >= 1
    return [[row for row in rows if but not in row] for rows in found]


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda study: spoil.option(study, "outlets = 40", "outlets = 12"), ("plan", "map")),
        (lambda study: spoil.change(study, spoil.CANDIDATES, r2={"面积": "57"}), ("plan", "map")),
        (
            lambda study: spoil.option(study, "sheet = false", 'sheet = false\ntitle = "别"'),
            ("map",),
        ),
        (touch, ()),
    ],
    ids=["plan option", "candidates", "map option", "times of files"],
)
def test_only_what_depends_on_a_change_runs_again(listen, study, change, again):
    change(study)
    before = stamps(study)
    code, _, err = listen("run", study, "--quiet")
    assert code == 0, err
    after = stamps(study)
    assert tuple(stage for stage in STAGES if after[stage] > before[stage]) == again


def test_a_fault_after_a_good_run_is_found_and_its_repair_resumes(listen, study):
    path = study / spoil.OUTLETS
    good, before = path.read_bytes(), contents(study / "results")
    spoil.unknown_status(study)
    assert listen("run", study, "--quiet")[0] == 1
    assert contents(study / "results") == before
    path.write_bytes(good)
    assert listen("run", study, "--quiet")[0] == 0
    assert contents(study / "results") == before
