"""
An atlas file read back: what it shows, so that a view of it can be named, checked and drawn for print.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from notspot_coverage.definitions import COLUMNS, Indicator
from notspot_coverage.results import Results
from notspot_geodata.errors import InputError, NotFoundError, Problem
from notspot_geodata.reference import Grid
from notspot_geodata.text import Text
from notspot_maps.suggestions import Named, indicators_like, listing, places_like
from notspot_maps.topology import Topology
from notspot_maps.words import folded_name

if TYPE_CHECKING:
    import geopandas as gpd

LEVELS = ("county", "township", "village")
_SOURCE = re.compile(r"L\.notspot\((\{.*?\})\);")
_NEAR = 5  # names to suggest
NAME = "atlas.html"  # in a folder of results
_MARK = 'name="generator" content="Notspot"'  # at the head of every page


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of an atlas: its level, its row there, its code and its name."""

    level: str
    index: int
    code: str
    name: Text


@dataclass(frozen=True, slots=True)
class AtlasFile:
    """What an atlas holds, as `notspot_maps.atlas.payload.payload` made it."""

    path: Path
    data: dict[str, Any]
    shapes: Topology

    @property
    def title(self) -> Text:
        """The title of its run."""
        return Text(*self.data["title"])

    def indicator(self, name: str) -> dict[str, Any]:
        """An indicator by its id; raises `NotFoundError` that lists those whose names hold what was asked for."""
        known = {each["id"]: each for each in self.data["indicators"]}
        if not known:
            raise NotFoundError(f"{self.path.name} has no indicator '{name}': it has none")
        if name not in known:
            names = {key: Text(*each["name"]) for key, each in known.items()}
            like = indicators_like(name, names)
            there = listing(like or list(names)[:_NEAR], names)
            raise NotFoundError(
                f"{self.path.name} has no indicator '{name}'; "
                + (f"like it are{there}" if like else f"it has {len(known)}, for example{there}")
            )
        found: dict[str, Any] = known[name]
        return found

    def place(self, asked: str) -> Unit:
        """
        A unit by its code, or by a name that only one unit has (larger units first).

        Raises
        ------
        NotFoundError
            No unit, or several of one level, are called so.
        """
        folded = folded_name(asked)
        for level in LEVELS:
            units = self.data["units"][level]
            codes = self._codes(level)
            for index, code in enumerate(codes):
                if code == asked:
                    return self._unit(level, index, code)
            found = [
                index
                for index, (zh, en) in enumerate(zip(units["zh"], units["en"], strict=True))
                if folded
                and folded in (folded_name(zh), folded_name(en), folded_name(self._above(level, index) + zh))
            ]
            if len(found) == 1:
                return self._unit(level, found[0], codes[found[0]])
            if found:
                some = ", ".join(
                    f"{codes[index]} {self._above(level, index)}{units['zh'][index]}"
                    for index in found[:_NEAR]
                )
                raise NotFoundError(f"{len(found)} places are called '{asked}'; give the code of one: {some}")
        like = places_like(asked, [self._named(level) for level in LEVELS])
        advice = (
            f"called like it are {like}"
            if like
            else "give a name as on the map, or a code of 5, 8 or 11 digits"
        )
        raise NotFoundError(f"{self.path.name} has no place '{asked}'; {advice}")

    def frame(self, level: str) -> gpd.GeoDataFrame:
        """
        The units of a level with their shapes: ``code, name, name_en, up`` (code of the parent), geometry in degrees.
        """
        import geopandas as gpd

        units, codes = self.data["units"][level], self._codes(level)
        shapes = np.array(self.shapes.geometries(), dtype=object)
        of = self._of(level)
        fine = gpd.GeoDataFrame({"row": of}, geometry=shapes, crs="EPSG:3824")
        fine = fine[fine["row"] >= 0]
        merged = fine.dissolve("row", method="coverage") if level != "village" else fine.set_index("row")
        parents = self._codes(LEVELS[LEVELS.index(level) - 1]) if level != "county" else []
        up = [parents[at] if at >= 0 else "" for at in units["up"]] if parents else [""] * len(codes)
        frame = pd.DataFrame({"code": codes, "name": units["zh"], "name_en": units["en"], "up": up})
        return gpd.GeoDataFrame(
            frame, geometry=merged.geometry.reindex(range(len(codes))).to_numpy(), crs="EPSG:3824"
        )

    def results(self, year: int | None = None) -> Results:
        """
        What the atlas shows of a year (the latest) as results again: units, indicators and definitions; without divide,
        account and run.

        Figures have the digits that the page has (`notspot_maps.atlas.indicators.DIGITS`).

        Raises
        ------
        NotFoundError
            The atlas has no figures of that year.
        """
        year = self.data["year"] if year is None else year
        if year not in self.data["years"]:
            years = ", ".join(map(str, self.data["years"]))
            raise NotFoundError(f"{self.path.name} has no figures of {year}; it has {years}")
        county = self.frame("county").rename(columns=_named("county"))
        township = self.frame("township").rename(columns={**_named("town"), "up": "county_code"})
        village = self.frame("village").rename(columns={**_named("village"), "up": "town_code"})
        above = township.drop(columns="geometry")
        county_of = county.drop(columns=["geometry", "up"])
        township = township.merge(county_of, on="county_code", how="left")
        village = village.merge(above, on="town_code", how="left").merge(
            county_of, on="county_code", how="left"
        )
        definitions = {each["id"]: _definition(each) for each in self.data["indicators"]}
        rows = [
            row for each in self.data["indicators"] for row in self._rows(each, definitions[each["id"]], year)
        ]
        return Results(
            run_id=self.data["run"],
            title=self.title,
            year=year,
            villages=village,
            townships=township,
            counties=county.drop(columns="up"),
            indicators=pd.DataFrame(rows, columns=COLUMNS),
            definitions=definitions,
            remote=None,  # type: ignore[arg-type]  # an atlas does not say how it was found
            divide=(),
        )

    def _rows(self, shown: dict[str, Any], definition: Indicator, year: int) -> Iterator[dict[str, Any]]:
        fixed = {
            "indicator": definition.id,
            "unit": definition.unit.zh,
            "kind": definition.kind,
            "as_of": definition.as_of,
            "basis": definition.basis,
        }
        for level, latest in shown["levels"].items():
            column = latest if year == self.data["year"] else latest.get("past", {}).get(str(year))
            if column is None:
                continue
            bounds = {at: (low, high) for at, low, high in column["b"]}
            nothing = set(column.get("o", ()))
            names = self.data["units"][level]["zh"]
            for at, (code, value) in enumerate(zip(self._codes(level), column["v"], strict=True)):
                low, high = bounds.get(at, (value, value))
                yield {
                    **fixed,
                    "level": level,
                    "code": code,
                    "name": names[at],
                    "numerator": column["n"][at] if "n" in column else None,
                    "denominator": column["d"][at] if "d" in column else None,
                    "value": value,
                    "low": low,
                    "high": high,
                    "status": "unknown" if value is None and at not in nothing else column["s"],
                }

    def _of(self, level: str) -> list[int]:
        """The unit of `level` that each shape belongs to; -1 for none."""
        data = self.data
        villages = len(data["units"]["village"]["code"])
        out = []
        for fine in range(len(self.shapes.units)):
            own, at = ("village", fine) if fine < villages else data["extra"][fine - villages]
            while own != level and at >= 0 and own != "county":
                at = data["units"][own]["up"][at]
                own = LEVELS[LEVELS.index(own) - 1]
            out.append(at if own == level else -1)
        return out

    def _codes(self, level: str) -> list[str]:
        units = self.data["units"][level]
        if level != "village":
            return list(units["code"])
        towns = self.data["units"]["township"]["code"]
        return [
            code.removeprefix("=") if code.startswith("=") else towns[at] + code
            for code, at in zip(units["code"], units["up"], strict=True)
        ]

    def _named(self, level: str) -> list[Named]:
        units, codes = self.data["units"][level], self._codes(level)
        return [
            Named(code, self._above(level, at), zh or "", en or "")
            for at, (code, zh, en) in enumerate(zip(codes, units["zh"], units["en"], strict=True))
        ]

    def _unit(self, level: str, index: int, code: str) -> Unit:
        units = self.data["units"][level]
        zh, en = units["zh"][index], units["en"][index]
        return Unit(level, index, code, Text(zh, en or zh))

    def _above(self, level: str, index: int) -> str:
        out, at = "", index
        for own in LEVELS[LEVELS.index(level) : 0 : -1]:
            at = self.data["units"][own]["up"][at]
            if at < 0:
                break
            out = self.data["units"][LEVELS[LEVELS.index(own) - 1]]["zh"][at] + out
        return out


def read_atlas(path: str | Path) -> AtlasFile:
    """
    An atlas that `notspot` wrote; of a folder its ``atlas.html``.

    Raises
    ------
    NotFoundError
        There is no such file.
    InputError
        It is no atlas, or a broken one.
    """
    file = Path(path)
    if file.is_dir():
        pages = sorted(each.name for each in file.glob("*.htm*"))[:_NEAR]
        if NAME not in pages and not (file / NAME).is_file():
            make = f"make it with `notspot atlas STUDY --out {file / NAME}`"
            there = f"name the atlas: it has {', '.join(pages)}" if pages else make
            raise NotFoundError(f"{file} is a folder without {NAME}; {there}")
        file /= NAME
    if not file.is_file():
        raise NotFoundError(f"{file} is not there; make it with `notspot atlas STUDY --out {file.name}`")
    text = file.read_text(encoding="utf-8", errors="replace")
    found = _SOURCE.search(text)
    if found is None:
        cut = _MARK in text and not text.rstrip().endswith("</html>")
        size = file.stat().st_size
        said = (
            f"is cut off or damaged: {size:,} bytes without an end; copy it again, or make it again"
            if cut
            else "is not an atlas that Notspot wrote"
        )
        raise InputError(str(file), [Problem(None, "", said)])
    try:
        source = json.loads(found.group(1))
        data = json.loads(gzip.decompress(base64.b64decode(source["data"])))
        grid = Grid(tuple(data["grid"]["scale"]), tuple(data["grid"]["translate"]))
        shapes = Topology.unpack(gzip.decompress(base64.b64decode(source["geometry"])), grid)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OSError,
        EOFError,
        IndexError,
        zlib.error,
    ) as error:
        raise InputError(str(file), [Problem(None, "", f"is a broken atlas: {error}")]) from error
    return AtlasFile(file, data, shapes)


def _named(prefix: str) -> dict[str, str]:
    return {"code": f"{prefix}_code", "name": prefix, "name_en": f"{prefix}_en"}


def _definition(shown: dict[str, Any]) -> Indicator:
    """An indicator of the page as a definition; a numerator that the page leaves out is blank."""
    texts = {
        key: None if shown[key] is None else Text(*shown[key])
        for key in ("name", "definition", "numerator", "denominator", "unit", "source", "caveat", "needs")
    }
    texts["numerator"] = texts["numerator"] or Text("", "")
    plain = {key: shown[key] for key in ("id", "kind", "theme", "basis", "as_of", "better")}
    return Indicator(**plain, **texts, official_2021=shown["official"], target_2025=shown["target"])  # type: ignore[arg-type]
