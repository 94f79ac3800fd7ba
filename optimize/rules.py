"""What a plan must keep besides its sites: quotas of outlets and floors of coverage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Action = Literal["", "new", "upgrade"]


@dataclass(frozen=True, slots=True)
class Quota:
    """Least and most outlets of a set of (candidate, type) pairs.

    Attributes
    ----------
    minimum, maximum
        Outlets, both inclusive; a maximum of None is no maximum.
    type
        Type id, or "" for all types together.
    level, group
        Name of a grouping in `SitingProblem.groups` and a label in it (``"district"``, a district
        id), or both "" for the whole problem.
    year
        Label in `SitingProblem.years`: outlets opened in that year; "" counts all years together.
    action
        ``"new"`` counts new sites only, ``"upgrade"`` upgraded outlets only, "" both.
    """

    minimum: int = 0
    maximum: int | None = None
    type: str = ""
    level: str = ""
    group: str = ""
    year: str = ""
    action: Action = ""


@dataclass(frozen=True, slots=True)
class Floor:
    """Least share of the residents of a group that must be covered (equity floor).

    The share is of (resident, type) pairs: covered ones, by existing and new outlets, over those
    whose coverage is known. With one type it is the share of residents covered.

    Attributes
    ----------
    share
        0..1.
    type
        Type id, or "" for all types together.
    level, group
        Name of a grouping in `SitingProblem.demand_groups` and a label in it, or both "" for all
        demand.
    year
        Label in `SitingProblem.years` by whose end the share is reached; "" = the last one.
    """

    share: float
    type: str = ""
    level: str = ""
    group: str = ""
    year: str = ""


def for_each_group(rule: Quota | Floor, labels: Iterable[str]) -> list[Quota | Floor]:
    """Return ``rule`` once for each label but "", e.g. one floor a district.

    Parameters
    ----------
    rule
        A quota or floor with its level set.
    labels
        Labels of that level, repetitions allowed.
    """
    return [replace(rule, group=label) for label in sorted(set(labels) - {""})]
