"""The datum guard on real shops, homes and streets, shifted into each datum."""

import csv

import numpy as np
import osmium
import pytest
import shapely

from quarterhour.data.datum import from_wgs84
from quarterhour.data.datum_check import note_datum
from quarterhour.data.datum_guard import StreetLines, guard
from quarterhour.data.faults import FaultLog

DATUMS = ["wgs84", "gcj02", "bd09"]
TABLES = ["poi-bit-2012.csv", "poi-wangjing.csv", "residences.csv"]


@pytest.fixture(scope="module")
def streets(shared):
    path = shared / "beijing" / "streets-2012.osm.pbf"
    lines = [
        shapely.LineString([(node.lon, node.lat) for node in way.nodes])
        for way in osmium.FileProcessor(path).with_locations()
        if way.is_way() and "highway" in way.tags and len(way.nodes) > 1
    ]
    return StreetLines.from_shapes(lines)


@pytest.fixture(scope="module")
def places(shared):
    found = {}
    for name in TABLES:
        with (shared / "beijing" / name).open(encoding="utf-8") as stream:
            rows = [(float(r["lon"]), float(r["lat"])) for r in csv.DictReader(stream)]
        found[name] = np.array(rows)
    return found


def shifted(places, datum):
    return np.column_stack(from_wgs84(places[:, 0], places[:, 1], datum))


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("true", DATUMS)
def test_the_right_datum_is_named_whatever_is_declared(places, streets, table, true):
    given = shifted(places[table], true)
    wrong = DATUMS[DATUMS.index(true) - 1]
    for declared in (true, wrong):
        verdict = guard(given, streets, declared=declared)
        assert verdict.best == true, verdict.fits
        assert verdict.outcome == ("ok" if declared == true else "other")


def test_projected_coordinates_are_tested_as_well(places, streets):
    x, y = from_wgs84(*places["residences.csv"].T, "EPSG:4547")
    assert guard(np.column_stack([x, y]), streets, declared="EPSG:4547").outcome == "ok"
    lon, lat = from_wgs84(*places["residences.csv"].T, "GCJ-02")
    wrong = np.column_stack(from_wgs84(lon, lat, "EPSG:4547"))
    verdict = guard(wrong, streets, declared="EPSG:4547")
    assert (verdict.outcome, verdict.best) == ("other", "gcj02")


def test_cgcs2000_is_wgs84(places, streets):
    assert guard(places["residences.csv"], streets, declared="CGCS2000").outcome == "ok"


def test_exchanged_axes_are_named(places, streets):
    verdict = guard(places["residences.csv"][:, ::-1], streets, declared="wgs84")
    assert (verdict.outcome, verdict.best) == ("other", "exchanged")


def test_places_at_random_cannot_tell(streets):
    generator = np.random.default_rng(1)
    anywhere = generator.uniform([116.30, 39.85], [116.50, 40.00], (800, 2))
    assert guard(anywhere, streets, declared="wgs84").outcome == "unsure"


@pytest.mark.parametrize("count", [0, 1, 20])
def test_few_places_cannot_tell(places, streets, count):
    verdict = guard(places["residences.csv"][:count], streets, declared="wgs84")
    assert verdict.outcome == "unsure"


def test_places_far_from_all_streets_cannot_tell(places, streets):
    assert guard(places["residences.csv"] + 5, streets, declared="wgs84").outcome == "unsure"


def test_rows_without_position_are_left_out(places, streets):
    homes = places["poi-bit-2012.csv"]
    holes = np.vstack([homes, np.full((50, 2), np.nan)])
    assert guard(holes, streets, declared="wgs84") == guard(homes, streets, declared="wgs84")


def test_repeated_positions_count_once(places, streets):
    one = places["poi-wangjing.csv"]
    assert guard(np.repeat(one, 2, axis=0), streets, declared="wgs84") == guard(
        one, streets, declared="wgs84"
    )


def test_no_streets_is_an_error():
    nothing = StreetLines(np.empty(0), np.empty(0), np.zeros(1, dtype=np.int64))
    with pytest.raises(ValueError, match="no streets"):
        guard(np.zeros((3, 2)), nothing, declared="wgs84")


def test_distances_are_right_on_a_drawn_grid():
    """Homes 50 m beside streets 200 m apart: the median distance is known, none on a street."""
    lat0, metre = 40.0, 1 / 111_320
    stretch = metre / np.cos(np.radians(lat0))
    lines = [
        shapely.LineString([(116 + k * 200 * stretch, 40.0), (116 + k * 200 * stretch, 40.05)])
        for k in range(40)
    ]
    homes = np.array(
        [
            (116 + (k * 200 + 50) * stretch, 40.005 + j * 100 * metre)
            for k in range(10, 30)
            for j in range(30)
        ]
    )
    fit = guard(homes, StreetLines.from_shapes(lines), declared="wgs84").fit("wgs84")
    assert fit.points == len(homes)
    assert fit.on_street == 0
    assert fit.median_m == pytest.approx(50, abs=0.5)


def test_order_of_points_does_not_matter(places, streets):
    points = places["poi-wangjing.csv"][:2000]
    mixed = np.random.default_rng(3).permutation(points)
    assert guard(mixed, streets, declared="wgs84") == guard(points, streets, declared="wgs84")


@pytest.mark.parametrize(("declared", "codes"), [("wgs84", ["wrong_datum"]), ("gcj02", [])])
def test_wrong_datum_is_a_fault_in_both_languages(places, streets, declared, codes):
    log = FaultLog()
    given = shifted(places["residences.csv"], "gcj02")
    note_datum(guard(given, streets, declared=declared), file="小区.csv", log=log)
    assert [fault.code for fault in log.faults] == codes
    for fault in log:
        assert "GCJ-02" in fault.line("en")
        assert "GCJ-02" in fault.line("zh")


def test_exchanged_and_unsure_are_said(places, streets):
    log = FaultLog()
    homes = places["residences.csv"]
    note_datum(guard(homes[:, ::-1], streets, declared="wgs84"), file="a.csv", log=log)
    note_datum(guard(homes[:5], streets, declared="wgs84"), file="a.csv", log=log)
    assert [fault.code for fault in log.faults] == ["columns_exchanged_guard"]
    assert [fault.code for fault in log.warnings] == ["datum_unsure"]
    assert all(fault.line("zh") for fault in log)


@pytest.mark.slow
def test_small_samples_are_never_told_wrongly(places, streets):
    """Neighbourhoods of 100 places: some cannot tell, none may name the wrong datum."""
    generator = np.random.default_rng(7)
    decided = 0
    for name in TABLES:
        unique = np.unique(places[name], axis=0)
        for _ in range(12):
            centre = unique[generator.integers(len(unique))]
            near = unique[np.argsort(np.hypot(*(unique - centre).T))[:100]]
            for true in DATUMS:
                verdict = guard(shifted(near, true), streets, declared="wgs84")
                if verdict.outcome != "unsure":
                    decided += 1
                    assert verdict.best == true
    assert decided > 30  # of 108; else the test would say nothing
