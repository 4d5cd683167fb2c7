"""
``[[figure]]``: an official indicator, or one of the study's own, worked out from coverage in the way of its kind.

A share, an existence and a count are different things: what a figure may say follows from the kind of its
indicator, and nothing else is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast, get_args

from notspot.coverage_specs import (
    ALL,
    CoverageSpec,
    FigureKind,
    FigureSpec,
    FigureUnit,
    Having,
    Of,
    PeopleSpec,
    Things,
)
from notspot.entries import Entries, Row
from notspot.file_entries import FILE, file_spec, selection
from notspot_coverage.counting.services import LAND
from notspot_coverage.definitions import Indicator
from notspot_coverage.groups import GROUPS

_OF_KIND: Mapping[str, tuple[str, ...]] = {
    "share": ("service", "of", "subject"),
    "existence": ("unit", "having", "subject"),
    "count": ("places", "lines", "things", "service", "where"),
    "measure": ("of", "subject"),
}
_NEEDS = {
    "share": "a share needs a service and what it is a share of: service = …, of = …",
    "existence": "an existence needs a unit and what it has: unit = …, having = {…}",
    "count": "a count needs places, lines or things",
    "measure": "a measure needs the people that it is the number of: of = …, subject = …",
}
_HAVING = ("places", "service", "only")


def read_figures(entries: Entries, spec: CoverageSpec, definitions: Mapping[str, Indicator]) -> CoverageSpec:
    """`spec` with the figures of the study; problems are added to `entries`."""
    figures: list[FigureSpec] = []
    seen: set[str] = set()
    reader = _Figures(entries, spec, definitions)
    for i, row in entries.rows("figure"):
        found = reader.figure(row, f"figure {i}")
        if found is None:
            continue
        if found.indicator in seen:
            entries.problem(f"figure {i}.indicator", f"'{found.indicator}' has a figure already")
        seen.add(found.indicator)
        figures.append(found)
    if not spec.services and not figures and "service" not in entries.given and "figure" not in entries.given:
        entries.problem("service", "is missing: coverage needs at least one [[service]] or [[figure]]")
    return replace(spec, figures=tuple(figures))


class _Figures:
    """Takes figures apart; knows what the study has declared."""

    def __init__(self, entries: Entries, spec: CoverageSpec, definitions: Mapping[str, Indicator]) -> None:
        self.entries = entries
        self.spec = spec
        self.definitions = definitions

    def figure(self, row: Row, where: str) -> FigureSpec | None:
        e = self.entries
        name = e.take(row, "indicator", str, where)
        kind = None if name is None else self._kind(name, where)
        if name is None or kind is None:
            return None
        every = {key for keys in _OF_KIND.values() for key in keys}
        for key in row:
            if key in ("indicator", "within", *_OF_KIND[kind]):
                continue
            if key in every:
                mine = " and ".join(k for k, keys in _OF_KIND.items() if key in keys)
                e.problem(f"{where}.{key}", f"is for figures of kind {mine}; '{name}' is of kind {kind}")
            else:
                known = ("indicator", "within", *_OF_KIND[kind])
                e.problem(f"{where}.{key}", f"is not an entry; known are {', '.join(known)}")
        within = e.maybe(row, "within", str, where, ALL)
        if within != ALL and within not in GROUPS:
            e.problem(f"{where}.within", f"'{within}' is none of {ALL}, {', '.join(GROUPS)}", within)
        base = FigureSpec(indicator=name, kind=kind, within=within)
        made = {"share": self._share, "existence": self._existence, "count": self._count}
        return made.get(kind, self._measure)(base, row, where)

    def _kind(self, name: str, where: str) -> FigureKind | None:
        label = f"{where}.indicator"
        whole, _, part = name.partition(".")
        indicator = self.definitions.get(whole)
        if indicator is None:
            self.entries.problem(label, f"'{whole}' is not among the study's indicators", name)
            return None
        if not part:
            if indicator.recipe is not None:
                message = f"'{name}' is worked out from columns of townships already"
                self.entries.problem(label, message, name)
                return None
            return indicator.kind
        found = next((p for p in indicator.parts if p.id == part), None)
        if found is None:
            there = ", ".join(p.id for p in indicator.parts) or "none"
            self.entries.problem(label, f"'{whole}' has no part '{part}'; it has: {there}", name)
            return None
        return found.kind

    # -------------------------------------------------------------- by kind

    def _share(self, base: FigureSpec, row: Row, where: str) -> FigureSpec:
        if "service" not in row or "of" not in row:
            self.entries.problem(where, _NEEDS["share"])
            return base
        service = self._known(row, "service", where)
        of = cast(Of, self.entries.choice(row, "of", get_args(Of), where))
        subject = self._subject(row, of, where)
        self._counted(service, LAND if of == "area" else subject, where)
        return replace(base, service=service, of=of, subject=subject)

    def _measure(self, base: FigureSpec, row: Row, where: str) -> FigureSpec:
        if "of" not in row:
            self.entries.problem(where, _NEEDS["measure"])
            return base
        of = cast(Of, self.entries.choice(row, "of", ("people", "households"), where))
        return replace(base, of=of, subject=self._subject(row, of, where))

    def _existence(self, base: FigureSpec, row: Row, where: str) -> FigureSpec:
        e = self.entries
        given = row.get("having")
        if "unit" not in row or not isinstance(given, dict):
            e.problem(where, _NEEDS["existence"])
            return base
        unit = cast(FigureUnit, e.choice(row, "unit", get_args(FigureUnit), where))
        e.unknown_keys(given, (*_HAVING, "among"), f"{where}.having")
        if len([key for key in _HAVING if key in given]) != 1:
            message = 'needs one of {places = "…"}, {service = "…"}, {only = "…"}'
            e.problem(f"{where}.having", message)
        having = Having(
            places=self._known(given, "places", f"{where}.having"),
            service=self._known(given, "service", f"{where}.having"),
            only=self._known(given, "only", f"{where}.having"),
            among=self._among(given, f"{where}.having"),
        )
        if having.only is not None:
            chosen = next(s for s in self.spec.services if s.id == having.only)
            if not chosen.last_resort:
                e.problem(f"{where}.having.only", f"'{having.only}' is not a service with last_resort = true")
        subject = ""
        if unit == "place":
            if having.places is not None:
                e.problem(f"{where}.having", 'of places, a service tells which have it: {service = "…"}')
            subject = self._subject(row, "places", where)
        elif "subject" in row:
            e.problem(f"{where}.subject", 'is for unit = "place" only')
        self._counted(having.service or having.only, subject or LAND, where)
        return replace(base, unit=unit, having=having, subject=subject)

    def _among(self, given: Row, where: str) -> tuple[str, ...]:
        """Services that are another choice than that of last resort."""
        names = self.entries.texts(given, "among", where)
        if names and "only" not in given:
            self.entries.problem(f"{where}.among", "goes with only = …")
        there = [service.id for service in self.spec.services]
        for name in names:
            if name not in there:
                message = f"'{name}' is no [[service]] of the study; there are: {', '.join(there)}"
                self.entries.problem(f"{where}.among", message, name)
            else:
                self._counted(name, LAND, where)
        return names

    def _count(self, base: FigureSpec, row: Row, where: str) -> FigureSpec:
        e = self.entries
        given = [key for key in ("places", "lines", "things") if key in row]
        if len(given) != 1:
            e.problem(where, _NEEDS["count"] + (", one of them" if given else ""))
            return base
        what = given[0]
        if what == "things":
            for key in ("service", "where"):
                if key in row:
                    hint = "; things have a where of their own" if key == "where" else ""
                    e.problem(f"{where}.{key}", f"is for places and lines{hint}")
            return replace(base, things=self._things(row, where))
        known = self._known(row, what, where)
        service = self._known(row, "service", where)
        chosen = selection(e, row, where)
        if what == "places":
            return replace(base, places=known, service=service, where=chosen)
        return replace(base, lines=known, service=service, where=chosen)

    def _things(self, row: Row, where: str) -> Things | None:
        e, label = self.entries, f"{where}.things"
        given = row["things"]
        if not isinstance(given, dict):
            e.problem(label, 'must be {path = "…", where = {…}, column = "…"}')
            return None
        e.unknown_keys(given, (*FILE, "column"), label)
        return Things(file=file_spec(e, given, label), column=e.maybe(given, "column", str, label))

    # -------------------------------------------------------------- what the study has

    def _known(self, row: Row, key: str, where: str) -> str | None:
        """The id of a service, places or lines of the study; None where it is left out or wrong."""
        value = self.entries.maybe(row, key, str, where)
        if value is None:
            return None
        kind = "service" if key == "only" else key
        there = {
            "service": [item.id for item in self.spec.services],
            "places": [item.id for item in self.spec.places],
            "lines": [item.id for item in self.spec.lines],
        }[kind]
        if value not in there:
            listed = ", ".join(there) or "none"
            message = f"'{value}' is no [[{kind}]] of the study; there are: {listed}"
            self.entries.problem(f"{where}.{key}", message, value)
            return None
        return value

    def _counted(self, service: str | None, subject: str, where: str) -> None:
        """A service that states its subjects is counted against no other."""
        found = next((item for item in self.spec.services if item.id == service), None)
        if found is not None and subject and found.subjects and subject not in found.subjects:
            message = f"needs '{service}' against '{subject}', which its subjects do not name"
            self.entries.problem(f"{where}.service", message, subject)

    def _subject(self, row: Row, of: str, where: str) -> str:
        """Id of the people, places or lines; the first where only one can be meant."""
        e, label = self.entries, f"{where}.subject"
        if of in ("area", ""):
            if of == "area" and row.get("subject", LAND) != LAND:
                e.problem(label, "is not for areas: the land is meant")
            return ""
        have: dict[str, object]
        if of in ("people", "households"):
            have = {p.id: p for p in self.spec.people if _counts(p, of)}
            kind = f"[[people]] with {of}"
        elif of == "places":
            have, kind = {p.id: p for p in self.spec.places}, "[[places]]"
        else:
            have, kind = {p.id: p for p in self.spec.lines}, "[[lines]]"
        value = e.maybe(row, "subject", str, where)
        if value is None and len(have) == 1:
            return next(iter(have))
        if value is None or value not in have:
            said = "is missing" if value is None else f"'{value}' is no {kind} of the study"
            e.problem(label, f"{said}; there are: {', '.join(have) or f'no {kind}'}", value or "")
            return ""
        return value


def _counts(people: PeopleSpec, of: str) -> bool:
    return (people.people if of == "people" else people.households) is not None
