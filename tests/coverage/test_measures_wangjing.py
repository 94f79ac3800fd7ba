"""The measures on the real streets and shops of Wangjing: what must hold whatever they show.

Residents are made up (300 for each residential parcel): the data serves to show that the system
works, never to say anything about Beijing.
"""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from quarterhour.coverage.accessibility import accessibility_summary, measure_accessibility
from quarterhour.coverage.catchments import two_step
from quarterhour.coverage.circles import ServiceType, measure_circles
from quarterhour.coverage.completeness import completeness_summary, type_groups
from quarterhour.coverage.equity import SPREAD_UNITS, choice_quantity, compare_walkers, spread_table
from quarterhour.coverage.locate import locate, locate_nodes
from quarterhour.coverage.network import StreetNetwork
from quarterhour.coverage.opportunities import measure_opportunities, opportunity_summary
from quarterhour.coverage.pairs import pairs
from quarterhour.coverage.states import State
from quarterhour.data.area_labels import containing
from quarterhour.data.standards import load_pack

BOX = (116.44, 39.97, 116.50, 40.02)
CODES = {131100: "convenience", 131600: "vegetable", 143410: "hair_beauty", 141211: "parcel"}


@pytest.fixture(scope="module")
def network(shared):
    return StreetNetwork.from_file(shared / "beijing" / "streets-2012.osm.pbf")


@pytest.fixture(scope="module")
def streets(shared):
    towns = gpd.read_file(shared / "beijing" / "townships.gpkg").to_crs(4326).cx[*box_slices()]
    columns = {"id": [f"s{n}" for n in range(len(towns))], "name": "", "name_en": "", "parent": ""}
    table = {**columns, "level": "street", "residents": np.nan}
    return gpd.GeoDataFrame(table, geometry=towns.geometry.to_numpy(), crs=4326)


def box_slices():
    west, south, east, north = BOX
    return slice(west, east), slice(south, north)


@pytest.fixture(scope="module")
def circles(shared, network, streets):
    homes = pd.read_csv(shared / "beijing" / "residences.csv")
    west, south, east, north = BOX
    homes = homes[homes.lon.between(west, east) & homes.lat.between(south, north)]
    demand = gpd.GeoDataFrame(
        {
            "id": homes["id"].astype(str).to_numpy(),
            "residents": 300.0,
            "community": "",
            "district": "",
        },
        geometry=gpd.points_from_xy(homes.lon, homes.lat),
        crs=4326,
    ).reset_index(drop=True)
    demand["street"] = containing(demand, streets)
    places = pd.read_csv(shared / "beijing" / "poi-wangjing.csv")
    places = places[places.category.isin(CODES)]
    shops = gpd.GeoDataFrame(
        {
            "id": places["id"].astype(str).to_numpy(),
            "type": places.category.map(CODES).to_numpy(),
            "status": "open",
        },
        geometry=gpd.points_from_xy(places.lon, places.lat),
        crs=4326,
    )
    # An outlet without a street would make the scores of its neighbours unknown.
    shops = shops[locate(network, shops).reached].reset_index(drop=True)
    pack = load_pack("beijing-8")
    types = [
        ServiceType(
            kind, pack.threshold(kind, "metres").value, pack.threshold(kind, "minutes").value,
            pack.type(kind).basic,
        )
        for kind in pack.type_ids
    ]  # fmt: skip
    assert len(demand) > 50
    assert len(shops) > 200
    # No part of the network is a small island: only homes without a street are unknown.
    return measure_circles(network, demand, shops, types, criterion="minutes", island_share=0.0)


@pytest.mark.shared
def test_supply_reached_is_shared_out_once(circles):
    found = measure_accessibility(circles)
    totals = accessibility_summary(found).query("level == 'city'")
    for column, kind in enumerate(circles.types):
        score = found.scores["two_step"][:, column]
        known = ~np.isnan(score)
        if kind.id not in circles.knowledge.on_record:
            assert not known.any()
            continue
        # Unknown are only homes far from streets, who reach nothing.
        assert (known == circles.locations.reached).all()
        of_type = circles.facilities["type"].to_numpy() == kind.id
        reached = np.isfinite(found.ratio) & of_type
        # All homes have residents, so every outlet a home reaches has a ratio.
        assert (score[known] * 0.3).sum() == pytest.approx(reached.sum())
        row = totals.query("type == @kind.id and score == 'two_step'").iloc[0]
        assert row["mean"] * (row.residents - row.unknown) / 1000 == pytest.approx(reached.sum())


@pytest.mark.shared
def test_two_step_equals_the_access_package_on_real_walks(circles, network):
    fca = pytest.importorskip("access.fca", reason="the package access is not installed")
    rows = np.flatnonzero(circles.facilities["type"].to_numpy() == "convenience")
    walks = pairs(network, circles.locations, circles.outlets.take(rows), limit=1000)
    source = np.repeat(np.arange(walks.shape[0]), np.diff(walks.indptr))
    residents = np.random.default_rng(1).integers(1, 900, walks.shape[0]).astype(float)
    supply = np.random.default_rng(2).uniform(10, 90, len(rows))
    costs = pd.DataFrame(
        {"origin": source, "dest": walks.indices, "cost": walks.cost.astype(np.float64)}
    )
    demand = pd.DataFrame({"geoid": np.arange(len(residents)), "demand": residents})
    offered = pd.DataFrame({"supply": supply}, index=pd.RangeIndex(len(supply), name="geoid"))
    theirs = fca.two_stage_fca(demand, offered, costs, max_cost=1000.0)
    ours = two_step(walks, supply, residents).score
    assert len(theirs) > 50
    np.testing.assert_allclose(ours[theirs.index], theirs, rtol=1e-9)


@pytest.mark.shared
def test_people_sum_across_levels_and_states(circles, streets):
    found = measure_opportunities(circles)
    groups = type_groups(load_pack("beijing-8"))
    for table, parts, keys in (
        (opportunity_summary(found, streets), ["none", "one", "several", "unknown"],
         ["type", "measure"]),
        (completeness_summary(circles, groups, streets), ["full", "gap", "unknown"],
         ["grouping", "group"]),
        (compare_walkers(circles, streets), ["covered", "gap", "unknown"], ["type", "profile"]),
    ):  # fmt: skip
        assert table[parts].sum(axis=1).to_numpy() == pytest.approx(table.residents.to_numpy())
        sums = table.groupby(["level", *keys])[["residents", *parts]].sum()
        for level in ("district", "street", "community"):
            assert (sums.loc[level] == sums.loc["city"]).all(axis=None)


@pytest.mark.shared
def test_types_without_data_are_unknown_not_gaps(circles):
    column = [kind.id for kind in circles.types].index("housekeeping")
    assert (circles.state[:, column] == State.UNKNOWN).all()
    table = spread_table(circles.demand, [choice_quantity(measure_opportunities(circles))])
    row = table.query("type == 'housekeeping' and level == 'city'").iloc[0]
    assert row.unknown == circles.demand.residents.sum()
    assert list(table.columns) == list(SPREAD_UNITS)


@pytest.mark.shared
def test_counts_agree_with_networkx(network):
    """Outlets on nodes within 15 minutes, by metres on another library's graph."""
    random = np.random.default_rng(4)
    homes, shops = random.integers(0, network.n_nodes, 6), random.integers(0, network.n_nodes, 900)
    found = pairs(network, locate_nodes(network, homes), locate_nodes(network, shops), limit=1000)
    graph = network.to_networkx()
    for row, home in enumerate(homes):
        reached = nx.single_source_dijkstra_path_length(
            graph, network.node_id[home], cutoff=1000, weight="length"
        )
        there = [network.node_id[shop] in reached for shop in shops]
        assert np.diff(found.indptr)[row] == sum(there)
