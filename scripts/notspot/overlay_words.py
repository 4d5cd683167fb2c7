"""
What a file is called on the command line: ``'衛生所|Clinics=clinics.csv'``, and of a raster what it shows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from notspot_geodata.errors import UsageError
from notspot_geodata.text import Text

FORM = "'中文|English=FILE'"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file beside an atlas: `title` None leaves its name to the file, `kind` "" what it shows."""

    path: Path
    title: Text | None = None
    kind: str = ""


def named_file(given: str | Path, option: str, kinds: Collection[str] = ()) -> NamedFile:
    """
    The file of ``FILE``, ``中文|English=FILE`` or, where there are `kinds`, ``KIND=FILE``, with both in either order.

    A file that is there by the whole of what is given is that file, so that a name may hold ``=`` and ``|``.

    Raises
    ------
    UsageError
        A title without a file, an empty one or one of more than two languages, a kind that there is not; `option`
        stands in what it says.
    """
    title: Text | None = None
    kind, rest = "", str(given)
    while not Path(rest).is_file() and "=" in rest:
        word, _, rest = (part.strip() for part in rest.partition("="))
        if word in kinds and not kind:
            kind = word
        elif kinds and word.isascii() and word.isidentifier():  # rather a slip in a kind than a title
            raise UsageError(
                f"'{word}' is nothing that a raster shows; there are {', '.join(kinds)}. "
                f"A title has two languages: {option} '{word}|{word}={rest}'"
            )
        elif title is None:
            title = _title(word, option, rest)
        else:
            raise UsageError(
                f"{option} '{given}' has two titles, '{title.zh}' and '{word}'; write {option} {FORM}"
            )
    if not rest or ("|" in rest and not Path(rest).exists()):
        raise UsageError(f"{option} '{given}' names no file; write {option} {FORM}")
    return NamedFile(Path(rest), title, kind)


def _title(words: str, option: str, file: str) -> Text:
    found = Text.typed(words)
    if found is None or words.count("|") > 1:
        what = "is empty" if found is None else f"has {words.count('|') + 1} parts: '{words}'"
        raise UsageError(
            f"the title before '={file}' {what}; write {option} {FORM}, or words that serve both languages"
        )
    return found
