"""The data dictionary: what every column of the result tables means, with its unit."""

from __future__ import annotations

from .text import catalogue, tr

_DOMAIN = "dictionary."


def dictionary_rows(language: str) -> list[tuple[str, str, str]]:
    """Return (column, unit, meaning) of every column, in the order of the catalogue.

    Columns that stand once for each type are written ``<type>_state``.
    """
    columns = dict.fromkeys(
        key.removeprefix(_DOMAIN).rpartition(".")[0]
        for key in catalogue(language)
        if key.startswith(_DOMAIN)
    )
    return [
        (
            column,
            tr(f"{_DOMAIN}{column}.unit", language),
            tr(f"{_DOMAIN}{column}.meaning", language),
        )
        for column in columns
    ]
