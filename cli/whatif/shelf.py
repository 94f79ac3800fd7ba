"""The scenarios of a study: each changed by one user at a time, and saved at every change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quarterhour.coverage.circles import ServiceCircles

from .edits import EditRefused
from .scenario import Scenario, read_scenario, safe_name, scenario_names, write_scenario
from .world import Base, Situation

#: Measured states kept, for undo, redo and comparison.
_VIEWS_KEPT = 12


@dataclass(frozen=True, slots=True)
class View:
    """A scenario with what its edits make of the study, and its measured circles."""

    scenario: Scenario
    situation: Situation
    circles: ServiceCircles


class Stale(Exception):  # noqa: N818 - the page's word for it
    """The page knew an older revision: somebody else has changed the scenario since."""


class Shelf:
    """Opens, changes and saves the scenarios of one study; safe to use from several threads."""

    def __init__(self, folder: Path, base: Base) -> None:
        self.folder = folder
        self.base = base
        self._lock = threading.RLock()
        self._open: dict[str, Scenario] = {}
        self._views: OrderedDict[tuple[str, int], View] = OrderedDict()

    def names(self) -> list[str]:
        """Return the names of all scenarios."""
        return scenario_names(self.folder)

    def get(self, name: str) -> Scenario:
        """Return a scenario; one that does not exist yet is empty.

        Raises
        ------
        EditRefused
            If the name cannot be one, or the file is broken.
        """
        with self._lock:
            name = safe_name(name)
            if name not in self._open:
                known = name in self.names()
                found = read_scenario(self.folder, name) if known else Scenario(name=name)
                self.base.situation(found.done)  # a file that does not fit the study is refused
                self._open[name] = found
            return self._open[name]

    def view(self, name: str) -> View:
        """Return a scenario with its measured circles."""
        with self._lock:
            return self._view(self.get(name))

    def _view(self, scenario: Scenario) -> View:
        key = (scenario.name, scenario.revision)
        if key not in self._views:
            now = self.base.situation(scenario.done)
            self._views[key] = View(scenario, now, self.base.measured(now))
            while len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        self._views.move_to_end(key)
        return self._views[key]

    def change(self, name: str, revision: int, work: Callable[[Scenario], Scenario]) -> View:
        """Change a scenario, measure it, save it, and return it.

        Parameters
        ----------
        name
            Of the scenario.
        revision
            That the page knows.
        work
            Returns the changed scenario.

        Raises
        ------
        Stale
            If the scenario has another revision by now; nothing is changed then.
        EditRefused
            If the change does not fit; nothing is changed then.
        """
        with self._lock:
            before = self.get(name)
            if before.revision != revision:
                raise Stale
            view = self._view(work(before))
            write_scenario(self.folder, view.scenario)
            self._open[before.name] = view.scenario
            return view

    def save_as(self, name: str, new: str) -> View:
        """Copy a scenario under a new name.

        Raises
        ------
        EditRefused
            If the new name is taken, or cannot be one.
        """
        with self._lock:
            new = safe_name(new)
            taken = {known.casefold() for known in (*self.names(), *self._open)}
            if new.casefold() in taken:
                raise EditRefused("name_taken", new)
            copy = self.get(name).renamed(new)
            write_scenario(self.folder, copy)
            self._open[new] = copy
            return self._view(copy)
