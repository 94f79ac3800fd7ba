"""Cutting chains into edges, against hand-drawn cases and a plain walk along every chain."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterhour.data.streets import Source, Streets
from quarterhour.data.streets_build import Chains, build_streets, drop_twins, geodesic_lengths

NOWHERE = Source("test", "lines")
LON, LAT = 116.4, 39.9
STEP = 0.001


def place(ref):
    """Every point number has its own position on a 10 × n lattice."""
    return LON + STEP * (ref % 10), LAT + STEP * (ref // 10)


def chains(*refs, missing=(), highway=None):
    flat = [ref for chain in refs for ref in chain]
    lonlat = np.array([place(ref) for ref in flat], float).reshape(-1, 2)
    lonlat[np.isin(flat, list(missing))] = np.nan
    return Chains(
        ref=np.array(flat, np.int64),
        lon=lonlat[:, 0],
        lat=lonlat[:, 1],
        start=np.cumsum([0, *map(len, refs)]).astype(np.int64),
        highway=np.array(highway or ["footway"] * len(refs), object),
        name=np.array([f"chain {i}" for i in range(len(refs))], object),
    )


def drawn(streets):
    """Edges as (id of u, point numbers, id of v)."""
    numbers = {place(ref): ref for ref in range(200)}
    result = []
    for e in range(streets.n_edges):
        part = slice(streets.edge_start[e], streets.edge_start[e + 1])
        points = [numbers[p] for p in zip(streets.lon[part], streets.lat[part], strict=True)]
        result.append(
            (streets.node_id[streets.edge_u[e]], points, streets.node_id[streets.edge_v[e]])
        )
    return result


def ints(*values):
    return np.array(values, np.int64)


CASES = {
    "inner points become geometry": (chains([1, 2, 3]), [("1", [1, 2, 3], "3")]),
    "two chains meet in the middle of one": (
        chains([1, 2, 3], [2, 12]),
        [("1", [1, 2], "2"), ("2", [2, 3], "3"), ("2", [2, 12], "12")],
    ),
    "two chains cross in their middles": (
        chains([1, 2, 3], [12, 2, 22]),
        [
            ("1", [1, 2], "2"),
            ("2", [2, 3], "3"),
            ("12", [12, 2], "2"),
            ("2", [2, 22], "22"),
        ],
    ),
    "a chain that ends where another begins keeps the node": (
        chains([1, 2], [2, 3]),
        [("1", [1, 2], "2"), ("2", [2, 3], "3")],
    ),
    "a roundabout alone is one loop": (chains([1, 2, 12, 1]), [("1", [1, 2, 12, 1], "1")]),
    "a roundabout with one street": (
        chains([1, 2, 12, 11, 1], [12, 22]),
        [("1", [1, 2, 12], "12"), ("12", [12, 11, 1], "1"), ("12", [12, 22], "22")],
    ),
    "a lasso meets itself in its middle": (
        chains([1, 2, 3, 13, 2]),
        [("1", [1, 2], "2"), ("2", [2, 3, 13, 2], "2")],
    ),
    "parallel streets stay two": (
        chains([1, 2, 3], [1, 12, 3]),
        [("1", [1, 2, 3], "3"), ("1", [1, 12, 3], "3")],
    ),
    "the same street drawn twice stays twice": (
        chains([1, 2], [1, 2]),
        [("1", [1, 2], "2"), ("1", [1, 2], "2")],
    ),
    "a point repeated at once is one point": (chains([1, 2, 2, 3]), [("1", [1, 2, 3], "3")]),
    "there and back again": (chains([1, 2, 1]), [("1", [1, 2, 1], "1")]),
    "a missing point cuts": (
        chains([1, 2, 3, 4, 5], missing=[3]),
        [("1", [1, 2], "2"), ("4", [4, 5], "5")],
    ),
    "a missing end shortens": (chains([1, 2, 3], missing=[1]), [("2", [2, 3], "3")]),
    "a lone point left over is dropped": (
        chains([1, 2, 3, 4], missing=[2]),
        [("3", [3, 4], "4")],
    ),
    "a lone point makes no junction": (
        chains([2, 9], [1, 2, 3], missing=[9]),
        [("1", [1, 2, 3], "3")],
    ),
    "a chain of one point is dropped": (chains([1], [2, 3]), [("2", [2, 3], "3")]),
    "a chain that stays on one point is dropped": (chains([1, 1], [2, 3]), [("2", [2, 3], "3")]),
}


@pytest.mark.parametrize(("given", "expected"), CASES.values(), ids=CASES.keys())
def test_cutting(given, expected):
    assert drawn(build_streets(given, source=NOWHERE)) == expected


def test_a_signal_in_the_middle_becomes_a_node():
    streets = build_streets(chains([1, 2, 3]), source=NOWHERE, signals=ints(2, 99))
    assert drawn(streets) == [("1", [1, 2], "2"), ("2", [2, 3], "3")]
    assert dict(zip(streets.node_id, streets.node_signal, strict=True)) == {
        "1": False,
        "2": True,
        "3": False,
    }


def test_a_stop_in_the_middle_parts_the_street():
    streets = build_streets(chains([1, 2, 3]), source=NOWHERE, stops=ints(2))
    assert drawn(streets) == [("1", [1, 2], "2#1"), ("2#2", [2, 3], "3")]
    copies = [i for i, text in enumerate(streets.node_id) if text.startswith("2#")]
    assert streets.node_lon[copies] == pytest.approx(place(2)[0])
    assert streets.node_lat[copies] == pytest.approx(place(2)[1])


def test_a_stop_at_a_junction_parts_all_streets():
    streets = build_streets(chains([1, 2, 3], [12, 2]), source=NOWHERE, stops=ints(2))
    ends = Counter(streets.edge_u.tolist() + streets.edge_v.tolist())
    assert set(ends.values()) == {1}
    assert len(set(streets.node_id)) == streets.n_nodes == 6


def test_a_loop_through_a_stop_opens():
    streets = build_streets(chains([1, 2, 12, 1]), source=NOWHERE, stops=ints(1))
    assert drawn(streets) == [("1#1", [1, 2, 12, 1], "1#2")]


def test_a_signal_at_a_stop_is_both():
    streets = build_streets(chains([1, 2, 3]), source=NOWHERE, signals=ints(2), stops=ints(2))
    assert sorted(streets.node_id[streets.node_signal]) == ["2#1", "2#2"]


def test_attributes_follow_their_chain():
    streets = build_streets(
        chains([1, 2, 3], [2, 12], highway=["residential", "steps"]), source=NOWHERE
    )
    assert streets.edge_class.tolist() == ["residential", "residential", "steps"]
    assert streets.edge_name.tolist() == ["chain 0", "chain 0", "chain 1"]
    assert streets.edge_steps.tolist() == [False, False, True]


def test_points_at_one_position_under_two_names():
    """Different points on the same spot: no junction, but no double point in a line either."""
    lon = np.array([0.0, 1.0, 1.0, 1.0, 2.0, 2.0])
    streets = build_streets(
        Chains(
            ref=ints(1, 2, 3, 4, 5, 6),
            lon=lon,
            lat=np.zeros(6),
            start=ints(0, 6),
            highway=np.array([""], object),
            name=np.array([""], object),
        ),
        source=NOWHERE,
    )
    assert streets.lon.tolist() == [0.0, 1.0, 2.0]


def test_an_edge_of_no_length_stays():
    streets = build_streets(
        Chains(
            ref=ints(1, 2, 2, 3),
            lon=np.array([1.0, 1.0, 1.0, 2.0]),
            lat=np.zeros(4),
            start=ints(0, 2, 4),
            highway=np.array(["", ""], object),
            name=np.array(["", ""], object),
        ),
        source=NOWHERE,
    )
    assert streets.n_edges == 2
    assert streets.edge_length[0] == 0.0


def vincenty(lon1, lat1, lon2, lat2):
    """Vincenty (1975), inverse problem on WGS-84: an independent reference in metres."""
    a, f = 6378137.0, 1 / 298.257223563
    b = (1 - f) * a
    u1, u2 = (math.atan((1 - f) * math.tan(math.radians(x))) for x in (lat1, lat2))
    ll = lam = math.radians(lon2 - lon1)
    for _ in range(200):
        x = math.cos(u2) * math.sin(lam)
        y = math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam)
        sin_s = math.hypot(x, y)
        if sin_s == 0:
            return 0.0
        cos_s = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        sigma = math.atan2(sin_s, cos_s)
        sin_a = math.cos(u1) * math.cos(u2) * math.sin(lam) / sin_s
        cos2 = 1 - sin_a**2
        mid = cos_s - 2 * math.sin(u1) * math.sin(u2) / cos2 if cos2 else 0.0
        c = f / 16 * cos2 * (4 + f * (4 - 3 * cos2))
        new = ll + (1 - c) * f * sin_a * (sigma + c * sin_s * (mid + c * cos_s * (-1 + 2 * mid**2)))
        if abs(new - lam) < 1e-14:
            break
        lam = new
    k = cos2 * (a**2 - b**2) / b**2
    big_a = 1 + k / 16384 * (4096 + k * (-768 + k * (320 - 175 * k)))
    big_b = k / 1024 * (256 + k * (-128 + k * (74 - 47 * k)))
    turn = cos_s * (-1 + 2 * mid**2) - big_b / 6 * mid * (-3 + 4 * sin_s**2) * (-3 + 4 * mid**2)
    return b * big_a * (sigma - big_b * sin_s * (mid + big_b / 4 * turn))


def test_vincenty_gives_the_published_line():
    """Flinders Peak to Buninyong, Geoscience Australia: 54,972.271 m on GRS 80."""
    metres = vincenty(144.424867889, -37.951033417, 143.926495528, -37.652821139)
    assert metres == pytest.approx(54972.271, abs=0.002)


positions = st.tuples(st.floats(73, 135), st.floats(18, 54))
lines = st.lists(
    st.tuples(positions, st.lists(st.tuples(*[st.floats(-0.1, 0.1)] * 2), max_size=5)),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(lines)
def test_lengths_are_geodesic_along_every_line(given):
    shapes = [[(x, y), *((x + dx, y + dy) for dx, dy in steps)] for (x, y), steps in given]
    flat = np.array([point for shape in shapes for point in shape])
    start = np.cumsum([0, *map(len, shapes)])
    expected = [sum(vincenty(*p, *q) for p, q in pairwise(shape)) for shape in shapes]
    measured = geodesic_lengths(flat[:, 0], flat[:, 1], start)
    assert measured == pytest.approx(expected, rel=1e-6, abs=1e-3)


def by_hand(refs, missing, signals, stops):
    """Walk along every chain, point by point, and return its edges as lists of points."""
    runs = []
    for chain in refs:
        run = []
        for ref in [*chain, None]:
            if ref is None or ref in missing:
                if len(run) > 1:
                    runs.append(run)
                run = []
            elif not run or run[-1] != ref:
                run.append(ref)
    uses = Counter(ref for run in runs for ref in run)
    edges = []
    for run in runs:
        edge = [run[0]]
        for i, ref in enumerate(run[1:], 1):
            edge.append(ref)
            if uses[ref] > 1 or ref in signals or ref in stops or i == len(run) - 1:
                edges.append(edge)
                edge = [ref]
    return edges


few = st.sets(st.integers(0, 15), max_size=3)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 15), max_size=8), min_size=1, max_size=6), few, few, few)
def test_cutting_equals_a_walk_along_every_chain(refs, missing, signals, stops):
    streets = build_streets(
        chains(*refs, missing=missing), source=NOWHERE, signals=ints(*signals), stops=ints(*stops)
    )
    edges = drawn(streets)
    assert [points for _, points, _ in edges] == by_hand(refs, missing, signals, stops)
    for u, points, v in edges:
        assert u.split("#")[0] == str(points[0])
        assert v.split("#")[0] == str(points[-1])
    assert len(set(streets.node_id)) == streets.n_nodes
    ends = Counter(np.concatenate([streets.edge_u, streets.edge_v]).tolist())
    assert set(ends) == set(range(streets.n_nodes))
    for node, text in enumerate(streets.node_id):
        at = int(text.split("#")[0])
        assert (streets.node_lon[node], streets.node_lat[node]) == place(at)
        assert streets.node_signal[node] == (at in signals)
        if at in stops:
            assert ends[node] == 1


def test_twins_are_dropped_in_either_direction():
    both_ways = chains(
        [1, 2, 3], [3, 2, 1], [1, 12, 3], [1, 2, 3], [4, 5, 15, 4], [4, 15, 5, 4], [3, 12, 1]
    )
    ends_only = ~np.isin(both_ways.ref, [1, 3, 4])
    apart = np.where(ends_only, 100 + np.arange(len(both_ways.ref)), both_ways.ref)
    both_ways = replace(both_ways, ref=apart)
    assert build_streets(both_ways, source=NOWHERE).n_edges == 7
    once = build_streets(drop_twins(both_ways), source=NOWHERE, stops=ints(3))
    assert [points for _, points, _ in drawn(once)] == [[1, 2, 3], [1, 12, 3], [4, 5, 15, 4]]
    assert once.edge_name.tolist() == ["chain 0", "chain 2", "chain 4"]


def fields(**changes):
    streets = build_streets(chains([1, 2, 3], [2, 12]), source=NOWHERE)
    values = {name: getattr(streets, name) for name in Streets.__dataclass_fields__}
    return values | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"node_lon": np.zeros(2)}, "shape"),
        ({"edge_start": ints(0, 2, 4)}, "edge_start"),
        ({"edge_start": ints(0, 2, 4, 5)}, "0 to p"),
        ({"edge_start": ints(0, 1, 4, 6)}, "two points"),
        ({"edge_u": np.array([0, 1, 9], np.int32)}, "nodes"),
        ({"edge_u": np.array([0, 1, 1])}, "int32"),
        ({"edge_length": np.array([1.0, np.nan, 1.0])}, "edge_length"),
        ({"edge_length": np.array([1.0, -1.0, 1.0])}, "edge_length"),
    ],
)
def test_streets_that_do_not_fit_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Streets(**fields(**changes))
