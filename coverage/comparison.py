"""Two studies or years side by side: what closed, what opened, what was only re-measured.

**Outlets.** An outlet of the second study is *kept* when the first has one with the same id and
type, or, for those left over, one of the same type within ``same_place`` metres (nearest pairs
first): then it was only recorded anew. The rest of the second are *opened*, of the first *closed*.

**Residents.** For every residential point in both studies with residents *r* (before) and *r'*
(after), and *c*, *c'* = 1 where covered, else 0::

    r' c' - r c = r' (c' - c) + (r' - r) c

so that the change of covered residents is the sum of these parts, to the last person:

- ``gained_by_opening``: gap -> covered, and the nearest outlet now is an opened one;
- ``lost_by_closing``: covered -> gap, and the nearest outlet before is a closed one (negative);
- ``remeasured``: every other change of state - streets, positions, thresholds, missing data;
- ``moved``: the point was covered before and has more or fewer residents now;
- ``points``: points that are in one study only.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]

#: Parts of the change of covered residents; they sum to ``change``.
PARTS = ("gained_by_opening", "lost_by_closing", "remeasured", "moved", "points")

#: Columns of `compare_coverage` with their units.
COMPARISON_UNITS = {
    "level": "",
    "area": "id",
    "type": "id",
    "residents_before": "persons",
    "residents_after": "persons",
    "covered_before": "persons",
    "covered_after": "persons",
    "change": "persons",
    **dict.fromkeys(PARTS, "persons"),
}

#: Columns of `compare_gaps` with their units.
GAP_CHANGE_UNITS = {
    "change": "closed, opened, smaller, larger or same",
    "cause": "outlets, remeasured or residents",
    "id": "id",
    "place": "id",
    "place_name": "",
    "type": "id",
    "residents_before": "persons",
    "residents_after": "persons",
    "by_outlets": "persons",
}


def compare_outlets(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, *, same_place: float = 30.0
) -> gpd.GeoDataFrame:
    """Say of every outlet of either study whether it opened, closed or was kept.

    Parameters
    ----------
    before, after
        Existing outlets (canonical facilities, EPSG:4326).
    same_place
        Outlets of one type this near (m) are the same one under another id.

    Returns
    -------
    geopandas.GeoDataFrame
        ``change`` (opened, closed, kept), ``type, id_before, id_after, name, moved`` (m, NaN but
        for kept ones), ``geometry`` (the newest known, EPSG:4326).
    """
    pairs = _same(before, after, same_place)
    old = {i for i, _ in pairs}
    new = {j for _, j in pairs}
    rows = [*((i, j) for i, j in pairs), *((i, -1) for i in range(len(before)) if i not in old)]
    rows += [(-1, j) for j in range(len(after)) if j not in new]
    here, there = _xy(before, after)
    records = []
    for i, j in rows:
        frame, at = (after, j) if j >= 0 else (before, i)
        records.append(
            {
                "change": "kept" if i >= 0 and j >= 0 else "opened" if j >= 0 else "closed",
                "type": frame["type"].iloc[at],
                "id_before": before["id"].iloc[i] if i >= 0 else "",
                "id_after": after["id"].iloc[j] if j >= 0 else "",
                "name": frame["name"].iloc[at],
                "moved": float(np.hypot(*(here[i] - there[j]))) if i >= 0 and j >= 0 else np.nan,
                "geometry": frame.geometry.iloc[at],
            }
        )
    columns = ["change", "type", "id_before", "id_after", "name", "moved", "geometry"]
    table = gpd.GeoDataFrame(pd.DataFrame(records, columns=columns), crs=after.crs)
    return table.sort_values(["change", "type", "id_after", "id_before"]).reset_index(drop=True)


def _same(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, same_place: float
) -> list[tuple[int, int]]:
    """Return row pairs of the same outlet: by id and type, then by place, nearest first."""
    keys = {key: row for row, key in enumerate(zip(before["id"], before["type"], strict=True))}
    pairs = [
        (keys[key], row)
        for row, key in enumerate(zip(after["id"], after["type"], strict=True))
        if key in keys
    ]
    old, new = {i for i, _ in pairs}, {j for _, j in pairs}
    here, there = _xy(before, after)
    near = []
    for kind in sorted(set(before["type"]) & set(after["type"])):
        left = [i for i in np.flatnonzero(before["type"] == kind) if i not in old]
        right = [j for j in np.flatnonzero(after["type"] == kind) if j not in new]
        if left and right:
            found = cKDTree(here[left]).sparse_distance_matrix(
                cKDTree(there[right]), same_place, output_type="ndarray"
            )
            near += [(float(d), int(left[i]), int(right[j])) for i, j, d in found.tolist()]
    for _, i, j in sorted(near):
        if i not in old and j not in new:
            pairs.append((i, j))
            old.add(i)
            new.add(j)
    return sorted(pairs)


def _xy(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    whole = after if len(after) else before
    crs = whole.estimate_utm_crs() if len(whole) else "EPSG:32650"
    planes = (frame.geometry.to_crs(crs) for frame in (before, after))
    here, there = (np.column_stack([plane.x, plane.y]) for plane in planes)
    return here, there


def compare_points(
    before: pd.DataFrame, after: pd.DataFrame, outlets: pd.DataFrame, types: tuple[str, ...]
) -> pd.DataFrame:
    """Account for the change of covered residents at every residential point.

    Parameters
    ----------
    before, after
        From `quarterhour.coverage.summary.point_table`; points are matched by ``id``.
    outlets
        From `compare_outlets`.
    types
        Types in both studies; ``circle`` is added.

    Returns
    -------
    pandas.DataFrame
        One row a (point, type): ``id, type, community, street, district`` (the newest known),
        ``state_before, state_after`` ("" where the point is not in that study), ``cause`` (opening,
        closing, remeasured, ""), ``residents_before, residents_after, covered_before,
        covered_after, gap_before, gap_after`` (persons) and `PARTS`, whose sum is
        ``covered_after - covered_before``. Points without a residents figure add nothing.
    """
    opened = set(outlets.loc[outlets["change"] == "opened", "id_after"])
    closed = set(outlets.loc[outlets["change"] == "closed", "id_before"])
    both = _joined(before, after)
    return pd.concat(
        [_account(both, kind, opened, closed) for kind in (*types, "circle")], ignore_index=True
    )


def _joined(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return both tables side by side by ``id``, every column with ``_before`` or ``_after``."""
    sides = (before, "_before"), (after, "_after")
    return pd.concat(
        [pd.DataFrame(side.set_index("id")).add_suffix(word) for side, word in sides], axis=1
    ).sort_index()


def _account(both: pd.DataFrame, kind: str, opened: set[str], closed: set[str]) -> pd.DataFrame:
    state = "circle" if kind == "circle" else f"{kind}_state"
    old, new = both[f"{state}_before"], both[f"{state}_after"]
    r0, r1 = (both[f"residents_{when}"].fillna(0.0) for when in ("before", "after"))
    c0, c1 = ((side == "covered").astype(float) for side in (old, new))
    here = old.notna() & new.notna()
    turned = r1 * (c1 - c0) * here
    gained = (old == "gap") & (new == "covered") & _by(both, kind, "after", opened)
    lost = (old == "covered") & (new == "gap") & _by(both, kind, "before", closed)
    labels = {
        level: both[f"{level}_after"].where(new.notna(), both[f"{level}_before"])
        for level in ("community", "street", "district")
    }
    cause = np.select([gained, lost, old.ne(new)], ["opening", "closing", "remeasured"], "")
    return pd.DataFrame(
        {
            "id": both.index.to_numpy(object),
            "type": kind,
            **{level: values.to_numpy(object) for level, values in labels.items()},
            "state_before": old.fillna("").to_numpy(object),
            "state_after": new.fillna("").to_numpy(object),
            "cause": cause.astype(object),
            "residents_before": r0.to_numpy(),
            "residents_after": r1.to_numpy(),
            "covered_before": (r0 * c0).to_numpy(),
            "covered_after": (r1 * c1).to_numpy(),
            "gap_before": (r0 * (old == "gap")).to_numpy(),
            "gap_after": (r1 * (new == "gap")).to_numpy(),
            "gained_by_opening": (turned * gained).to_numpy(),
            "lost_by_closing": (turned * lost).to_numpy(),
            "remeasured": (turned * ~(gained | lost)).to_numpy(),
            "moved": ((r1 - r0) * c0 * here).to_numpy(),
            "points": ((r1 * c1 - r0 * c0) * ~here).to_numpy(),
        }
    )


def _by(both: pd.DataFrame, kind: str, when: str, outlets: set[str]) -> pd.Series[bool]:
    """Return where the nearest outlet is among those given; of a circle, that of any type."""
    columns = [
        column
        for column in both.columns
        if column.endswith(f"_outlet_{when}")
        and kind in ("circle", column[: -len(f"_outlet_{when}")])
    ]
    found = pd.Series(False, index=both.index)
    for column in columns:
        changed = both[column].isin(outlets)
        if kind == "circle":
            name = column.removesuffix(f"_outlet_{when}")
            changed &= both[f"{name}_state_before"] != both[f"{name}_state_after"]
        found |= changed
    return found


def compare_coverage(points: pd.DataFrame) -> pd.DataFrame:
    """Sum the accounts of the points by level, area and type.

    Parameters
    ----------
    points
        From `compare_points`.

    Returns
    -------
    pandas.DataFrame
        Columns as in `COMPARISON_UNITS`.
    """
    sums = ["residents_before", "residents_after", "covered_before", "covered_after", *PARTS]
    parts = []
    for level in ("city", "district", "street", "community"):
        area = points[level] if level != "city" else pd.Series("", index=points.index)
        keys = [area.fillna("").rename("area"), points["type"]]
        table = points.groupby(keys, sort=False)[sums].sum().reset_index()
        parts.append(table.assign(level=level))
    whole = pd.concat(parts, ignore_index=True)
    whole["change"] = whole["covered_after"] - whole["covered_before"]
    return whole[list(COMPARISON_UNITS)]


def compare_gaps(before: pd.DataFrame, after: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Say of every gap record of either study what became of it.

    Parameters
    ----------
    before, after
        From `quarterhour.coverage.gaps.gap_list`; records are matched by id.
    points
        From `compare_points`.

    Returns
    -------
    pandas.DataFrame
        Columns as in `GAP_CHANGE_UNITS`. ``cause`` is *outlets* when a point of the community
        gained or lost the type by an outlet that opened or closed (``by_outlets``: net residents);
        else *remeasured* when any state changed there; else *residents*. It is "" where nothing
        changed and for clusters outside communities.
    """
    columns = ["place", "place_name", "type", "residents"]
    both = _joined(before[["id", *columns]], after[["id", *columns]])
    table = pd.DataFrame({
        name: both[f"{name}_after"].where(both[f"{name}_after"].notna(), both[f"{name}_before"])
        for name in ("place", "place_name", "type")
    })  # fmt: skip
    old, new = both["residents_before"], both["residents_after"]
    table["residents_before"], table["residents_after"] = old.fillna(0.0), new.fillna(0.0)
    causes = _causes(points)
    rows = [
        _gap_change(old_one, new_one, causes, (place, kind))
        for old_one, new_one, place, kind in zip(
            old, new, table["place"], table["type"], strict=True
        )
    ]
    said = pd.DataFrame(rows, columns=["change", "cause", "by_outlets"], index=table.index)
    joined = pd.concat([said, table], axis=1).rename_axis("id").reset_index()
    return joined.sort_values(["change", "id"])[list(GAP_CHANGE_UNITS)].reset_index(drop=True)


def _causes(points: pd.DataFrame) -> dict[tuple[str, str], tuple[str, float]]:
    """Return (community, type) -> why its gap changed, and the net persons by outlets."""
    by = points["gained_by_opening"] + points["lost_by_closing"]
    found: dict[tuple[str, str], tuple[str, float]] = {}
    for keys, rows in points.assign(by=by).groupby(["community", "type"])[["cause", "by"]]:
        said = set(rows["cause"])
        cause = "outlets" if said & {"opening", "closing"} else "residents"
        cause = "remeasured" if cause == "residents" and "remeasured" in said else cause
        found[str(keys[0]), str(keys[1])] = cause, float(rows["by"].sum())
    return found


def _gap_change(
    old: float,
    new: float,
    causes: dict[tuple[str, str], tuple[str, float]],
    key: tuple[str, str],
) -> tuple[str, str, float]:
    if np.isnan(new):
        change = "closed"
    elif np.isnan(old):
        change = "opened"
    elif new == old:
        return "same", "", 0.0
    else:
        change = "smaller" if new < old else "larger"
    return change, *causes.get(key, ("", 0.0))
