"""
What was understood of one input file: the same record whether a table or a map was read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from notspot_geodata.errors import Problem


@dataclass(slots=True)
class Reading:
    """
    What a reader understood of a file; readers put it into ``frame.attrs["reading"]`` and
    ``notspot check`` prints it.

    Attributes
    ----------
    kind
        The file's kind by its content, not its name: ``csv``, ``xlsx``, ``shapefile in zip`` …
    encoding
        Of text (``utf-8-sig``, ``cp950``, …); None for binary kinds.
    crs, crs_reason
        ``EPSG:3826`` and how that is known; None for tables without coordinates.
    header_rows
        The rows that hold headers, counted from 1.
    columns
        Column as written in the file → meaning in Notspot's words (``村里代碼`` → ``village_code``).
    rows, usable
        Data rows in the file, and those without a problem.
    notes
        Everything that was concluded rather than stated by the file, a sentence each.
    """

    file: str
    kind: str
    encoding: str | None = None
    crs: str | None = None
    crs_reason: str = ""
    header_rows: list[int] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    usable: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """For ``--json``: plain types only, problems as a list of row, field, message, value."""
        return asdict(self)
