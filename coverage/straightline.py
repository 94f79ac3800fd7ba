"""What straight-line circles would have reported, beside what walking proves.

All persons are those of `quarterhour.coverage.summary`; nothing is measured here a second time::

    overcount_share = overcount / straight_covered      (0-1)
    straight_share  = straight_covered / residents      (0-1)
    walked_share    = covered / residents               (0-1)

``straight_unknown`` are residents whom circles report as covered and of whom walking cannot tell:
``straight_covered - covered - overcount``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: Columns of `straight_line_table` with their units.
STRAIGHT_LINE_UNITS = {
    "level": "",
    "area": "id",
    "name": "",
    "name_en": "",
    "type": "id",
    "residents": "persons",
    "straight_covered": "persons",
    "covered": "persons",
    "overcount": "persons",
    "straight_unknown": "persons",
    "straight_share": "0-1",
    "walked_share": "0-1",
    "overcount_share": "0-1",
}


def straight_line_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return what circles would have reported by level, area and type.

    Parameters
    ----------
    summary
        From `quarterhour.coverage.summary.summarise`.

    Returns
    -------
    pandas.DataFrame
        Columns as in `STRAIGHT_LINE_UNITS`; within a level the most overcounted first. A share of
        nobody is NaN.
    """
    straight, walked = summary["straight_covered"], summary["covered"]
    residents = summary["residents"].where(summary["residents"] > 0)
    table = summary.assign(
        # Sums of the same floats in another order leave dust below zero.
        straight_unknown=(straight - walked - summary["overcount"]).clip(lower=0.0).round(6),
        straight_share=straight / residents,
        walked_share=walked / residents,
        overcount_share=summary["overcount"] / straight.where(straight > 0, np.nan),
    )
    order = {level: number for number, level in enumerate(dict.fromkeys(summary["level"]))}
    table = table.assign(_order=table["level"].map(order)).sort_values(
        ["_order", "overcount", "area", "type"], ascending=[True, False, True, True]
    )
    return table[list(STRAIGHT_LINE_UNITS)].reset_index(drop=True)
