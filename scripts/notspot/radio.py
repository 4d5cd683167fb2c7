"""
The radio commands: the loss of one path.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import InputError, Problem, UsageError

if TYPE_CHECKING:
    from notspot_geodata.profiles import Profile

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines, nothing else.")]

COLUMNS_SHOWN = 6  # cases side by side on a terminal
CASE = (
    ("row", "", "line of the file"),
    ("frequency_mhz", "MHz", "frequency"),
    ("p_percent", "%", "time for which the loss is not exceeded"),
    ("tx_height_m", "m", "transmitting antenna above ground"),
    ("rx_height_m", "m", "receiving antenna above ground"),
    ("polarisation", "", "1 horizontal, 2 vertical"),
    ("loss_db", "dB", "basic transmission loss"),
    ("field_dbuv_m", "dBµV/m", "field strength for 1 kW e.r.p."),
    ("erp_dbw", "dBW", "e.r.p. in the file"),
    ("field_for_erp_dbuv_m", "dBµV/m", "field strength for that e.r.p."),
    ("expected_loss_db", "dB", "loss that the file states"),
    ("expected_field_dbuv_m", "dBµV/m", "field strength that the file states"),
)


def loss(
    profile: Annotated[
        Path,
        typer.Argument(help="A profile with cases in the format of the reference files of ITU-R P.1812."),
    ],
    location_percent: Annotated[
        float, typer.Option(help="Share of locations at which the loss is not exceeded, 1 to 99 %.")
    ] = 50.0,
    location_sigma_db: Annotated[
        float, typer.Option(help="Standard deviation of the loss over locations, dB.")
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Loss and field strength of every case in a profile file by ITU-R P.1812, with all intermediates."""
    from notspot_geodata.profiles import read_profile

    with errors(as_json):
        read = read_profile(profile)
        records = list(_records(profile, read, location_percent, location_sigma_db))
        if as_json:
            print_json(records)
            return
        for note in read.notes:
            typer.echo(note, err=True)
        for at in range(0, len(records), COLUMNS_SHOWN):
            typer.echo("\n".join(_table(records[at : at + COLUMNS_SHOWN])) + "\n")


def _records(
    file: Path, read: Profile, location_percent: float, location_sigma_db: float
) -> Iterator[dict[str, float | None]]:
    from notspot_coverage import propagation

    problems = []
    for case in read.cases:
        try:
            path = propagation.Path(
                read.distance_km,
                read.height_m,
                case.tx_height_m,
                case.rx_height_m,
                read.clutter_m,
                read.zone,
                read.tx_lonlat,
                read.rx_lonlat,
                read.delta_n,
                read.n0,
            )
            found = propagation.loss(
                path,
                frequency_ghz=case.frequency_mhz / 1000,
                p_percent=case.p_percent,
                location_percent=location_percent,
                location_sigma_db=location_sigma_db,
                polarisation=case.polarisation,
            )
        except UsageError as error:
            problems.append(Problem(case.row, "", str(error)))
            continue
        if problems:
            continue
        record = {name: getattr(case, name, math.nan) for name, *_ in CASE}
        record["loss_db"] = found["Lb"]
        record["field_dbuv_m"] = found["Ep"]
        record["field_for_erp_dbuv_m"] = found["Ep"] + case.erp_dbw - 30.0
        yield {
            k: None if isinstance(v, float) and math.isnan(v) else v for k, v in {**record, **found}.items()
        }
    if problems:
        raise InputError(file, problems, summary="nothing was predicted")


def _table(records: Sequence[dict[str, float | None]]) -> Iterator[str]:
    """Quantities down, cases across."""
    from notspot_coverage.propagation.direct import SYMBOLS

    rows = [
        *CASE,
        *((name, unit, f"{meaning} {equation}".rstrip()) for name, unit, equation, meaning in SYMBOLS),
    ]
    for name, unit, meaning in rows:
        cells = [records[k][name] for k in range(len(records))]
        if any(cell is not None for cell in cells):
            shown = "".join(f"{'–' if cell is None else format(cell, '.10g'):>16}" for cell in cells)
            yield f"{name:<22}{unit:<7}{shown}  {meaning}"
