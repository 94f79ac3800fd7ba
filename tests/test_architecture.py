"""The rules of docs/architecture.md that a machine can check."""

import ast
import configparser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
LAYERS = ["data", "coverage", "optimize", "maps", "cli"]
MODULES = sorted(p for layer in LAYERS for p in (REPOSITORY / layer).rglob("*.py"))


def test_coverage_has_no_init():
    assert not (REPOSITORY / "coverage" / "__init__.py").exists()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_imports_run_downwards(path):
    rank = LAYERS.index(path.relative_to(REPOSITORY).parts[0])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            parts = name.split(".")
            if parts[0] == "quarterhour" and len(parts) > 1:
                assert LAYERS.index(parts[1]) <= rank, f"{name} is above"


def test_every_package_is_declared():
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    declared = set(setup["options"]["packages"].split())
    found = {"quarterhour." + ".".join(p.parent.relative_to(REPOSITORY).parts) for p in MODULES}
    assert found == declared
