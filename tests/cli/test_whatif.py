"""The what-if server without a browser: edits, scenarios, guard, replanning."""

import json
import shutil
import subprocess
import sys
import threading
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from quarterhour.cli.console import Screen
from quarterhour.cli.pipeline import run_stages
from quarterhour.cli.study_run import open_study
from quarterhour.cli.whatif.edits import EDIT, EditRefused
from quarterhour.cli.whatif.guard import MOST_BYTES, Rules
from quarterhour.cli.whatif.scenario import Scenario, read_scenario, safe_name, write_scenario
from quarterhour.cli.whatif.server import desk_of, whatif_app
from quarterhour.cli.whatif.shelf import Shelf, Stale
from quarterhour.data.faults import FaultLog
from quarterhour.data.ledger_history import read_history
from quarterhour.data.progress import silent
from quarterhour.optimize.solve import plan_max_coverage

from .tiny_city import write_city

BASE = "http://127.0.0.1:8154"


@pytest.fixture(scope="module")
def opened(demo_run, tmp_path_factory):
    """The demo study opened once; its scenarios are thrown away with the folder."""
    folder = shutil.copytree(demo_run, tmp_path_factory.mktemp("whatif") / "study")
    return desk_of(open_study(folder, silent), "en")


@pytest.fixture
def desk(opened):
    shutil.rmtree(opened.base.run.folder / "scenarios", ignore_errors=True)
    opened.shelf = Shelf(opened.base.run.folder, opened.base)
    yield opened
    opened.replanner.cancel()
    opened.replanner.wait(60)


@pytest.fixture
def client(desk):
    with TestClient(whatif_app(desk, Rules()), base_url=BASE) as found:
        yield found


def post(client, path, **body):
    return client.post(path, json=body, headers={"Origin": BASE})


def edit(client, state, **change):
    found = post(
        client, "/api/edit", scenario=state["scenario"], revision=state["revision"], edit=change
    )
    assert found.status_code == 200, found.text
    return found.json()


def start(client, name="s"):
    return client.get("/api/state", params={"scenario": name}).json()


def middle(client):
    """Return a place amid the residents that vegetable retail does not cover."""
    study, state = client.get("/api/study").json(), start(client)
    gaps = [i for i, s in enumerate(state["states"]["vegetable"]) if s == "1"]
    return study["points"]["at"][gaps[0]]


def test_the_first_view_is_what_the_study_measured(client, demo_run):
    state = start(client)
    summary = pd.read_parquet(demo_run / "results" / "summary.parquet")
    city = summary[summary["level"] == "city"].set_index("type")
    for kind, figure in state["figures"]["types"].items():
        for name in ("covered", "gap", "unknown"):
            assert figure[name] == pytest.approx(city.loc[kind, name])
    assert state["figures"]["circle"]["covered"] == pytest.approx(city.loc["circle", "covered"])


def test_edits_give_what_a_study_with_these_outlets_measures_from_scratch(
    client, demo_run, tmp_path
):
    """Add, move and close; then the same in the tables of a fresh copy of the study."""
    study = client.get("/api/study").json()
    first, second = study["outlets"][0], study["outlets"][1]
    at, there = middle(client), study["points"]["at"][5]
    state = edit(client, start(client), kind="add", id="own", type="vegetable", at=at)
    state = edit(client, state, kind="move", id=first["id"], at=there)
    state = edit(client, state, kind="close", id=second["id"])
    copy = shutil.copytree(demo_run, tmp_path / "copy")
    shutil.rmtree(copy / "results")
    run = open_study(copy, silent)
    table = run.inputs.facilities.copy()
    table.loc[table["id"] == first["id"], "geometry"] = gpd.points_from_xy([there[0]], [there[1]])
    table = table[table["id"] != second["id"]]
    own = table.iloc[[0]].assign(id="own", type="vegetable", status="open")
    own = own.set_geometry(gpd.points_from_xy([at[0]], [at[1]], crs=4326))
    table = pd.concat([table, own], ignore_index=True)
    found = run.measure(gpd.GeoDataFrame(table, crs=4326))
    for column, kind in enumerate(found.types):
        expected = "".join(map(str, found.state[:, column]))
        assert state["states"][kind.id] == expected, kind.id


def test_a_wall_around_a_new_outlet_takes_its_coverage_away_and_a_gate_gives_it_back(client):
    at = middle(client)
    bare = start(client)
    added = edit(client, bare, kind="add", id="own", type="vegetable", at=at)
    gain = added["figures"]["types"]["vegetable"]["covered"]
    assert gain > bare["figures"]["types"]["vegetable"]["covered"]
    e = 0.0005
    ring = [[at[0] + x, at[1] + y] for x, y in ((-e, -e), (e, -e), (e, e), (-e, e), (-e, -e))]
    walled = edit(client, added, kind="barrier", id="wall", line=ring)
    assert walled["figures"]["types"]["vegetable"]["covered"] < gain
    free = edit(client, walled, kind="erase", id="wall")
    assert free["states"] == added["states"]


def test_undo_and_redo_return_exactly(client):
    states = [start(client)]
    at = middle(client)
    states.append(edit(client, states[-1], kind="add", id="a", type="vegetable", at=at))
    states.append(edit(client, states[-1], kind="close", id="a"))
    now = states[-1]
    for before in reversed(states[:-1]):
        now = post(client, "/api/undo", scenario="s", revision=now["revision"]).json()
        assert (now["states"], now["added"]) == (before["states"], before["added"])
    for after in states[1:]:
        now = post(client, "/api/redo", scenario="s", revision=now["revision"]).json()
        assert (now["states"], now["added"]) == (after["states"], after["added"])
    assert post(client, "/api/redo", scenario="s", revision=now["revision"]).status_code == 400


def test_accepting_every_site_gives_the_plan_s_coverage(client, desk, demo_run):
    """Put on the shelf one by one, and measured once: that takes a second each time."""
    for revision, site in enumerate(start(client)["sites"]):
        accepted = EDIT.validate_python({"kind": "accept", "id": site["id"]})
        desk.shelf.change("s", revision, lambda s, change=accepted: s.with_edit(change))
    state = start(client)
    after = pd.read_parquet(demo_run / "results" / "summary_after.parquet")
    city = after[after["level"] == "city"]
    if "year" in city:
        city = city[city["year"] == city["year"].iloc[-1]]
    for kind, row in city.set_index("type").iterrows():
        figure = state["figures"]["circle"] if kind == "circle" else state["figures"]["types"][kind]
        assert figure["covered"] == pytest.approx(row["covered"]), kind


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "close", "id": "nothing"}, "no_outlet"),
        ({"kind": "move", "id": "nothing", "at": [0, 0]}, "no_outlet"),
        ({"kind": "add", "id": "x", "type": "nothing", "at": [0, 0]}, "no_type"),
        ({"kind": "accept", "id": "nothing"}, "no_site"),
        ({"kind": "erase", "id": "nothing"}, "no_line"),
        ({"kind": "propose", "sites": []}, "propose"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_and_changes_nothing(client, change, code):
    state = start(client)
    found = post(client, "/api/edit", scenario="s", revision=state["revision"], edit=change)
    assert (found.status_code, found.json()["refused"]) == (400, code)
    assert found.json()["message"]
    assert start(client) == state


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "add", "id": "x", "type": "vegetable", "at": [1e9, 0]},
        {"kind": "add", "id": "x", "type": "vegetable", "at": ["NaN", 0]},
        {"kind": "add", "id": "", "type": "vegetable", "at": [0, 0]},
        {"kind": "barrier", "id": "x", "line": [[0, 0]]},
        {"kind": "barrier", "id": "x", "line": [[0, 0], [0, 0]]},
        {"kind": "footway", "id": "x", "line": [[i / 1e6, 0] for i in range(2000)]},
        {"kind": "explode"},
        {"kind": "close", "id": "x", "more": 1},
    ],
)
def test_an_edit_of_a_wrong_form_is_refused(client, change):
    assert post(client, "/api/edit", scenario="s", revision=0, edit=change).status_code == 422


def test_two_pages_cannot_overwrite_one_another(client):
    at, state = middle(client), start(client)
    edit(client, state, kind="add", id="mine", type="vegetable", at=at)
    theirs = {"kind": "add", "id": "theirs", "type": "vegetable", "at": at}
    found = post(client, "/api/edit", scenario="s", revision=state["revision"], edit=theirs)
    assert (found.status_code, found.json()["refused"]) == (409, "stale")
    assert [one["id"] for one in start(client)["added"]] == ["mine"]


def test_many_writers_at_once_lose_nothing_that_was_taken(desk):
    """Eight threads add outlets, trying again when stale: each is there once at the end."""
    taken, at = [], next(iter(desk.base.facilities.geometry.iloc[0].coords))

    def work(number):
        change = EDIT.validate_python(
            {"kind": "add", "id": f"w{number}", "type": "vegetable", "at": at}
        )
        while True:
            revision = desk.shelf.get("busy").revision
            try:
                desk.shelf.change("busy", revision, lambda s: s.with_edit(change))
            except Stale:
                continue
            taken.append(f"w{number}")
            return

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = read_scenario(desk.base.run.folder, "busy")
    assert (
        sorted(edit.id for edit in kept.done) == sorted(taken) == sorted(f"w{n}" for n in range(8))
    )
    assert kept.revision == 8


def test_a_scenario_opens_again_as_it_was_left(desk):
    with TestClient(whatif_app(desk, Rules()), base_url=BASE) as client:
        left = edit(client, start(client), kind="add", id="a", type="vegetable", at=middle(client))
    desk.shelf = Shelf(desk.base.run.folder, desk.base)
    with TestClient(whatif_app(desk, Rules()), base_url=BASE) as client:
        assert start(client) == left


def test_a_broken_file_is_refused_and_left_alone(desk, client):
    folder = desk.base.run.folder / "scenarios"
    folder.mkdir()
    (folder / "s.json").write_text("{half", encoding="utf-8")
    found = client.get("/api/state", params={"scenario": "s"})
    assert (found.status_code, found.json()["refused"]) == (400, "broken_scenario")
    assert (folder / "s.json").read_text(encoding="utf-8") == "{half"


_KILLED = """
import sys
from pathlib import Path
from quarterhour.cli.whatif.edits import EDIT
from quarterhour.cli.whatif.scenario import Scenario, write_scenario
scenario = Scenario(name="s")
print("go", flush=True)
for n in range(100000):
    edit = {"kind": "add", "id": "x" * 200 + str(n), "type": "t", "at": (1, 2)}
    scenario = scenario.with_edit(EDIT.validate_python(edit))
    write_scenario(Path(sys.argv[1]), scenario)
    print(scenario.revision, flush=True)
"""


def test_killed_in_the_middle_of_a_save_the_last_one_taken_is_there(tmp_path):
    for wait in (0.15, 0.4):
        work = subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert work.stdout.readline() == "go\n"
        time.sleep(wait)
        work.kill()
        said = [int(line) for line in work.stdout.read().split() if line.isdigit()]
        work.wait()
        kept = read_scenario(tmp_path, "s")
        assert kept.revision >= said[-1]
        assert len(kept.done) == kept.revision


@pytest.mark.parametrize(
    "name",
    [
        "../study",
        "..",
        "a/b",
        "a\\b",
        "",
        " ",
        ".hidden",
        "con",
        "x\0y",
        "a:b",
        "x" * 61,
        "\u202eevil",
    ],
)
def test_no_name_leaves_the_folder(client, desk, name):
    before = {p for p in desk.base.run.folder.rglob("*") if "cache" not in p.parts}
    assert client.get("/api/state", params={"scenario": name}).status_code == 400
    state = start(client)
    found = post(client, "/api/save", scenario="s", revision=state["revision"], name=name)
    assert found.status_code in {400, 422}
    assert {p for p in desk.base.run.folder.rglob("*") if "cache" not in p.parts} == before


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_a_safe_name_is_always_a_name_inside_the_folder(name):
    try:
        safe = safe_name(name)
    except EditRefused:
        return
    assert safe == safe_name(safe)
    assert not set(safe) & set('/\\:*?"<>|\0')
    assert safe not in {".", ".."}


def test_saving_under_another_name_copies_and_never_overwrites(client):
    state = edit(client, start(client), kind="add", id="a", type="vegetable", at=middle(client))
    copy = post(client, "/api/save", scenario="s", revision=state["revision"], name="方案二")
    assert copy.json()["states"] == state["states"]
    again = post(client, "/api/save", scenario="s", revision=state["revision"], name="方案二")
    assert again.json()["refused"] == "name_taken"
    assert client.get("/api/scenarios").json()["names"] == ["s", "方案二"]


def test_two_scenarios_are_compared_by_residents(client):
    plain = edit(client, start(client, "one"), kind="barrier", id="b", line=[[0, 0], [0, 1e-4]])
    other = edit(
        client, start(client, "two"), kind="add", id="a", type="vegetable", at=middle(client)
    )
    found = client.get("/api/compare", params={"first": "one", "second": "two"}).json()
    was, now = (s["figures"]["types"]["vegetable"]["covered"] for s in (plain, other))
    change = found["changes"]["vegetable"]
    assert change["won"] == pytest.approx(now - was)
    assert change["lost"] == 0
    differing = [i for i, (a, b) in enumerate(zip(plain["states"]["vegetable"],
                 other["states"]["vegetable"], strict=True)) if a != b]  # fmt: skip
    assert change["points"] == differing


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Content-Type": "text/plain"}, 403),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({"Host": "evil.example:8154"}, 421),
    ],
)
def test_no_other_site_can_post(client, headers, status):
    body = json.dumps({"scenario": "s", "revision": 0})
    given = {"Content-Type": "application/json", "Origin": BASE} | headers
    assert client.post("/api/undo", content=body, headers=given).status_code == status


def test_a_page_of_another_name_for_this_machine_is_refused(client):
    """DNS rebinding: the browser believes that evil.example is 127.0.0.1."""
    assert client.get("/api/study", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/api/study", headers={"Host": "localhost:8154"}).status_code == 200


def test_a_body_beyond_the_limit_is_refused(client):
    big = b'{"a": "' + b"x" * MOST_BYTES + b'"}'
    given = {"Content-Type": "application/json", "Origin": BASE}
    assert client.post("/api/undo", content=big, headers=given).status_code == 413

    def parts():
        for _ in range(9):
            yield b"x" * (MOST_BYTES // 8)

    assert client.post("/api/undo", content=parts(), headers=given).status_code == 413


def test_bound_elsewhere_a_token_is_asked_for(desk):
    app = whatif_app(desk, Rules(hosts=(), token="secret"))
    with TestClient(app, base_url="http://10.0.0.5:8154", follow_redirects=False) as client:
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        assert client.get("/api/study").status_code == 401
        opened = client.get("/?token=secret")
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert client.get("/api/study").status_code == 200


def test_the_page_asks_for_nothing_from_elsewhere(client):
    found = client.get("/")
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "connect-src 'self'" in found.headers["content-security-policy"]


def test_hostile_names_stay_text(tmp_path):
    """A study's name holds markup; all other user text arrives as JSON and is put in as text."""
    study = write_city(tmp_path / "city", name="</script><script>alert(1)</script>")
    run_stages(study, ("measure",), Screen("en", quiet=True))
    found = desk_of(open_study(study, silent), "en")
    with TestClient(whatif_app(found, Rules()), base_url=BASE) as client:
        page = client.get("/").text
    assert "alert(1)" in page
    assert "<script>alert(1)" not in page


def wait_for_plan(client, desk):
    desk.replanner.wait(120)
    return client.get("/api/plan").json()


def test_a_new_plan_keeps_what_is_accepted_and_does_not_bring_back_what_is_rejected(client, desk):
    state = start(client)
    kept, refused = state["sites"][0]["id"], state["sites"][1]["id"]
    state = edit(client, state, kind="accept", id=kept)
    state = edit(client, state, kind="reject", id=refused)
    asked = post(client, "/api/plan", scenario="s", revision=state["revision"], outlets=8)
    assert asked.json()["state"] == "running"
    told = wait_for_plan(client, desk)
    assert told["state"] == "done", told
    assert told["facts"]["outlets"] == 8
    sites = {site["id"]: site["status"] for site in start(client)["sites"]}
    assert sites[kept] == "accepted"
    assert sites[refused] == "rejected"
    assert sum(status == "proposed" for status in sites.values()) == 7
    back = post(client, "/api/undo", scenario="s", revision=start(client)["revision"]).json()
    assert back["sites"] == state["sites"]


def test_a_plan_can_be_cancelled(client, desk, monkeypatch):
    """A solver that would run for a minute is stopped through what it tells of its progress."""
    begun = threading.Event()

    def slow(problem, *, progress, **options):
        begun.set()
        for second in range(600):
            progress("plan_solve", second, 600)
            time.sleep(0.1)
        return plan_max_coverage(problem, **options)

    monkeypatch.setattr("quarterhour.cli.whatif.replanning.plan_max_coverage", slow)
    state = edit(client, start(client), kind="add", id="a", type="vegetable", at=middle(client))
    post(client, "/api/plan", scenario="s", revision=state["revision"])
    assert begun.wait(60)
    second = post(client, "/api/plan", scenario="s", revision=state["revision"])
    assert second.json()["refused"] == "planning_already"
    post(client, "/api/plan/cancel")
    assert wait_for_plan(client, desk)["state"] == "cancelled"
    assert start(client)["revision"] == state["revision"]


def test_every_share_is_shown_with_its_threshold_and_standard(client, desk):
    study = client.get("/api/study").json()
    pack = desk.base.run.inputs.pack
    for kind in study["types"]:
        judged = pack.threshold(kind["id"], desk.base.run.criterion)
        assert f"{judged.value:g}" in kind["threshold"]
        assert kind["source"] == judged.source
    assert pack.name.en in study["traced"]


def test_decisions_go_into_the_ledger_and_building_sites_stay(client, desk):
    state = start(client)
    yes, no = state["sites"][0]["id"], state["sites"][1]["id"]
    state = edit(client, state, kind="accept", id=yes)
    state = edit(client, state, kind="reject", id=no)
    state = edit(
        client, state, kind="add", id="own", type="vegetable", at=middle(client), name="=1+1"
    )
    for _ in range(2):  # twice: the second finds its own workbook
        found = post(client, "/api/export", scenario="s", revision=state["revision"])
        assert found.status_code == 200, found.text
    records = read_history(desk.base.run.folder, FaultLog()).state()
    assert records[yes]["status"] == "approved"
    assert records[no]["status"] == "dropped"
    assert (records["own"]["status"], records["own"]["name"]) == ("proposed", "=1+1")
    assert (desk.base.run.folder / "ledger.xlsx").is_file()
    for path in desk.base.run.folder.glob("ledger*"):
        path.unlink()


def test_the_form_of_a_file_survives(tmp_path):
    scenario = Scenario(name="名字").with_edit(
        EDIT.validate_python({"kind": "barrier", "id": "b", "line": [(1.5, 2.5), (3, 4)]})
    )
    write_scenario(tmp_path, scenario.undo())
    assert read_scenario(tmp_path, "名字") == scenario.undo()


def test_points_without_residents_are_told_as_such(client):
    residents = client.get("/api/study").json()["points"]["residents"]
    assert all(value is None or np.isfinite(value) for value in residents)
