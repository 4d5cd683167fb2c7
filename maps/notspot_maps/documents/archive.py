"""
Office files are ZIP archives: written with one date and in one order, so that the same report gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a ZIP can say


def archive(parts: Mapping[str, bytes]) -> bytes:
    """A ZIP of `parts` in their order; one named ``mimetype`` is stored as it is, as ODF wants its first."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            stored = name == "mimetype" or name.endswith(".png")
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # wherever it is made
            file.writestr(entry, content)
    return out.getvalue()


def same_bytes(made: bytes) -> bytes:
    """The archive again, without the time at which it was written."""
    with zipfile.ZipFile(io.BytesIO(made)) as file:
        return archive({name: file.read(name) for name in file.namelist()})
