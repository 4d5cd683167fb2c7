"""
Files that are written whole or not at all: beside their place, and moved there when nothing is missing.

A stopped command or a full disk leaves what was there as it was, and no half file.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from notspot_geodata.errors import UsageError
from notspot_geodata.text import letters

FULL = (errno.ENOSPC, errno.EDQUOT)
_LETTERS = 40  # of the name, in that of the file beside it: a name of 255 bytes leaves no room for more


def write_whole(out: str | Path, content: str | bytes) -> Path:
    """
    Write a file, text in UTF-8 with the line ends that it has; folders on the way are made.

    Returns
    -------
    file
        Its absolute path.

    Raises
    ------
    UsageError
        It cannot be written there; the message says why.
    """
    with whole_file(out) as file:
        file.write(letters(content).encode("utf-8") if isinstance(content, str) else content)
    return Path(out).absolute()


@contextmanager
def whole_file(out: str | Path) -> Iterator[BinaryIO]:
    """A file to write into, which takes its place when the block ends well; raises as `write_whole` does."""
    target = Path(out).absolute()
    place = target.resolve() if target.is_symlink() else target  # a link stays one
    new: Path | None = None
    try:
        make_folder(place.parent)
        handle, name = tempfile.mkstemp(prefix=f".{place.name[:_LETTERS]}.", suffix=".new", dir=place.parent)
        new = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
        new.chmod(0o666 & ~umask())  # mkstemp makes it private
        new.replace(place)
    except OSError as error:
        raise not_written(target, error) from error
    finally:
        if new is not None:
            new.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder to write into, and those around it; `UsageError` says why that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(
            (each for each in (folder, *folder.parents) if each.exists() and not each.is_dir()), folder
        )
        raise UsageError(
            f"{folder}: no folder can be made there, {file} is a file; choose another place"
        ) from error
    except OSError as error:
        raise not_written(folder, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise not_written(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


@contextmanager
def room(target: Path) -> Iterator[None]:
    """A full disk in the block, which writes for `target`, becomes a `UsageError` in words."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise not_written(target, error) from error


def not_written(target: Path, error: OSError) -> UsageError:
    """Why a file or folder could not be written, in words."""
    advice = "make room, or choose another place" if error.errno in FULL else "choose another place"
    return UsageError(
        f"{target}: cannot write there ({error.strerror or error}); what was there is as it was: {advice}"
    )


def umask() -> int:
    """What the user takes from the rights of new files; temporary ones are private."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
