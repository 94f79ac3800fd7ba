"""How hard to try: numbers out of range are refused by every siting function, by name."""

import numpy as np
import pytest

from quarterhour.data.faults import InputFaults
from quarterhour.optimize.center import solve_center
from quarterhour.optimize.effort import LONGEST, Run, check_clock
from quarterhour.optimize.median import solve_median

WRONG = [
    ({"time_limit": -1.0}, "time_limit", 0, LONGEST),
    ({"time_limit": float("nan")}, "time_limit", 0, LONGEST),
    ({"time_limit": float("inf")}, "time_limit", 0, LONGEST),
    ({"time_limit": "long"}, "time_limit", 0, LONGEST),
    ({"gap": -1e-9}, "gap", 0, 1),
    ({"gap": 1.5}, "gap", 0, 1),
    ({"threads": 0}, "threads", 1, 4096),
]


@pytest.mark.parametrize(("bad", "name", "low", "high"), WRONG)
def test_a_number_out_of_range_is_named(bad, name, low, high):
    calls = (
        lambda: check_clock(**bad),
        lambda: Run.begin(bad),
        lambda: solve_median(np.ones((2, 2)), 1, **bad),
        lambda: solve_center(np.ones((2, 2)), 1, **bad),
    )
    for call in calls:
        with pytest.raises(InputFaults) as caught:
            call()
        (fault,) = caught.value.faults
        assert (fault.code, fault.column) == ("siting_option_range", name)
        assert f"between {low} and {high}" in str(caught.value)


def test_all_wrong_numbers_are_named_at_once():
    with pytest.raises(InputFaults) as caught:
        check_clock(time_limit=-1, gap=2, threads=0)
    assert [fault.column for fault in caught.value.faults] == ["time_limit", "gap", "threads"]


def test_the_ends_of_the_ranges_are_fine():
    check_clock(time_limit=0, gap=0, threads=1)
    check_clock(time_limit=LONGEST, gap=1, threads=np.int64(4))
