"""
The smallest units that people are known by, villages or townships, and how shares of villages become theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from notspot_coverage.counting.lattice import Lattice
from notspot_coverage.counting.services import People
from notspot_coverage.counting.units import Sums, Units

Values = NDArray[np.float64]

HALVES = 6  # decimals of a person; sums of a million parts are exact to more


def whole(people: Values) -> Values:
    """People as whole numbers; what is a half but for rounding is a half, and goes to the even number."""
    out: Values = np.rint(np.round(people, HALVES))
    return out


@dataclass(frozen=True, slots=True)
class Atoms:
    """
    Attributes
    ----------
    number
        People or households of each atom, whole numbers.
    sums
        How atoms add up.
    town
        Of each village with a polygon, the atom that its share belongs to; None where the villages are the atoms
        themselves, followed by those without a polygon.
    """

    number: Values
    sums: Sums
    town: NDArray[np.int64] | None

    @classmethod
    def of(cls, lattice: Lattice, units: Units, people: People, of: str) -> Atoms:
        """Raises `InputError` for codes whose township does not exist."""
        if people.level == "village":
            extra = sorted(set(people.counts.index) - set(lattice.codes))
            codes = [*lattice.codes, *extra]
            names = None
            if "name" in people.counts:
                names = people.counts["name"].reindex(codes).fillna("").tolist()
            town, sums = None, Sums.of(units, codes, names)
        else:
            strange = sorted(set(people.counts.index) - set(units.townships.index))
            codes = [*units.townships.index, *strange]
            sums = Sums.of(units, codes)
            town = units.townships.index.get_indexer(pd.Index([code[:8] for code in lattice.codes])).astype(
                np.int64
            )
        return cls(people.counts[of].reindex(codes).fillna(0).to_numpy(np.float64), sums, town)

    def shares(self, of_villages: Values, weight: Values, rest: float | Values = 0.0) -> Values:
        """
        Shares of villages, shape (villages, k), as shares of atoms.

        A township's is the mean of its villages' by `weight`, shape (villages,); atoms without a village that has
        a polygon get `rest`, one number or one a column.
        """
        if self.town is None:
            lacking = len(self.number) - len(of_villages)
            return np.concatenate([of_villages, np.full((lacking, of_villages.shape[1]), rest)])
        added = np.zeros((len(self.number), of_villages.shape[1]))
        np.add.at(added, self.town, of_villages * weight[:, None])
        whole = np.bincount(self.town, weight, len(self.number))[:, None]
        return np.divide(added, whole, out=np.full(added.shape, rest, np.float64), where=whole > 0)
