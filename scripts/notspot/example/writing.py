"""
The example, written: a study that declares every official indicator, and all the files that it names.
"""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

from notspot.example.files import Files
from notspot.example.fixed import write_fixed
from notspot.example.ground import Ground
from notspot.example.hazards import write_hazards
from notspot.example.mobile import write_mobile
from notspot.example.people import write_people
from notspot.example.places import write_places
from notspot.example.resilience import write_resilience
from notspot_geodata.errors import UsageError

STUDY = "study.toml"

README = """# 合成範例 · Synthetic example

本資料夾由 `notspot example` 產生。除村里界線與鄉鎮市區之戶籍數字外，**所有資料均為合成**，不代表任何業者、機關或地點。
Written by `notspot example`. Apart from the boundaries and the registered people by township,
**everything is synthetic**: no row says anything of an operator, an authority or a place.

    notspot run study.toml --out report

- People of a village are those of its township (end of 2021), dealt out as evenly as whole numbers allow.
- As many communities are in each township as are approved (2022), at made-up points.
- All else is drawn at random from fixed seeds, so that the files are the same every time.
- Numbers of things differ from the official ones on purpose, so that none is taken for an official figure.

Replace a file by one of your own, or its `path` in the study, and run it again.
"""


def write_example(folder: str | Path) -> Path:
    """
    Write the example study and its files.

    Parameters
    ----------
    folder
        Made if it is not there. Files of the example in it are replaced, others stay.

    Returns
    -------
    study
        ``folder / "study.toml"``, for `notspot.Study.read`.

    Raises
    ------
    UsageError
        `folder` is a file.
    """
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place} is a file; name a folder for the example")
    place.mkdir(parents=True, exist_ok=True)
    ground, files = Ground.read(), Files(place)
    for write in (write_people, write_fixed, write_mobile, write_places, write_hazards, write_resilience):
        write(files, ground)
    files.text("README.md", README)
    files.text(STUDY, (resources("notspot") / "example" / STUDY).read_text(encoding="utf-8"))
    return place / STUDY
