"""A `StreetNetwork` as a file of plain arrays: read back in a fraction of a second."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import CRS

from .errors import NetworkError

if TYPE_CHECKING:
    from .network import StreetNetwork

#: Changed whenever the arrays in the file change meaning.
VERSION = 1
_TEXTS = ("node_id", "edge_class", "edge_name")
_REPEATED = ("edge_class", "edge_name")
_SEPARATOR = "\x00"


def write_fields(network: StreetNetwork, path: Path) -> None:
    """Write the network's arrays beside ``path`` and move them into place."""
    arrays: dict[str, Any] = {"version": np.int64(VERSION)}
    for field in fields(network):
        value = getattr(network, field.name)
        if field.name == "crs":
            arrays["crs"] = _bytes("" if value is None else value.to_wkt())
        elif field.name in _REPEATED:
            words, arrays[field.name + "_code"] = np.unique(value.astype(str), return_inverse=True)
            arrays[field.name] = _bytes(_SEPARATOR.join(words.tolist()))
        elif field.name in _TEXTS:
            arrays[field.name] = _bytes(_SEPARATOR.join(map(str, value.tolist())))
        elif value is not None:
            arrays[field.name] = value
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_aside(path, buffer.getbuffer())


def write_aside(path: Path, content: bytes | memoryview) -> None:
    """Write a file beside its place and move it there when it is complete."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def read_fields(path: Path) -> dict[str, Any]:
    """Return the fields of the network in ``path``.

    Raises
    ------
    NetworkError
        If the file is damaged or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise NetworkError(f"{path} is not a saved street network: {error}") from error
    if int(arrays.pop("version", np.int64(-1))) != VERSION:
        raise NetworkError(f"{path} was written by another version: build the network again")
    return _decoded(arrays)


def _decoded(arrays: dict[str, Any]) -> dict[str, Any]:
    crs = _text(arrays.pop("crs"))
    decoded: dict[str, Any] = {"crs": CRS.from_wkt(crs) if crs else None}
    for name in _TEXTS:
        words = np.array(_text(arrays.pop(name)).split(_SEPARATOR), dtype=object)
        codes = arrays.pop(name + "_code", None)
        decoded[name] = words if codes is None else words[codes]
    return decoded | arrays


def _bytes(text: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _text(array: np.ndarray[Any, Any]) -> str:
    return array.tobytes().decode("utf-8")
