"""An audit log (one row a ticket as it stood after each change) becomes events: what changed, and when.

| ticket | state    | team | at    |      | kind    | to_value | at     | sequence |
|--------|----------|------|-------|      |---------|----------|--------|----------|
| 45     | New      | 56   | 01:23 |      | created |          | opened | 0        |
| 45     | Resolved | 56   | 08:53 |  ->  | team    | 56       | 01:23  | 2        |
                                          | status  | New      | 01:23  | 2        |
                                          | status  | Resolved | 08:53  | 3        |

Each row is compared with the row before it of the same ticket, also across batches. The sequence is the line.
A first row that stands at the creation itself gives its values to the `created` event.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from deskmeter.canon.vocab import RESERVED_FIELDS
from deskmeter.ingest.parts import PartRead, as_text, canonical, joined, repeated, united
from deskmeter.ingest.trouble import Index, Mask

FACTS = ("requester", "account", "opened_by", "opened_by_kind", "channel", "order", "call", "subject", "is_test")
_FIRST = {"status": "first_status", "assign": "first_assignee", "team": "first_team", "priority": "first_priority"}
_CHANGES = (
    ("priority", "priority", "2"),
    ("team", "team", "3"),
    ("assignee", "assign", "4"),
    ("status", "status", "5"),
)
"""Column, kind of event, and rank among the events of one row: the status comes last, so that a resolution
finds the assignee and team of its own row."""


@dataclass
class SnapshotState:
    """The last row of each ticket so far; carried from batch to batch."""

    last: pa.Table | None = None

    def take(self, tickets: pa.Array) -> pa.Table | None:
        """The last rows of these tickets, which leave the state until `keep` brings them back."""
        if self.last is None:
            return None
        wanted = pc.is_in(self.last["ticket"], tickets)
        taken, self.last = self.last.filter(wanted), self.last.filter(pc.invert(wanted))
        return taken

    def keep(self, rows: pa.Table) -> None:
        """Remember the last row of some tickets."""
        self.last = rows if self.last is None else pa.concat_tables([self.last, rows])


@dataclass(frozen=True)
class _Sorted:
    """Rows by ticket and sequence. `is_new` are those of this batch, `is_first` the first known of their ticket."""

    table: pa.Table
    codes: NDArray[np.int64]
    is_new: Mask
    is_first: Mask

    def pick(self, mask: Mask, *names: str) -> list[pa.Array]:
        """Some columns of some rows."""
        keep = pa.array(np.flatnonzero(mask))
        return [self.table.column(name).combine_chunks().take(keep) for name in names]

    def changed(self, name: str) -> Mask:
        """New rows whose value differs from the row before; a first row differs if it has a value."""
        codes = self.table.column(name).combine_chunks().dictionary_encode().indices
        values = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False)
        before = np.concatenate(([-1], values[:-1]))
        result: Mask = self.is_new & (values != np.where(self.is_first, -1, before))
        return result


def snapshot_rows(read: PartRead, state: SnapshotState, counter: str) -> dict[str, pa.Table]:
    """Events and tickets out of the good rows of an audit log; `state` moves on to its end."""
    if not read.rows.count:
        return {}
    _note_early(read)
    rows = _sorted(_flat(read), state)
    created_now = rows.is_new & rows.is_first
    same = pc.fill_null(pc.equal(rows.table["at"], rows.table["created_at"]), False)
    at_creation = created_now & same.to_numpy()
    events = [_created(rows, created_now, at_creation, counter)]
    for column, kind, rank in _changes(read):
        skip = at_creation if kind in _FIRST else np.zeros(len(at_creation), dtype=bool)
        events.append(_change_events(rows, rows.changed(column) & ~skip, column, kind, rank, counter))
    ends = np.append(rows.codes[1:] != rows.codes[:-1], True)
    state.keep(rows.table.take(pa.array(np.flatnonzero(ends))))
    return {"event": united(events), "ticket": _tickets(rows, read)}


def _note_early(read: PartRead) -> None:
    """Rows stamped before the creation: they happen at the creation."""
    early = pc.fill_null(pc.less(read.column("at"), read.column("created_at")), False)
    at = np.flatnonzero(early.to_numpy(zero_copy_only=False))
    said = "the change is stamped before the creation; it counts from the creation"
    read.rows.trouble.note("before its creation", said, read.rows.index[at])


def _flat(read: PartRead) -> pa.Table:
    """All that is compared or told, one row per row of the log."""
    ticket, at, lines = read.column("ticket"), read.column("at"), read.rows.lines()
    sequence = -lines if read.part.order == "reversed" else lines
    columns = {
        "ticket": ticket,
        "at": at,
        "created_at": pc.coalesce(read.column("created_at"), pa.nulls(len(at), pa.timestamp("us"))),
        "actor": read.column("actor"),
        "sequence": read.columns.get("sequence", pa.array(sequence, pa.int64())),
        "line": pa.array(lines, pa.int64()),
    }
    for column, _, _ in _changes(read):
        columns[column] = read.fields[column[6:]] if column.startswith("field:") else read.column(column)
    columns |= {f"fact:{name}": read.columns[name] for name in FACTS if name in read.columns}
    return pa.table(columns)


def _changes(read: PartRead) -> list[tuple[str, str, str]]:
    fields = [(name, f"field:{name}", "1") for name in RESERVED_FIELDS if name in read.columns]
    fields += [(f"field:{name}", f"field:{name}", "1") for name in read.fields]
    return fields + [change for change in _CHANGES if change[0] in read.columns]


def _sorted(table: pa.Table, state: SnapshotState) -> _Sorted:
    """Old last rows and new rows together, by ticket and sequence; a status that is not told goes on."""
    known = state.take(pc.unique(table["ticket"]))
    old = 0 if known is None else known.num_rows
    table = table if known is None else pa.concat_tables([known, table])
    codes = table["ticket"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
    sequence = table["sequence"].to_numpy()
    is_old = np.arange(table.num_rows) < old
    order = np.lexsort((sequence, ~is_old, codes))
    table, codes, is_old = table.take(pa.array(order)), codes[order], is_old[order]
    is_first = np.append(True, codes[1:] != codes[:-1])
    if "status" in table.column_names:
        status = table["status"].combine_chunks()
        place = table.column_names.index("status")
        table = table.set_column(place, "status", status.take(pa.array(_last_valid(status, is_first))))
    first_at = pc.if_else(pa.array(is_first), pc.coalesce(table["created_at"], table["at"]), table["created_at"])
    table = table.set_column(table.column_names.index("created_at"), "created_at", first_at)
    return _Sorted(table, codes, ~is_old, is_first)


def _last_valid(values: pa.Array, is_first: Mask) -> Index:
    """For each row the latest row of its ticket, up to itself, that has a value (else itself)."""
    here = np.arange(len(values))
    starts = np.maximum.accumulate(np.where(is_first, here, 0))
    valid = pc.is_valid(values).to_numpy(zero_copy_only=False)
    latest = np.maximum.accumulate(np.where(valid, here, 0))
    return np.where(latest >= starts, latest, here)


def _created(rows: _Sorted, mask: Mask, with_values: Mask, counter: str) -> pa.Table:
    ticket, at, line, first_at = rows.pick(mask, "ticket", "created_at", "line", "at")
    keeps = pa.array(with_values[mask])
    columns = {
        "id": joined(ticket, ":created"),
        "ticket": ticket,
        "counter": repeated(counter, len(ticket)),
        "sequence": pa.array(np.zeros(len(ticket), dtype=np.int64)),
        "at": at,
        "kind": repeated("created", len(ticket)),
        # of several logs that begin in the middle of a ticket the one with the earliest row counts
        "revision": pc.negate(first_at.cast(pa.int64())),
    }
    for column, kind, _ in _CHANGES:
        if column in rows.table.column_names:
            [values] = rows.pick(mask, column)
            columns[_FIRST[kind]] = pc.if_else(keeps, values, pa.scalar(None, pa.string()))
    return canonical("event", columns, line.to_numpy())


def _change_events(rows: _Sorted, mask: Mask, column: str, kind: str, rank: str, counter: str) -> pa.Table:
    ticket, at, line, sequence, actor, value = rows.pick(mask, "ticket", "at", "line", "sequence", "actor", column)
    place = np.flatnonzero(mask)
    before = rows.table[column].combine_chunks().take(pa.array(np.maximum(place - 1, 0)))
    name, _, field = kind.partition(":")
    return canonical(
        "event",
        {
            "id": joined(ticket, ":", as_text(sequence), f":{rank}{kind}:", as_text(at)),
            "ticket": ticket,
            "counter": repeated(counter, len(ticket)),
            "sequence": sequence,
            "at": at,
            "kind": repeated(name, len(ticket)),
            "actor": actor,
            "field": repeated(field or None, len(ticket)),
            "from_value": pc.if_else(pa.array(rows.is_first[place]), pa.scalar(None, pa.string()), before),
            "to_value": value,
        },
        line.to_numpy(),
    )


def _tickets(rows: _Sorted, read: PartRead) -> pa.Table:
    """A ticket's row at its first snapshot and whenever one of its facts changes; the latest counts."""
    facts = [name for name in FACTS if name in read.columns]
    mask = rows.is_new & rows.is_first
    for name in facts:
        mask = mask | rows.changed(f"fact:{name}")
    ticket, at, line, *values = rows.pick(mask, "ticket", "at", "line", *(f"fact:{name}" for name in facts))
    columns = {"id": ticket, "revision": at.cast(pa.int64())} | dict(zip(facts, values, strict=True))
    return canonical("ticket", columns, line.to_numpy())
