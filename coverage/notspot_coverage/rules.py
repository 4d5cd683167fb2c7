"""
What 'remote' means by law, and which townships that makes remote.

A `Rule` is data (``data/rules.toml``): a dated definition with its parameters, citation and published
counts. No list of remote townships is kept anywhere; `remote_townships` works it out and says where it
stands beside the published count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

from notspot_coverage.islands import seat_distances
from notspot_coverage.remarks import describe, remarks
from notspot_coverage.rulebook import DEFAULT_RULE, Deemed, Published, Rule, Seat, load_rule, load_rules
from notspot_geodata.errors import InputError, Problem, UsageError
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = [
    "DEFAULT_RULE",
    "Deemed",
    "Published",
    "RemoteFinding",
    "Rule",
    "Seat",
    "Variant",
    "describe",
    "load_rule",
    "load_rules",
    "remote_townships",
]

NEAR = 0.02  # a township within 2 % of the threshold is named
NATION_AREA_TOLERANCE = 0.05  # boundaries hold 1.5 % more than the registered area: tidal land

Offshore = Literal["reach", "centroid", "nearest", "all_but_seat", "all", "none"]
AverageArea = Literal["official", "units"]


@dataclass(frozen=True, slots=True)
class Variant:
    """
    How the words of the rule are read where they leave a choice.

    Attributes
    ----------
    average_area
        What the nation's people are divided by: the registered land area that the published national
        density stands on (``official``), or the sum of the units' own areas (``units``).
    offshore
        What of an offshore township must be at least 7.5 km from the county seat: some of its land
        (``reach``), its centroid (``centroid``), or all of it, and not on the island that carries the
        seat (``nearest``). ``all_but_seat``, ``all`` and ``none`` do not measure. Only ``all`` counts
        the township in which the seat lies.
    inclusive
        Whether a density of exactly the threshold counts (the law says below).
    """

    average_area: AverageArea = "official"
    offshore: Offshore = "reach"
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class RemoteFinding:
    """
    Which townships a rule makes remote, and how sure that is.

    Attributes
    ----------
    flags
        True where remote, indexed by ``town_code``, sorted.
    national_density, threshold
        People per km²; the threshold is the rule's fraction of the former.
    found, published
        Number of townships, here and by the authority for `year` (None where nothing was published).
    near_threshold
        Townships within 2 % of the threshold: town_code, town, town_en, county, density_per_km2, ratio
        (to it).
    alternatives
        One row another reading: reading_zh, reading_en, average_area, offshore, inclusive, found,
        difference (to published), added and dropped (names, against the reading used), used (bool).
    reasons
        One row a township: town_code, density_per_km2, by_density, by_offshore, and the distances of offshore
        townships from their county seat, nearest_km, centroid_km, farthest_km (null elsewhere), seat_island.
    notes
        What was found, how the rule was read and what is open, a sentence each.
    deemed
        Candidates under the rule's second clause, remote only on approval and not in `flags`:
        town_code, town, town_en, county, density_per_km2, ratio (to the national average).
    """

    rule: Rule
    flags: pd.Series[bool]
    national_density: float
    threshold: float
    found: int
    published: int | None
    near_threshold: pd.DataFrame
    alternatives: pd.DataFrame
    notes: tuple[Text, ...]
    year: int = 2021
    variant: Variant = field(default_factory=Variant)
    reasons: pd.DataFrame | None = None
    deemed: pd.DataFrame | None = None


def remote_townships(
    townships: gpd.GeoDataFrame,
    rule: Rule | str = DEFAULT_RULE,
    *,
    year: int = 2021,
    variant: Variant | None = None,
    national_density: float | None = None,
) -> RemoteFinding:
    """
    Which townships `rule` makes remote, beside the published count of `year`.

    Parameters
    ----------
    townships
        All townships of the nation: ``town_code``, ``town``, ``county``, ``county_code``, ``population``
        (persons), ``area_km2``, ``offshore`` (bool), geometry (for offshore distances and for who adjoins).
    rule
        A rule or the id of one that ships with Notspot.
    variant
        How the rule's words are read; other readings are counted in ``alternatives``.
    national_density
        People per km² of the whole nation, for townships that are only a part of it.

    Raises
    ------
    InputError
        Where people, area or offshore of a township are unknown: remoteness is never guessed.
    UsageError
        Where the townships are clearly not the whole nation and no `national_density` is given.
    """
    if isinstance(rule, str):
        rule = load_rule(rule)
    variant = variant or Variant()
    frame = _checked(townships)
    reasons = _reasons(frame, rule)
    averages = _averages(frame, rule, national_density)
    if variant.average_area not in averages:
        raise UsageError(
            f"The townships cover {frame['area_km2'].sum():,.0f} km² and the nation "
            f"{rule.national_area_km2:,.0f}: their average is not the nation's. "
            "Give national_density, or Variant(average_area='units')."
        )
    density = averages[variant.average_area]
    low, island = _clauses(reasons, rule, density, variant)
    reasons["by_density"], reasons["by_offshore"] = low, island
    flags = (low | island).rename("remote")
    published = rule.published_in(year)
    found, threshold = int(flags.sum()), density * rule.density_below

    near = _names(frame)
    near["density_per_km2"] = reasons["density_per_km2"].to_numpy()
    near["ratio"] = near["density_per_km2"] / threshold
    near = near[(near["ratio"] - 1).abs() <= NEAR].sort_values(["ratio", "town_code"]).reset_index(drop=True)

    finding = RemoteFinding(
        rule=rule,
        flags=flags,
        national_density=density,
        threshold=threshold,
        found=found,
        published=published.townships if published else None,
        near_threshold=near,
        alternatives=_alternatives(frame, reasons, rule, averages, variant, published),
        notes=(),
        year=year,
        variant=variant,
        reasons=reasons.reset_index(),
        deemed=_deemed(frame, reasons, flags, rule, density),
    )
    return replace(finding, notes=remarks(finding))


# ---------------------------------------------------------------- working it out

_NEEDED = ("town_code", "town", "county", "county_code", "population", "area_km2", "offshore", "geometry")


def _checked(townships: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    problems = [Problem(None, column, "is missing") for column in _NEEDED if column not in townships]
    if not problems:
        codes = townships["town_code"].astype(str)
        tests = [
            (column, townships[column].isna(), "is unknown")
            for column in ("population", "area_km2", "offshore")
        ]
        tests += [
            ("area_km2", townships["area_km2"] <= 0, "is not above 0"),
            ("population", townships["population"] < 0, "is below 0"),
            ("town_code", codes.duplicated(), "is there twice"),
        ]
        problems = [
            Problem(None, column, f"of township {code} {what}", code)
            for column, wrong, what in tests
            for code in codes[wrong]
        ]
    if problems:
        raise InputError("townships", problems, hint="Whether a township is remote is never guessed.")
    return townships.sort_values("town_code").reset_index(drop=True)


def _names(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    import pandas as pd

    english = frame["town_en"] if "town_en" in frame else frame["town"]
    names = {
        "town_code": frame["town_code"],
        "town": frame["town"],
        "town_en": english,
        "county": frame["county"],
    }
    return pd.DataFrame(names)


def _reasons(frame: gpd.GeoDataFrame, rule: Rule) -> pd.DataFrame:
    """Density of every township and distances of the offshore ones, indexed by town_code."""
    import pandas as pd

    out = pd.DataFrame({"density_per_km2": (frame["population"] / frame["area_km2"]).to_numpy(dtype=float)})
    out.index = pd.Index(frame["town_code"], name="town_code")
    out["offshore"] = frame["offshore"].astype(bool).to_numpy()
    offshore = frame[frame["offshore"].astype(bool)]
    seats = {seat.county_code: (seat.lon, seat.lat) for seat in rule.seats}
    distances = seat_distances(offshore, seats).reindex(out.index)
    for column in ("seat_township", "seat_island"):
        distances[column] = distances[column].eq(True)
    return out.join(distances)


def _averages(frame: gpd.GeoDataFrame, rule: Rule, given: float | None) -> dict[str, float]:
    """National density by what people are divided by; 'official' only where the frame is the nation."""
    if given is not None:
        return {"official": given, "units": given}
    people, area = float(frame["population"].sum()), float(frame["area_km2"].sum())
    out = {"units": people / area} if area else {}
    if abs(area / rule.national_area_km2 - 1) <= NATION_AREA_TOLERANCE:
        out["official"] = people / rule.national_area_km2
    return out


def _clauses(
    reasons: pd.DataFrame, rule: Rule, density: float, variant: Variant
) -> tuple[pd.Series[bool], pd.Series[bool]]:
    """(below the threshold, far enough offshore), each indexed by town_code."""
    threshold = density * rule.density_below
    value = reasons["density_per_km2"]
    low = value <= threshold if variant.inclusive else value < threshold
    offshore = reasons["offshore"]
    elsewhere = offshore & ~reasons["seat_township"]
    match variant.offshore:
        case "reach":
            island = elsewhere & (reasons["farthest_km"] >= rule.offshore_km)
        case "centroid":
            island = elsewhere & (reasons["centroid_km"] >= rule.offshore_km)
        case "nearest":
            island = elsewhere & ~reasons["seat_island"] & (reasons["nearest_km"] >= rule.offshore_km)
        case "all_but_seat":
            island = elsewhere
        case "all":
            island = offshore
        case _:
            island = offshore & False
    return low.astype(bool), island.astype(bool)


def _alternatives(
    frame: gpd.GeoDataFrame,
    reasons: pd.DataFrame,
    rule: Rule,
    averages: Mapping[str, float],
    used: Variant,
    published: Published | None,
) -> pd.DataFrame:
    import pandas as pd

    def flags(variant: Variant) -> pd.Series[bool]:
        low, island = _clauses(reasons, rule, averages[variant.average_area], variant)
        return low | island

    variants = [
        Variant(area, offshore)
        for offshore in get_args(Offshore)
        for area in get_args(AverageArea)
        if area in averages
    ]
    variants += [replace(used, inclusive=not used.inclusive)]
    if used not in variants:
        variants.insert(0, used)
    names_zh = (frame["county"] + frame["town"]).to_numpy()
    names_en = _names(frame)["town_en"].to_numpy()
    base = flags(used).to_numpy()
    rows = []
    for variant in variants:
        these = flags(variant).to_numpy()
        words = describe(variant, rule.offshore_km)
        row: dict[str, object] = {"reading_zh": words.zh, "reading_en": words.en}
        row |= {
            "average_area": variant.average_area,
            "offshore": variant.offshore,
            "inclusive": variant.inclusive,
        }
        row["found"] = int(these.sum())
        row["difference"] = None if published is None else int(these.sum()) - published.townships
        for column, mask in (("added", these & ~base), ("dropped", base & ~these)):
            row[column] = "、".join(names_zh[mask])
            row[column + "_en"] = ", ".join(names_en[mask])
        row["used"] = variant == used
        rows.append(row)
    return pd.DataFrame(rows).astype({"difference": "Int64"})


def _deemed(
    frame: gpd.GeoDataFrame, reasons: pd.DataFrame, flags: pd.Series[bool], rule: Rule, density: float
) -> pd.DataFrame:
    out = _names(frame)
    out["density_per_km2"] = reasons["density_per_km2"].to_numpy()
    out["ratio"] = out["density_per_km2"] / density
    if rule.deemed is None:
        return out.head(0)
    remote = flags.to_numpy()
    between = (out["ratio"] >= rule.deemed.from_density) & (out["ratio"] <= rule.deemed.to_density)
    candidate = between.to_numpy() & ~remote
    if rule.deemed.adjoining:
        shapes = frame.geometry
        _, right = shapes[candidate].sindex.query(shapes[remote], predicate="intersects")
        touching = set(shapes[candidate].index[right])
        candidate &= frame.index.isin(touching)
    found: pd.DataFrame = out[candidate].sort_values(["ratio", "town_code"]).reset_index(drop=True)
    return found
