"""
Measured antenna patterns: the MSI format of Planet (``.msi``, ``.pln``, ``.ant`` text files).

A file has header lines (NAME, FREQUENCY in MHz, GAIN in dBd unless it says dBi, TILT), then HORIZONTAL n and
n lines of angle and attenuation in dB, then VERTICAL n and n more. Horizontal angles go clockwise from the
main direction; vertical ones from the horizon in front (0) downwards (90 straight down, 180 behind, 270 up).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from notspot_geodata import sniff
from notspot_geodata.errors import InputError, Problem
from notspot_geodata.site_columns import DBD_TO_DBI_DB
from notspot_geodata.text import tidy

LARGEST_BYTES = 4 * 1024**2  # a table of a tenth of a degree has 100 kB
FEWEST = 8  # angles of a cut: fewer than one every 45 degrees is no pattern
WIDEST_STEP_DEG = 45.0
DEEPEST_DB = 200.0  # an attenuation beyond this is a slip of the pen; nulls are measured to 60 dB or so
TILT_WORDS_DEG = 30.0  # electrical tilts are smaller


@dataclass(frozen=True, slots=True)
class AntennaFile:
    """
    What one file says.

    Attributes
    ----------
    horizontal, vertical
        Attenuation in dB below the strongest direction of the cut, shape (360,), one a whole degree.
    gain_dbi, frequency_mhz
        NaN where the file does not say it.
    tilt_deg
        Where the vertical cut is strongest, in degrees below the horizon: the electrical tilt that is
        already in it.
    notes
        What was concluded, a sentence each.
    """

    name: str
    frequency_mhz: float
    gain_dbi: float
    tilt_deg: float
    horizontal: NDArray[np.float64]
    vertical: NDArray[np.float64]
    notes: tuple[str, ...] = ()


def read_antenna_file(path: str | Path) -> AntennaFile:
    """
    One MSI or PLN file.

    Comments, decimal commas, any number of angles (brought to whole degrees by straight lines between them)
    and text in any encoding are read; gains instead of attenuations (all values at or below 0) are turned
    round with a note.

    Raises
    ------
    InputError
        It is no such file, or its tables have problems: all of them, by line.
    NotFoundError
        No such file.
    """
    path = Path(path)
    sniff.require_file(path)
    if path.stat().st_size > LARGEST_BYTES:
        raise InputError(path, [Problem(None, "", "is larger than 4 MB, which no antenna file is")])
    data = path.read_bytes()
    if b"\x00" in data[:1000] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(path, [Problem(None, "", "is no text file; antenna files in MSI format are")])
    encoding = sniff.text_encoding(data)[0] if data.strip() else "utf-8"
    work = _Work(data.decode(encoding, "replace").removeprefix("\ufeff"))
    cuts = {name: work.cut(name) for name in ("HORIZONTAL", "VERTICAL")}
    gain = work.gain()
    frequency = work.frequency()
    if work.problems:
        hint = "MSI files have HORIZONTAL 360 and VERTICAL 360, each with 360 lines of angle and attenuation."
        raise InputError(path, sorted(work.problems, key=lambda p: p.row or 0), hint=hint)
    horizontal, vertical = (cuts[name] for name in ("HORIZONTAL", "VERTICAL"))
    tilt = _peak(vertical)
    work.compare_tilt(tilt)
    return AntennaFile(
        work.name() or path.stem, frequency, gain, tilt, horizontal, vertical, tuple(work.notes)
    )


@dataclass(slots=True)
class _Table:
    line: int
    stated: int | None
    rows: list[tuple[int, float, float]] = field(default_factory=list)


class _Work:
    """The lines of a file sorted into header words and tables, with every problem kept."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.header: dict[str, tuple[int, str]] = {}
        self.tables: dict[str, _Table] = {}
        self._read(text)

    def _read(self, text: str) -> None:
        table: _Table | None = None
        for number, line in _lines(text):
            word, _, rest = line.partition(" ")
            word = word.upper().rstrip(":")
            if word in ("HORIZONTAL", "VERTICAL"):
                count = re.match(r"\d+", rest.strip())
                table = _Table(number, int(count[0]) if count else None)
                if word in self.tables:
                    first = self.tables[word].line
                    self.problems.append(Problem(number, word, f"stands twice, first in line {first}"))
                self.tables[word] = table
            elif table is not None and re.match(r"[-+.,\d]", line):
                self._row(number, line, table)
            elif re.match(r"[A-Za-z_\u0080-\uffff]", word):
                self.header.setdefault(word, (number, rest.strip()))
            else:
                self.problems.append(
                    Problem(number, "", f"'{line[:40]}' is neither a header nor a number", line[:40])
                )

    def _row(self, number: int, line: str, table: _Table) -> None:
        cells = _cells(line)
        values = [_number(cell) for cell in cells]
        if len(cells) != 2 or any(v is None for v in values):
            message = f"'{line[:40]}' is not an angle and an attenuation"
            self.problems.append(Problem(number, "", message, line[:40]))
            return
        angle, loss = (float(v) for v in values if v is not None)
        table.rows.append((number, angle, loss))

    # -------------------------------------------------------------- tables

    def cut(self, name: str) -> NDArray[np.float64]:
        """Attenuation by whole degree, shape (360,), 0 where it is least."""
        flat = np.zeros(360)
        table = self.tables.get(name)
        if table is None:
            self.problems.append(Problem(None, name, "is missing"))
            return flat
        before = len(self.problems)
        angles, losses = self._checked(name, table)
        if len(self.problems) > before:
            return flat
        if (losses <= 0).all() and (losses < 0).any():
            losses = -losses
            self.notes.append(f"{name}: the values are gains (0 and below); read as attenuations")
        for (number, angle, _), loss in zip(table.rows, losses, strict=False):
            if loss < 0 or loss > DEEPEST_DB:
                message = f"has {loss:g} dB at {angle:g} degrees; attenuations are 0 to {DEEPEST_DB:g} dB"
                self.problems.append(Problem(number, name, message, f"{loss:g}"))
        order = np.argsort(angles)
        degrees = np.arange(360.0)
        out: NDArray[np.float64] = np.interp(degrees, angles[order], losses[order], period=360.0)
        least = float(losses.min())
        if least > 0.05:
            self.notes.append(f"{name}: the least attenuation is {least:g} dB; taken as 0")
        if len(angles) != 360:
            self.notes.append(
                f"{name}: {len(angles)} angles were brought to 360 by straight lines between them"
            )
        return np.maximum(out - least, 0.0)

    def _checked(self, name: str, table: _Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Angles within 0 to 360 and their values; a last 360 that repeats 0 is left out."""
        rows = table.rows
        if table.stated is not None and table.stated != len(rows):
            said = f"says {table.stated} angles, but {len(rows)} follow; is the file cut off?"
            self.problems.append(Problem(table.line, name, said, str(table.stated)))
        elif len(rows) < FEWEST:
            self.problems.append(Problem(table.line, name, f"has {len(rows)} angles, which is no pattern"))
        seen: dict[float, tuple[int, float]] = {}
        last = -math.inf
        for number, angle, loss in rows:
            if not -180.0 <= angle <= 360.0:
                message = f"has the angle {angle:g}; angles are 0 to 359 degrees"
                self.problems.append(Problem(number, name, message, f"{angle:g}"))
                continue
            turned = round(angle % 360.0, 6) % 360.0
            if turned in seen:
                first, value = seen[turned]
                if (
                    abs(angle - last) >= 1e-9
                    and abs(rows[-1][1] - angle) < 1e-9
                    and abs(value - loss) < 0.011
                ):
                    continue  # the circle closed: 360 after 0, or 180 after -180, with the same value
                message = f"has the angle {angle:g} again, first in line {first}"
                self.problems.append(Problem(number, name, message, f"{angle:g}"))
                continue
            if angle < last:
                message = f"has the angle {angle:g} after {last:g}; angles have to ascend"
                self.problems.append(Problem(number, name, message, f"{angle:g}"))
            seen[turned] = number, loss
            last = max(last, angle)
        angles = np.array(list(seen))
        if len(angles) >= FEWEST:
            steps = np.diff(np.append(np.sort(angles), np.min(angles) + 360.0))
            usual = float(np.median(steps))
            if steps.max() > WIDEST_STEP_DEG:
                message = f"has a gap of {steps.max():g} degrees"
                self.problems.append(Problem(table.line, name, message))
            elif steps.max() > 1.5 * usual:
                at = float(np.sort(angles)[int(steps.argmax())])
                message = f"lacks angles after {at:g}: a step of {steps.max():g} where {usual:g} is usual"
                self.problems.append(Problem(table.line, name, message))
        return angles, np.array([loss for _, loss in seen.values()])

    # -------------------------------------------------------------- header

    def name(self) -> str:
        return self.header.get("NAME", (0, ""))[1][:80]

    def gain(self) -> float:
        """dBi; dBd where no unit is given, as the format says."""
        line, text = self.header.get("GAIN", (None, ""))
        if not text:
            self.notes.append("the file gives no gain")
            return math.nan
        found = re.fullmatch(r"([-+]?[\d.,]+)\s*(dbi|dbd|db)?\.?", text.lower())
        value = _number(found[1]) if found else None
        if found is None or value is None:
            self.problems.append(
                Problem(line, "GAIN", f"'{text[:30]}' is not a gain such as 15.5 dBd", text[:30])
            )
            return math.nan
        if found[2] == "dbi":
            return value
        if found[2] != "dbd":
            self.notes.append(
                f"GAIN {text} has no unit; it is dBd in this format: {value + DBD_TO_DBI_DB:.2f} dBi"
            )
        return value + DBD_TO_DBI_DB

    def frequency(self) -> float:
        """MHz; the middle of a span; NaN where there is none."""
        line, text = self.header.get("FREQUENCY", (None, ""))
        clean = text.lower().replace("mhz", "").strip()
        if not clean:
            return math.nan
        parts = [_number(p) for p in re.split(r"\s*(?:-|–|~|to|\.\.)\s*", clean)]
        numbers = [p for p in parts if p is not None and p > 0]
        if not 1 <= len(numbers) <= 2 or len(numbers) != len(parts):
            self.problems.append(
                Problem(line, "FREQUENCY", f"'{text[:30]}' is not a frequency in MHz", text[:30])
            )
            return math.nan
        return sum(numbers) / len(numbers)

    def compare_tilt(self, tilt_deg: float) -> None:
        """What the header says of the tilt is told where the table says something else."""
        for word in ("ELECTRICAL_TILT", "TILT"):
            text = self.header.get(word, (0, ""))[1]
            found = re.search(r"[-+]?\d+(?:[.,]\d+)?", text)
            stated = _number(found[0]) if found else None
            if stated is None:
                continue
            if abs(stated) <= TILT_WORDS_DEG and abs(stated - tilt_deg) > 1.5:
                self.notes.append(
                    f"{word} says {stated:g} degrees, the vertical table is strongest at {tilt_deg:g}; "
                    "the table is taken"
                )
            return


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, numbered from 1, without comments."""
    for number, line in enumerate(text.splitlines(), start=1):
        clean = tidy(
            re.split(r"//|[#;!]", line, maxsplit=1)[0] if not line.upper().startswith("NAME") else line
        )
        if clean:
            yield number, clean


def _cells(line: str) -> list[str]:
    """The cells of a row: by blanks; by a comma where that is all there is between two numbers."""
    cells = line.split()
    if len(cells) == 1 and line.count(",") == 1:
        return line.split(",")
    return [cell.rstrip(",") for cell in cells]


def _number(text: str) -> float | None:
    """A number with a point or a decimal comma; None where it is none."""
    clean = text.strip().replace(",", ".")
    return float(clean) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", clean, re.I) else None


def _peak(vertical: NDArray[np.float64]) -> float:
    """Degrees below the horizon where the cut is least attenuated in front; the middle of a flat top."""
    below = (np.arange(360) + 90) % 360 - 90  # -90 (up) … 269; the front half is -90 to 90
    front = np.flatnonzero(below <= 90)
    best = front[vertical[front] <= vertical[front].min() + 1e-9]
    return float(np.mean(below[best]))
