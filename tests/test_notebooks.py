"""The notebooks: clean as committed, and right when they run, on real data and without it."""

import html
import json
import re
from pathlib import Path

import nbformat
import networkx as nx
import numpy as np
import pytest
from nbclient import NotebookClient

from quarterhour.coverage.locate import locate
from quarterhour.coverage.network import StreetNetwork
from quarterhour.data.demo import write_demo
from quarterhour.data.faults import FaultLog
from quarterhour.data.inputs import read_inputs
from quarterhour.data.study import load_study

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CIRCLES = FOLDER / "2_circles_and_their_lies.ipynb"

#: What a run leaves behind, told as JSON by a cell put at the end.
PROBE = """
import json
print(json.dumps({
    "real": real,
    "networkx_mm": checked["difference, mm"].abs().max(), "networkx_rows": len(checked),
    "scipy_mm": 1000 * float(worst), "pairs": [len(found_pairs), int(np.isfinite(theirs).sum())],
    "osmnx": [again.n_edges, streets.n_edges],
    "areas_m2": areas["area_m2"].tolist(), "breaks": list(breaks.values()),
    "persons": {name: persons[name].tolist() for name in ("circle", "foot", "at_least", "at_most")},
    "types": sorted(persons["type"].unique()), "districts": sorted(persons["district"].unique()),
    "homes": all_homes["id"].tolist(), "xy": xy(all_homes).tolist(),
    "residents": people_at.tolist(),
    "circle": all_homes["circle"].tolist(), "foot": all_homes["foot"].tolist(), "overall": overall,
}))
"""


def clean(path):
    return nbformat.read(path, as_version=4)


def run(data, path=CIRCLES, probe=PROBE):
    """Execute a notebook as Jupyter started in its folder would; return it and its probe."""
    notebook = clean(path)
    notebook.cells.append(nbformat.v4.new_code_cell(probe))
    before = sorted(FOLDER.iterdir())
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUARTERHOUR_PATH_BEIJING", str(data))
        client.execute()
    assert sorted(FOLDER.iterdir()) == before
    return notebook, json.loads(notebook.cells[-1].outputs[0].text)


@pytest.fixture(scope="module")
def on_demo(tmp_path_factory):
    """The notebook run where there is no Beijing data, and its probe."""
    return run(tmp_path_factory.mktemp("notebook") / "missing")


def outputs(notebook, kind):
    return [
        output.data[kind]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if kind in output.get("data", {})
    ]


def warnings(notebook):
    """Return what was written to standard error, but for the kernel's own remarks."""
    return [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
        if "IPKernelApp" not in output.text
    ]


def by_plain_dijkstra(streets, homes, row, limit):
    """Return the positions of homes within a limit of one on foot, from networkx alone."""
    graph = nx.Graph()
    for u, v, length in zip(streets.edge_u, streets.edge_v, streets.length, strict=True):
        known = graph.get_edge_data(u, v, {"length": np.inf})["length"]
        graph.add_edge(u, v, length=min(known, length))
    length = streets.length[homes.edge]
    ends = [
        (streets.edge_u[homes.edge], homes.fraction * length + homes.access),
        (streets.edge_v[homes.edge], (1 - homes.fraction) * length + homes.access),
    ]
    mine = np.arange(homes.start[row], homes.start[row + 1])
    for node, cost in ends:
        for entry in mine:
            known = graph.get_edge_data("home", node[entry], {"length": np.inf})["length"]
            graph.add_edge("home", node[entry], length=min(known, cost[entry]))
    found = nx.single_source_dijkstra_path_length(graph, "home", cutoff=limit, weight="length")
    reach = np.minimum(*[[found.get(n, np.inf) for n in node] + cost for node, cost in ends])
    for entry in mine:
        same = homes.edge == homes.edge[entry]
        along = np.abs(homes.fraction - homes.fraction[entry]) * length[entry]
        direct = along + homes.access + homes.access[entry]
        reach = np.where(same, np.minimum(reach, direct), reach)
    best = np.full(len(homes), np.inf)
    np.minimum.at(best, homes.owner, reach)
    return best


def check(probe):
    """Check what must hold on any data."""
    assert probe["networkx_rows"] == 8
    assert probe["networkx_mm"] < 15  # the engine's whole ticks
    assert probe["scipy_mm"] < 15
    assert probe["pairs"][0] == probe["pairs"][1] > 1000
    assert probe["osmnx"][0] == probe["osmnx"][1]
    for area, radius in zip(probe["areas_m2"], probe["breaks"], strict=True):
        assert 0 < area < np.pi * (radius + 25) ** 2
    persons = {name: np.array(values) for name, values in probe["persons"].items()}
    assert persons["circle"] == pytest.approx(persons["foot"] + persons["at_most"])
    assert (persons["at_least"] <= persons["at_most"]).all()
    assert persons["at_least"].sum() > 0
    assert len(probe["types"]) == 8
    check_circles(probe)


def check_circles(probe):
    """Count residents within 500 m as the crow flies again, by brute force."""
    xy, residents = np.array(probe["xy"]), np.array(probe["residents"])
    for row in range(0, len(xy), 97):
        apart = np.hypot(*(xy - xy[row]).T)
        least, most = (residents[apart <= 500 + slack].sum() for slack in (-1e-6, 1e-6))
        counted = probe["circle"][row] + residents[row]
        assert least - 1e-6 <= counted <= most + 1e-6
    circle, foot = np.array(probe["circle"]), np.array(probe["foot"])
    assert probe["overall"] == pytest.approx(1 - foot @ residents / (circle @ residents))


def check_walks(probe, streets, homes):
    """Count residents within 500 m on foot again for some homes, with networkx."""
    residents = np.array(probe["residents"])
    for row in np.linspace(0, len(homes) - 1, 5).astype(int):
        reach = by_plain_dijkstra(streets, homes, row, 500.02)
        least, most = (residents[reach <= 500 + slack].sum() for slack in (-0.015, 0.015))
        counted = probe["foot"][row] + residents[row]
        assert least - 1e-6 <= counted <= most + 1e-6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_without_outputs_and_machine_paths(path):
    notebook = clean(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not re.search(r"(?<![\w.])/(?:home|tmp|work|opt|Users)/", cell.source)
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_headings_are_bilingual(path):
    headings = [
        line
        for cell in clean(path).cells
        if cell.cell_type == "markdown"
        for line in re.sub(
            r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL
        ).splitlines()
        if line.startswith("#")
    ]
    assert len(headings) >= 4
    assert [h for h in headings if not re.search(r"[A-Za-z]", h)] == []
    assert [h for h in headings if not re.search(r"[\u4e00-\u9fff]", h)] == []


def test_runs_on_the_demo_city_and_says_so(on_demo):
    notebook, probe = on_demo
    assert probe["real"] is False
    assert any("synthetic demo city" in words for words in outputs(notebook, "text/markdown"))
    assert len(outputs(notebook, "image/png")) == 5
    assert warnings(notebook) == []
    check(probe)


def test_residents_on_foot_agree_with_networkx(on_demo, tmp_path):
    _, probe = on_demo
    write_demo(tmp_path)
    log = FaultLog()
    inputs = read_inputs(tmp_path, load_study(tmp_path, log), log=log)
    streets = StreetNetwork.from_streets(inputs.streets)
    homes = locate(streets, inputs.demand, entrances=inputs.entrances)
    usable = homes.reached & ~homes.on_small_island()
    assert inputs.demand["id"][usable].tolist() == probe["homes"]
    check_walks(probe, streets, homes.take(np.flatnonzero(usable)))


def asks(page):
    """Return what a folium page shown in a notebook would fetch."""
    inner = html.unescape(page)
    assert "L.map(" in inner
    fetched = r"<(?:script|link|img)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//"
    return re.findall(fetched, inner) + re.findall(r"L\.tileLayer\(\n", inner)


def maps(notebook):
    return [text for text in outputs(notebook, "text/html") if "leaflet" in text.lower()]


def test_interactive_map_asks_for_nothing(on_demo):
    notebook, _ = on_demo
    (page,) = maps(notebook)
    assert asks(page) == []


@pytest.mark.shared
@pytest.mark.slow
def test_runs_on_real_streets_and_shops(shared):
    notebook, probe = run(shared / "beijing")
    assert probe["real"] is True
    assert len(outputs(notebook, "image/png")) == 5
    assert warnings(notebook) == []
    check(probe)
    assert probe["districts"] == ["朝阳区", "海淀区"]
    assert len(probe["homes"]) > 0.9 * 5358
    # On an endless chessboard of streets it is 1 - 2/pi; real ones, as sparse as these, do worse.
    assert 1 - 2 / np.pi < probe["overall"] < 1


FIRST = """
import json
print(json.dumps({
    "real": real, "rows": len(checked), "mm": checked["difference, mm"].abs().max(),
    "city": city[["residents", "covered", "gap", "unknown"]].to_numpy().tolist(),
    "reasons": counted.sum().reindex(city.index).dropna().tolist(),
}))
"""

PLACES = """
import json
print(json.dumps({
    "real": real, "demand": city.demand, "parts": [city.served, city.gap, city.unknown],
    "too_far": too_far, "gap": curve["gap"].tolist(), "unknown": curve["unknown"].tolist(),
    "far": float(np.where(circles.state[:, [k.id for k in circles.types].index("breakfast")]
                          == State.GAP, circles.demand["residents"].fillna(0), 0).sum() * SHARE),
    "shared": per_limit["shared"].tolist(), "remaining": per_limit["remaining"].tolist(),
    "night": night.gap, "walk": per_limit["walk"].tolist(), "limits": per_limit["limit"].tolist(),
}))
"""

OWN = """
import json
print(json.dumps({
    "real": real, "edges": [len(graph.edges), streets.n_edges], "metres": metres.max(),
    "shops": len(back), "expected": int(shops["kind"].isin(
        ["菜市场", "综合市场", "快递点", "物流速递", "快递驿站"]).sum()),
    "residents": [float(homes["residents"].sum()), float(study.inputs.demand["residents"].sum())],
    "adult": table.loc["adult"].to_numpy().tolist(),
    "elderly": table.loc["elderly"].to_numpy().tolist(),
}))
"""


def check_first(probe):
    assert probe["rows"] == 6
    assert probe["mm"] < 15
    residents, covered, gap, unknown = np.array(probe["city"]).T
    assert covered + gap + unknown == pytest.approx(residents)
    assert probe["reasons"] == pytest.approx(unknown[: len(probe["reasons"])])


def check_places(probe):
    assert sum(probe["parts"]) == pytest.approx(probe["demand"])
    assert probe["parts"][1] >= probe["too_far"] > 0
    gap = np.array(probe["gap"])
    assert (np.diff(gap) <= 1e-6).all()
    # However much each outlet holds, who is too far from all of them has no place.
    assert gap[-1] >= probe["far"] - 1e-6
    assert gap[0] > gap[-1]
    assert np.add(probe["shared"], probe["remaining"]) == pytest.approx(probe["night"])
    assert (np.diff(probe["shared"]) >= -1e-6).all()
    assert (np.array(probe["walk"]) <= probe["limits"]).all()


def check_own(probe):
    directed, streets = probe["edges"]
    assert directed == 2 * streets
    assert probe["metres"] < 1  # undoing the shift of GCJ-02; six decimals are 0.1 m
    assert probe["shops"] == probe["expected"] > 10
    assert probe["residents"][0] == pytest.approx(probe["residents"][1])
    adult, elderly = np.array(probe["adult"]), np.array(probe["elderly"])
    for table in (adult, elderly):
        assert table[:, 1:].sum(axis=1) == pytest.approx(table[:, 0])
    assert (elderly[:, 1] < adult[:, 1]).all()


RUNS = {
    "1_first_look": (FIRST, check_first),
    "3_breakfast_and_parking": (PLACES, check_places),
    "5_your_own_city": (OWN, check_own),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_others_run_on_the_demo_city(name, tmp_path):
    probe, holds = RUNS[name]
    notebook, found = run(tmp_path / "missing", FOLDER / f"{name}.ipynb", probe)
    assert found["real"] is False
    assert any("synthetic demo city" in words for words in outputs(notebook, "text/markdown"))
    assert warnings(notebook) == []
    assert [asks(page) for page in maps(notebook)] == [[]]
    holds(found)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_others_run_on_real_data(name, shared):
    probe, holds = RUNS[name]
    notebook, found = run(shared / "beijing", FOLDER / f"{name}.ipynb", probe)
    assert found["real"] is True
    assert warnings(notebook) == []
    assert [asks(page) for page in maps(notebook)] == [[]]
    holds(found)
