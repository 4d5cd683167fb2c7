"""
A local HTTP server that plays the official services, with their oddities, for tests of `fetch`.

``with SourceServer() as server`` serves on loopback; ``server.play(path, …)`` says what a path answers,
``server.asked`` lists the requests as (path with query, headers).
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

HTML = "<!DOCTYPE html>\n<html><head><title>系統維護中</title></head><body>503</body></html>".encode()
PAGE_ROWS = 2_000


@dataclass
class Reply:
    """
    One answer.

    body, status, headers
        As they are sent; Content-Length and Content-Type unless headers say otherwise.
    ranges
        Range requests are honoured (206, If-Range compared with the ETag); without, they get the whole.
    cut
        Bytes after which the connection is closed although Content-Length said more.
    silent
        Seconds before anything is sent.
    length
        False: no Content-Length at all; the body ends with the connection.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    ranges: bool = False
    cut: int | None = None
    silent: threading.Event | None = None
    length: bool = True


Answer = Reply | bytes | Callable[[str], Reply]


class SourceServer:
    """Plays services; a path has one answer, or several that are given in turn, the last for ever."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._plays: dict[str, list[Answer]] = {}
        self._release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers.items())))
                _send(self, server._next(self.path))

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> SourceServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._release.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}{path}"

    def play(self, path: str, *answers: Answer) -> str:
        """Answer `path` (without its query) so; returns its address."""
        self._plays[path] = list(answers)
        return self.address(path)

    def play_dataset(self, number: str, *resources: tuple[str, str, str]) -> str:
        """A data set as data.gov.tw describes it; `resources` are (format, description, address)."""
        return self.play(f"/api/v2/rest/dataset/{number}", dataset_description(number, *resources))

    def play_population(self, pages: Mapping[int, Answer | list[Answer]], month: str = "11012") -> str:
        """ODRP014 of one month, page by page; returns the address with {month} and {page}."""

        def answer(path: str) -> Reply:
            number = int(path.partition("page=")[2])
            told = pages.get(number, envelope(None, number, 0, 0, code="OD-0102-S", message="查無資料"))
            if isinstance(told, list):
                told = told.pop(0) if len(told) > 1 else told[0]
            return told(path) if callable(told) else Reply(told) if isinstance(told, bytes) else told

        self.play(f"/ODRP014/{month}", answer)
        return self.address("/ODRP014/{month}?page={page}")

    def silence(self) -> threading.Event:
        """For `Reply.silent`: nothing is sent until the server closes."""
        return self._release

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def _next(self, path: str) -> Reply:
        answers = self._plays.get(path.partition("?")[0])
        if not answers:
            return Reply(b"not here", 404)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, bytes):
            return Reply(answer)
        return answer(path) if callable(answer) else answer


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, after a timeout for example, is what some tests are about."""


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    if reply.silent is not None:
        reply.silent.wait(30)
    body, status, extra = reply.body, reply.status, {}
    wanted = handler.headers.get("Range", "")
    same = handler.headers.get("If-Range") in (None, reply.headers.get("ETag"))
    if reply.ranges and wanted.startswith("bytes=") and same and status == 200:
        start = int(wanted.removeprefix("bytes=").partition("-")[0])
        if start >= len(body):
            status, body, extra = 416, b"", {"Content-Range": f"bytes */{len(reply.body)}"}
        else:
            extra = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            status, body = 206, body[start:]
    handler.send_response_only(status)  # without a Date of its own: a test may give one
    headers = {"Content-Type": "application/octet-stream", **reply.headers, **extra}
    if reply.length:
        headers.setdefault("Content-Length", str(len(body)))
    else:
        headers["Connection"] = "close"
        handler.close_connection = True
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    if reply.cut is not None:
        body = body[: reply.cut]
        handler.close_connection = True
    handler.wfile.write(body)


def dataset_description(number: str, *resources: tuple[str, str, str]) -> bytes:
    """The JSON that data.gov.tw gives for a data set."""
    distribution = [
        {
            "resourceDescription": description,
            "resourceFormat": kind,
            "resourceCharacterEncoding": "UTF-8",
            "resourceDownloadUrl": address,
        }
        for kind, description, address in resources
    ]
    told = {
        "help": "",
        "success": True,
        "result": {"datasetId": number, "title": "資料", "distribution": distribution},
    }
    return json.dumps(told, ensure_ascii=False).encode()


def village_rows(count: int, month: str = "11012", first: int = 0) -> list[dict[str, object]]:
    """Rows as ODRP014 gives them: every number is text."""
    return [
        {
            "statistic_yyymm": month,
            "district_code": f"{65_000_010_001 + index}",
            "site_id": "新北市板橋區",
            "village": f"第{index}里",
            "household_no": str(100 + index),
            "people_total": str(250 + index),
        }
        for index in range(first, first + count)
    ]


def envelope(
    rows: list[dict[str, object]] | None,
    page: int,
    pages: int,
    total: int,
    *,
    code: str = "OD-0101-S",
    message: str = "處理完成",
    said_rows: int | None = None,
) -> bytes:
    """One answer of ODRP014; also its error bodies, which come with HTTP 200."""
    told: dict[str, object] = {"responseCode": code, "responseMessage": message}
    if rows is not None:
        told |= {
            "totalPage": str(pages),
            "totalDataSize": str(total),
            "page": str(page),
            "pageDataSize": str(len(rows) if said_rows is None else said_rows),
            "responseData": rows,
        }
    return json.dumps(told, ensure_ascii=False).encode()


def population_pages(
    total: int, per_page: int = PAGE_ROWS, month: str = "11012"
) -> dict[int, Answer | list[Answer]]:
    """All pages of a month with `total` villages."""
    pages = -(-total // per_page)
    return {
        number: envelope(
            village_rows(min(per_page, total - (number - 1) * per_page), month, (number - 1) * per_page),
            number,
            pages,
            total,
        )
        for number in range(1, pages + 1)
    }


def shapefile_zip(size: int = 3_000, member: str = "VILLAGE_MOI_1101007.shp") -> bytes:
    """A ZIP with a member named as a Shapefile; fetch looks at the directory, not at the geometry."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), bytes(range(256)) * (size // 256 + 1)
        )
    return out.getvalue()


# English headers with a second header row in Chinese, as several ministries publish
TWO_HEADERS = (
    "County,Town,Period,Kind,Stations\r\n"
    "縣市,鄉鎮區,統計期,類別,基地臺\r\n"
    "宜蘭縣,宜蘭縣三星鄉,1101231,4G,131\r\n"
)
