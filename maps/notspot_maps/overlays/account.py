"""
What a run counted, as overlays: places with their status, trails and roads coloured by coverage, a service at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from notspot_coverage.counting.services import Account, Service, Sites
from notspot_geodata import crs as systems
from notspot_geodata.text import Text
from notspot_maps.overlays.kinds import (
    NO,
    UNKNOWN,
    YES,
    LineOverlay,
    Overlay,
    PointOverlay,
    Standing,
    named_shapes,
)

if TYPE_CHECKING:
    import geopandas as gpd

    from notspot_coverage.results import Results

LINE_M = 20.0  # lines are drawn to this
ROUGHLY = Text(
    "為保護站點位置，涵蓋狀態改變之處僅表示至 1 公里。",
    "Where coverage changes is shown to 1 km, for the sake of sites whose positions are not public.",
)
_STATUS = {"covered": YES, "not covered": NO, "unknown": UNKNOWN}
PREFIX = {"places": "", "lines": "", "sites": "sites_"}


def account_overlays(
    results: Results, *, services: Iterable[str] = (), include_sites: bool = False, line_m: float = LINE_M
) -> tuple[Overlay, ...]:
    """
    Points and lines of a run's account, in the order of the study; none where it counted nothing.

    Parameters
    ----------
    services
        Ids of those whose status is shown; empty: all that were counted against the places.
    include_sites
        Also stations and other sites that are not public, where the run still has them: a folder of results has not.
        Their overlays are sensitive.
    """
    account = results.account
    if account is None:
        return ()
    wanted = set(services)
    standing = account.standing if account.standing is not None else pd.DataFrame()
    out: list[Overlay] = []
    for (of, subject), shapes in account.shapes.items():
        if of == "sites":
            continue
        own = (
            standing[(standing["of"] == of) & (standing["subject"] == subject)] if len(standing) else standing
        )
        told = (
            tuple(
                _standing(account.services.get(str(name)), str(name), rows, of, shapes)
                for name, rows in own.groupby("service", sort=False, observed=True)
                if not wanted or name in wanted
            )
            if len(own)
            else ()
        )
        words = account.subjects.get((of, subject))
        name = words.name if words else Text(subject, subject)
        as_of = words.as_of if words else ""
        if of == "places":
            out.append(PointOverlay(id=subject, name=name, as_of=as_of, points=shapes, standings=told))
        else:
            hidden = any(
                account.services[each.service].hides_sites
                for each in told
                if each.service in account.services
            )
            note = ROUGHLY if hidden else None
            said = {"id": subject, "name": name, "as_of": as_of, "note": note, "resolution_m": line_m}
            out.append(LineOverlay(lines=shapes, standings=told, **said))  # type: ignore[arg-type]
    return (*out, *_sites(account, include_sites))


def _standing(
    service: Service | None, name: str, rows: pd.DataFrame, of: str, shapes: gpd.GeoDataFrame
) -> Standing:
    frame = pd.DataFrame(
        {
            "at": rows["at"].to_numpy(np.int64),
            "status": rows["status"].astype(str).map(_STATUS).to_numpy(np.int8),
            "by": rows["by"].astype(str).to_numpy(),
        }
    )
    if of == "lines":
        end = rows["end_km"].to_numpy(np.float64)
        whole = np.zeros(len(shapes))
        np.maximum.at(whole, frame["at"].to_numpy(), end)
        length = whole[frame["at"].to_numpy()]
        frame = frame.assign(start=rows["start_km"].to_numpy(np.float64) / length, end=end / length)
        frame = frame.sort_values(["at", "start"], kind="stable", ignore_index=True)
    words = service.name if service else Text(name, name)
    return Standing(name, words, frame, service.basis if service else "", service.as_of if service else "")


def _sites(account: Account, include_sites: bool) -> list[Overlay]:
    layers = {layer.id: (layer, service) for service in account.services.values() for layer in service.layers}
    out: list[Overlay] = []
    for (of, id), shapes in account.shapes.items():
        if of == "sites":
            layer, service = layers.get(id, (None, None))
            out.append(
                _points(id, shapes, service, layer.source if layer else "", layer.as_of if layer else "")
            )
    if include_sites:
        for layer, service in layers.values():
            if isinstance(layer, Sites) and not layer.public and len(layer.points):
                points = systems.reproject(layer.points, "EPSG:3824")
                out.append(_points(layer.id, points, service, layer.source, layer.as_of, sensitive=True))
    return out


def _points(
    id: str,
    shapes: gpd.GeoDataFrame,
    service: Service | None,
    source: str,
    as_of: str,
    *,
    sensitive: bool = False,
) -> PointOverlay:
    who = shapes["operator"].fillna("").astype(str).to_numpy() if "operator" in shapes else ""
    of = service.name if service else Text(id, id)
    return PointOverlay(
        id=f"{PREFIX['sites']}{id}",
        name=Text(f"點位：{of.zh}（{id}）", f"Sites: {of.en} ({id})"),
        source=Text(source, source) if source else None,
        as_of=as_of,
        points=named_shapes(shapes.geometry, who),
        sensitive=sensitive,
    )
