"""Rows as frozen dataclasses: of fact tables, and canonical ones for what the facts no longer hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import pyarrow as pa

from deskmeter.base.time import to_micros
from deskmeter.engines.expressions import ibis
from deskmeter.query.access import Access

Record = TypeVar("Record")


class Canonical(Protocol):
    """Where canonical rows are read; a ledger is one."""

    def read(self, table: str) -> pa.Table:
        """All rows of a canonical table."""

    def read_tickets(self, table: str, tickets: Sequence[tuple[str, str]]) -> pa.Table:
        """The rows of some tickets, given as (source, ticket id)."""


def canonical_records(rows: pa.Table, record: type[Record]) -> tuple[Record, ...]:
    """`rows` as frozen dataclasses whose fields are called like the columns; instants as microseconds."""
    return made(record, [{name: _plain(value) for name, value in row.items()} for row in rows.to_pylist()])


def read_records(access: Access, rows: ibis.Table, record: type[Record], *order: str) -> tuple[Record, ...]:
    """`rows` as frozen dataclasses whose fields are called like the columns."""
    ordered = rows.order_by(list(order)) if order else rows
    return made(record, access.engine.fetch(ordered.select(*_names(record))).to_pylist())


def made(record: type[Record], rows: Iterable[Mapping[str, object]]) -> tuple[Record, ...]:
    """Frozen dataclasses of rows that hold their fields, and maybe more."""
    names = _names(record)
    return tuple(record(**{name: row[name] for name in names}) for row in rows)


def _names(record: type[Record]) -> list[str]:
    return [field.name for field in fields(record)]  # type: ignore[arg-type]  # all records are dataclasses


def _plain(value: object) -> object:
    return to_micros(value.replace(tzinfo=UTC)) if isinstance(value, datetime) else value
