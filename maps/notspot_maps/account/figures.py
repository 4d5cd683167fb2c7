"""
Printed charts of an account: shares by kind of area, people by kind of not-spot, what roaming would solve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from notspot_coverage.counting.services import Account
from notspot_coverage.groups import GROUPS, NATION
from notspot_coverage.results import Results
from notspot_geodata.errors import NotFoundError
from notspot_geodata.text import Text
from notspot_maps.account.charts import Line, interval_chart
from notspot_maps.account.operators import notspot_chart, roaming_chart, several
from notspot_maps.account.rows import upper_rows
from notspot_maps.account.words import area_name, rate_name, service_name, share
from notspot_maps.drawing.svg import Chart, identifier
from notspot_maps.words import UNKNOWN

AccountKind = Literal["shares", "notspots", "roaming"]


def services_of(results: Results, kind: AccountKind) -> dict[str, Text]:
    """The services that a chart of that kind can be of, with their names; none without an account."""
    account = results.account
    if account is None:
        return {}
    names = (
        dict.fromkeys(key[0] for key in upper_rows(account.table)) if kind == "shares" else several(account)
    )
    return {name: service_name(account, name) for name in names}


def account_chart(results: Results, kind: AccountKind, service: str | None = None) -> tuple[Chart, Text]:
    """
    A chart of a service, by default the first that has one, and where its figures come from.

    Raises
    ------
    NotFoundError
        There is no account, or no such service in it; the message lists those that there are.
    """
    account = results.account
    if account is None:
        raise NotFoundError(
            "these results have no account of services; a study declares one under [coverage]"
        )
    there = services_of(results, kind)
    if not there:
        why = "no service was counted" if kind == "shares" else "no service has several operators"
        raise NotFoundError(f"the account has nothing to draw: {why}")
    name = next(iter(there)) if service is None else service
    if name not in there:
        raise NotFoundError(f"no service '{name}' for '{kind}'; there are {', '.join(there)}")
    charts: Mapping[AccountKind, Callable[[Account, str], Chart]] = {
        "shares": _shares,
        "notspots": notspot_chart,
        "roaming": roaming_chart,
    }
    return charts[kind](account, name), _source(results, account, name)


def _shares(account: Account, service: str) -> Chart:
    """The share covered of the first subject counted, the nation and each kind of area, with its bounds."""
    found = upper_rows(account.table)
    key = next(key for key in found if key[0] == service)
    rows = found[key]
    name, rate = service_name(account, service), rate_name(account, key[1], key[2])
    lines = [
        Line(area_name(code), rows[code], strong=code == "remote")
        for code in (NATION, *GROUPS)
        if code in rows
    ]
    said = [
        (area_name(code), share(rows[code]) if code in rows else UNKNOWN)
        for code in (NATION, "remote", "non_remote")
    ]
    finding = Text(
        f"{name.zh}，{rate.zh}：{'；'.join(f'{area.zh} {figure.zh}' for area, figure in said)}。",
        f"{name.en}, {rate.en}: {'; '.join(f'{area.en.lower()} {figure.en}' for area, figure in said)}.",
    )
    title = Text(f"{name.zh}：各類地區之{rate.zh}", f"{name.en}: {rate.en} by kind of area")
    return interval_chart(identifier(f"shares-{service}"), title, finding, lines)


def _source(results: Results, account: Account, service: str) -> Text:
    layers = account.services[service].layers if service in account.services else ()
    sources = list(dict.fromkeys(layer.source for layer in layers if layer.source))
    return Text("；".join(sources), "; ".join(sources)) if sources else results.title
