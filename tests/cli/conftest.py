"""Studies that the command line tests work on, each run once."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quarterhour.cli.console import Screen
from quarterhour.cli.pipeline import run_stages

from .tiny_city import write_city

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


#: Seconds that one worker waits for the demo of another.
PATIENCE = 600


def by_one_worker(folder, make):
    """Let the first worker that asks make a folder, while the others wait until it is there."""
    try:
        folder.mkdir()
    except FileExistsError:
        until = time.monotonic() + PATIENCE
        while not (folder / "done").exists() and time.monotonic() < until:
            time.sleep(0.1)
    else:
        try:
            make()
        finally:
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def from_a_shell(tmp_path_factory, worker_id):
    """A folder in which ``quarterhour demo`` was run once for all workers: demo, out, err, code."""
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "from_a_shell"

    def make():
        command = [sys.executable, "-m", "quarterhour.cli", "demo", "demo", "--lang", "en"]
        with (place / "out").open("w") as out, (place / "err").open("w") as err:
            done = subprocess.run(command, cwd=place, stdout=out, stderr=err, check=False)
        (place / "code").write_text(str(done.returncode), "utf-8")

    return by_one_worker(place, make)


@pytest.fixture(scope="session")
def demo_run(from_a_shell):
    """The demo study, run whole; read it, never change it."""
    assert (from_a_shell / "demo" / "results" / "map.json").is_file(), (
        from_a_shell / "err"
    ).read_text(encoding="utf-8")
    return from_a_shell / "demo"


@pytest.fixture
def demo_study(demo_run, tmp_path):
    """A copy of the demo study with its results, to be changed at will."""
    return shutil.copytree(demo_run, tmp_path / "study")


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The tiny city with a plan for one type, run whole but for the sheet; never change it."""
    plan = 'types = ["convenience"]\noutlets = 2\ncurve_points = 0\n[map]\nsheet = false'
    folder = write_city(tmp_path_factory.mktemp("tiny") / "tiny", plan)
    run_stages(folder, ("measure", "plan", "map"), Screen("en", quiet=True))
    return folder


@pytest.fixture
def tiny_study(tiny_run, tmp_path):
    """A copy of the tiny city with its results, to be changed at will."""
    return shutil.copytree(tiny_run, tmp_path / "tiny")


@pytest.fixture(scope="session")
def example(shared, tmp_path_factory):
    """Return a function that runs stages of a worked example, with changes to its study.toml."""

    def run(name, *stages, **changes):
        folder = tmp_path_factory.mktemp(name)
        text = (EXAMPLES / name / "study.toml").read_text(encoding="utf-8")
        here = (shared / "beijing").as_posix()
        text = text.replace('beijing = "../../../../shared/data/beijing"', f'beijing = "{here}"')
        for section, lines in changes.items():
            text = add_options(text, section, lines)
        (folder / "study.toml").write_text(text, encoding="utf-8")
        run_stages(folder, stages, Screen("en", quiet=True))
        return folder

    return run


def add_options(text, section, lines):
    """Put option lines under ``[section]``, adding the section where it is missing."""
    head = f"[{section}]\n"
    return text.replace(head, head + lines + "\n") if head in text else f"{text}\n{head}{lines}\n"
