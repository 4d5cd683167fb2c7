"""
From a data set at data.gov.tw to the address of one of its files.

The number of a data set stays, the addresses of its resources change with every edition: so the
description of the data set is asked (``result.distribution``, each with ``resourceFormat``,
``resourceDescription``, ``resourceDownloadUrl``), and the resource is picked by its format.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from notspot_geodata.errors import FetchError
from notspot_geodata.filekind import html_page
from notspot_geodata.sources import Source
from notspot_geodata.transport import Transport, TryAgainError, shown

MOST_BYTES = 5_000_000  # of a description


@dataclass(frozen=True, slots=True)
class Resource:
    """One downloadable file of a data set; `note` says what else there was to choose from."""

    format: str
    description: str
    address: str
    note: str = ""


def choose_resource(source: Source, transport: Transport) -> Resource:
    """
    The resource of the data set at ``source.address`` in the first format of ``source.accept`` that it has.

    Where the source names a `resource`, its description must hold that; of several the first listed is
    taken and the others are noted. `FetchError` lists what there is where nothing fits.
    """
    found = transport.read(source.address, _resources, max_bytes=MOST_BYTES)
    for wanted in source.accept:
        fitting = [
            item
            for item in found
            if wanted.upper() in _formats(item.format) and source.resource in item.description
        ]
        if fitting:
            chosen = fitting[0]
            _check_address(source, chosen)
            others = [shown(item.description) for item in fitting[1:] if item.address != chosen.address]
            note = f"{shown(chosen.description)} taken; also listed: {', '.join(others)}" if others else ""
            return Resource(chosen.format, chosen.description, chosen.address, note)
    listed = (
        ", ".join(f"{shown(item.format)} {shown(item.description)!r}" for item in found[:10]) or "nothing"
    )
    named = f" with {source.resource!r} in its description" if source.resource else ""
    raise FetchError(
        f"{source.address}: the data set lists no {' or '.join(source.accept)}{named}; it lists {listed}. "
        f'See {source.page}; then override accept or resource, or the address with how = "file"'
    )


def _resources(body: bytes) -> list[Resource]:
    if html := html_page(body):
        raise TryAgainError(f"the answer {html}")
    try:
        answer = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise TryAgainError("the answer is not JSON") from None
    if (
        not isinstance(answer, dict)
        or answer.get("success") is False
        or not isinstance(answer.get("result"), dict)
    ):
        raise TryAgainError("the answer is no description of a data set")
    listed = answer["result"].get("distribution")
    if not isinstance(listed, list):
        raise TryAgainError("the description of the data set lists no resources")
    return [
        Resource(
            str(item.get("resourceFormat") or ""),
            str(item.get("resourceDescription") or ""),
            str(item.get("resourceDownloadUrl") or "").strip(),
        )
        for item in listed
        if isinstance(item, dict) and item.get("resourceDownloadUrl")
    ]


def _formats(text: str) -> set[str]:
    return {part for part in re.split(r"[^A-Z0-9]+", text.upper()) if part}


def _check_address(source: Source, resource: Resource) -> None:
    try:
        parts = urlsplit(resource.address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine:
        raise FetchError(
            f"{source.address}: the data set gives {shown(resource.address)!r} as an address; "
            "only http and https are followed"
        )
