"""
One polite way over HTTP: timeouts, bounded retries, resumed downloads, limited redirects and sizes.

What a server says is never trusted: not its content type, not its length, not its file names.
"""

from __future__ import annotations

import json
import re
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.exceptions import HTTPError
from urllib3.util import create_urllib3_context

from notspot_geodata.errors import FetchError

MB = 1_000_000
LONGEST_WAIT_S = 120.0  # a server that asks for more is told goodbye, and the user is told when to return
LONGEST_BACKOFF_S = 30.0
MOST_REDIRECTS = 5
MOST_SECONDS = 3600.0  # for one answer; a server that drips never ends by itself
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # RFC 9110 and 6585: may go away by itself
CHUNK_BYTES = 1 << 16

T = TypeVar("T")


class TryAgainError(Exception):
    """Failed in a way that may go away; `wait_s` is what the server asked for, if it did."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(slots=True)
class Transport:
    """
    Downloads with patience.

    Attributes
    ----------
    timeout_s
        Without a byte for so long, an attempt has failed.
    retries
        Attempts after the first; the wait doubles from 1 s to at most 30 s, or is what the server asks for
        in Retry-After, at most 120 s.
    progress
        Bars on standard error.
    sleep
        Called with seconds to wait; tests give their own.
    """

    timeout_s: float = 30.0
    retries: int = 4
    progress: bool = False
    sleep: Callable[[float], None] = time.sleep
    _session: requests.Session | None = field(default=None, init=False, repr=False)
    _dead_hosts: set[str] = field(default_factory=set, init=False, repr=False)

    def download(self, address: str, part: Path, *, max_bytes: float, label: str) -> None:
        """
        Bring the body at `address` into `part`, continuing what an earlier attempt left there.

        A part is continued only if it came from the same address and the server confirms, by its
        validator and total length, that the rest belongs to it; otherwise it starts anew.

        Raises
        ------
        FetchError
            When the attempts are used up, or at once where trying again is no use.
        """
        self.patiently(address, lambda: self._one_download(address, part, max_bytes, label))
        _memo(part).unlink(missing_ok=True)

    def read(self, address: str, understand: Callable[[bytes], T], *, max_bytes: float) -> T:
        """
        The whole body at `address`, as `understand` makes of it; that may raise `TryAgainError` for a body
        which the service may well get right the next time.
        """

        def once() -> T:
            with self._open(address, {}) as answer:
                body = bytearray()
                for chunk in _chunks(answer, address):
                    body += chunk
                    if len(body) > max_bytes:
                        raise FetchError(_too_big(address, max_bytes))
                expected = _length(answer)
                if expected is not None and len(body) != expected:
                    raise TryAgainError(f"the answer broke off after {len(body):,} of {expected:,} bytes")
            return understand(bytes(body))

        return self.patiently(address, once)

    def patiently(self, address: str, action: Callable[[], T]) -> T:
        """Run `action` until it does not raise `TryAgainError`, with waits, at most 1 + `retries` times."""
        host = urlsplit(address).netloc
        if host in self._dead_hosts:
            raise FetchError(f"{host} cannot be reached (tried before)")
        attempt = 0
        while True:
            try:
                return action()
            except TryAgainError as again:
                if again.wait_s is not None and again.wait_s > LONGEST_WAIT_S:
                    raise FetchError(
                        f"{shown(address)}: {again}, and asks to wait {again.wait_s:,.0f} s; come back then"
                    ) from None
                if attempt >= self.retries:
                    if isinstance(again.__cause__, requests.ConnectionError):
                        self._dead_hosts.add(host)
                    times = "once" if attempt == 0 else f"{attempt + 1} times"
                    raise FetchError(f"{shown(address)}: {again} (tried {times})") from again
                wait_s = min(2.0**attempt, LONGEST_BACKOFF_S) if again.wait_s is None else again.wait_s
                if self.progress and sys.stderr.isatty():
                    tqdm.write(f"{host}: {again}; trying again in {wait_s:g} s", file=sys.stderr)
                self.sleep(wait_s)
                attempt += 1

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _one_download(self, address: str, part: Path, max_bytes: float, label: str) -> None:
        have, headers, known = _continuation(address, part)
        with self._open(address, headers) as answer:
            total = _length(answer)
            if answer.status_code == 416:  # nothing after what we have: complete, or of another version
                _drop(part)
                raise TryAgainError("the part that was kept does not fit what the server has; it starts anew")
            if answer.status_code == 206:
                start, total = _content_range(answer)
                if start != have or (known is not None and total != known):
                    _drop(part)
                    raise TryAgainError(
                        "the server continued another file than the one begun; it starts anew"
                    )
            else:
                have = 0
            if total is not None and total > max_bytes:
                raise FetchError(_too_big(address, max_bytes, total))
            if have == 0:
                _remember(part, address, answer, total)
            with (
                part.open("ab" if have else "wb") as file,
                tqdm(
                    total=total,
                    initial=have,
                    desc=label,
                    unit="B",
                    unit_scale=True,
                    disable=None if self.progress else True,  # None: on a terminal only
                    leave=False,
                ) as bar,
            ):
                for chunk in _chunks(answer, address):
                    have += len(chunk)
                    if have > max_bytes:
                        file.close()
                        _drop(part)
                        raise FetchError(_too_big(address, max_bytes))
                    file.write(chunk)
                    bar.update(len(chunk))
        if total is not None and have != total:
            if have > total:
                _drop(part)
            raise TryAgainError(f"the answer broke off after {have:,} of {total:,} bytes")

    @contextmanager
    def _open(self, address: str, headers: dict[str, str]) -> Iterator[requests.Response]:
        """The answer at `address` after redirects; raises for any that is no success."""
        url = address
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(url, headers)
            target = answer.headers.get("Location")
            if answer.status_code not in (301, 302, 303, 307, 308) or not target:
                break
            answer.close()
            url = _redirected(address, url, target)
        else:
            raise FetchError(
                f"{shown(address)}: is redirected over {MOST_REDIRECTS} times, the last to {shown(url)}"
            )
        try:
            status = answer.status_code
            if status in TRY_AGAIN:
                raise TryAgainError(
                    f"the server answers {status} {_words(answer.reason)}".rstrip(), _retry_after(answer)
                )
            if status not in (200, 206, 416) or (status != 200 and "Range" not in headers):
                raise FetchError(
                    f"{shown(url)}: the server answers {status} {_words(answer.reason)}".rstrip()
                )
            yield answer
        finally:
            answer.close()

    def _ask(self, url: str, headers: dict[str, str]) -> requests.Response:
        if self._session is None:
            self._session = _new_session()
        try:
            return self._session.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self.timeout_s, self.timeout_s),
            )
        except requests.exceptions.SSLError as error:
            raise FetchError(f"{shown(url)}: its certificate is not accepted: {_words(str(error))}") from None
        except requests.Timeout as error:
            raise TryAgainError(f"no answer within {self.timeout_s:g} s") from error
        except requests.ConnectionError as error:
            raise TryAgainError(f"cannot be reached{_because(error)}") from error
        except requests.RequestException as error:
            raise FetchError(f"{shown(url)}: {_words(str(error))}") from None


class _Certificates(HTTPAdapter):
    """
    Verifies certificate and host name, without the additional RFC 5280 checks of Python 3.13
    (VERIFY_X509_STRICT), which the certificates of several Taiwanese government sites do not pass.
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=tls_context(), **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=tls_context(), **kwargs)


def tls_context() -> ssl.SSLContext:
    """Certificates are required and host names checked; only VERIFY_X509_STRICT is off."""
    context = create_urllib3_context()
    context.load_default_certs()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def shown(text: str) -> str:
    """An address or a server's words as they may stand in a message: one line, no control characters."""
    return _words(text, 200)


def _new_session() -> requests.Session:
    try:
        number = version("notspot")
    except PackageNotFoundError:  # run from a checkout
        number = "0"
    session = requests.Session()
    session.mount("https://", _Certificates())
    # compressed bodies have no length to compare and cannot be continued
    session.headers.update(
        {"User-Agent": f"Notspot/{number} (open data client)", "Accept-Encoding": "identity"}
    )
    return session


def _because(error: requests.ConnectionError) -> str:
    """The one reason that a user can do something about, where it is known."""
    if isinstance(error, requests.exceptions.ProxyError):
        return ": the proxy does not let us through (HTTPS_PROXY, HTTP_PROXY)"
    text = str(error)
    if "NameResolutionError" in text:
        return ": its name cannot be resolved"
    if "refused" in text.lower():
        return ": the connection is refused"
    return ""


def _redirected(address: str, url: str, target: str) -> str:
    new = urljoin(url, target)
    scheme = urlsplit(new).scheme
    if scheme not in ("http", "https"):
        raise FetchError(f"{shown(address)}: is redirected to {shown(new)}; only http and https are followed")
    if urlsplit(url).scheme == "https" and scheme == "http":
        raise FetchError(
            f"{shown(address)}: is redirected from https to {shown(new)}, which anybody could alter"
        )
    return new


def _chunks(answer: requests.Response, address: str) -> Iterator[bytes]:
    """The body as it comes in. `read1` gives what is there, so that the clock is looked at when it drips."""
    start = time.monotonic()
    while True:
        try:
            chunk = answer.raw.read1(CHUNK_BYTES, decode_content=True)
        except (HTTPError, OSError) as error:
            raise TryAgainError(f"the answer broke off ({type(error).__name__})") from None
        if not chunk:
            return
        yield chunk
        if time.monotonic() - start > MOST_SECONDS:
            raise FetchError(f"{shown(address)}: did not end within {MOST_SECONDS:,.0f} s; what came is kept")


def _length(answer: requests.Response) -> int | None:
    """Bytes of the body as they will be counted; None where that is not said, or it is compressed."""
    text = answer.headers.get("Content-Length", "")
    coded = answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
    return int(text) if re.fullmatch(r"\d{1,15}", text) and not coded else None


def _content_range(answer: requests.Response) -> tuple[int, int | None]:
    match = re.fullmatch(
        r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)", answer.headers.get("Content-Range", "").strip()
    )
    if match is None:
        return -1, None
    return int(match[1]), None if match[3] == "*" else int(match[3])


def _retry_after(answer: requests.Response) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, section 10.2.3: seconds or a date)."""
    value = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", value):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _memo(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _remember(part: Path, address: str, answer: requests.Response, total: int | None) -> None:
    """Beside a part lies what it belongs to. Compressed bodies are not continued: no validator is kept."""
    validator = answer.headers.get("ETag", "")
    if not validator or validator.startswith("W/"):  # weak ones do not serve for ranges: RFC 9110, 13.1.5
        validator = answer.headers.get("Last-Modified", "")
    coded = answer.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
    memo = {"address": address, "total": total, "validator": "" if coded else validator}
    _drop(part)  # also where a link lies in its place
    _memo(part).write_text(json.dumps(memo), encoding="utf-8")


def _continuation(address: str, part: Path) -> tuple[int, dict[str, str], int | None]:
    """How many bytes are there, the headers that ask for the rest, and the total that was announced."""
    try:
        memo = json.loads(_memo(part).read_text(encoding="utf-8"))
        have = 0 if part.is_symlink() else part.stat().st_size
        total = memo["total"]
        if (
            have
            and memo["address"] == address
            and isinstance(total, int)
            and have < total
            and memo["validator"]
        ):
            return have, {"Range": f"bytes={have}-", "If-Range": str(memo["validator"])}, total
    except (OSError, ValueError, KeyError, TypeError):
        pass
    _drop(part)
    return 0, {}, None


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _memo(part).unlink(missing_ok=True)


def _too_big(address: str, max_bytes: float, total: int | None = None) -> str:
    size = "more than" if total is None else f"{total / MB:,.1f} MB, over"
    return (
        f"{shown(address)}: is {size} the limit of {max_bytes / MB:,.1f} MB for this source; "
        "if that is right, raise max_mb of the source in an override"
    )


def _words(text: str | None, most: int = 120) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text or "")
    clean = " ".join(clean.split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"
