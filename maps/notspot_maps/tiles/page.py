"""
The page beside a file of tiles: one HTML file that reads the tiles by ranges from where it lies itself.
"""

from __future__ import annotations

import base64
import gzip
import json
from functools import cache
from typing import Any

from jinja2 import Environment

from notspot_geodata import reference
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text
from notspot_maps.offline import asset, leaflet_css, leaflet_js, policy
from notspot_maps.topology import topology

SCRIPTS = (
    "shapes.js",
    "tiles.words.js",
    "tiles.reader.js",
    "tiles.layer.js",
    "tiles.hexagons.js",
    "tiles.land.js",
    "tiles.page.js",
)
# ColorBrewer 2.0, PuOr of eight without the two in the middle, which are near white: none covered … all covered
COLOURS = ("#b35806", "#e08214", "#fdb863", "#b2abd2", "#8073ac", "#542788")
_NO_CONNECTIONS, _OWN_HOST = "connect-src &#x27;none&#x27;", "connect-src &#x27;self&#x27;"
_TITLE = Text("涵蓋地圖", "Coverage map")


def tiles_page(archive: str, title: Text) -> str:
    """
    The viewer as HTML.

    Its policy lets it connect to the host that it comes from, and to nothing else.

    Parameters
    ----------
    archive
        Name of the file of tiles, which lies in the same folder.
    title
        Shown until the tiles are there, which have the title too.
    """
    shown = Text(title.zh or title.en or _TITLE.zh, title.en or title.zh or _TITLE.en)
    given = {"file": archive, "title": [shown.zh, shown.en], "lang": "zh", "land": _land()}
    scripts = "\n".join(asset(name) for name in SCRIPTS)
    script = (
        f"(() => {{\nconst TILE_COLOURS = '{json.dumps(COLOURS)}';\n{scripts}\n"
        f"const page = new TilesPage({_inside(given)});\n"
        "L.notspot = { tiles: page };\n})();"
    )
    html = Environment(autoescape=True).from_string(asset("tiles.html.j2"))
    here = "<!-- policy -->"
    text = html.render(
        policy=here,
        title=shown.zh,
        leaflet_css=leaflet_css(),
        css=asset("tiles.css"),
        leaflet_js=leaflet_js(),
        script=script,
    )
    rules = policy(text)
    if _NO_CONNECTIONS not in rules:
        raise UsageError("the policy of offline pages is not what the page of tiles is built on")
    return text.replace(here, rules.replace(_NO_CONNECTIONS, _OWN_HOST), 1)


def _inside(value: Any) -> str:
    """JSON that may stand in a script element, whatever texts it holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


@cache
def _land() -> dict[str, Any]:
    """Townships as shared arcs, with their codes and names; counties are the townships of a code."""
    townships, counties = reference.townships(), reference.counties()
    shapes = topology(townships.geometry)
    packed = gzip.compress(shapes.pack(), 9, mtime=0)
    return {
        "packed": base64.b64encode(packed).decode("ascii"),
        "grid": {"scale": shapes.grid.scale, "translate": shapes.grid.translate},
        "codes": townships["town_code"].tolist(),
        "township": townships[["town", "town_en"]].to_numpy().tolist(),
        "county": counties.sort_values("county_code")[["county", "county_en"]].to_numpy().tolist(),
    }
