"""
What a batch found, as bytes: tallies by group on a box of cells, written so that bands of rows can be read.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ROWS = 64  # of the whole grid in one record
NOBODY = np.iinfo(np.int32).max  # in `server`, where nothing was predicted

_FIELDS = (
    ("best", pa.float32()),
    ("server", pa.int32()),
    ("servers", pa.uint16()),
    ("probability", pa.float32()),
)


@dataclass(frozen=True, slots=True)
class Tally:
    """
    What is known of each cell from the sites of one group; shape (rows, columns).

    Attributes
    ----------
    best
        The strongest level in dBm (or the best sight); −inf where no site of the group was predicted.
    server
        Number of the site that gives it, of equals the lowest; `NOBODY` where none.
    servers
        Sites at or above their threshold.
    probability
        The greatest share of places in the cell at which one of them is; 0 to 1.
    """

    best: NDArray[np.float32]
    server: NDArray[np.int32]
    servers: NDArray[np.uint16]
    probability: NDArray[np.float32]

    @classmethod
    def empty(cls, rows: int, columns: int) -> Tally:
        """Nothing predicted anywhere."""
        shape = (rows, columns)
        return cls(
            np.full(shape, -np.inf, np.float32),
            np.full(shape, NOBODY, np.int32),
            np.zeros(shape, np.uint16),
            np.zeros(shape, np.float32),
        )

    def rows(self, which: slice, columns: slice = slice(None)) -> Tally:
        """A view of some rows."""
        return Tally(*(getattr(self, name)[which, columns] for name, _ in _FIELDS))

    def add(self, other: Tally) -> None:
        """Take in what other sites give; in whatever order, the result is the same."""
        better = (other.best > self.best) | ((other.best == self.best) & (other.server < self.server))
        np.copyto(self.best, other.best, where=better)
        np.copyto(self.server, other.server, where=better)
        np.add(self.servers, other.servers, out=self.servers)
        np.maximum(self.probability, other.probability, out=self.probability)


@dataclass(frozen=True, slots=True)
class Part:
    """Tallies by group on `box`: first row, first column, rows, columns of the grid."""

    box: tuple[int, int, int, int]
    tallies: Mapping[int, Tally]

    def to_bytes(self) -> bytes:
        """An Arrow file, compressed; a record is a band of `ROWS` rows of one group."""
        top, _, rows, _ = self.box
        index, batches = [], []
        for group, tally in sorted(self.tallies.items()):
            for first, last in _bands(top, top + rows):
                part = tally.rows(slice(first - top, last - top))
                index.append([group, first, last])
                arrays = [pa.array(np.ravel(getattr(part, name)), kind) for name, kind in _FIELDS]
                batches.append(arrays)
        schema = pa.schema(list(_FIELDS)).with_metadata(
            {"part": json.dumps({"box": self.box, "index": index})}
        )
        out = io.BytesIO()
        with pa.ipc.new_file(out, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            for arrays in batches:
                writer.write_batch(pa.record_batch(arrays, schema=schema))
        return out.getvalue()


def open_part(path: Path) -> tuple[tuple[int, int, int, int], list[list[int]]]:
    """The box and the index (group, first row, end row of each record) of a part file."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        head = json.loads(reader.schema.metadata[b"part"])
    return tuple(head["box"]), head["index"]


def read_rows(path: Path, first: int, last: int) -> Iterator[tuple[int, int, int, int, Tally]]:
    """Group, first row, end row, first column and tally of each record that meets the rows, cut to them."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        head = json.loads(reader.schema.metadata[b"part"])
        _, left, _, columns = head["box"]
        for number, (group, a, b) in enumerate(head["index"]):
            if b <= first or a >= last:
                continue
            record = reader.get_batch(number)
            found: list[Any] = [
                record.column(i).to_numpy(zero_copy_only=False).reshape(b - a, columns)
                for i in range(len(_FIELDS))
            ]
            low, high = max(a, first), min(b, last)
            yield group, low, high, left, Tally(*found).rows(slice(low - a, high - a))


def _bands(first: int, last: int) -> Iterator[tuple[int, int]]:
    at = first
    while at < last:
        end = min((at // ROWS + 1) * ROWS, last)
        yield at, end
        at = end
