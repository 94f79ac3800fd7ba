"""Why there is no plan: the smallest set of rules that cannot be kept together, in words.

An **irreducible** set is infeasible and becomes feasible when any one of its rules is left out.
It is found first, in two steps (Chinneck and Dravnieks, "Locating minimal infeasible constraint
sets in linear programs", ORSA Journal on Computing 3, 1991): an elastic filter enforces, one round
after the other, the rules that the best compromise breaks, until those alone contradict; a
deletion filter then leaves out each rule without which they still do. Whether fewer rules
contradict one another is then settled by hitting sets (`smallest`), as far as time allows. What
candidates are (types, capacity, one outlet of a type) is no rule. Long lists of required or fixed
sites count as one rule first and are then narrowed down by halves (Junker, "QUICKXPLAIN", AAAI
2004) and by hitting sets again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from quarterhour.data.faults import Fault
from quarterhour.data.progress import Progress, silent

from .conflicts import no_plan
from .explain_words import head, words_of
from .openings import Openings, flatten
from .problem import Floor, SitingProblem
from .rule_model import RuleModels, rule_models
from .rule_set import Rule, rules_of
from .smallest import smallest
from .solvers import Request, Solver, choose_solver
from .stopwatch import stopwatch

#: Least time to find out why there is no plan, s, even where a time limit is over.
LEAST_S = 10.0

#: Longest single question to the solver, s.
_QUESTION = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Rules that no plan keeps together.

    Attributes
    ----------
    rules
        The rules; empty where they can be kept together, or the user interrupted the search.
    irreducible
        Whether leaving out any one of them, or any one of their sites, is proven to help.
    smallest
        Whether no fewer rules are proven to contradict one another.
    compatible
        Whether all rules are proven to be kept by some plan.
    faults
        The same in words: what they are together, then one entry a rule with its option.
    """

    rules: tuple[Rule, ...]
    irreducible: bool
    smallest: bool
    compatible: bool
    faults: tuple[Fault, ...]


def explain_infeasible(
    problem: SitingProblem,
    *,
    targets: tuple[Floor, ...] = (),
    target_option: str = "plan.objective",
    solver: str | Solver = "highs",
    time_limit: float = 20.0,
    seed: int = 0,
    progress: Progress = silent,
) -> Explanation:
    """Return the smallest set of rules of ``problem`` that no plan keeps together.

    Parameters
    ----------
    problem
        A problem without a plan.
    targets, target_option
        What the objective asks for besides, as floors, and the study's option that asks for it.
    solver
        ``highs``, ``cbc``, another name PuLP knows, or a solver already chosen.
    time_limit
        Wall time, s; when it is over the rules known to contradict are named as they are, and
        said to be irreducible or the fewest only where that is proven.
    seed, progress
        For the solver.

    Returns
    -------
    Explanation

    Raises
    ------
    InputFaults
        If the solver is unknown, missing, or breaks off with an error.
    """
    chosen = choose_solver(solver) if isinstance(solver, str) else solver
    # One thread: the questions are small, and CBC stalls at times on small models with two.
    request = Request(min(_QUESTION, time_limit), 0.5, seed, 1, progress)
    asked = replace(problem, floors=(*problem.floors, *targets))
    openings = flatten(replace(asked, fixed_year=np.full_like(asked.fixed_year, -1)))
    search = _Search(asked, openings, chosen, request, stopwatch() + time_limit)
    try:
        rules, proven, fewest = search.fewest(rules_of(asked, openings))
    except KeyboardInterrupt:
        return Explanation((), False, False, False, (no_plan(),))
    if not rules:
        return Explanation((), False, False, True, (no_plan(),))
    first = head(len(rules), irreducible=proven, smallest=fewest)
    options = ["plan.floor"] * len(problem.floors) + [target_option] * len(targets)
    faults = (first, *words_of(asked, openings, rules, options))
    return Explanation(tuple(rules), proven, fewest, False, faults)


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for the smallest set, until its deadline."""

    problem: SitingProblem
    openings: Openings
    solver: Solver
    request: Request
    deadline: float

    def fewest(self, rules: list[Rule]) -> tuple[list[Rule], bool, bool]:
        """Return the rules, whether they are irreducible, and whether none fewer contradict."""
        models = rule_models(self.problem, self.openings, rules, self.solver, self.request)
        kept, proven = self._deletion(models, self._elastic(models))
        kept, least = smallest(models, [], kept, self.left)
        left, proven = [rules[number] for number in kept], proven or least
        for place, rule in enumerate(left):
            if len(rule.parts) > 1:
                others = [other for other in left if other is not rule]
                parts, sure = self._narrowed(others, rule)
                left[place], proven = rule.of_parts(parts), proven and sure
        return left, proven, least

    def left(self) -> float:
        return self.deadline - stopwatch()

    def _elastic(self, models: RuleModels) -> list[int]:
        """Return rules that contradict: few, not yet the fewest; empty where they do not."""
        kept: list[int] = []
        every = range(len(models.rules))
        while self.left() > 0:
            answer, broken = models.broken(kept, [rule for rule in every if rule not in set(kept)])
            if answer == "infeasible":
                return kept
            if answer == "unknown":
                break
            if not broken:
                return []
            kept += broken
        return list(every)  # they contradict, as the caller knows; nothing better is known

    def _deletion(self, models: RuleModels, kept: list[int]) -> tuple[list[int], bool]:
        """Return what is left when every rule that is not needed has been left out."""
        proven = True
        for rule in kept.copy():
            others = [other for other in kept if other != rule]
            answer = models.together(others) if self.left() > 0 else "unknown"
            if answer == "infeasible":
                kept = others
            proven &= answer != "unknown"
        return kept, proven

    def _narrowed(self, others: list[Rule], rule: Rule) -> tuple[tuple[Rule, ...], bool]:
        """Return the fewest parts of ``rule`` that still contradict the ``others``."""
        rules, always = [*others, *rule.parts], list(range(len(others)))
        models = rule_models(self.problem, self.openings, rules, self.solver, self.request)
        sure = True

        def contradict(parts: list[int]) -> bool:
            nonlocal sure
            answer = models.together([*always, *parts]) if self.left() > 0 else "unknown"
            sure &= answer != "unknown"
            return answer == "infeasible"

        parts = list(range(len(others), len(rules)))
        needed = [] if contradict([]) else quick_explain([], [], parts, contradict)
        fewest, least = smallest(models, always, needed, self.left)
        return tuple(rules[part] for part in fewest), sure or least


def quick_explain(
    base: list[int],
    added: list[int],
    parts: list[int],
    contradict: Callable[[list[int]], bool],
) -> list[int]:
    """Return the fewest ``parts`` that contradict together with ``base``, by halves.

    ``added`` is what was just put into ``base``: where that contradicts by itself, none is needed.
    """
    if added and contradict(base):
        return []
    if len(parts) == 1:
        return parts
    half = len(parts) // 2
    one, two = parts[:half], parts[half:]
    of_two = quick_explain([*base, *one], one, two, contradict)
    of_one = quick_explain([*base, *of_two], of_two, one, contradict)
    return [*of_one, *of_two]
