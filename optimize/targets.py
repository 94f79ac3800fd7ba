"""What "covered" must mean for a plan with the fewest outlets: targets over groups of demand.

A target is met when the residents covered, by existing and new outlets, reach its share of those
whose coverage is known. A target beyond what the allowed candidates can reach is lowered to that,
and says so; nobody out of reach is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from quarterhour.data.faults import Fault, FaultLog, Severity

from .arrays import Bools, Floats, Ints, Labels, rows_met, sums_by
from .limits import TOLERANCE
from .openings import Openings
from .problem import Floor, SitingProblem
from .rows_of import Rows, columns_of, rows_of

#: Decimals of a share in a message, in percent.
_DECIMALS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """G groups over R rows of demand that is not yet covered but within reach.

    Attributes
    ----------
    openings
        The columns, with limits.
    rows
        Demand not yet covered that some opening reaches.
    people
        What each row counts in each group, CSR (G, R): residents, or 1 where every point counts.
    needed
        What each group still needs from its rows (G,), positive.
    unreachable
        (demand, type) pairs (u, 2) not covered and out of reach.
    notes
        One warning for each target lowered to what can be reached.
    """

    openings: Openings
    rows: Rows
    people: sparse.csr_array
    needed: Floats
    unreachable: Ints
    notes: tuple[Fault, ...]

    def covered(self, chosen: Bools) -> Bools:
        """Return which rows (R,) the chosen openings (q,) cover."""
        return np.asarray(rows_met(self.rows.matrix, chosen) > 0)

    def met(self, chosen: Bools) -> bool:
        """Whether every target and every limit is kept."""
        reached = self.people @ self.covered(chosen).astype(np.float64)
        enough = bool((reached >= self.needed - slack(self.needed)).all())
        return enough and self.openings.limits.kept_by(chosen)

    def all_needed(self) -> Bools:
        """Return which rows (R,) some group needs in full: each must be covered by itself."""
        total = np.asarray(self.people.sum(axis=1)).ravel()
        full = self.needed >= total - slack(total)
        return np.asarray(self.people.T @ full.astype(np.float64) > 0)


def slack(value: Floats) -> Floats:
    """Return the rounding allowed when a sum is compared with a target."""
    return TOLERANCE + 1e-9 * np.abs(value)


def build_targets(
    problem: SitingProblem, share: float | None, each: str, *, strict: bool
) -> Targets:
    """Return the targets of ``problem`` and of the options of `fewest.plan_fewest`."""
    openings = columns_of(problem)
    known = ~problem.unknown
    rows = rows_of(openings, problem.covers, known & ~problem.covered, problem.n_candidates)
    reached = rows.reached()
    unreachable = rows.take(~reached).pairs()
    rows = rows.take(reached)
    log = FaultLog()
    wanted = [(*_group(problem, floor), floor.share) for floor in problem.floors]
    if share is not None:
        wanted += [(*group, share) for group in _groups(problem, each, log)]
    log.raise_if_any()
    built = [_target(problem, rows, *one, strict=strict) for one in wanted]
    if share is not None and each == "point":
        built += [_every_point(rows)]
    return _stacked(openings, rows, built, unreachable)


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    people: sparse.csr_array
    needed: Floats
    notes: tuple[Fault, ...] = ()


def _groups(problem: SitingProblem, each: str, log: FaultLog) -> list[tuple[str, Bools]]:
    """Return (name, (n, K) members) of each group that ``each`` names."""
    everything = np.ones(problem.covered.shape, dtype=bool)
    if each == "all":
        return [("all", everything)]
    if each == "point":
        return []
    if each == "type":
        return [(kind, _of_type(problem, k)) for k, kind in enumerate(problem.types)]
    if each not in problem.demand_groups:
        known = ", ".join(("all", "type", "point", *problem.demand_groups))
        log.add("siting_unknown_group", column="each", value=each, known=known)
        return []
    return list(_by_label(problem, problem.demand_groups[each]))


def _by_label(problem: SitingProblem, labels: Labels) -> Iterator[tuple[str, Bools]]:
    """Yield one group for each label and type; demand without a label belongs to none."""
    for label in sorted(set(labels) - {""}):
        for k, kind in enumerate(problem.types):
            name = str(label) if len(problem.types) == 1 else f"{label} × {kind}"
            yield name, _of_type(problem, k) & (labels == label)[:, None]


def _of_type(problem: SitingProblem, k: int) -> Bools:
    mask = np.zeros(problem.covered.shape, dtype=bool)
    mask[:, k] = True
    return mask


def _group(problem: SitingProblem, floor: Floor) -> tuple[str, Bools]:
    mask = np.ones(problem.covered.shape, dtype=bool)
    if floor.type:
        mask &= np.asarray(problem.types)[None, :] == floor.type
    if floor.level:
        mask &= (problem.demand_groups[floor.level] == floor.group)[:, None]
    return " × ".join(filter(None, (floor.group, floor.type))) or "all", mask


def _target(
    problem: SitingProblem, rows: Rows, name: str, members: Bools, share: float, *, strict: bool
) -> _Target:
    """Return one group's target: share of its known residents, less those covered already."""
    residents = np.where(members & ~problem.unknown, problem.residents[:, None], 0.0)
    known, before = residents.sum(), residents[problem.covered].sum()
    people = rows.of_pairs(residents)
    needed, reachable = share * known - before, people.sum()
    notes: tuple[Fault, ...] = ()
    if needed > reachable + float(slack(np.array(reachable))):
        notes = (_short(name, share, (before + reachable) / known, strict=strict),)
        needed = reachable
    return _Target(sparse.csr_array(people[None, :]), np.array([needed]), notes)


def _short(name: str, share: float, most: float, *, strict: bool) -> Fault:
    params = tuple({"wanted": _percent(share), "most": _percent(most)}.items())
    code = "siting_target_out_of_reach" if strict else "siting_target_lowered"
    severity: Severity = "fault" if strict else "warning"
    return Fault(code, column="plan.share", value=name, params=params, severity=severity)


def _percent(share: float) -> str:
    return f"{100 * share:.{_DECIMALS}f} %"


def _every_point(rows: Rows) -> _Target:
    """Return the target that every row within reach is covered, whoever lives there."""
    count = len(rows.demand)
    return _Target(sparse.csr_array(np.ones((min(count, 1), count))), np.full(min(count, 1), count))


def _stacked(openings: Openings, rows: Rows, built: list[_Target], unreachable: Ints) -> Targets:
    needed = np.concatenate([np.empty(0), *(target.needed for target in built)])
    short = needed > TOLERANCE
    parts = [sparse.csr_array((0, len(rows.demand))), *(target.people for target in built)]
    people = sparse.csr_array(sparse.vstack(parts, format="csr"))[short]
    people.eliminate_zeros()
    used = np.flatnonzero(sums_by(people.indices, people.data, len(rows.demand)) > 0)
    notes = tuple(note for target in built for note in target.notes)
    return Targets(openings, rows.take(used), people[:, used], needed[short], unreachable, notes)
