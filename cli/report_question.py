"""Report, first half: what was asked, the answer, and its proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quarterhour.maps.report_parts import Block, Cell, Column, Facts, Note, Part, Table, Tile, Words
from quarterhour.optimize.objectives import OBJECTIVES

from .plan_result import PlanResult
from .plan_rules import community_least, floors, planned_types, total
from .report_words import LANGUAGES, Names, count, joined, plain, say, share
from .study_run import StudyRun

#: Figures of an objective that are shares, and those that are walks, in seconds or metres.
_SHARES = frozenset({"share_of_residents", "share_served", "market_share", "market_share_before"})
_WALKS = frozenset({"mean_walk", "penalty"})

#: Figures that stand in the report anyhow.
_SAID_ELSEWHERE = frozenset({"outlets", "cost"})


def headline(found: dict[str, Any]) -> tuple[Words, tuple[Tile, ...]]:
    """Return the paragraph and the figures that say it all."""
    before, after = found["before"]["circle"]["covered"], found["circle"]["covered"]
    story = say(
        "story", outlets=count(found["outlets"]), new=count(found["new"]),
        upgraded=count(found["upgraded"]),
        candidates=count(found["candidates"]), helped=count(found["residents_helped"]),
        newly=count(sum(found["newly_covered"].values())), before=count(before),
        after=count(after), proof=proof(found),
    )  # fmt: skip
    nearest = found["baselines"].get("nearest", {}).get("objective")
    ahead = (found["objective"] - nearest) / nearest if nearest else None
    tiles = (
        Tile(say("tile.outlets"), count(found["outlets"]),
             say("tile.outlets_note", new=count(found["new"]), upgraded=count(found["upgraded"]))),
        Tile(say("tile.helped"), count(found["residents_helped"]), say("tile.helped_note")),
        Tile(say("tile.circle"), share(found["circle"]["share"]),
             say("tile.circle_note", before=share(found["before"]["circle"]["share"]))),
        Tile(say("tile.ahead"), "–" if ahead is None else f"{ahead:+.0%}", say("tile.ahead_note")),
        Tile(say("tile.gap"), _gap(found["gap"]), say("tile.gap_note")),
    )  # fmt: skip
    return story, tuple(tile for tile in tiles if tile.value != "–")


def proof(found: dict[str, Any]) -> Words:
    """Return how sure the plan is, in a sentence; ``found`` from `quarterhour.cli.plan_facts`."""
    if found["status"] == "optimal":
        return say("proof_optimal")
    known = found["gap"] is not None
    return say("proof_gap", gap=_gap(found["gap"])) if known else say("proof_open")


def _gap(gap: float | None) -> str:
    if gap is None:
        return "–"
    return "0%" if gap <= 1e-6 else f"{gap:.2%}"


def question(run: StudyRun, result: PlanResult, found: dict[str, Any], names: Names) -> Part:
    """Return what was asked."""
    walker = run.inputs.pack.profile(run.config.measure.profile).name
    rows: list[tuple[Words, Cell]] = [
        (say("fact.study"), Words(run.config.study.name, run.config.study.name_en
                                  or run.config.study.name)),
        (say("fact.standards"), Words(run.inputs.pack.name.zh, run.inputs.pack.name.en)),
        (say("fact.objective"), joined(list(_objective(run)))),
        (say("fact.types"), joined([names.type(kind) for kind in planned_types(run)], zh="、",
                                   en=", ")),
        (say("fact.outlets"), count(total(run.config.plan))),
        *_years(run),
        (say("fact.candidates"), say("fact.candidates_line", count=count(found["candidates"]),
                                     upgrades=count(int(result.problem.upgrade.sum())))),
        (say("fact.residents"), count(float(result.problem.residents.sum()))),
        (say("fact.criterion"), say(f"fact.criterion_{run.criterion}")),
        (say("fact.walker"), say("fact.walker_line", name=Words(walker.zh, walker.en),
                                 speed=f"{run.profile.speed_kmh:g}")),
    ]  # fmt: skip
    if run.config.plan.budget is not None:
        rows.append((say("fact.budget"), count(run.config.plan.budget)))
    rules = list(_rules(run, result, names))
    if rules:
        rows.append((say("fact.rules"), joined(rules)))
    blocks: list[Block] = [Facts(say("part.question"), tuple(rows))]
    if run.config.plan.upgrades.enabled:
        blocks.append(Note(say("note.upgrades"), warns=True))
    return Part(say("part.question"), tuple(blocks))


def _years(run: StudyRun) -> Iterator[tuple[Words, Cell]]:
    options = run.config.plan
    if options.years:
        pairs = zip(options.years, options.outlets_by_year(), strict=True)
        lines = [say("fact.year_line", year=year, most=count(most)) for year, most in pairs]
        yield say("fact.years"), joined(lines)


def _objective(run: StudyRun) -> Iterator[Words]:
    options = run.config.plan
    if options.objective != "coverage":
        yield Words(*(OBJECTIVES[options.objective].about(code) for code in LANGUAGES))
        yield from (plain(f"{k} = {v}") for k, v in options.objective_options.items())
        return
    yield say("objective.coverage")
    if options.years:
        yield say("objective.years", discount=f"{options.discount:g}")
    if options.priority:
        yield say("objective.priority")
    if options.circle_reward:
        yield say("objective.circle", reward=f"{options.circle_reward:g}")
    if options.keep:
        yield say("objective.keep", keep=f"{options.keep:g}")


def _rules(run: StudyRun, result: PlanResult, names: Names) -> Iterator[Words]:
    options = run.config.plan
    for name in ("required", "forbidden"):
        if getattr(options, name):
            yield say(f"rule.{name}", names=", ".join(getattr(options, name)))
    for together in options.exclusive:
        yield say("rule.exclusive", names=", ".join(together))
    for kind, metres in options.spacing.items():
        yield say("rule.spacing", type=names.type(kind), metres=f"{metres:g}")
    if options.spacing and options.spacing_existing:
        yield say("rule.spacing_existing")
    for floor in floors(run):
        yield say("rule.floor", share=share(floor.share), type=names.type(floor.type),
                  area=names.area(floor.level, floor.group))  # fmt: skip
    for kind, least in community_least(run).items():
        yield say("rule.community", type=names.type(kind), least=least)
    yield from _earlier_rules(result)


def _earlier_rules(result: PlanResult) -> Iterator[Words]:
    """Yield what the ledger and the earlier plan ask."""
    problem = result.problem
    if problem.fixed.any():
        yield say("rule.fixed", count=count(int(problem.fixed.sum())))
    if len(result.ground.dropped):
        yield say("rule.dropped", count=count(len(result.ground.dropped)))
    if problem.previous.any():
        kept = sum(bool(problem.previous[c.candidate, c.type]) for c in result.plan.chosen)
        yield say("rule.previous", kept=count(kept), count=count(int(problem.previous.sum())))


def answer(run: StudyRun, found: dict[str, Any]) -> Part:
    """Return how far the plan is proven."""
    objective = OBJECTIVES[found["objective_kind"]]
    rows: list[tuple[Words, Cell]] = [
        (say("fact.status"), say(f"status.{found['status']}")),
        (say("fact.value"), _amount(found, "objective")),
        (say("fact.bound" if objective.sense == "max" else "fact.bound_below"),
         _amount(found, "bound")),
        (say("fact.gap"), "–" if found["gap"] is None else f"{found['gap']:.4%}"),
        *_figures(run, found),
        (say("fact.greedy"), count(found["greedy"])),
        (say("fact.solver"), plain(found["solver"])),
        (say("fact.seed"), str(found["seed"])),
        (say("fact.seconds"), f"{found['seconds']:.1f}"),
        *_model(found),
        (say("fact.input"), plain(found["input"])),
    ]  # fmt: skip
    if found["cost"] is not None:
        rows.insert(4, (say("fact.cost"), count(found["cost"])))
    blocks: list[Block] = [Facts(say("part.answer"), tuple(rows))]
    allowed = total(run.config.plan)
    if found["objective_kind"] == "coverage" and found["outlets"] < allowed:
        blocks.append(Note(say("note.fewer", allowed=count(allowed))))
    if run.config.plan.years:
        blocks.append(Note(say("note.objective_years")))
    if not objective.rules:
        blocks.append(Note(say("note.objective_other")))
    return Part(say("part.answer"), tuple(blocks))


def _figures(run: StudyRun, found: dict[str, Any]) -> Iterator[tuple[Words, Cell]]:
    """Yield what the objective says besides: shares, persons, walks."""
    for name, value in found["figures"].items():
        if name in _SHARES:
            yield say(f"figure.{name}"), share(value)
        elif name in _WALKS:
            minutes = run.criterion == "minutes"
            yield say(f"figure.{name}"), f"{value / 60:.1f} min" if minutes else f"{value:,.0f} m"
        elif name not in _SAID_ELSEWHERE:
            yield say(f"figure.{name}"), count(value)


def _model(found: dict[str, Any]) -> Iterator[tuple[Words, Cell]]:
    """Yield the size of the model where the objective states it."""
    sizes = {key: count(value) for key, value in found["model"].items()}
    if found["objective_kind"] == "coverage" or any(found["model"].values()):
        yield say("fact.model"), say("fact.model_line", **sizes)


def _amount(found: dict[str, Any], name: str) -> Words:
    """Return the objective or its bound with the unit of the objective."""
    objective = OBJECTIVES[found["objective_kind"]]
    return Words(*(f"{count(found[name])} ({objective.unit(code)})" for code in LANGUAGES))


def trace(run: StudyRun, versions: dict[str, str]) -> Part:
    """Return the inputs with their hashes, the thresholds with their sources, the versions."""
    files = Table(
        say("column.file"),
        (Column(say("column.file")), Column(say("column.rows"), "count"),
         Column(say("column.sha256"))),
        tuple((plain(one.file), one.rows, plain(one.sha256[:16])) for one in run.inputs.sources),
    )  # fmt: skip
    thresholds = Table(
        say("column.threshold"),
        (Column(say("column.type")), Column(say("column.threshold")),
         Column(say("column.certainty")), Column(say("column.source"))),
        tuple(_threshold(run, kind) for kind in run.inputs.pack.types),
    )  # fmt: skip
    programs = Facts(say("fact.version"), tuple((plain(k), plain(v)) for k, v in versions.items()))
    blocks = (files, thresholds, Note(say("note.unverified")), programs)
    return Part(say("part.trace"), blocks)


def _threshold(run: StudyRun, kind: Any) -> tuple[Cell, ...]:
    judged = run.inputs.pack.threshold(kind.id, run.criterion)
    source = " · ".join(part for part in (judged.source, judged.clause) if part) or "–"
    unit = "min" if run.criterion == "minutes" else "m"
    return (
        Words(kind.name.zh, kind.name.en), f"{judged.value:g} {unit}",
        say(f"certainty.{judged.certainty}"), plain(source),
    )  # fmt: skip
