"""
What a study comes out as: frames and definitions, nothing that draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notspot_coverage.definitions import Indicator
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from notspot_coverage.counting.services import Account
    from notspot_coverage.divide import DivideFinding
    from notspot_coverage.rules import RemoteFinding


@dataclass(frozen=True, slots=True)
class Results:
    """
    Everything that a run found.

    Attributes
    ----------
    villages, townships, counties
        GeoDataFrames, one row a unit, with every column that was joined or derived.
    indicators
        The tidy table, columns as in `notspot_coverage.definitions.COLUMNS`.
    definitions
        The indicators of that table, by id, in the study's order.
    remote
        The rule of remoteness that was used and what it found.
    divide
        One finding a measure, in the study's order.
    ledger
        Every input row that was refused or not matched.
    run
        What it takes to repeat the run; becomes run.json.
    account
        Who is covered by which service, where the study declares any.
    """

    run_id: str
    title: Text
    year: int
    villages: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    indicators: pd.DataFrame
    definitions: Mapping[str, Indicator]
    remote: RemoteFinding
    divide: tuple[DivideFinding, ...]
    ledger: Ledger = field(default_factory=Ledger)
    run: Mapping[str, object] = field(default_factory=dict)
    account: Account | None = None
