"""Breakfast, parking and green space of the demo city, read and measured as a bureau would."""

from importlib.resources import files

import numpy as np
import pytest
import shapely

from quarterhour.coverage.breakfast import (
    BreakfastRule,
    breakfast_table,
    count_outlets,
    measure_breakfast,
)
from quarterhour.coverage.circles import ServiceType, measure_circles
from quarterhour.coverage.green import GreenType, green_entrances, measure_green
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.parking import ParkingRule, measure_parking, parking_table
from quarterhour.coverage.parking_sharing import lot_table, share_parking, sharing_table
from quarterhour.coverage.states import State
from quarterhour.data.faults import FaultLog
from quarterhour.data.green import GreenTable, read_green
from quarterhour.data.inputs import read_inputs
from quarterhour.data.opening_hours import parse_hours
from quarterhour.data.parking import read_parking
from quarterhour.data.study import load_study
from quarterhour.data.tables import read_table

CITY = files("quarterhour.data.demo") / "city"


@pytest.fixture(scope="module")
def log():
    return FaultLog()


@pytest.fixture(scope="module")
def study(log):
    inputs = read_inputs(CITY, load_study(CITY, log=log), log=log)
    return inputs, StreetNetwork.from_streets(inputs.streets)


@pytest.fixture(scope="module")
def circles(study):
    inputs, network = study
    eat = ServiceType("breakfast", metres=500.0, minutes=10.0)
    return measure_circles(
        network, inputs.demand, inputs.facilities, [eat], entrances=inputs.entrances
    )


@pytest.fixture(scope="module")
def register(log):
    return read_parking(read_table(CITY / "parking.csv", log=log), log=log).frame


def test_every_opening_hour_is_read(study):
    hours = study[0].facilities["hours"]
    assert [text for text in set(hours) if text and not parse_hours(text).known] == []


def test_breakfast(study, circles):
    found = measure_breakfast(study[1], circles, BreakfastRule(out_share=0.3))
    table = breakfast_table(found, study[0].areas)
    residents = study[0].demand["residents"].sum()
    for _, rows in table.groupby("level"):
        assert rows["demand"].sum() == pytest.approx(0.3 * residents)
        assert (rows["served"] + rows["gap"] + rows["unknown"]).sum() == pytest.approx(
            0.3 * residents, abs=1e-3
        )
    assert sum(count_outlets(found).values()) == len(found.outlets)
    assert found.served.sum() <= np.nansum(found.capacity)
    assert 0 < found.gap.sum() < table["demand"][0]


def test_parking(study, circles, register, log):
    inputs, network = study
    gap = measure_parking(inputs.demand, register, ParkingRule(subsidy=100.0))
    table = parking_table(gap, inputs.areas)
    assert table.groupby("level")["vehicles"].sum().nunique() == 1
    near, far = share_parking(network, gap, register, circles.locations)
    for found in (near, far):
        assert (found.slot_use <= register["share_spaces"].to_numpy()[:, None] + 1e-6).all()
        city = sharing_table(found, inputs.areas).iloc[0]
        assert city["shared"] + city["remaining"] == pytest.approx(table["gap"][0], abs=1e-3)
        assert city["shared"] == pytest.approx(found.assignment.served_bound, abs=1e-3)
        assert lot_table(found)["subsidy"].sum() == pytest.approx(100 * city["shared"], abs=0.1)
    assert near.placed.sum() < far.placed.sum()
    assert log.faults == []


def test_green(study, log):
    inputs, network = study
    green = read_green(read_table(CITY / "green.geojson", log=log), log=log)
    assert (len(green.places), len(green.entrances)) == (5, 13)
    park = GreenType(ServiceType("park", metres=1000.0, minutes=15.0), ("park", "green"))
    circles = measure_green(network, inputs.demand, green, [park], entrances=inputs.entrances)
    assert set(np.unique(circles.state)) <= set(State)
    assert (circles.state == State.COVERED).any()
    # Without its gates, the streets that lead into a park are found where the gates stand.
    bare = GreenTable(green.places, green.entrances.iloc[:0])
    found = green_entrances(network, bare).geometry.to_crs(network.crs)
    gates = shapely.MultiPoint(list(green.entrances.geometry.to_crs(network.crs)))
    assert len(found) == 13
    assert shapely.distance(found.to_numpy(), gates).max() < 15
    assert log.faults == []
