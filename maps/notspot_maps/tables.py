"""
Tables that leave Notspot as files: CSV for spreadsheets and scripts, GeoParquet for GIS.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

SIGNIFICANT = 12  # digits of a written float: finer than any input, coarser than the noise of sums
NEWLINE = "\r\n"  # RFC 4180
BOM = "\ufeff"  # without it Excel reads UTF-8 as the system's code page and Chinese is lost

# What a spreadsheet may take for a formula: the signs that begin one (also full-width, which East Asian
# editions fold), behind blanks or control characters; and a leading tab or line end. Apostrophes in front
# belong to the pattern so that `undefused` gives back every text that `defused` was given.
_FORMULA = re.compile(
    r"'*(?:[\t\r\n]|[\x00-\x20\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]*[=+\-@|＝＋－＠])"
)
_QUOTED = re.compile(r"""[,;|"\t\r\n\x00-\x1f]|^\s|\s$""")


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """
    Write a frame as CSV that a spreadsheet opens as it is meant: UTF-8 with BOM, lines end in CR LF.

    - Geometry columns and the index are left out.
    - Floats have at most 12 significant digits in the shortest form that reads back to the same number:
      0.1 + 0.2 is written 0.3; whole ones have no decimal point. NaN, None and NA are empty cells.
      True and False are ``true`` and ``false``; dates are ISO 8601.
    - Text, in cells and header, that a spreadsheet may take for a formula gets an apostrophe in front
      (`defused`; `undefused` takes it away). Numbers that are typed as numbers keep their minus sign.

    The same frame gives the same bytes.
    """
    Path(path).write_bytes(as_csv(frame))


def as_csv(frame: pd.DataFrame) -> bytes:
    """What `write_csv` writes of a frame."""
    frame = _without_geometry(frame)
    header = [_quoted(defused(str(column))) for column in frame.columns]
    columns = [_cells(frame.iloc[:, at]) for at in range(frame.shape[1])]
    lines = [_line(header), *(_line(row) for row in zip(*columns, strict=True))]
    text = BOM + "".join(line + NEWLINE for line in lines)
    return text.encode("utf-8", errors="replace")  # lone surrogates have no UTF-8


def write_geoparquet(frame: gpd.GeoDataFrame, path: str | Path) -> None:
    """
    Write a GeoDataFrame as GeoParquet 1.1 (Zstandard), with the bounding box of each row as its covering.

    The covering lets a reader choose rows by place without decoding a geometry; readers that know
    GeoParquet do not show it as a column. The index is left out. The same frame gives the same bytes.
    """
    frame = frame.reset_index(drop=True)
    frame.attrs = {}  # would be written, and need not be JSON
    frame.to_parquet(
        Path(path), index=False, compression="zstd", schema_version="1.1.0", write_covering_bbox=True
    )


def defused(text: str) -> str:
    """`text`, with an apostrophe in front where a spreadsheet might run it as a formula."""
    return "'" + text if _FORMULA.match(text) else text


def undefused(text: str) -> str:
    """The text that `defused` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take `text` for a formula."""
    return bool(_FORMULA.match(text))


def number_text(value: float) -> str:
    """A number as it stands in a CSV: at most 12 significant digits, shortest form; empty for NaN."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return defused(str(value))
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    return repr(float(f"{value:.{SIGNIFICANT}g}")).removesuffix(".0")


# ------------------------------------------------------------------ cells


def _without_geometry(frame: pd.DataFrame) -> pd.DataFrame:
    keep = [str(dtype) != "geometry" for dtype in frame.dtypes]
    return pd.DataFrame(frame).loc[:, keep]


def _cells(column: pd.Series[Any]) -> list[str]:
    dtype, values = column.dtype, column.tolist()
    write: Callable[[Any], str]
    if pd.api.types.is_bool_dtype(dtype) or not pd.api.types.is_numeric_dtype(dtype):
        write = _cell
    elif pd.api.types.is_integer_dtype(dtype):
        write = str
    else:
        write = number_text
    empty = column.isna().tolist()
    return ["" if gone else write(value) for value, gone in zip(values, empty, strict=True)]


def _cell(value: object) -> str:
    if isinstance(value, str):
        return _quoted(defused(value))
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        return number_text(float(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return _quoted(defused(str(value)))


def _quoted(text: str) -> str:
    """In quotation marks where it holds a mark or a sign that some spreadsheet separates cells by."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _line(cells: Iterable[str]) -> str:
    line = ",".join(cells)
    return line or '""'  # a line with nothing in it would be skipped by readers
