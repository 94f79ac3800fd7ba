"""The public site: whole, self-contained, and without anything private."""

import csv
import json
import re
import shutil

import geopandas as gpd
import pandas as pd
import pytest

from quarterhour.cli.console import Screen
from quarterhour.cli.publish import publish
from quarterhour.data.faults import InputFaults

from .conftest import add_options

QUIET = Screen("en", quiet=True)


def codes(found):
    return [fault.code for fault in found.value.faults]


def with_options(study, lines):
    file = study / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(add_options(text, "publish", lines), encoding="utf-8")


def everything(folder):
    """Return every byte of the site."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def site(demo_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("public") / "site"
    publish(demo_run, QUIET, to=str(folder))
    return folder


def test_every_result_table_is_there_with_its_rows(site, demo_run):
    for path in (site / "tables").glob("*.csv"):
        table = pd.read_parquet(demo_run / "results" / f"{path.stem}.parquet")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            assert sum(1 for _ in csv.reader(stream)) == len(table) + 1, path.name
    names = {path.stem for path in (site / "tables").glob("*.csv")}
    assert {"points", "summary", "sites", "gaps", "outlets"} <= names
    assert len(gpd.read_file(site / "results.gpkg", layer="points")) > 0


def test_the_first_page_leads_only_to_files_of_the_site(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', text)
    own = [link for link in links if link != "data:,"]
    assert "map.html" in own
    assert all((site / link).is_file() for link in own)
    assert "default-src 'none'" in text
    assert not re.search(r"https?://", re.sub(r'xmlns="[^"]+"', "", text))


def test_sources_and_licences_are_those_the_study_states(tiny_study, tmp_path):
    file = tiny_study / "study.toml"
    text = file.read_text(encoding="utf-8")
    stated = 'source = "街道办 <b>普查</b>"\nlicence = "CC BY 4.0"'
    file.write_text(add_options(text, "demand", stated), encoding="utf-8")
    with_options(tiny_study, 'licence = "ODbL"\ncontact = "who@example.org"')
    publish(tiny_study, QUIET, to=str(tmp_path / "site"))
    page = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    for words in ("街道办 &lt;b&gt;普查&lt;/b&gt;", "CC BY 4.0", "ODbL", "who@example.org"):
        assert words in page
    assert "<b>普查" not in page


def test_what_is_private_is_nowhere_in_the_site(demo_study, site, tmp_path):
    """Names of sites, and of homes, are looked for in every byte of every file."""
    results = demo_study / "results"
    sites = pd.read_parquet(results / "sites.parquet")
    points = gpd.read_parquet(results / "points.parquet")
    secret_home = points["name"][points["name"].str.len() > 3].iloc[0]
    secret_site = sites["id"].iloc[0]
    folder = shutil.copytree(site, tmp_path / "site")
    assert secret_site.encode() in everything(folder)
    assert secret_home.encode() in everything(folder)
    named = [
        f"{t}.name"
        for t in (
            "points",
            "points_after",
            "walkers",
            "choice_points",
            "accessibility_points",
            "completeness_points",
            "spread",
        )
        if _has(results, t, "name")
    ]
    plan = [
        p.stem
        for p in results.glob("*.parquet")
        if p.name in json.loads((results / "plan.json").read_text("utf-8"))["outputs"]
    ]
    others = [
        f"{p.stem}.name" for p in results.glob("*_points.parquet") if _has(results, p.stem, "name")
    ]
    private = sorted({*named, *plan, *others} - {f"{name}.name" for name in plan})
    with_options(demo_study, f"private = {json.dumps(private)}")
    publish(demo_study, QUIET, to=str(folder))
    assert secret_site.encode() not in everything(folder)
    assert secret_home.encode() not in (folder / "map.html").read_bytes()
    assert not (folder / "tables" / "sites.csv").exists()


def _has(results, name, column):
    path = results / f"{name}.parquet"
    return path.is_file() and column in pd.read_parquet(path).columns


def test_somebody_else_s_folder_is_left_alone(demo_run, tmp_path):
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(InputFaults) as found:
        publish(demo_run, QUIET, to=str(tmp_path))
    assert codes(found) == ["publish_not_ours"]
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_mark_cannot_make_us_delete_outside_the_folder(tiny_run, tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_text("stay")
    target = tmp_path / "site"
    target.mkdir()
    mark = {"program": "quarterhour", "files": ["../victim.txt"]}
    (target / "publication.json").write_text(json.dumps(mark))
    publish(tiny_run, QUIET, to=str(target))
    assert victim.read_text() == "stay"


def test_a_study_without_results_says_so(demo_study, tmp_path):
    for path in (demo_study / "results").glob("*.json"):
        path.unlink()
    with pytest.raises(InputFaults) as found:
        publish(demo_study, QUIET, to=str(tmp_path / "site"))
    assert codes(found) == ["publish_nothing"]
    assert not (tmp_path / "site").exists()


def test_a_file_is_no_folder(demo_run, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputFaults) as found:
        publish(demo_run, QUIET, to=str(tmp_path / "file"))
    assert codes(found) == ["publish_target"]
