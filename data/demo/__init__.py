"""The embedded demo city: synthetic, small, and the same on every machine."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

_README = "README.md"


def write_demo(folder: Path) -> list[Path]:
    """Copy the files of the demo city into a folder.

    Parameters
    ----------
    folder : Path
        Made if it is missing; files of the same names are replaced, others left alone.

    Returns
    -------
    list of Path
        The files written, in order of name.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    from .write import place  # noqa: PLC0415 - keeps the generator out of this package's import

    folder.mkdir(parents=True, exist_ok=True)
    shipped = sorted(files(__package__).joinpath("city").iterdir(), key=lambda f: f.name)
    return [place(folder, f.name, f.read_bytes()) for f in shipped if f.is_file()]
