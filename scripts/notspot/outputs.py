"""
A result folder: everything a run writes, made in a temporary place and moved there as a whole.
"""

from __future__ import annotations

import glob
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from notspot.results_folder import NAME as RESULTS
from notspot.results_folder import write_results
from notspot_coverage.results import Results
from notspot_geodata.errors import UsageError
from notspot_geodata.whole_files import make_folder, not_written, room, umask
from notspot_maps.account.tables import ACCOUNT_FILES, write_account
from notspot_maps.atlas.layer import atlas
from notspot_maps.overlays.account import account_overlays
from notspot_maps.overlays.kinds import Overlay
from notspot_maps.report.page import report_page
from notspot_maps.tables import write_csv, write_geoparquet
from notspot_maps.workbook import write_workbook

Step = Callable[[str], None]

STALE_S = 3600  # no report takes an hour
FILES = (
    "index.html",
    "atlas.html",
    "indicators.csv",
    "indicators.xlsx",
    "units.parquet",
    "units.csv",
    "villages.parquet",
    "rejects.csv",
    RESULTS,
    "run.json",
)


def report(
    results: Results,
    out: str | Path = "notspot-report",
    *,
    overlays: Sequence[Overlay] = (),
    step: Step = lambda _: None,
) -> Path:
    """
    Write a run's results into the folder `out`: report, atlas, tables, ledger and the record of the run.

    The folder is made beside its final place and moved there when it is whole: an interrupted run
    leaves the old result as it was. `overlays` lie over the atlas beside what the run counted.

    Returns
    -------
    folder
        `out`, absolute.

    Raises
    ------
    UsageError
        `out` is a file, or a folder that holds something that Notspot did not write.
    """
    target = Path(out).absolute()
    with replaced_folder(target, (*FILES, *ACCOUNT_FILES)) as folder:
        step("index.html")
        (folder / "index.html").write_text(report_page(results), encoding="utf-8", newline="\n")
        step("atlas.html")
        page = atlas(results, overlays=[*overlays, *account_overlays(results)]).get_root().render()
        (folder / "atlas.html").write_text(page, encoding="utf-8", newline="\n")
        step("tables")
        write_csv(results.indicators, folder / "indicators.csv")
        write_csv(results.townships, folder / "units.csv")
        write_csv(results.ledger.to_frame(), folder / "rejects.csv")
        write_geoparquet(results.townships, folder / "units.parquet")
        write_geoparquet(results.villages, folder / "villages.parquet")
        if results.account is not None:
            write_account(results.account, folder)
        step("indicators.xlsx")
        write_workbook(results, folder / "indicators.xlsx")
        write_results(results, folder / RESULTS, overlays)
        _write_record(results, folder)
    return target


def refuse_out(out: str | Path) -> None:
    """What `report` would refuse of the folder `out`, before anything is counted for it. Raises `UsageError`."""
    _refuse_foreign(Path(out).absolute(), (*FILES, *ACCOUNT_FILES))


def _write_record(results: Results, folder: Path) -> None:
    account = ACCOUNT_FILES if results.account is not None else ()
    written = [name for name in (*FILES, *account) if name != "run.json"]
    outputs = [
        {"path": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()} for name in written
    ]
    record = {**results.run, "outputs": outputs}
    text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    (folder / "run.json").write_text(text, encoding="utf-8", newline="\n")


# ------------------------------------------------------------------ replacing a folder as a whole


@contextmanager
def replaced_folder(target: Path, files: tuple[str, ...]) -> Iterator[Path]:
    """
    A temporary folder that takes the place of `target` when the block ends well.

    `target` may be absent, empty, or a folder that holds nothing but `files`: whatever else is there
    belongs to the user and is never removed.
    """
    old = target.with_name(f".{target.name}.old")
    if old.exists() and not target.exists():
        old.rename(target)  # a run was stopped between its last two steps
    _refuse_foreign(target, files)
    _remove_stale(target)
    make_folder(target.parent)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent))
    except OSError as error:
        raise not_written(target, error) from error
    try:
        with room(target):
            yield folder
        folder.chmod(0o777 & ~umask())  # mkdtemp makes it private
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        try:
            folder.rename(target)
        except OSError:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_foreign(target: Path, files: tuple[str, ...]) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target} is not a folder; choose another --out")
    if not target.exists():
        return
    foreign = sorted(item.name for item in target.iterdir() if item.name not in files)
    if foreign:
        shown = ", ".join(foreign[:5]) + (" …" if len(foreign) > 5 else "")
        raise UsageError(
            f"{target} holds {shown}, which Notspot did not write and would have to remove; "
            "move it away or choose another --out"
        )


def _remove_stale(target: Path) -> None:
    """Remove what a killed run left beside the target; a younger folder may be of a run that goes on."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.new"):
        if time.time() - left.stat().st_mtime > STALE_S:
            shutil.rmtree(left, ignore_errors=True)
