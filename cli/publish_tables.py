"""The result tables of a study that may be published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq

from quarterhour.data.faults import FaultLog
from quarterhour.data.study import STUDY_FILE, StudyConfig

from .stages import RESULTS, StageRecord


def public_tables(
    config: StudyConfig, folder: Path, records: Sequence[StageRecord], log: FaultLog
) -> dict[str, pd.DataFrame]:
    """Return every result table that the study does not keep private, by name."""
    names = [
        name.removesuffix(".parquet")
        for record in records
        for name in record.outputs
        if name.endswith(".parquet")
    ]
    tables = {name: _read(folder / RESULTS / f"{name}.parquet") for name in names}
    private = config.publish.private
    known = sorted(tables)
    for entry in private:
        name, _, column = entry.partition(".")
        if name not in tables or (column and column not in tables[name].columns):
            log.add("publish_unknown_private", file=STUDY_FILE, column="publish.private",
                    value=entry, known=", ".join(known))  # fmt: skip
    log.raise_if_any()
    return {
        name: without_columns(table, name, private)
        for name, table in tables.items()
        if name not in private
    }


def without_columns(table: pd.DataFrame, name: str, private: tuple[str, ...]) -> pd.DataFrame:
    """Return a table without the columns that ``private`` names as ``table.column``."""
    hidden = [c for c in table.columns if f"{name}.{c}" in private]
    if isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name in hidden:
        return pd.DataFrame(table.drop(columns=hidden))
    return table.drop(columns=hidden)


def _read(path: Path) -> pd.DataFrame:
    """Return a Parquet table, with geometry where it has one."""
    spatial = b"geo" in (pq.read_schema(path).metadata or {})
    return gpd.read_parquet(path) if spatial else pd.read_parquet(path)
