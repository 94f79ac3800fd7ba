"""Every fault that the source can note has words in every language, with all places filled in."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

from quarterhour.data.faults import Fault
from quarterhour.data.text import catalogue, languages

from .listening import UNFILLED

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("cli", "coverage", "data", "maps", "optimize")
#: What every template may name, and `FaultLog.add` takes for itself.
OWN = {"file", "row", "column", "value", "severity"}
PARTS = ("message", "expected", "remedy")


@dataclass(frozen=True)
class Use:
    """A place in the source that notes a fault, with the names of its further values."""

    code: str
    params: frozenset
    where: str


def known_codes():
    keys = (key.split(".") for key in catalogue("en"))
    return {key[1] for key in keys if key[0] == "faults" and len(key) == 3}


def constants(tree):
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


def dictionary_keys(tree):
    """Return the texts used as keys of dictionaries, of ``x[key] = …`` and of keyword pairs."""
    keys = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            keys.add(node.slice.value)
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            keys |= {node.elts[0].value} if isinstance(node.elts[0], ast.Constant) else set()
    return {key for key in keys if isinstance(key, str)}


def notes_fault(call):
    """Say whether a call makes a fault: ``log.add("code", …)``, ``Fault("code", …)``, …."""
    if not call.args:
        return False
    if isinstance(call.func, ast.Name):
        return call.func.id in {"Fault", "_fault", "PydanticCustomError"}
    owner = getattr(call.func, "value", None)
    name = getattr(owner, "attr", getattr(owner, "id", ""))
    return getattr(call.func, "attr", "") in {"add", "warn"} and name in {"log", "own"}


def uses_in(path):
    module = ast.parse(path.read_text("utf-8"))
    for function in ast.walk(module):
        if not isinstance(function, ast.FunctionDef) or function.name == "_fault":
            continue  # the helper passes on what its callers say, and those are read
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and notes_fault(call):
                yield from uses_of(call, function, module, path)


def codes_of(call, function, module):
    """Return the codes a call may carry: the constant, or what its variable may hold."""
    code = call.args[0]
    if isinstance(code, ast.Constant):
        return {code.value}
    parameters = {argument.arg for argument in function.args.args}
    if isinstance(code, ast.Name) and code.id in parameters:
        calls = (node for node in ast.walk(module) if isinstance(node, ast.Call))
        same = (node for node in calls if getattr(node.func, "id", "") == function.name)
        return {text for node in same for text in constants(node)} & known_codes()
    named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    tables = (
        node.value
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and named & {t.id for t in ast.walk(node) if isinstance(t, ast.Name)}
    )
    found = constants(function).union(*(constants(table) for table in tables))
    return found & known_codes()


def uses_of(call, function, module, path):
    given = {word.arg for word in call.keywords if word.arg}
    starred = any(word.arg is None for word in call.keywords) or "params" in given
    params = given - OWN - {"params"} | (dictionary_keys(function) if starred else set())
    if getattr(call.func, "id", "") == "PydanticCustomError":
        params |= dictionary_keys(function)
    for code in sorted(codes_of(call, function, module)):
        yield Use(code, frozenset(params), f"{path.relative_to(ROOT)}:{call.lineno}")


def all_uses():
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [use for path in files if path.name != "faults.py" for use in uses_in(path)]


USES = all_uses()


def test_the_source_was_read():
    assert len(USES) > 150
    found = {use.code for use in USES}
    # One of each way of noting: by name, by variable, by a validator, by a helper.
    assert {"header_only", "number_too_small", "option_bbox", "siting_over_held"} <= found


@pytest.mark.parametrize("language", languages())
def test_every_fault_has_words(language):
    words = catalogue(language)
    missing = {
        f"{use.where} {use.code}.{part}"
        for use in USES
        for part in PARTS
        if not words.get(f"faults.{use.code}.{part}", "").strip()
    }
    assert not missing


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.code}-{use.where}")
def test_every_place_is_filled(use, language):
    params = tuple((name, "7") for name in sorted(use.params))
    fault = Fault(use.code, "homes.csv", 5, "residents", "-1", params)
    line = fault.line(language)
    assert "homes.csv" in line
    assert not UNFILLED.search(line)


def test_no_words_without_a_fault():
    used = {use.code for use in USES} | {"more_rows"}
    assert known_codes() - used == set()
