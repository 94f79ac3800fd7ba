"""All files of the demo city, made from nothing but this package."""

from __future__ import annotations

import os
from pathlib import Path

from . import features, layout, osm, outlets, people, sites, surveys, tables, town
from .areas import divide

README = """\
# {zh} · {en}

**Synthetic.** This city does not exist. Every street, name, resident, shop and complaint in this
folder was invented by the code in `quarterhour.data.demo` (`python -m quarterhour.data.demo` writes
the same bytes again). Its place (WGS-84, around 117.05° E, 38.12° N) was chosen for being in the
middle of a UTM zone; what really lies there has nothing to do with it. Never take a figure from
here for a fact.

**合成数据。** 本市纯属虚构,街道、名称、居民、网点、投诉均由程序生成,
与任何真实地点、人物无关,不得作为事实引用。

| file | what | rows |
|---|---|---|
{rows}

CSV files are UTF-8 with a byte order mark, `outlets.csv` alone is GB18030 as many bureaus export
it. Every table carries the column 数据来源 = {source}, every other file a note.
A residential point listed in `entrances.csv` is reached through these gates alone.
"""
WHAT = {
    "streets.osm": "streets, footways, railway and gates (OSM XML)",
    "background.geojson": "water, parks, railway, compounds and buildings, for drawing only",
    "areas.geojson": "districts, streets (街道) and communities; they nest exactly",
    "residences.csv": "residential points with residents, households, vehicles, elderly",
    "entrances.csv": "gates of residential points",
    "outlets.csv": "existing outlets of eight types",
    "candidates.csv": "premises that could become outlets",
    "parking.csv": "parking lots and the spaces they may share at night",
    "complaints.csv": "12345 complaints by community and type",
    "survey.csv": "satisfaction by community",
    "green.geojson": "parks and their entrances",
}


def contents() -> dict[str, bytes]:
    """Return the name and bytes of every file of the demo city; the same ones every time."""
    drawn = town.build()
    homes = people.settle(drawn)
    found = divide([(h.place, float(h.residents or 0)) for h in homes])
    communities = [a for a in found if a.level == "community"]
    find = tables.finder(found)
    shops = outlets.open_shops(drawn, homes)
    premises = sites.find(drawn, homes, shops)
    lots = sites.park(drawn, homes)
    made = {
        "streets.osm": osm.text(drawn.network).encode(),
        "background.geojson": _geojson("background", features.background(drawn)),
        "areas.geojson": _geojson("areas", features.areas(found, homes)),
        "residences.csv": tables.residences(homes, find),
        "entrances.csv": tables.entrances(homes),
        "outlets.csv": tables.outlets(shops),
        "candidates.csv": tables.candidates(premises, find),
        "parking.csv": tables.parking(lots, find),
        "complaints.csv": tables.complaints(surveys.complain(communities, homes, shops)),
        "survey.csv": tables.survey(surveys.ask(communities, homes, shops)),
        "green.geojson": _geojson("green", features.greens(drawn)),
    }
    return {**made, "README.md": _readme(made)}


def _geojson(name: str, rows: list[features.Json]) -> bytes:
    return features.collection(name, rows).encode()


def _readme(made: dict[str, bytes]) -> bytes:
    rows = []
    for name, data in made.items():
        skipped = {"csv": 1, "geojson": 2}.get(name.rsplit(".", 1)[1])
        count = f"{data.count(b'<way ')} ways" if skipped is None else data.count(b"\n") - skipped
        rows.append(f"| `{name}` | {WHAT[name]} | {count} |")
    zh, en = layout.CITY
    return README.format(zh=zh, en=en, rows="\n".join(rows), source=layout.SOURCE).encode()


def place(folder: Path, name: str, data: bytes) -> Path:
    """Write a file under a temporary name and move it into place; returns its path."""
    target = folder / name
    aside = folder / f".{name}.part"
    aside.write_bytes(data)
    os.replace(aside, target)  # noqa: PTH105 - replaces an existing file on Windows too
    return target


def regenerate(folder: Path) -> list[Path]:
    """Write every file of the demo city into a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [place(folder, name, data) for name, data in contents().items()]
