"""Tables that only the maps need: ground, areas as drawn, service areas, the worst walks."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.coverage.locate import locate
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.routes import routes
from quarterhour.coverage.service_areas import service_areas

from .study_run import StudyRun

#: Minutes of the service areas drawn.
REACH_MINUTES = (5.0, 10.0, 15.0)

#: Walks drawn of each type: the worst gaps.
WORST_WALKS = 10

#: Metres by which outlines of service areas are simplified for drawing.
DRAWN_WITHIN = 3.0

_SECONDS = 60.0


def map_tables(run: StudyRun) -> dict[str, gpd.GeoDataFrame]:
    """Return the tables by the name of their file; empty ones are left out."""
    points = gpd.read_parquet(run.results / "points.parquet")
    outlets = gpd.read_parquet(run.results / "outlets.parquet")
    made = {
        "map_areas": drawn_areas(run),
        "map_ground": ground(run),
        "map_reach": reach(run, outlets),
        "map_routes": worst_walks(run, points, outlets),
    }
    return {name: table for name, table in made.items() if len(table)}


def drawn_areas(run: StudyRun) -> gpd.GeoDataFrame:
    """Return the areas cut to the extent of the study."""
    areas, extent = run.inputs.areas, run.inputs.extent
    if extent is None or areas.empty:
        return areas
    cut = areas.assign(geometry=shapely.intersection(areas.geometry.to_numpy(), extent))
    kept = shapely.area(cut.geometry.to_numpy()) > 0
    return cut[kept].reset_index(drop=True)


def ground(run: StudyRun) -> gpd.GeoDataFrame:
    """Return streets and background in one table: ``theme`` (street, land), ``kind``, ``name``."""
    land = run.background.assign(theme="land")
    streets = street_lines(run.network).assign(theme="street")
    columns = ["theme", "kind", "name", "geometry"]
    parts = [part[columns] for part in (land, streets) if len(part)]
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326)


def street_lines(network: StreetNetwork) -> gpd.GeoDataFrame:
    """Return the network's streets for drawing (EPSG:4326)."""
    owner = np.repeat(np.arange(network.n_edges), np.diff(network.edge_start))
    lines = shapely.linestrings(np.column_stack([network.gx, network.gy]), indices=owner)
    table = {"kind": network.edge_class, "name": network.edge_name}
    return gpd.GeoDataFrame(table, geometry=lines, crs=network.crs).to_crs(4326)


def reach(run: StudyRun, outlets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the land within 5, 10 and 15 minutes of the outlets of each type (EPSG:4326).

    Columns ``type, minutes, area_m2``; the walker and the snapping limit are those of the study.
    """
    made = []
    for kind in run.types:
        chosen = outlets[outlets["type"] == kind.id]
        if chosen.empty:
            continue
        places = locate(
            run.network, chosen, snap_limit=run.config.streets.snap_limit,
            count_access=run.config.measure.walk_to_street,
        )  # fmt: skip
        if not places.reached.any():
            continue
        found = service_areas(
            run.network, places, breaks=[_SECONDS * minutes for minutes in REACH_MINUTES],
            by="seconds", profile=run.profile, dissolve="break", threads=run.config.plan.threads,
        )  # fmt: skip
        shapes = shapely.simplify(found.geometry.to_numpy(), DRAWN_WITHIN)
        found = found.set_geometry(shapes).assign(type=kind.id, minutes=found["break"] / _SECONDS)
        made.append(found[["type", "minutes", "area_m2", "geometry"]].to_crs(4326))
    if not made:
        return gpd.GeoDataFrame({"type": []}, geometry=[], crs=4326)
    return gpd.GeoDataFrame(pd.concat(made, ignore_index=True), crs=4326)


def worst_walks(
    run: StudyRun, points: gpd.GeoDataFrame, outlets: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return the walk from the middle of each type's worst gaps to the nearest outlet (EPSG:4326).

    Columns ``gap, rank, type, place_name, place_name_en, outlet, outlet_name, metres, minutes``.
    """
    empty = gpd.GeoDataFrame({"gap": []}, geometry=[], crs=4326)
    path = run.results / "gaps.parquet"
    if not path.is_file() or outlets.empty:
        return empty
    gaps = gpd.read_parquet(path).sort_values("rank").groupby("type", sort=False).head(WORST_WALKS)
    rows = points.drop_duplicates("id").set_index("id")
    gaps = gaps[gaps["point"].isin(rows.index)]
    reached = [str(rows.loc[point, f"{kind}_outlet"] or "") for point, kind in
               zip(gaps["point"], gaps["type"], strict=True)]  # fmt: skip
    gaps = gaps.assign(outlet=reached)
    gaps = gaps[gaps["outlet"].isin(outlets["id"])].reset_index(drop=True)
    if gaps.empty:
        return empty
    named = outlets.drop_duplicates("id").set_index("id")
    lines = _ways(run, rows.loc[gaps["point"]], named.loc[gaps["outlet"]])
    columns = ["id", "rank", "type", "place_name", "place_name_en", "outlet"]
    table = gaps[columns].rename(columns={"id": "gap"}).assign(
        outlet_name=named["name"].loc[gaps["outlet"]].to_numpy(),
        metres=lines["metres"].to_numpy(), minutes=lines["seconds"].to_numpy() / _SECONDS,
    )  # fmt: skip
    drawn = gpd.GeoDataFrame(table, geometry=lines.geometry.to_numpy(), crs=lines.crs)
    return drawn[drawn.geometry.notna()].to_crs(4326).reset_index(drop=True)


def _ways(run: StudyRun, homes: gpd.GeoDataFrame, shops: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the walks between homes (through their entrances) and shops at the same position."""
    limit, access = run.config.streets.snap_limit, run.config.measure.walk_to_street
    gates = run.inputs.entrances
    start = homes.reset_index().drop_duplicates("id")
    here = locate(
        run.network, start, snap_limit=limit, entrances=_of(gates, start), count_access=access
    )
    goal = shops.reset_index().drop_duplicates("id")
    there = locate(run.network, goal, snap_limit=limit, count_access=access)
    from_row = dict(zip(start["id"], range(len(start)), strict=True))
    to_row = dict(zip(goal["id"], range(len(goal)), strict=True))
    # A home or shop of several walks stands in each of them.
    return routes(
        run.network, here.take([from_row[one] for one in homes.index]),
        there.take([to_row[one] for one in shops.index]), by="seconds", profile=run.profile,
    )  # fmt: skip


def _of(gates: gpd.GeoDataFrame | None, homes: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    if gates is None:
        return None
    own = gates[gates["demand_id"].isin(homes["id"])]
    return own if len(own) else None
