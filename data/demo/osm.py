"""The streets as OpenStreetMap XML, labelled as synthetic."""

from __future__ import annotations

from collections import defaultdict
from xml.sax.saxutils import quoteattr

from . import layout
from .noding import Network
from .ways import Tags

_MAIN = {"primary", "secondary"}
_JOINS = {"primary", "secondary", "tertiary"}
_SMALL = {"residential", "living_street", "pedestrian", "footway"}


def crossings(network: Network) -> dict[int, Tags]:
    """Return tags of nodes where walkers cross main roads: signals, at small streets zebras."""
    kinds: dict[int, set[str]] = defaultdict(set)
    names: dict[int, set[str]] = defaultdict(set)
    for way in network.ways:
        for ref in way.nodes:
            kinds[ref].add(way.tags.get("highway", ""))
            names[ref].add(way.tags.get("name", ""))
    found: dict[int, Tags] = {}
    for ref, kind in kinds.items():
        if kind & _MAIN and kind <= _JOINS and len(names[ref] - {""}) > 1:
            found[ref] = {"highway": "traffic_signals"}
        elif kind & _MAIN and kind & _SMALL:
            found[ref] = {"highway": "crossing", "crossing": "zebra"}
    return found


def text(network: Network) -> str:
    """Return the OSM XML of the network; places of nodes in WGS-84 degrees."""
    marks = crossings(network)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<osm version="0.6" generator={quoteattr("quarterhour demo city: " + layout.LABEL)}>',
        f"  <note>{layout.LABEL}</note>",
    ]
    for i, node in network.nodes.items():
        lon, lat = node.lonlat
        head = f'<node id="{i}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"'
        tags = {**marks.get(i, {}), **node.tags}
        lines += _element(head, [], tags, "node")
    for way in network.ways:
        refs = [f'<nd ref="{r}"/>' for r in way.nodes]
        lines += _element(f'<way id="{way.id}" version="1"', refs, way.tags, "way")
    return "\n".join([*lines, "</osm>", ""])


def _element(head: str, inner: list[str], tags: Tags, kind: str) -> list[str]:
    inner = inner + [f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items()]
    if not inner:
        return [f" {head}/>"]
    return [f" {head}>{''.join(inner)}</{kind}>"]
