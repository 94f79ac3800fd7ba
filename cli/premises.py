"""Where the plan may open or upgrade an outlet: candidates, substandard outlets, ledger sites."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from quarterhour.data.area_labels import label_areas
from quarterhour.data.faults import FaultLog
from quarterhour.data.ledger import Ledger, fixed_sites, opened_outlets
from quarterhour.data.ledger_schema import UPGRADE

from .study_run import StudyRun

#: Statuses of a ledger whose sites are decided, but not open yet.
DECIDED = ("approved", "building")


@dataclass(frozen=True, slots=True, eq=False)
class Premises:
    """What the plan chooses from, and what stands already.

    Attributes
    ----------
    table
        Canonical candidates (EPSG:4326), those to be upgraded and ledger sites among them, with
        the column ``outlet``: id of the outlet to be upgraded, "" for a new site.
    standing
        Facilities that serve people before the plan: without the outlets to be upgraded, with
        those that the ledger says are open.
    fixed
        Sites the ledger has decided on: ``candidate, type, year`` (text, "" = any).
    dropped
        Sites the ledger has given up: ``candidate, type``; they are not proposed again.
    """

    table: gpd.GeoDataFrame
    standing: gpd.GeoDataFrame
    fixed: pd.DataFrame
    dropped: pd.DataFrame

    @property
    def upgrade(self) -> npt.NDArray[np.bool_]:
        """Which rows of the table are outlets to be upgraded (m,)."""
        return np.asarray((self.table["outlet"] != "").to_numpy(), bool)


def premises(run: StudyRun, types: tuple[str, ...], ledger: Ledger | None) -> Premises:
    """Return what the plan chooses from.

    Parameters
    ----------
    run
        The study.
    types
        Types planned.
    ledger
        Last year's, or None.
    """
    standing = run.inputs.facilities
    if ledger is not None:
        standing = opened_outlets(ledger.records, standing)
    parts = [_with_room(run.candidates, ledger).assign(outlet="")]
    if run.config.plan.upgrades.enabled:
        weak = (standing["status"] == "substandard") & standing["type"].isin(types)
        parts.append(_to_upgrade(run, standing[weak]))
        standing = standing[~weak].reset_index(drop=True)
    fixed = _of_ledger(ledger, DECIDED)
    known = {str(name) for part in parts for name in part["id"]}
    added = fixed[~fixed["candidate"].isin(known)]
    if len(added):
        parts.append(_ledger_sites(run, added))
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)
    there = fixed["candidate"].isin(table["id"])
    return Premises(table, standing, fixed[there], _of_ledger(ledger, ("dropped",)))


def _with_room(candidates: gpd.GeoDataFrame, ledger: Ledger | None) -> gpd.GeoDataFrame:
    """Return the candidates without the outlets that opened in them since; full ones go."""
    opened = _of_ledger(ledger, ("accepted",))["candidate"].value_counts()
    left = candidates["capacity"] - candidates["id"].map(opened).fillna(0).astype(np.int64)
    return candidates.assign(capacity=left)[left > 0].reset_index(drop=True)


def _to_upgrade(run: StudyRun, weak: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return substandard outlets as candidates for their own type."""
    rows = weak.reset_index(drop=True)
    table = gpd.GeoDataFrame(
        {
            "id": UPGRADE + rows["id"].astype(str),
            "name": rows["name"],
            "types": rows["type"],
            "area_m2": rows["area_m2"],
            "cost": run.config.plan.upgrades.cost or 0.0,
            "capacity": np.ones(len(rows), np.int64),
            "address": rows["address"],
            "outlet": rows["id"].astype(str),
        },
        geometry=rows.geometry,
        crs=rows.crs,
    )
    return label_areas(table, run.inputs.areas, log=FaultLog())


def _of_ledger(ledger: Ledger | None, statuses: Collection[str]) -> pd.DataFrame:
    """Return sites of a status with the id under which they stand among the candidates."""
    names = ["candidate", "type", "year", "name", "lon", "lat"]
    if ledger is None:
        return pd.DataFrame(columns=names)
    rows = fixed_sites(ledger, statuses=statuses)
    # A site that the bureau added itself is no candidate of the study: its ledger id stands in.
    ids = np.where(rows["candidate"] == "", rows["id"], rows["candidate"])
    years = rows["year"].astype("string").fillna("")
    return rows.assign(candidate=ids, year=years)[names]


def _ledger_sites(run: StudyRun, added: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the sites that stand in the ledger alone as candidates; those without a place go."""
    placed = added[added["lon"].notna() & added["lat"].notna()]
    kinds = placed.groupby("candidate", sort=False)["type"].agg(";".join)
    first = placed.drop_duplicates("candidate").set_index("candidate")
    table = gpd.GeoDataFrame(
        {
            "id": first.index.to_numpy(object),
            "name": first["name"].to_numpy(object),
            "types": kinds.loc[first.index].to_numpy(object),
            "area_m2": np.nan,
            "cost": 0.0,
            "capacity": kinds.loc[first.index].str.count(";").to_numpy(np.int64) + 1,
            "address": "",
            # An upgrade where upgrades are off counts as one all the same.
            "outlet": [_outlet_of(name) for name in first.index],
        },
        geometry=gpd.points_from_xy(first["lon"], first["lat"]),
        crs=4326,
    )
    return label_areas(table, run.inputs.areas, log=FaultLog())


def _outlet_of(candidate: str) -> str:
    return candidate.removeprefix(UPGRADE) if candidate.startswith(UPGRADE) else ""
