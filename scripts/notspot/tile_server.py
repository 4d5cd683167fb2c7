"""
A small server on this machine that answers to ranges of bytes, which ``python -m http.server`` does not.
"""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

HOST = "127.0.0.1"  # of this machine only: nobody else can reach it
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_PIECE = 1 << 16


def tile_server(folder: str | Path, port: int = 0) -> ThreadingHTTPServer:
    """
    A server of a folder on the loopback address; call its `serve_forever`.

    Parameters
    ----------
    port
        0 takes one that is free; ``server_port`` says which.
    """
    return _Server((HOST, port), partial(_Handler, directory=str(Path(folder))))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away is no error."""


class _Handler(SimpleHTTPRequestHandler):
    """Files of a folder, whole or in part (RFC 9110, section 14)."""

    protocol_version = "HTTP/1.1"
    _left: int | None = None

    def send_head(self) -> BinaryIO | None:
        """The head of the answer, and the file at the first byte that is asked for."""
        self._left = None
        asked = _RANGE.match(self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if asked is None or not any(asked.groups()) or not path.is_file():
            found: BinaryIO | None = super().send_head()
            return found
        size = path.stat().st_size
        first, last = asked.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if start > end:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        file = path.open("rb")
        file.seek(start)
        self._left = end - start + 1
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
        self.send_header("Content-Length", str(self._left))
        self.send_header("ETag", f'"{path.stat().st_mtime_ns:x}-{size:x}"')
        self.end_headers()
        return file

    def end_headers(self) -> None:
        """Say that parts may be asked for, and that nothing is to be kept."""
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def copyfile(self, source, outputfile) -> None:  # type: ignore[no-untyped-def]
        """What was asked for, and no more."""
        if self._left is None:
            super().copyfile(source, outputfile)
            return
        while self._left and (data := source.read(min(_PIECE, self._left))):
            outputfile.write(data)
            self._left -= len(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the terminal is the user's."""
