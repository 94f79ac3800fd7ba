"""Opening hours: every notation a table holds, read right or left unknown."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterhour.data.opening_hours import (
    EVERY_DAY,
    WEEK,
    OpeningHours,
    Window,
    clock,
    minutes_open,
    open_during,
    parse_hours,
    parse_window,
)

MORNING = Window(360, 540)
NIGHT = Window(22 * 60, 31 * 60)


def shown(day):
    return " ".join(f"{clock(a)}-{clock(b)}" for a, b in day)


def days(text):
    found = parse_hours(text).by_weekday
    assert found is not None, text
    return [shown(day) for day in found]


SAME_EVERY_DAY = {
    "06:00-10:00": "06:00-10:00",
    "６：００－１０：００": "06:00-10:00",
    "06:00～10:00": "06:00-10:00",
    "6：30—9：30": "06:30-09:30",
    "06:00至10:00": "06:00-10:00",
    "06:00:00-10:00:00": "06:00-10:00",
    "6.30-9.30": "06:30-09:30",
    "0600-1000": "06:00-10:00",
    "6:30-9:30; 16:30-19:00": "06:30-09:30 16:30-19:00",
    "6:30-9:30，16:30-19:00": "06:30-09:30 16:30-19:00",
    "6:30-9:30、16:30-19:00": "06:30-09:30 16:30-19:00",
    "早餐6:30-9:30 晚餐16:30-19:00": "06:30-09:30 16:30-19:00",
    "24h": "00:00-24:00",
    "24H营业": "00:00-24:00",
    "24小时": "00:00-24:00",
    "２４小时": "00:00-24:00",
    "全天": "00:00-24:00",
    "全天24小时营业": "00:00-24:00",
    "7x24小时": "00:00-24:00",
    "24/7": "00:00-24:00",
    "24 hours": "00:00-24:00",
    "00:00-24:00": "00:00-24:00",
    "00:00-23:59": "00:00-24:00",
    "0:00-0:00": "00:00-24:00",
    "早6点至晚10点": "06:00-22:00",
    "早六点至晚十点": "06:00-22:00",
    "早上6:00-10:00": "06:00-10:00",
    "上午9点-下午5点半": "09:00-17:30",
    "下午2点半至6点": "14:30-18:00",
    "下午2点半至18点": "14:30-18:00",
    "中午12点-下午2点15分": "12:00-14:15",
    "中午1点-下午2点": "13:00-14:00",
    "6-9点": "06:00-09:00",
    "6时至9时30分": "06:00-09:30",
    "6am-9:30 pm": "06:00-21:30",
    "6-9am": "06:00-09:00",
    "2-5pm": "14:00-17:00",
    "10-2pm": "10:00-14:00",
    "12-2am": "00:00-02:00",
    "6 a.m. to 10 a.m.": "06:00-10:00",
    "22:00-02:00": "00:00-02:00 22:00-24:00",
    "22:00-26:00": "00:00-02:00 22:00-24:00",
    "22:00-次日02:00": "00:00-02:00 22:00-24:00",
    "晚10点至6点": "00:00-06:00 22:00-24:00",
    "晚8点至凌晨2点": "00:00-02:00 20:00-24:00",
    "晚8点至晚12点": "20:00-24:00",
    "晚8点至凌晨12点": "20:00-24:00",
    "晚8点至晚1点": "00:00-01:00 20:00-24:00",
    "营业时间：6:00-21:00": "06:00-21:00",
    "每天 6:00-10:00": "06:00-10:00",
    "周一至周日6:00-10:00": "06:00-10:00",
    "06:00-10:00，全年无休": "06:00-10:00",
    "daily 06:00-10:00": "06:00-10:00",
    "06:00-10:00, 节假日休息": "06:00-10:00",
    "PH off; Mo-Su 06:00-10:00": "06:00-10:00",
    "休息": "",
    "closed": "",
    "06:00-08:00; 07:00-10:00": "06:00-10:00",
}


@pytest.mark.parametrize(("text", "expected"), SAME_EVERY_DAY.items())
def test_times_of_every_day(text, expected):
    assert days(text) == [expected] * 7


W, LATE = "07:00-09:00", "08:00-10:00"
BY_DAY = {
    "周一至周五 7:00-9:00": [W] * 5 + ["", ""],
    "周一至周五：7:00-9:00": [W] * 5 + ["", ""],
    "周一至五7:00-9:00": [W] * 5 + ["", ""],
    "周1-5 7:00-9:00": [W] * 5 + ["", ""],
    "星期一到星期五 7:00-9:00": [W] * 5 + ["", ""],
    "工作日 7:00-9:00": [W] * 5 + ["", ""],
    "7:00-9:00（周一至周五）": [W] * 5 + ["", ""],
    "7:00-9:00 周一至周五; 8:00-10:00 周六": [W] * 5 + [LATE, ""],
    "周一至周五 7:00-9:00 周六、日 8:00-10:00": [W] * 5 + [LATE, LATE],
    "周一至周五 7:00-9:00；周末及节假日 8:00-10:00": [W] * 5 + [LATE, LATE],
    "周一、三、五 7:00-9:00": [W, "", W, "", W, "", ""],
    "周六日 7:00-9:00": [""] * 5 + [W, W],
    "周日 7:00-9:00": [""] * 6 + [W],
    "周五-周一 7:00-9:00": [W, "", "", "", W, W, W],
    "周一 七点至九点": [W] + [""] * 6,
    "7:00-9:00; 周日休息": [W] * 6 + [""],
    "7:00-9:00; 每周三休息": [W, W, "", W, W, W, W],
    "7:00-9:00，周日除外": [W] * 6 + [""],
    "Mo-Fr 07:00-09:00; Sa off": [W] * 5 + ["", ""],
    "Mo-Fr 07:00-09:00; Sa 08:00-10:00; PH off": [W] * 5 + [LATE, ""],
    "Mo-Su 07:00-09:00; Sa 08:00-10:00": [W] * 5 + [LATE, W],
    "Monday to Friday 7 am to 9 am": [W] * 5 + ["", ""],
    "Mon-Thu 7:00-9:00, Sat 8:00-10:00": [W] * 4 + ["", LATE, ""],
    "Tu,Th 07:00-09:00": ["", W, "", W, "", "", ""],
    "weekdays 7:00-9:00; weekends 8:00-10:00": [W] * 5 + [LATE, LATE],
    "Mo-Fr 07:00-09:00; Mo-Fr 16:00-19:00": [f"{W} 16:00-19:00"] * 5 + ["", ""],
    "Mo-Fr 07:00-09:00,16:00-19:00": [f"{W} 16:00-19:00"] * 5 + ["", ""],
    "工作日 18:30-07:30; 周末全天": [
        "18:30-24:00", *["00:00-07:30 18:30-24:00"] * 4, "00:00-24:00", "00:00-24:00",
    ],
    "周日 22:00-06:00": ["00:00-06:00"] + [""] * 5 + ["22:00-24:00"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BY_DAY.items())
def test_times_by_weekday(text, expected):
    assert days(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "  ", "-", "无", "不详", "nan", "电话咨询", "06:00-10:00 售完为止", "06:00+", "6-9", "24",
     "06:00", "周一至周五", "PH 08:00-10:00", "25:70-26:00", "6:70-9:00", "06:00-06:00",
     "13am-2pm", "06:00-55:00", "Apr-Oct: 06:00-10:00", "夏季6:00-10:00", "06:00-10:00 off",
     "off 06:00-10:00", "06:00-10:00-12:00", "日出至日落", "休息 周一", "PH off", "30:00-31:00",
     "06:00-次日08:00"],
)  # fmt: skip
def test_what_is_not_understood_in_full_is_unknown(text):
    hours = parse_hours(text)
    assert not hours.known
    assert hours.by_weekday is None
    assert open_during(hours, MORNING) is None
    assert math.isnan(minutes_open(hours, MORNING))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("06:00-10:00", 180), ("6:30-9:30; 16:30-19:00", 150), ("24h", 180), ("9:00-18:00", 0),
        ("22:00-06:30", 30), ("06:00-07:00; 08:00-12:00", 120), ("Sa 06:00-10:00", 0),
        ("周一至周五 7:00-9:00", 120), ("06:00-10:00; 周三休息", 0),
    ],
)  # fmt: skip
def test_minutes_in_the_morning_window(text, minutes):
    hours = parse_hours(text)
    assert minutes_open(hours, MORNING) == minutes
    assert open_during(hours, MORNING) is (minutes > 0)


def test_open_means_at_least_so_many_minutes():
    hours = parse_hours("8:30-18:00")
    assert open_during(hours, MORNING, at_least=30) is True
    assert open_during(hours, MORNING, at_least=31) is False


def test_days_asked_for_decide():
    hours = parse_hours("Sa 06:00-10:00")
    assert minutes_open(hours, MORNING, [5]) == 180
    assert minutes_open(hours, MORNING, [5, 6]) == 0


def test_an_overnight_window_runs_on_into_the_next_day_and_over_sunday():
    hours = parse_hours("18:30-07:30")
    assert minutes_open(hours, NIGHT, EVERY_DAY) == NIGHT.minutes
    assert minutes_open(parse_hours("工作日 18:30-07:30"), NIGHT) == NIGHT.minutes
    assert minutes_open(parse_hours("工作日 18:30-07:30"), NIGHT, [6]) == 0
    assert minutes_open(parse_hours("22:30-08:30"), NIGHT) == NIGHT.minutes - 30


@pytest.mark.parametrize("days", [[], [7], [-1, 2]])
def test_days_must_be_weekdays(days):
    with pytest.raises(ValueError, match="Monday"):
        minutes_open(parse_hours("24h"), MORNING, days)


def test_windows():
    assert parse_window("06:00-09:00") == Window(360, 540)
    assert parse_window("22:00-07:00") == Window(1320, 1860)
    assert parse_window("早6点至9点") == Window(360, 540)
    assert str(parse_window("22:00-07:00")) == "22:00-07:00"
    assert Window(1320, 1860).minutes == 540


@pytest.mark.parametrize("text", ["", "morning", "6:00-9:00; 10:00-11:00", "Mo 06:00-09:00", "off"])
def test_what_is_no_window(text):
    with pytest.raises(ValueError, match="06:00-09:00"):
        parse_window(text)


@pytest.mark.parametrize("limits", [(0, 0), (-1, 5), (1440, 1500), (10, 1451), (500, 400)])
def test_windows_of_no_day(limits):
    with pytest.raises(ValueError, match="no window"):
        Window(*limits)


@pytest.mark.parametrize(
    ("text", "overlapping"),
    [("18:00-22:00; 20:00-07:00", True), ("18:00-07:30; 06:00-08:00", True),
     ("06:00-09:00; 09:00-12:00", False), ("24h", False),
     ("Mo-Su 07:00-09:00; Sa 08:00-10:00", False)],
)  # fmt: skip
def test_overlapping_parts_are_told(text, overlapping):
    assert parse_hours(text).overlapping is overlapping


minutes = st.integers(0, 1439)


def as_clock(minute):
    return f"{minute // 60}:{minute % 60:02d}"


@given(minutes, minutes)
def test_a_span_is_read_back_whatever_it_is(start, end):
    hours = parse_hours(f"{as_clock(start)}-{as_clock(end)}")
    if start == end and start:
        assert not hours.known
        return
    closing = 1440 if end == 1439 else end
    length = (closing - start) % 1440 or 1440
    assert minutes_open(hours, Window(start, start + length), EVERY_DAY) == length
    assert sum(b - a for a, b in hours.week) == 7 * length


@given(st.lists(st.tuples(minutes, minutes), min_size=1, max_size=4), minutes, st.integers(1, 1440))
def test_open_and_closed_minutes_add_up(spans, start, length):
    text = "; ".join(f"{as_clock(a)}-{as_clock(b)}" for a, b in spans)
    hours = parse_hours(text)
    if not hours.known:
        return
    assert all(a < b for a, b in hours.week)
    assert all(b < c for (_, b), (c, _) in zip(hours.week, hours.week[1:], strict=False))
    closed = []
    place = 0
    for a, b in [*hours.week, (WEEK, WEEK)]:
        closed += [(place, a)] if place < a else []
        place = b
    window = Window(start, start + length)
    rest = minutes_open(OpeningHours("", tuple(closed)), window, [2])
    assert minutes_open(hours, window, [2]) + rest == length


@given(st.text("周一二日至-:;,0123456789点半早晚amohf休息全天 ", max_size=14))
def test_any_text_is_read_or_unknown_but_never_breaks(text):
    hours = parse_hours(text)
    assert hours.known == (hours.by_weekday is not None)
