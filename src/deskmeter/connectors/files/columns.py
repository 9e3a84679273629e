"""Names for columns: every column gets one, and no two the same."""

from collections.abc import Sequence
from pathlib import Path

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.source import shown
from deskmeter.connectors.protocol import ReadLimits


def column_names(header: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Unique, trimmed names, and a note for each that had to be made up.

    >>> column_names(["id", " name ", "", "id"])[0]
    ('id', 'name', 'column_3', 'id_2')
    """
    wanted = [" ".join(name.split()) if "\n" in name else name.strip(" \t\r\ufeff\xa0") for name in header]
    taken = {name for name in wanted if name}
    seen: set[str] = set()
    names: list[str] = []
    notes: list[str] = []
    for position, name in enumerate(wanted, start=1):
        chosen = name
        if not name:
            chosen = _free(f"column_{position}", taken)
            notes.append(f"column {position} has no name and is called `{chosen}`")
        elif name in seen:
            chosen = _numbered(name, taken)
            notes.append(f"column {position} is the second named `{name}` or later and is called `{chosen}`")
        taken.add(chosen)
        seen.add(chosen)
        names.append(chosen)
    return tuple(names), tuple(notes)


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _numbered(name, taken)


def _numbered(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def check_width(columns_n: int, path: Path, limits: ReadLimits, cause: str = "") -> None:
    """DataError if there are more columns than any table of ours takes."""
    if columns_n > limits.columns_n:
        raise DataError(
            f"{shown(path)} has {columns_n:,} columns{cause}, more than the {limits.columns_n:,} that are read; "
            "cut it to the columns that matter"
        )
