"""``quarterhour check``: every fault as one list, and a summary of what was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd

from quarterhour.coverage.locate import locate

from .console import Screen
from .plan_check import check_all
from .study_run import StudyRun, open_study

Row = tuple[str, str]


def check(study: Path, screen: Screen) -> None:
    """Read everything, print what was read and every warning.

    Raises
    ------
    InputFaults
        If anything is wrong; the caller prints the list and leaves with exit code 1.
    """
    with screen.progress() as progress:
        run = open_study(study, progress)
        check_all(run)
        rows = list(_summary(run, screen))
    screen.table(
        screen.tr("check.title"), [screen.tr("check.what"), screen.tr("check.count")], rows
    )
    if run.inputs.warnings:
        screen.say("warnings_head", count=len(run.inputs.warnings))
        screen.faults(run.inputs.warnings)
    screen.say("no_faults", study=study)


def _summary(run: StudyRun, screen: Screen) -> Iterator[Row]:
    yield from _standards(run, screen)
    yield from _streets(run, screen)
    yield from _demand(run, screen)
    yield from _outlets(run, screen)
    inputs = run.inputs
    if inputs.candidates is not None:
        yield screen.tr("check.candidates"), f"{len(inputs.candidates):,}"
        yield from _placed(run, inputs.candidates, "candidates", screen)
    if inputs.entrances is not None:
        yield screen.tr("check.entrances"), f"{len(inputs.entrances):,}"
    extras = inputs.extras
    for name in ("complaints", "survey", "parking"):
        table = getattr(extras, name)
        if table is not None:
            yield screen.tr(f"measure.{name}"), f"{len(table):,}"
    if extras.green is not None:
        yield screen.tr("measure.green"), f"{len(extras.green.places):,}"
    for level, rows in inputs.areas.groupby("level", sort=False):
        name = screen.tr(f"check.{level}")
        yield screen.tr("check.areas", level=name), f"{len(rows):,}"
    for file, datum in inputs.datums.items():
        yield screen.tr("check.datum", file=file), datum
    for file, columns in inputs.recognised.items():
        shown = ", ".join(f"{name} ← {source}" for name, source in columns.items())
        yield screen.tr("check.recognised", file=file), shown


def _standards(run: StudyRun, screen: Screen) -> Iterator[Row]:
    yield screen.tr("check.standards"), run.inputs.pack.id
    yield screen.tr("check.criterion"), screen.tr(f"check.{run.criterion}")


def _streets(run: StudyRun, screen: Screen) -> Iterator[Row]:
    network = run.network
    largest = network.component_length.max(initial=0.0)
    total = network.component_length.sum()
    yield screen.tr("check.nodes"), f"{network.n_nodes:,}"
    yield screen.tr("check.edges"), f"{network.n_edges:,}"
    yield screen.tr("check.kilometres"), f"{total / 1000:,.1f}"
    yield screen.tr("check.islands"), f"{len(network.component_length):,}"
    yield screen.tr("check.island_share"), f"{1 - largest / total:.1%}" if total else "–"


def _demand(run: StudyRun, screen: Screen) -> Iterator[Row]:
    demand = run.inputs.demand
    yield screen.tr("check.demand"), f"{len(demand):,}"
    yield screen.tr("check.residents"), f"{demand['residents'].sum():,.0f}"
    yield screen.tr("check.no_residents"), f"{demand['residents'].isna().sum():,}"
    yield from _placed(run, demand, "demand", screen, run.inputs.entrances)


def _outlets(run: StudyRun, screen: Screen) -> Iterator[Row]:
    inputs = run.inputs
    yield screen.tr("check.facilities"), f"{len(inputs.facilities):,}"
    for kind in inputs.pack.type_ids:
        name = inputs.pack.type(kind).name.get(screen.language)
        count = int((inputs.facilities["type"] == kind).sum())
        yield screen.tr("check.facilities_type", type=name), f"{count:,}"
    yield from _placed(run, inputs.facilities, "facilities", screen)
    if inputs.unmapped:
        yield screen.tr("check.unmapped"), f"{sum(inputs.unmapped.values()):,}"


def _placed(
    run: StudyRun,
    points: gpd.GeoDataFrame,
    what: str,
    screen: Screen,
    entrances: gpd.GeoDataFrame | None = None,
) -> Iterator[Row]:
    """Yield how many points reach a street, and how many of them a small island only."""
    if points.empty:
        return
    places = locate(
        run.network, points, snap_limit=run.config.streets.snap_limit, entrances=entrances
    )
    small = run.network.small_islands(min_share=run.config.streets.island_share)
    name = screen.tr(f"check.{what}")
    yield screen.tr("check.reached", what=name), f"{places.reached.mean():.1%}"
    yield screen.tr("check.on_islands", what=name), f"{places.on_small_island(small).sum():,}"
