"""
Rasters as overlays: values into classes first, classes into cells of Web Mercator by majority afterwards.

Nothing is interpolated: a cell of the overlay has a class that cells of the raster below it have. What the raster does
not know stays apart from what it says is not covered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from notspot_geodata.errors import InputError, NotFoundError, Problem, UsageError
from notspot_geodata.text import Text
from notspot_maps.overlays.cells import apart, land_of, rimless, warped
from notspot_maps.overlays.kinds import Codes, RasterOverlay, Shade
from notspot_maps.palette import OKABE_ITO, UNKNOWN_FILL, colours

KINDS = (
    "rsrp_dbm", "level_dbm", "mbps", "probability", "covered", "operators", "servers", "server", "line_of_sight",
    "classes",
)  # fmt: skip
RESOLUTION_M = 250.0
SERVER_M = (
    1000.0  # the area that one station serves shows where it stands: never finer, unless that is asked for
)
SIGNAL_M = 100.0  # levels peak at stations, and circles and sights end around them
RIM_M = (
    5000.0  # what was computed of a station ends in a circle around it: the rim is blurred to blocks of this
)
STRIP_CELLS = 16_000_000  # of a raster in memory at once
CLASSES = 24  # of a raster of classes: more cannot be told apart

EDGES: Mapping[str, tuple[float, ...]] = {
    "rsrp_dbm": (-115, -105, -95, -85),  # steps of 10 dB, as drive tests are drawn
    "level_dbm": (-105, -95, -85, -75),
    "mbps": (1, 10, 25, 100, 1000),
    "probability": (0.5, 0.9, 0.95),
    "covered": (1,),
    "servers": (1, 2, 4, 11),
}
UNITS = {"rsrp_dbm": " dBm", "level_dbm": " dBm", "mbps": " Mbps"}
NAMES = {
    "rsrp_dbm": Text("參考訊號接收功率", "Signal level (RSRP)"),
    "level_dbm": Text("訊號位準", "Signal level"),
    "mbps": Text("速率", "Speed"),
    "probability": Text("涵蓋機率", "Chance of coverage"),
    "covered": Text("涵蓋範圍", "Covered area"),
    "operators": Text("可用業者數", "Operators that serve"),
    "servers": Text("可收基地臺數", "Stations heard"),
    "server": Text("最佳服務基地臺", "Best server"),
    "line_of_sight": Text("視線（非涵蓋推估）", "Line of sight (not a coverage prediction)"),
    "classes": Text("分類圖", "Classes"),
}
NO_DATA = Shade(Text("無資料", "No data"), UNKNOWN_FILL, "unknown")
COARSE = Text(
    "最佳服務區足以推知基地臺位置，故以 1 公里網格呈現，且不含基地臺代號。",
    "The area that a station serves shows where it stands: cells of 1 km, and no names of stations.",
)
FINE = Text("最佳服務區可推知基地臺位置。", "The areas served show where stations stand.")
_COMPUTED = (
    "rsrp_dbm", "level_dbm", "probability", "covered", "operators", "servers", "server", "line_of_sight",
)  # fmt: skip
_FINE = {
    "rsrp_dbm": "levels", "level_dbm": "levels", "probability": "chances of coverage", "covered": "covered areas",
    "operators": "numbers of operators", "servers": "numbers of stations", "line_of_sight": "lines of sight",
}  # fmt: skip
_HIGHEST = {
    "rsrp_dbm": -85.0,
    "level_dbm": -75.0,
    "probability": 0.95,
}  # a class above it is a patch around a mast
ALL_RIM = (
    "Blocks of 5 km on land beside cells without data are left out, for the border of what was computed tells where "
    "stations stand. Write 0 where an area is known not to be covered, or pass --include-sites."
)
_WHOLE = (
    "covered",
    "server",
    "line_of_sight",
)  # what is served reaches to the rim: no class may stay beside it
_COUNTS = ("operators", "servers")
MOST_OPERATORS = 50
_SUFFIXES = (
    ("rsrp_dbm", "rsrp_dbm"), ("level_dbm", "level_dbm"), ("best_server", "server"), ("servers", "servers"),
    ("operators", "operators"), ("probability", "probability"), ("line-of-sight", "line_of_sight"),
    ("disk", "covered"), ("mbps", "mbps"), ("covered", "covered"),
)  # fmt: skip


def kind_of(path: str | Path) -> str:
    """What a raster shows by its name, as `notspot predict` names them; ``classes`` where that says nothing."""
    stem = Path(path).stem.lower()
    return next((kind for end, kind in _SUFFIXES if stem.endswith(end)), "classes")


def raster_overlay(
    path: str | Path,
    *,
    id: str,
    name: Text,
    kind: str = "",
    resolution_m: float | None = None,
    edges: Sequence[float] = (),
    at_least: float | None = None,
    classes: Mapping[int, Text] | None = None,
    crs: Any = None,
    source: Text | None = None,
    basis: str = "",
    as_of: str = "",
    include_sites: bool = False,
) -> RasterOverlay:
    """
    A raster as an overlay.

    Parameters
    ----------
    kind
        One of `KINDS`; without it, what `kind_of` says.
    resolution_m
        Side of a cell on the ground; without it `RESOLUTION_M`, of best servers `SERVER_M`.
    edges
        Where classes of values begin, each included above; without them those of the kind.
    at_least
        The threshold of coverage: below it is one class, which is not covered.
    classes
        Names by value, of kind ``classes``; 0 is a value as any other.
    crs
        Of the cells, where the file says none or a wrong one.
    include_sites
        Best servers may be as fine as asked for (the overlay is then sensitive), and predictions and areas are shown to
        their rim and at sea.

    Raises
    ------
    InputError
        The file cannot be read, has no system, no cell with data, or values that its kind cannot hold.
    UsageError
        A kind or resolution that there is not; cells or classes so fine that they show where stations stand.
    """
    path = Path(path)
    kind = kind or kind_of(path)
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is none of {', '.join(KINDS)}")
    size, note = _resolution(kind, resolution_m, include_sites)
    if not include_sites:
        _no_patches(kind, (*edges, *(() if at_least is None else (at_least,))))
    if not path.is_file():
        raise NotFoundError(f"{path}: no such raster")
    try:
        with rasterio.open(path) as file:
            system = crs or file.crs
            if not system:
                raise InputError(
                    path,
                    [Problem(None, "crs", "is missing: nobody can say where the cells lie")],
                    hint='Name it, such as crs = "EPSG:3826", or write it into the file.',
                )
            if kind == "server":
                codes, west, north, step = warped(_numbers(file), file.transform, system, size)
                codes = apart(codes)
                shades = _server_shades()
            else:
                classed, shades = _classed(file, kind, edges, at_least, classes, path)
                codes, west, north, step = warped(classed, file.transform, system, size)
    except rasterio.errors.RasterioIOError as error:
        raise InputError(path, [Problem(None, "", "cannot be read as a raster")]) from error
    small = codes.astype(np.uint8)
    if kind in _COMPUTED and not include_sites:
        land = land_of(small.shape, west, north, step)
        whole = kind in _WHOLE or (kind in _COUNTS and not (small == 1).any())  # without a 0 they are circles
        small = rimless(np.where(land, small, 0), land, max(1, round(RIM_M / size)), whole=whole)
        if codes.any() and not small.any():
            raise InputError(
                path, [Problem(None, "", "is all rim of what was computed of stations")], hint=ALL_RIM
            )
    rows, columns = np.flatnonzero(small.any(axis=1)), np.flatnonzero(small.any(axis=0))
    if not len(rows):
        raise InputError(path, [Problem(None, "", "has no cell with data")])
    return RasterOverlay(
        id=id,
        name=name,
        source=source,
        basis=basis,
        as_of=as_of,
        note=note,
        sensitive=include_sites and kind in _COMPUTED,
        codes=np.ascontiguousarray(small[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]),
        west=west + float(columns[0]) * step,
        north=north - float(rows[0]) * step,
        step=step,
        resolution_m=size,
        shades=shades,
    )


def _resolution(kind: str, asked: float | None, include_sites: bool) -> tuple[float, Text | None]:
    size = asked if asked is not None else SERVER_M if kind == "server" else RESOLUTION_M
    if not (math.isfinite(size) and 10 <= size <= 20_000):
        raise UsageError(f"a resolution of {size:g} m is not possible; 10 to 20,000 m are")
    if kind == "server":
        if include_sites:
            return size, FINE
        return max(size, SERVER_M), COARSE
    if kind in _FINE and size < SIGNAL_M and not include_sites:
        raise UsageError(
            f"{_FINE[kind]} in cells of {size:g} m show where stations stand: take {SIGNAL_M:g} m or more, or "
            "--include-sites"
        )
    return size, None


def _no_patches(kind: str, edges: Sequence[float]) -> None:
    """No class begins so high that only the surroundings of each mast have it."""
    most = _HIGHEST.get(kind)
    high = [edge for edge in edges if most is not None and edge > most]
    if high:
        raise UsageError(
            f"a class of {NAMES[kind].en} that begins at {high[0]:g} is a patch around each mast: begin the highest at "
            f"{most:g} or less, or pass --include-sites"
        )


# ------------------------------------------------------------------ values into classes


def _classed(
    file: Any,
    kind: str,
    edges: Sequence[float],
    at_least: float | None,
    names: Mapping[int, Text] | None,
    path: Path,
) -> tuple[Codes, tuple[Shade, ...]]:
    if kind in ("operators", "classes", "line_of_sight"):
        return _categories(file, kind, names, path)
    steps = sorted(float(edge) for edge in (edges or EDGES[kind]))
    if at_least is not None:  # below it nothing is covered, whatever the level
        steps = [float(at_least), *(edge for edge in steps if edge > at_least)]
    steps = list(dict.fromkeys(steps))
    if len(steps) > 6:
        raise UsageError(f"{len(steps)} edges are too many: up to 7 classes can be told apart")
    out = np.zeros((file.height, file.width), np.uint8)
    for rows, values in _strips(file):
        known = np.isfinite(values)
        if kind in _COUNTS:
            _check_counts(file, kind, values[known], path)
        cut = np.asarray(steps, np.float32)  # the precision of the cells: -105 is met by -105
        out[rows] = np.where(known, 1 + np.digitize(np.where(known, values, 0), cut), 0)
    threshold = at_least is not None or kind in ("covered", "servers")
    return out, (NO_DATA, *_steps(kind, steps, threshold))


def _steps(kind: str, edges: Sequence[float], threshold: bool) -> list[Shade]:
    palette = colours("ylgnbu", len(edges) + 1)
    if kind == "covered":
        no, yes = Text("未涵蓋", "Not covered"), Text("涵蓋", "Covered")
        return [Shade(no, palette[0], "no"), Shade(yes, palette[1], "yes")]
    unit = UNITS.get(kind, "")
    said = [_figure(kind, edge) for edge in edges]
    lowest = Text(f"低於 {said[0]}{unit}", f"below {said[0]}{unit}")
    if threshold:
        lowest = Text(f"未涵蓋（{lowest.zh}）", f"Not covered ({lowest.en})")
    if kind == "servers":
        lowest = Text("0（未涵蓋）", "0 (not covered)")
    out = [Shade(lowest, palette[0], "no" if threshold else "")]
    for at, low in enumerate(said):
        high = said[at + 1] if at + 1 < len(said) else None
        if kind == "servers":
            last = None if high is None else int(edges[at + 1]) - 1
            text = f"≥ {low}" if last is None else low if last == int(edges[at]) else f"{low}–{last}"
            words = Text(text, text)
        elif high is None:
            words = Text(f"{low}{unit} 以上", f"{low}{unit} or more")
        else:
            words = Text(f"{low} 至 {high}{unit}", f"{low} to {high}{unit}")
        out.append(Shade(words, palette[at + 1], "yes" if threshold else ""))
    return out


def _figure(kind: str, edge: float) -> str:
    if kind == "probability":
        return f"{100 * edge:g} %"
    return f"{edge:g}".replace("-", "−")


def _categories(
    file: Any, kind: str, names: Mapping[int, Text] | None, path: Path
) -> tuple[Codes, tuple[Shade, ...]]:
    found: set[int] = set()
    for _, values in _strips(file):
        known = values[np.isfinite(values)]
        if len(known) and (known != np.rint(known)).any():
            raise InputError(path, [Problem(None, "values", "are no classes: they are not whole numbers")])
        if kind == "operators":
            _check_counts(file, kind, known, path)
        elif kind == "line_of_sight":
            _refuse(
                path,
                known[(known < 0) | (known > 2)],
                "0 hidden, 1 visible and 2 with the zone free are meant",
            )
        found |= set(np.unique(known).astype(int).tolist())
        if kind == "classes" and len(found) > CLASSES:
            message = f"are more than {CLASSES} classes; say what it shows (kind), or where classes begin"
            raise InputError(path, [Problem(None, "values", message)])
    order = sorted(found)
    if kind == "operators":
        most = min(max(order, default=0), 6)
        order = list(range(most + 1))
        palette = colours("ylgnbu", most + 1)
        shades = [
            Shade(_operators(n, most, max(found, default=0)), palette[n], "yes" if n else "no") for n in order
        ]
    elif kind == "line_of_sight":
        order = [0, 1, 2]
        words = (
            Text("遮蔽", "hidden"),
            Text("可視", "visible"),
            Text("可視且第一菲涅耳區淨空", "visible, first Fresnel zone free"),
        )
        shades = [Shade(each, colour) for each, colour in zip(words, colours("ylgnbu", 3), strict=True)]
    else:
        given = names or {}
        table = _colour_table(file)
        shades = [
            Shade(given.get(n, Text(f"類別 {n}", f"class {n}")), table.get(n, OKABE_ITO[at % 7]))
            for at, n in enumerate(order)
        ]
    code = np.array(order, np.int64)
    out = np.zeros((file.height, file.width), np.uint8)
    for rows, values in _strips(file):
        known = np.isfinite(values)
        whole = np.clip(np.where(known, values, code[0]).astype(np.int64), code[0], code[-1])
        out[rows] = np.where(known, 1 + np.searchsorted(code, whole), 0)
    return out, (NO_DATA, *shades)


def _check_counts(file: Any, kind: str, known: NDArray[Any], path: Path) -> None:
    """No number of operators or stations is negative, or what files hold where there is no data (255, 65535)."""
    kept = np.dtype(file.dtypes[0])
    most = float(np.iinfo(kept).max) - 1 if kept.kind in "iu" else math.inf
    if kind == "operators":
        most = min(most, MOST_OPERATORS)
    _refuse(path, known[(known < 0) | (known > most)], f"no number of {kind}")


def _refuse(path: Path, wrong: NDArray[Any], why: str) -> None:
    """Unknown must not be drawn as the class at the end of the scale."""
    if len(wrong):
        value = f"{float(wrong[0]):g}"
        hint = "Where it stands for no data, declare it in the file (gdal_edit.py -a_nodata)."
        raise InputError(path, [Problem(None, "values", f"holds {value}: {why}", value)], hint=hint)


def _operators(number: int, most: int, found: int) -> Text:
    if number == 0:
        return Text("0 家（未涵蓋）", "none (not covered)")
    if number == most < found:
        return Text(f"{number} 家以上", f"{number} or more")
    return Text(f"{number} 家", f"{number} operator{'' if number == 1 else 's'}")


def _colour_table(file: Any) -> dict[int, str]:
    try:
        table: dict[int, tuple[int, ...]] = file.colormap(1)
    except ValueError:
        return {}
    return {n: f"#{r:02x}{g:02x}{b:02x}" for n, (r, g, b, *_) in table.items()}


def _strips(file: Any) -> Any:
    """Rows of a raster and their values, NaN where it has none."""
    high = max(1, STRIP_CELLS // max(file.width, 1))
    for top in range(0, file.height, high):
        rows = slice(top, min(top + high, file.height))
        window = rasterio.windows.Window(0, top, file.width, rows.stop - top)
        read = file.read(1, window=window, masked=True)
        wide = np.float32 if read.dtype.kind == "f" and read.dtype.itemsize <= 4 else np.float64
        yield rows, read.astype(wide).filled(np.nan)


# ------------------------------------------------------------------ servers


def _numbers(file: Any) -> NDArray[np.int32]:
    """Best servers as numbers from 1; 0 where there is none."""
    out = np.zeros((file.height, file.width), np.int32)
    for rows, values in _strips(file):
        known = np.isfinite(values) & (values >= 0)
        out[rows] = np.where(known, values + 1, 0).astype(np.int32)
    return out


def _server_shades() -> tuple[Shade, ...]:
    names = [
        Text("同色相連者為同一基地臺之服務區", "Cells of one colour that touch are served by one station")
    ]
    names += [Text("", "")] * 6
    return (NO_DATA, *(Shade(name, colour) for name, colour in zip(names, OKABE_ITO[:7], strict=True)))
