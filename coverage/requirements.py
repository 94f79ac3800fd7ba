"""What a standards pack asks of the supply of an area, as plain numbers that can be computed.

Three kinds are computed; every other indicator of a pack is named in the log and left out:

- **per_community**: at least so many outlets of a type in each community;
- **outlets_per_1000**, **outlets_per_million**: outlets per residents;
- **m2_per_1000**: floor area (m²) per 1,000 residents, of a type, or of several types together:
  at the level of the pack ``floor_area_other`` speaks of all types that have no ``m2_per_1000``
  of their own, any other id of all types.

An indicator of outlets with an id of its own (other than ``outlets``), such as ``chain_stores``,
speaks of some of the type's outlets only: it needs a column of that name in the outlets that says
which (true or false), and is left out without.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from quarterhour.data.faults import FaultLog
from quarterhour.data.standards import StandardsPack
from quarterhour.data.standards_schema import Certainty, Indicator, Value

Kind = Literal["per_community", "outlets", "area"]

#: Unit of an indicator -> what it counts, and per how many residents.
_PER_RESIDENTS: dict[str, tuple[Kind, float]] = {
    "outlets_per_1000": ("outlets", 1_000.0),
    "outlets_per_million": ("outlets", 1_000_000.0),
    "m2_per_1000": ("area", 1_000.0),
}

#: Id of an indicator that speaks of all outlets of its type.
_ALL_OUTLETS = "outlets"

#: Id of a pack's indicator that speaks of the types without an area of their own.
_OTHER_AREA = "floor_area_other"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One least figure asked of every area.

    Attributes
    ----------
    type
        Type it belongs to, "" for the pack as a whole.
    indicator
        Its id in the pack, or ``"per_community"``.
    kind
        What is counted.
    value
        The least figure, in ``unit``.
    unit
        As the pack names it.
    per
        Residents it is asked for, e.g. 1,000; NaN for ``per_community``.
    counted
        Types whose outlets count.
    only
        Column that marks the outlets that count; "" for all.
    certainty, source
        How sure the figure is, and where it comes from.
    """

    type: str
    indicator: str
    kind: Kind
    value: float
    unit: str
    per: float
    counted: tuple[str, ...]
    only: str
    certainty: Certainty
    source: str


def requirements(
    pack: StandardsPack,
    types: Collection[str],
    columns: Collection[str] = (),
    *,
    log: FaultLog | None = None,
) -> tuple[Requirement, ...]:
    """Return what a pack asks, by type, then of the pack as a whole.

    Parameters
    ----------
    pack
        Standards.
    types
        Types wanted; those of the pack as a whole always count all types of the pack.
    columns
        Columns that the outlets have.
    log
        Takes the warnings ``indicator_unit`` (not a unit computed here) and
        ``indicator_needs_column``.
    """
    own_log = FaultLog() if log is None else log
    found = [*_of_types(pack, types), *_of_pack(pack, own_log)]
    for kind in pack.types:
        if kind.id in types:
            found += [
                asked
                for indicator in kind.indicators
                if (asked := _of_type(kind.id, indicator, columns, own_log)) is not None
            ]
    order = {kind: place for place, kind in enumerate((*pack.type_ids, ""))}
    return tuple(sorted(found, key=lambda asked: order[asked.type]))


def _of_types(pack: StandardsPack, types: Collection[str]) -> Iterator[Requirement]:
    for kind in pack.types:
        if kind.id in types and kind.per_community is not None:
            value = kind.per_community
            yield Requirement(
                kind.id, "per_community", "per_community", value.value, value.unit, float("nan"),
                (kind.id,), "", value.certainty, value.source,
            )  # fmt: skip


def _of_type(
    kind: str, indicator: Indicator, columns: Collection[str], log: FaultLog
) -> Requirement | None:
    if not _computed(indicator, kind, log):
        return None
    counts, _ = _PER_RESIDENTS[indicator.value.unit]
    some = counts == "outlets" and indicator.id != _ALL_OUTLETS
    if some and indicator.id not in columns:
        log.add(
            "indicator_needs_column", column=indicator.id, type=kind, indicator=indicator.id,
            severity="warning",
        )  # fmt: skip
        return None
    return _asked(kind, indicator.id, indicator.value, (kind,), indicator.id if some else "")


def _of_pack(pack: StandardsPack, log: FaultLog) -> Iterator[Requirement]:
    for indicator in pack.indicators:
        if not _computed(indicator, "", log):
            continue
        counted = pack.type_ids
        if indicator.id == _OTHER_AREA:
            units = {t.id: {i.value.unit for i in t.indicators} for t in pack.types}
            counted = tuple(kind for kind in counted if "m2_per_1000" not in units[kind])
        yield _asked("", indicator.id, indicator.value, counted, "")


def _computed(indicator: Indicator, kind: str, log: FaultLog) -> bool:
    if indicator.value.unit in _PER_RESIDENTS:
        return True
    log.add(
        "indicator_unit", column=indicator.id, value=indicator.value.unit, type=kind or "–",
        indicator=indicator.id, known=", ".join(_PER_RESIDENTS), severity="warning",
    )  # fmt: skip
    return False


def _asked(kind: str, name: str, value: Value, counted: tuple[str, ...], only: str) -> Requirement:
    counts, per = _PER_RESIDENTS[value.unit]
    return Requirement(
        kind, name, counts, value.value, value.unit, per, counted, only, value.certainty,
        value.source,
    )  # fmt: skip
