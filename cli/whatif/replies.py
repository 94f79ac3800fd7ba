"""What the page is told: the study once, and after each change figures, states, gaps, things."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from quarterhour.cli.study_run import StudyRun
from quarterhour.coverage.circles import ServiceCircles
from quarterhour.coverage.gaps import gap_list
from quarterhour.coverage.network_convert import edge_lines
from quarterhour.coverage.states import State
from quarterhour.data.text import tr

from .scenario import Scenario
from .shelf import Shelf, View
from .world import Base, Outlet, Situation

Json = dict[str, Any]

#: Gaps listed beside the map.
_GAPS_SHOWN = 10

#: Decimals of a degree: about a metre, as fine as the map shows.
_DECIMALS = 5

#: Classes of streets drawn thick.
_MAJOR = (
    "motorway", "trunk", "primary", "secondary", "motorway_link", "trunk_link", "primary_link",
    "secondary_link",
)  # fmt: skip

#: Metres by which a drawn street may leave its line.
_SIMPLIFY = 2.0


def study_reply(base: Base, language: str) -> Json:
    """Return what does not change: names, thresholds, points, outlets, streets, areas."""
    run = base.run
    demand = run.inputs.demand
    xy = shapely.get_coordinates(demand.geometry.array).round(_DECIMALS)
    config = run.config.study
    west, south, east, north = demand.total_bounds.tolist()
    residents = demand["residents"].to_numpy(float)
    return {
        "name": (config.name_en if language == "en" else "") or config.name,
        "label": config.label,
        "credits": list(config.credits),
        "bounds": [[south, west], [north, east]],
        "types": [_type(run, kind.id, language) for kind in run.types],
        "traced": tr(
            "whatif.traced",
            language,
            standards=run.inputs.pack.name.get(language),
            walker=run.profile.name,
            version=version("quarterhour"),
        ),
        "points": {
            "id": demand["id"].tolist(),
            "name": demand["name"].tolist(),
            "at": xy.tolist(),
            "residents": [None if np.isnan(value) else value for value in residents.tolist()],
        },
        "outlets": _existing(base.facilities),
        "streets": _streets(run),
        "areas": _areas(run.inputs.areas),
        "base": figures(run.circles),
        "planned": bool(base.sites),
    }


def _type(run: StudyRun, kind: str, language: str) -> Json:
    found = run.inputs.pack.type(kind)
    judged = next(one for one in run.types if one.id == kind)
    unit = run.criterion
    return {
        "id": kind,
        "name": found.name.get(language),
        "threshold": tr(f"whatif.{unit}", language, value=f"{getattr(judged, unit):g}"),
        "source": run.inputs.pack.threshold(kind, unit).source,
    }


def _existing(facilities: gpd.GeoDataFrame) -> list[Json]:
    counted = facilities[facilities["status"].isin(["open", "substandard"])]
    xy = shapely.get_coordinates(counted.geometry.array).round(_DECIMALS).tolist()
    rows = zip(counted["id"], counted["type"], counted["name"], xy, strict=True)
    return [{"id": i, "type": t, "name": n, "at": at} for i, t, n, at in rows]


def _streets(run: StudyRun) -> Json:
    """Return streets as lists of coordinates: those drawn thick, and the others."""
    network = run.network
    lines = shapely.simplify(edge_lines(network), _SIMPLIFY)
    series = gpd.GeoSeries(lines, crs=network.crs).to_crs(4326)
    major = np.isin(network.edge_class, _MAJOR)
    return {"major": _coordinates(series[major]), "minor": _coordinates(series[~major])}


def _areas(areas: gpd.GeoDataFrame) -> list[list[list[float]]]:
    shown = areas[areas["level"] == "street"]
    shown = shown if len(shown) else areas[areas["level"] == "district"]
    return _coordinates(shown.geometry.boundary.simplify(1e-4))


def _coordinates(series: gpd.GeoSeries) -> list[list[list[float]]]:
    parts = shapely.get_parts(series.to_numpy())
    return [shapely.get_coordinates(part).round(_DECIMALS).tolist() for part in parts]


def figures(circles: ServiceCircles) -> Json:
    """Return persons covered, in gaps and unknown by type, and for the full circle."""
    persons = np.nan_to_num(circles.demand["residents"].to_numpy(float))
    found = {
        kind.id: _figure(circles.state[:, column], persons)
        for column, kind in enumerate(circles.types)
    }
    return {"types": found, "circle": _figure(circles.circle, persons)}


def _figure(state: Any, persons: Any) -> Json:
    covered, gap, unknown = (
        float(persons[state == value].sum()) for value in (State.COVERED, State.GAP, State.UNKNOWN)
    )
    known = covered + gap
    share = covered / known if known else None
    return {"covered": covered, "gap": gap, "unknown": unknown, "share": share}


def view_reply(base: Base, view: View, language: str) -> Json:
    """Return what a change may have changed."""
    circles, now = view.circles, view.situation
    columns = [*circles.state.T, circles.circle]
    ids = [*(kind.id for kind in circles.types), "circle"]
    return {
        **scenario_reply(view.scenario),
        "figures": figures(circles),
        "states": {
            name: "".join(map(str, column.tolist()))
            for name, column in zip(ids, columns, strict=True)
        },
        "gaps": _gaps(base, circles, language),
        "added": [_outlet(one) for one in now.added.values()],
        "moved": {name: list(place) for name, place in now.moved.items()},
        "closed": sorted(now.closed),
        "sites": _sites(now),
        "barriers": {name: list(line) for name, line in now.barriers.items()},
        "footways": {name: list(line) for name, line in now.footways.items()},
    }


def scenario_reply(scenario: Scenario) -> Json:
    """Return a scenario's name, revision, and what can be undone and redone."""
    return {
        "scenario": scenario.name,
        "revision": scenario.revision,
        "edits": len(scenario.done),
        "undo": scenario.done[-1].kind if scenario.done else None,
        "redo": scenario.undone[-1].kind if scenario.undone else None,
    }


def _outlet(one: Outlet) -> Json:
    return {"id": one.id, "type": one.type, "name": one.name, "at": list(one.at)}


def _sites(now: Situation) -> list[Json]:
    return [
        {
            "id": site.id,
            "type": site.type,
            "name": site.name,
            "at": list(site.at),
            "newly_covered": site.newly_covered,
            "status": "accepted" if site.id in now.accepted
            else "rejected" if site.id in now.rejected else "proposed",
        }
        for site in now.sites.values()
    ]  # fmt: skip


def _gaps(base: Base, circles: ServiceCircles, language: str) -> list[Json]:
    run = base.run
    found = gap_list(circles, run.inputs.areas, merge_metres=run.config.gaps.merge_metres)
    worst = found.nlargest(_GAPS_SHOWN, "residents")
    name = "place_name_en" if language == "en" else "place_name"
    points = dict(zip(base.run.inputs.demand["id"], base.run.inputs.demand["name"], strict=True))
    return [
        {
            "id": row["id"],
            "type": row["type"],
            "name": row[name] or row["place_name"] or points.get(row["point"]) or row["place"],
            "residents": row["residents"],
            "minutes": None if np.isnan(row["minutes"]) else round(row["minutes"], 1),
            "at": [round(row["geometry"].x, _DECIMALS), round(row["geometry"].y, _DECIMALS)],
        }
        for row in worst.to_dict("records")
    ]


def comparison(shelf: Shelf, first: str, second: str) -> Json:
    """Return two scenarios side by side: figures, and residents won and lost by type."""
    one, other = (shelf.view(name).circles for name in (first, second))
    persons = np.nan_to_num(one.demand["residents"].to_numpy(float))
    kinds = [*(kind.id for kind in one.types), "circle"]
    before, after = ([*c.state.T, c.circle] for c in (one, other))
    changes = {}
    for kind, old, new in zip(kinds, before, after, strict=True):
        won = (new == State.COVERED) & (old != State.COVERED)
        lost = (old == State.COVERED) & (new != State.COVERED)
        changes[kind] = {
            "won": float(persons[won].sum()), "lost": float(persons[lost].sum()),
            "points": np.flatnonzero(won | lost).tolist(),
        }  # fmt: skip
    return {
        "first": {"name": first, "figures": figures(one)},
        "second": {"name": second, "figures": figures(other)},
        "changes": changes,
    }
