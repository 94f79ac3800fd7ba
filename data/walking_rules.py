"""Which ways and which barriers a walker may pass, decided from OpenStreetMap tags.

Pure functions over tag mappings and tables of tag values, so that a planner can read, test and
change every rule. Defaults follow the OSM wiki's access tables ("OSM tags for routing/Access
restrictions", worldwide row) and the walking filter of osmnx 2; where this module differs from
either, the table in `walkable` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Policy = Literal["include", "exclude"]
Tags = Mapping[str, str]

#: ``highway`` values walked unless a tag forbids it.
WALKABLE = frozenset(
    {
        "footway", "path", "pedestrian", "steps", "living_street", "residential", "service",
        "track", "road", "unclassified", "tertiary", "tertiary_link", "secondary",
        "secondary_link", "primary", "primary_link", "platform", "elevator",
    }
)  # fmt: skip

#: ``highway`` values walked only where a tag permits walking, or the named policy includes them.
BY_POLICY: Mapping[str, str] = {
    "trunk": "trunk",
    "trunk_link": "trunk",
    "cycleway": "cycleway",
    "corridor": "indoor",
}

#: ``highway`` values walked only where ``foot`` itself permits it.
BY_PERMISSION = frozenset({"motorway", "motorway_link", "bridleway", "busway", "bus_guideway"})

#: Values of ``foot`` and ``access`` that let a walker pass.
PERMITS = frozenset(
    {
        "yes", "designated", "permissive", "official", "public", "destination", "customers",
        "permit", "residents", "discouraged", "dismount", "limited",
    }
)  # fmt: skip

#: Values that keep a walker out.
FORBIDS = frozenset(
    {
        "no", "use_sidepath", "agricultural", "forestry", "agricultural;forestry", "delivery",
        "emergency", "military", "restricted", "never", "closed",
    }
)  # fmt: skip

#: Values that keep strangers out, see ``WalkingRules.private``.
PRIVATE = frozenset({"private", "employees", "members"})

#: Values of a ``sidewalk*`` key that stand for a pavement along the way itself.
PAVEMENT = frozenset({"both", "left", "right", "yes"})

#: Barriers that stop a walker unless a tag permits passing; gates, bollards and stiles do not.
SOLID_BARRIERS = frozenset(
    {"wall", "city_wall", "retaining_wall", "fence", "hedge", "debris", "guard_rail", "ditch"}
)

_SIDES = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")
_OUT_OF_USE = ("construction", "proposed", "disused", "abandoned", "razed", "demolished")
#: Every key of a way that `walkable` looks at.
WAY_KEYS = (
    "highway", "foot", "foot:conditional", "access", "access:conditional", "motorroad", "service",
    "indoor", "segregated", *_SIDES, *_OUT_OF_USE,
)  # fmt: skip
#: Every key of a node that `is_signal` and `barrier_stops` look at.
NODE_KEYS = (
    "highway", "crossing", "barrier", "foot", "foot:conditional", "access", "access:conditional",
    "locked",
)  # fmt: skip
_TRUE = frozenset({"yes", "true", "1", "full"})

Verdict = Literal["yes", "no", "private", "unsaid"]


@dataclass(frozen=True, slots=True)
class WalkingRules:
    """What to do where tags leave walking open.

    Attributes
    ----------
    trunk
        Trunk roads and their links without pavement and without ``foot=*``. Default "exclude":
        in Beijing they are the main carriageways of the ring roads and expressways, fenced off
        from walkers, who use the side roads (mapped on their own) and the bridges. On two
        extracts of Beijing, 2012 and 2024, this left 99.8 % and 99.5 % of the junctions joined
        that are joined with trunk roads, and lengthened 0.2 % and 2.4 % of the walks under 1 km
        by more than a fifth. "include" suits a country whose trunk roads are ordinary streets.
    cycleway
        Cycle ways that say nothing about walkers. Default "exclude", as the OSM wiki and osmnx.
    private
        ``access=private`` without ``foot=*``, on ways and gates. Default "exclude": a stranger's
        short cut through a gated compound would hide a gap. "include" suits a study of the
        residents' own paths.
    indoor
        Corridors and ``indoor=yes``: shut at night, on several storeys. Default "exclude".
    separate_sidewalk
        Roads whose pavement is mapped as ways of its own (``sidewalk=separate``). Default
        "include": pavements are mapped in patches, and without the road the patches fall
        apart. "exclude" does as osmnx.
    """

    trunk: Policy = "exclude"
    cycleway: Policy = "exclude"
    private: Policy = "exclude"
    indoor: Policy = "exclude"
    separate_sidewalk: Policy = "include"


DEFAULT_RULES = WalkingRules()


def walkable(tags: Tags, rules: WalkingRules = DEFAULT_RULES) -> bool:
    """Say whether a way may be walked along.

    Parameters
    ----------
    tags
        The way's tags.
    rules
        What to do where tags leave it open.

    Returns
    -------
    bool

    Notes
    -----
    The first row that applies decides.

    ============================================================== ===============================
    tags                                                           walked
    ============================================================== ===============================
    ``highway`` missing or in no table here (construction,         no
    proposed, raceway, rest_area, escape, …)
    ``construction|proposed|disused|abandoned|razed|demolished``   no
    = yes beside ``highway``
    ``foot:conditional`` = yes/designated/… @ (…)                  yes: open at some hours; a
                                                                   conditional *no* never closes
    ``foot`` = yes, designated, permissive, destination,           yes, on motorways too
    customers, permit, residents, …
    ``foot`` = no, use_sidepath, …                                 no
    ``foot`` = private                                             by ``rules.private``
    ``motorroad`` = yes                                            no
    ``access`` = no, agricultural, forestry, delivery,             no
    military, emergency, …
    ``access`` = private, or ``service`` = private                 by ``rules.private``
    ``indoor`` = yes                                               by ``rules.indoor``
    ``sidewalk`` (``:both``, ``:left``, ``:right``) = separate     by ``rules.separate_sidewalk``
    and no pavement on another side
    motorway, bridleway, busway and links                          no
    trunk, cycleway with ``sidewalk`` = both, left, right, yes,    yes
    cycleway with ``segregated`` = yes, no
    trunk with ``sidewalk`` = no, none                             no
    trunk, cycleway, corridor                                      by their policy
    every other class of `WALKABLE`                                yes, ``sidewalk=no`` as well
    ============================================================== ===============================

    ``area=yes`` is not looked at: a square is walked along its outline, which keeps the streets
    that end on it connected (osmnx drops it). ``oneway`` does not bind walkers.
    """
    highway = tags.get("highway", "")
    if not class_known(highway) or any(tags.get(key, "") in _TRUE for key in _OUT_OF_USE):
        return False
    verdict = _say(tags, "foot")
    if verdict != "unsaid":
        return verdict == "yes" or (verdict == "private" and rules.private == "include")
    return not _kept_out(tags, rules) and _class_walked(highway, tags, rules)


def class_known(highway: str) -> bool:
    """Say whether a text is a ``highway`` class that `walkable` can judge."""
    return highway in WALKABLE or highway in BY_POLICY or highway in BY_PERMISSION


def barrier_stops(tags: Tags, rules: WalkingRules = DEFAULT_RULES) -> bool:
    """Say whether a node on a way stops a walker, so that the way is cut there.

    Parameters
    ----------
    tags
        The node's tags.
    rules
        Only ``rules.private`` matters.

    Returns
    -------
    bool
        Always False without ``barrier=*`` or ``highway=gate``. Else the first of these decides:
        ``foot`` (with ``foot:conditional``), ``access`` (with ``access:conditional``),
        ``locked=yes`` (stops), the kind: walls, fences and hedges stop; gates, lift gates,
        bollards, turnstiles, blocks and all others let pass.
    """
    if "barrier" not in tags and tags.get("highway") != "gate":
        return False
    for key in ("foot", "access"):
        verdict = _say(tags, key)
        if verdict == "private":
            return rules.private == "exclude"
        if verdict != "unsaid":
            return verdict == "no"
    return tags.get("locked") == "yes" or tags.get("barrier") in SOLID_BARRIERS


def is_signal(tags: Tags) -> bool:
    """Say whether a node is a signalised crossing or junction, where a walker waits."""
    return "traffic_signals" in (tags.get("highway"), tags.get("crossing"))


def is_stairs(tags: Tags) -> bool:
    """Say whether a way is a flight of steps."""
    return tags.get("highway") == "steps"


def _say(tags: Tags, key: str) -> Verdict:
    """Return what ``key`` and ``key:conditional`` say; a condition can only open."""
    opens = tags.get(f"{key}:conditional", "").split("@")[0].strip()
    value = tags.get(key, "")
    if value in PERMITS or opens in PERMITS:
        return "yes"
    if value in FORBIDS:
        return "no"
    return "private" if value in PRIVATE else "unsaid"


def _kept_out(tags: Tags, rules: WalkingRules) -> bool:
    """Say whether a tag other than ``foot`` and ``highway`` keeps walkers off."""
    access = _say(tags, "access")
    private = access == "private" or tags.get("service") == "private"
    sides = [tags[key] for key in _SIDES if key in tags]
    moved = "separate" in sides and not PAVEMENT.intersection(sides)
    return (
        tags.get("motorroad") == "yes"
        or access == "no"
        or (private and rules.private == "exclude")
        or (tags.get("indoor") == "yes" and rules.indoor == "exclude")
        or (moved and rules.separate_sidewalk == "exclude")
    )


def _class_walked(highway: str, tags: Tags, rules: WalkingRules) -> bool:
    """Say whether the class is walked where no tag forbids it."""
    if highway in WALKABLE:
        return True
    if highway in BY_PERMISSION:
        return False
    sides = [tags[key] for key in _SIDES if key in tags]
    if PAVEMENT.intersection(sides) or (highway == "cycleway" and "segregated" in tags):
        return True
    policy = BY_POLICY[highway]
    if policy == "trunk" and sides and all(side in {"no", "none"} for side in sides):
        return False
    return bool(getattr(rules, policy) == "include")
