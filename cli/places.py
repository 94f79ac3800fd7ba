"""Parking, green spaces and community homes, from a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from quarterhour.coverage.circles import ServiceCircles, ServiceType
from quarterhour.coverage.green import GreenType, measure_green
from quarterhour.coverage.parking import Need, ParkingRule, measure_parking, parking_table
from quarterhour.coverage.parking_sharing import (
    lot_table,
    share_parking,
    sharing_table,
    slot_table,
)
from quarterhour.coverage.summary import CIRCLE, point_table, summarise
from quarterhour.data.opening_hours import Window
from quarterhour.data.study_measures import GreenSection, ParkingSection, minutes_of

if TYPE_CHECKING:
    from .measures import Basis, Outcome

_DAY = 1440


def parking(basis: Basis) -> Outcome:
    """Return the night gap, and what sharing lots makes of it for each walking limit."""
    options, lots = basis.run.config.parking, basis.run.inputs.extras.parking
    demand = basis.circles.demand
    if options is None or lots is None:
        return "no_parking"
    if demand["vehicles"].isna().all() and (
        options.cars_per_household is None or demand["households"].isna().all()
    ):
        return "no_vehicles"
    gap = measure_parking(demand, lots, _rule(options))
    shared = share_parking(
        basis.run.network, gap, lots, basis.circles.locations,
        limits=options.walk, snap_limit=basis.run.config.streets.snap_limit,
    )  # fmt: skip
    return {
        "parking": parking_table(gap, basis.areas),
        "sharing": pd.concat([sharing_table(one, basis.areas) for one in shared]),
        "sharing_lots": pd.concat([lot_table(one) for one in shared]),
        "sharing_slots": pd.concat([slot_table(one) for one in shared]),
    }


def _rule(options: ParkingSection) -> ParkingRule:
    start, end = minutes_of(options.night_start), minutes_of(options.night_end)
    night = Window(start, end if end > start else end + _DAY)
    return ParkingRule(
        cars_per_household=options.cars_per_household, usable_kinds=options.usable_kinds,
        complete=options.complete, needs=(Need(night),), subsidy=options.subsidy,
    )  # fmt: skip


def green(basis: Basis) -> Outcome:
    """Return coverage by each kind of green space and community home, by point and by area."""
    options, table = basis.run.config.green, basis.run.inputs.extras.green
    if options is None or table is None:
        return "no_green"
    found = _circles(basis, options)
    if found is None:
        return "no_green_kind"
    summary = summarise(found, basis.areas)
    return {
        "green_points": point_table(found).drop(columns=["circle", "basic_covered"]),
        "green_places": found.facilities,
        "green": summary[summary["type"] != CIRCLE].reset_index(drop=True),
    }


def _circles(basis: Basis, options: GreenSection) -> ServiceCircles | None:
    """Measure the kinds that the study has a threshold for and the table a place of."""
    run, table = basis.run, basis.run.inputs.extras.green
    assert table is not None  # noqa: S101 - asked by the caller
    present = set(table.places["kind"])
    per_minute = run.profile.speed_kmh * 1000.0 / 60.0
    kinds = [
        GreenType(ServiceType(kind, metres=metres, minutes=metres / per_minute), (kind,))
        for kind, metres in options.metres.items()
        if kind in present
    ]
    if not kinds:
        return None
    edge = run.inputs.extent if run.config.extent and run.config.extent.edge == "unknown" else None
    return measure_green(
        run.network, basis.circles.demand, table, kinds, profile=run.profile,
        entrances=run.inputs.entrances, snap_limit=run.config.streets.snap_limit,
        island_share=run.config.streets.island_share, known_within=edge,
    )  # fmt: skip
