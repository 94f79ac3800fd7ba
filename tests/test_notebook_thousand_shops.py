"""The notebook on siting: clean as committed, and right when it runs, on real data and without."""

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOK = FOLDER / "4_thousand_shops.ipynb"

#: What a run leaves behind, told as JSON by a cell put at the end.
PROBE = """
import json
def pairs(found):
    return [[item.candidate, item.type, item.year] for item in found.chosen]
print(json.dumps({
    "real": real, "shops": SHOPS, "status": plan.status, "objective": plan.objective,
    "plan": pairs(plan), "fair": pairs(fair_plan), "fair_objective": fair_plan.objective,
    "phased": pairs(phased_plan), "per_year": PER_YEAR, "by_year": by_year.sum(axis=1).tolist(),
    "covers": [
        [row.tolist() for row in np.split(m.indices, m.indptr[1:-1])] for m in problem.covers
    ],
    "open": (~problem.covered & ~problem.unknown).tolist(), "residents": residents.tolist(),
    "street": candidates["street"].tolist(), "towns": towns,
    "curve": curve.covered.tolist(),
    "proven": [[p.outlets, p.covered, p.bound] for p in curve.proven],
    "rules": {name: rule.objective for name, rule in rules.items()},
    "stability": stability[["kept", "changed", "newly covered"]].to_numpy().tolist(),
}))
"""


def run(data):
    """Execute the notebook as Jupyter started in its folder would; return it and its probe."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    before = sorted(FOLDER.iterdir())
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUARTERHOUR_PATH_BEIJING", str(data))
        client.execute()
    assert sorted(FOLDER.iterdir()) == before
    return notebook, json.loads(notebook.cells[-1].outputs[0].text)


def covered(probe, plan):
    """Count residents newly covered by a plan again, from the cover sets alone."""
    total = 0.0
    for kind, rows in enumerate(probe["covers"]):
        sites = {candidate for candidate, k, _ in plan if k == kind}
        for point, near in enumerate(rows):
            if probe["open"][point][kind] and sites & set(near):
                total += probe["residents"][point]
    return total


def check(notebook, probe):
    assert probe["objective"] == pytest.approx(covered(probe, probe["plan"]))
    assert len(probe["plan"]) <= probe["shops"]
    for outlets, found, bound in probe["proven"]:
        assert probe["curve"][outlets] <= found + 1e-6
        assert found <= bound + 1e-6
    assert max(probe["rules"].values()) <= probe["objective"] + 1e-6
    assert probe["fair_objective"] <= probe["objective"] + 1e-6
    held = [probe["street"][candidate] for candidate, _, _ in probe["fair"]]
    assert all(held.count(town) >= 2 for town in probe["towns"])
    opened = [year for _, _, year in probe["phased"]]
    assert all(opened.count(year) <= most for year, most in enumerate(probe["per_year"]))
    assert probe["by_year"] == sorted(probe["by_year"])
    assert probe["by_year"][-1] == pytest.approx(covered(probe, probe["phased"]))
    kept = [row[0] for row in probe["stability"]]
    assert kept == sorted(kept)
    pictures = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3


def test_committed_without_outputs_and_machine_paths():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not re.search(r"(?<![\w.])/(?:home|tmp|work|opt|Users)/", cell.source)
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
    headings = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert len(headings) == 9
    assert all(re.search(r"[A-Za-z]", h) and re.search(r"[\u4e00-\u9fff]", h) for h in headings)


def test_runs_on_the_demo_city(tmp_path):
    notebook, probe = run(tmp_path / "missing")
    assert probe["real"] is False
    assert probe["status"] == "optimal"
    check(notebook, probe)
    assert np.diff([row[0] for row in probe["stability"]]).max() > 0  # keeping keeps more


@pytest.mark.shared
@pytest.mark.slow
def test_runs_on_real_streets_and_shops(shared):
    notebook, probe = run(shared / "beijing")
    assert probe["real"] is True
    check(notebook, probe)
