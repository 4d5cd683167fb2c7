"""
How unequally a value is spread over units of different size: Lorenz, Gini, Theil, concentration index.

All take one value and one weight a unit (a value of 3 with weight 10 is ten people who each have 3), as
arrays of shape (n,). Units of weight 0 do not count. The formulas and their sources are in
docs/methods-divide.md. An undefined result (nobody, or a mean of 0) is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Theil:
    """Theil's T and its two parts; ``total == between + within`` to rounding."""

    total: float
    between: float
    within: float


def lorenz(values: ArrayLike, weights: ArrayLike) -> pd.DataFrame:
    """
    Lorenz curve: ``people_share`` and ``value_share``, both in [0, 1], from (0, 0) to (1, 1), poorest first.

    Units of one value are one point, so that the order in which they come does not show.
    """
    import pandas as pd

    value, weight = _checked(values, weights)
    total = float((value * weight).sum())
    if total <= 0:
        return pd.DataFrame({"people_share": [], "value_share": []}, dtype=float)
    distinct, place = np.unique(value, return_inverse=True)
    people = np.bincount(place, weights=weight, minlength=len(distinct))
    held = distinct * people
    people_share = np.concatenate([[0.0], np.cumsum(people) / people.sum()])
    value_share = np.concatenate([[0.0], np.cumsum(held) / held.sum()])
    return pd.DataFrame({"people_share": people_share, "value_share": value_share})


def gini(values: ArrayLike, weights: ArrayLike) -> float:
    """Weighted Gini coefficient in [0, 1): twice the area between the Lorenz curve and the diagonal."""
    value, weight = _checked(values, weights)
    return concentration(value, weight, value)


def concentration(values: ArrayLike, weights: ArrayLike, order: ArrayLike) -> float:
    """
    Weighted concentration index in [-1, 1] of `values` over units ranked by `order`.

    Above 0 where the units that rank high have more. Units of equal rank share the middle of their places.
    """
    value, weight, rank_by = _checked(values, weights, order)
    total = float((value * weight).sum())
    if total <= 0:
        return float("nan")
    share = weight / weight.sum()
    mean = float((share * value).sum())
    covariance = float((share * (value - mean) * (_middle_ranks(rank_by, share) - 0.5)).sum())
    return 2 * covariance / mean


def theil(values: ArrayLike, weights: ArrayLike, groups: Sequence[Any] | ArrayLike) -> Theil:
    """
    Weighted Theil index T (0 where all are equal), split between and within `groups` (one label a unit).

    A value of 0 adds nothing: x ln x goes to 0 with x. So a zero is counted in the mean and in the weight,
    and the index stays finite (Theil's L, the other index, would not).
    """
    value, weight = _checked(values, weights, drop=False)
    labels = np.asarray(groups)
    if labels.shape != value.shape:
        raise UsageError(f"{len(value)} values and {len(labels)} groups: one group a value is needed.")
    labels, value, weight = labels[weight > 0], value[weight > 0], weight[weight > 0]
    total_value = float((value * weight).sum())
    if total_value <= 0:
        return Theil(float("nan"), float("nan"), float("nan"))
    _, place = np.unique(labels, return_inverse=True)
    people = np.bincount(place, weights=weight)
    held = np.bincount(place, weights=weight * value)
    mean = total_value / float(weight.sum())
    group_mean = held / people
    share = weight / weight.sum()
    between = float((people / people.sum() * _x_log_x(group_mean / mean)).sum())
    own_mean = group_mean[place]
    relative = np.divide(value, own_mean, out=np.zeros_like(value), where=own_mean > 0)
    within = float((share * own_mean / mean * _x_log_x(relative)).sum())
    return Theil(float((share * _x_log_x(value / mean)).sum()), between, within)


def _x_log_x(x: Floats) -> Floats:
    out: Floats = np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0)), 0.0)
    return out


def _middle_ranks(order: Floats, share: Floats) -> Floats:
    """Where in [0, 1] the middle of each unit's people stands when sorted by `order`; ties stand together."""
    _, place = np.unique(order, return_inverse=True)
    of_rank = np.bincount(place, weights=share)
    middle = np.cumsum(of_rank) - of_rank / 2
    out: Floats = middle[place]
    return out


def _checked(
    values: ArrayLike, weights: ArrayLike, *more: ArrayLike, drop: bool = True
) -> tuple[Floats, ...]:
    """Float arrays of one length, without units of weight 0; raises on unknown or negative values."""
    arrays = [np.asarray(array, dtype=float) for array in (values, weights, *more)]
    if len({array.shape for array in arrays}) != 1 or arrays[0].ndim != 1:
        raise UsageError(f"Arrays of one length are needed; found {[array.shape for array in arrays]}.")
    if any(not np.isfinite(array).all() for array in arrays):
        raise UsageError("Unknown values cannot be ranked: drop the units without data first and say so.")
    if (arrays[0] < 0).any() or (arrays[1] < 0).any():
        raise UsageError("Values and weights must not be below 0.")
    kept = arrays[1] > 0
    return tuple(array[kept] for array in arrays) if drop else tuple(arrays)
