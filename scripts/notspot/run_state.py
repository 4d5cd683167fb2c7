"""
The folder of a long run: what was asked for, what is done, and the results when all of it is.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from notspot_geodata.cache import sha256_of
from notspot_geodata.errors import UsageError

WORK = ".notspot-predict"  # in the folder of the results, while a run is not complete
RUN_FILE = "prediction.json"


@dataclass(slots=True)
class RunState:
    """The state of one run; `identity` is all that its results depend on."""

    target: Path
    work: Path
    identity: dict[str, Any]
    run_id: str
    complete: bool = False
    files: list[Path] = field(default_factory=list)

    @classmethod
    def open(cls, target: Path, identity: dict[str, Any], *, restart: bool) -> RunState:
        """
        Begin a run, go on with it, or find it complete.

        Raises `UsageError` where the folder holds another unfinished run or files that are not ours.
        """
        text = json.dumps(identity, sort_keys=True, ensure_ascii=False)
        run_id = hashlib.sha256(text.encode()).hexdigest()[:12]
        state = cls(target, target / WORK, identity, run_id)
        if target.exists() and not target.is_dir():
            raise UsageError(f"{target} is not a folder; choose another --out")
        shutil.rmtree(state.work.with_suffix(".done"), ignore_errors=True)
        if restart:
            shutil.rmtree(state.work, ignore_errors=True)
        finished = target / RUN_FILE
        if finished.exists() and not state.work.exists() and not restart and state._same_results(finished):
            return state
        begun = state.work / "run.json"
        if begun.exists():
            before = json.loads(begun.read_text("utf-8"))
            other = sorted(k for k in {*before, *identity} if before.get(k) != identity.get(k))
            if other:
                raise UsageError(
                    f"{target} holds an unfinished run that differs in {', '.join(other)}. Give the same inputs to go "
                    "on, choose another --out, or pass --restart to give it up."
                )
        else:
            state._claim(finished)
            _write(begun, text.encode())
        return state

    def _claim(self, finished: Path) -> None:
        """Make the work folder, unless the target holds files of others."""
        if self.target.exists():
            ours = set(json.loads(finished.read_text("utf-8"))["files"]) if finished.exists() else set()
            mine = {RUN_FILE, WORK, f"{WORK}.done", *ours}
            foreign = sorted(p.name for p in self.target.iterdir() if p.name not in mine)
            if foreign:
                raise UsageError(
                    f"{self.target} holds other files ({', '.join(foreign[:5])}); choose a folder of its own with --out"
                )
        try:
            (self.work / "parts").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{self.target}: cannot write there ({error.strerror}); choose another --out"
            ) from error

    def _same_results(self, finished: Path) -> bool:
        try:
            record = json.loads(finished.read_text("utf-8"))
            files = {self.target / name: digest for name, digest in record["files"].items()}
        except (ValueError, KeyError, AttributeError):
            return False
        if record.get("run_id") != self.run_id:
            return False
        if not all(path.exists() and sha256_of(path) == digest for path, digest in files.items()):
            return False
        self.complete, self.files = True, list(files)
        return True

    def plan(self, batches: list[np.ndarray]) -> list[np.ndarray]:
        """The batches of the begun run where there is one: the memory allowed may have changed since."""
        path = self.work / "plan.json"
        if path.exists():
            return [np.array(rows, np.int64) for rows in json.loads(path.read_text("utf-8"))]
        _write(path, json.dumps([rows.tolist() for rows in batches]).encode())
        return batches

    def part(self, number: int) -> Path:
        """Where the result of a batch is kept."""
        return self.work / "parts" / f"{number:06d}.arrow"

    def keep(self, number: int, found: bytes) -> None:
        """Keep the result of a batch."""
        _write(self.part(number), found)

    def finish(self, made: Sequence[Path], layers: dict[str, Any], notes: list[str]) -> list[Path]:
        """Move the results into place, the run file last, and remove the work folder."""
        old = self.target / RUN_FILE
        before = set(json.loads(old.read_text("utf-8"))["files"]) if old.exists() else set()
        old.unlink(missing_ok=True)
        digests = {path.name: sha256_of(path) for path in made}
        for name in before - set(digests):
            (self.target / name).unlink(missing_ok=True)
        for path in made:
            path.replace(self.target / path.name)
        record = {
            "run_id": self.run_id, "made_from": self.identity, "layers": layers, "notes": notes, "files": digests,
        }  # fmt: skip
        _write(old, (json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())
        done = self.work.with_suffix(".done")  # a kill half way through the removal must not leave half a run
        self.work.replace(done)
        shutil.rmtree(done, ignore_errors=True)
        return [self.target / name for name in digests]


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, whatever kills the process."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.replace(path)
