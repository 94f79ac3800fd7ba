"""Resident satisfaction by community, from a survey's counted answers.

Definition: ``satisfied_share = (very satisfied + satisfied) / asked`` (0-1). The MOFCOM guide of
2021 asks for at least 0.90.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .columns import resolve_columns
from .faults import FaultLog
from .figures import read_numbers
from .outlet_types import pack_names, plain_category
from .places import known_places
from .standards_schema import StandardsPack
from .tables import RawTable

#: Columns of the canonical table with their units.
SURVEY_UNITS: Final = {
    "community": "id",
    "asked": "persons asked",
    "very_satisfied": "persons asked",
    "satisfied": "persons asked",
    "neutral": "persons asked",
    "dissatisfied": "persons asked",
    "satisfied_share": "0-1",
    "wish": "id",
}
_ANSWERS: Final = ("very_satisfied", "satisfied", "neutral", "dissatisfied")


def read_survey(
    table: RawTable,
    *,
    pack: StandardsPack,
    places: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    log: FaultLog,
) -> pd.DataFrame | None:
    """Read a survey; several rows of one community are summed.

    Parameters
    ----------
    table
        One row a community: how many were asked, and how many gave each answer.
    pack
        Names the types residents wish for; other words stay as they are.
    places
        Id or name of a community -> its id, see `quarterhour.data.places.place_ids`.
    columns
        Mapping ``{canonical: source}``; what is left out is recognised by its header. Without
        ``very_satisfied`` all satisfied answers are in ``satisfied``.
    log
        Takes the faults of columns and numbers, ``answers_over_asked`` and the warning
        ``unknown_places``.

    Returns
    -------
    pandas.DataFrame or None
        Columns as in `SURVEY_UNITS`, one row a community, sorted; None when a column that is needed
        is missing. ``wish`` is that of the first row of the community.
    """
    needed = ("community", "asked", "satisfied")
    found = resolve_columns(
        table, wanted=("community", "asked", *_ANSWERS, "wish"), required=needed,
        mapping=columns, log=log,
    )  # fmt: skip
    if not set(needed) <= set(found.found):
        return None
    counts = {
        name: read_numbers(table, found.found[name], log=log, at_least=0, whole=True)
        for name in ("asked", *_ANSWERS)
        if name in found
    }
    _note_answers(table, found.found["asked"], counts, log)
    where = known_places(table, found.found["community"], places, log=log)
    frame = pd.DataFrame({name: counts.get(name, np.nan) for name in ("asked", *_ANSWERS)},
                         index=range(len(table)))  # fmt: skip
    frame["community"] = where
    frame["wish"] = _wishes(table, found.get("wish"), pack)
    here = frame[frame["community"] != ""]
    grouped = here.groupby("community")
    summed = grouped[["asked", *_ANSWERS]].sum(min_count=1)
    summed["wish"] = grouped["wish"].first()
    happy = summed[["very_satisfied", "satisfied"]].sum(axis=1, min_count=1)
    summed["satisfied_share"] = happy / summed["asked"].where(summed["asked"] > 0)
    return summed.reset_index()[list(SURVEY_UNITS)]


def _note_answers(
    table: RawTable, column: str, counts: Mapping[str, NDArray[np.float64]], log: FaultLog
) -> None:
    given = np.nansum([counts[name] for name in _ANSWERS if name in counts], axis=0)
    for row in np.flatnonzero(given > counts["asked"]):
        log.add(
            "answers_over_asked", file=table.name, row=int(table.row_numbers[row]),
            column=column, value=f"{counts['asked'][row]:g}", answers=f"{given[row]:g}",
        )  # fmt: skip


def _wishes(table: RawTable, column: str | None, pack: StandardsPack) -> NDArray[np.object_]:
    if column is None:
        return np.full(len(table), "", dtype=object)
    known = pack_names(pack)
    words = table.text(column)
    return np.array([known.get(plain_category(word), word) for word in words], dtype=object)
