"""Every row of the table of walking rules, by hand."""

import pytest

from quarterhour.data.walking_rules import (
    BY_PERMISSION,
    BY_POLICY,
    NODE_KEYS,
    WALKABLE,
    WAY_KEYS,
    WalkingRules,
    barrier_stops,
    class_known,
    is_signal,
    is_stairs,
    walkable,
)

EVERYTHING = WalkingRules(trunk="include", cycleway="include", private="include", indoor="include")


def tags(text):
    """``highway=path foot:conditional="no @ (x)"`` as a mapping; ``~`` stands for a blank."""
    return {k: v.replace("~", " ") for k, v in (pair.split("=", 1) for pair in text.split())}


@pytest.mark.parametrize(
    "highway",
    [
        "footway", "path", "pedestrian", "steps", "living_street", "residential", "service",
        "track", "road", "unclassified", "tertiary", "tertiary_link", "secondary", "secondary_link",
        "primary", "primary_link", "platform",
    ],
)  # fmt: skip
def test_plain_streets_are_walked(highway):
    assert walkable({"highway": highway})


@pytest.mark.parametrize(
    "highway",
    [
        "motorway", "motorway_link", "trunk", "trunk_link", "cycleway", "corridor", "bridleway",
        "busway", "construction", "proposed", "raceway", "rest_area", "services", "bus_stop",
        "escape", "FIXME", "no", "",
    ],
)  # fmt: skip
def test_other_classes_are_not_walked_by_default(highway):
    assert not walkable({"highway": highway})


@pytest.mark.parametrize(
    ("text", "walked"),
    [
        # foot decides before anything else
        ("highway=residential foot=no", False),
        ("highway=residential foot=use_sidepath", False),
        ("highway=footway foot=private", False),
        ("highway=residential access=no foot=yes", True),
        ("highway=service access=private foot=permissive", True),
        ("highway=service access=private foot=designated", True),
        ("highway=service access=private foot=residents", True),
        ("highway=service access=private foot=no", False),
        ("highway=motorway foot=yes", True),
        ("highway=trunk foot=designated", True),
        ("highway=cycleway foot=yes", True),
        ("highway=bridleway foot=permissive", True),
        ("highway=busway foot=yes", True),
        ("highway=construction foot=yes", False),
        ("highway=trunk motorroad=yes foot=yes", True),
        ("highway=residential foot=unknown", True),
        # conditions only open
        ("highway=path foot=no foot:conditional=yes~@~(06:00-22:00)", True),
        ("highway=path foot=yes foot:conditional=no~@~(22:00-06:00)", True),
        ("highway=path foot:conditional=no~@~(22:00-06:00)", True),
        ("highway=path access=no access:conditional=yes~@~(06:00-22:00)", True),
        # access
        ("highway=residential access=no", False),
        ("highway=service access=private", False),
        ("highway=service service=private", False),
        ("highway=track access=forestry", False),
        ("highway=service access=military", False),
        ("highway=service access=destination", True),
        ("highway=service access=customers", True),
        ("highway=residential access=permit", True),
        ("highway=residential access=permissive", True),
        ("highway=motorway access=yes", False),
        ("highway=trunk access=yes", False),
        ("highway=service service=driveway", True),
        ("highway=service service=parking_aisle", True),
        ("highway=residential vehicle=no motor_vehicle=no", True),
        # motor roads
        ("highway=primary motorroad=yes", False),
        ("highway=primary motorroad=no", True),
        # pavements
        ("highway=trunk sidewalk=both", True),
        ("highway=trunk_link sidewalk=right", True),
        ("highway=trunk sidewalk:left=yes sidewalk:right=no", True),
        ("highway=trunk sidewalk=separate", False),
        ("highway=trunk sidewalk=no", False),
        ("highway=motorway sidewalk=both", False),
        ("highway=trunk motorroad=yes sidewalk=both", False),
        ("highway=primary sidewalk=no", True),
        ("highway=primary sidewalk=separate", True),
        ("highway=cycleway segregated=yes", True),
        ("highway=cycleway sidewalk=right", True),
        # inside, squares, one-way, out of use
        ("highway=footway indoor=yes", False),
        ("highway=footway indoor=no", True),
        ("highway=pedestrian area=yes", True),
        ("highway=footway area=yes", True),
        ("highway=residential oneway=yes", True),
        ("highway=residential construction=yes", False),
        ("highway=residential construction=minor", True),
        ("highway=residential disused=yes", False),
        ("highway=residential abandoned=yes", False),
        ("highway=residential proposed=yes foot=yes", False),
        ("railway=platform", False),
    ],
)
def test_tags_decide(text, walked):
    assert walkable(tags(text)) is walked


@pytest.mark.parametrize(
    ("text", "rules", "walked"),
    [
        ("highway=trunk", WalkingRules(trunk="include"), True),
        ("highway=trunk_link", WalkingRules(trunk="include"), True),
        ("highway=trunk sidewalk=no", WalkingRules(trunk="include"), False),
        (
            "highway=trunk sidewalk:left=no sidewalk:right=none",
            WalkingRules(trunk="include"),
            False,
        ),
        ("highway=trunk foot=no", WalkingRules(trunk="include"), False),
        ("highway=trunk motorroad=yes", WalkingRules(trunk="include"), False),
        ("highway=motorway", EVERYTHING, False),
        ("highway=bridleway", EVERYTHING, False),
        ("highway=cycleway", WalkingRules(cycleway="include"), True),
        ("highway=cycleway foot=no", WalkingRules(cycleway="include"), False),
        ("highway=corridor", WalkingRules(indoor="include"), True),
        ("highway=footway indoor=yes", WalkingRules(indoor="include"), True),
        ("highway=service access=private", WalkingRules(private="include"), True),
        ("highway=service service=private", WalkingRules(private="include"), True),
        ("highway=footway foot=private", WalkingRules(private="include"), True),
        ("highway=service access=no", WalkingRules(private="include"), False),
        ("highway=trunk access=private", WalkingRules(private="include"), False),
        ("highway=primary sidewalk=separate", WalkingRules(separate_sidewalk="exclude"), False),
        (
            "highway=primary sidewalk:both=separate",
            WalkingRules(separate_sidewalk="exclude"),
            False,
        ),
        (
            "highway=primary sidewalk:left=separate sidewalk:right=yes",
            WalkingRules(separate_sidewalk="exclude"),
            True,
        ),
        ("highway=primary sidewalk=both", WalkingRules(separate_sidewalk="exclude"), True),
    ],
)
def test_policies_decide_where_tags_leave_it_open(text, rules, walked):
    assert walkable(tags(text), rules) is walked


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("barrier=gate", False),
        ("barrier=lift_gate", False),
        ("barrier=bollard", False),
        ("barrier=block", False),
        ("barrier=turnstile", False),
        ("barrier=wall", True),
        ("barrier=fence", True),
        ("barrier=wall foot=yes", False),
        ("barrier=gate foot=no", True),
        ("barrier=gate access=no", True),
        ("barrier=gate access=private", True),
        ("barrier=gate access=permit", False),
        ("barrier=gate access=no foot=yes", False),
        ("barrier=gate access=private foot=designated", False),
        ("barrier=gate access=yes foot=no", True),
        ("barrier=gate access=no foot:conditional=yes~@~(06:00-22:00)", False),
        ("barrier=gate locked=yes", True),
        ("barrier=gate locked=yes foot=permit", False),
        ("barrier=gate locked=yes access=yes", False),
        ("highway=gate access=no", True),
        ("highway=gate", False),
        ("highway=crossing foot=no", False),
        ("highway=traffic_signals access=no", False),
    ],
)
def test_barriers_stop_or_let_pass(text, stops):
    assert barrier_stops(tags(text)) is stops


def test_private_gates_open_by_policy():
    gate = tags("barrier=gate access=private")
    assert barrier_stops(gate)
    assert not barrier_stops(gate, WalkingRules(private="include"))
    assert not barrier_stops(tags("barrier=gate foot=private"), WalkingRules(private="include"))


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("highway=traffic_signals", True),
        ("highway=crossing crossing=traffic_signals", True),
        ("crossing=traffic_signals", True),
        ("highway=crossing crossing=uncontrolled", False),
        ("barrier=gate", False),
    ],
)
def test_signals(text, signal):
    assert is_signal(tags(text)) is signal


def test_stairs():
    assert is_stairs({"highway": "steps"})
    assert not is_stairs({"highway": "footway"})


def test_classes_stand_in_one_table_only():
    tables = [set(WALKABLE), set(BY_POLICY), set(BY_PERMISSION)]
    assert sum(map(len, tables)) == len(set.union(*tables))
    assert all(class_known(each) for table in tables for each in table)
    assert not class_known("快速路")


class Recorder(dict):
    """A mapping that notes which keys it was asked for."""

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = set()

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)


@pytest.mark.parametrize("highway", ["residential", "trunk", "cycleway", "motorway", "corridor"])
def test_way_keys_are_all_that_is_looked_at(highway):
    seen = Recorder({"highway": highway})
    walkable(seen)
    assert seen.asked <= set(WAY_KEYS)


@pytest.mark.parametrize("barrier", ["gate", "wall"])
def test_node_keys_are_all_that_is_looked_at(barrier):
    seen = Recorder({"barrier": barrier})
    barrier_stops(seen)
    is_signal(seen)
    assert seen.asked <= set(NODE_KEYS)
