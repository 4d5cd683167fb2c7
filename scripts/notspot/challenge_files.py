"""
The files of a challenge: claims out of a map, a table of sites or a raster; verdicts into a folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
import pandas as pd
import shapely

from notspot import __version__
from notspot.outputs import replaced_folder
from notspot_coverage.counting.challenge import VERDICTS, WHY
from notspot_coverage.counting.services import Areas, Layer, Quantity, Raster, Service, Sites
from notspot_coverage.counting.verdict_sums import as_hexagons, by_unit, shares_by_village
from notspot_geodata import sniff
from notspot_geodata.cache import sha256_of
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.ledger import Ledger
from notspot_geodata.measurement_columns import operator_name
from notspot_geodata.site_columns import plain, site_column
from notspot_geodata.site_columns import technology as technology_of
from notspot_geodata.text import Text
from notspot_geodata.vectors import read_geo
from notspot_maps.tables import write_csv, write_geoparquet

if TYPE_CHECKING:
    import geopandas as gpd

FILES = ("challenge.csv", "challenge.parquet", "units.csv", "rejects.csv", "run.json")
VERSION = 1  # of the method: raised when the same inputs come to give other verdicts
LEVELS = ("county", "township", "village")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOptions:
    """What the command line says of the file of claims, where the file does not."""

    operator: str = ""
    technology: str = ""
    crs: str | None = None
    layer: str | None = None
    radius_m: float | None = None
    quantity: str | None = None
    at_least: float | None = None
    as_of: str = ""


def read_claims(
    path: Path, options: ClaimOptions, *, ledger: Ledger | None = None, allow_rejects: bool = False
) -> tuple[list[Service], list[str]]:
    """
    Claims of a file: a raster with a threshold, polygons, or points with a radius; one service a technology.

    The second are notes on how the file was understood.

    Columns ``operator`` and ``technology`` (業者, 技術 …) go before the options, ``radius_m`` before its radius.

    Raises
    ------
    InputError
        With all problems of the file.
    UsageError
        What is needed to understand the file is not said.
    """
    if sniff.kind_of(path) == "tiff":
        return [_service(_raster(path, options), options.technology)], []
    frame = read_geo(path, layer=options.layer, crs=options.crs, ledger=ledger, allow_rejects=allow_rejects)
    notes = [f"{path.name}: {note}" for note in frame.attrs["reading"].notes]
    frame = frame.rename(columns=_names(frame))
    kinds = set(np.unique(shapely.get_dimensions(frame.geometry.to_numpy())).tolist())
    if kinds not in ({0}, {2}):
        message = "holds lines, or a mixture of shapes; claims are polygons, or points with a radius"
        raise InputError(path, [Problem(None, "geometry", message)])
    if "operator" in frame.columns:
        frame["operator"] = [operator_name(plain(cell)) for cell in frame["operator"]]
    if "technology" not in frame.columns:
        return [_service(_shapes(path, frame, options, points=kinds == {0}), options.technology)], notes
    words = np.array(
        [technology_of(cell) or technology_of(options.technology) for cell in frame["technology"]]
    )
    made = [
        _service(_shapes(path, frame[words == word], options, points=kinds == {0}), word)
        for word in sorted(set(words.tolist()))
    ]
    return made, notes


def operators_of(claims: Sequence[Service]) -> list[str]:
    """Who the claims are of; empty where they name nobody."""
    names: set[str] = set()
    for service in claims:
        for layer in service.layers:
            frame = (
                layer.areas
                if isinstance(layer, Areas)
                else layer.points
                if isinstance(layer, Sites)
                else None
            )
            given = [] if frame is None or "operator" not in frame.columns else frame["operator"].tolist()
            names |= {operator_name(name or layer.operator) for name in given or [""]}
    return sorted(names - {""})


def write_challenge(
    verdicts: pd.DataFrame, ledger: Ledger, out: Path, *, detail: int, record: Mapping[str, Any]
) -> tuple[Path, str]:
    """
    The folder of a challenge and the id of its run: the same inputs and options give the same bytes.

    `detail` is that of the rules. Raises `UsageError` where `out` holds something else.
    """
    target = out.absolute()
    rejects = ledger.to_frame()
    whole = {"notspot": __version__, "method": VERSION, **record}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
    run_id = hashlib.sha256(text.encode()).hexdigest()[:12]
    with replaced_folder(target, FILES) as folder:
        write_csv(verdicts, folder / "challenge.csv")
        write_geoparquet(as_hexagons(verdicts), folder / "challenge.parquet")
        write_csv(_units(verdicts, detail), folder / "units.csv")
        write_csv(rejects, folder / "rejects.csv")
        written = [{"path": name, "sha256": sha256_of(folder / name)} for name in FILES if name != "run.json"]
        full = {
            "run_id": run_id,
            **whole,
            "verdicts": counts(verdicts),
            "words": {
                "verdict": {name: {"zh": t.zh, "en": t.en} for name, t in VERDICTS.items()},
                "why": {name: {"zh": t.zh, "en": t.en} for name, t in WHY.items()},
            },
            "rejects": len(rejects),
            "outputs": written,
        }
        lines = json.dumps(full, ensure_ascii=False, indent=2) + "\n"
        (folder / "run.json").write_text(lines, encoding="utf-8", newline="\n")
    return target, run_id


def counts(verdicts: pd.DataFrame) -> list[dict[str, Any]]:
    """How many cells have which verdict, by operator and technology."""
    return [
        {
            "operator": operator,
            "technology": technology,
            **{name: int((part["verdict"] == name).sum()) for name in VERDICTS},
        }
        for (operator, technology), part in verdicts.groupby(["operator", "technology"], sort=True)
    ]


# ------------------------------------------------------------------ claims


def _service(layer: Layer, technology: str) -> Service:
    name = Text.of(layer.id)
    return Service(id=layer.id, name=name, layers=(layer,), technology=technology, as_of=layer.as_of)


def _raster(path: Path, options: ClaimOptions) -> Raster:
    known = get_args(Quantity)
    if options.quantity not in known:
        raise UsageError(
            f"{path.name} is a raster: say what it holds with --claim-quantity ({', '.join(known)})"
        )
    at_least = options.at_least
    if at_least is None and options.quantity == "covered":
        at_least = 1.0
    if at_least is None:
        raise UsageError(
            f"{path.name} is a raster: say from which value on it is a claim with --claim-at-least"
        )
    return Raster(
        id=path.name,
        path=path,
        quantity=cast(Quantity, options.quantity),
        at_least=at_least,
        crs=options.crs,
        operator=options.operator,
        as_of=options.as_of,
    )


def _shapes(path: Path, frame: gpd.GeoDataFrame, options: ClaimOptions, *, points: bool) -> Layer:
    if not points:
        return Areas(id=path.name, areas=frame, operator=options.operator, as_of=options.as_of)
    if options.radius_m is None and "radius_m" not in frame.columns:
        raise UsageError(f"{path.name} holds points: say how far each reaches with --claim-radius-m")
    radius = float("nan") if options.radius_m is None else options.radius_m
    return Sites(id=path.name, points=frame, radius_m=radius, operator=options.operator, as_of=options.as_of)


def _names(frame: gpd.GeoDataFrame) -> dict[str, str]:
    """Columns whose meaning is the operator or the technology, by their name in the file."""
    out: dict[str, str] = {}
    for column in frame.columns:
        found = site_column(str(column))
        if found is not None and found.meaning in ("operator", "technology"):
            out.setdefault(found.meaning, str(column))
    return {column: meaning for meaning, column in out.items()}


def _units(verdicts: pd.DataFrame, detail: int) -> pd.DataFrame:
    shares = shares_by_village(verdicts, detail)
    tables = [by_unit(verdicts, cast(Any, level), shares=shares) for level in LEVELS]
    frame = pd.concat(tables, ignore_index=True)
    first = ["level", "code", *LEVELS[:1], "town", "village"]
    return frame[[*first, *(c for c in frame.columns if c not in first)]]
