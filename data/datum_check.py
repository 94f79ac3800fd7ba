"""The datum guard's verdict as faults and warnings of a table."""

from __future__ import annotations

from .datum_guard import DatumVerdict
from .faults import FaultLog

#: Names as users know them.
LABELS = {"wgs84": "WGS-84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}


def note_datum(verdict: DatumVerdict, *, file: str, log: FaultLog) -> None:
    """Note ``wrong_datum`` where another datum fits clearly better.

    Parameters
    ----------
    verdict
        Of `quarterhour.data.datum_guard.guard`.
    file
        Name of the table.
    log
        Takes the fault ``wrong_datum`` (``columns_exchanged_guard`` where longitude and latitude
        are exchanged), or the warning ``datum_unsure``.
    """
    declared = LABELS.get(verdict.declared, verdict.declared.upper())
    if verdict.outcome == "unsure":
        log.add(
            "datum_unsure", file=file, value=declared, sample=verdict.sample, severity="warning"
        )
    elif verdict.best == "exchanged":
        log.add("columns_exchanged_guard", file=file)
    elif verdict.outcome == "other":
        _note_other(verdict, declared, file, log)


def _note_other(verdict: DatumVerdict, declared: str, file: str, log: FaultLog) -> None:
    named = verdict.declared if verdict.declared in {"gcj02", "bd09"} else "wgs84"
    best, own = verdict.fit(verdict.best), verdict.fit(named)
    log.add(
        "wrong_datum",
        file=file,
        value=declared,
        best=LABELS[verdict.best],
        sample=verdict.sample,
        share=f"{own.on_street:.0%}",
        best_share=f"{best.on_street:.0%}",
    )
