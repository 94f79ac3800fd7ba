"""A street with four homes, drawn by hand: every plan on it can be worked out in the head.

Homes and premises A, B, C, D stand 1,000 m apart along one straight street, so that an outlet
serves the home at its own door and no other. Residents: 100, 60, 40, 30. A substandard
convenience store stands at D, a breakfast shop nowhere. A, B are in district D1, C, D in D2; each
home is a community of its own, K1 to K4.
"""

import json

from pyproj import Geod
from shapely import box
from shapely.geometry import mapping

GEOD = Geod(ellps="WGS84")
LAT, LON = 38.0, 117.0
HOMES = {"A": 100, "B": 60, "C": 40, "D": 30}
DISTRICT = {"A": "D1", "B": "D1", "C": "D2", "D": "D2"}

STUDY = """
[study]
name = "{name}"
language = "en"
[streets]
file = "streets.osm"
[demand]
file = "homes.csv"
[[facilities]]
file = "shops.csv"
[measure]
criterion = "metres"
types = ["convenience", "breakfast"]
none_exist = ["breakfast"]
[[areas]]
file = "communities.geojson"
level = "community"
[candidates]
file = "premises.csv"
[plan]
{plan}
"""


def lon_at(metres):
    """Return the longitude so many metres east of the street's beginning."""
    return GEOD.fwd(LON, LAT, 90.0, metres)[0]


def place(home):
    """Return the metres along the street at which a home stands."""
    return 1000.0 * "ABCD".index(home)


def write_city(folder, plan="", *, name="Tiny city", capacity=None, premises=None):
    """Write the study; ``plan`` are the lines of its section ``[plan]``."""
    folder.mkdir(parents=True, exist_ok=True)
    stops = [-200.0, *(place(home) for home in HOMES), 3200.0]
    nodes = "".join(
        f'<node id="{number}" lat="{LAT}" lon="{lon_at(stop):.9f}" version="1"/>'
        for number, stop in enumerate(stops, start=1)
    )
    refs = "".join(f'<nd ref="{number}"/>' for number in range(1, len(stops) + 1))
    way = f'<way id="1" version="1">{refs}<tag k="highway" v="residential"/></way>'
    (folder / "streets.osm").write_text(f'<osm version="0.6">{nodes}{way}</osm>', "utf-8")
    rows = ["id,name,residents,community,street,district,lon,lat"]
    rows += [
        f"H{home},Home {home},{residents},K{number},S1,{DISTRICT[home]},"
        f"{lon_at(place(home)):.9f},{LAT}"
        for number, (home, residents) in enumerate(HOMES.items(), start=1)
    ]
    (folder / "homes.csv").write_text("\n".join(rows), "utf-8")
    weak = f"F1,Corner shop,convenience,substandard,{lon_at(3000.0):.9f},{LAT}"
    (folder / "shops.csv").write_text(f"id,name,type,status,lon,lat\n{weak}\n", "utf-8")
    rows = ["id,name,types,area_m2,cost,capacity,community,street,district,lon,lat"]
    rows += [
        f"{home},{(premises or {}).get(home, 'Premises ' + home)},,50,10,"
        f"{(capacity or {}).get(home, 2)},K{number},S1,{DISTRICT[home]},"
        f"{lon_at(place(home)):.9f},{LAT}"
        for number, home in enumerate(HOMES, start=1)
    ]
    (folder / "premises.csv").write_text("\n".join(rows), "utf-8")
    features = [
        {"type": "Feature", "properties": {"id": f"K{number}", "name": f"Community {home}"},
         "geometry": mapping(box(lon_at(place(home) - 400), LAT - 0.01, lon_at(place(home) + 400),
                                 LAT + 0.01))}
        for number, home in enumerate(HOMES, start=1)
    ]  # fmt: skip
    collection = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "communities.geojson").write_text(collection, "utf-8")
    (folder / "study.toml").write_text(STUDY.format(name=name, plan=plan), "utf-8")
    return folder
