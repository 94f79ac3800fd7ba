"""The ledger (台账): what is planned, approved, built and open, kept with the bureau.

The workbook is written from the recorded state (`quarterhour.data.ledger_history`) and read back
by `quarterhour.data.ledger_read`; edited copies are brought together by
`quarterhour.data.ledger_merge`. This module says what a ledger means: which sites the plan
proposes, which ones the next plan must keep, which outlets are open, and how far the work is.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from .ledger_read import Ledger, read_ledger
from .ledger_schema import (
    AREA_COLUMNS,
    EXTRA,
    FIXED,
    NAMES,
    PENDING,
    UPGRADE,
    LedgerWords,
    Records,
    clean_text,
    ledger_words,
    number_text,
)

__all__ = [
    "FIXED", "Ledger", "LedgerWords", "Records", "fixed_sites", "is_late", "ledger_words",
    "opened_outlets", "progress_table", "read_ledger", "site_frame", "wanted_values",
]  # fmt: skip

#: Columns of `fixed_sites`.
_FIXED_COLUMNS: Final = (
    "candidate", "type", "year", "action", "status", "id", "name", "count", "lon", "lat",
)  # fmt: skip
#: Columns of `progress_table` that count outlets.
COUNTS: Final = (
    "target", "new", "upgraded", "done", "building", "approved", "proposed", "dropped", "late",
)  # fmt: skip


def fixed_sites(ledger: Ledger | Records, *, statuses: Collection[str] = FIXED) -> pd.DataFrame:
    """Return the sites that the next plan must keep: approved, building or accepted.

    Parameters
    ----------
    ledger
        A workbook as read, or the recorded state (`History.state`).
    statuses
        Which ones; ``("dropped",)`` gives those that were given up.

    Returns
    -------
    pandas.DataFrame
        ``candidate`` (id in the study's candidates, ``upgrade-<id>`` for an existing outlet, ""
        for a new site the bureau added itself), ``type``, ``year`` (text, "" = none),
        ``action`` (``new`` or ``upgrade``), ``status``, ``id``, ``name``, ``count`` (outlets,
        int), ``lon``, ``lat`` (WGS-84 degrees, NaN = none); in the order of the ledger,
        RangeIndex.
    """
    records = ledger.records if isinstance(ledger, Ledger) else ledger
    frame = site_frame({k: row for k, row in records.items() if row.get("status") in statuses})
    named = (frame["action"] == "upgrade") & (frame["candidate"] == "")
    frame["candidate"] = frame["candidate"].mask(named, UPGRADE + frame["id"])
    return frame[list(_FIXED_COLUMNS)]


def site_frame(records: Records) -> pd.DataFrame:
    """Return the ledger as a table: all columns, and those people added.

    Returns
    -------
    pandas.DataFrame
        ``id`` and the columns of the ledger; ``rank`` Int64, ``count`` int64 (1
        where none is given), ``lon``, ``lat`` and ``newly_covered`` float, the rest text.
    """
    extras = dict.fromkeys(c for row in records.values() for c in row if c.startswith(EXTRA))
    columns = [*NAMES, *extras]
    rows = [[key, *(row.get(c, "") for c in columns[1:])] for key, row in records.items()]
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    for column in ("lon", "lat", "newly_covered"):
        frame[column] = pd.to_numeric(frame[column].replace("", None)).astype("float64")
    for column in ("count", "rank"):
        frame[column] = pd.to_numeric(frame[column].replace("", None)).astype("Int64")
    frame["count"] = frame["count"].fillna(1).astype("int64")
    return frame


def wanted_values(
    sites: gpd.GeoDataFrame, gaps: pd.DataFrame | None, state: Records,
    edited: Collection[tuple[str, str]],
) -> Records:  # fmt: skip
    """Return what the plan says of each of its sites, and of those it no longer has.

    Parameters
    ----------
    sites
        Table ``sites`` of the stage ``plan`` (EPSG:4326): ``id, candidate, type`` and, where there
        are, ``name, address, district, street, community, count, rank, newly_covered, year,
        action``.
    gaps
        Table ``gaps`` of the stage ``measure``: who must act where. None: the street-town.
    state
        What is recorded.
    edited
        Cells that a person filled in: they keep their value.
    """
    acting = _acting(gaps)
    wanted: Records = {}
    for site in _site_rows(sites):
        key = _own_row(site, state)
        row = _from_plan(site, acting)
        if key:
            wanted[key] = {name: row[name] for name in ("rank", "newly_covered", "in_plan")}
            continue
        key = site["id"]
        if key in state:
            row.pop("status")
        wanted[key] = {c: v for c, v in row.items() if (key, c) not in edited}
    gone = {k: {"in_plan": "no"} for k, row in state.items() if k not in wanted
            and (row.get("candidate") or row.get("in_plan") == "yes")}  # fmt: skip
    return wanted | gone


def _own_row(site: Mapping[str, str], state: Records) -> str:
    """Return the id of the bureau's own row that the plan took over as a candidate, "" if none."""
    key = site["candidate"].removeprefix(UPGRADE)
    row = state.get(key, {})
    own = bool(row) and not row.get("candidate") and row.get("type") == site["type"]
    return key if own else ""


def _site_rows(sites: gpd.GeoDataFrame) -> list[dict[str, str]]:
    plain = pd.DataFrame(sites.drop(columns="geometry"))
    points = sites.geometry.to_crs(4326)
    plain = plain.assign(lon=np.round(points.x, 6), lat=np.round(points.y, 6))
    return [
        {str(k): "" if pd.isna(v) else clean_text(v) for k, v in row.items()}
        for row in plain.to_dict("records")
    ]


def _from_plan(site: Mapping[str, str], acting: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Return a row of the ledger as the plan has it."""
    year = site.get("year", "").removesuffix(".0")
    row = {name: site.get(name, "") for name in ("name", "type", "address", *AREA_COLUMNS)}
    numbers = ("lon", "lat", "rank", "newly_covered")
    place = "street" if site.get("street") else "district"
    return row | {name: number_text(site.get(name, "")) for name in numbers} | {
        "action": site.get("action") or "new",
        "year": year,
        "due": f"{year}-12-31" if re.fullmatch(r"20\d\d", year) else "",
        "level": acting.get((site.get("community", ""), site["type"]), place),
        "status": "proposed",
        "count": number_text(site.get("count", "")) or "1",
        "candidate": site["candidate"],
        "in_plan": "yes",
    }  # fmt: skip


def _acting(gaps: pd.DataFrame | None) -> dict[tuple[str, str], str]:
    """Return (community, type) -> level that must act there."""
    if gaps is None:
        return {}
    keys = zip(gaps["place"], gaps["type"], strict=True)
    return dict(zip(keys, gaps["act_level"], strict=True))


def opened_outlets(records: Records, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the outlets there are now: the existing ones and every accepted site.

    Parameters
    ----------
    records
        The recorded state.
    facilities
        Canonical facilities (EPSG:4326).

    Returns
    -------
    geopandas.GeoDataFrame
        ``facilities`` with the accepted new sites added as ``open``; an upgraded outlet is
        ``open``. A new site without a place is left out.
    """
    accepted = site_frame({k: r for k, r in records.items() if r.get("status") == "accepted"})
    upgraded = accepted[accepted["action"] == "upgrade"]
    ids = set(upgraded["id"]) | set(upgraded["candidate"].str.removeprefix(UPGRADE)) - {""}
    there = facilities.assign(
        status=facilities["status"].where(~facilities["id"].isin(ids), "open")
    )
    new = accepted[(accepted["action"] == "new") & accepted["lon"].notna()]
    new = new[~new["id"].isin(facilities["id"])]
    points = gpd.points_from_xy(new["lon"], new["lat"])
    more = gpd.GeoDataFrame(
        {"id": new["id"], "name": new["name"], "type": new["type"], "status": "open",
         "area_m2": np.nan, "capacity": np.nan, "hours": "", "address": new["address"]},
        geometry=points, crs=4326,
    )  # fmt: skip
    whole = pd.concat([there, more.to_crs(facilities.crs)], ignore_index=True)
    return gpd.GeoDataFrame(whole, crs=facilities.crs)


def is_late(row: Mapping[str, str], today: dt.date) -> bool:
    """Tell whether a site was due before today and is neither open nor given up."""
    due = row.get("due", "")
    return bool(due) and due < today.isoformat() and row.get("status") in PENDING


def progress_table(
    records: Records, *, level: str, today: dt.date, types: Collection[str]
) -> pd.DataFrame:
    """Count what is done, by area and type.

    Definitions. ``target``: outlets of the present plan, and those of earlier plans that are
    accepted (a plan made since takes them for existing ones); ``new``, ``upgraded``: outlets
    accepted, those the bureau added itself included; ``done = new + upgraded``;
    ``rate = done / target``. ``late``: due before today, neither accepted nor dropped.

    Parameters
    ----------
    records
        The recorded state.
    level
        ``district`` or ``street``: the area column to count by.
    today
        Day for which lateness is judged.
    types
        Types in the order of the table.

    Returns
    -------
    pandas.DataFrame
        ``area`` (id; "" for the whole city and for sites in no area), ``whole`` (bool: the row of
        the city), ``type`` ("" = all), the counts (outlets) and ``rate`` (NaN without a target).
        First the city, then each area; in each all types together, then each type that it has.
    """
    frame = site_frame(records)
    frame["late"] = [is_late(row, today) for row in records.values()]
    blocks = [("", True, frame)]
    blocks += [(str(area), False, part) for area, part in frame.groupby(level, sort=True)]
    rows: list[dict[str, object]] = []
    for area, whole, part in blocks:
        rows.append({"area": area, "whole": whole, "type": "", **_counts(part)})
        rows += [
            {"area": area, "whole": whole, "type": kind, **_counts(part[part["type"] == kind])}
            for kind in types
            if (part["type"] == kind).any()
        ]
    table = pd.DataFrame(rows)
    target = table["target"].to_numpy(float)
    rate = np.full(len(table), np.nan)
    np.divide(table["done"].to_numpy(float), target, out=rate, where=target > 0)
    return table.assign(rate=rate)


def _counts(part: pd.DataFrame) -> dict[str, int]:
    """Return the outlets of a part by what became of them."""
    count = part["count"].to_numpy(np.int64)
    accepted = (part["status"] == "accepted").to_numpy()
    upgrade = (part["action"] == "upgrade").to_numpy()
    which = {
        "target": (part["in_plan"] == "yes").to_numpy()
        | (accepted & (part["candidate"] != "").to_numpy()),
        "new": accepted & ~upgrade,
        "upgraded": accepted & upgrade,
        "done": accepted,
        **{s: (part["status"] == s).to_numpy() for s in (*PENDING, "dropped")},
        "late": part["late"].to_numpy(bool),
    }
    return {name: int(count[which[name]].sum()) for name in COUNTS}
