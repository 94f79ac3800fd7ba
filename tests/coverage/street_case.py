"""A street drawn by hand: 1,000 m along the x axis, and a loose street of 5 m far off.

An adult (4 km/h) walks 333.3 m in 5 min, 666.7 m in 10 and 1,000 m in 15; there are no signals.
"""

import geopandas as gpd
import numpy as np
import shapely

from quarterhour.coverage.circles import ServiceType
from quarterhour.coverage.network import StreetNetwork

CRS = "EPSG:32650"
X0, Y0 = 450_000.0, 4_400_000.0
SHOP = ServiceType("shop", metres=300.0, minutes=5.0)
CAFE = ServiceType("cafe", metres=500.0, minutes=10.0)


def street():
    x = np.array([0.0, 300, 600, 1000, 5000, 5005]) + X0
    y = np.zeros(6) + Y0
    u, v = np.array([0, 1, 2, 4]), np.array([1, 2, 3, 5])
    return StreetNetwork.from_arrays(x, y, u, v, np.abs(x[v] - x[u]), crs=CRS)


def points(xs, ys=None, **columns):
    ys = np.zeros(len(xs)) if ys is None else np.asarray(ys, float)
    places = gpd.points_from_xy(np.asarray(xs, float) + X0, ys + Y0, crs=CRS)
    ids = [f"p{i}" for i in range(len(xs))]
    return gpd.GeoDataFrame({"id": ids, "name": ids, **columns}, geometry=places, crs=CRS).to_crs(
        4326
    )


def people(xs, ys=None, residents=None, **columns):
    """Demand: 10 residents a point unless given."""
    blank = [""] * len(xs)
    residents = np.full(len(xs), 10.0) if residents is None else np.asarray(residents, float)
    named = {"community": blank, "street": blank, "district": blank} | columns
    return points(xs, ys, residents=residents, **named)


def shops(xs, kinds="shop", ys=None, area=None, capacity=None, status="open"):
    """Outlets, all open unless said otherwise."""
    spread = {"type": kinds, "status": status, "area_m2": area, "capacity": capacity}
    columns = {}
    for name, value in spread.items():
        filled = np.nan if value is None else value
        single = isinstance(filled, str | float | int)
        columns[name] = [filled] * len(xs) if single else list(filled)
    return points(xs, ys, **columns)


def areas(boxes):
    """Areas from (id, level, parent, x from, x to), 50 m to both sides of the street."""
    names = [row[0] for row in boxes]
    polygons = [shapely.box(X0 + row[3], Y0 - 50, X0 + row[4], Y0 + 50) for row in boxes]
    return gpd.GeoDataFrame(
        {
            "id": names,
            "name": [f"{name}区" for name in names],
            "name_en": [name.upper() for name in names],
            "level": [row[1] for row in boxes],
            "parent": [row[2] for row in boxes],
            "residents": np.nan,
        },
        geometry=polygons,
        crs=CRS,
    ).to_crs(4326)


TWO = areas(
    [
        ("d", "district", "", -1, 1001),
        ("s", "street", "d", -1, 1001),
        ("a", "community", "s", -1, 500),
        ("b", "community", "s", 500, 1001),
    ]
)
