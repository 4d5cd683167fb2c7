"""
The radio commands: the loss of one path, and where a network is heard.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import InputError, Problem, UsageError

if TYPE_CHECKING:
    from notspot_geodata.profiles import Profile

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines, nothing else.")]

Rejects = Annotated[
    bool,
    typer.Option("--allow-rejects", help="Go on without sites that have problems; they stay in rejects.csv."),
]

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


def predict(
    sites: Annotated[Path, typer.Option(help="List of base stations; docs/sites.md names the columns.")],
    dem: Annotated[Path, typer.Option(help="Terrain: a raster, or a folder of tiles.")],
    out: Annotated[Path, typer.Option(help="Folder for the rasters; a stopped run there goes on.")],
    radius_km: Annotated[float, typer.Option(help="How far each site is predicted.")] = 10.0,
    resolution_m: Annotated[float, typer.Option(help="Size of the cells.")] = 100.0,
    model: Annotated[str, typer.Option(help="p1812, line-of-sight or disk.")] = "p1812",
    radius_m: Annotated[float | None, typer.Option(help="Radius in metres, in place of --radius-km.")] = None,
    clutter: Annotated[Path | None, typer.Option(help="Raster of clutter heights in metres.")] = None,
    clutter_heights: Annotated[
        str | None,
        typer.Option(help="Heights of land-use classes, where the raster holds those: 1=0,2=10,3=15."),
    ] = None,
    threshold_dbm: Annotated[float | None, typer.Option(help="Level that counts as served, dBm.")] = None,
    crs: Annotated[str, typer.Option(help="System of the rasters, in metres.")] = "EPSG:3826",
    sites_crs: Annotated[
        str | None, typer.Option(help="System of the sites, where the file is silent.")
    ] = None,
    dem_crs: Annotated[
        str | None, typer.Option(help="System of the terrain, where it is silent or wrong.")
    ] = None,
    dem_unit: Annotated[str | None, typer.Option(help="Unit of the heights: m, ft, us-ft.")] = None,
    dem_resolution_m: Annotated[
        float | None, typer.Option(help="Step of the profiles; default the terrain's.")
    ] = None,
    sea: Annotated[str, typer.Option(help="What is sea: auto, nodata, none; see docs/terrain.md.")] = "auto",
    rim_m: Annotated[
        float | None, typer.Option(help="Distance between radials at the rim; default a terrain cell.")
    ] = None,
    rx_height_m: Annotated[float, typer.Option(help="Receiver above ground.")] = 1.5,
    rx_gain_dbi: Annotated[float, typer.Option(help="Gain of the receiver's antenna.")] = 0.0,
    extra_loss_db: Annotated[float, typer.Option(help="Body, vehicle or building loss, subtracted.")] = 0.0,
    p_percent: Annotated[float, typer.Option(help="Share of time, 1 to 50 %.")] = 50.0,
    delta_n: Annotated[float, typer.Option(help="Refractivity lapse rate, N-units/km.")] = 45.0,
    n0: Annotated[float, typer.Option(help="Sea-level refractivity, N-units.")] = 325.0,
    sigma_db: Annotated[
        float | None,
        typer.Option(help="Deviation of the level over a cell's places; default that of P.1812."),
    ] = None,
    memory_gb: Annotated[float, typer.Option(help="Memory that the run may take.")] = 2.0,
    threads: Annotated[int, typer.Option(help="Threads of this process; default one a processor.")] = 0,
    workers: Annotated[
        int, typer.Option(help="Processes of a local Dask cluster; needs notspot[cluster].")
    ] = 0,
    scheduler: Annotated[str, typer.Option(help="A running Dask scheduler, tcp://host:8786.")] = "",
    allow_rejects: Annotated[
        bool, typer.Option("--allow-rejects", help="Go on without sites that have problems.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Give up what a stopped run has done.")] = False,
    as_json: Json = False,
) -> None:
    """Predict where a list of base stations is heard, by ITU-R P.1812, as rasters."""
    with errors(as_json):
        from notspot.prediction import Workers
        from notspot.prediction import predict as run
        from notspot_coverage.network.batch import Settings

        settings = Settings(
            model=model,
            radius_m=radius_km * 1000.0 if radius_m is None else radius_m,
            cell_m=resolution_m,
            rim_m=math.nan if rim_m is None else rim_m,
            rx_height_m=rx_height_m,
            rx_gain_dbi=rx_gain_dbi,
            extra_loss_db=extra_loss_db,
            p_percent=p_percent,
            delta_n=delta_n,
            n0=n0,
            sigma_db=math.nan if sigma_db is None else sigma_db,
        )
        result = run(
            sites, dem, out, settings=settings, clutter=clutter, clutter_heights=_classes(clutter_heights),
            sites_crs=sites_crs, crs=crs, dem_crs=dem_crs, dem_unit=dem_unit, dem_resolution_m=dem_resolution_m,
            sea=sea, threshold_dbm=threshold_dbm, allow_rejects=allow_rejects, restart=restart,
            workers=Workers(threads, workers, scheduler, memory_gb), bar=_bar(quiet=as_json),
        )  # fmt: skip
        if as_json:
            print_json(
                {
                    "run_id": result.run_id,
                    "folder": str(result.folder),
                    "sites": result.sites,
                    "batches": result.batches,
                    "resumed_batches": result.resumed,
                    "complete_before": result.complete_before,
                    "rejects": len(result.ledger),
                    "files": [path.name for path in result.files],
                    "notes": result.notes,
                }
            )
            return
        for note in result.notes:
            typer.echo(f"  {note}")
        if result.complete_before:
            typer.echo("Nothing to do: the folder holds this very run, complete.")
        if result.resumed:
            typer.echo(f"  {result.resumed:,} of {result.batches:,} batches were done by an earlier run")
        if len(result.ledger):
            typer.echo(f"  {len(result.ledger):,} sites were refused: {result.folder / 'rejects.csv'}")
        typer.echo(
            f"{result.sites:,} sites, {len(result.files):,} files in {result.folder}\nRun     {result.run_id}"
        )


def _classes(text: str | None) -> dict[int, float] | None:
    if text is None:
        return None
    try:
        return {int(k): float(v) for k, _, v in (item.partition("=") for item in text.split(","))}
    except ValueError:
        raise UsageError(f"--clutter-heights {text!r} is not like 1=0,2=10,3=15") from None


def _bar(*, quiet: bool) -> Callable[[int, int], AbstractContextManager[Callable[[int], None]]]:
    @contextmanager
    def make(total: int, done: int) -> Iterator[Callable[[int], None]]:
        from tqdm import tqdm

        often = 0.2 if sys.stderr.isatty() else 10.0  # a log file needs no animation
        with tqdm(
            total=total, initial=done, disable=quiet, unit="site", desc="predict", mininterval=often
        ) as bar:

            def advance(sites: int) -> None:
                bar.update(sites)

            yield advance

    return make
