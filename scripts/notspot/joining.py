"""
Tables of a study joined to the units of their level: by code, every row accounted for, figures as numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from notspot.study import FIGURES, Derive, Study, Table
from notspot_geodata import reference
from notspot_geodata.codes import codes_by_name
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.tables import read_table

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

KEYS = {"village": "village_code", "township": "town_code", "county": "county_code"}
NAMES = {
    *("village_code", "village", "village_en", "town_code", "town", "town_en"),
    *("county_code", "county", "county_en", "year"),
}  # of units: joined by code, never taken from a table
MADE = {
    "density_per_km2",
    "villages",
    "is_indigenous",
    "has_communities",
    "remote",
    "group",
}  # by the run itself
YES, NO = {"true", "yes", "y", "1", "1.0", "是"}, {"false", "no", "n", "0", "0.0", "否"}


@dataclass(slots=True)
class Units:
    """The frames while tables are being joined to them."""

    study: Study
    villages: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    counties: gpd.GeoDataFrame
    allow_rejects: bool
    ledger: Ledger = field(default_factory=Ledger)
    inputs: list[dict[str, object]] = field(default_factory=list)

    def join(self, table: Table) -> None:
        """Read one table of the study and join it; raises `InputError` with what is wrong with it."""
        import pandas as pd

        if table.path == FIGURES:
            self._attach(_chosen_rows(reference.figures(), table), "township", table)
            return
        path = self.study.folder / table.path
        units = getattr(
            self, {"village": "villages", "township": "townships", "county": "counties"}[table.level]
        )
        key = KEYS[table.level]
        known = set(units[key])
        if table.level == "village":
            known |= set(reference.missing_villages()[key])
        frame = read_table(
            path, sheet=table.sheet, encoding=table.encoding, ledger=self.ledger, allow_rejects=self.allow_rejects,
            known_codes=known,
        )  # fmt: skip
        self.inputs.append(entry(table.path, path.read_bytes(), len(frame)))
        table = _as_read(table, frame.attrs["reading"].columns, set(frame.columns))
        numbers = pd.Series(frame.attrs["rows"], index=frame.index)
        frame = _chosen_rows(frame, table)
        if key not in frame and table.level == "township" and "town" in frame:
            frame = self._coded_by_name(frame, table)
        if key not in frame:
            have = ", ".join(map(str, frame.columns))
            message = f"has no column that means {key}; its columns are: {have}"
            raise InputError(
                path.name, [Problem(None, key, message)], hint="`notspot check` shows how it was read."
            )
        self._attach(frame, table.level, table, numbers)

    def _coded_by_name(self, frame: pd.DataFrame, table: Table) -> pd.DataFrame:
        """A township table without codes: found by county and township name, the rest in the ledger."""
        codes, problems = codes_by_name(frame)
        if problems and not self.allow_rejects:
            raise InputError(
                table.path, problems, hint="Correct the names, give codes, or pass --allow-rejects."
            )
        self.ledger.refuse(table.path, problems)
        frame = frame.assign(town_code=codes)
        return frame[frame["town_code"].notna()]

    def _attach(
        self, frame: pd.DataFrame, level: str, table: Table, numbers: pd.Series | None = None
    ) -> None:
        key = KEYS[level]
        name = {"village": "villages", "township": "townships", "county": "counties"}[level]
        units = getattr(self, name)
        if numbers is not None:
            self._unmatched(frame, units, key, table, numbers)
        frame = self._chosen(frame, key, table)
        if table.sum and numbers is not None:
            frame = self._summable(frame, table, numbers)
        repeated = frame[key][frame[key].duplicated()].unique()
        if len(repeated):
            shown = ", ".join(map(str, repeated[:5]))
            message = f"{len(repeated)} codes occur twice ({shown} …); a unit has one row in a table"
            hint = (
                'Choose the rows with where = {column = "value"}, for example one month and one technology.'
            )
            raise InputError(table.path, [Problem(None, key, message)], hint=hint)
        setattr(self, name, _merged(units, frame, key, table))
        if table.sum:
            figures = frame.drop(columns=key).select_dtypes("number")
            towns = frame[key].str[:8]
            summed = figures.groupby(towns).sum()
            summed = summed.mask(figures.isna().groupby(towns).any())  # unknown in a village is unknown here
            summed.index.name = "town_code"
            self.townships = _merged(self.townships, summed.reset_index(), "town_code", table)

    def _chosen(self, frame: pd.DataFrame, key: str, table: Table) -> pd.DataFrame:
        if not table.columns:
            return frame[[key, *(c for c in frame.columns if c not in NAMES)]]
        lacking = [c for c in table.columns if c not in frame.columns]
        if lacking:
            have = ", ".join(map(str, frame.columns))
            problems = [Problem(None, c, f"is not in the table; its columns are: {have}") for c in lacking]
            raise InputError(table.path, problems)
        chosen = {old: new for old, new in table.columns.items() if old != key}
        return frame[[key, *chosen]].rename(columns=chosen)

    def _summable(self, frame: pd.DataFrame, table: Table, numbers: pd.Series) -> pd.DataFrame:
        """`frame` with numbers in the columns that the study names; cells that are none are problems."""
        import pandas as pd

        problems = []
        for name in table.columns.values():
            if name not in frame or pd.api.types.is_numeric_dtype(frame[name]):
                continue
            values = pd.to_numeric(frame[name], errors="coerce")
            for at in frame.index[frame[name].notna() & values.isna()]:
                cell = str(frame.at[at, name])
                problems.append(Problem(int(numbers[at]), name, f"'{cell[:40]}' is not a number", cell))
            frame = frame.assign(**{name: values})
        if problems and not self.allow_rejects:
            raise InputError(table.path, problems, hint="Correct the cells, or pass --allow-rejects.")
        self.ledger.refuse(table.path, problems)
        return frame

    def _unmatched(
        self, frame: pd.DataFrame, units: pd.DataFrame, key: str, table: Table, numbers: pd.Series
    ) -> None:
        """Units of the table that have no polygon: in the ledger, with their people."""
        towns = set(self.townships["town_code"])
        missing = frame[~frame[key].isin(units[key])]
        parents = missing[key].str[:8] if key == "village_code" else missing[key]
        strange = missing[~parents.isin(towns)] if key != "county_code" else missing
        if len(strange) and not self.allow_rejects:
            where = f"is in no unit of the boundaries {reference.VINTAGE}"
            problems = [
                Problem(int(line), key, f"{code} {where}", str(code))
                for line, code in zip(numbers[strange.index], strange[key], strict=True)
            ]
            hint = "Correct the codes, or pass --allow-rejects: these rows then stay out and in rejects.csv."
            raise InputError(table.path, problems, hint=hint)
        for line, row in zip(numbers[missing.index], missing.to_dict("records"), strict=True):
            code, people = row[key], row.get("population", row.get("people"))
            counted = table.sum and code[:8] in towns
            fate = "its figures count in the township" if counted else "it is unplaced"
            message = f"{code} has no polygon in the boundaries {reference.VINTAGE}; {fate}"
            self.ledger.refuse(table.path, [Problem(int(line), key, message, code)])
            self.ledger.rows[-1]["people"] = None if people is None or people != people else int(people)


def derived(townships: pd.DataFrame, recipe: Derive) -> pd.Series:
    """The column that a recipe gives; raises `InputError` where it cannot."""
    what = f"the derived column {recipe.column}"
    if recipe.column in {*townships.columns, *MADE}:
        message = "is already a column of the townships; give the derived one another name"
        raise InputError("study", [Problem(None, recipe.column, message)])
    need(townships, recipe.of, what)
    need_numbers(townships, recipe.of, what)
    values = townships[list(recipe.of)].astype("float64")
    values = values.where(values.notna().sum(axis=1) >= recipe.known)
    if recipe.function == "ratio":
        top, bottom = values.iloc[:, 0], values.iloc[:, 1]
        return recipe.scale * top / bottom.where(bottom != 0)
    if recipe.function == "sum":
        return values.sum(axis=1, min_count=1)
    out: pd.Series = getattr(values, recipe.function)(axis=1)
    return out


def need_numbers(frame: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Columns of figures hold figures; one that is not there is told elsewhere."""
    import pandas as pd

    problems = []
    for name in dict.fromkeys(c for c in columns if c in frame):
        if pd.api.types.is_numeric_dtype(frame[name]):
            continue
        values = pd.to_numeric(frame[name], errors="coerce")
        bad = frame[name].notna() & values.isna()
        if not bad.any():  # an empty column
            frame[name] = values.astype("float64")
            continue
        shown = ", ".join(f"'{frame[name][at]}' ({frame['town_code'][at]})" for at in frame.index[bad][:3])
        count = f"{int(bad.sum())} township{'' if bad.sum() == 1 else 's'}"
        message = f"holds text in {count}, such as {shown}; {what} needs numbers"
        problems.append(Problem(None, name, message))
    if problems:
        raise InputError(
            "study", problems, hint="Correct these cells; `notspot check` shows how a file is read."
        )


def flags(column: pd.Series) -> pd.Series:
    """True or false as people write it; empty stays empty, for nobody guesses what an empty cell means."""
    written = column.map(lambda value: str(value).strip().lower(), na_action="ignore")
    strange = sorted(set(written.dropna()) - YES - NO)
    if strange:
        message = f"is neither true nor false but {', '.join(strange[:5])}"
        raise InputError("townships", [Problem(None, str(column.name), message)])
    return written.map(lambda text: text in YES, na_action="ignore")


def need(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise `InputError` for every column that no table has brought."""
    lacking = [c for c in columns if c not in frame.columns]
    if lacking:
        problems = [Problem(None, c, f"is in no table of the study, and {what} needs it") for c in lacking]
        raise InputError(
            "study", problems, hint=f'Add [[table]] with path = "{FIGURES}", or a table that has it.'
        )


def entry(name: str, content: bytes, rows: int | None) -> dict[str, object]:
    """One input as run.json lists it."""
    out: dict[str, object] = {
        "path": Path(name).as_posix(),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return out if rows is None else out | {"rows": rows}


# ------------------------------------------------------------------ helpers


def _as_read(table: Table, read: Mapping[str, str], there: Collection[str]) -> Table:
    """`table` with the headers of the file, where it names columns by them, as their meanings."""

    def meant(name: str) -> str:
        return name if name in there else read.get(name, name)

    columns = {meant(name): new for name, new in table.columns.items()}
    return replace(table, columns=columns, where={meant(name): v for name, v in table.where.items()})


def _chosen_rows(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The rows that the table's `where` asks for."""
    import pandas as pd

    for column, wanted in table.where.items():
        if column not in frame:
            have = ", ".join(map(str, frame.columns))
            raise InputError(
                table.path, [Problem(None, column, f"is not in the table; its columns are: {have}")]
            )
        same = frame[column].astype(str) == str(wanted)
        if pd.api.types.is_numeric_dtype(frame[column]):  # 2021 is also 2021.0
            same |= frame[column] == pd.to_numeric(wanted, errors="coerce")
        chosen = frame[same.fillna(False).astype(bool)]
        if chosen.empty:
            there = ", ".join(sorted(frame[column].dropna().astype(str).unique())[:10])
            raise InputError(table.path, [Problem(None, column, f"is nowhere '{wanted}'; it has: {there}")])
        frame = chosen
    return frame


def _merged(units: gpd.GeoDataFrame, frame: pd.DataFrame, key: str, table: Table) -> gpd.GeoDataFrame:
    own = [c for c in frame.columns if c != key]
    twice = [c for c in own if c in units.columns]
    problems = [
        Problem(None, c, "is a column that the run makes or needs itself")
        for c in own
        if c in MADE | NAMES | {"geometry"}
    ]
    if not table.replace:
        message = "is already there from the boundaries or another table"
        problems += [Problem(None, c, message) for c in twice]
    if problems:
        hint = "Rename it with columns = {…}, or, for a figure that is already there, write replace = true."
        raise InputError(table.path, problems, hint=hint)
    out = units.drop(columns=twice).merge(frame, on=key, how="left", validate="one_to_one")
    # what is unknown is NaN in every column of figures, never pandas' own missing value
    gaps = [c for c in own if out[c].dtype in ("Int64", "Float64") and out[c].isna().any()]
    whole = [c for c in own if out[c].dtype == "Int64" and c not in gaps]
    return out.astype(dict.fromkeys(gaps, "float64") | dict.fromkeys(whole, "int64"))
