# ruff: noqa: S608 - all names in these statements are quoted by the dialect
"""Results into PostGIS: one schema, one transaction, every row marked with its run."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .faults import FaultLog
from .output_files import cell_value
from .postgis import connection, reason
from .secrets import without_password

#: Column that says which run a row belongs to.
RUN = "run"

#: Key of the advisory lock under which a schema is written: two publishers wait for each other.
_LOCK = 7_154_215

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

#: Longest name of a PostgreSQL identifier, bytes.
_MOST = 63


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published.

    Attributes
    ----------
    study
        Name of the study.
    key
        Identity of the run: publishing it again replaces its rows.
    version
        Of quarterhour.
    facts
        Figures and sources of the run, JSON types.
    tables
        Table name -> rows; geometry in EPSG:4326.
    """

    study: str
    key: str
    version: str
    facts: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


def write_database(
    address: str, publication: Publication, *, schema: str, log: FaultLog
) -> int | None:
    """Write a run into a schema, all of it or nothing.

    Parameters
    ----------
    address
        Of the database, see `quarterhour.data.postgis.connection`.
    publication
        The run.
    schema
        Created where it is missing. It gets a table ``runs``, a table for each of
        ``publication.tables`` with the columns ``fid`` (primary key, for QGIS) and ``run``
        (foreign key), and a view ``latest_<table>`` of the newest run of each study. Columns that
        a newer version adds are added; none is ever dropped.
    log
        Takes the faults of `connection`, ``publish_no_schema_name`` and ``database_refused``.

    Returns
    -------
    int or None
        The run's number; None where there was a fault, and then nothing has changed.
    """
    if not _NAME.fullmatch(schema):
        log.add("publish_no_schema_name", column="--schema", value=schema)
        return None
    shown = without_password(address)
    number: int | None = None
    try:
        with connection(address, log=log, column="--to") as opened:
            if opened is not None:
                number = _Writer(opened, schema).write(publication)
    except Exception as error:
        if not _from_database(error):
            raise
        log.add("database_refused", file=shown, column="--to", detail=reason(error))
        return None
    return number


def _from_database(error: Exception) -> bool:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - an optional extra, there by now

    return isinstance(error, SQLAlchemyError) or type(error).__module__.startswith("pg8000")


class _Writer:
    """Writes one run through one connection."""

    def __init__(self, opened: Any, schema: str) -> None:
        self.opened = opened
        self.schema = schema
        self._quote = opened.dialect.identifier_preparer.quote_identifier

    def run(self, statement: str, **values: object) -> Any:
        from sqlalchemy import text  # noqa: PLC0415 - as above

        return self.opened.execute(text(statement), values)

    def define(self, statement: str) -> None:
        """Run a statement that holds names but no values: a colon in a name is only a colon."""
        self.run(statement.replace(":", r"\:"))

    def named(self, table: str) -> str:
        return f"{self._quote(self.schema)}.{self._quote(_short(table))}"

    def write(self, publication: Publication) -> int:
        self.run("select pg_advisory_xact_lock(:key)", key=_LOCK)
        self.define(f"create schema if not exists {self._quote(self.schema)}")
        self.define(_RUNS.format(runs=self.named("runs")))
        self.run(f"delete from {self.named('runs')} where key = :key", key=publication.key)
        number = int(
            self.run(
                f"insert into {self.named('runs')} (study, key, version, facts) "
                "values (:study, :key, :version, cast(:facts as jsonb)) returning run",
                study=publication.study, key=publication.key, version=publication.version,
                facts=json.dumps(publication.facts, ensure_ascii=False, allow_nan=False),
            ).scalar_one()
        )  # fmt: skip
        for name, frame in publication.tables.items():
            self._table(name, frame, number)
        return number

    def _table(self, name: str, frame: pd.DataFrame, number: int) -> None:
        columns = _columns(frame)
        target, runs = self.named(name), self.named("runs")
        self.define(_TABLE.format(table=target, runs=runs))
        for column, kind in columns.items():
            self.define(
                f"alter table {target} add column if not exists {self._quote(column)} {kind}"
            )
        if "geometry" in columns:
            index = self._quote(_short(f"{name}_geometry"))
            self.define(f"create index if not exists {index} on {target} using gist (geometry)")
        self._view(name, target, runs)
        self._copy(target, frame, list(columns), number)

    def _view(self, name: str, target: str, runs: str) -> None:
        """Make or widen the view of the newest runs: columns that were added come last."""
        view = self.named(f"latest_{name}")
        self.define(
            f"create or replace view {view} as "
            f"select r.study, t.* from {target} t join {runs} r using (run) "
            f"where r.run = (select max(n.run) from {runs} n where n.study = r.study)"
        )

    def _copy(self, target: str, frame: pd.DataFrame, columns: list[str], number: int) -> None:
        names = ", ".join(map(self._quote, [RUN, *columns]))
        cursor = self.opened.connection.cursor()
        statement = f"copy {target} ({names}) from stdin with (format csv, null '\\N')"
        cursor.execute(statement, stream=_rows(frame, number))


_RUNS = """
create table if not exists {runs} (
    run bigint generated always as identity primary key, study text not null,
    key text not null unique, version text not null,
    published timestamptz not null default now(), facts jsonb not null)
"""

_TABLE = """
create table if not exists {table} (
    fid bigint generated always as identity primary key,
    run bigint not null references {runs} (run) on delete cascade)
"""


def _short(name: str) -> str:
    """Return a name cut to what PostgreSQL keeps of it."""
    return name.encode()[:_MOST].decode("utf-8", "ignore")


def _columns(frame: pd.DataFrame) -> dict[str, str]:
    """Return the column names and their PostgreSQL types, in the order of the frame."""
    taken = {"fid", RUN}
    columns = {}
    for position, (name, dtype) in enumerate(frame.dtypes.items()):
        plain = _short("geometry" if _is_geometry(dtype) else str(name))
        while plain in taken:
            plain = _short(f"{plain[: _MOST - 4]}_{position}")
        taken.add(plain)
        columns[plain] = _kind(dtype)
    return columns


def _is_geometry(dtype: object) -> bool:
    return isinstance(dtype, gpd.array.GeometryDtype)


def _kind(dtype: Any) -> str:
    if _is_geometry(dtype):
        return "geometry(Geometry, 4326)"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_integer_dtype(dtype):
        return "bigint"
    if pd.api.types.is_float_dtype(dtype):
        return "double precision"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "timestamptz"
    return "text"


def _rows(frame: pd.DataFrame, number: int) -> io.BytesIO:
    r"""Return the rows as CSV for COPY: a missing value is a bare \N, text is always quoted."""
    cells = [_cells(frame.iloc[:, position]) for position in range(frame.shape[1])]
    rows = zip(*cells, strict=True) if cells else ((),) * len(frame)
    lines = (",".join([str(number), *map(_field, row)]) for row in rows)
    return io.BytesIO("".join(f"{line}\n" for line in lines).encode())


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _cells(column: pd.Series[Any]) -> list[object]:
    if _is_geometry(column.dtype):
        shapes = gpd.GeoSeries(column).to_crs(4326).to_numpy()
        marked = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
        return [*marked]
    return [_cell(value) for value in column.to_numpy(dtype=object)]


def _cell(value: object) -> object:
    if isinstance(value, list | tuple | np.ndarray | dict):
        plain = value.tolist() if isinstance(value, np.ndarray) else value
        return json.dumps(plain, ensure_ascii=False, default=str)
    plain = cell_value(value)
    return plain.replace("\0", "") if isinstance(plain, str) else plain
