"""Rules that contradict one another, in words, each with the study's option that sets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from quarterhour.data.faults import Fault

from .conflicts import held_by, open_in, option_of
from .openings import Openings
from .problem import Floor, SitingProblem
from .row_rules import floor_pairs
from .rule_set import Rule

#: Sites named in one message, and rules listed; the rest are counted.
_NAMED, _LISTED = 6, 12


def head(count: int, *, irreducible: bool, smallest: bool) -> Fault:
    """Return what ``count`` rules are together: the fewest, irreducible, or not proven to be."""
    code = "siting_conflict_some"
    if irreducible:
        code = "siting_conflict_together" if smallest else "siting_conflict_irreducible"
        code = "siting_conflict_alone" if count == 1 else code
    return Fault(code, column="plan", params=(("count", count),))


def words_of(
    problem: SitingProblem, openings: Openings, rules: Iterable[Rule], floor_options: Sequence[str]
) -> Iterator[Fault]:
    """Yield one entry a rule, with its numbers; each floor of ``problem`` is set by an option."""
    for number, rule in enumerate(rules):
        if number < _LISTED:
            yield _words(problem, openings, rule, floor_options)


def _words(
    problem: SitingProblem, openings: Openings, rule: Rule, floor_options: Sequence[str]
) -> Fault:
    if rule.kind in {"minimum", "maximum"}:
        return _quota_words(problem, rule)
    if rule.kind == "floor":
        return _floor_words(problem, openings, rule.index, floor_options[rule.index])
    if rule.kind in {"required", "fixed"}:
        return _sites_words(problem, rule)
    if rule.kind == "spacing":
        name = problem.types[rule.index]
        metres = f"{problem.spacing[name]:g}"
        return _fault("siting_rule_spacing", f"plan.spacing.{name}", metres=metres)
    if rule.kind == "exclusive":
        sites = problem.exclusive[rule.index].tolist()
        names = _named([_site_name(problem, site, -1) for site in sites])
        return _fault("siting_rule_exclusive", "plan.exclusive", names=names)
    return _fault("siting_rule_budget", "plan.budget", budget=f"{problem.budget or 0.0:g}")


def _sites_words(problem: SitingProblem, rule: Rule) -> Fault:
    names = _named([_site_name(problem, *site) for site in rule.sites])
    if rule.kind == "required":
        return _fault("siting_rule_required", "plan.required", count=len(rule.sites), names=names)
    return _fault("siting_rule_fixed", "plan.ledger", count=len(rule.sites), names=names)


def _quota_words(problem: SitingProblem, rule: Rule) -> Fault:
    quota = problem.quotas[rule.index]
    if rule.kind == "maximum":
        return _fault("siting_rule_maximum", option_of(quota), maximum=quota.maximum)
    held = held_by(problem, open_in(problem, quota))
    return _fault("siting_rule_minimum", option_of(quota), minimum=quota.minimum, held=held)


def _floor_words(problem: SitingProblem, openings: Openings, number: int, set_by: str) -> Fault:
    """Return the floor with what is covered now and what every candidate together would reach."""
    floor = problem.floors[number]
    pairs = floor_pairs(problem, floor)
    known = float(problem.residents @ pairs.sum(axis=1))
    before = float(problem.residents @ (pairs & problem.covered).sum(axis=1))
    reached = np.diff(openings.covers.indptr) > 0
    most = before + float((openings.floors.matrix[[number]] @ reached.astype(float))[0])
    shares = {"before": _share(before, known), "reach": _share(most, known)}
    option = option_of_floor(floor, set_by)
    return _fault("siting_rule_floor", option, share=_share(floor.share), **shares)


def option_of_floor(floor: Floor, set_by: str = "plan.floor") -> str:
    """Return the study's option that sets ``floor``, e.g. ``plan.floor (district=D1, shop)``."""
    area = f"{floor.level}={floor.group}" if floor.level else ""
    parts = [part for part in (area, floor.type, floor.year) if part]
    return f"{set_by} ({', '.join(parts)})" if parts else set_by


def _share(part: float, whole: float = 1.0) -> str:
    return f"{100 * part / whole if whole else 0.0:.1f} %"


def _site_name(problem: SitingProblem, site: int, kind: int) -> str:
    name = str(problem.candidate_ids[site])
    return name if kind < 0 else f"{name} / {problem.types[kind]}"


def _named(names: list[str]) -> str:
    more = f" … +{len(names) - _NAMED}" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _fault(code: str, column: str, **params: object) -> Fault:
    return Fault(code, column=column, params=tuple(params.items()))
