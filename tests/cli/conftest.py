"""Studies that the command line tests work on, each run once."""

import shutil
from pathlib import Path

import pytest

from quarterhour.cli.console import Screen
from quarterhour.cli.demo import demo
from quarterhour.cli.pipeline import run_stages

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory):
    """The demo study, run whole; read it, never change it."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    demo(folder, Screen("en", quiet=True))
    return folder


@pytest.fixture
def demo_study(demo_run, tmp_path):
    """A copy of the demo study with its results, to be changed at will."""
    return shutil.copytree(demo_run, tmp_path / "study")


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
