"""The data dictionary: what every column of the result tables means, with its unit."""

from __future__ import annotations

import pandas as pd

from .text import catalogue, tr

_DOMAIN = "dictionary."


def data_dictionary(language: str) -> pd.DataFrame:
    """Return one row a column: ``column, unit, meaning``, in the order of the catalogue.

    Columns that stand once for each type are written ``<type>_state``.
    """
    columns = dict.fromkeys(
        key.removeprefix(_DOMAIN).rpartition(".")[0]
        for key in catalogue(language)
        if key.startswith(_DOMAIN)
    )
    rows = [
        (column, *(tr(f"{_DOMAIN}{column}.{part}", language) for part in ("unit", "meaning")))
        for column in columns
    ]
    return pd.DataFrame(rows, columns=["column", "unit", "meaning"])
