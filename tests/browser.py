"""
A real Chromium for the tests that need one.

``opened(file, width=360)`` gives a `Visit`: the page, every request it made, every console error.
``until(page, expression)`` waits for what the page is to show, under any Content-Security-Policy.
Without a browser the calling test skips and says so; with ``NOTSPOT_REQUIRE_BROWSER=1`` it fails.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# The headless shell first: it is the same engine without windows of its own, and opens a page in a third of the work
NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"),
)
PLACES = (
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str | None:
    """The browser to use: NOTSPOT_CHROMIUM, else the first that is installed, else None."""
    given = os.environ.get("NOTSPOT_CHROMIUM")
    if given:
        return given if Path(given).exists() else None
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return next((place for place in PLACES if Path(place).exists()), None)


def _absent(reason: str) -> None:
    if os.environ.get("NOTSPOT_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason} (NOTSPOT_REQUIRE_BROWSER=1)")
    pytest.skip(reason)


@functools.cache  # one browser a run: playwright's sync API can be started only once a thread
def _launch(path: str) -> Any:
    from playwright.sync_api import sync_playwright

    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))

    def close() -> None:
        browser.close()
        playwright.stop()

    atexit.register(close)
    return browser


def launched() -> Any:
    """The running browser (playwright's `Browser`); skips or fails the calling test where there is none."""
    path = chromium_path()
    if path is None:
        _absent("no Chromium found: install one, or set NOTSPOT_CHROMIUM to its path")
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        _absent("playwright is not installed: pip install 'notspot[test]'")
    return _launch(str(path))


@dataclass
class Visit:
    """One page that is open: `page` is playwright's, the rest is what happened in it."""

    page: Any
    file: Path
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """Requests for anything but the file itself (data: and blob: are inside it)."""
        own = self.file.resolve().as_uri()
        inside = ("data:", "blob:", own)
        return [url for url in self.requests if not url.startswith(inside)]

    def scrolls_sideways(self) -> bool:
        """True where the page is wider than its window."""
        widest = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        return bool(self.page.evaluate(f"{widest} > window.innerWidth"))

    def violations(self, *tags: str) -> list[str]:
        """What axe-core finds, one line each; `tags` default to WCAG 2.1 level A and AA."""
        from axe_core_python.sync_playwright import Axe

        only = list(tags) or ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
        found = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": only}})
        return [
            f"{item['id']}: {item['help']} ({'; '.join(str(node['target']) for node in item['nodes'][:3])})"
            for item in found["violations"]
        ]

    def screenshot(self, path: str | Path, *, full: bool = False) -> Path:
        """A picture of the window (or, with `full`, of the whole page) as PNG."""
        self.page.screenshot(path=str(path), full_page=full)
        return Path(path)


def until(page: Any, expression: str, argument: Any = None, *, seconds: float = 30) -> None:
    """
    Wait until the expression is true in a page or a frame.

    Playwright's own ``wait_for_function`` asks again from inside the page with `eval`, which the policy of our
    files forbids: it works only where the first answer is yes. This asks from outside, as often as it takes.
    """
    last = time.monotonic() + seconds
    while not page.evaluate(expression, argument):
        if time.monotonic() > last:
            raise AssertionError(f"not so after {seconds:g} s: {expression}")
        page.wait_for_timeout(20)


@contextmanager
def opened(
    file: str | Path,
    *,
    width: int = 1440,
    height: int = 900,
    fragment: str = "",
    locale: str = "zh-TW",
    **context: Any,
) -> Iterator[Visit]:
    """
    Open a local file as a person does (``file://``) in a fresh browser context.

    `context` goes to playwright's ``new_context`` (``has_touch``, ``reduced_motion`` …).
    """
    browser = launched()
    scope = browser.new_context(viewport={"width": width, "height": height}, locale=locale, **context)
    try:
        page = scope.new_page()
        visit = Visit(page, Path(file))
        page.on("request", lambda request: visit.requests.append(request.url))
        page.on("console", lambda said: visit.console.append(f"{said.type}: {said.text}"))
        page.on("console", lambda said: visit.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: visit.errors.append(str(error)))

        def dismiss(dialog: Any) -> None:
            visit.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        page.goto(Path(file).resolve().as_uri() + fragment)
        yield visit
    finally:
        scope.close()
