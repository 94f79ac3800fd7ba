"""The local page: one file with everything inside, in one language."""

from __future__ import annotations

import html
import json
from importlib import resources

from quarterhour.data.study import StudySection
from quarterhour.data.text import catalogue
from quarterhour.maps.vendored import leaflet_css, leaflet_js, script_safe

#: Our own scripts, in the order they must run.
SCRIPTS = ("words.js", "server.js", "board.js", "tools.js", "panel.js", "start.js")


def whatif_page(language: str, study: StudySection) -> str:
    """Return the page as HTML; all user text is put in later, as text, by its scripts."""
    title = (study.name_en if language == "en" else "") or study.name
    words = {
        key.removeprefix("whatif."): text
        for key, text in catalogue(language).items()
        if key.startswith("whatif.")
    }
    scripts = "\n".join(_asset(name) for name in SCRIPTS)
    start = json.dumps({"language": language, "words": words}, ensure_ascii=False)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{html.escape(language)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)} · {html.escape(words['title'])}</title>",
        '<link rel="icon" href="data:,">',
        f"<style>{leaflet_css()}\n{_asset('whatif.css')}</style></head><body>",
        '<header id="bar"></header><div id="map" tabindex="0"></div><aside id="side"></aside>',
        '<div id="say" role="status" aria-live="polite"></div>',
        f"<script>{leaflet_js()}</script>",
        f"<script>window.start = {script_safe(start)};\n{script_safe(scripts)}</script>",
        "</body></html>",
    ]
    return "\n".join(parts)


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")
