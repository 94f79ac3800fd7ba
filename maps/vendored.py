"""Leaflet, jQuery and our own assets as text to put inside a page, so that it asks for no file.

Leaflet (BSD-2-Clause) and jQuery (MIT) come from the packages ``xstatic-leaflet`` and
``xstatic-jquery``; both keep their licence line at the head of the file.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

#: Our own scripts of each page, in the order they must run.
PAGES = {
    "leader": ("base.js", "tiles.js", "look.js", "legend.js", "popups.js", "panel.js", "page.js"),
    "planner": (
        "base.js", "tiles.js", "compact.js", "board.js", "hits.js", "measure.js", "cards.js",
        "controls.js", "planner.js",
    ),
}  # fmt: skip

#: Our own styles of each page.
STYLES = {"leader": ("page.css",), "planner": ("page.css", "planner.css")}

_IMAGE = re.compile(r"url\(\s*['\"]?(images/[^)'\"]+)['\"]?\s*\)")
_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


@cache
def leaflet_css() -> str:
    """Return Leaflet's style sheet with its images as data URIs."""
    text = _library_text("leaflet", "leaflet.css")
    return _IMAGE.sub(lambda match: f"url({_image(match.group(1))})", text)


@cache
def leaflet_js() -> str:
    """Return Leaflet, with its default marker icon as data URIs."""
    icon = ",".join(
        f'{option}:"{_image(f"images/{name}")}"'
        for option, name in (
            ("iconUrl", "marker-icon.png"),
            ("iconRetinaUrl", "marker-icon-2x.png"),
            ("shadowUrl", "marker-shadow.png"),
        )
    )
    # Leaflet would otherwise put a folder, guessed from the style sheet, before each of them.
    own_icon = (
        f"delete L.Icon.Default.prototype._getIconUrl;L.Icon.Default.mergeOptions({{{icon}}});"
    )
    return script_safe(_library_text("leaflet", "leaflet.js")) + own_icon


@cache
def jquery_js() -> str:
    """Return jQuery, which folium's own templates lean on."""
    return script_safe(_library_text("jquery", "jquery.min.js"))


@cache
def own_css(page: str) -> str:
    """Return a page's style sheets, joined in order."""
    return "\n".join(_asset(name) for name in STYLES[page])


@cache
def own_js(page: str) -> str:
    """Return a page's scripts, joined in order."""
    return script_safe("\n".join(_asset(name) for name in PAGES[page]))


def script_safe(code: str) -> str:
    """Return code that cannot end the script element it stands in, nor ask for a source map."""
    return re.sub(r"</(?=script)", r"<\\/", _SOURCE_MAP.sub("", code), flags=re.IGNORECASE)


def _asset(name: str) -> str:
    return (resources.files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _library_text(library: str, name: str) -> str:
    return (_library_folder(library) / name).read_text(encoding="utf-8")


def _image(name: str) -> str:
    content = (_library_folder("leaflet") / name).read_bytes()
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def _library_folder(library: str) -> Traversable:
    return resources.files(f"xstatic.pkg.{library}") / "data"
