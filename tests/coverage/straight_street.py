"""A straight street of 1,000 m and tables on it, where every measure is known by counting."""

import geopandas as gpd
import numpy as np

from quarterhour.coverage.network import StreetNetwork

CRS = "EPSG:32650"
X0, Y0 = 450_000.0, 4_400_000.0


def street():
    """Return 0 ─ 250 ─ 500 ─ 750 ─ 1000 m along x."""
    x = np.array([0.0, 250, 500, 750, 1000]) + X0
    u = np.arange(4)
    return StreetNetwork.from_arrays(x, np.full(5, Y0), u, u + 1, crs=CRS)


def table(xs, **columns):
    points = gpd.points_from_xy(np.asarray(xs, float) + X0, np.full(len(xs), Y0), crs=CRS)
    ids = columns.pop("id", [f"p{i}" for i in range(len(xs))])
    frame = gpd.GeoDataFrame({"id": ids, "name": ids, **columns}, geometry=points, crs=CRS)
    return frame.to_crs(4326)


def people(xs, residents=100.0, community="", street="", district="", **columns):
    def filled(value):
        return value if isinstance(value, list) else [value] * len(xs)

    columns = {"households": np.nan, "vehicles": np.nan} | columns
    areas = {"community": community, "street": street, "district": district}
    more = {name: filled(value) for name, value in (columns | areas).items()}
    return table(xs, residents=np.array(filled(residents), float), **more)
