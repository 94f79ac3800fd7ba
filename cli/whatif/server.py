"""The routes of the local page, and the command that serves them."""

from __future__ import annotations

import asyncio
import secrets
import socket
import webbrowser
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
import uvicorn
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from quarterhour.cli.console import Screen
from quarterhour.cli.study_run import StudyRun, open_study
from quarterhour.data.faults import FaultLog, InputFaults
from quarterhour.data.output import OutputLocked
from quarterhour.data.progress import silent
from quarterhour.data.text import tr

from .edits import Edit, EditRefused, Propose, Proposed
from .export import export_ledger
from .guard import LOOPBACK, Guard, Rules
from .page import whatif_page
from .replanning import Replanner
from .replies import Json, comparison, scenario_reply, study_reply, view_reply
from .scenario import Scenario
from .shelf import Shelf, Stale, View
from .world import Base

DEFAULT_PORT = 8154

#: Addresses on which no token is needed: nobody but this machine can ask.
_LOCAL = ("127.0.0.1", "localhost", "::1")


class _Ask(BaseModel):
    """What every change names: the scenario, and the revision the page knows."""

    model_config = ConfigDict(extra="forbid")

    scenario: Annotated[str, Field(max_length=300)]
    revision: int


class _AskEdit(_Ask):
    edit: Edit


class _AskSave(_Ask):
    name: Annotated[str, Field(max_length=300)]


class _AskPlan(_Ask):
    outlets: Annotated[int, Field(ge=1, le=100_000)] | None = None


@dataclass(slots=True)
class Desk:
    """Everything the routes work on."""

    base: Base
    shelf: Shelf
    replanner: Replanner
    language: str

    def view(self, view: View) -> Json:
        """Return the reply for a view."""
        return view_reply(self.base, view, self.language)


def desk_of(run: StudyRun, language: str) -> Desk:
    """Return the desk of an opened study; measures it, so that the first page opens at once."""
    run.progress = silent  # the page has no place for it
    base = Base(run, plan_sites(run))
    _ = run.circles
    return Desk(base, Shelf(run.folder, base), Replanner(base), language)


def plan_sites(run: StudyRun) -> list[Proposed]:
    """Return the sites of the study's plan, none where it has none; upgrades are left out."""
    path = run.results / "sites.parquet"
    if not path.is_file():
        return []
    judged = {kind.id for kind in run.types}
    table = gpd.read_parquet(path)
    if "action" in table:
        table = table[table["action"] != "upgrade"]
    return [
        Proposed(
            id=row["id"], candidate=row["candidate"], type=row["type"], name=row["name"],
            at=(row["geometry"].x, row["geometry"].y), newly_covered=float(row["newly_covered"]),
        )
        for row in table.to_dict("records") if row["type"] in judged
    ]  # fmt: skip


def whatif_app(desk: Desk, rules: Rules) -> Starlette:
    """Return the application that serves one study."""
    api = _Api(desk)
    routes = [
        Route("/", api.page),
        Route("/api/study", api.study),
        Route("/api/state", api.state),
        Route("/api/scenarios", api.scenarios),
        Route("/api/compare", api.compare),
        Route("/api/plan", api.plan_progress),
        Route("/api/edit", api.edit, methods=["POST"]),
        Route("/api/undo", api.undo, methods=["POST"]),
        Route("/api/redo", api.redo, methods=["POST"]),
        Route("/api/save", api.save, methods=["POST"]),
        Route("/api/plan", api.plan, methods=["POST"]),
        Route("/api/plan/cancel", api.plan_cancel, methods=["POST"]),
        Route("/api/export", api.export, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {
        EditRefused: api.refused,
        Stale: api.stale,
        ValidationError: api.wrong,
        InputFaults: api.faults,
        OutputLocked: api.locked,
        ClientDisconnect: api.gone,
        HTTPException: api.missing,
    }
    return Starlette(
        routes=routes, exception_handlers=handlers, middleware=[Middleware(Guard, rules=rules)]
    )


class _Api:
    """The routes; each change is worked on in a thread, one after the other."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def page(self, _: Request) -> Response:
        return HTMLResponse(whatif_page(self.desk.language, self.desk.base.run.config.study))

    async def study(self, _: Request) -> Response:
        desk = self.desk
        return JSONResponse(await run_in_threadpool(study_reply, desk.base, desk.language))

    async def state(self, request: Request) -> Response:
        name = request.query_params.get("scenario", "")
        return await self._seen(lambda: self.desk.shelf.view(name))

    async def scenarios(self, _: Request) -> Response:
        return JSONResponse({"names": await run_in_threadpool(self.desk.shelf.names)})

    async def compare(self, request: Request) -> Response:
        first, second = (request.query_params.get(key, "") for key in ("first", "second"))
        found = await run_in_threadpool(comparison, self.desk.shelf, first, second)
        return JSONResponse(found)

    async def edit(self, request: Request) -> Response:
        ask = _AskEdit.model_validate_json(await request.body())
        if isinstance(ask.edit, Propose):
            raise EditRefused("propose")
        return await self._changed(ask, lambda scenario: scenario.with_edit(ask.edit))

    async def undo(self, request: Request) -> Response:
        return await self._changed(_Ask.model_validate_json(await request.body()), Scenario.undo)

    async def redo(self, request: Request) -> Response:
        return await self._changed(_Ask.model_validate_json(await request.body()), Scenario.redo)

    async def save(self, request: Request) -> Response:
        ask = _AskSave.model_validate_json(await request.body())
        return await self._seen(lambda: self.desk.shelf.save_as(ask.scenario, ask.name))

    async def plan(self, request: Request) -> Response:
        ask = _AskPlan.model_validate_json(await request.body())
        desk = self.desk
        view = await run_in_threadpool(desk.shelf.view, ask.scenario)
        if view.scenario.revision != ask.revision:
            raise Stale

        def take(proposal: Propose) -> None:
            """Put the plan in: decisions made meanwhile stay, they come before it."""
            latest = desk.shelf.get(ask.scenario).revision
            desk.shelf.change(ask.scenario, latest, lambda s: s.with_edit(proposal))

        desk.replanner.start(view.scenario.name, view.situation, ask.outlets, take)
        return await self.plan_progress(request)

    async def plan_progress(self, _: Request) -> Response:
        now, language = self.desk.replanner.progress, self.desk.language
        faults = [fault.line(language) for fault in now.faults]
        return JSONResponse(
            {"state": now.state, "scenario": now.scenario, "share": round(now.share, 3),
             "facts": now.facts, "faults": faults}
        )  # fmt: skip

    async def plan_cancel(self, request: Request) -> Response:
        self.desk.replanner.cancel()
        return await self.plan_progress(request)

    async def export(self, request: Request) -> Response:
        ask = _Ask.model_validate_json(await request.body())
        view = await run_in_threadpool(self.desk.shelf.view, ask.scenario)
        path = await run_in_threadpool(export_ledger, self.desk.base.run, view)
        return JSONResponse({"file": path.name, **scenario_reply(view.scenario)})

    async def _changed(self, ask: _Ask, work: Callable[[Scenario], Scenario]) -> Response:
        shelf = self.desk.shelf
        return await self._seen(lambda: shelf.change(ask.scenario, ask.revision, work))

    async def _seen(self, look: Callable[[], View]) -> Response:
        def reply() -> Json:
            return self.desk.view(look())

        return JSONResponse(await run_in_threadpool(reply))

    def _say(self, key: str, **params: object) -> str:
        return tr(f"whatif.{key}", self.desk.language, **params)

    async def refused(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, EditRefused)  # noqa: S101 - registered for it alone
        words = self._say(f"refused.{error.code}", value=error.value)
        return JSONResponse({"refused": error.code, "message": words}, 400)

    async def stale(self, _: Request, __: Exception) -> Response:
        return JSONResponse({"refused": "stale", "message": self._say("refused.stale")}, 409)

    async def wrong(self, _: Request, __: Exception) -> Response:
        return JSONResponse({"refused": "form", "message": self._say("refused.form")}, 422)

    async def faults(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, InputFaults)  # noqa: S101 - registered for it alone
        lines = [fault.line(self.desk.language) for fault in error.faults]
        return JSONResponse({"refused": "faults", "message": "\n".join(lines)}, 400)

    async def locked(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, OutputLocked)  # noqa: S101 - registered for it alone
        words = self._say("refused.locked", value=error.path.name)
        return JSONResponse({"refused": "locked", "message": words}, 409)

    async def gone(self, _: Request, __: Exception) -> Response:
        return JSONResponse({"refused": "too_large"}, 413)

    async def missing(self, _: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return JSONResponse({"refused": "no_such_page"}, status)


def serve(
    study: Path,
    screen: Screen,
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    browser: bool = True,
) -> None:
    """Serve the what-if page of a study until interrupted.

    Parameters
    ----------
    study
        Folder or ``study.toml``.
    screen
        Where to speak.
    host
        Address to listen on; any other than this machine's own needs the token that is shown.
    port
        0 takes a free one.
    browser
        Open the page in the user's browser.

    Raises
    ------
    InputFaults
        If the study has faults, or the port is taken.
    """
    with screen.progress() as progress:
        run = open_study(study, progress)
        _ = run.inputs
        desk = desk_of(run, screen.language)
    local = host in _LOCAL
    token = "" if local else secrets.token_urlsafe(24)
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}/" + (f"?token={token}" if token else "")
    screen.say("serve.ready", address=address)
    rules = Rules(hosts=LOOPBACK if local else (), token=token)
    config = uvicorn.Config(
        whatif_app(desk, rules), log_level="error", access_log=False, lifespan="off"
    )
    asyncio.run(_served(uvicorn.Server(config), listening, address if browser and local else ""))


async def _served(server: uvicorn.Server, listening: socket.socket, address: str) -> None:
    if address:
        asyncio.get_running_loop().call_later(0.3, webbrowser.open, address)
    work: Awaitable[None] = server.serve(sockets=[listening])
    await work


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, or raise `InputFaults` where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, port))
        one.listen()
    except (OSError, OverflowError) as error:
        one.close()
        log = FaultLog()
        log.add("serve_address", column="--host, --port", value=f"{host}:{port}",
                detail=getattr(error, "strerror", "") or str(error))  # fmt: skip
        raise InputFaults(log) from error
    return one
