"""Where the real data lies, for the tests that use it and skip without it."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("NOTSPOT_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def shared(path: str) -> Path:
    """The file or folder of the real data; skips the calling test where it is absent."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"real data not here: {path} (set NOTSPOT_SHARED to the folder that holds it)")
    return found
