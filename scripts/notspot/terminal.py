"""
What all commands share: errors become a message and an exit code, JSON goes out whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from notspot_geodata.errors import FetchError, InputError, NotFoundError, NotspotError, UsageError


@contextmanager
def errors(as_json: bool) -> Iterator[None]:
    """Errors that Notspot raises on purpose become a message and an exit code, never a traceback."""
    try:
        yield
    except InputError as error:
        _fail(error, 1, as_json, [vars_of(problem) for problem in error.problems], error.file)
    except FetchError as error:
        _fail(error, 1, as_json)
    except (UsageError, NotFoundError) as error:
        _fail(error, 2, as_json)
    except NotspotError as error:
        _fail(error, 1, as_json)


def _fail(
    error: Exception,
    code: int,
    as_json: bool,
    problems: list[dict[str, object]] | None = None,
    file: str | None = None,
) -> NoReturn:
    if as_json:
        print_json({"error": str(error), "file": file, "problems": problems or []})
    else:
        typer.echo(str(error), err=True)
    raise typer.Exit(code)


def vars_of(item: object) -> dict[str, object]:
    """A dataclass as a plain dictionary."""
    from dataclasses import asdict

    return asdict(item)  # type: ignore[call-overload,no-any-return]


def print_json(value: object) -> None:
    """Indented, and in the characters of the names."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
