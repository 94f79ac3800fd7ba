"""The what-if page end to end in a real Chromium, the network cut but for the local server."""

import re
import shutil
import socket
import threading
from contextlib import closing

import pytest
import uvicorn
from playwright.sync_api import expect

from quarterhour.cli.study_run import open_study
from quarterhour.cli.whatif.guard import Rules
from quarterhour.cli.whatif.server import desk_of, whatif_app
from quarterhour.data.progress import silent

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(demo_run, tmp_path_factory):
    """Address of a running server on a copy of the demo study."""
    folder = shutil.copytree(demo_run, tmp_path_factory.mktemp("whatif") / "study")
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        app = whatif_app(desk_of(open_study(folder, silent), "en"), Rules())
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def page(browser, address):
    """A page that fails the test when a script fails or anything is asked of another host."""
    context = browser.new_context(viewport={"width": 1366, "height": 820})
    found, wrong = context.new_page(), []
    found.on("pageerror", lambda error: wrong.append(str(error)))
    found.on(
        "request",
        lambda one: None if one.url.startswith((address, "data:")) else wrong.append(one.url),
    )
    yield found
    context.close()
    assert wrong == []


def open_page(page, address, scenario):
    page.goto(f"{address}#{scenario}")
    page.wait_for_selector("body[data-ready=yes]")


def covered(page, kind):
    return page.evaluate(f"whatif.state.figures.types['{kind}'].covered")


def settled(page, revision):
    page.wait_for_selector(f"body[data-revision='{revision}']")


def spot(page, at):
    """Return where on the screen a place of the map is."""
    box = page.locator("#map").bounding_box()
    point = page.evaluate(
        """at => {
          const p = whatif.board.map.latLngToContainerPoint([at[1], at[0]]);
          return [p.x, p.y];
        }""",
        at,
    )
    return box["x"] + point[0], box["y"] + point[1]


def a_gap(page, kind):
    """Return the place of the residents in a gap of a type who are farthest from any outlet."""
    return page.evaluate(
        """kind => {
          const s = whatif.state.states[kind], at = whatif.board.study.points.at;
          const there = whatif.board.study.outlets.filter((o) => o.type === kind);
          let best = null, far = -1;
          at.forEach((p, n) => {
            if (s[n] !== '1') return;
            const d = Math.min(...there.map((o) => Math.hypot(o.at[0] - p[0], o.at[1] - p[1])));
            if (d > far) { far = d; best = p; }
          });
          return best;
        }""",
        kind,
    )


def test_add_move_close_undo_redo_with_the_mouse(page, address):
    open_page(page, address, "mouse")
    page.click("tr[data-type=vegetable] th button")
    before = covered(page, "vegetable")
    place = a_gap(page, "vegetable")
    page.click("#tool-add")
    page.mouse.click(*spot(page, place))
    settled(page, 1)
    added = covered(page, "vegetable")
    assert added > before
    expect(page.locator("tr[data-type=vegetable] td.up")).to_have_text(re.compile(r"\+"))

    page.keyboard.press("Escape")
    x, y = spot(page, page.evaluate("whatif.state.added[0].at"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 12, steps=4)
    page.mouse.up()
    settled(page, 2)
    assert page.evaluate("whatif.state.undo") == "move"
    moved = page.evaluate("whatif.state.added[0].at")
    assert moved != place

    page.mouse.click(*spot(page, moved))
    page.get_by_role("button", name="Close it").click()
    settled(page, 3)
    assert covered(page, "vegetable") == before

    page.click("#undo")
    settled(page, 4)
    page.keyboard.press("Control+z")
    settled(page, 5)
    assert covered(page, "vegetable") == added
    page.keyboard.press("Control+Shift+z")
    settled(page, 6)
    assert page.evaluate("whatif.state.added[0].at") == moved


def test_a_drawn_barrier_cuts_and_can_be_taken_away(page, address):
    open_page(page, address, "barrier")
    page.click("tr[data-type=convenience] th button")
    before = covered(page, "convenience")
    box = page.locator("#map").bounding_box()
    page.click("#tool-barrier")
    for share in (0.15, 0.85):
        page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.45)
    page.keyboard.press("Enter")
    settled(page, 1)
    assert covered(page, "convenience") < before
    page.mouse.click(box["x"] + box["width"] * 0.155, box["y"] + box["height"] * 0.45)
    page.get_by_role("button", name="Take it away").click()
    settled(page, 2)
    assert covered(page, "convenience") == before


def test_accept_save_compare_and_export(page, address):
    open_page(page, address, "decide")
    page.locator(".site.proposed").first.click(force=True)
    page.get_by_role("button", name="Accept").click()
    settled(page, 1)
    page.once("dialog", lambda dialog: dialog.accept("decided"))
    page.click("#save-as")
    page.wait_for_selector("body[data-scenario=decided]")
    page.click("#undo")
    expect(page.locator("#undo")).to_be_disabled()
    page.select_option("#compare-with", "decide")
    page.click("#compare-now")
    expect(page.locator("#compare tbody tr")).to_have_count(9)
    page.click("#export")
    expect(page.locator("#say")).to_contain_text("ledger.xlsx")


def test_plan_again_with_a_progress_bar(page, address):
    open_page(page, address, "plan")
    page.fill("#outlets", "5")
    page.click("#replan")
    expect(page.locator("#plan-line")).to_contain_text("5 outlets newly cover", timeout=60_000)
    assert page.evaluate("whatif.state.sites.filter((s) => s.status === 'proposed').length") == 5


def test_two_browsers_on_one_scenario_see_what_holds(browser, page, address):
    open_page(page, address, "shared")
    other = browser.new_page()
    open_page(other, address, "shared")
    page.click("tr[data-type=vegetable] th button")
    page.click("#tool-add")
    page.mouse.click(*spot(page, a_gap(page, "vegetable")))
    settled(page, 1)
    other.click("tr[data-type=laundry] th button")
    other.click("#tool-add")
    other.mouse.click(*spot(other, a_gap(other, "laundry")))
    settled(other, 1)
    expect(other.locator("#say")).to_contain_text("Somebody else")
    assert other.evaluate("whatif.state.added.map((one) => one.type)") == ["vegetable"]
    other.close()


def test_a_hostile_name_is_shown_as_text(page, address):
    open_page(page, address, "hostile")
    page.evaluate(
        """() => whatif.edit({kind: 'add', id: 'x', type: 'vegetable',
          at: whatif.board.study.points.at[0],
          name: '<img src=x onerror="window.hit=1"></script>'})"""
    )
    settled(page, 1)
    page.click("tr[data-type=vegetable] th button")
    page.mouse.click(*spot(page, page.evaluate("whatif.state.added[0].at")))
    expect(page.locator(".card b")).to_contain_text("<img src=x")
    assert page.evaluate("window.hit") is None
