"""A scenario's decisions into the ledger: accepted sites approved, rejected ones dropped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from quarterhour.cli.ledger import LEDGER_FILE, Desk, write_all
from quarterhour.cli.study_run import StudyRun
from quarterhour.data.faults import FaultLog
from quarterhour.data.ledger_history import Event
from quarterhour.data.ledger_merge import merge
from quarterhour.data.ledger_schema import Records

from .edits import EditRefused
from .shelf import View

#: Statuses that a scenario may change; what is being built or open already stays.
_OPEN_TO_CHANGE = ("", "proposed", "approved", "dropped")


def export_ledger(run: StudyRun, view: View) -> Path:
    """Write a scenario's decisions into the study's ledger; what people wrote there is kept.

    Parameters
    ----------
    run
        The study; it has been planned.
    view
        The scenario.

    Returns
    -------
    pathlib.Path
        ``ledger.xlsx``; the one before lies beside it as a backup.

    Raises
    ------
    EditRefused
        If the study has no plan yet.
    InputFaults
        If the ledger there is has faults.
    """
    if not (run.results / "sites.parquet").is_file():
        raise EditRefused("no_plan")
    log = FaultLog()
    desk = Desk(run, log, dt.datetime.now().astimezone())
    path = desk.folder / LEDGER_FILE
    copies = desk.read({path.name: path} if path.exists() else {})
    log.raise_if_any()
    history = desk.history.add(merge(desk.history, copies).events, desk.now)
    history = history.add(decisions(view, history.state()), desk.now)
    write_all(desk, history, copies, path)
    return path


def decisions(view: View, state: Records) -> Iterator[Event]:
    """Yield what a scenario decides, as changes to the ledger's cells."""
    source = f"{view.scenario.name}.json"
    for name, wanted in _wanted(view, state).items():
        known = state.get(name, {})
        if known.get("status", "") not in _OPEN_TO_CHANGE:
            continue
        for column, value in wanted.items():
            if value != known.get(column, ""):
                yield Event("edit", source, "", name, column, known.get(column, ""), value)


def _wanted(view: View, state: Records) -> Records:
    now = view.situation
    wanted: Records = {}
    for name, site in now.sites.items():
        status = "approved" if name in now.accepted else "dropped" if name in now.rejected else ""
        if not status:
            continue
        wanted[name] = {"status": status}
        if name not in state:
            wanted[name] |= _place(site.name, site.type, site.at) | {"candidate": site.candidate}
    for name, outlet in now.added.items():
        place = _place(outlet.name, outlet.type, outlet.at)
        wanted[name] = place if name in state else place | {"status": "proposed"}
    return wanted


def _place(name: str, kind: str, at: tuple[float, float]) -> dict[str, str]:
    lon, lat = (f"{value:.6f}" for value in at)
    return {"name": name, "type": kind, "action": "new", "lon": lon, "lat": lat}
