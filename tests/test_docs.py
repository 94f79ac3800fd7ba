"""The documentation: its links lead somewhere, its references are complete, it builds cleanly."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import click
import geopandas as gpd
import numpy as np
import pytest

from quarterhour.cli.app import build_app

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *DOCS.glob("*.md"), *DOCS.glob("[!e]*/*.md")]
)  # docs/examples holds studies

_FENCED = re.compile(r"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_WEB = re.compile(r"^(https?|mailto|postgresql):")
_SECTION = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


def prose(path):
    """Return a page without what stands in fences and in code."""
    return re.sub(r"`[^`\n]*`", "`code`", _FENCED.sub("", path.read_text(encoding="utf-8")))


def links(path):
    """Return the links of a page that lead into the repository."""
    text = _FENCED.sub("", path.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if not _WEB.match(link)]


def anchors(path):
    """Return the anchors that GitHub and MyST make of the headings of a page."""
    found = _SECTION.findall(_FENCED.sub("", path.read_text(encoding="utf-8")))
    lower = [re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")) for heading in found]
    return {heading.replace(" ", "-") for heading in lower}


def broken(path):
    """Return the links of a page that lead nowhere."""
    lost = []
    for link in links(path):
        name, _, anchor = unquote(link).partition("#")
        target = (path.parent / name).resolve() if name else path
        there = target.is_relative_to(REPOSITORY) and target.exists()
        headed = not anchor or target.suffix != ".md" or (there and anchor in anchors(target))
        if not (there and headed):
            lost.append(link)
    return lost


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path):
    assert broken(path) == []


def test_a_broken_link_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "REPOSITORY", tmp_path)
    (tmp_path / "there.md").write_text("# One `code` – two\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#one-code--two) [c](https://example.org) [d](gone.md)\n"
        "[e](there.md#gone) ![f [x]](gone.png) [g](../outside.md)\n```\n[h](fenced.md)\n```\n"
    )
    assert broken(page) == ["gone.md", "there.md#gone", "gone.png", "../outside.md"]


def test_every_command_and_option_is_in_the_reference():
    reference = (DOCS / "cli.md").read_text(encoding="utf-8")
    app = build_app("en")
    for name, command in app.commands.items():
        assert f"`{name}" in reference, f"docs/cli.md does not tell of {name}"
        for option in (one for one in command.params if isinstance(one, click.Option)):
            if not option.hidden:
                assert any(word in reference for word in option.opts), f"{name} {option.opts[0]}"


def test_the_front_pages_name_every_command():
    for page in ("README.md", "README.zh.md"):
        text = (REPOSITORY / page).read_text(encoding="utf-8")
        missing = [name for name in build_app("en").commands if f"quarterhour {name}" not in text]
        assert set(missing) <= {"measure", "plan", "map"}, "the three are told as run"


def test_pictures_are_small():
    large = [p.name for p in (DOCS / "images").iterdir() if p.stat().st_size > 300_000]
    assert large == []


@pytest.mark.slow
def test_builds_without_warnings_and_asks_for_nothing(tmp_path):
    site = tmp_path / "site"
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(DOCS), str(site)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    asking = re.compile(
        r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//[^\"']*"
    )
    asked = {m for page in pages for m in asking.findall(page.read_text(encoding="utf-8"))}
    assert asked == set()
    styles = "".join(p.read_text(encoding="utf-8") for p in site.rglob("*.css"))
    assert not re.search(r"@import|url\([\"']?(?:https?:)?//", styles)
    network = (site / "api" / "network.html").read_text(encoding="utf-8")
    assert "StreetNetwork.from_file" in re.sub(r"<[^>]+>", "", network)


def test_the_readme_asks_its_questions_in_three_lines(shared, tmp_path, monkeypatch):
    lines = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("```python\n")[1]
    (tmp_path / "streets.osm.pbf").symlink_to(shared / "beijing" / "streets-2024.osm.pbf")
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(3)
    places = random.uniform([116.30, 39.90], [116.40, 39.95], (60, 2))
    homes = gpd.GeoDataFrame(
        index=[f"h{i}" for i in range(40)], geometry=gpd.points_from_xy(*places[:40].T), crs=4326
    )
    shops = gpd.GeoDataFrame(
        index=[f"s{i}" for i in range(20)], geometry=gpd.points_from_xy(*places[40:].T), crs=4326
    )
    said = {"homes": homes, "shops": shops}
    exec(lines.split("```")[0], said)
    walks, within = said["walks"], said["within"]
    assert walks.index.equals(homes.index)
    assert walks.crs == homes.crs
    assert walks.facility.dropna().isin(shops.index).all()
    seconds, metres = (within.to_scipy(unit) for unit in ("seconds", "metres"))
    assert seconds.shape == (20, 40)
    assert seconds.data.max() <= 900
    assert (metres.data <= seconds.data * 4 / 3.6 + 0.1).all(), "4 km/h, and waits at signals"
