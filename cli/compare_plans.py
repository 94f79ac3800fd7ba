"""The part of ``quarterhour compare`` that is about plans: what stayed, moved, came and went."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from quarterhour.data.progress import silent
from quarterhour.data.study import study_file
from quarterhour.optimize.plan_changes import nearest_pairs

from . import plan_stage
from .console import Screen
from .stages import RESULTS, StageRecord, is_fresh, read_record
from .study_run import open_study

#: What may become of an outlet.
CHANGES = ("kept", "moved", "dropped", "gained")


def compare_plans(before: Path, after: Path, screen: Screen) -> dict[str, pd.DataFrame]:
    """Compare the plans of two studies where both are up to date.

    Returns
    -------
    dict
        ``plan_change`` (one row an outlet of either plan) and ``plan_coverage`` (covered residents
        by type after each plan); empty where a study has no plan of its present inputs.
    """
    records = [_record(study, screen) for study in (before, after)]
    old, new = records
    if old is None or new is None:
        return {}
    sites = [
        gpd.read_parquet(study_file(study).parent / RESULTS / "sites.parquet")
        for study in (before, after)
    ]
    found = {"plan_change": site_changes(*sites), "plan_coverage": _coverage(old, new)}
    _show(found["plan_change"], old, new, screen)
    return found


def _record(study: Path, screen: Screen) -> StageRecord | None:
    """Return the record of a plan that is up to date; say where there is an old one only."""
    run = open_study(study, silent)
    if read_record(run.results, "plan") is None:
        return None
    record = is_fresh(run.results, "plan", plan_stage.key(run))
    if record is None:
        screen.say("compare.plan_old", study=study)
    return record


def site_changes(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what became of each outlet.

    An outlet of the same id is *kept*. Of the rest, one of the first plan and one of the second of
    the same type near each other are one outlet that *moved*, paired as
    `quarterhour.optimize.plan_changes` does; what remains is *dropped* or *gained*.

    Returns
    -------
    geopandas.GeoDataFrame
        ``change, type, site_before, site_after, year_before, year_after, metres,
        newly_covered_before, newly_covered_after, geometry`` (of the second plan where it is in
        it; EPSG:4326).
    """
    old, new = (table.set_index("id") for table in (before, after))
    kept = [site for site in old.index if site in new.index]
    gone, come = old.drop(index=kept), new.drop(index=kept)
    moved = _moved(gone, come)
    paired = {one for one, _, _ in moved}, {other for _, other, _ in moved}
    rows = [_row("kept", old, new, site, site, 0.0) for site in kept]
    rows += [_row("moved", old, new, one, other, metres) for one, other, metres in moved]
    rows += [_row("dropped", old, new, site, "", np.nan) for site in gone.index
             if site not in paired[0]]  # fmt: skip
    rows += [_row("gained", old, new, "", site, np.nan) for site in come.index
             if site not in paired[1]]  # fmt: skip
    columns = [
        "change", "type", "site_before", "site_after", "year_before", "year_after", "metres",
        "newly_covered_before", "newly_covered_after", "geometry",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=after.crs)


def _moved(gone: gpd.GeoDataFrame, come: gpd.GeoDataFrame) -> list[tuple[str, str, float]]:
    """Return pairs of outlets of one type with their distance, m."""
    if gone.empty or come.empty:
        return []
    plane = come.estimate_utm_crs()
    here, there = gone.to_crs(plane), come.to_crs(plane)
    found = []
    for kind in sorted(set(here["type"]) & set(there["type"])):
        left, new = here[here["type"] == kind], there[there["type"] == kind]
        apart = shapely.distance(left.geometry.to_numpy()[:, None], new.geometry.to_numpy())
        found += [
            (str(left.index[one]), str(new.index[other]), round(float(apart[one, other]), 1))
            for one, other in nearest_pairs(apart)
        ]
    return found


def _row(
    change: str, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, one: str, other: str, metres: float
) -> dict[str, object]:
    was, is_now = (old.loc[one] if one else None), (new.loc[other] if other else None)
    here = was if is_now is None else is_now
    assert here is not None  # noqa: S101 - a change is about one outlet at least
    return {
        "change": change, "type": here["type"], "site_before": one, "site_after": other,
        "year_before": "" if was is None else was["year"],
        "year_after": "" if is_now is None else is_now["year"],
        "metres": metres,
        "newly_covered_before": np.nan if was is None else was["newly_covered"],
        "newly_covered_after": np.nan if is_now is None else is_now["newly_covered"],
        "geometry": here.geometry,
    }  # fmt: skip


def _coverage(old: StageRecord, new: StageRecord) -> pd.DataFrame:
    """Return residents covered after each plan, by type and for the full circle."""
    first, second = ({**r.facts["types"], "circle": r.facts["circle"]} for r in (old, new))
    rows = [
        {
            "type": kind,
            "covered_before": first[kind]["covered"], "covered_after": second[kind]["covered"],
            "change": second[kind]["covered"] - first[kind]["covered"],
            "share_before": first[kind]["share"], "share_after": second[kind]["share"],
        }
        for kind in second
        if kind in first
    ]  # fmt: skip
    columns = ["type", "covered_before", "covered_after", "change", "share_before", "share_after"]
    return pd.DataFrame(rows, columns=columns)


def _show(sites: pd.DataFrame, old: StageRecord, new: StageRecord, screen: Screen) -> None:
    counts = sites["change"].value_counts()
    screen.say("compare.plan_sites", **{name: int(counts.get(name, 0)) for name in CHANGES})
    screen.say(
        "compare.plan_covered",
        before=f"{sum(old.facts['newly_covered'].values()):,.0f}",
        after=f"{sum(new.facts['newly_covered'].values()):,.0f}",
        circle_before=f"{old.facts['circle']['covered']:,.0f}",
        circle_after=f"{new.facts['circle']['covered']:,.0f}",
    )
