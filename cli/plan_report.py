"""The run report of a plan, as a page and as sheets of its workbook."""

from __future__ import annotations

import math
import platform
from importlib.metadata import version
from typing import Any

import geopandas as gpd
import pandas as pd

from quarterhour.coverage.states import State
from quarterhour.coverage.summary import CIRCLE
from quarterhour.maps.charts import Mark, Share, price_picture, share_picture
from quarterhour.maps.report_parts import (
    Block,
    Cell,
    Column,
    Facts,
    Note,
    Part,
    Picture,
    Report,
    Table,
    Words,
)
from quarterhour.optimize.plan import Chosen

from .plan_result import PlanResult
from .plan_tables import baseline_table, price_table, quota_table
from .report_question import answer, headline, question, trace
from .report_words import Names, count, joined, plain, say
from .study_run import StudyRun

#: What the figures were computed with.
PROGRAMS = ("quarterhour", "numpy", "scipy", "pandas", "geopandas", "shapely", "PuLP", "highspy")

#: Sites shown on the page; all stand in the workbook.
SHOWN_SITES = 300


def plan_report(
    run: StudyRun,
    result: PlanResult,
    found: dict[str, Any],
    sites: gpd.GeoDataFrame,
) -> Report:
    """Return the report of a plan.

    Parameters
    ----------
    run, result
        The study and its plan.
    found
        From `quarterhour.cli.plan_facts.facts`.
    sites
        From `quarterhour.cli.plan_sites.site_table`.
    """
    names, study = Names.of(run), run.config.study
    story, tiles = headline(found)
    titled = Words(study.name, study.name_en or study.name)
    parts = (
        question(run, result, found, names),
        answer(run, found),
        _coverage(found, names),
        _curve(result, found),
        _baselines(result),
        _prices(result, names),
        _quotas(result, names),
        _sites(result, sites, names),
        _unknown(run, result, found),
        trace(run, _versions()),
    )
    return Report(
        title=say("title", study=titled, outlets=count(found["outlets"])),
        subtitle=say("subtitle"),
        label=study.label,
        language=study.language,
        story=story,
        tiles=tiles,
        parts=tuple(part for part in parts if part.blocks),
        foot=say("foot", version=version("quarterhour"), credits=" · ".join(study.credits)),
    )


def _versions() -> dict[str, str]:
    return {"Python": platform.python_version(), **{name: version(name) for name in PROGRAMS}}


def _coverage(found: dict[str, Any], names: Names) -> Part:
    before = {**found["before"]["types"], CIRCLE: found["before"]["circle"]}
    after = {**found["types"], CIRCLE: found["circle"]}
    steps = [year["shares"] for year in found["by_year"]]
    bars = [
        Share(_type(kind, names), _nan(before[kind]["share"]),
              tuple(_nan(step.get(kind)) for step in steps))
        for kind in after
    ]  # fmt: skip
    rows = tuple(
        (_type(kind, names), before[kind]["share"], after[kind]["share"],
         found["newly_covered"].get(kind, after[kind]["covered"] - before[kind]["covered"]))
        for kind in after
    )  # fmt: skip
    by_type = Table(
        say("column.type"),
        (Column(say("column.type")), Column(say("column.share_before"), "share"),
         Column(say("column.share_after"), "share"), Column(say("column.newly"), "signed")),
        rows,
    )  # fmt: skip
    blocks: list[Block] = [
        Note(say("note.coverage")), Picture(share_picture(bars), say("note.coverage_picture")),
        by_type,
    ]  # fmt: skip
    if len(found["by_year"]) > 1:
        blocks.append(_by_year(found))
    if found["districts"]:
        blocks.append(_by_district(found, names))
    return Part(say("part.coverage"), tuple(blocks))


def _type(kind: str, names: Names) -> Words:
    return say("circle") if kind == CIRCLE else names.type(kind)


def _nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _by_year(found: dict[str, Any]) -> Table:
    rows = tuple(
        (plain(one["year"]), one["outlets"], one["upgraded"], one["newly_covered"],
         one["shares"].get(CIRCLE))
        for one in found["by_year"]
    )  # fmt: skip
    return Table(
        say("column.year"),
        (Column(say("column.year")), Column(say("column.outlets"), "count"),
         Column(say("column.upgraded"), "count"),
         Column(say("column.covered_by_end"), "count"),
         Column(say("column.circle_after"), "share")),
        rows,
    )  # fmt: skip


def _by_district(found: dict[str, Any], names: Names) -> Table:
    before, after = found["before"]["districts"], found["districts"]
    kinds = [kind for kind in next(iter(after.values())) if kind != CIRCLE]
    columns = [Column(say("column.district")), Column(say("column.circle_before"), "share"),
               Column(say("column.circle_after"), "share")]  # fmt: skip
    columns += [Column(names.type(kind), "text") for kind in kinds]
    rows: list[tuple[Cell, ...]] = []
    for area, shares in after.items():
        old = before.get(area, {})
        if not any(value is not None for value in (*old.values(), *shares.values())):
            continue  # nobody of whom anything is known lives there
        moves: list[Cell] = [_move(old.get(kind), shares.get(kind)) for kind in kinds]
        rows.append((names.area("district", area), old.get(CIRCLE), shares.get(CIRCLE), *moves))
    return Table(say("column.district"), tuple(columns), tuple(rows))


def _move(before: float | None, after: float | None) -> str:
    def said(value: float | None) -> str:
        return "–" if value is None else f"{value:.0%}"

    return f"{said(before)}\u00a0→\u00a0{said(after)}"  # on one line


def _curve(result: PlanResult, found: dict[str, Any]) -> Part:
    curve = result.curve
    if curve is None or len(curve.outlets) < 2:
        return Part(say("part.curve"), ())
    newly = float(sum(found["newly_covered"].values()))
    weighed = float(result.problem.weights.sum()) != float(
        result.problem.residents.sum() * len(result.problem.types)
    )
    marks = [Mark(p.outlets, p.bound, "bound", plain("")) for p in curve.proven]
    marks.append(
        Mark(curve.knee, float(curve.covered[curve.knee]), "knee",
             say("axis.knee", outlets=curve.knee))
    )  # fmt: skip
    if not weighed:  # the curve is in the unit of the objective
        marks.append(Mark(found["outlets"], newly, "plan", say("axis.plan", value=count(newly))))
        nearest = next(one for one in result.baselines if one.name == "nearest")
        value = float(nearest.newly_covered.sum())
        marks.append(
            Mark(len(nearest.chosen), value, "other", say("axis.nearest", value=count(value)))
        )
    svg = price_picture(
        curve.outlets.tolist(), curve.covered.tolist(), marks,
        names=(say("axis.outlets"), say("axis.covered")),
    )  # fmt: skip
    picture = Picture(svg, say("note.curve_picture", knee=curve.knee))
    return Part(say("part.curve"), (picture, Note(say("note.curve_rules"))))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _baselines(result: PlanResult) -> Part:
    if not result.baselines:
        return Part(say("part.baselines"), ())
    table = baseline_table(result)
    labels = {"plan": "this"}
    rows = tuple(
        (say(f"plan.{labels.get(row['plan'], row['plan'])}"), row["outlets"], row["objective"],
         None if row["plan"] == "plan" else row["plan_gains"],
         None if row["plan"] == "plan" else row["plan_gains_share"],
         plain("") if row["keeps_all"] else say("note.baseline_breaks"))
        for row in _records(table)
    )  # fmt: skip
    columns = (
        Column(say("column.plan")), Column(say("column.outlets"), "count"),
        Column(say("column.objective"), "count"), Column(say("column.ahead"), "signed"),
        Column(say("column.ahead_share"), "share"), Column(say("column.remark")),
    )  # fmt: skip
    blocks = (Table(say("part.baselines"), columns, rows), Note(say("note.baselines")))
    return Part(say("part.baselines"), blocks)


def _prices(result: PlanResult, names: Names) -> Part:
    table = price_table(result)
    if table.empty:
        return Part(say("part.prices"), ())
    rows = tuple(
        (names.area("district", row["district"]), row["outlets"], row["shadow_price"],
         row["next_gain"], plain(row["next_candidate"]),
         names.type(row["next_type"]) if row["next_type"] else plain(""), row["least_loss"])
        for row in _records(table)
    )  # fmt: skip
    columns = (
        Column(say("column.district")), Column(say("column.outlets"), "count"),
        Column(say("column.price"), "count"), Column(say("column.brings"), "count"),
        Column(say("column.where")), Column(say("column.type")),
        Column(say("column.least_loss"), "count"),
    )  # fmt: skip
    return Part(
        say("part.prices"),
        (Table(say("part.prices"), columns, rows), Note(say("note.prices"))),
    )


def _quotas(result: PlanResult, names: Names) -> Part:
    table = quota_table(result)
    rows = tuple(
        (_quota(number, result, names), plain(row["quota"]), row["min"] or None, row["max"],
         row["opened"], say("yes") if row["binding"] else plain(""))
        for number, row in enumerate(_records(table))
    )  # fmt: skip
    columns = (
        Column(say("column.quota")), Column(plain("study.toml")),
        Column(say("column.least"), "count"), Column(say("column.most"), "count"),
        Column(say("column.used"), "count"), Column(say("column.binds")),
    )  # fmt: skip
    return Part(
        say("part.quotas"),
        (Table(say("part.quotas"), columns, rows, most=80), Note(say("note.quotas"))),
    )


def _quota(number: int, result: PlanResult, names: Names, *, short: bool = False) -> Words:
    """Return what a quota counts, in words; in short, what it does not narrow is left out."""
    quota = result.problem.quotas[number]
    parts = [names.type(quota.type)] if quota.type or not short else []
    parts += [names.area(quota.level, quota.group)] if quota.level or not short else []
    parts += [say(f"action.{quota.action}")] if quota.action else []
    parts += [plain(quota.year)] if quota.year else []
    return Words(" · ".join(p.zh for p in parts), " · ".join(p.en for p in parts))


def _sites(result: PlanResult, sites: gpd.GeoDataFrame, names: Names) -> Part:
    """Return the sites; columns that would say the same in every row are left out."""
    columns = [
        Column(say("column.rank"), "count"), Column(say("column.site")),
        Column(say("column.type")), Column(say("column.action")), Column(say("column.year")),
        Column(say("column.area")), Column(say("column.within_reach"), "count"),
        Column(say("column.newly"), "count"), Column(say("column.lost"), "count"),
        Column(say("column.objective_lost"), "count"),
        Column(say("column.alternative")), Column(say("column.alternative_loss"), "count"),
        Column(say("column.gaps"), "count"), Column(say("column.walk")),
        Column(say("column.binds")),
    ]  # fmt: skip
    binding = {
        _site_id(result, case.chosen): [_quota(number, result, names, short=True)
                                        for number in case.binding
                                        if not _is_total(result, number)]
        for case in result.cases
    }  # fmt: skip
    rows = [
        (row["rank"], plain(_site(row)), names.type(row["type"]),
         say(f"action.{row['action']}"), plain(row["year"]), _area(row, names),
         row["within_reach"], row["newly_covered"], row["lost_if_dropped"], row["objective_lost"],
         plain(row["nearby"] or "–"), row["nearby_loss"],
         len([one for one in row["gaps_closed"].split("; ") if one]),
         _walk(row["walk_metres"], names.place(row["worst_place"])),
         joined(binding[row["id"]]))
        for row in pd.DataFrame(sites).to_dict("records")
    ]  # fmt: skip
    apart = (sites["objective_lost"] - sites["lost_if_dropped"]).abs()
    optional = {3: (sites["action"] == "upgrade").any(), 4: (sites["year"] != "").any(),
                9: (apart > 0.5).any(), 14: any(binding.values())}  # fmt: skip
    kept = [number for number in range(len(columns)) if optional.get(number, True)]
    table = Table(
        say("part.sites"), tuple(columns[number] for number in kept),
        tuple(tuple(row[number] for number in kept) for row in rows), most=SHOWN_SITES,
    )  # fmt: skip
    notes = [Note(say("note.sites"))]
    notes += [Note(say("note.sites_objective"))] if optional[9] else []
    return Part(say("part.sites"), (*notes, table))


def _site_id(result: PlanResult, item: Chosen) -> str:
    problem = result.problem
    return f"{problem.candidate_ids[item.candidate]}:{problem.types[item.type]}"


def _is_total(result: PlanResult, number: int) -> bool:
    quota = result.problem.quotas[number]
    return not (quota.type or quota.level or quota.year or quota.action)


def _walk(metres: float, place: Words) -> Words:
    """Return how far the worst served walk, and where they live."""
    if math.isnan(metres):
        return plain("")
    return Words(f"{metres:,.0f} m · {place.zh}", f"{metres:,.0f} m · {place.en}")


def _site(row: dict[Any, Any]) -> str:
    where = row["name"] or row["address"]
    return f"{row['candidate']} {where}".strip()


def _area(row: dict[Any, Any], names: Names) -> Words:
    for level in ("community", "street", "district"):
        if row[level]:
            return names.area(level, row[level])
    return plain("")


def _unknown(run: StudyRun, result: PlanResult, found: dict[str, Any]) -> Part:
    circles, notes = result.before, found["notes"]
    unknown = circles.state == State.UNKNOWN
    persons = (result.problem.residents[:, None] * unknown).sum(axis=0)
    settled = sum(
        found["types"][kind]["covered"] - found["before"]["types"][kind]["covered"] - newly
        for kind, newly in found["newly_covered"].items()
    )
    generated = run.inputs.candidates is None
    rows: tuple[tuple[Words, Cell], ...] = (
        (say("fact.points_unknown"), count(int(unknown.any(axis=1).sum()))),
        (say("fact.points_blank"), count(int(circles.demand["residents"].isna().sum()))),
        (say("fact.residents_unknown"), count(float(persons.max(initial=0.0)))),
        (say("fact.residents_settled"), count(max(settled, 0.0))),
        (say("fact.no_cost"), count(int(result.sites["cost"].isna().sum()))),
        (say("fact.generated"), say(f"fact.{'generated' if generated else 'given'}_line")),
    )
    facts = Facts(say("part.unknown"), rows)
    said = [Note(Words(*both), warns=True) for both in zip(notes["zh"], notes["en"], strict=True)]
    return Part(say("part.unknown"), (facts, Note(say("note.unknown")), *said))
