"""Measures of what is offered: choice, provision, accessibility, equity, breakfast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from quarterhour.coverage.accessibility import (
    SCORES,
    Accessibility,
    accessibility_summary,
    accessibility_table,
    measure_accessibility,
)
from quarterhour.coverage.breakfast import (
    BreakfastRule,
    breakfast_points,
    breakfast_table,
    measure_breakfast,
    outlet_table,
)
from quarterhour.coverage.completeness import completeness_summary, completeness_table, type_groups
from quarterhour.coverage.equity import (
    choice_quantity,
    compare_walkers,
    score_quantity,
    spread_table,
    walk_quantity,
)
from quarterhour.coverage.indicators import allocation_table, provision_table
from quarterhour.coverage.opportunities import (
    Opportunities,
    measure_opportunities,
    opportunity_summary,
    opportunity_table,
)
from quarterhour.data.opening_hours import Window
from quarterhour.data.study_measures import minutes_of

if TYPE_CHECKING:
    from .measures import Basis, Outcome


def choice(basis: Basis) -> Outcome:
    """Return outlets within minutes and the k-th nearest, by point and by area."""
    found = opportunities(basis)
    return {
        "choice_points": opportunity_table(found),
        "choice": opportunity_summary(found, basis.areas),
    }


def opportunities(basis: Basis) -> Opportunities:
    """Measure what residents can choose from, as the study asks."""
    options = basis.run.config.choice
    return measure_opportunities(basis.circles, ranks=options.ranks, windows=options.windows)


def completeness(basis: Basis) -> Outcome:
    """Return how complete circles are, by category and tier."""
    groups = type_groups(basis.run.inputs.pack, [kind.id for kind in basis.circles.types])
    columns = dict(completeness_table(basis.circles, groups))
    points = basis.circles.demand.copy()
    return {
        "completeness_points": points.assign(**columns),
        "completeness": completeness_summary(basis.circles, groups, basis.areas),
    }


def provision(basis: Basis) -> Outcome:
    """Return outlets and floor area per 1,000 residents and per community."""
    return {"provision": provision_table(basis.circles, basis.areas)}


def allocation(basis: Basis) -> Outcome:
    """Return what each area has of what the standards ask."""
    found = allocation_table(basis.circles, basis.run.inputs.pack, basis.areas, log=basis.log)
    return "no_indicators" if found.empty else {"allocation": found}


def accessibility(basis: Basis) -> Outcome:
    """Return gravity, 2SFCA and E2SFCA scores, by point and by area."""
    found = scores(basis)
    if found is None:
        return "no_supply"
    return {
        "accessibility_points": accessibility_table(found),
        "accessibility": accessibility_summary(found, basis.areas),
    }


def scores(basis: Basis) -> Accessibility | None:
    """Measure the scores as the study asks; None where no outlet has the supply asked for."""
    options = basis.run.config.accessibility
    outlets = basis.circles.facilities
    if options.supply != "outlets" and outlets[options.supply].isna().all():
        return None
    return measure_accessibility(basis.circles, supply=options.supply, catchment=options.catchment)


def equity(basis: Basis) -> Outcome:
    """Return who a slower walk leaves out, and how unevenly residents are served."""
    run = basis.run
    pack = run.inputs.pack
    wanted = run.config.equity.profiles or tuple(one.id for one in pack.profiles)
    profiles = [run.walker(name) for name in wanted]
    chosen, scored = opportunities(basis), scores(basis)
    quantities = [walk_quantity(basis.circles), choice_quantity(chosen)]
    if scored is not None:
        quantities += [score_quantity(scored, name) for name in SCORES]
    return {
        "walkers": compare_walkers(basis.circles, basis.areas, profiles=profiles),
        "spread": spread_table(basis.circles.demand, quantities, basis.areas),
    }


def breakfast(basis: Basis) -> Outcome:
    """Return who finds a place at breakfast, by point, area and outlet."""
    options, circles = basis.run.config.breakfast, basis.circles
    if options is None:
        return "no_breakfast"
    if options.type not in {kind.id for kind in circles.types}:
        return "no_breakfast_type"
    outlets = circles.facilities[circles.facilities["type"] == options.type]
    if outlets["capacity"].isna().all():
        return "no_capacity"
    if (outlets["hours"] == "").all():
        return "no_hours"
    rule = BreakfastRule(
        out_share=options.out_share,
        window=Window(minutes_of(options.start), minutes_of(options.end)),
        capacity=options.capacity, guests_per_seat=options.guests_per_seat, type=options.type,
    )  # fmt: skip
    found = measure_breakfast(basis.run.network, circles, rule)
    return {
        "breakfast_points": breakfast_points(found),
        "breakfast_outlets": outlet_table(found),
        "breakfast": pd.DataFrame(breakfast_table(found, basis.areas)),
    }
