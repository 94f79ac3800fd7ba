"""Opening hours as people write them, read into intervals of the week, or unknown.

A notation that is not understood in full is **unknown**: nothing is dropped and nothing is taken
for closed. Known notations: ``06:00-10:00``, ``6:30-9:30; 16:30-19:00``, ``24h``, ``24小时``,
``全天``, ``周一至周五 7:00-9:00``, ``工作日 18:30-07:30; 周末全天``, ``9:00-18:00; 周日休息``,
``早6点至晚10点``, ``下午2点半至6点``, ``Mo-Fr 06:00-09:00; Sa off``, ``6am-9:30 pm``; full-width
characters and Chinese numerals too.

Rules of reading:

- An end not after its start lies on the next day (``22:00-02:00``); ``00:00-00:00`` is all day.
- Times without days hold on every day; days never named are closed when others are.
- A later part about other days replaces what was said of them before (OpenStreetMap's rule);
  a part about the same days, or about none, adds to it.
- Public and school holidays (``PH``, ``节假日``) are no weekdays: what is said of them is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .hours_grammar import DAY, Rule, Span, read_rules

WEEK: Final = 7 * DAY
#: Monday to Friday, Monday being 0.
WORKDAYS: Final = (0, 1, 2, 3, 4)
EVERY_DAY: Final = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Window:
    """A time of day, in minutes after midnight; an overnight one ends after 1440.

    Attributes
    ----------
    start
        0 to 1439.
    end
        After ``start``, at most 24 hours later.

    Raises
    ------
    ValueError
        If it is empty, longer than a day or does not start within the day.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not (0 <= self.start < DAY and self.start < self.end <= self.start + DAY):
            message = f"{self.start}–{self.end} min is no window of at most one day"
            raise ValueError(message)

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return self.end - self.start

    def __str__(self) -> str:
        """Return ``HH:MM-HH:MM``."""
        return f"{clock(self.start)}-{clock(self.end)}"


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When something is open in a week.

    Attributes
    ----------
    text
        As written.
    week
        Disjoint, rising intervals in minutes after Monday 00:00, within 0 to 10080; None where
        the hours are unknown. ``()`` is closed all week, as the text says so.
    overlapping
        Whether the text names the same minute of the week twice (``18:00-22:00; 20:00-07:00``).
    """

    text: str
    week: tuple[Span, ...] | None
    overlapping: bool = False

    @property
    def known(self) -> bool:
        """Whether the text could be read."""
        return self.week is not None

    @property
    def by_weekday(self) -> tuple[tuple[Span, ...], ...] | None:
        """Open intervals of Monday to Sunday in minutes after midnight, or None if unknown.

        An overnight interval is cut at midnight: its second part belongs to the next day.
        """
        if self.week is None:
            return None
        return tuple(self._on(day * DAY) for day in EVERY_DAY)

    def _on(self, midnight: int) -> tuple[Span, ...]:
        cut = ((max(a - midnight, 0), min(b - midnight, DAY)) for a, b in self.week or ())
        return tuple((a, b) for a, b in cut if a < b)


@lru_cache(maxsize=4096)
def parse_hours(text: str) -> OpeningHours:
    """Read opening hours.

    Parameters
    ----------
    text
        A cell of a table.

    Returns
    -------
    OpeningHours
        With ``week`` None where the text is empty, says that nothing is known, or is not
        understood in full.
    """
    rules = read_rules(text)
    if rules is None:
        return OpeningHours(text, None)
    days = _spans_by_day(rules)
    stated = _wrapped([(day * DAY + a, day * DAY + b) for day in EVERY_DAY for a, b in days[day]])
    week = _merged(stated)
    return OpeningHours(text, week, _minutes(stated) > _minutes(week))


def parse_window(text: str) -> Window:
    """Read one window of the day, such as ``"06:00-09:00"`` or ``"22:00-07:00"``.

    Raises
    ------
    ValueError
        If the text is anything but one span of time without days.
    """
    rules = read_rules(text)
    plain = rules is not None and len(rules) == 1 and rules[0].days is None
    if rules is None or not plain or len(rules[0].spans) != 1:
        message = f"{text!r} is no time window such as 06:00-09:00"
        raise ValueError(message)
    start, end = rules[0].spans[0]
    return Window(start % DAY, end - start + start % DAY)


def minutes_open(hours: OpeningHours, window: Window, days: Iterable[int] = WORKDAYS) -> float:
    """Return the minutes open within a window on the worst of some days.

    Parameters
    ----------
    hours
        The opening hours.
    window
        Time of day; an overnight one runs on into the next day.
    days
        Weekdays on which the window starts, Monday 0.

    Returns
    -------
    float
        ``min over days of |open ∩ window|`` in minutes: what can be counted on every one of the
        days. NaN where the hours are unknown.

    Raises
    ------
    ValueError
        If ``days`` is empty or names a day that is not 0 to 6.
    """
    chosen = tuple(days)
    if not chosen or not set(chosen) <= set(EVERY_DAY):
        message = f"days are {chosen}, expected some of 0 (Monday) to 6 (Sunday)"
        raise ValueError(message)
    if hours.week is None:
        return math.nan
    return float(min(_within(hours.week, day * DAY, window) for day in chosen))


def open_during(
    hours: OpeningHours,
    window: Window,
    days: Iterable[int] = WORKDAYS,
    *,
    at_least: float = 1.0,
) -> bool | None:
    """Tell whether something is open in a window on every one of some days.

    Parameters
    ----------
    hours, window, days
        See `minutes_open`.
    at_least
        Minutes that count as open.

    Returns
    -------
    bool or None
        None where the hours are unknown.
    """
    minutes = minutes_open(hours, window, days)
    return None if math.isnan(minutes) else minutes >= at_least


def clock(minute: int) -> str:
    """Return a minute of the day as ``HH:MM``; 1440 is ``24:00``, later ones begin anew."""
    shown = minute if minute <= DAY else minute % DAY
    return f"{shown // 60:02d}:{shown % 60:02d}"


def _spans_by_day(rules: Sequence[Rule]) -> list[list[Span]]:
    """Return what holds on each day, later rules over earlier ones."""
    spans: list[list[Span]] = [[] for _ in EVERY_DAY]
    source: list[frozenset[int] | None] = [None] * len(EVERY_DAY)
    for rule in rules:
        days = frozenset(EVERY_DAY) if rule.days is None else rule.days
        for day in days:
            same = source[day] == days and not rule.off
            spans[day] = [*spans[day], *rule.spans] if same else list(rule.spans)
            source[day] = days
    return spans


def _minutes(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def _wrapped(week: list[Span]) -> list[Span]:
    """Bring what runs past Sunday back to Monday."""
    inside = [(a, min(b, WEEK)) for a, b in week]
    return inside + [(0, b - WEEK) for _, b in week if b > WEEK]


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _within(week: tuple[Span, ...], midnight: int, window: Window) -> int:
    """Return minutes open in the window that starts on the day of ``midnight``."""
    start, end = midnight + window.start, midnight + window.end
    both = [*week, *((a + WEEK, b + WEEK) for a, b in week)]
    return sum(max(0, min(b, end) - max(a, start)) for a, b in both)
