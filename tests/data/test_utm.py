"""The UTM zone, against pyproj's data base."""

import geopandas as gpd
import numpy as np
import pytest

from quarterhour.data.utm import utm_zone


@pytest.mark.parametrize("seed", range(12))
def test_zone_is_that_of_pyproj(seed):
    random = np.random.default_rng(seed)
    lon = random.uniform(-180, 180) + random.uniform(-0.01, 0.01, 5)
    lat = random.uniform(-79, 83) + random.uniform(-0.01, 0.01, 5)
    expected = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).estimate_utm_crs()
    assert utm_zone(lon, lat) == expected


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [(116.4, 39.9, 32650), (-0.1, 51.5, 32630), (179.99, -41.0, 32760), (-180.0, 1.0, 32601)],
)
def test_known_places(lon, lat, code):
    assert utm_zone(np.array([lon]), np.array([lat])).to_epsg() == code
