"""
Villages, townships, counties and groups: how what is counted in small parts adds up to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.groups import GROUPS, NAMES, NATION, membership
from notspot_geodata.errors import InputError, Problem

Values = NDArray[np.float64]
Indices = NDArray[np.int64]

LEVELS = ("nation", "group", "county", "township", "village")


@dataclass(frozen=True, slots=True)
class Units:
    """
    Units and their names.

    Attributes
    ----------
    villages
        Indexed by ``village_code``, sorted: ``village, town_code``; those that have a polygon.
    townships
        Indexed by ``town_code``, sorted: ``town, county_code, county``.
    groups
        True where a township (row) is in a group (column of `GROUPS`).
    """

    villages: pd.DataFrame
    townships: pd.DataFrame
    groups: pd.DataFrame

    @classmethod
    def of(cls, villages: pd.DataFrame, townships: pd.DataFrame) -> Units:
        """
        From frames of a run: villages with ``village_code, village, town_code``; townships with ``town_code, town,
        county_code, county, remote`` and ``group`` (or what `groups.partition` needs).
        """
        towns = townships.sort_values("town_code").set_index("town_code")
        groups = membership(townships).reindex(towns.index)
        own = villages.sort_values("village_code").set_index("village_code")
        return cls(own[["village", "town_code"]], towns[["town", "county_code", "county"]], groups)


@dataclass(frozen=True, slots=True)
class Sums:
    """
    How atoms add up: every unit is the sum of its children, by construction.

    Attributes
    ----------
    frame
        A row a unit: ``level, code, name``; nation, groups, counties, townships, and villages where atoms are those.
    town
        Township of each atom, -1 where it has none: such an atom counts in the nation only.
    villages
        The atom of each village row.
    """

    frame: pd.DataFrame
    town: Indices
    villages: Indices
    _county_of_town: Indices
    _groups: Values

    @classmethod
    def of(cls, units: Units, codes: Sequence[str], names: Sequence[str] | None = None) -> Sums:
        """
        Sums of atoms that are units: villages (11 digits, rows of their own, `names` for those that `units` lacks) or
        townships (8).

        Raises
        ------
        InputError
            Codes whose township does not exist: their people would be nowhere.
        """
        town = units.townships.index.get_indexer(pd.Index([code[:8] for code in codes]))
        strange = [code for code, at in zip(codes, town, strict=True) if at < 0]
        if strange:
            problems = [Problem(None, "code", f"{code} is in no township", code) for code in strange]
            raise InputError("units", problems, hint="A crosswalk can carry codes of another year over.")
        rows = []
        if len(codes) and len(codes[0]) == 11:
            own = units.villages["village"].reindex(pd.Index(codes))
            if names is not None:
                own = own.where(own.notna(), pd.Series(list(names), index=own.index))
            full = (units.townships["county"] + units.townships["town"]).to_numpy()[town]
            rows.append(_rows("village", codes, full + own.fillna("").to_numpy()))
        return cls._with(units, town.astype(np.int64), rows)

    @classmethod
    def at(cls, units: Units, village: NDArray[np.int32]) -> Sums:
        """Sums of things that lie in villages, by their index in `units`, -1 for none; no rows by village."""
        towns = units.townships.index.get_indexer(pd.Index(units.villages["town_code"]))
        if not len(village):
            return cls._with(units, np.zeros(0, np.int64), [])
        return cls._with(
            units, np.where(village >= 0, towns[np.maximum(village, 0)], -1).astype(np.int64), []
        )

    @classmethod
    def in_towns(cls, units: Units, codes: Sequence[str | None]) -> Sums:
        """Sums of things by the code of their township, None where it has none; no rows by village."""
        return cls._with(
            units, units.townships.index.get_indexer(pd.Index(codes, dtype=object)).astype(np.int64), []
        )

    @classmethod
    def _with(cls, units: Units, town: Indices, villages: list[pd.DataFrame]) -> Sums:
        towns = units.townships
        counties = towns.drop_duplicates("county_code").sort_values("county_code")
        parts = [
            _rows("nation", [NATION], [NAMES[NATION].zh]),
            _rows("group", list(GROUPS), [text.zh for text in GROUPS.values()]),
            _rows("county", counties["county_code"], counties["county"]),
            _rows("township", towns.index, towns["county"] + towns["town"]),
        ]
        county = np.searchsorted(counties["county_code"].to_numpy(), towns["county_code"].to_numpy())
        frame = pd.concat([*parts, *villages], ignore_index=True)
        atoms = np.arange(len(town)) if villages else np.zeros(0, np.int64)
        groups = units.groups[list(GROUPS)].to_numpy(np.float64)
        return cls(frame, town, atoms, county.astype(np.int64), groups)

    def pooled(self) -> tuple[Sums, Indices]:
        """
        The same sums with an atom a township, and a last one for what has none; and which of these each atom is.
        """
        towns = len(self._county_of_town)
        at = np.where(self.town >= 0, self.town, towns)
        return replace(self, town=np.append(np.arange(towns), -1)), at

    def add(self, values: Values) -> Values:
        """Values of atoms, shape (atoms, …), as values of units, shape (units, …)."""
        flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
        towns = np.zeros((len(self._county_of_town), flat.shape[1]))
        here = self.town >= 0
        np.add.at(towns, self.town[here], flat[here])
        counties = np.zeros((self._county_of_town.max(initial=-1) + 1, flat.shape[1]))
        np.add.at(counties, self._county_of_town, towns)
        nation = counties.sum(axis=0, keepdims=True) + flat[~here].sum(axis=0, keepdims=True)
        out = np.concatenate([nation, self._groups.T @ towns, counties, towns, flat[self.villages]])
        return out.reshape(len(self.frame), *values.shape[1:])


def _rows(level: str, codes: Iterable[str], names: Iterable[str]) -> pd.DataFrame:
    return pd.DataFrame({"level": level, "code": list(codes), "name": list(names)}, dtype=object)
