"""A mapping at work: batches of raw rows in, canonical rows out; every row accounted for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.protocol import RawBatch, RowProblem
from deskmeter.ingest.answers import answer_rows, read_answers
from deskmeter.ingest.business import customer_rows, refuse_impossible, table_rows
from deskmeter.ingest.constants import constant_tables
from deskmeter.ingest.conversations import read_messages
from deskmeter.ingest.digests import digests
from deskmeter.ingest.events import event_rows
from deskmeter.ingest.keeping import Keeper, Portion
from deskmeter.ingest.likeness import Likeness
from deskmeter.ingest.mapping import Mapping as MappingModel
from deskmeter.ingest.mapping import Part
from deskmeter.ingest.parts import SEPARATOR, PartRead, read_part, united
from deskmeter.ingest.snapshots import SnapshotState, snapshot_rows
from deskmeter.ingest.statuses import note_unknown, seen_statuses, settle_statuses, status_rows
from deskmeter.ingest.text_cells import Rows, holds
from deskmeter.ingest.tickets import ticket_rows
from deskmeter.ingest.trouble import Fault, Index, Mask, Oddities, Trouble
from deskmeter.ledger.protocol import KEY_BYTES, ROW_KEYS_SCHEMA, Batch, SetAside

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Keyed:
    """One batch of raw rows, each with its key, and what was no row."""

    portion: Portion
    problems: tuple[SetAside, ...]

    @property
    def received(self) -> int:
        """How many rows of the file these are."""
        return len(self.portion.lines) + len(self.problems)


class Applier:
    """Turns the batches of one file into batches of the ledger; remembers what must be known across batches.

    Every raw row ends up in exactly one returned batch: understood (`row_keys`) or set aside with one reason.
    """

    def __init__(self, mapping: MappingModel, object_id: str, now: datetime) -> None:
        self.oddities = Oddities()
        self._mapping = mapping
        self._now = now
        self._tells_lines_apart = "snapshot" in mapping.tables or mapping.identity == "line"
        self._snapshots = SnapshotState()
        log = mapping.tables.get("snapshot")
        self._object_id = object_id
        waits = mapping.keep or (log and (log.order == "reversed" or "sequence" in log.columns))
        self._keeper = Keeper(mapping.keep, _row_as_json) if waits else None
        self._likeness = Likeness()
        self._statuses: set[str] = set()
        self._staff: set[str] = set()

    def apply(self, batch: RawBatch) -> Batch:
        """The canonical rows of one batch; rows that must wait for the end of the file come with `finish`."""
        return self.understand(self.keyed(batch))

    def keyed(self, batch: RawBatch) -> Keyed:
        """The rows of one batch with their keys; it depends on the batch alone and may be made in another thread."""
        lines: Index = batch.lines.to_numpy()
        keys = row_keys(batch.table, lines if self._tells_lines_apart else None)
        problems = tuple(_problem(problem) for problem in batch.problems)
        return Keyed(Portion(batch.table, lines, keys, batch.raw_text), problems)

    def understand(self, arrived: Keyed) -> Batch:
        """The canonical rows of one batch, which comes in its turn."""
        portion, problems = arrived.portion, arrived.problems
        left_out = self._left_out(portion)
        unread, ready = portion.at(left_out), portion.at(~left_out)
        if self._keeper:
            passed = self._keeper.hold(ready)
            return Batch({}, _keys(unread, passed), problems)
        tables, good, faults = self._read(ready)
        return Batch(tables, _keys(unread, ready.at(good)), problems + faults)

    def finish(self) -> Batch:
        """What was held back, and the rows that the mapping states by itself."""
        tables: dict[str, pa.Table] = {}
        keys = _keys()
        faults: tuple[SetAside, ...] = ()
        held = self._keeper.release() if self._keeper else None
        if held is not None:
            read, good, faults = self._read(held)
            tables, keys = dict(read), _keys(held.at(good))
        self._likeness.tell(self.oddities)
        for name, table in constant_tables(self._mapping, self._staff).items():
            tables[name] = united([tables[name], table]) if name in tables else table
        stages = status_rows(self._mapping, self._statuses)
        if stages.num_rows:
            tables["status_stage"] = united([tables["status_stage"], stages]) if "status_stage" in tables else stages
        return Batch(tables, keys, faults)

    def _left_out(self, portion: Portion) -> Mask:
        """Rows that the mapping leaves out; noted, so that they are not missed."""
        count = len(portion.lines)
        out = np.zeros(count, dtype=bool)
        rows = Rows(portion.table, np.arange(count), self._mapping, Trouble(portion.lines, self.oddities))
        for column, words in self._mapping.skip.items():
            skipped = holds(rows, {column: words})
            self.oddities.add(
                "left out", f"left out by the mapping: `{column}` is {' or '.join(words)}", portion.lines[skipped]
            )
            out |= skipped
        return out

    def _read(self, portion: Portion) -> tuple[Tables, Mask, tuple[SetAside, ...]]:
        """All parts of the mapping on some rows: first every cell is read and judged, then rows are made."""
        count = len(portion.lines)
        trouble = Trouble(portion.lines, self.oddities)
        rows = Rows(portion.table, np.arange(count), self._mapping, trouble)
        reads = [read for name, part in self._mapping.tables.items() for read in self._read_part(name, part, rows)]
        made: dict[str, list[pa.Table]] = {}
        for read in (read.good() for read in reads):
            note_unknown(read, self._mapping)
            for name, table in self._make(read).items():
                made.setdefault(name, []).append(table)
            self._see_staff(read)
            self._likeness.see(read)
        tables = {name: united(parts) for name, parts in made.items()}
        if "event" in tables:
            tables["event"] = settle_statuses(tables["event"], self._mapping)
            self._statuses |= seen_statuses(tables["event"])
        faults = tuple(_fault(fault, portion) for fault in trouble.faults)
        return {name: table for name, table in tables.items() if table.num_rows}, ~trouble.bad, faults

    def _read_part(self, name: str, part: Part, rows: Rows) -> list[PartRead]:
        """The typed columns of a part; of a survey one for each question, of conversations also the messages."""
        if name == "survey_answer":
            return read_answers(part, rows, self._now)
        read = read_part(name, part, rows, self._now)
        refuse_impossible(read)
        if part.messages:
            return [read, read_messages(part.messages, read, self._now)]
        return [read]

    def _make(self, read: PartRead) -> Tables:
        """Canonical rows out of the good rows of a part."""
        if read.name == "snapshot":
            return snapshot_rows(read, self._snapshots, self._counter(read, self._object_id))
        if read.name in ("ticket", "conversation"):
            return ticket_rows(read, self._mapping)
        makers: dict[str, Callable[[PartRead], Tables]] = {
            "event": lambda read: event_rows(read, self._counter(read, self._mapping.source)),
            "customer": customer_rows,
            "survey_answer": answer_rows,
        }
        return makers.get(read.name, table_rows)(read)

    def _counter(self, read: PartRead, otherwise: str) -> str:
        """The counter within which the sequences of a part can be compared."""
        named = read.part.counter
        return self._object_id if named == "file" else named or otherwise

    def _see_staff(self, read: PartRead) -> None:
        for column in self._mapping.roles.staff_columns:
            if column in read.columns:
                self._staff |= set(pc.unique(read.columns[column]).drop_null().to_pylist())


def row_keys(table: pa.Table, lines: Index | None) -> pa.Array:
    """16 bytes a row that identify it by its content; of an audit log (`lines`) by its line as well."""
    columns = [pc.fill_null(column.combine_chunks().cast(pa.string()), "") for column in table.columns]
    if not columns:
        return pa.array([blake2b(digest_size=KEY_BYTES).digest()] * table.num_rows, pa.binary(KEY_BYTES))
    whole = pc.utf8_rtrim(pc.binary_join_element_wise(*columns, SEPARATOR), SEPARATOR)
    if lines is not None:
        whole = pc.binary_join_element_wise(pa.array(lines, pa.int64()).cast(pa.string()), whole, SEPARATOR)
    return digests(whole)


def _keys(*portions: Portion) -> pa.Table:
    """The understood rows among the raw ones."""
    parts = [pa.table({"raw_line": pa.array(p.lines, pa.int64()), "key": p.keys}, ROW_KEYS_SCHEMA) for p in portions]
    return pa.concat_tables([ROW_KEYS_SCHEMA.empty_table(), *parts])


def _problem(problem: RowProblem) -> SetAside:
    key = blake2b(problem.raw_text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
    return SetAside(key, problem.line, None, None, problem.reason, problem.raw_text)


def _fault(fault: Fault, portion: Portion) -> SetAside:
    line = int(portion.lines[fault.row])
    key = portion.keys[fault.row].as_py()
    return SetAside(key, line, fault.column, fault.value, fault.reason, portion.raw(fault.row))


def _row_as_json(table: pa.Table, row: int) -> str:
    return json.dumps({name: table[name][row].as_py() for name in table.column_names}, ensure_ascii=False)
