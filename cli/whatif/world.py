"""The study with the edits of a scenario applied: its outlets, its streets, its coverage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Point

from quarterhour.cli.study_run import StudyRun
from quarterhour.coverage.barriers import with_barriers, with_footways
from quarterhour.coverage.circles import ServiceCircles
from quarterhour.coverage.network import StreetNetwork

from .edits import (
    Accept,
    Add,
    Barrier,
    Close,
    Edit,
    EditRefused,
    Erase,
    Footway,
    Move,
    Position,
    Propose,
    Proposed,
    Reject,
)

#: Networks with barriers kept, so that undo and redo need not build them again.
_NETWORKS_KEPT = 4


@dataclass(frozen=True, slots=True)
class Outlet:
    """An outlet as it stands in a scenario."""

    id: str
    type: str
    at: Position
    name: str
    origin: str


@dataclass(slots=True)
class Situation:
    """What edits make of a study.

    Attributes
    ----------
    added, moved, closed
        Outlets opened by hand, new places by id, ids closed.
    sites
        Proposed sites by id.
    accepted, rejected
        Ids of sites decided upon.
    barriers, footways
        Drawn lines by id.
    """

    added: dict[str, Outlet] = field(default_factory=dict)
    moved: dict[str, Position] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    sites: dict[str, Proposed] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    barriers: dict[str, tuple[Position, ...]] = field(default_factory=dict)
    footways: dict[str, tuple[Position, ...]] = field(default_factory=dict)


class Base:
    """What every scenario of a study starts from.

    Attributes
    ----------
    run
        The study.
    sites
        Sites of the study's plan, none where there is no plan.
    """

    def __init__(self, run: StudyRun, sites: Iterable[Proposed] = ()) -> None:
        self.run = run
        self.sites = {site.id: site for site in sites}
        self.facilities = run.inputs.facilities
        self.existing = frozenset(self.facilities["id"])
        self.types = frozenset(kind.id for kind in run.types)
        self.network = lru_cache(_NETWORKS_KEPT)(self._network)

    def _network(
        self, barriers: tuple[tuple[Position, ...], ...], footways: tuple[tuple[Position, ...], ...]
    ) -> StreetNetwork:
        network = self.run.network
        if footways:
            network = with_footways(network, _lines(footways))
        return with_barriers(network, _lines(barriers)) if barriers else network

    def situation(self, edits: Iterable[Edit]) -> Situation:
        """Return what the edits make of the study.

        Raises
        ------
        EditRefused
            If one names something that is not there, or there already.
        """
        now = Situation(sites=dict(self.sites))
        for edit in edits:
            _apply(self, now, edit)
        return now

    def outlets(self, now: Situation) -> gpd.GeoDataFrame:
        """Return the canonical facilities of a situation (EPSG:4326)."""
        frame = self.facilities[~self.facilities["id"].isin(now.closed)].reset_index(drop=True)
        moved = frame["id"].map(now.moved)
        if moved.notna().any():
            rows = moved.notna().to_numpy()
            places = shapely.points(np.array(moved[rows].tolist(), float))
            geometry = frame.geometry.to_numpy().copy()
            geometry[rows] = places
            frame = frame.set_geometry(gpd.GeoSeries(geometry, crs=4326))
        new = [*now.added.values(), *(_as_outlet(now.sites[name]) for name in sorted(now.accepted))]
        return _joined(frame, new)

    def measured(self, now: Situation) -> ServiceCircles:
        """Measure a situation: exactly what ``quarterhour measure`` would find for it."""
        network = self.network(tuple(now.barriers.values()), tuple(now.footways.values()))
        return self.on(network).measure(self.outlets(now))

    def on(self, network: StreetNetwork, facilities: gpd.GeoDataFrame | None = None) -> StudyRun:
        """Return the study on other streets, and with other outlets where they are given."""
        other = replace(self.run)
        vars(other)["network"] = network
        inputs = self.run.inputs
        vars(other)["inputs"] = (
            inputs if facilities is None else replace(inputs, facilities=facilities)
        )
        vars(other)["types"] = self.run.types
        return other


def _apply(base: Base, now: Situation, edit: Edit) -> None:
    """Do one edit on a situation in place."""
    match edit:
        case Add():
            _want(edit.type in base.types, "no_type", edit.type)
            _want(edit.id not in base.existing | now.added.keys(), "id_taken", edit.id)
            now.added[edit.id] = Outlet(edit.id, edit.type, edit.at, edit.name, "added")
        case Move():
            _move(base, now, edit)
        case Close():
            _close(base, now, edit.id)
        case Accept() | Reject():
            _want(edit.id in now.sites, "no_site", edit.id)
            chosen, other = now.accepted, now.rejected
            if isinstance(edit, Reject):
                chosen, other = other, chosen
            chosen.add(edit.id)
            other.discard(edit.id)
        case Barrier() | Footway():
            drawn = now.barriers if isinstance(edit, Barrier) else now.footways
            _want(edit.id not in now.barriers.keys() | now.footways.keys(), "id_taken", edit.id)
            drawn[edit.id] = edit.line
        case Erase():
            drawn = now.barriers if edit.id in now.barriers else now.footways
            _want(edit.id in drawn, "no_line", edit.id)
            del drawn[edit.id]
        case Propose():
            _propose(now, edit)


def _move(base: Base, now: Situation, edit: Move) -> None:
    if edit.id in now.added:
        now.added[edit.id] = replace(now.added[edit.id], at=edit.at)
        return
    _want(edit.id in base.existing and edit.id not in now.closed, "no_outlet", edit.id)
    now.moved[edit.id] = edit.at


def _close(base: Base, now: Situation, name: str) -> None:
    if name in now.added:
        del now.added[name]
        return
    _want(name in base.existing and name not in now.closed, "no_outlet", name)
    now.closed.add(name)
    now.moved.pop(name, None)


def _propose(now: Situation, edit: Propose) -> None:
    """Keep the sites decided upon; the new ones take the place of the rest."""
    decided = now.accepted | now.rejected
    kept = {name: site for name, site in now.sites.items() if name in decided}
    now.sites = {site.id: site for site in edit.sites if site.id not in kept} | kept


def _want(true: bool, code: str, value: str) -> None:
    if not true:
        raise EditRefused(code, value)


def _as_outlet(site: Proposed) -> Outlet:
    return Outlet(site.id, site.type, site.at, site.name, "accepted")


def _joined(frame: gpd.GeoDataFrame, new: list[Outlet]) -> gpd.GeoDataFrame:
    if not new:
        return frame
    rows: Mapping[str, object] = {
        "id": [outlet.id for outlet in new],
        "name": [outlet.name for outlet in new],
        "type": [outlet.type for outlet in new],
        "status": "open",
        "area_m2": np.nan,
        "capacity": np.nan,
        "hours": "",
        "address": "",
    }
    added = gpd.GeoDataFrame(rows, geometry=[Point(outlet.at) for outlet in new], crs=4326)
    joined = pd.concat([frame, added], ignore_index=True)
    return gpd.GeoDataFrame(joined, crs=4326)


def _lines(lines: tuple[tuple[Position, ...], ...]) -> gpd.GeoSeries:
    return gpd.GeoSeries([shapely.LineString(line) for line in lines], crs=4326)
