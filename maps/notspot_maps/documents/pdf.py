"""
The report as PDF: the page printed by a Chromium that is installed, on A4, tagged, with bookmarks.

Why a browser and not WeasyPrint: the page is made for browsers. WeasyPrint 70 drew the words of the charts in both
languages over one another (it applies no style of the page inside an inline SVG), lost labels and bars that are set
in percent, and took twice as long; docs/report.md has the figures. The letters come with the page (notspot[print]),
so that the PDF is the same where no Chinese font is installed.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from notspot_coverage.results import Results
from notspot_geodata.errors import NotFoundError, NotspotError
from notspot_maps.figures.fonts import FAMILY, print_fonts
from notspot_maps.report.page import report_page
from notspot_maps.report.words import Lang

TIMEOUT_S = 180.0  # a report takes 2 to 10 s
VARIABLE = "NOTSPOT_CHROMIUM"
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
PLACES = (
    "/usr/bin/chromium",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing is asked of any host
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--export-tagged-pdf",
)
HELP = f"install Chromium, Chrome or Edge (131 or newer), or set {VARIABLE} to the program"


class PrintError(NotspotError, RuntimeError):
    """The browser made no PDF."""


def report_pdf(
    results: Results,
    *,
    lang: Lang = "zh",
    address: str = "",
    browser: str | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> bytes:
    """
    The printed report.

    Parameters
    ----------
    address
        Where the results are published, ``https://…/``: links to the atlas and the files lead there. Without one
        they are plain words, since a PDF knows no file beside itself.
    browser
        The program; else `find_browser`.
    note
        Is told when letters have to come from this machine.

    Raises
    ------
    NotFoundError
        There is no browser.
    PrintError
        It gave no PDF.
    """
    program = browser or find_browser()
    page = report_page(results, lang=lang)
    try:
        page = lettered(page)
    except NotFoundError as error:
        note(f"letters are those of this machine: {error}")
    return _dated(printed(relinked(page, address), program), results.year)


def find_browser() -> str:
    """
    The program named by NOTSPOT_CHROMIUM, else the first Chromium, Chrome or Edge that is installed.

    Raises
    ------
    NotFoundError
        There is none; says what to install.
    """
    given = os.environ.get(VARIABLE)
    if given:
        found = shutil.which(given)
        if found:
            return found
        raise NotFoundError(f"{VARIABLE} is {given}, which is no program; {HELP}")
    for name in (*NAMES, *PLACES):
        if found := shutil.which(name):
            return found
    raise NotFoundError(f"no browser found to print the PDF: {HELP}")


def relinked(page: str, address: str) -> str:
    """The page with its links to neighbouring files leading to `address`, or, without one, as words only."""
    base = address.rstrip("/") + "/" if address else ""

    def link(found: re.Match[str]) -> str:
        return f' href="{base}{found[1]}"' if base else ""

    return re.sub(r' href="(?!#)([^"]*)"', link, page)


def lettered(page: str) -> str:
    """
    The page with the letters that it uses, regular and bold, inside it.

    Raises
    ------
    NotFoundError
        ``notspot[print]`` is not installed.
    """
    fonts = print_fonts("".join({*page, *"•0123456789/"}))
    faces = []
    for name, weights in (("Regular.ttf", "100 599"), ("Bold.ttf", "600 900")):
        data = base64.b64encode(fonts[name]).decode()
        faces.append(
            f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weights}; '
            f'src: url("data:font/ttf;base64,{data}"); }}'
        )
    allowed = page.replace("img-src data:;", "img-src data:; font-src data:;", 1)
    return allowed.replace("<style>\n", "<style>\n" + "\n".join(faces) + "\n", 1)


def printed(page: str, program: str, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """
    An HTML page as PDF, by a browser with a profile of its own and no network.

    Raises
    ------
    PrintError
        It ended with an error, took too long, or wrote no PDF.
    """
    with tempfile.TemporaryDirectory(prefix="notspot-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        source, out = folder / "index.html", folder / "report.pdf"
        source.write_text(page, encoding="utf-8")
        command = [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={out}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses to start for root otherwise, as in containers
        try:
            done = subprocess.run(  # noqa: S603 - the program is the user's browser
                [*command, source.as_uri()], capture_output=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise PrintError(f"{program} gave no PDF within {timeout_s:g} s; {HELP}") from error
        except OSError as error:
            raise PrintError(f"{program} cannot be started ({error.strerror}); {HELP}") from error
        made = out.read_bytes() if out.exists() else b""
        if not made.startswith(b"%PDF"):
            said = done.stderr.decode(errors="replace").strip().splitlines()
            last = f": {said[-1]}" if said else ""
            raise PrintError(f"{program} wrote no PDF (exit code {done.returncode}){last}; {HELP}")
        return made


def _dated(pdf: bytes, year: int) -> bytes:
    """The PDF without the time at which it was made: the same results give the same bytes."""
    when = b"D:%04d1231000000+00'00'" % year
    return re.sub(rb"D:\d{14}\+00'00'", when, pdf)
