"""
Official figures out of an account: shares, numbers of units that have something, numbers of things; never mixed.

Every function gives a row a unit: ``level, code, numerator, denominator, value, low, high``, from the nation to the
township. ``low <= value <= high``; value and denominator are of what is known, and null where nothing is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.bits import SIDE
from notspot_coverage.counting.counting import Counted, Variant, table_of
from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.painting import CODE_DIGITS, UNKNOWN, YES
from notspot_coverage.counting.services import LAND, Account, ByUnit, Lines, People, Places, Service
from notspot_coverage.counting.spreads import Locate
from notspot_coverage.counting.targets import Target, line_target, place_target
from notspot_coverage.counting.units import Sums, Units
from notspot_geodata.errors import UsageError

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALL = "all"
KEYS = ["level", "code"]
COLUMNS = [*KEYS, "numerator", "denominator", "value", "low", "high"]


@dataclass(frozen=True, slots=True)
class Figures:
    """
    What figures are made of.

    Attributes
    ----------
    unplaced
        Villages without a polygon, by code: they are units too, and unknown but for what tables say of them.
    """

    lattice: Lattice
    units: Units
    locate: Locate
    account: Account
    people: Mapping[str, People]
    places: Mapping[str, Places]
    lines: Mapping[str, Lines]
    unplaced: tuple[str, ...] = ()

    def share(self, service: str, of: str, subject: str = LAND, *, within: str = ALL) -> pd.DataFrame:
        """Share that a service reaches, percent, in the townships of a group."""
        rows = _of(self.account.table, service, of, subject)
        if within != ALL:
            rows = self._within(rows, service, of, subject, within)
        rows = rows[rows["level"] != "village"]
        known = rows["covered"] + rows["not_covered"]
        out = pd.DataFrame(
            {
                "level": rows["level"], "code": rows["code"], "numerator": rows["covered"], "denominator": known,
                "value": rows["best"], "low": rows["low"], "high": rows["high"],
            }
        )  # fmt: skip
        out.loc[known <= 0, ["numerator", "denominator", "value"]] = np.nan
        return out.reset_index(drop=True)

    def _within(self, rows: pd.DataFrame, service: str, of: str, subject: str, within: str) -> pd.DataFrame:
        """The table of an account again, counted over the townships of a group only."""
        codes = self._towns(within)
        variants = _of(self.account.variants, service, of, subject)
        variants = variants[variants["level"] == "township"]
        choices = ["surface", "edges", "location_percent", "anchors"]
        named, yes, unknown = [], [], []
        for given, part in variants.groupby(choices, sort=False, dropna=False):
            key: Any = given
            by_code = part.set_index("code").loc[codes]
            named.append(Variant(*key))
            yes.append(by_code["covered"].to_numpy(np.float64))
            unknown.append(by_code["unknown"].to_numpy(np.float64))
        total = rows[rows["level"] == "township"].set_index("code").loc[codes, "total"].to_numpy(np.float64)
        counted = Counted(named, np.array(yes), np.array(unknown), total, Sums.of(self.units, codes))
        found = table_of(counted, service, of, subject)
        return found[found["total"] > 0]

    # -------------------------------------------------------------- units that have something

    def units_with_service(self, service: str, unit: str, *, within: str = ALL) -> pd.DataFrame:
        """Number of units in any part of which the service is; unknown where it may be."""
        codes = self._codes(unit, within)
        low, best, high = self._reached(service, unit, codes)
        return self._existence(codes, low, best, high)

    def units_with_only(
        self, service: str, unit: str, *, among: Sequence[str] = (), within: str = ALL
    ) -> pd.DataFrame:
        """Number of units that a service of last resort reaches and no other of `among` does; empty: all services."""
        codes = self._codes(unit, within)
        low, best, high = self._reached(service, unit, codes)
        others = np.zeros(len(codes))  # 1: another is there, NaN: one may be
        for other in self.account.services.values():
            chosen = other.id in among if among else other.counts(LAND)
            if other.id == service or other.last_resort or not chosen:
                continue
            their_low, theirs, their_high = self._reached(other.id, unit, codes)
            low, high = low & ~their_high, high & ~their_low
            others = np.where((others == 1) | (theirs == 1), 1.0, others + theirs)
        only = np.where((others == 1) | (best == 0), 0.0, best - others)
        return self._existence(codes, low, only, high)

    def units_with_places(self, places: str, unit: str, *, within: str = ALL) -> pd.DataFrame:
        """Number of units in which at least one place lies."""
        codes = self._codes(unit, within)
        target = self._target(places)
        if unit == "village":
            there = {self.lattice.codes[v] for v in target.village if v >= 0}
        else:
            digits = CODE_DIGITS[unit]
            towns = self.units.townships.index
            there = {towns[t][:digits] for t in target.sums.town if t >= 0}
        has = np.array([code in there for code in codes])
        return self._existence(codes, has, has.astype(np.float64), has)

    def places_with_service(self, service: str, places: str, *, within: str = ALL) -> pd.DataFrame:
        """Number of places that a service reaches, of all that are known."""
        rows = self.share(service, "places", places, within=within)
        total = _of(self.account.table, service, "places", places)
        whole = rows.merge(total[[*KEYS, "total"]], on=KEYS, how="left")["total"]
        if within != ALL:
            nation = rows["level"] == "nation"
            whole = whole.mask(nation, float(total.set_index("code").loc[self._towns(within), "total"].sum()))
        low = np.rint(rows["low"] / 100 * whole)
        high = np.rint(rows["high"] / 100 * whole)
        return rows.assign(value=rows["numerator"], low=low, high=high)

    # -------------------------------------------------------------- numbers of things

    def number_of_places(
        self, places: Places, *, service: str | None = None, within: str = ALL
    ) -> pd.DataFrame:
        """Number of places, or of those that a service reaches."""
        target = place_target(self.lattice, self.units, places, self.locate)
        inside = self._town_flags(within)[np.maximum(target.sums.town, 0)] | (within == ALL)
        if within != ALL:
            inside &= target.sums.town >= 0
        if service is None:
            return self._number(target.sums, inside.astype(float), np.zeros(len(inside)))
        status = self._status(target, service)
        return self._number(target.sums, inside & (status == 1), inside & (status == 2))

    def number_of_lines(self, lines: Lines, *, service: str | None = None, within: str = ALL) -> pd.DataFrame:
        """Number of lines, or of those that a service reaches somewhere; of the nation, for a line has many units."""
        target = line_target(self.lattice, self.units, lines, self.locate)
        inside = np.ones(len(target.x), np.bool_)
        if within != ALL:
            flags = self._town_flags(within)
            inside = flags[np.maximum(target.sums.town, 0)] & (target.sums.town >= 0)
        status = np.full(len(target.x), YES) if service is None else self._status(target, service)
        reached = np.unique(target.line[inside & (status == YES)])
        perhaps = np.setdiff1d(target.line[inside & (status == UNKNOWN)], reached)
        yes, unknown = len(reached), len(perhaps)
        row = {"level": "nation", "code": "TW", "numerator": yes, "denominator": np.nan, "value": yes}
        return pd.DataFrame([{**row, "low": yes, "high": yes + unknown}], columns=COLUMNS).astype(
            dict.fromkeys(COLUMNS[2:], "float64")
        )

    def number_of_things(
        self, towns: Sequence[str | None], number: Values, *, within: str = ALL
    ) -> pd.DataFrame:
        """Number of things that stand in a table, by the code of their township, None where it has none."""
        sums = Sums.in_towns(self.units, towns)
        flags = self._town_flags(within)
        inside = np.where(sums.town >= 0, flags[np.maximum(sums.town, 0)], within == ALL)
        rows = self._number(sums, number * inside, np.zeros(len(number)))
        return rows if (sums.town >= 0).any() else rows[rows["level"] == "nation"]  # else nobody knows where

    def number_of_people(self, people: str, of: str, *, within: str = ALL) -> pd.DataFrame:
        """People or households themselves: an alternative denominator."""
        counts = self.people[people].counts[of]
        inside = self._town_flags(within)
        sums = Sums.of(self.units, list(counts.index))
        number = counts.to_numpy(np.float64) * inside[sums.town]
        return self._number(sums, number, np.zeros(len(number)))

    # -------------------------------------------------------------- helpers

    def _target(self, places: str) -> Target:
        return place_target(self.lattice, self.units, self.places[places], self.locate)

    def _status(self, target: Target, service: str) -> NDArray[np.int8]:
        return target.status(self.lattice, self.account.services[service], 50.0, 50.0)

    def _town_flags(self, within: str) -> NDArray[np.bool_]:
        if within == ALL:
            return np.ones(len(self.units.townships), np.bool_)
        if within not in self.units.groups:
            known = ", ".join([ALL, *self.units.groups.columns])
            raise UsageError(f"'{within}' is no group of townships; there are: {known}")
        return self.units.groups[within].to_numpy(np.bool_)

    def _towns(self, within: str) -> list[str]:
        return list(self.units.townships.index[self._town_flags(within)])

    def _codes(self, unit: str, within: str) -> list[str]:
        towns = self._towns(within)
        if unit == "village":
            inside = set(towns)
            return [code for code in sorted([*self.lattice.codes, *self.unplaced]) if code[:8] in inside]
        return towns if unit == "township" else sorted({code[:5] for code in towns})

    def _reached(self, service: str, unit: str, codes: list[str]) -> tuple[Flags, Values, Flags]:
        """Whether a service is in any part of units, at least, best (NaN: unknown) and at most."""
        rows = _of(self.account.table, service, "area", LAND)
        rows = rows[rows["level"] == unit].set_index("code").reindex(codes)
        there = rows["total"].notna().to_numpy()
        # less than half a sub-cell is the part of a sliver that took its whole cell's cover
        least_km2 = (self.lattice.cell_m / SIDE) ** 2 / 2e6
        total = rows["total"].to_numpy(np.float64)
        low = rows["low"].to_numpy(np.float64) / 100 * total > least_km2
        high = (rows["high"].to_numpy(np.float64) / 100 * total > least_km2) | ~there
        covered = (rows["covered"] > least_km2).to_numpy()
        maybe = ~there | ((rows["unknown"] > least_km2).to_numpy() & ~covered)
        best = np.where(maybe, np.nan, covered.astype(float))
        said = _said(self.account.services[service], [c for c, t in zip(codes, there, strict=True) if not t])
        best[~there], low[~there], high[~there] = said, said == 1, said != 0
        return low, best, high

    def _existence(self, codes: list[str], low: Flags, best: Values, high: Flags) -> pd.DataFrame:
        counties = bool(codes) and len(codes[0]) == 5
        of = self.units.townships.reset_index().drop_duplicates("county_code").set_index("county_code")
        sums = Sums.of(self.units, list(of.loc[list(codes), "town_code"]) if counties else codes)
        best = np.asarray(best, np.float64)
        known = ~np.isnan(best)
        stacked = np.column_stack([np.nan_to_num(best), known, low, high, np.ones(len(codes))])
        added = sums.add(stacked.astype(np.float64))
        yes, sure, least, most, number = added.T
        frame = sums.frame[KEYS].assign(
            numerator=np.where(sure > 0, yes, np.nan),
            denominator=np.where(sure > 0, sure, np.nan),
            value=np.where(sure > 0, yes, np.nan),
            low=np.fmin(least, yes),
            high=np.fmax(most, yes),
        )
        levels = ["nation", "county"] if counties else ["nation", "group", "county", "township"]
        kept: pd.DataFrame = frame[(number > 0) & frame["level"].isin(levels).to_numpy()]
        return kept.reset_index(drop=True)

    def _number(self, sums: Sums, yes: NDArray[Any], unknown: NDArray[Any]) -> pd.DataFrame:
        added = sums.add(np.column_stack([yes, unknown]).astype(np.float64))
        frame = sums.frame[KEYS].assign(
            numerator=added[:, 0],
            denominator=np.nan,
            value=added[:, 0],
            low=added[:, 0],
            high=added[:, 0] + added[:, 1],
        )
        return frame[frame["level"] != "village"].reset_index(drop=True)


def _of(frame: pd.DataFrame, service: str, of: str, subject: str) -> pd.DataFrame:
    chosen = (frame["service"] == service) & (frame["of"] == of) & (frame["subject"] == subject)
    rows: pd.DataFrame = frame[chosen]
    if rows.empty:
        raise UsageError(f"nothing is counted of {of} ({subject}) for the service {service}")
    return rows


def _said(service: Service, codes: Sequence[str]) -> Values:
    """What tables of a service say of units without a polygon: 1, 0 or NaN."""
    out = np.full(len(codes), np.nan)
    for layer in service.layers:
        if not isinstance(layer, ByUnit):
            continue
        digits = CODE_DIGITS[layer.level]
        values = pd.Series([code[:digits] for code in codes], dtype=object).map(layer.values).to_numpy(float)
        told = np.where(np.isnan(values), np.nan, (values >= layer.at_least).astype(float))
        out = np.fmax(out, told)
    return out
