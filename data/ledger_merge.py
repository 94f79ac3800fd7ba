"""Edited copies of the ledger brought together: three-way, nothing lost, conflicts kept.

For a cell let *origin* be its value when the copy was written, *now* the recorded value, *value*
what the copy holds::

    value == now                      nothing to do (noted where the copy changed it as well)
    value was brought before          nothing to do: the history has it
    value == origin                   the copy is older here: now stays
    now == origin                     the copy's edit is taken
    now came from the same workbook   a further edit of the same hand: taken
    else                              conflict: now stays, the value is kept in the history

Two copies that bring different values to be taken are a conflict as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .ledger_history import Event, History
from .ledger_read import Ledger
from .ledger_schema import BY_NAME, Records

#: A workbook that has gone back to the old value in this share of its recorded edits is another.
SAME_SHARE = 0.5

Verdict = Literal["nothing", "same", "stale", "take", "conflict", "decided"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One cell for which different values were brought.

    Attributes
    ----------
    id, column
        The cell.
    recorded
        Value recorded before.
    shown
        Value the ledger goes on with until somebody decides.
    brought
        (source, value) of each copy that brought one.
    """

    id: str
    column: str
    recorded: str
    shown: str
    brought: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What comes of merging copies into the recorded state.

    Attributes
    ----------
    records
        The new state.
    events
        What to add to the history.
    conflicts
        Cells that somebody must decide.
    missing
        (source, id) of rows that a copy no longer has.
    stale
        Source -> number of cells for which newer values are recorded.
    """

    records: Records
    events: tuple[Event, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    stale: dict[str, int] = field(default_factory=dict)


def merge(history: History, copies: Sequence[Ledger], *, own: str = "") -> Merged:
    """Merge edited copies into the recorded state.

    Parameters
    ----------
    history
        Everything recorded so far.
    copies
        Workbooks as read and checked; their order decides only which value is shown first.

    own
        Name of the study's own workbook, which keeps its place: its name is proof enough.

    Returns
    -------
    Merged
        Every value that a copy holds is, after this, in the state or in an event.
    """
    state = history.state()
    unsettled = history.conflicts()
    cells = set(zip(unsettled["id"], unsettled["column"], strict=True))
    sides = [_Side(copy, history, state, own) for copy in copies]
    found = _Collector(state)
    for side in sides:
        for key, row in side.copy.records.items():
            found.records.setdefault(key, {})
            for column, value in row.items():
                if not _computed(column):
                    found.offer(side, key, column, value, side.verdict(key, column, value))
        for (key, column), value in side.copy.decisions.items():
            if (key, column) in cells:
                found.offer(side, key, column, value, "decided")
    found.decide()
    missing = [(side.copy.name, key) for side in sides for key in side.missing()]
    told = history.missing()
    events = [
        *found.events,
        *(Event("missing", name, _hash(copies, name), key, "id", key, "")
          for name, key in missing if (name, key) not in told),
    ]  # fmt: skip
    stale = {side.copy.name: side.stale for side in sides if side.stale}
    return Merged(found.records, tuple(events), tuple(found.conflicts), tuple(missing), stale)


def _computed(column: str) -> bool:
    return column in BY_NAME and BY_NAME[column].owner == "program"


def _hash(copies: Iterable[Ledger], name: str) -> str:
    return next(copy.sha256 for copy in copies if copy.name == name)


class _Side:
    """One copy, what it was written from, and what it brought before."""

    def __init__(self, copy: Ledger, history: History, state: Records, own: str) -> None:
        self.copy, self.now = copy, state
        latest = history.entry
        entry = latest if copy.stamp is None or copy.stamp > latest else copy.stamp
        self.origin = state if entry == latest else history.state(entry)
        cells = history.brought(copy.name, entry).items()
        brought = {spot: value for spot, value in cells if spot not in copy.decisions}
        self.earlier = brought
        self.same = self._goes_on(brought, own)
        self.stale = 0

    def _goes_on(self, brought: dict[tuple[str, str], str], own: str) -> bool:
        """Tell whether this is the workbook that was recorded, not another of the same name.

        Another one would hold the old values where this one was edited. Where not a single edit
        is left to know it by, only the study's own file is trusted.
        """
        values = {spot: self.copy.records.get(spot[0], {}).get(spot[1], "") for spot in brought}
        back = sum(
            value == self.origin.get(key, {}).get(column, "") != brought[key, column]
            for (key, column), value in values.items()
        )
        held = any(value == brought[spot] for spot, value in values.items())
        return back < SAME_SHARE * len(brought) and (held or self.copy.name == own)

    def verdict(self, key: str, column: str, value: str) -> Verdict:
        """Return what a value of this copy means, as the module says."""
        origin = self.origin.get(key, {}).get(column, "")
        now = self.now.get(key, {}).get(column, "")
        earlier = self.earlier.get((key, column))
        if value == now:
            return "same" if value not in (origin, earlier) else "nothing"
        if value == earlier:
            return "nothing"  # it is in the history, and something else was decided since
        if value == origin:
            # Put back by the hand that changed it, or merely older? Somebody must say.
            return "conflict" if self.same and earlier is not None else "stale"
        decided = self.copy.decisions.get((key, column)) == now
        if now == origin or decided or (self.same and earlier == now):
            return "take"
        return "conflict"

    def missing(self) -> list[str]:
        """Return the ids it was written with and no longer has."""
        return [key for key in self.origin if key not in self.copy.records]


class _Offer(NamedTuple):
    """A value that a copy brings for a cell."""

    side: _Side
    value: str
    verdict: Verdict


class _Collector:
    """Collects the values offered for each cell and decides."""

    def __init__(self, state: Records) -> None:
        self.records = {key: dict(row) for key, row in state.items()}
        self.state = state
        self.events: list[Event] = []
        self.conflicts: list[Conflict] = []
        self._offers: dict[tuple[str, str], list[_Offer]] = {}

    def offer(self, side: _Side, key: str, column: str, value: str, verdict: Verdict) -> None:
        """Take a cell of a copy."""
        side.stale += verdict == "stale"
        if verdict not in {"nothing", "stale"}:
            self._offers.setdefault((key, column), []).append(_Offer(side, value, verdict))

    def decide(self) -> None:
        """Settle each cell that was offered something."""
        for (key, column), offers in self._offers.items():
            verdicts = {offer.verdict for offer in offers}
            decided = "decided" in verdicts
            # Whoever decides has seen the recorded value: a copy that still holds it is no party.
            parties = [o for o in offers if not (decided and o.verdict == "same")]
            values = {offer.value for offer in parties}
            if len(values) > 1 or ("conflict" in verdicts and not decided):
                self._conflict(key, column, offers)
            else:
                self._take(key, column, parties, "same" if verdicts == {"same"} else "edit")

    def _take(
        self, key: str, column: str, offers: list[_Offer], event: Literal["edit", "same"]
    ) -> None:
        for offer in offers:
            self._note(event, offer, key, column)
        self.records.setdefault(key, {})[column] = offers[0].value

    def _note(
        self, event: Literal["edit", "same", "conflict"], offer: _Offer, key: str, column: str
    ) -> None:
        copy, old = offer.side.copy, self.state.get(key, {}).get(column, "")
        self.events.append(Event(event, copy.name, copy.sha256, key, column, old, offer.value))

    def _conflict(self, key: str, column: str, offers: list[_Offer]) -> None:
        """Keep all values; go on with the recorded one, or with the first where there is none."""
        now = self.state.get(key, {}).get(column, "")
        filled = [offer for offer in offers if offer.value]
        if not now and filled:
            self._take(key, column, filled[:1], "edit")
        for offer in offers:
            self._note("conflict", offer, key, column)
        shown = now or (filled[0].value if filled else "")
        values = tuple((offer.side.copy.name, offer.value) for offer in offers)
        self.conflicts.append(Conflict(key, column, now, shown, values))
