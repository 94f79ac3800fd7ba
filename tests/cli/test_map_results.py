"""What ``quarterhour map`` writes beside the leader's page, on the demo city."""

import geopandas as gpd
import pytest

from quarterhour.cli.app import run as command
from quarterhour.cli.console import Screen
from quarterhour.cli.map_compare import compare_maps
from quarterhour.data.faults import InputFaults
from quarterhour.maps.results import read_results
from quarterhour.maps.study_maps import planner_map


def read(study, name):
    return gpd.read_parquet(study / "results" / f"{name}.parquet")


def test_walks_drawn_are_the_walks_measured(demo_run):
    ways, points, gaps = (read(demo_run, name) for name in ("map_routes", "points", "gaps"))
    middle = gaps.set_index("id")["point"]
    home = points.set_index("id").loc[middle.loc[ways["gap"]]]
    assert len(ways) > 40
    for way, (_, row) in zip(ways.to_dict("records"), home.iterrows(), strict=True):
        assert way["outlet"] == row[f"{way['type']}_outlet"]
        assert way["metres"] == pytest.approx(row[f"{way['type']}_metres"], abs=0.1)
        assert way["minutes"] == pytest.approx(row[f"{way['type']}_minutes"], abs=0.01)


def test_service_areas_hold_whoever_walks_so_long_and_hardly_anyone_else(demo_run):
    """A home enters the streets at a reached place, at most the snapping limit away."""
    reach, points = (read(demo_run, name).to_crs(32650) for name in ("map_reach", "points"))
    for kind in ("parcel", "laundry"):
        mine = reach[reach["type"] == kind].set_index("minutes")
        walk = points[f"{kind}_minutes"]
        for minutes in (5, 10, 15):
            area = mine.geometry.loc[minutes]
            assert points.geometry.distance(area)[walk <= minutes].max() <= 200
            # Land beside a street, less than two minutes on; a few homes have their gate far off.
            assert points.geometry.within(area)[walk > minutes + 2].mean() < 0.02
        assert mine["area_m2"].sort_index().is_monotonic_increasing


def test_pages_are_there_and_the_folder_alone_makes_the_map_again(demo_run):
    results = demo_run / "results"
    sizes = {
        name: (results / name).stat().st_size for name in ("map.html", "planner.html", "sheet.png")
    }
    assert sizes["map.html"] < 6_000_000
    assert sizes["planner.html"] < 6_000_000
    assert (results / "sheet.pdf").read_bytes().startswith(b"%PDF")
    study = read_results(demo_run)
    assert study.about.label
    assert [kind.verified for kind in study.types].count(True) > 0
    assert "quarterhour.planner" in planner_map(study).get_root().render()


def test_a_study_beside_itself_is_one_fault(demo_run):
    with pytest.raises(InputFaults) as raised:
        compare_maps(demo_run, demo_run / "study.toml", Screen("en", quiet=True))
    assert [fault.code for fault in raised.value.faults] == ["map_compare_same"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('tiles = "openstreetmap"', "openstreetmap is no base map"),
        ('tiles = "tianditu"', "needs a key"),
    ],
)
def test_a_base_map_that_cannot_be_is_one_line(demo_study, capsys, line, words):
    path = demo_study / "study.toml"
    path.write_text(path.read_text("utf-8") + f"\n[map]\n{line}\n", "utf-8")
    before = (demo_study / "results" / "map.html").read_bytes()
    with pytest.raises(SystemExit) as left:
        command(["map", str(demo_study), "--lang", "en", "--quiet"])
    assert left.value.code == 1
    shown = capsys.readouterr()
    assert words in " ".join((shown.out + shown.err).split())
    assert (demo_study / "results" / "map.html").read_bytes() == before


@pytest.mark.slow
def test_two_studies_on_one_page(demo_run, demo_study):
    path = compare_maps(demo_study, demo_run, Screen("en", quiet=True))
    text = path.read_text("utf-8")
    assert path.name == f"compare-{demo_run.name}.html"
    assert text.count('"key":"homes"') == 2
