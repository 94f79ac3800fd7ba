# ruff: noqa: S608 - the names in these queries come from the catalogue and are quoted
"""Tables in a PostGIS database: addresses without passwords, reading, and a fingerprint.

A study may name ``postgresql://user@host/database`` as the ``file`` of a table, with
``layer = "schema.table"``. The password belongs into ``PGPASSWORD`` or ``~/.pgpass``, though one in
the address works too; it is never shown.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .faults import FaultLog
from .secrets import password_of, split_table, without_password
from .tables_geo import Layer

DEFAULT_PORT = 5432

#: Seconds to wait for the server to answer.
CONNECT_TIMEOUT = 10


@contextmanager
def connection(address: str, *, log: FaultLog, column: str = "file") -> Iterator[Any | None]:
    """Yield a SQLAlchemy connection in one transaction, or None with the fault in ``log``.

    Parameters
    ----------
    address
        ``postgresql://user:password@host:port/database``; all but the scheme may be left out as
        with libpq (``PGHOST``, ``PGPORT``, ``PGUSER``, ``PGPASSWORD``, ``PGDATABASE``,
        ``~/.pgpass``).
    log
        Takes ``database_library`` (the extra ``postgis`` is missing) and ``database_unreachable``.
    column
        The option that holds the address, for faults.

    Yields
    ------
    sqlalchemy.Connection or None
        Committed at the end of the block, rolled back on an exception.
    """
    shown = without_password(address)
    try:
        import sqlalchemy  # noqa: PLC0415 - an optional extra, loaded when a database is named
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - as above

        engine = sqlalchemy.create_engine(
            _engine_url(sqlalchemy, address), connect_args={"timeout": CONNECT_TIMEOUT}
        )
    except ImportError as error:
        log.add("database_library", file=shown, column=column, detail=error.name)
        yield None
        return
    except (ValueError, SQLAlchemyError) as error:
        log.add("database_address", file=shown, column=column, detail=reason(error))
        yield None
        return
    try:
        opened = engine.connect()
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        log.add("database_unreachable", file=shown, column=column, detail=reason(error))
        yield None
        return
    try:
        with opened, opened.begin():
            _no_timeout(opened)
            yield opened
    finally:
        engine.dispose()


def _no_timeout(opened: Any) -> None:
    """Let statements take their time: the driver keeps the limit meant for connecting."""
    socket = getattr(opened.connection.dbapi_connection, "_usock", None)
    if socket is not None:
        socket.settimeout(None)


def _engine_url(sqlalchemy: Any, address: str) -> Any:
    parts = urlsplit(address)
    user = unquote(parts.username or os.environ.get("PGUSER") or _login())
    host = parts.hostname or os.environ.get("PGHOST") or "localhost"
    port = parts.port or int(os.environ.get("PGPORT") or DEFAULT_PORT)
    database = unquote(parts.path.strip("/")) or os.environ.get("PGDATABASE") or user
    password = unquote(parts.password) if parts.password else password_of(address)
    password = (
        password or os.environ.get("PGPASSWORD") or _from_passfile(host, port, database, user)
    )
    return sqlalchemy.URL.create(
        "postgresql+pg8000", user, password or None, host, port, database
    )  # fmt: skip


def _login() -> str:
    return os.environ.get("USER") or os.environ.get("USERNAME") or "postgres"


def _from_passfile(host: str, port: int, database: str, user: str) -> str:
    """Return the password of the first fitting line of ``~/.pgpass`` (PostgreSQL manual, 34.16)."""
    path = Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    wanted = (host, str(port), database, user)
    for line in lines:
        fields = [re.sub(r"\\(.)", r"\1", f) for f in re.split(r"(?<!\\):", line.strip())]
        if len(fields) == 5 and all(f in {"*", w} for f, w in zip(fields, wanted, strict=False)):
            return fields[4]
    return ""


def reason(error: Exception) -> str:
    """Return the server's own words on one line, without passwords or SQL."""
    cause = getattr(error, "orig", None) or error
    found = cause.args[0] if cause.args else cause
    text = str(found.get("M", found)) if isinstance(found, dict) else str(found)
    return without_password(" ".join(text.split()))[:300]


def read_database(
    address: str, table: str | None, *, log: FaultLog, file: str
) -> tuple[Layer, str] | None:
    """Read one table or view of a PostGIS database.

    Parameters
    ----------
    address
        Of the database, see `connection`; ``#schema.table`` behind it names the table as well.
    table
        ``schema.table`` or ``table`` (then in the search path).
    log
        Takes the faults of `connection` and ``database_no_table``, ``database_choose_table``,
        ``database_refused``, ``database_mixed_srid``.
    file
        Name for the faults.

    Returns
    -------
    (Layer, str) or None
        The table, rows ordered by its primary key where there is one, and the SHA-256 of its rows.
    """
    address, named = split_table(address)
    table = table or named
    with connection(address, log=log) as opened:
        if opened is None:
            return None
        import sqlalchemy  # noqa: PLC0415 - an optional extra; `connection` has said if missing

        name = _table_name(sqlalchemy, opened, table, log, file)
        if name is None:
            return None
        try:
            frame = _frame(sqlalchemy, opened, name)
            mark = _fingerprint(sqlalchemy, opened, name)
        except sqlalchemy.exc.SQLAlchemyError as error:
            log.add("database_refused", file=file, value=table, detail=reason(error))
            return None
    found = _with_geometry(frame, log, file)
    return None if found is None else (Layer(found, "utf-8", table), mark)


def fingerprint(address: str, table: str | None) -> str:
    """Return the SHA-256 that `read_database` gives for the rows as they are now, "" if unread."""
    log = FaultLog()
    address, named = split_table(address)
    table = table or named
    with connection(address, log=log) as opened:
        if opened is None:
            return ""
        import sqlalchemy  # noqa: PLC0415 - as in `read_database`

        name = _table_name(sqlalchemy, opened, table, log, "")
        if name is None:
            return ""
        try:
            return _fingerprint(sqlalchemy, opened, name)
        except sqlalchemy.exc.SQLAlchemyError:
            return ""


def _table_name(
    sqlalchemy: Any, opened: Any, table: str | None, log: FaultLog, file: str
) -> str | None:
    """Return the table's quoted name, or None with a fault that lists the tables there are."""
    listed = opened.execute(sqlalchemy.text(_TABLES)).all()
    present = [f"{schema}.{name}" for schema, name in listed]
    if not table:
        log.add("database_choose_table", file=file, present=_some(present))
        return None
    bare = [full for full in present if full == table or full.split(".", 1)[1] == table]
    if not bare:
        log.add("database_no_table", file=file, value=table, present=_some(present))
        return None
    schema, name = next((s, n) for s, n in listed if f"{s}.{n}" == _preferred(bare, table))
    quote = opened.dialect.identifier_preparer.quote
    return f"{quote(schema)}.{quote(name)}"


_TABLES = """
select table_schema, table_name from information_schema.tables
where table_schema not in ('pg_catalog', 'information_schema') and table_name not in
    ('spatial_ref_sys', 'geometry_columns', 'geography_columns', 'raster_columns',
     'raster_overviews')
order by table_schema, table_name
"""


def _preferred(found: list[str], table: str) -> str:
    """Return the table meant: the one named in full, else that of ``public``, else the first."""
    for name in (table, f"public.{table}"):
        if name in found:
            return name
    return found[0]


def _some(names: list[str], most: int = 20) -> str:
    more = f" … +{len(names) - most}" if len(names) > most else ""
    return (", ".join(names[:most]) or "–") + more


def _frame(sqlalchemy: Any, opened: Any, name: str) -> pd.DataFrame:
    """Return the table with geometry columns as shapely objects with their SRID."""
    columns = opened.execute(sqlalchemy.text(f"select * from {name} limit 0")).cursor.description
    kinds = _geometry_columns(sqlalchemy, opened, name)
    quote = opened.dialect.identifier_preparer.quote
    asked = [
        f"ST_AsEWKB({quote(c[0])}::geometry) as {quote(c[0])}" if c[0] in kinds else quote(c[0])
        for c in columns
    ]
    key = _primary_key(sqlalchemy, opened, name)
    order = f" order by {', '.join(map(quote, key))}" if key else ""
    rows = opened.execute(sqlalchemy.text(f"select {', '.join(asked)} from {name}{order}")).all()
    frame = pd.DataFrame(rows, columns=[c[0] for c in columns])
    for column in kinds:
        wkb = [None if value is None else bytes(value) for value in frame[column]]
        frame[column] = pd.Series(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)
    frame.attrs["geometry"] = kinds
    return frame


def _geometry_columns(sqlalchemy: Any, opened: Any, name: str) -> list[str]:
    query = """
    select attname from pg_attribute a join pg_type t on a.atttypid = t.oid
    where attrelid = cast(:name as regclass) and attnum > 0 and not attisdropped
        and typname in ('geometry', 'geography') order by attnum
    """
    return [row[0] for row in opened.execute(sqlalchemy.text(query), {"name": name})]


def _primary_key(sqlalchemy: Any, opened: Any, name: str) -> list[str]:
    query = """
    select attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid
    where i.indrelid = cast(:name as regclass) and i.indisprimary and a.attnum = any(i.indkey)
    order by array_position(i.indkey::int[], a.attnum::int)
    """
    return [row[0] for row in opened.execute(sqlalchemy.text(query), {"name": name})]


def _fingerprint(sqlalchemy: Any, opened: Any, name: str) -> str:
    """Return a SHA-256 over the rows, in whatever order the server gives them."""
    query = (
        "select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0), "
        f"coalesce(sum(hashtextextended(t::text, 1)::numeric), 0) from {name} t"
    )
    found = opened.execute(sqlalchemy.text(query)).one()
    return hashlib.sha256(" ".join(map(str, (name, *found))).encode()).hexdigest()


def _with_geometry(frame: pd.DataFrame, log: FaultLog, file: str) -> pd.DataFrame | None:
    """Return a GeoDataFrame in the CRS of its first geometry column, if there is one."""
    kinds: list[str] = frame.attrs.pop("geometry")
    if not kinds:
        return frame
    shapes = frame[kinds[0]].to_numpy(dtype=object)
    numbers = sorted({int(s) for s in shapely.get_srid(shapes[~shapely.is_missing(shapes)])})
    if len(numbers) > 1:
        value = ", ".join(map(str, numbers))
        log.add("database_mixed_srid", file=file, column=kinds[0], value=value)
        return None
    crs = f"EPSG:{numbers[0]}" if numbers and numbers[0] else None
    found: pd.DataFrame = gpd.GeoDataFrame(
        frame.drop(columns=kinds[1:]), geometry=kinds[0], crs=crs
    )
    return found
