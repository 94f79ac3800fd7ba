"""Measures a bureau is judged by, from a study: gaps, priorities, scorecard, blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from quarterhour.coverage.blocks import BlockRubric, score_blocks
from quarterhour.coverage.gaps import gap_list
from quarterhour.coverage.priority import (
    COMPONENTS,
    PriorityWeights,
    priority_components,
    sensitivity,
    with_priority,
)
from quarterhour.coverage.scorecard import Indicator, scorecard
from quarterhour.coverage.straightline import straight_line_table
from quarterhour.data.standards import StandardsPack, show_value

if TYPE_CHECKING:
    from .measures import Basis, Outcome


def complaints(basis: Basis) -> Outcome:
    """Return the complaints with their rates."""
    found = basis.run.inputs.extras.complaints
    return "no_complaints" if found is None else {"complaints": found}


def survey(basis: Basis) -> Outcome:
    """Return the survey with the share satisfied."""
    found = basis.run.inputs.extras.survey
    return "no_survey" if found is None else {"survey": found}


def gaps(basis: Basis) -> Outcome:
    """Return the gap list in order of severity, and how its ranks move with the weights."""
    config, extras = basis.run.config, basis.run.inputs.extras
    pack, language = basis.run.inputs.pack, config.study.language
    criterion = basis.circles.criterion
    found = gap_list(
        basis.circles, basis.areas, merge_metres=config.gaps.merge_metres,
        act_share=config.gaps.act_share,
        clauses={
            kind.id: clause(pack, kind.id, criterion, language) for kind in basis.circles.types
        },
    )  # fmt: skip
    parts = priority_components(
        found, basis.summary, basis.basic, complaints=extras.complaints, survey=extras.survey
    )
    weights = PriorityWeights(**config.priority.model_dump())
    ranked = with_priority(found.join(parts), parts, weights)
    moves, spread = sensitivity(ranked, ranked[list(COMPONENTS)], weights)
    return {
        "gaps": ranked.merge(spread.drop(columns="rank_base"), on="id"),
        "gap_sensitivity": moves,
    }


def clause(pack: StandardsPack, kind: str, criterion: str, language: str) -> str:
    """Return what the pack asks of a type, with how sure it is and where it stands."""
    asked = pack.threshold(kind, "metres" if criterion == "metres" else "minutes")
    words = (pack.type(kind).name.get(language), show_value(asked, language), asked.source)
    return " · ".join(word for word in (*words, asked.clause) if word)


def straight_line(basis: Basis) -> Outcome:
    """Return what straight-line circles would have reported."""
    return {"straight_line": straight_line_table(basis.summary)}


def scorecards(basis: Basis) -> Outcome:
    """Return the scorecard of the level the study asks for."""
    options, extras = basis.run.config.scorecard, basis.run.inputs.extras
    demand = basis.circles.demand
    inside = demand[demand["community"] != ""].drop_duplicates("community")
    found = scorecard(
        basis.summary, basis.basic, level=options.level,
        communities=dict(zip(inside["community"], inside[options.level], strict=True)),
        complaints=extras.complaints, survey=extras.survey,
        indicators={
            name: Indicator(weight, options.targets.get(name, 1.0))
            for name, weight in options.weights.items()
        },
    )  # fmt: skip
    return {"scorecard": found} if len(found) else f"no_{options.level}"


def blocks(basis: Basis) -> Outcome:
    """Return the candidate demonstration blocks, scored."""
    options, extras = basis.run.config.blocks, basis.run.inputs.extras
    rubric = BlockRubric(**options.model_dump(exclude={"level"}))
    found = score_blocks(
        basis.summary, basis.basic, rubric, level=options.level,
        complaints=extras.complaints, survey=extras.survey,
    )  # fmt: skip
    if found.empty:
        return f"no_{options.level}"
    return {"blocks": pd.DataFrame(found)}
