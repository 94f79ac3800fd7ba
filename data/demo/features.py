"""GeoJSON of the areas, the map's background and the green places."""

from __future__ import annotations

import json
from collections.abc import Sequence

from . import layout, skeleton
from .areas import Area
from .geometry import Rect, box
from .grounds import Ground, river_banks
from .names import Name
from .people import Residence
from .plane import Line, to_lonlat
from .town import City

Json = dict[str, object]


def collection(name: str, features: list[Json]) -> str:
    """Return a FeatureCollection as text, one feature a line, carrying the label."""
    head = json.dumps({"type": "FeatureCollection", "name": name, "note": layout.LABEL})
    rows = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return f'{head[:-1]}, "features": [\n{rows}\n]}}\n'


def _feature(kind: str, shape: object, properties: Json) -> Json:
    geometry = {"type": kind, "coordinates": shape}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _named(kind: str, name: Name) -> Json:
    return {"kind": kind, "name": name[0], "name_en": name[1], "source": layout.SOURCE}


def _degrees(line: Sequence[tuple[float, float]]) -> Line:
    return [(round(x, 6), round(y, 6)) for x, y in map(to_lonlat, line)]


def _roof(rect: Rect) -> list[Line]:
    return [_degrees(box(rect, 1000))]


def areas(found: list[Area], homes: list[Residence]) -> list[Json]:
    """Return districts, streets and communities; residents on communities alone."""
    features = []
    for area in found:
        persons = None
        if area.level == "community":
            persons = sum(h.residents or 0 for h in homes if area.holds(h.place))
        properties: Json = {
            "id": area.id, "name": area.name[0], "name_en": area.name[1], "level": area.level,
            "parent": area.parent, "residents": persons, "source": layout.SOURCE,
        }  # fmt: skip
        parts = area.rings()
        if len(parts) == 1:
            features.append(_feature("Polygon", parts[0], properties))
        else:
            features.append(_feature("MultiPolygon", parts, properties))
    return features


def background(city: City) -> list[Json]:
    """Return what a map draws beneath the streets, from the ground up."""
    water, strip = river_banks()
    features = [
        _feature("Polygon", [_degrees(strip)], _named("green", ("滨河绿带", "River Greenbelt")))
    ]
    for ground in city.fabric.grounds:
        kind = {"park": "green", "green": "green", "farm": "farm"}.get(ground.kind, "grounds")
        properties = {**_named(kind, ground.name), "use": ground.kind}
        features.append(_feature("Polygon", [_degrees(ground.ring)], properties))
    for compound in city.fabric.compounds:
        outline = [_degrees(box(compound.rect, 1000))]
        features.append(_feature("Polygon", outline, _named("compound", compound.name)))
    features.append(
        _feature("Polygon", [_degrees(water)], _named("water", ("澄河", "Cheng River")))
    )
    lakes = [g for g in city.fabric.grounds if g.lake]
    for ground in lakes:
        name = _named("water", ("明镜湖", "Mingjing Lake"))
        features.append(_feature("Polygon", [_degrees(ground.lake)], name))
    rail = _named("railway", ("澄津铁路", "Chengjin Railway"))
    features.append(_feature("LineString", _degrees(skeleton.RAIL), rail))
    road = _named("main_road", ("环城路", "Huancheng Ring Road"))
    features += [_feature("LineString", _degrees(line), road) for line in skeleton.carriageways()]
    return features + _roofs(city)


def _roofs(city: City) -> list[Json]:
    owners: list[tuple[Name, list[Rect]]] = []
    owners += [(c.name, c.buildings) for c in city.fabric.compounds]
    owners += [(g.name, g.buildings) for g in city.fabric.grounds]
    owners += [(q.name, q.roofs) for q in city.fabric.quarters]
    return [
        _feature("MultiPolygon", [_roof(r) for r in roofs], _named("building", name))
        for name, roofs in owners
        if roofs
    ]


def greens(city: City) -> list[Json]:
    """Return parks and pocket parks as polygons, and their entrances as points."""
    features: list[Json] = []
    parks = [g for g in city.fabric.grounds if g.kind in {"park", "green"}]
    for number, ground in enumerate(parks):
        key = f"G{number + 1:02d}"
        properties = {"id": key, **_named(ground.kind, ground.name)}
        features.append(_feature("Polygon", [_degrees(ground.ring)], properties))
        features += [_entrance(key, k, ground, gate) for k, gate in enumerate(ground.gates)]
    return features


def _entrance(key: str, number: int, ground: Ground, gate: tuple[float, float]) -> Json:
    name = (f"{ground.name[0]}{number + 1}号门", f"{ground.name[1]} Gate {number + 1}")
    properties = {"id": f"{key}-{number + 1}", **_named("entrance", name), "park": key}
    return _feature("Point", _degrees([gate])[0], properties)
