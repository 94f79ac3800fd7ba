"""Questions for each type of facility are those of its facilities alone."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import Point

from quarterhour.coverage.by_type import covered_by_type, nearest_by_type
from quarterhour.coverage.errors import QueryError
from quarterhour.coverage.locate import locate
from quarterhour.coverage.nearest import nearest
from quarterhour.coverage.service_areas import covered_area

from .networks import block

SHOPS = gpd.GeoDataFrame(
    {"type": ["repair", "food", "repair"]},
    index=["r1", "f1", "r2"],
    geometry=[Point(100, 0), Point(0, -150), Point(0, 90)],
    crs=32650,
)
HOMES = gpd.GeoDataFrame(
    index=["h2", "h1", "far"], geometry=[Point(20, 1), Point(90, 100), Point(5000, 0)], crs=32650
)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("limit", [None, 150.0])
def test_each_type_is_asked_by_itself(k, limit):
    network = block(crs=32650)
    whole = nearest_by_type(network, HOMES, SHOPS, "type", k=k, limit=limit)
    assert whole["type"].unique().tolist() == ["repair", "food"]
    for kind, rows in whole.groupby("type"):
        alone = nearest(network, HOMES, SHOPS[SHOPS["type"] == kind], k=k, limit=limit).to_frame()
        assert rows.drop(columns="type").equals(alone)


def test_a_pivot_has_one_row_an_origin():
    wide = nearest_by_type(block(crs=32650), HOMES, SHOPS, "type").pivot(
        columns="type", values="metres"
    )
    assert wide.loc["h2"].to_dict() == pytest.approx({"food": 171.0, "repair": 81.0}, abs=0.01)
    assert wide.loc["far"].isna().all()
    assert set(wide.index) == set(HOMES.index)


def test_located_facilities_come_with_their_types():
    network = block(crs=32650)
    places, kinds = locate(network, SHOPS), SHOPS["type"].to_numpy()
    by_name = nearest_by_type(network, HOMES, SHOPS, "type")
    assert nearest_by_type(network, HOMES, places, kinds).equals(by_name)
    assert nearest_by_type(network, HOMES, places, np.array([2, 1, 2]))["type"].tolist() == [
        2, 2, 2, 1, 1, 1,
    ]  # fmt: skip


def test_land_covered_by_any_of_a_type():
    network = block(crs=32650)
    whole = covered_by_type(network, SHOPS, "type", breaks=[30.0, 60.0])
    assert whole["type"].tolist() == ["repair", "repair", "food", "food"]
    assert whole.index.tolist() == [0, 1, 2, 3]
    assert whole.crs == network.crs
    for kind, rows in whole.groupby("type"):
        alone = covered_area(network, SHOPS[SHOPS["type"] == kind], limit=60.0)
        assert rows.geometry.iloc[1].equals(alone.geometry.iloc[0])


@pytest.mark.parametrize(
    ("facilities", "types", "words"),
    [
        (SHOPS, "kind", "no column 'kind'"),
        (SHOPS.geometry, "type", "no column 'type'"),
        (SHOPS, ["a", "b"], "2 types for 3 facilities"),
        (SHOPS, ["a", None, "b"], "1 facilities have no type"),
        (SHOPS.iloc[:0], "type", "no points"),
    ],
)
def test_types_that_do_not_fit_are_refused(facilities, types, words):
    with pytest.raises(QueryError, match=words):
        nearest_by_type(block(crs=32650), HOMES, facilities, types)
    with pytest.raises(QueryError, match=words):
        covered_by_type(block(crs=32650), facilities, types, breaks=50.0)
