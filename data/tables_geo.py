"""Geographic files as tables: GeoPackage, GeoJSON, Shapefile, GeoParquet and plain Parquet."""

from __future__ import annotations

import glob
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from .encoding import detect_encoding
from .faults import FaultLog

#: Language driver byte of a .dbf for code page 936, dBase IV's and Visual FoxPro's.
_LDID_936: Final = {0x4D, 0x7A}
_SHAPEFILE_PARTS: Final = (".shx", ".dbf")


@dataclass(frozen=True, slots=True)
class Layer:
    """What a geographic file holds.

    Attributes
    ----------
    frame
        Attributes, and geometry if it is a `geopandas.GeoDataFrame`.
    encoding
        Of the text, where the format leaves it open (Shapefile).
    layer
        Name of the layer read, or None where the format has one only.
    """

    frame: pd.DataFrame
    encoding: str | None = None
    layer: str | None = None


def read_parquet(data: bytes, *, log: FaultLog, file: str) -> Layer | None:
    """Read Parquet, with geometry if it is GeoParquet; faults: ``corrupt_file``."""
    try:
        schema = pq.read_schema(io.BytesIO(data))
        if b"geo" in (schema.metadata or {}):
            return Layer(gpd.read_parquet(io.BytesIO(data)))
        return Layer(pd.read_parquet(io.BytesIO(data)))
    except (pa.ArrowException, ValueError, OSError) as error:
        log.add("corrupt_file", file=file, kind="Parquet", detail=_first_line(error))
        return None


def read_vector(
    path: Path, *, layer: str | None, encoding: str | None, log: FaultLog, file: str
) -> Layer | None:
    """Read one layer of a GeoPackage, GeoJSON or Shapefile.

    Parameters
    ----------
    path
        The file (for a Shapefile the ``.shp``).
    layer
        Name of the layer; None takes the only one.
    encoding
        Of a Shapefile's attributes; None takes the ``.cpg``'s, else the ``.dbf`` header's, else
        detects it from the attributes.
    log
        Takes the faults ``corrupt_file``, ``shapefile_part_missing``, ``no_such_layer``,
        ``choose_layer``, ``wrong_encoding``.
    file
        Name for the faults.

    Returns
    -------
    Layer or None
    """
    kind = path.suffix.lower()
    if kind == ".shp" and not _complete(path, log, file):
        return None
    if kind in {".geojson", ".json"} and not _is_json(path, log, file):
        return None
    try:
        chosen = _choose(path, layer, log, file)
        if chosen is None:
            return None
        if kind == ".shp":
            encoding = encoding or shapefile_encoding(path)
        used = encoding if kind == ".shp" else None
        frame = pyogrio.read_dataframe(path, layer=chosen, encoding=used)
    except UnicodeDecodeError as error:
        log.add("wrong_encoding", file=file, value=encoding or "utf-8", detail=_first_line(error))
        return None
    except (DataSourceError, DataLayerError, LookupError, ValueError, RuntimeError) as error:
        log.add("corrupt_file", file=file, kind=_KINDS.get(kind, kind), detail=_first_line(error))
        return None
    return Layer(frame, encoding, chosen)


_KINDS: Final = {
    ".gpkg": "GeoPackage",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": "Shapefile",
}


def _choose(path: Path, wanted: str | None, log: FaultLog, file: str) -> str | None:
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    if wanted is not None and wanted not in names:
        log.add("no_such_layer", file=file, value=wanted, present=", ".join(names))
        return None
    if not names:
        log.add("empty_file", file=file)
        return None
    if wanted is None and len(names) > 1:
        log.add("choose_layer", file=file, present=", ".join(names))
        return None
    return wanted or names[0]


def _complete(path: Path, log: FaultLog, file: str) -> bool:
    present = {other.suffix.lower() for other in siblings(path)}
    missing = [part for part in _SHAPEFILE_PARTS if part not in present]
    for part in missing:
        log.add("shapefile_part_missing", file=file, value=path.stem + part)
    return not missing


def siblings(path: Path) -> list[Path]:
    """Return the files of the same folder and stem, sorted: the parts of a Shapefile."""
    return sorted(path.parent.glob(glob.escape(path.stem) + ".*"))


def _is_json(path: Path, log: FaultLog, file: str) -> bool:
    """Name the line where a GeoJSON file breaks off, which GDAL does not."""
    try:
        json.loads(path.read_bytes().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        log.add("corrupt_file", file=file, row=error.lineno, kind="GeoJSON", detail=error.msg)
        return False
    except UnicodeDecodeError as error:
        log.add("wrong_encoding", file=file, value="utf-8", detail=_first_line(error))
        return False
    return True


def shapefile_encoding(path: Path) -> str:
    """Return the encoding of a Shapefile's attributes.

    Parameters
    ----------
    path
        The ``.shp``.

    Returns
    -------
    str
        What the ``.cpg`` says; without one, GB18030 if the ``.dbf`` header names code page 936;
        else what the attribute bytes look like.
    """
    parts = {part.suffix.lower(): part for part in siblings(path)}
    if ".cpg" in parts:
        return _codepage(parts[".cpg"].read_text("ascii", "replace").strip())
    data = parts[".dbf"].read_bytes()
    if len(data) > 29 and data[29] in _LDID_936:
        return "gb18030"
    return detect_encoding(_dbf_lines(data))


def _codepage(name: str) -> str:
    """Return Python's name; GBK and its like are read as their superset."""
    plain = name.lower().replace("-", "").replace("_", "").replace(" ", "")
    chinese = {"936", "cp936", "gbk", "gb2312", "gb18030", "oem936", "ansi936", "euccn"}
    return "gb18030" if plain in chinese else (name or "utf-8")


def _dbf_lines(data: bytes) -> bytes:
    """Return the field names and records of a .dbf as lines (layout: dBase III header)."""
    header = int.from_bytes(data[8:10], "little")
    width = max(1, int.from_bytes(data[10:12], "little"))
    names = [data[i : i + 11].rstrip(b"\0") for i in range(32, max(32, header - 1), 32)]
    records = [data[i : i + width] for i in range(header, len(data), width)]
    return b"\n".join(names + records)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
