"""
The command `notspot challenge`: claims of coverage against measurements.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notspot.terminal import errors, print_json
from notspot_geodata.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"mbps": ("download_mbps", 1.0), "kbps": ("download_mbps", 1e-3), "dbm": ("rsrp_dbm", 1.0)}


def challenge(
    claims: Annotated[
        Path, typer.Option(help="Claims: polygons, sites with a radius, or a raster with a threshold.")
    ],
    measurements: Annotated[
        list[Path], typer.Option(help="CSV or Parquet of measurements; may be given several times.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results; replaced as a whole.")],
    resolution: Annotated[int, typer.Option(help="Of the H3 cells.")] = 8,
    at_least: Annotated[
        float | None, typer.Option(help="Download speed or RSRP that a test must reach; with --unit.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Of --at-least: mbps, kbps or dbm.")] = None,
    upload_at_least: Annotated[
        float | None, typer.Option(help="Upload speed that a test must reach, Mbps.")
    ] = None,
    latency_at_most: Annotated[float | None, typer.Option(help="Latency that a test must keep, ms.")] = None,
    min_tests: Annotated[int, typer.Option(help="Fewer tests in a cell decide nothing.")] = 5,
    min_days: Annotated[int, typer.Option(help="Days that the deciding tests must be of.")] = 2,
    hours_apart: Annotated[
        float, typer.Option(help="Hours of the day that two deciding tests must be apart, 0 to 8.")
    ] = 4.0,
    fail_limit: Annotated[float, typer.Option(help="Share of tests that may fail, 0 to 1.")] = 0.1,
    confidence: Annotated[float, typer.Option(help="Of a verdict, 0.5 to below 1.")] = 0.95,
    hours: Annotated[
        str, typer.Option(help="Hours of the day in Taiwan whose tests count, such as 6-22.")
    ] = "0-24",
    window_s: Annotated[
        float, typer.Option(help="Samples of a device in a cell within so many seconds are one test.")
    ] = 60.0,
    detail: Annotated[
        int, typer.Option(help="The share of a cell that is claimed is told by 6 * detail ** 2 points.")
    ] = 3,
    count_complaints: Annotated[
        bool, typer.Option("--count-complaints", help="A complaint is a test that failed.")
    ] = False,
    operator: Annotated[
        str, typer.Option(help="Whose claims and tests these are, where the files do not say.")
    ] = "",
    technology: Annotated[
        str, typer.Option(help="Of claims and tests, where the files do not say: 5G, 4G.")
    ] = "",
    kind: Annotated[
        str, typer.Option(help="Of measurements without a column for it: drive, speed, complaint, crowd.")
    ] = "",
    time_zone: Annotated[
        str | None, typer.Option(help="Of times that are written without one: Asia/Taipei.")
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help="System of the measurements, where it cannot be found.")
    ] = None,
    claims_crs: Annotated[
        str | None, typer.Option(help="System of the claims, where the file is silent or wrong.")
    ] = None,
    claims_layer: Annotated[str | None, typer.Option(help="Layer of a map file with several.")] = None,
    claim_radius_m: Annotated[float | None, typer.Option(help="How far sites reach, metres.")] = None,
    claim_quantity: Annotated[
        str | None, typer.Option(help="What a raster holds: rsrp_dbm, level_dbm, mbps, probability, covered.")
    ] = None,
    claim_at_least: Annotated[
        float | None, typer.Option(help="Value from which on a raster is a claim.")
    ] = None,
    claim_date: Annotated[
        str | None, typer.Option(help="When the claims were made; earlier tests are problems.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Later tests are problems; default the time of the run.")
    ] = None,
    allow_rejects: Annotated[
        bool, typer.Option("--allow-rejects", help="Go on without rows that have problems.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines, nothing else.")] = False,
) -> None:
    """Hold claims of coverage against measurements: upheld, refuted or not tested enough, by hexagon."""
    with errors(as_json):
        from notspot.challenge_files import ClaimOptions, operators_of, read_claims, write_challenge
        from notspot_coverage.counting.challenge import Rules
        from notspot_coverage.counting.challenge import challenge as judge
        from notspot_geodata.cache import sha256_of
        from notspot_geodata.ledger import Ledger
        from notspot_geodata.measurements import read_measurements

        rules = Rules(
            thresholds=_thresholds(at_least, unit, upload_at_least, latency_at_most),
            resolution=resolution,
            detail=detail,
            min_tests=min_tests,
            min_days=min_days,
            hours_apart=hours_apart,
            fail_limit=fail_limit,
            confidence=confidence,
            hours=_hours(hours),
            window_s=window_s,
            complaints=count_complaints,
        )
        ledger = Ledger()
        options = ClaimOptions(
            operator=operator,
            technology=technology,
            crs=claims_crs,
            layer=claims_layer,
            radius_m=claim_radius_m,
            quantity=claim_quantity,
            at_least=claim_at_least,
            as_of=claim_date or "",
        )
        made, notes = read_claims(claims, options, ledger=ledger, allow_rejects=allow_rejects)
        frame = read_measurements(
            measurements,
            crs=crs,
            time_zone=time_zone,
            operator=operator,
            technology=technology,
            kind=kind,
            operators=operators_of(made) or None,
            since=claim_date,
            until=until,
            ledger=ledger,
            allow_rejects=allow_rejects,
        )
        notes += [f"{one.file}: {note}" for one in frame.attrs["readings"] for note in one.notes]
        verdicts = judge(frame, made, rules)
        notes += verdicts.attrs["notes"]
        asked = {
            "claims": {"file": claims.name, **_plain(options)},
            "measurements": {
                "time_zone": time_zone,
                "crs": crs,
                "kind": kind,
                "until": until,
                "allow_rejects": allow_rejects,
            },
            "rules": _plain(rules),
        }
        inputs = [{"path": path.name, "sha256": sha256_of(path)} for path in (claims, *measurements)]
        record = {"inputs": inputs, **asked, "measured": len(frame), "notes": notes}
        folder, run_id = write_challenge(verdicts, ledger, out, detail=detail, record=record)
        _say(verdicts, ledger=len(ledger), folder=folder, run_id=run_id, notes=notes, as_json=as_json)


def _say(
    verdicts: pd.DataFrame, *, ledger: int, folder: Path, run_id: str, notes: list[str], as_json: bool
) -> None:
    from notspot.challenge_files import counts
    from notspot_coverage.counting.challenge import VERDICTS

    found = counts(verdicts)
    if as_json:
        print_json(
            {"run_id": run_id, "folder": str(folder), "rejects": ledger, "verdicts": found, "notes": notes}
        )
        return
    for note in notes:
        typer.echo(f"  {note}")
    for row in found:
        typer.echo(f"{row['operator'] or 'all operators'} {row['technology']}".rstrip())
        for name, text in VERDICTS.items():
            if row[name]:
                typer.echo(f"  {row[name]:>9,}  {text.zh} · {text.en}")
    if ledger:
        typer.echo(f"  {ledger:,} problems of rows that were left out: {folder / 'rejects.csv'}")
    typer.echo(f"Cells   {folder / 'challenge.parquet'}\nRun     {run_id}")


def _thresholds(
    at_least: float | None, unit: str | None, upload: float | None, latency: float | None
) -> dict[str, float]:
    out: dict[str, float] = {}
    if (at_least is None) != (unit is None):
        raise UsageError(
            "--at-least and --unit go together: --at-least 10 --unit mbps, --at-least -105 --unit dbm"
        )
    if at_least is not None and unit is not None:
        if unit.lower() not in UNITS:
            raise UsageError(f"--unit {unit} is not known; {', '.join(UNITS)} are")
        name, factor = UNITS[unit.lower()]
        out[name] = at_least * factor
    if upload is not None:
        out["upload_mbps"] = upload
    if latency is not None:
        out["latency_ms"] = latency
    if any(not math.isfinite(value) for value in out.values()):
        raise UsageError("what a test must reach is a number")
    return out


def _hours(text: str) -> tuple[float, float]:
    try:
        first, last = (float(part) for part in text.split("-"))
    except ValueError:
        raise UsageError(f"--hours {text!r} is not like 6-22") from None
    return first, last


def _plain(item: Any) -> dict[str, Any]:
    """A dataclass as JSON has it."""
    from dataclasses import fields

    out = {f.name: getattr(item, f.name) for f in fields(item)}
    return {
        name: dict(v) if hasattr(v, "keys") else list(v) if isinstance(v, tuple) else v
        for name, v in out.items()
    }
