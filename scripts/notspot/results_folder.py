"""
A result folder read back as `Results`: what the tables do not hold stands in its ``results.zip``.

The file is JSON and Parquet in a ZIP: it holds data only, and reading it runs nothing. Layers of services keep
their words and lose their features, so that no positions of stations leave with a result.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from notspot_coverage import definitions, rulebook, rules
from notspot_coverage.counting import services
from notspot_coverage.divide import DivideFinding
from notspot_coverage.results import Results
from notspot_geodata.errors import InputError, NotFoundError, Problem
from notspot_geodata.ledger import Ledger
from notspot_geodata.text import Text
from notspot_maps.overlays.kinds import Overlay
from notspot_maps.overlays.payload import packed, unpacked

if TYPE_CHECKING:
    import pandas as pd

NAME = "results.zip"
_OVERLAYS = "overlays.json"
_LISTED = 8  # names in an error
FORMAT = 1  # of results.zip; a reader refuses what it does not know
NEWER = "is of format {}, which a newer Notspot wrote; this one reads {}: update it, or run the study again"
_BROKEN = (  # what files that are cut, or were changed, raise
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can say: same results, same bytes
_UNITS = {"townships": "units.parquet", "villages": "villages.parquet"}  # stand beside it in the folder

# What results.zip may hold; a name that is not here is refused, not looked up
_TYPES: dict[str, type] = {
    each.__name__: each
    for each in (
        Text,
        Ledger,
        DivideFinding,
        definitions.Condition,
        definitions.Recipe,
        definitions.Part,
        definitions.Indicator,
        rulebook.Rule,
        rulebook.Published,
        rulebook.Seat,
        rulebook.Deemed,
        rules.Variant,
        rules.RemoteFinding,
        services.Layer,
        services.Service,
        services.Subject,
        services.Account,
    )
}


def load(
    path: str | Path, *, allow_rejects: bool = False, step: Callable[[str], None] = lambda _: None
) -> Results:
    """
    The results of a study file (which is run) or of a result folder (which is read).

    Raises
    ------
    NotFoundError
        There is neither.
    """
    from notspot.pipeline import run
    from notspot.study import Study

    given = Path(path)
    if given.is_dir():
        return read_results(given)
    if given.suffix.lower() == ".toml":
        return run(Study.read(given), allow_rejects=allow_rejects, step=step)
    if given.name in (NAME, "run.json", "index.html", "atlas.html"):
        return read_results(given.parent)
    raise NotFoundError(f"{given} is neither a study (.toml) nor a folder of results; {_there(given)}")


def _there(path: Path) -> str:
    """What there is in place of a study or a folder of results that is not."""
    if path.exists():
        return "it is another file"
    beside = path.parent
    if not beside.is_dir():
        return f"{beside} is not there either"
    found = sorted(
        each.name for each in beside.iterdir() if each.suffix.lower() == ".toml" or (each / NAME).is_file()
    )
    what = f"has {', '.join(found[:_LISTED])}" if found else "has no study and no results"
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return f"nothing is there, and {beside.resolve()} {what}{more}"


def read_results(folder: str | Path) -> Results:
    """
    What `notspot.report` wrote into `folder`, as the run had it; layers of services are without their features.

    Raises
    ------
    NotFoundError
        The folder holds no results, or some of an older Notspot.
    InputError
        ``results.zip`` or a table beside it cannot be read.
    """
    import geopandas as gpd

    base = Path(folder)
    file = base / NAME
    if not file.is_file():
        what = (
            "has no results.zip: it was written by an older Notspot"
            if (base / "run.json").is_file()
            else "is not a folder of results"
        )
        raise NotFoundError(
            f"{base} {what}; run the study again with `notspot run STUDY --out {base.name or 'FOLDER'}`"
        )
    lost = [there for there in _UNITS.values() if not (base / there).is_file()]
    if lost:
        raise _unreadable(file, f"{' and '.join(lost)} must stand beside it, and does not")
    try:
        with zipfile.ZipFile(file) as archive:
            tree = json.loads(archive.read("results.json"))
            found = tree.get("format")
            if isinstance(found, int) and found > FORMAT:
                raise InputError(str(file), [Problem(None, "", NEWER.format(found, FORMAT))])
            if found != FORMAT:
                raise ValueError(f"it is of format {found!r}, this Notspot reads {FORMAT}")
            made = _Reader(archive).value(tree["results"])
        made |= {name: gpd.read_parquet(base / there) for name, there in _UNITS.items()}
        return Results(**made)
    except _BROKEN as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, why: object) -> InputError:
    return InputError(
        str(file), [Problem(None, "", f"cannot be read as results ({why}); run the study again")]
    )


def read_overlays(folder: str | Path) -> tuple[Overlay, ...]:
    """The overlays that the study of a result folder names, as its atlas has them; raises as `read_results` does."""
    file = Path(folder) / NAME
    try:
        with zipfile.ZipFile(file) as archive:
            there = _OVERLAYS in archive.namelist()
            return unpacked(json.loads(archive.read(_OVERLAYS))) if there else ()
    except FileNotFoundError:
        read_results(folder)  # says what is wrong
        raise
    except _BROKEN as error:
        raise _unreadable(file, error) from error


def write_results(results: Results, path: Path, overlays: Sequence[Overlay] = ()) -> None:
    """
    Write what the tables of a result folder do not hold; the same results give the same bytes.

    `overlays` are those that the study names; sensitive ones are left out.
    """
    writer = _Writer()
    fields = {
        field.name: writer.value(getattr(results, field.name))
        for field in dataclasses.fields(Results)
        if field.name not in _UNITS
    }
    tree = {"format": FORMAT, "results": {"$map": [[name, value] for name, value in fields.items()]}}
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    with zipfile.ZipFile(path, "w") as archive:
        shown = packed([overlay for overlay in overlays if not overlay.sensitive])
        over = json.dumps(shown, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        parts = {"results.json": text.encode(), _OVERLAYS: over.encode(), **writer.frames}
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)


class _Writer:
    """Values as JSON; frames become Parquet files that the JSON names."""

    def __init__(self) -> None:
        self.frames: dict[str, bytes] = {}

    def value(self, value: object) -> Any:
        import pandas as pd

        if isinstance(value, pd.DataFrame):
            return {"$frame": self._frame(value), "geo": hasattr(value, "to_crs")}
        if isinstance(value, pd.Series):
            return {"$series": self._frame(value.to_frame("value")), "name": self.value(value.name)}
        if isinstance(value, services.Layer):
            kept = {field.name: getattr(value, field.name) for field in dataclasses.fields(services.Layer)}
            value = services.Layer(**kept)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            name = type(value).__name__
            if _TYPES.get(name) is not type(value):
                raise TypeError(f"results.zip has no place for a {name}")
            return {
                "$": name,
                **{f.name: self.value(getattr(value, f.name)) for f in dataclasses.fields(value)},
            }
        if isinstance(value, Mapping):
            return {"$map": [[self.value(key), self.value(each)] for key, each in value.items()]}
        if isinstance(value, tuple):
            return {"$tuple": [self.value(each) for each in value]}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if value is None or isinstance(value, str | bool | int):
            return value
        if isinstance(value, float | np.floating):
            return float(value) if math.isfinite(value) else {"$float": str(float(value))}
        if isinstance(value, np.integer | np.bool_):
            return value.item()
        if isinstance(value, date):
            return {"$date": value.isoformat()}
        raise TypeError(f"results.zip has no place for a {type(value).__name__}")

    def _frame(self, frame: pd.DataFrame) -> str:
        name = f"{len(self.frames):03}.parquet"
        buffer = io.BytesIO()
        clean = frame.copy(deep=False)
        clean.attrs = {}
        clean.to_parquet(buffer)
        self.frames[name] = buffer.getvalue()
        return name


class _Reader:
    """The way back."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.value(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$frame" in node:
            return self._frame(node["$frame"], geo=node["geo"])
        if "$series" in node:
            return self._frame(node["$series"], geo=False)["value"].rename(self.value(node["name"]))
        if "$map" in node:
            return {self.value(key): self.value(each) for key, each in node["$map"]}
        if "$tuple" in node:
            return tuple(self.value(each) for each in node["$tuple"])
        if "$date" in node:
            return date.fromisoformat(node["$date"])
        if "$float" in node:
            return float(node["$float"])
        fields = {key: self.value(each) for key, each in node.items() if key != "$"}
        return _TYPES[node["$"]](**fields)

    def _frame(self, name: str, *, geo: bool) -> Any:
        import geopandas as gpd
        import pandas as pd

        data = io.BytesIO(self.archive.read(name))
        return gpd.read_parquet(data) if geo else pd.read_parquet(data)
