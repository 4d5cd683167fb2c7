"""
Coordinate reference systems of Taiwan: which one numbers fit, and how to go from one to another.

TWD97 (EPSG:3824, 3825, 3826) and WGS 84 (EPSG:4326, 3857) are the same to a metre. TWD67 (EPSG:3821, 3827,
3828) lies about 850 m away, and PROJ, left to itself, ignores that; here it is always shifted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation
from pyproj.exceptions import CRSError, ProjError

from notspot_geodata import places
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

NAMES = {
    "EPSG:3824": "TWD97 longitude and latitude",
    "EPSG:4326": "WGS 84 longitude and latitude",
    "EPSG:3826": "TWD97 TM2 zone 121, metres",
    "EPSG:3825": "TWD97 TM2 zone 119, metres",
    "EPSG:3828": "TWD67 TM2 zone 121, metres",
    "EPSG:3827": "TWD67 TM2 zone 119, metres",
    "EPSG:3857": "Web Mercator, metres",
    "EPSG:3821": "TWD67 longitude and latitude",
}
METRIC = ("EPSG:3826", "EPSG:3825", "EPSG:3828", "EPSG:3827", "EPSG:3857")
OTHER_ZONE = {
    "EPSG:3826": "EPSG:3825",
    "EPSG:3825": "EPSG:3826",
    "EPSG:3828": "EPSG:3827",
    "EPSG:3827": "EPSG:3828",
}
TWD67_OF = {"EPSG:3824": "EPSG:3821", "EPSG:3826": "EPSG:3828", "EPSG:3825": "EPSG:3827"}

TWD67_SHIFT_M = (-752.0, -358.0, -179.0)
# Geocentric shift TWD67 (GRS 1967 Modified) → WGS 84 that Taiwanese proj4 definitions have long carried in
# "+towgs84". The rotations and the scale that stand behind it there are radians where PROJ reads arc-seconds:
# they come to nothing, and the three numbers alone are what agrees with other sources. At Hu Tzu Shan they
# give (828.9, -205.8) m in TM2 121, where EPSG operation 15487 states (828.589, -206.915) m, accurate to 7 m;
# over the main island they stay within 5.5 m of the plane four-parameter formula of the Department of Land
# Administration (X97 = X67 + 807.8 + 1.549e-5 X67 + 6.521e-6 Y67; Y97 = Y67 - 248.6 + 1.549e-5 Y67
# + 6.521e-6 X67; stated as 2 m).
TWD67_ACCURACY_M = 10.0  # main island 5.5 m, Penghu was joined to the datum less tightly

SAMPLE = 2_000  # points looked at to tell one system from another
_WEB_EAST = 1.2e7  # metres


@dataclass(frozen=True, slots=True)
class CrsGuess:
    """
    What coordinates fit.

    Attributes
    ----------
    crs
        ``EPSG:…``; None where nothing fits or more than one does.
    reason
        A sentence that says why, or what to do.
    candidates
        All that fit, best first, with the share of points that lie on land there (0 to 1).
    swapped
        The first number is the latitude or northing.
    """

    crs: str | None
    reason: str
    candidates: dict[str, float] = field(default_factory=dict)
    swapped: bool = False


def guess_crs(
    xy: Any,
    *,
    county_codes: Sequence[str | None] | None = None,
    town_codes: Sequence[str | None] | None = None,
    datum: str | None = None,
) -> CrsGuess:
    """
    Which system of Taiwan the coordinates are in, found by where they would lie.

    Parameters
    ----------
    xy
        Shape (n, 2), in either order; rows with a NaN are passed over.
    county_codes, town_codes
        5- and 8-digit codes that each row claims, as far as known: they tell the zones (and, with many
        points, the datums) apart where land alone cannot.
    datum
        "67" or "97" where a heading or file name states it.
    """
    points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
    keep = np.isfinite(points).all(axis=1) & (points != 0).any(axis=1)
    if not keep.any():
        return CrsGuess(None, "there is no coordinate to tell the system from")
    index = np.flatnonzero(keep)
    index = index[:: max(1, len(index) // SAMPLE)]
    claims = places.Claims.of(len(points), county_codes, town_codes).take(index)
    points = points[index]
    if (np.abs(points) <= 360).all(axis=1).mean() > 0.5:
        return _guess_degrees(points, datum)
    return _guess_metres(points, claims, datum)


def transformer(source: Any, target: Any) -> Transformer:
    """
    From one system to another, always x (longitude, easting) first, never PROJ's ballpark.

    TWD67 on either side goes through `TWD67_SHIFT_M`, accurate to `TWD67_ACCURACY_M`.

    Raises
    ------
    UsageError
        A system that PROJ does not know, or a pair it can join only by ignoring the datums.
    """
    return _transformer(parse_crs(source).to_wkt(), parse_crs(target).to_wkt())


def parse_crs(value: Any) -> CRS:
    """A `pyproj.CRS` of ``EPSG:3826``, 3826, ``twd97``, WKT …; UsageError says which names are usual."""
    if isinstance(value, str) and value.strip().lower() in _SHORT:
        value = _SHORT[value.strip().lower()]
    try:
        return CRS.from_user_input(value)
    except CRSError as error:
        known = "; ".join(f"{code} {name}" for code, name in NAMES.items())
        raise UsageError(
            f"{str(value)[:60]!r} is not a coordinate system. Usual in Taiwan: {known}"
        ) from error


def code_of(crs: Any) -> str | None:
    """``EPSG:…`` of a system, also of an ESRI .prj that names no code; None where it is none of EPSG's."""
    parsed = parse_crs(crs)
    for confidence in (100, 70):
        found = parsed.to_epsg(min_confidence=confidence)
        if found is not None:
            return f"EPSG:{found}"
    return next((code for code in NAMES if _same(parsed, _crs(code))), None)


def reproject(frame: gpd.GeoDataFrame, target: Any) -> gpd.GeoDataFrame:
    """The frame in `target`, by `transformer`; heights are dropped, null and empty geometry stay."""
    move = transformer(frame.crs, target)
    out = frame.copy()
    moved = shapely.transform(shapely.force_2d(out.geometry.to_numpy()), _mover(move))
    return out.set_geometry(_geometry_array(moved, parse_crs(target)), crs=parse_crs(target))


def to_lonlat(xy: Floats, source: Any) -> Floats:
    """Longitudes and latitudes (EPSG:3824), shape (n, 2), of coordinates in `source`; NaN where it fails."""
    lon, lat = transformer(source, "EPSG:3824").transform(xy[:, 0], xy[:, 1])
    out = np.column_stack([lon, lat])
    out[~np.isfinite(out).all(axis=1)] = np.nan
    return out


_SHORT = {
    "twd97": "EPSG:3824",
    "wgs84": "EPSG:4326",
    "twd97-121": "EPSG:3826",
    "twd97-119": "EPSG:3825",
    "twd67-121": "EPSG:3828",
    "twd67-119": "EPSG:3827",
    "twd67": "EPSG:3821",
}


def _guess_degrees(points: Floats, datum: str | None) -> CrsGuess:
    straight = float(places.near_taiwan(points).mean())
    flipped = float(places.near_taiwan(points[:, ::-1]).mean())
    crs = "EPSG:3821" if datum == "67" else "EPSG:3824"
    why = (
        "TWD67 is stated"
        if datum == "67"
        else "TWD97 and WGS 84 (EPSG:4326) differ by less than a metre: either will do"
    )
    if max(straight, flipped) == 0:
        return CrsGuess(
            None, "the numbers are degrees, but none lies in Taiwan; pass --crs if that is meant", {crs: 0.0}
        )
    if flipped > straight:
        return CrsGuess(
            crs,
            f"degrees, latitude first: swapped, {flipped:.0%} of the points then lie in Taiwan; {why}",
            {crs: flipped},
            swapped=True,
        )
    return CrsGuess(crs, f"degrees, {straight:.0%} of the points lie in Taiwan; {why}", {crs: straight})


def _guess_metres(points: Floats, claims: places.Claims, datum: str | None) -> CrsGuess:
    allowed = [
        c for c in METRIC if datum is None or c == "EPSG:3857" or (c in TWD67_OF.values()) == (datum == "67")
    ]
    first, second = (float(np.nanmedian(points[:, i])) for i in (0, 1))
    # an easting is smaller than a northing here, except in Web Mercator, where 108° E is 1.2e7
    swapped = second > _WEB_EAST if max(first, second) > _WEB_EAST else first > second
    ordered = points[:, ::-1] if swapped else points
    found = {code: to_lonlat(ordered, code) for code in allowed}
    land = {code: float((places.kilometres_off(p) <= 1.0).mean()) for code, p in found.items()}
    land = {code: share for code, share in sorted(land.items(), key=lambda kv: -kv[1]) if share > 0}
    if not land:
        return CrsGuess(
            None,
            "the numbers are metres, but in none of "
            + ", ".join(allowed)
            + " does a point lie on land in Taiwan; pass --crs",
            {},
            swapped,
        )
    order = "northing first: swapped; " if swapped else ""
    counted = {code: claims.agree(found[code], "county") for code in land}
    asked = next(iter(counted.values()))[1]
    if asked:
        best = max(counted.values())[0]
        fits = {c: s for c, s in land.items() if best and counted[c][0] >= best - 0.2}
        evidence = f"{best:.0%} of {asked:,} points lie in the county they claim"
        if not fits:
            return CrsGuess(
                None,
                f"{order}metres, but in none of {', '.join(land)} does a point lie in the county it claims; "
                "pass --crs",
                land,
                swapped,
            )
    else:
        best = max(land.values())
        fits = {c: s for c, s in land.items() if s >= best - 0.2}
        evidence = f"{best:.0%} of the points lie on land there"
    return _settle(fits, land, found, claims, datum, order + evidence, swapped)


def _settle(
    fits: dict[str, float],
    land: dict[str, float],
    found: dict[str, Floats],
    claims: places.Claims,
    datum: str | None,
    evidence: str,
    swapped: bool,
) -> CrsGuess:
    """One zone or none; then the datum, by the township claimed, else TWD97 with a word about it."""
    zones = {"121" if c in ("EPSG:3826", "EPSG:3828") else "119" if c != "EPSG:3857" else "web" for c in fits}
    if len(zones) > 1:
        said = "; ".join(f"{c} ({NAMES[c]}) {s:.0%} on land" for c, s in fits.items())
        return CrsGuess(
            None,
            f"ambiguous: the points fit both zones ({said}). Pass --crs, or add a column with the county",
            land,
            swapped,
        )
    if "EPSG:3857" in fits:
        return CrsGuess("EPSG:3857", f"Web Mercator by the size of the numbers; {evidence}", land, swapped)
    new = next((c for c in ("EPSG:3826", "EPSG:3825") if c in fits), None)
    old = next((c for c in ("EPSG:3828", "EPSG:3827") if c in fits), None)
    if new is None or old is None:
        only = new or old
        assert only is not None
        stated = f"TWD{datum} is stated; " if datum else ""
        return CrsGuess(only, f"{NAMES[only]}: {stated}{evidence}", land, swapped)
    in_new, asked = claims.agree(found[new], "town")
    in_old, _ = claims.agree(found[old], "town")
    if asked and abs(in_new - in_old) * asked >= 3:
        best = new if in_new > in_old else old
        return CrsGuess(
            best,
            f"{NAMES[best]}: {max(in_new, in_old):.1%} of {asked:,} points lie in the township they claim, "
            f"{min(in_new, in_old):.1%} if read as {old if best == new else new}",
            land,
            swapped,
        )
    return CrsGuess(
        new,
        f"{NAMES[new]}: {evidence}. The numbers cannot tell TWD97 from TWD67, which lies 850 m away; "
        f"TWD97 is the official datum since 1998. Pass --crs {old} if the file is older",
        land,
        swapped,
    )


@cache
def _transformer(source: str, target: str) -> Transformer:
    start, end = (_shifted(CRS.from_wkt(wkt)) for wkt in (source, target))
    try:
        return Transformer.from_crs(start, end, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        names = f"{start.name} to {end.name}"
        raise UsageError(
            f"no transformation from {names} is known that minds the datum; convert to EPSG:3826 first"
        ) from error


def _shifted(crs: CRS) -> CRS:
    """TWD67 with its shift attached; every other system as it is."""
    if crs.is_bound or not _is_twd67(crs):
        return crs
    geographic = _crs("EPSG:3821")
    return BoundCRS(crs, _crs("EPSG:4326"), ToWGS84Transformation(geographic, *TWD67_SHIFT_M))


def _is_twd67(crs: CRS) -> bool:
    datum = crs.geodetic_crs.datum if crs.geodetic_crs is not None else None
    name = "" if datum is None else str(datum.name).replace("_", " ").lower()
    return name in ("taiwan datum 1967", "d twd 1967", "twd 1967", "twd67")


def _same(one: CRS, other: CRS) -> bool:
    """The same projection of the same datum, whatever they are called (an ESRI .prj has its own names)."""
    if one.is_geographic != other.is_geographic or _is_twd67(one) != _is_twd67(other):
        return False
    if one.ellipsoid is None or other.ellipsoid is None:
        return False
    if abs(one.ellipsoid.semi_major_metre - other.ellipsoid.semi_major_metre) > 0.01:
        return False
    if abs(one.ellipsoid.inverse_flattening - other.ellipsoid.inverse_flattening) > 1e-6:
        return False
    if one.is_geographic:
        return _datum_key(one) == _datum_key(other)
    first, second = one.coordinate_operation, other.coordinate_operation
    if first is None or second is None or _datum_key(one) != _datum_key(other):
        return False
    values = [
        sorted(round(float(p.value) * (p.unit_conversion_factor or 1), 9) for p in op.params)
        for op in (first, second)
    ]
    return first.method_name == second.method_name and values[0] == values[1]


def _datum_key(crs: CRS) -> str:
    base = crs.geodetic_crs
    name = str(base.datum.name if base is not None and base.datum is not None else crs.name).lower()
    return next((year for year in ("67", "97", "84") if year in name), name)


def _mover(move: Transformer) -> Any:
    def moved(xy: Floats) -> Floats:
        return np.column_stack(move.transform(xy[:, 0], xy[:, 1]))

    return moved


def _geometry_array(geometry: Any, crs: CRS) -> Any:
    from geopandas.array import from_shapely

    return from_shapely(geometry, crs=crs)


@cache
def _crs(code: str) -> CRS:
    return CRS.from_user_input(code)
