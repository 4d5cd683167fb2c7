"""
The definition of a service as plain values, and what changed in it: the yardstick, not what it measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import pandas as pd

from notspot_coverage.counting.services import Areas, ByUnit, Layer, Raster, Service, Sites

KINDS: dict[type[Layer], str] = {Sites: "sites", Areas: "areas", Raster: "raster", ByUnit: "by_unit"}
SCALARS = (str, int, float, bool)
YARDSTICK = frozenset(
    {
        "technology", "speed_mbps", "setting", "basis", "last_resort",
        "kind", "quantity", "at_least", "level", "radius_m", "outside", "location_sigma_db", "column", "where",
    }
)  # fmt: skip
# All else (paths, sources, dates, names, operators and which layers there are) is what is measured.


def definition_of(service: Service) -> dict[str, object]:
    """What decides who counts as covered by `service`: its own fields and, by id, those of its layers."""
    out: dict[str, object] = {
        name: value for name, value in _fields(service).items() if name in YARDSTICK and value is not None
    }
    out["layers"] = {
        layer.id: {"kind": KINDS[type(layer)]}
        | {name: value for name, value in _fields(layer).items() if name in YARDSTICK}
        for layer in service.layers
    }
    return out


def changed_definitions(
    old: Mapping[str, Mapping[str, object]], new: Mapping[str, Mapping[str, object]]
) -> pd.DataFrame:
    """
    ``service, field, old, new``: every field of `YARDSTICK` that differs in a service that both have.

    A layer that only one of them has is no change of definition. A field that only one states is, but for the
    fields of such layers.
    """
    rows = []
    for service in [name for name in old if name in new]:
        before, after = dict(_flat(old[service])), dict(_flat(new[service]))
        layers = _layers(old[service]) & _layers(new[service])
        for name in sorted({*before, *after}):
            head = name.rsplit(".", 1)[0] if "." in name else None
            if (head is None or head in layers) and before.get(name) != after.get(name):
                rows.append(
                    {"service": service, "field": name, "old": before.get(name), "new": after.get(name)}
                )
    return pd.DataFrame(rows, columns=["service", "field", "old", "new"], dtype=object)


def _fields(item: Service | Layer) -> dict[str, Any]:
    return {f.name: getattr(item, f.name) for f in fields(item) if isinstance(getattr(item, f.name), SCALARS)}


def _flat(definition: Mapping[str, object], head: str = "") -> Iterator[tuple[str, object]]:
    """Fields of the yardstick, those of a layer under its id: ``lte.at_least``."""
    for name, value in definition.items():
        if name in YARDSTICK and isinstance(value, SCALARS):
            yield f"{head}{name}", float(value) if type(value) in (int, float) else value
    for layer, inner in _inner(definition):
        yield from _flat(inner, f"{layer}.")


def _inner(definition: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The layers of a service: a table by id, or a list of tables with ids."""
    layers = definition.get("layers", definition.get("layer", {}))
    if isinstance(layers, Mapping):
        yield from ((str(name), inner) for name, inner in layers.items() if isinstance(inner, Mapping))
    elif isinstance(layers, (list, tuple)):
        yield from ((str(x["id"]), x) for x in layers if isinstance(x, Mapping) and "id" in x)


def _layers(definition: Mapping[str, object]) -> set[str]:
    return {name for name, _ in _inner(definition)}
