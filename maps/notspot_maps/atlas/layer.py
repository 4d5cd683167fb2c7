"""
The atlas: every indicator over one set of shapes, in one file that opens anywhere.

`atlas` gives a folium map whose page needs nothing from anywhere; `AtlasLayer` is the same layer for a
folium map of one's own. How it is built, and how large and fast it is, stands in docs/atlas.md.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import folium
from folium.map import Layer
from folium.template import Template

from notspot_geodata.text import Text
from notspot_maps.atlas.payload import payload
from notspot_maps.classes import Choice
from notspot_maps.offline import OfflineFigure, Page, asset, without_links
from notspot_maps.overlays.account import account_overlays
from notspot_maps.overlays.kinds import Overlay, notice_of
from notspot_maps.overlays.payload import packed

if TYPE_CHECKING:
    from notspot_coverage.results import Results

SCRIPTS = (
    "words.js",
    "shapes.js",
    "model.js",
    "classes.js",
    "patterns.js",
    "labels.js",
    "brush.js",
    "sheet.js",
    "marks.js",
    "painter.js",
    "layer.js",
    "cover.js",
    "overlays.js",
    "overlays.panel.js",
    "strip.js",
    "legend.js",
    "keys.js",
    "controls.js",
    "filters.js",
    "search.js",
    "trend.js",
    "cite.js",
    "card.js",
    "csv.js",
    "saving.js",
    "table.js",
    "swipe.js",
    "paper.js",
    "lost.js",
    "address.js",
    "telling.js",
    "view.js",
    "panel.js",
)


def atlas(
    results: Results,
    *,
    earlier: Sequence[Results] = (),
    overlays: Sequence[Overlay] | None = None,
    include_sites: bool = False,
    classes: Mapping[str, Choice | str] | None = None,
    tiles: bool = False,
    lang: str = "zh",
) -> folium.Map:
    """
    The atlas of a run as a folium map.

    Parameters
    ----------
    results
        What the run found; `villages`, `townships`, `counties`, `indicators`, `definitions` and `account` are used.
    earlier
        Runs of other years: their figures stand beside those of the same indicators, unit by unit, as a trend
        and to compare with. Units and words are those of `results`.
    overlays
        Rasters, points and lines over the map (`notspot_maps.overlays.kinds`); by default what the account of the run
        has: its places and lines with their status by service (`account_overlays`).
    include_sites
        Let exact positions of base stations into the file, which then says so at its top.
    classes
        By indicator, in place of those that `classes_for` chooses: ``{"id": "natural:6"}``; a reader may choose others.
    tiles
        Put OpenStreetMap under the shapes. The page then asks that one host for pictures, and its policy
        names it; without it the file asks nobody for anything.
    lang
        ``zh`` or ``en``: the language it opens in; the page has a switch.

    Returns
    -------
    map
        Layers and plugins can be added; ``save(path)`` and ``get_root().render()`` give the page.
    """
    layer = AtlasLayer(
        results,
        earlier=earlier,
        overlays=overlays,
        include_sites=include_sites,
        classes=classes,
        lang=lang,
        panel="ns-panel",
        fragment=True,
    )
    west, south, east, north = layer.views[0]["box"] if layer.views else (119.0, 21.8, 122.2, 25.4)
    out = AtlasMap(
        Page(
            title=_pair(results.title, lang),
            run_id=results.run_id,
            lang="en" if lang == "en" else "zh-Hant-TW",
        ),
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=7,
        tiles="OpenStreetMap" if tiles else None,
        zoom_control="topright",
        zoom_snap=1 if tiles else 0.25,
        zoom_delta=1 if tiles else 0.5,
        min_zoom=5,
        max_zoom=18,
        prefer_canvas=True,
        control_scale=True,
    )
    out.options |= {"min_zoom": 5, "max_zoom": 18}  # folium says so to tiles only, of which there may be none
    layer.add_to(out)
    return out


class AtlasMap(folium.Map):
    """A folium map whose page is an `OfflineFigure`."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div class="folium-map" id={{ this.get_name()|tojson }}></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        const {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
            center: {{ this.location|tojson }}, crs: L.CRS.{{ this.crs }}, ...{{ this.options|tojavascript }}
        });
        {{ this.get_name() }}.attributionControl.setPrefix('Leaflet');
        {%- if this.control_scale %}
        L.control.scale({imperial: false}).addTo({{ this.get_name() }});
        {%- endif %}
        {%- if this.zoom_control_position %}
        L.control.zoom({position: {{ this.zoom_control|tojson }}}).addTo({{ this.get_name() }});
        {%- endif %}
        document.getElementById('ns-skip').addEventListener('click', (event) => {
            event.preventDefault();
            document.getElementById('ns-panel').focus();
        });
        {%- if this.objects_to_stay_in_front %}
        const ns_front = () => {
            {%- for each in this.objects_to_stay_in_front %}
            {{ each.get_name() }}.bringToFront();
            {%- endfor %}
        };
        {{ this.get_name() }}.on('overlayadd layeradd', ns_front);
        {%- endif %}
        {% endmacro %}
        """
    )

    def __init__(self, page: Page, **options: Any) -> None:
        super().__init__(**options)
        OfflineFigure(page).add_child(self)  # in the place of the figure that folium made


without_links(AtlasMap)


class AtlasLayer(Layer):
    """
    The atlas as one layer of a folium map, with its legend, search and table in a corner.

    Parameters
    ----------
    results, earlier, overlays, include_sites, classes
        As for `atlas`.
    name
        In a layer control; the title of the results without it.
    panel
        Id of an element of the page that takes the panel; without it the panel is a control of the map.
    fragment
        Keep the state in the page's address; for a map that has the page to itself.
    keep_view
        Leave the map where it is instead of showing Taiwan.
    """

    _template = Template(
        """
        {% macro header(this, kwargs) %}
        {%- if not this.has_page %}<style>{{ this.css }}</style>{% endif %}
        {% endmacro %}
        {% macro script(this, kwargs) %}
        {{ this.script }}
        const {{ this.get_name() }} = L.notspot({{ this.source|tojson }});
        {% endmacro %}
        """
    )

    def __init__(
        self,
        results: Results,
        *,
        earlier: Sequence[Results] = (),
        overlays: Sequence[Overlay] | None = None,
        include_sites: bool = False,
        classes: Mapping[str, Choice | str] | None = None,
        name: str | None = None,
        lang: str = "zh",
        panel: str | None = None,
        fragment: bool = False,
        keep_view: bool = False,
        overlay: bool = True,
        control: bool = True,
        show: bool = True,
    ) -> None:
        super().__init__(name=name or _pair(results.title, lang), overlay=overlay, control=control, show=show)
        self._name = "AtlasLayer"
        if overlays is None:
            overlays = account_overlays(results, include_sites=include_sites)
        data, shapes = payload(
            results,
            earlier=earlier,
            overlays=packed(overlays, include_sites=include_sites),
            notice=notice_of(overlays),
            classes=classes,
        )
        self.views: list[dict[str, Any]] = data["views"]
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        self.source = {
            "geometry": _packed(shapes.pack()),
            "data": _packed(text.encode("utf-8")),
            "panel": panel,
            "lang": lang,
            "fragment": fragment,
            "keepView": keep_view,
        }

    @property
    def has_page(self) -> bool:
        """Whether the page around it already brings the style sheet."""
        return isinstance(self.get_root(), OfflineFigure)

    @property
    def css(self) -> str:
        """The layer's style sheet; every rule is limited to the atlas."""
        return asset("atlas.css")

    @property
    def script(self) -> str:
        """The layer's script, in one function of its own; a second copy on a page does nothing."""
        body = "\n".join(asset(name) for name in SCRIPTS)
        return f'if (!L.notspot) (() => {{\n"use strict";\n{body}\n}})();'


def _pair(text: Text, lang: str) -> str:
    return text.en if lang == "en" else text.zh


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii")
