"""Words of opening hours: a text becomes rules of days and times, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from .figures import is_missing, narrow

#: Minutes of a day.
DAY: Final = 1440
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """Times of some days.

    Attributes
    ----------
    days
        Weekdays, Monday 0; None where the text names none.
    spans
        Minutes after midnight; an overnight span ends after 1440.
    off
        Closed on these days.
    """

    days: frozenset[int] | None
    spans: tuple[Span, ...] = ()
    off: bool = False


_ZH_DAY: Final = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6}
_EN_DAY: Final = {name: i for i, name in enumerate(("mo", "tu", "we", "th", "fr", "sa", "su"))}
_EVERY: Final = frozenset(range(7))
_GROUPS: Final = (
    (r"工作日|平日|weekdays?|workdays?|working days", frozenset(range(5))),
    (r"双休日|周末|週末|weekends?", frozenset((5, 6))),
    (r"每天|每日|天天|全周|一周七天|daily|every ?day|7 ?days", _EVERY),
)
_NUMERALS: Final = {
    "十二": "12", "十一": "11", "十": "10", "一": "1", "二": "2", "两": "2", "三": "3", "四": "4",
    "五": "5", "六": "6", "七": "7", "八": "8", "九": "9", "零": "0",
}  # fmt: skip

_ZH_DAYS = r"(?:每?(?:周|星期|礼拜))"
_ZH_NEXT = rf"\s*(?:[-,、和及]\s*)?{_ZH_DAYS}?[一二三四五六日天](?!\s*[点时十])"
_EN = (
    r"(?:mo(?:n(?:day)?)?|tu(?:e(?:s(?:day)?)?)?|we(?:d(?:nesday)?)?|th(?:u(?:r(?:s(?:day)?)?)?)?"
    r"|fr(?:i(?:day)?)?|sa(?:t(?:urday)?)?|su(?:n(?:day)?)?)(?![a-z])"
)
_MARK = r"凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚间|夜间|夜里|早|晚"
_CLOCK = (
    rf"(?P<next{{0}}>次日|第二天|翌日)?\s*(?P<mark{{0}}>{_MARK})?\s*"
    r"(?P<h{0}>\d{{1,2}})(?:(?:[:.](?P<m{0}>\d{{2}})(?::00)?)|(?:\s*(?P<o{0}>[点时])"
    r"(?:(?P<half{0}>半)|(?P<zm{0}>\d{{1,2}})\s*分?|整|钟)?))?\s*(?P<ap{0}>[ap]\.?m\.?)?"
)
_DIGITS4 = r"(?P<a4>[012]\d[0-5]\d)\s*-\s*(?P<b4>[012]\d[0-5]\d)(?!\d)"

_TOKENS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("space", r"[\s;:,、。()\[\]|&和及]+|and(?![a-z])"),
        ("always", r"7\s*[x*×]\s*24(?:\s*小时|h(?![a-z]))?|24\s*/\s*7|around the clock|全日|昼夜"),
        ("always", r"(?:全天候?\s*)?24\s*(?:个?小时|h(?:(?:ou)?rs?)?(?![a-z]))|全天候?"),
        ("filler", r"(?:营业|经营|开放|开门|共享|停车)(?:时间|时段)?|时间|时段|当日|当天"),
        ("filler", r"早餐|午餐|晚餐|早市|晚市|夜宵|全年|无休|open(?![a-z])|hours?(?![a-z])"),
        ("holiday", r"法定节?假日|公众假期|节假日|节日|假日|[ps]h(?![a-z])|public holidays?"),
        ("workdays", _GROUPS[0][0]),
        ("weekend", _GROUPS[1][0]),
        ("daily", _GROUPS[2][0]),
        ("zh_days", rf"{_ZH_DAYS}[一二三四五六日天](?!\s*[点时十])(?:{_ZH_NEXT})*"),
        ("zh_digits", rf"{_ZH_DAYS}[1-7](?:\s*[-,、]\s*{_ZH_DAYS}?[1-7](?![\d:.点时]))*"),
        ("en_days", rf"{_EN}(?:\s*[-,]\s*{_EN})*"),
        ("off", r"(?:off|closed)(?![a-z])|休息|休业|不营业|不开放|关闭|关门|除外|店休|公休|休"),
        ("digits4", _DIGITS4),
        ("span", _CLOCK.format(1) + r"\s*-\s*" + _CLOCK.format(2) + r"(?![\d:])"),
    )
)  # fmt: skip


@dataclass(slots=True)
class _Draft:
    """A rule being read."""

    days: frozenset[int] | None = None
    holiday: bool = False
    spans: list[Span] = field(default_factory=list)
    off: bool = False

    @property
    def begun(self) -> bool:
        return self.days is not None or self.holiday

    @property
    def done(self) -> bool:
        return bool(self.spans) or self.off


def read_rules(text: str) -> list[Rule] | None:
    """Return the rules a text states, None where it is empty or not understood in full."""
    if is_missing(text):
        return None
    drafts = [_Draft()]
    try:
        for kind, match in _tokens(_plain(text)):
            _take(drafts, kind, match)
        return _finished(drafts)
    except ValueError:
        return None


def _plain(text: str) -> str:
    """Return the text in small ASCII letters and digits with one kind of dash."""
    plain = re.sub(r"\s*(?:至|到|~|〜|—+|–|−|-+|\bto\b)\s*", "-", narrow(text).casefold())
    plain = plain.replace("：", ":").replace("鐘", "钟").replace("點", "点").replace("時", "时")
    return re.sub(r"十[一二]|[十一二两三四五六七八九零](?=\s*[点时])", _numeral, plain)


def _numeral(match: re.Match[str]) -> str:
    word = match.group()
    after = match.string[match.end() :].lstrip()[:1]
    return _NUMERALS[word] if after in {"点", "时"} else word


def _tokens(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    place = 0
    while place < len(text):
        kind, match = _token(text, place)
        place = match.end()
        if kind not in {"space", "filler"}:
            yield kind, match


def _token(text: str, place: int) -> tuple[str, re.Match[str]]:
    for kind, pattern in _TOKENS:
        match = pattern.match(text, place)
        if match and match.end() > place:
            return kind, match
    raise ValueError(text[place:])


def _take(drafts: list[_Draft], kind: str, match: re.Match[str]) -> None:
    """Add one token to the last rule, or begin a new one."""
    if kind in {"always", "span", "digits4"}:
        if drafts[-1].off:
            raise ValueError(match.group())
        drafts[-1].spans.append(_span(kind, match))
    elif kind == "off":
        if drafts[-1].spans:
            raise ValueError(match.group())
        drafts[-1].off = True
    else:
        if drafts[-1].done:
            drafts.append(_Draft())
        if kind == "holiday":
            drafts[-1].holiday = True
        else:
            drafts[-1].days = (drafts[-1].days or frozenset()) | _days(kind, match.group())


def _finished(drafts: list[_Draft]) -> list[Rule]:
    if not drafts[-1].done:
        drafts = _days_after_times(drafts)
    if any(not draft.done for draft in drafts):
        raise ValueError("days without times")
    weekdays = [d for d in drafts if d.days is not None or not d.holiday]
    if not weekdays:
        raise ValueError("holidays alone")
    return [Rule(d.days, tuple(d.spans), d.off) for d in weekdays]


def _days_after_times(drafts: list[_Draft]) -> list[_Draft]:
    """Read ``06:00-10:00 周一至周五``: every part names its days last."""
    if drafts[0].begun or len(drafts) < 2 or any(draft.off for draft in drafts):
        raise ValueError("days without times")
    return [replace(a, days=b.days, holiday=b.holiday) for a, b in pairwise(drafts)]


def _days(kind: str, text: str) -> frozenset[int]:
    names = ("workdays", "weekend", "daily")
    if kind in names:
        return _GROUPS[names.index(kind)][1]
    if kind == "en_days":
        tokens = re.findall(r"-|[a-z]+", text)
        return _listed([t if t == "-" else _EN_DAY[t[:2]] for t in tokens])
    if kind == "zh_digits":
        return _listed([t if t == "-" else int(t) - 1 for t in re.findall(r"-|[1-7]", text)])
    found = re.findall(r"-|[一二三四五六日天]", re.sub("星期|礼拜|周", "", text))
    return _listed([t if t == "-" else _ZH_DAY[t] for t in found])


def _listed(parts: list[int | str]) -> frozenset[int]:
    """Return the days of a list with ranges; a range may run over Sunday."""
    days: set[int] = set()
    numbers = [p for p in parts if isinstance(p, int)]
    place = -1
    for part in parts:
        if part == "-":
            first, last = numbers[place], numbers[place + 1]
            days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
        else:
            place += 1
            days.add(numbers[place])
    return frozenset(days)


def _span(kind: str, match: re.Match[str]) -> Span:
    if kind == "always":
        return 0, DAY
    if kind == "digits4":
        start, end = (int(t[:2]) * 60 + int(t[2:]) for t in match.group("a4", "b4"))
        return _ordered(start, end, fixed=False)
    start, afternoon = _minute(match, 1, bare=_has_unit(match, 2))
    inherit = afternoon and match.group("mark2") is None and match.group("ap2") is None
    end, _ = _minute(match, 2, bare=False)
    if inherit and end + DAY // 2 > start and end < DAY // 2 and not match.group("next2"):
        end += DAY // 2
    if match.group("ap2") and not match.group("ap1") and not match.group("mark1"):
        start = _same_half(start, match.group("ap2"), end)
    if match.group("next2"):
        return _ordered(start, end + DAY, fixed=True)
    return _ordered(start, end, fixed=False)


def _has_unit(match: re.Match[str], which: int) -> bool:
    return any(match.group(f"{name}{which}") for name in ("o", "ap"))


def _minute(match: re.Match[str], which: int, *, bare: bool) -> tuple[int, bool]:
    """Return a clock time as minutes after midnight, and whether it was said to be after noon."""
    part = {n: match.group(f"{n}{which}") for n in ("mark", "h", "m", "o", "half", "zm", "ap")}
    hour = int(part["h"])
    minute = 30 if part["half"] else int(part["m"] or part["zm"] or 0)
    if not (part["m"] or part["o"] or part["ap"] or part["mark"] or bare):
        raise ValueError(match.group())
    late = (part["ap"] or "").startswith("p") or part["mark"] in _AFTERNOON
    if minute > 59 or hour > 48 or (part["ap"] and not 1 <= hour <= 12):
        raise ValueError(match.group())
    return _on_the_clock(hour, part["mark"], part["ap"]) * 60 + minute, late


_AFTERNOON: Final = {"下午", "傍晚", "晚", "晚上", "晚间", "夜间", "夜里"}
_NIGHT: Final = {"晚", "晚上", "晚间", "夜间", "夜里"}


def _on_the_clock(hour: int, mark: str | None, half: str | None) -> int:
    """Return the hour of the day: 22 for ``晚10点``, 24 for ``晚12点``, 25 for ``晚1点``."""
    if half:
        return hour % 12 + (12 if half.startswith("p") else 0)
    if mark in _NIGHT and (hour == 12 or hour <= 4):
        return hour + (12 if hour == 12 else 24)
    if mark in _AFTERNOON and hour < 12:
        return hour + 12
    if mark == "中午" and hour <= 3:
        return hour + 12
    return 0 if mark == "凌晨" and hour == 12 else hour


def _same_half(start: int, half: str, end: int) -> int:
    """Read ``6-9am`` and ``2-5pm``: the first hour shares the second's half where it fits."""
    if half.startswith("a"):
        return start % (DAY // 2) if start // 60 == 12 else start
    moved = start + DAY // 2 if start < DAY // 2 else start
    return moved if moved < end else start


def _ordered(start: int, end: int, *, fixed: bool) -> Span:
    """Return the span, its end on the next day where it is not after the start."""
    if start > DAY or (start == end and start % DAY):
        raise ValueError((start, end))
    end = DAY if end == DAY - 1 else end
    start %= DAY
    if end <= start and not fixed:
        end += DAY
    if not start < end <= start + DAY:
        raise ValueError((start, end))
    return start, end
