"""Any table a bureau has, read without guessing: text, Excel and geographic files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from .faults import FaultLog
from .grid import Grid, frame_of
from .secrets import is_database
from .tables_excel import read_excel
from .tables_geo import Layer, read_parquet, read_vector, siblings
from .tables_text import read_text

#: What is read by which suffix.
KINDS: Final = {
    ".csv": "text", ".tsv": "text", ".txt": "text",
    ".xlsx": "excel", ".xlsm": "excel",
    ".gpkg": "vector", ".geojson": "vector", ".json": "vector", ".shp": "vector",
    ".parquet": "parquet", ".geoparquet": "parquet",
}  # fmt: skip
_SHAPEFILE: Final = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
#: First bytes of files that often carry a wrong suffix, and what they really are.
_MAGIC: Final = (
    (b"PK\x03\x04", "excel", "Excel (.xlsx) / ZIP"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole", "Excel 97–2003 (.xls)"),
    (b"SQLite format 3\0", "vector", "GeoPackage"),
    (b"PAR1", "parquet", "Parquet"),
    (b"%PDF", "pdf", "PDF"),
    (b"\x00\x00\x27\x0a", "vector", "Shapefile"),
)
_MARKUP: Final = (b"<html", b"<!doctype html", b"<table", b"<?xml")


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as it stands in its file.

    Attributes
    ----------
    name
        The file as the user named it, for faults.
    path
        Where it was read.
    frame
        The columns but the geometry, RangeIndex. Cells of CSV and Excel are text, ``""`` = empty;
        other formats keep their types (see `text`).
    row_numbers
        (n,) row of each as a spreadsheet shows it: the header is row 1 (of a geographic file,
        the first feature is row 2).
    geometry
        (n,) in `crs`, or None.
    crs
        Of the geometry, or None if the file does not say.
    encoding
        Of the text, or None where the format fixes it.
    layer
        Sheet or layer read, or None.
    sha256
        Of the file's bytes (of all parts of a Shapefile).
    """

    name: str
    path: Path
    frame: pd.DataFrame
    row_numbers: NDArray[np.int64]
    geometry: gpd.GeoSeries | None
    crs: CRS | None
    encoding: str | None
    layer: str | None
    sha256: str

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)

    @property
    def columns(self) -> list[str]:
        """Names of the columns but the geometry."""
        return [str(name) for name in self.frame.columns]

    def text(self, column: str) -> NDArray[np.object_]:
        """Return a column as (n,) stripped text, ``""`` where empty; 12.0 is ``"12"``."""
        values = self.frame[column].to_numpy(dtype=object)
        return np.array([_cell_text(value) for value in values], dtype=object)


def input_path(folder: Path, name: str) -> Path | str:
    """Return where a study's table is: a path, or the address of a database as it is."""
    return name if is_database(name) else folder / name


def read_table(
    path: str | Path,
    *,
    layer: str | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    log: FaultLog,
    name: str | None = None,
) -> RawTable | None:
    """Read any supported table.

    Parameters
    ----------
    path
        The file; its suffix says the kind (`KINDS`) and its first bytes must agree. Or the address
        of a PostGIS database, of which ``layer`` names the table.
    layer
        Layer of a GeoPackage; needed when there are several. None or ``""`` takes the only one.
    sheet
        Sheet of a workbook; needed when several are filled. None or ``""`` takes ``layer``.
    encoding
        Of CSV or Shapefile attributes; None or ``""`` detects UTF-8 and GB18030.
    log
        Takes every fault found; a table with faulty rows is still returned, so that later checks
        can add theirs.
    name
        How faults name the file; default the path as given.

    Returns
    -------
    RawTable or None
        None if nothing could be read; then ``log`` holds why.
    """
    file = name or str(path)
    if is_database(path):
        return _from_database(str(path), layer or None, log, file)
    place = Path(path)
    try:
        kind = _kind(place, log, file)
    except OSError as error:
        log.add("unreadable", file=file, detail=error.strerror or str(error))
        return None
    if kind is None:
        return None
    data = place.read_bytes()
    if kind == "text":
        grid = read_text(data, encoding=encoding or None, log=log, file=file)
        return _from_grid(grid, place, data, log, file)
    if kind == "excel":
        grid = read_excel(data, sheet=sheet or layer or None, log=log, file=file)
        return _from_grid(grid, place, data, log, file)
    if kind == "parquet":
        found = read_parquet(data, log=log, file=file)
    else:
        found = read_vector(
            place, layer=layer or None, encoding=encoding or None, log=log, file=file
        )
    return _from_layer(found, place, log, file)


def _kind(path: Path, log: FaultLog, file: str) -> str | None:
    """Return the reader to use, after checking that there is something to read."""
    if not path.exists():
        log.add("file_missing", file=file)
    elif path.is_dir():
        log.add("is_folder", file=file)
    elif path.stat().st_size == 0:
        log.add("empty_file", file=file)
    elif path.suffix.lower() == ".xls":
        log.add("old_excel", file=file)
    elif path.suffix.lower() not in KINDS:
        log.add("unknown_format", file=file, value=path.suffix, known=" ".join(KINDS))
    else:
        return _agreeing_kind(path, log, file)
    return None


def _agreeing_kind(path: Path, log: FaultLog, file: str) -> str | None:
    kind = KINDS[path.suffix.lower()]
    with path.open("rb") as stream:
        start = stream.read(512)
    true, label = _true_kind(start, kind)
    if true == "ole" and kind == "excel":
        log.add("locked_excel", file=file)
        return None
    if true != kind:
        log.add("wrong_extension", file=file, value=path.suffix, kind=label)
        return None
    return kind


def _true_kind(start: bytes, claimed: str) -> tuple[str, str]:
    for magic, kind, label in _MAGIC:
        if start.startswith(magic):
            return kind, label
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        return "html", "HTML/XML"
    if claimed == "excel":
        return "text", "CSV"
    return claimed, ""


def _from_grid(
    grid: Grid | None, path: Path, data: bytes, log: FaultLog, file: str
) -> RawTable | None:
    made = frame_of(grid, log=log, file=file) if grid is not None else None
    if grid is None or made is None:
        return None
    frame, rows = made
    sha256 = hashlib.sha256(data).hexdigest()
    return RawTable(file, path, frame, rows, None, None, grid.encoding, grid.sheet, sha256)


def _from_database(address: str, table: str | None, log: FaultLog, file: str) -> RawTable | None:
    from .postgis import read_database  # noqa: PLC0415 - needs an optional extra

    found = read_database(address, table, log=log, file=file)
    return None if found is None else _as_table(found[0], Path(file), found[1], log, file)


def _from_layer(found: Layer | None, path: Path, log: FaultLog, file: str) -> RawTable | None:
    return None if found is None else _as_table(found, path, hash_file(path), log, file)


def _as_table(found: Layer, path: Path, sha256: str, log: FaultLog, file: str) -> RawTable | None:
    frame = found.frame.reset_index(drop=True)
    if frame.empty:
        log.add("header_only", file=file)
        return None
    geometry = None
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        geometry = frame.geometry
        frame = pd.DataFrame(frame.drop(columns=frame.active_geometry_name))
    rows = np.arange(2, len(frame) + 2, dtype=np.int64)
    crs = geometry.crs if geometry is not None else None
    return RawTable(file, path, frame, rows, geometry, crs, found.encoding, found.layer, sha256)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, of a Shapefile that of all its parts in order of suffix."""
    parts = [path]
    if path.suffix.lower() == ".shp":
        parts = [part for part in siblings(path) if part.suffix.lower() in _SHAPEFILE]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes())
    return digest.hexdigest()


def _cell_text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float | np.floating):
        return _float_text(float(value))
    return str(value)


def _float_text(value: float) -> str:
    if np.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() else repr(value)
