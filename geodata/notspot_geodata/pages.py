"""
Rows that a service gives out page by page, put together into one file: the household registration's
ODRP014 (villages by ROC month, 2,000 rows a page).

An answer is an envelope: ``responseCode`` (``OD-0101-S`` with rows, ``OD-0102-S`` without any),
``responseMessage``, ``totalPage``, ``totalDataSize``, ``page``, ``pageDataSize`` (numbers as text) and
``responseData``, the rows. Errors also come with HTTP 200, as such an envelope or as an HTML page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from notspot_geodata.errors import FetchError
from notspot_geodata.filekind import html_page
from notspot_geodata.transport import Transport, TryAgainError, shown

ROWS = "OD-0101-S"
NO_ROWS = "OD-0102-S"
MOST_PAGES = 200  # there are 4; a service that says a million is not followed
CODE_FIELDS = ("district_code", "區域別代碼")  # the names differ between months
MONTH_FIELDS = ("statistic_yyymm", "統計年月")

Row = dict[str, object]


class _ShiftedError(Exception):
    """Pages that do not belong together: the service republished the month between two of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its rows and what it says of the whole."""

    rows: list[Row]
    pages: int
    total: int


def assemble(
    transport: Transport,
    address: str,
    month: str,
    part: Path,
    *,
    max_bytes: float,
    pause_s: float,
    label: str,
) -> None:
    """
    Ask for every page of `month` and write all rows to `part` as one JSON list, in the service's order.

    Pages that arrived are kept in a folder beside `part` until all are there, so that a broken-off run
    goes on where it stopped. Where they do not fit together, all are asked for once more.

    Raises
    ------
    FetchError
        When a page does not come or is wrong, when there is nothing for the month, or when the pages
        still do not fit together: other totals, another number of rows, villages that occur twice.
    """
    folder = part.with_name(part.name + ".pages")
    for last in (False, True):
        try:
            rows = _all_rows(transport, address, month, folder, max_bytes, pause_s, label)
            break
        except _ShiftedError as shifted:
            _clear(folder)
            if last:
                raise FetchError(
                    f"{_at(address, month, 1)}: the pages do not fit together, not at the second try either: "
                    f"{shifted}; the service may be publishing this month just now, try later"
                ) from None
    part.unlink(missing_ok=True)
    with part.open("w", encoding="utf-8", newline="\n") as file:
        for index, row in enumerate(rows):  # row by row: a month is 40 MB
            file.write(",\n" if index else "[\n")
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
        file.write("\n]\n")
    _clear(folder)


def _all_rows(
    transport: Transport, address: str, month: str, folder: Path, max_bytes: float, pause_s: float, label: str
) -> list[Row]:
    first = _ask(transport, address, month, 1, max_bytes)
    _keep_folder(folder, address, month, first)
    rows = list(first.rows)
    quiet = None if transport.progress else True  # None: on a terminal only
    bar = tqdm(total=first.pages, initial=1, desc=label, unit="page", disable=quiet, leave=False)
    with bar:
        for number in range(2, first.pages + 1):
            kept = folder / f"{number:04d}.json"
            page = _kept_page(kept, month, number)
            if page is None:
                transport.sleep(pause_s)
                page = _ask(transport, address, month, number, max_bytes)
                _write(kept, page)
            if (page.pages, page.total) != (first.pages, first.total):
                raise _ShiftedError(
                    f"page 1 says {first.total:,} rows on {first.pages} pages, "
                    f"page {number} says {page.total:,} rows on {page.pages} pages"
                )
            rows += page.rows
            bar.update()
    _check_whole(rows, first.total)
    return rows


def _ask(transport: Transport, address: str, month: str, number: int, max_bytes: float) -> Page:
    where = _at(address, month, number)
    return transport.read(where, lambda body: parse_page(body, month, number, where), max_bytes=max_bytes)


def parse_page(body: bytes, month: str, number: int, where: str = "page") -> Page:
    """
    The page in `body`.

    Raises `TryAgainError` where the service may answer better next time (an HTML page, broken JSON, another
    page than asked, fewer rows than it says), `FetchError` where it will not (no such month).
    """
    if html := html_page(body):
        raise TryAgainError(f"the answer {html}")
    try:
        answer = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise TryAgainError("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise TryAgainError("the answer is JSON, but not of the form that this service has")
    code, message = str(answer.get("responseCode")), shown(str(answer.get("responseMessage") or ""))
    if code == NO_ROWS:
        if number > 1:
            raise _ShiftedError(f"page {number} has no rows")
        raise FetchError(
            f"{where}: the service has no rows for the month {month} ({message or code}); "
            "name another month: a month is published in the course of the next"
        )
    if code != ROWS:
        raise TryAgainError(f"the service answers {shown(code)} {message}".rstrip())
    rows = answer.get("responseData")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise TryAgainError("the answer holds no rows")
    pages, total = _number(answer, "totalPage"), _number(answer, "totalDataSize")
    if _number(answer, "page") != number:
        raise TryAgainError(f"page {number} was asked for and page {answer.get('page')!r} came")
    if _number(answer, "pageDataSize") != len(rows):
        raise TryAgainError(f"the page says {answer.get('pageDataSize')!r} rows and holds {len(rows):,}")
    if not 1 <= pages <= MOST_PAGES:
        raise FetchError(f"{where}: says that there are {pages:,} pages; at most {MOST_PAGES} are followed")
    months = {str(row.get(name)) for row in rows for name in MONTH_FIELDS if name in row}
    if months - {month}:
        raise FetchError(
            f"{where}: holds rows of {shown(', '.join(sorted(months - {month})))}, not of {month}"
        )
    return Page(rows, pages, total)


def _check_whole(rows: list[Row], total: int) -> None:
    codes = [next((str(row[name]) for name in CODE_FIELDS if name in row), "") for row in rows]
    if missing := sum(not code for code in codes):
        raise FetchError(
            f"{missing:,} rows have none of the fields {', '.join(CODE_FIELDS)}: the service has changed"
        )
    seen: set[str] = set()
    twice = sorted({code for code in codes if code in seen or seen.add(code)})  # type: ignore[func-returns-value]
    if twice:
        named = ", ".join(shown(code) for code in twice[:5])
        raise _ShiftedError(f"{len(twice):,} villages occur twice ({named}{' …' if len(twice) > 5 else ''})")
    if len(rows) != total:
        raise _ShiftedError(f"the pages hold {len(rows):,} rows, and {total:,} were announced")


def _at(address: str, month: str, number: int) -> str:
    return address.format(month=month, page=number)


def _number(answer: dict[str, object], key: str) -> int:
    value = str(answer.get(key))
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise TryAgainError(f"the answer has no number {key} (it says {shown(value)!r})")
    return int(value)


def _keep_folder(folder: Path, address: str, month: str, first: Page) -> None:
    """Pages kept earlier stay only if they are of the same address, month and totals."""
    of = json.dumps([address, month, first.pages, first.total])
    memo = folder / "of.json"
    if folder.is_symlink() or not (memo.is_file() and memo.read_text(encoding="utf-8") == of):
        _clear(folder)
        folder.mkdir(parents=True)
        memo.write_text(of, encoding="utf-8")


def _write(path: Path, page: Page) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps([page.pages, page.total, page.rows], ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _kept_page(path: Path, month: str, number: int) -> Page | None:
    try:
        pages, total, rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Page(rows, pages, total)


def _clear(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    if folder.is_dir():
        for path in _inside(folder):
            path.unlink()
        folder.rmdir()


def _inside(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.iterdir())
