"""Which of several rows with one identity counts: a rule over the set of rows, whatever the order they came in.

Every finished import lays claim to the rows that it holds. Of the claims to one (table, source, id) the greatest
(revision, null lowest; then content hash) counts and is the row in the canonical table. Claims with the same content
are `ledger_duplicate`, those with other content are `ledger_superseded` with their content.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import apsw

from deskmeter.canon.schema import Table
from deskmeter.ledger.asking import rows
from deskmeter.ledger.layout import content_columns, quoted
from deskmeter.ledger.tables import Value


@dataclass(frozen=True)
class Claim:
    """One import's reading of one row; `content` is its columns as JSON without nulls.

    `ranks_as` is the hash of the content that the row had before a person was erased from it.
    """

    import_no: int
    raw_line: int | None
    revision: int | None
    content: str
    ranks_as: bytes | None = None

    @property
    def rank(self) -> tuple[int, int, bytes]:
        """What counts is the greatest of these."""
        known = self.revision is not None
        return int(known), self.revision or 0, self.ranks_as or digest_of(self.content)

    @property
    def place(self) -> tuple[int, int]:
        """Among claims of one rank, the first home is kept."""
        return self.import_no, -1 if self.raw_line is None else self.raw_line


def digest_of(content: str) -> bytes:
    """The hash by which contents of one revision are ranked."""
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def as_content(table: Table, values: Sequence[Value]) -> str:
    """The content columns of a row as text: equal text, equal content."""
    known = {name: value for name, value in zip(content_columns(table), values, strict=True) if value is not None}
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))


def counting(claims: Iterable[Claim]) -> tuple[Claim, tuple[Claim, ...], tuple[Claim, ...]]:
    """The claim that counts, those that say the same, and those that lost; one claim per import and content.

    >>> old, new = Claim(1, 7, 1, '{"a":1}'), Claim(2, 3, 2, '{"a":2}')
    >>> counting([old, new]) == counting([new, old]) == (new, (), (old,))
    True
    """
    best: dict[tuple[int, str], Claim] = {}
    for claim in sorted(claims, key=lambda each: each.place):
        held = best.get((claim.import_no, claim.content))
        if held is None or claim.rank > held.rank:
            best[claim.import_no, claim.content] = claim
    kept = list(best.values())
    highest = max(claim.rank for claim in kept)
    winner = min((claim for claim in kept if claim.rank == highest), key=lambda each: each.place)
    same = tuple(claim for claim in kept if claim.content == winner.content and claim is not winner)
    lost = tuple(claim for claim in kept if claim.content != winner.content)
    return winner, same, lost


class ClaimBook:
    """Reads and rewrites the claims to single rows of one table and source, inside a transaction."""

    def __init__(self, db: apsw.Connection, table: Table, source_no: int) -> None:
        self._db = db
        self._table = table
        self._source_no = source_no
        self._columns = content_columns(table)
        self._ranks: dict[bytes, bytes] = dict(db.execute("SELECT digest, ranks_as FROM ledger_rank"))
        names = ", ".join(quoted(name) for name in self._columns)
        self._select = (
            f"SELECT id, import_no, raw_line, revision{''.join(', ' + quoted(n) for n in self._columns)} "
            f"FROM {quoted(table.name)} WHERE source_no = ? AND id = ?"
        )
        self._delete = f"DELETE FROM {quoted(table.name)} WHERE source_no = ? AND id = ?"
        self._insert = (
            f"INSERT INTO {quoted(table.name)} (source_no, id, import_no, raw_line, revision, {names}) "
            f"VALUES ({', '.join('?' * (5 + len(self._columns)))})"
        )

    def held(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows that count now, by id: (import_no, raw_line, revision, content ...)."""
        found = self._db.executemany(self._select, [(self._source_no, row_id) for row_id in ids])
        return {row[0]: row[1:] for row in found}

    def note_duplicates(self, claims: Sequence[tuple[str, int, int | None, int | None]]) -> None:
        """Remember (id, import, line, revision) of rows whose content is that of the row that counts."""
        self._db.executemany(
            "INSERT INTO ledger_duplicate (table_name, source_no, id, import_no, raw_line, revision) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (table_name, source_no, id, import_no) "
            "DO UPDATE SET raw_line = excluded.raw_line, revision = excluded.revision",
            [(self._table.name, self._source_no, *claim) for claim in claims],
        )

    def resolve(self, row_id: str, added: Sequence[Claim], without: int | None = None) -> bool:
        """Settle one identity anew, with some claims more or without those of one import.

        Returns:
            Whether the identity had no row before.
        """
        held = self.held([row_id]).get(row_id)
        claims = [claim for claim in self._claims(row_id, held) if claim.import_no != without] + list(added)
        here = (self._table.name, self._source_no, row_id)
        self._db.execute(self._delete, here[1:])
        for book in ("ledger_duplicate", "ledger_superseded"):
            self._db.execute(f"DELETE FROM {book} WHERE table_name = ? AND source_no = ? AND id = ?", here)
        if claims:
            self._write(here, claims)
        return held is None

    def _write(self, here: tuple[str, int, str], claims: list[Claim]) -> None:
        if self._ranks:
            claims = [replace(claim, ranks_as=self._ranks.get(digest_of(claim.content))) for claim in claims]
        winner, same, lost = counting(claims)
        content = json.loads(winner.content)
        values = [content.get(name) for name in self._columns]
        row = (winner.import_no, winner.raw_line, winner.revision)
        self._db.execute(self._insert, (*here[1:], *row, *values))
        self.note_duplicates([(here[2], each.import_no, each.raw_line, each.revision) for each in same])
        self._db.executemany(
            "INSERT INTO ledger_superseded (table_name, source_no, id, import_no, raw_line, revision, content) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*here, each.import_no, each.raw_line, each.revision, each.content) for each in lost],
        )

    def claims(self, row_id: str) -> list[Claim]:
        """All claims to one identity."""
        return self._claims(row_id, self.held([row_id]).get(row_id))

    def _claims(self, row_id: str, held: tuple[Any, ...] | None) -> list[Claim]:
        if held is None:
            return []
        here = (self._table.name, self._source_no, row_id)
        content = as_content(self._table, held[3:])
        where = "WHERE table_name = ? AND source_no = ? AND id = ?"
        same = rows(self._db, f"SELECT import_no, raw_line, revision FROM ledger_duplicate {where}", here)
        lost = rows(self._db, f"SELECT import_no, raw_line, revision, content FROM ledger_superseded {where}", here)
        return [Claim(number, line, revision, content) for number, line, revision in [held[:3], *same]] + [
            Claim(*row) for row in lost
        ]
