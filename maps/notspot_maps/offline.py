"""
A folium page that needs nothing from anywhere: Leaflet inside, a policy that forbids the rest, stable ids.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from branca.element import Element, Figure
from folium.elements import JSCSSMixin
from jinja2 import Environment, Template

from notspot_geodata.text import letters

_POLICY_HERE = "<!-- policy -->"  # filled in when all else stands
_URL = re.compile(r"url\(\s*[\"']?([\w./-]+\.png)[\"']?\s*\)")
# folium's templates for popups and icons lean on jQuery and AwesomeMarkers; these lines stand in for them
_SHIM = """
const $ = window.jQuery || ((what) => {
  if (what === document) return {ready: (go) => go()};
  const box = L.DomUtil.create('div');
  box.innerHTML = what;
  return [box.firstElementChild];
});
L.AwesomeMarkers = L.AwesomeMarkers || {icon: () => new L.Icon.Default()};
"""


@dataclass(frozen=True, slots=True)
class Page:
    """The words of the page around the map."""

    title: str
    run_id: str
    lang: str = "zh-Hant-TW"
    skip: str = "跳到指標、搜尋與排名表 / Skip to indicators, search and table"
    panel: str = "指標、圖例與排名表"
    map: str = "地圖"
    noscript: str = "這份地圖需要 JavaScript。This map needs JavaScript."


class OfflineFigure(Figure):
    """
    The page of an offline map: what folium would load is inside the file, the policy allows no more.

    Hosts that plugins or tile layers need are found in the finished page and are the only ones allowed.
    """

    def __init__(self, page: Page) -> None:
        super().__init__(height="600px", title=page.title)
        self.page = page

    def render(self, **kwargs: object) -> str:
        """The whole page as HTML; the same tree gives the same text."""
        written = {part: dict(part._children) for part in (self.header, self.html, self.script)}
        try:
            html = self._render(**kwargs)
        finally:  # folium's elements add to these parts each time they are rendered
            for part, children in written.items():
                part._children = OrderedDict(children)
        html = "\n".join(line.rstrip() for line in html.splitlines()) + "\n"
        html = letters(html)  # before the hashes, which are of what is written
        return html.replace(_POLICY_HERE, policy(html, tile_hosts(self)), 1)

    def _render(self, **kwargs: object) -> str:
        for child in list(self._children.values()):
            child.render(**kwargs)
        html = _template().render(
            page=self.page,
            csp=_POLICY_HERE,
            leaflet_css=leaflet_css(),
            css=asset("atlas.css") + asset("page.css"),
            leaflet_js=leaflet_js(),
            header=self.header.render(**kwargs),
            body=self.html.render(**kwargs),
            script=f"(() => {{{_SHIM}{self.script.render(**kwargs)}\n}})();",
        )
        return stable_ids(html, self)


def policy(html: str, image_hosts: Sequence[str] = ()) -> str:
    """
    The Content-Security-Policy of a finished page, as a meta element.

    Scripts run only if they stand in the page as it was written (by SHA-256) or come from a host that the
    page names; images only from inside or from `image_hosts`; no connections, forms, frames or plugins.
    """
    found = _Loads()
    found.feed(html)
    hosts = sorted({host for host in map(_origin, found.loads) if host})
    hashes = [f"'sha256-{_sha256(script)}'" for script in dict.fromkeys(found.scripts)]
    images = sorted({*hosts, *image_hosts})
    rules = {
        "default-src": ["'none'"],
        "script-src": [*hashes, *hosts] or ["'none'"],
        "style-src": ["'unsafe-inline'", *hosts],
        "img-src": ["data:", "blob:", *images],
        "font-src": ["data:", *hosts],
        "connect-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    content = "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())
    return f'<meta http-equiv="Content-Security-Policy" content="{escape(content)}">'


def tile_hosts(root: Element) -> list[str]:
    """Hosts of the tile layers in a tree, as a policy names them (``https://*.example.org``)."""
    urls = [getattr(node, "tiles", None) for node in walk(root)]
    return sorted({host for url in urls if isinstance(url, str) and (host := _origin(url))})


def walk(root: Element) -> Iterator[Element]:
    """Every element of a folium tree, the figure's header, body and script included."""
    yield root
    for name in ("header", "html", "script"):
        part = getattr(root, name, None)
        if isinstance(root, Figure) and isinstance(part, Element):
            yield from walk(part)
    for child in root._children.values():
        yield from walk(child)


def stable_ids(html: str, root: Element) -> str:
    """The page with folium's random ids replaced by the order in which they first appear."""
    known = {node._id for node in walk(root)}
    if not known:
        return html
    order: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        found = match.group(0)
        return order.setdefault(found, f"ns{len(order) + 1}") if found in known else found

    return re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", number, html)


def without_links(cls: type[JSCSSMixin]) -> None:
    """Let a folium class load nothing of its own (Leaflet is inside the page)."""
    cls.default_js = []
    cls.default_css = []


@cache
def asset(name: str) -> str:
    """Text of one of our own files that go into the page."""
    return (files("notspot_maps") / "assets" / name).read_text(encoding="utf-8")


@cache
def leaflet_js() -> str:
    """Leaflet's script, without the link to its source map, and with its marker pictures inside."""
    text = (_leaflet() / "leaflet.js").read_text(encoding="utf-8")
    text = re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "", text)
    pictures = {
        "iconUrl": "marker-icon.png",
        "iconRetinaUrl": "marker-icon-2x.png",
        "shadowUrl": "marker-shadow.png",
    }
    options = ",".join(f"{key}:'{_picture(name)}'" for key, name in pictures.items())
    return f"{text}\nL.Icon.Default.imagePath='';L.Icon.Default.mergeOptions({{{options}}});"


@cache
def leaflet_css() -> str:
    """Leaflet's style sheet with its pictures inside."""
    text = (_leaflet() / "leaflet.css").read_text(encoding="utf-8")
    return _URL.sub(lambda match: f"url({_picture(Path(match.group(1)).name)})", text)


def _leaflet() -> Path:
    from xstatic.pkg import leaflet

    return Path(leaflet.BASE_DIR)


def _picture(name: str) -> str:
    data = (_leaflet() / "images" / name).read_bytes()
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


@cache
def _template() -> Template:
    return Environment(autoescape=True).from_string(asset("atlas.html.j2"))


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _origin(url: str) -> str:
    parts = urlsplit(url if "//" in url else "")
    if parts.scheme not in ("http", "https", "") or not parts.netloc:
        return ""
    host = parts.netloc.replace("{s}", "*")
    return f"{parts.scheme or 'https'}://{host}" if re.fullmatch(r"[\w.*:-]+", host) else ""


class _Loads(HTMLParser):
    """Inline scripts of a page and what it loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self.loads: list[str] = []
        self._inside: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and given.get("src"):
            self.loads.append(str(given["src"]))
        elif tag == "script":
            self._inside = []
        elif tag == "link" and given.get("href"):
            self.loads.append(str(given["href"]))

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._inside is not None:
            self.scripts.append("".join(self._inside))
            self._inside = None
