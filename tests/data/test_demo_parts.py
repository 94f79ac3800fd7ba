"""The drawing tools of the demo city, on cases drawn by hand."""

import math

import numpy as np
import pyproj
import pytest

from quarterhour.data.demo import geometry, noding, osm, plane
from quarterhour.data.demo.estates import Compound
from quarterhour.data.demo.names import ESTATES, Register
from quarterhour.data.demo.ways import Break, Draft, cut, structure

SQUARE = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]


def network(*ways, points=None):
    draft = Draft()
    for line, level in ways:
        draft.add(line, {"highway": "residential"}, level)
    draft.points.update(points or {})
    return noding.node(draft)


def shared(net):
    return set(net.ways[0].nodes) & set(net.ways[1].nodes)


def test_a_cross_at_grade_shares_one_node():
    net = network(([(0, 5), (10, 5)], 0), ([(5, 0), (5, 10)], 0))
    (node,) = shared(net)
    assert net.nodes[node].place == (5, 5)
    assert len(net.nodes) == 5


def test_a_bridge_shares_no_node_with_the_street_below():
    assert not shared(network(([(0, 5), (10, 5)], 0), ([(5, 0), (5, 10)], 1)))


def test_a_street_that_ends_on_another_joins_it():
    net = network(([(0, 0), (10, 0)], 0), ([(4, 0.1), (4, 9)], 0))
    assert len(shared(net)) == 1
    assert len(net.ways[0].nodes) == 3


def test_a_street_that_ends_short_of_another_stays_apart():
    assert not shared(network(([(0, 0), (10, 0)], 0), ([(4, 1), (4, 9)], 0)))


def test_a_bridge_joins_its_approach_end_to_end():
    assert len(shared(network(([(0, 0), (10, 0)], 0), ([(10, 0), (20, 0)], 1)))) == 1


def test_a_tagged_point_becomes_a_node_and_lets_stairs_down():
    net = network(
        ([(0, 0), (10, 0)], 0), ([(4, 0), (4, 9)], 3), points={(4, 0): {"barrier": "gate"}}
    )
    (node,) = shared(net)
    assert net.nodes[node].tags == {"barrier": "gate"}


def test_cut_leaves_gaps_and_names_structures():
    line = [(0.0, 0.0), (100.0, 0.0)]
    pieces = cut(line, [Break(60, 70, "gap"), Break(20, 30, "bridge")])
    assert [(p[0][0], p[-1][0], kind) for p, kind in pieces] == [
        (0, 20, ""), (20, 30, "bridge"), (30, 60, ""), (70, 100, ""),
    ]  # fmt: skip
    assert structure("tunnel") == ({"tunnel": "yes", "layer": "-1"}, -1)


def test_cut_over_an_end_leaves_no_stub():
    line = [(0.0, 0.0), (100.0, 0.0)]
    assert cut(line, [Break(0, 40, "gap")]) == [([(40, 0), (100, 0)], "")]
    assert cut(line, [Break(40, 100, "gap")]) == [([(0, 0), (40, 0)], "")]


def test_crossings_are_metres_along_the_line():
    line = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]
    assert geometry.crossings(line, [(4.0, -1.0), (4.0, 1.0)]) == [4]
    assert geometry.crossings(line, [(9.0, 6.0), (11.0, 6.0)]) == [16]
    assert geometry.crossings(line, [(0.0, 5.0), (5.0, 5.0)]) == []


def test_offset_goes_left_and_keeps_a_ring_closed():
    assert geometry.offset([(0.0, 0.0), (10.0, 0.0)], 2.0) == [(0, 2), (10, 2)]
    ring = geometry.offset(geometry.densify(SQUARE, 1), 1.0)
    assert ring[0] == ring[-1]
    assert all(-0.01 < x < 10.01 for x, _ in ring)


def test_inside_and_distance():
    assert geometry.inside((5, 5), SQUARE)
    assert not geometry.inside((11, 5), SQUARE)
    found = geometry.distance(np.array([(5.0, 13.0), (13.0, 14.0), (5.0, 4.0)]), SQUARE)
    assert found == pytest.approx([3, 5, 4])


def test_spline_passes_through_its_points():
    points = [(0.0, 0.0), (100.0, 40.0), (200.0, -20.0)]
    curve = geometry.spline(points, 10)
    assert all(min(math.dist(p, q) for q in curve) < 1e-9 for p in points)


def test_between_and_at_follow_the_bends():
    line = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]
    assert geometry.at(line, 14) == (10, 4)
    assert geometry.at(line, 99) == (10, 10)
    assert geometry.between(line, 5, 14) == [(5, 0), (10, 0), (10, 4)]


def test_reach_finds_the_first_street_within_the_limit():
    draft = Draft()
    assert draft.reach((0, 0), (0, 1), 50) is None
    for y in (20.0, 10.0):
        draft.add([(-5, y), (5, y)], {}, street=True)
    draft.add([(-5, 4), (5, 4)], {})  # not a street that a gate may open to
    assert draft.reach((0, 0), (0, 3), 50) == pytest.approx((0, 10))
    assert draft.reach((0, 0), (0, 1), 9) is None
    assert draft.reach((0, 0), (0, -1), 50) is None


def test_the_board_lies_true_on_the_ellipsoid():
    geod = pyproj.Geod(ellps="WGS84")
    dice = plane.Dice(9)
    for _ in range(50):
        a, b = ((dice.between(0, 4000), dice.between(0, 4000)) for _ in range(2))
        flat = math.dist(plane.warp(a), plane.warp(b))
        _, _, true = geod.inv(*plane.to_lonlat(a), *plane.to_lonlat(b))
        assert true == pytest.approx(flat, rel=1e-3, abs=0.05)


def test_dice_throw_what_they_promise():
    dice = plane.Dice(1)
    assert plane.Dice(1).unit() == dice.unit() != plane.Dice(2).unit()
    throws = [dice.whole(2, 4) for _ in range(300)]
    assert set(throws) == {2, 3, 4}
    assert {dice.weighted([0, 1, 0, 2]) for _ in range(100)} == {1, 3}
    assert sorted(dice.shuffled(range(9))) == list(range(9))
    assert abs(np.mean([dice.between(10, 20) for _ in range(2000)]) - 15) < 0.3


def test_names_are_given_once():
    names = Register(plane.Dice(4))
    given = [names.compound(year) for year in (1985, 2010) for _ in range(90)]
    given += [names.next_of(ESTATES, "路", "Road") for _ in range(2 * len(ESTATES) + 1)]
    assert len({zh for zh, _ in given}) == len(given)
    assert all(en and en[0].isupper() for _, en in given)


def test_signals_stand_where_main_roads_meet():
    draft = Draft()
    draft.add([(0, 5), (20, 5)], {"highway": "primary", "name": "甲"})
    draft.add([(5, 0), (5, 9)], {"highway": "secondary", "name": "乙"})
    draft.add([(15, 5), (15, 9)], {"highway": "residential", "name": "丙"})
    net = noding.node(draft)
    found = {net.nodes[i].place: t["highway"] for i, t in osm.crossings(net).items()}
    assert found == {(5, 5): "traffic_signals", (15, 5): "crossing"}
    assert '<tag k="name" v="甲"/>' in osm.text(net)


def test_a_compound_lists_its_buildings_row_by_row():
    one, two, three = (0.0, 0.0, 1.0, 1.0), (2.0, 0.0, 3.0, 1.0), (0.0, 5.0, 1.0, 6.0)
    compound = Compound(("里", "Li"), (0, 0, 9, 9), "slabs", 1990, 1.0, rows=[[one, two], [three]])
    assert compound.buildings == [one, two, three]
