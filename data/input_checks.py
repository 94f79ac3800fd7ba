"""What no single table shows: whether the tables of a study fit its streets and one another."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from .faults import FaultLog
from .frame_areas import polygons_of
from .frame_parts import ReadFrame
from .streets import Streets
from .study import STUDY_FILE
from .tables import RawTable

#: Metres from every street beyond which a candidate is a mistake of the table.
ELSEWHERE_M = 2000.0


def check_crs(name: str, *, log: FaultLog) -> None:
    """Note ``option_crs`` unless ``study.crs`` is empty or a projected system in metres."""
    if not name:
        return
    try:
        crs = CRS.from_user_input(name)
        usable = crs.is_projected and crs.axis_info[0].unit_name == "metre"
    except CRSError:
        usable = False
    if not usable:
        log.add("option_crs", file=STUDY_FILE, column="study.crs", value=name)


def extent_of(table: RawTable, *, log: FaultLog) -> shapely.Geometry | None:
    """Return the polygons of a table as one (EPSG:4326), or note ``no_polygons``."""
    if table.geometry is None or table.crs is None:
        log.add("no_polygons", file=table.name)
        return None
    shapes = table.geometry[table.geometry.notna()].to_crs(4326)
    whole = polygons_of(shapely.union_all(shapely.make_valid(shapes.to_numpy())))
    if whole.is_empty:
        log.add("no_polygons", file=table.name)
        return None
    return whole


def note_no_totals(areas: gpd.GeoDataFrame, table: RawTable, *, log: FaultLog) -> None:
    """Note ``no_totals`` where no area has residents to spread."""
    if areas["residents"].isna().all():
        log.add("no_totals", file=table.name, present=", ".join(table.columns) or "–")


def note_residents(demand: gpd.GeoDataFrame, *, file: str, log: FaultLog) -> None:
    """Note ``no_residents`` where nobody is known to live at any residential point."""
    if not (demand["residents"] > 0).any():
        empty = int(demand["residents"].isna().sum())
        log.add("no_residents", file=file, count=len(demand), empty=empty)


def note_off_streets(
    demand: gpd.GeoDataFrame, streets: Streets, limit: float, *, file: str, log: FaultLog
) -> None:
    """Note ``demand_off_streets`` where no point lies within ``limit`` m of a street."""
    metres = metres_to_streets(demand, streets)
    if metres.min() > limit:
        log.add(
            "demand_off_streets", file=file, value=f"{metres.min():,.0f}",
            limit=f"{limit:g}",
        )  # fmt: skip


def usable_candidates(
    read: ReadFrame,
    streets: Streets,
    limit: float,
    *,
    extent: shapely.Geometry | None,
    file: str,
    log: FaultLog,
) -> gpd.GeoDataFrame:
    """Return the candidates that people can walk to; every other one is named.

    Parameters
    ----------
    read
        The candidates of a table.
    streets
        The streets.
    limit
        Metres a candidate may lie from a street (``streets.snap_limit``).
    extent
        Area studied (EPSG:4326); candidates outside are left out in silence. None = everywhere.
    file
        Name of the table.
    log
        Takes for each row ``candidate_elsewhere`` (farther than `ELSEWHERE_M` from every street: a
        fault) or ``candidate_off_streets`` (farther than ``limit``: a warning, left out).

    Returns
    -------
    geopandas.GeoDataFrame
        Rows within ``limit`` of a street, RangeIndex.
    """
    shapes = read.frame.geometry.to_numpy()
    inside = np.ones(len(shapes), bool) if extent is None else shapely.intersects(extent, shapes)
    frame, rows = read.frame[inside].reset_index(drop=True), read.rows[inside]
    metres = metres_to_streets(frame, streets)
    far, off = metres > ELSEWHERE_M, metres > limit
    for index in np.flatnonzero(far | off):
        code = "candidate_elsewhere" if far[index] else "candidate_off_streets"
        log.add(
            code, file=file, row=int(rows[index]), value=frame["id"].iloc[index],
            metres=f"{metres[index]:,.0f}", limit=f"{limit:g}",
            severity="fault" if far[index] else "warning",
        )  # fmt: skip
    return frame[~off].reset_index(drop=True)


def metres_to_streets(points: gpd.GeoDataFrame, streets: Streets) -> NDArray[np.float64]:
    """Return the metres from each point to the nearest street, in the streets' UTM zone (n,)."""
    owner = np.repeat(np.arange(streets.n_edges), np.diff(streets.edge_start))
    degrees = shapely.linestrings(np.column_stack([streets.lon, streets.lat]), indices=owner)
    lines = gpd.GeoSeries(degrees, crs=4326)
    plane = lines.estimate_utm_crs()
    tree = shapely.STRtree(lines.to_crs(plane).to_numpy())
    places = points.geometry.to_crs(plane).to_numpy()
    (_, _), metres = tree.query_nearest(places, return_distance=True, all_matches=False)
    return np.asarray(metres, dtype=np.float64)
