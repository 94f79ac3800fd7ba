"""Elements of our own for folium: inlined files, the page's panels, and its starting script."""

from __future__ import annotations

import html
from collections.abc import Mapping

import folium
from branca.element import Element, Figure, MacroElement
from folium.template import Template

from .basemap import BaseMap
from .payload import Json, script_json
from .vendored import jquery_js, leaflet_css, leaflet_js, own_css, own_js

#: The browser itself refuses every request: only what stands in the page may run or show.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:{hosts}; base-uri 'none'; form-action 'none'"
)

#: Longest window title: the character set must stand in the first 1,024 bytes of the file.
LONGEST_TITLE = 100

PANELS = """
<header id="qh-head"></header>
<section id="qh-tools"></section>
<section id="qh-legend"></section>
<main id="qh-side"><section id="qh-types"></section><section id="qh-more"></section></main>
<noscript>JavaScript</noscript>
"""


class Verbatim(Element):
    """Text put into the page as it stands, never read as a template."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self._name = "Verbatim"
        self.text = text


class StudyScript(MacroElement):
    """Start the page's scripts with the map and its layers by theme (``streets``, ``areas``, …).

    What a macro element writes is read as a template once more by branca: user text must never
    be among it.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            quarterhour.start({{ this._parent.get_name() }}, {
                {%- for theme, layer in this.layers.items() %}
                {{ theme }}: {{ layer.get_name() }},
                {%- endfor %}
            }, {{ this.control.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(
        self, layers: Mapping[str, folium.map.Layer], control: folium.LayerControl
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "StudyScript"
        self.layers = dict(layers)
        self.control = control


def root_figure(study_map: folium.Map) -> Figure:
    """Return the figure that every folium map stands in."""
    figure = study_map.get_root()
    if not isinstance(figure, Figure):
        message = "the map stands in no figure"
        raise TypeError(message)
    return figure


def make_offline(study_map: folium.Map, page: str = "leader", tiles: BaseMap | None = None) -> None:
    """Replace every file that folium would fetch by its text, and forbid all requests.

    Bootstrap, Font Awesome and Leaflet.awesome-markers are dropped.

    Parameters
    ----------
    study_map
        The map.
    page
        Whose scripts and styles: a name in `quarterhour.maps.vendored.PAGES`.
    tiles
        Base map whose host, alone, may be asked for images; None: nobody is asked for anything.
    """
    hosts = "" if tiles is None else " " + html.escape(tiles.host)
    policy = CONTENT_POLICY.format(hosts=hosts)
    study_map.default_js = []
    study_map.default_css = []
    figure = root_figure(study_map)
    head = {
        "policy": f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        "icon": '<link rel="icon" href="data:,">',
        "styles": f"<style>{leaflet_css()}\n{own_css(page)}</style>",
        "jquery": f"<script>{jquery_js()}</script>",
        "leaflet": f"<script>{leaflet_js()}</script>",
        "quarterhour": f"<script>{own_js(page)}</script>",
    }
    for name, text in head.items():
        figure.header.add_child(Verbatim(text), name=f"quarterhour_{name}")


def add_panels(study_map: folium.Map, title: str, data: Json, panels: str = PANELS) -> None:
    """Add, ahead of the map, the data, the empty panels that the scripts fill, and the title."""
    figure = root_figure(study_map)
    figure.title = html.escape(title[:LONGEST_TITLE])
    figure.html.add_child(Verbatim(panels), name="quarterhour_panels")
    block = f'<script type="application/json" id="qh-data">{script_json(data)}</script>'
    figure.html.add_child(Verbatim(block), name="quarterhour_data")
