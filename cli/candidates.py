"""The candidates of a study: its own table, or points along the streets."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from quarterhour.coverage.network_convert import edge_lines
from quarterhour.data.area_labels import label_areas
from quarterhour.data.faults import FaultLog
from quarterhour.optimize.sites import generate_candidates

from .study_run import StudyRun

#: Ways along which no shop opens.
NO_FRONTAGE = (
    "motorway", "motorway_link", "trunk", "trunk_link", "steps", "path", "track", "cycleway",
    "bridleway", "corridor", "elevator",
)  # fmt: skip


def study_candidates(run: StudyRun) -> gpd.GeoDataFrame:
    """Return the canonical candidates (EPSG:4326).

    Without a table of premises, points stand along the streets of the main network, inside the
    extent, no farther from a residential point than the largest threshold reaches.

    Raises
    ------
    InputFaults
        If there is no candidate at all.
    """
    given = run.inputs.candidates
    candidates = _along_streets(run) if given is None else given
    if candidates.empty:
        log = FaultLog()
        log.add("no_candidates", file=run.config.candidates.file or "study.toml")
        log.raise_if_any()
    return candidates


def _along_streets(run: StudyRun) -> gpd.GeoDataFrame:
    network = run.network
    small = network.small_islands(min_share=run.config.streets.island_share)
    usable = ~small[network.component[network.edge_u]] & ~network.closed
    usable &= ~np.isin(network.edge_class, NO_FRONTAGE)
    lines = gpd.GeoSeries(edge_lines(network)[usable], crs=network.crs)
    points = generate_candidates(lines, spacing=run.config.candidates.spacing)
    names = network.edge_name[np.flatnonzero(usable)[points["line"].to_numpy()]]
    blank = np.full(len(points), "", object)
    table = gpd.GeoDataFrame(
        {
            "id": points["id"],
            "name": names,
            "types": blank,
            "area_m2": np.nan,
            "cost": np.nan,
            "capacity": np.full(len(points), len(run.types), np.int64),
            "address": names,
        },
        geometry=points.geometry,
        crs=points.crs,
    )
    near = _near_demand(run, table)
    kept = table[near].to_crs(4326)
    if run.inputs.extent is not None:
        kept = kept[shapely.intersects(run.inputs.extent, kept.geometry.to_numpy())]
    return label_areas(kept.reset_index(drop=True), run.inputs.areas, log=FaultLog())


def _near_demand(run: StudyRun, candidates: gpd.GeoDataFrame) -> np.ndarray:
    """Return which candidates some residential point could reach within its threshold."""
    reach = max(kind.radius(run.criterion, run.profile) for kind in run.types)
    demand = run.inputs.demand.geometry.to_crs(run.network.crs)
    tree = shapely.STRtree(demand.to_numpy())
    hits = tree.query(candidates.geometry.to_numpy(), predicate="dwithin", distance=reach)
    near = np.zeros(len(candidates), bool)
    near[hits[0]] = True
    return near
