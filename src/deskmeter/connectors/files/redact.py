"""One row of a file, in whatever format, without the people who were erased."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from deskmeter.ledger.forgotten import PROSE_WORDS, Forgotten, is_number

CellUse = Literal["person", "words", "field", "other", "none"]
"""What the mappings make of a column: who, what somebody wrote, a field of one's own, something else, nothing."""


@dataclass(frozen=True)
class ColumnRole:
    """What a column of a file is to the mappings that read it.

    `is_author`: whoever stands there wrote the row's words. `prefixes`: what the mappings put before the ids in it; nothing
    is a prefix too.
    """

    use: CellUse = "none"
    is_author: bool = False
    prefixes: tuple[str, ...] = ()


UNREAD = ColumnRole()
Roles = Mapping[str, ColumnRole]


def redact_row(cells: Sequence[str | None], roles: Sequence[ColumnRole], forgotten: Forgotten) -> list[str | None]:
    """The cells as they may stay; equal to `cells` where nobody who was erased is named.

    A name that others bear too goes only where the row names the person otherwise. What the row's author wrote goes
    if the author was erased: the columns that are read as words, and sentences in columns that nobody reads.
    """
    made = [cell and redact_cell(cell, role, forgotten) for cell, role in zip(cells, roles, strict=True)]
    if any(cell != old for cell, old in zip(made, cells, strict=True)) or any(map(forgotten.has_token, made)):
        made = [cell and forgotten.shared_name(cell) for cell in made]
    if any(role.is_author and forgotten.has_token(cell) for cell, role in zip(made, roles, strict=True)):
        made = [cell and _unwritten(cell, role, forgotten) for cell, role in zip(made, roles, strict=True)]
    return made


def redact_cell(cell: str, role: ColumnRole, forgotten: Forgotten) -> str:
    """One cell without its row."""
    return forgotten.once((role, cell), lambda: _redacted_cell(cell, role, forgotten))


def _redacted_cell(cell: str, role: ColumnRole, forgotten: Forgotten) -> str:
    if role.use == "person":
        return forgotten.person(cell, role.prefixes, is_id=False)
    cell = forgotten.words(cell)
    if role.use in ("field", "none") and not is_number(cell):
        return forgotten.person(cell, is_id=False)
    return forgotten.text(cell)


def _unwritten(cell: str, role: ColumnRole, forgotten: Forgotten) -> str:
    is_prose = role.use == "none" and len(cell.split()) >= PROSE_WORDS and cell.lstrip()[:1] not in ("[", "{")
    return forgotten.erased_text(cell) if role.use == "words" or is_prose else cell
