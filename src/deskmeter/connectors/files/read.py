"""The face of the file readers: what is this file, and what are its rows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.columns import column_names
from deskmeter.connectors.files.delimited import read_delimited
from deskmeter.connectors.files.detect import find_format
from deskmeter.connectors.files.dialect import check_delimiter, find_delimiter, first_records
from deskmeter.connectors.files.header import find_header
from deskmeter.connectors.files.json_records import find_records, read_document, read_lines
from deskmeter.connectors.files.json_stream import JsonCursor
from deskmeter.connectors.files.parquet import parquet_types, read_parquet
from deskmeter.connectors.files.records import Dialect
from deskmeter.connectors.files.source import FixedFile, shown
from deskmeter.connectors.files.survey import choose_encoding, survey
from deskmeter.connectors.files.text import Lines, text_blocks
from deskmeter.connectors.files.workbook import read_sheet, sniff_sheet
from deskmeter.connectors.protocol import FileFacts, RawBatch, ReadHints

SAMPLE_ROWS_N = 20
SAMPLE_BYTES = 1 << 20
FIRST_BYTES = 1 << 16
NO_HINTS = ReadHints()


def read_rows(path: Path, hints: ReadHints = NO_HINTS) -> Iterator[RawBatch]:
    """The rows of any file in batches, in bounded memory; what is no row is set aside in `problems`.

    At least one batch comes, so that the columns are known. A DataError may come after some batches (a Parquet
    page or a JSON array that breaks off): the caller then refuses the file as a whole.

    Args:
        path: CSV, TSV, `;` or `|` delimited text, JSON, JSON lines, Parquet or XLSX, each perhaps gzipped.
        hints: what is known of the file; the rest is detected.
    """
    return read_known(sniff(path, hints))


def sniff(path: Path, hints: ReadHints = NO_HINTS) -> FileFacts:
    """What a file is: one pass over all of it (whole? which encoding?), then a look at its beginning.

    Raises:
        DataError: missing, empty, a directory, truncated, a bomb, changing, unreadable, too wide, ambiguous.
    """
    limits = hints.limits
    found = survey(path, limits)
    encoding, encoding_notes = choose_encoding(found, hints.encoding, path)
    kind = find_format(path, found, encoding, hints.format, limits)
    bare = FileFacts(
        path, kind, found.compression, encoding, None, None, None, None, (), (), (), found.size_bytes,
        found.unpacked_bytes, found.sha256, encoding_notes, limits, found.cr_n > 0 and found.lf_n == 0,
    )  # fmt: skip
    if kind == "delimited":
        return _with_sample(_delimited_facts(bare, hints))
    if kind in ("json", "jsonl"):
        return _with_sample(_json_facts(bare, hints))
    bare = replace(bare, encoding=None, notes=())
    if kind == "parquet":
        return _with_sample(replace(bare, types=parquet_types(path, found.compression, limits)))
    sheet = sniff_sheet(path, found.compression, hints.sheet, hints.header_row, limits)
    names, renamed = column_names(sheet.header.cells)
    notes = (*sheet.notes, *(renamed if sheet.header.row else ()))
    return replace(
        bare, sheet=sheet.name, header_row=sheet.header.row, columns=names, types=sheet.types,
        sample=sheet.sample[:SAMPLE_ROWS_N], notes=notes,
    )  # fmt: skip


def read_known(facts: FileFacts, is_quick: bool = True) -> Iterator[RawBatch]:
    """The rows of a file that `sniff` has looked at (or of its copy, see `FileFacts.moved`).

    Args:
        facts: what `sniff` gave.
        is_quick: False reads delimited text the careful way throughout; the outcome is the same, only later.
    """
    path, limits = facts.path, facts.limits
    with FixedFile(path) as file:
        if file.size_bytes != facts.size_bytes:
            raise DataError(f"{shown(path)} changed since it was looked at; nothing is imported: look again")
    if facts.format == "delimited":
        dialect = Dialect(facts.delimiter or ",", facts.encoding or "utf-8")
        return read_delimited(_lines(facts), dialect, facts.columns, facts.header_row or 0, limits, is_quick)
    if facts.format == "jsonl":
        return read_lines(_lines(facts), path, limits)
    if facts.format == "json":
        return read_document(_cursor(facts), facts.records_path or "", path, limits)
    if facts.format == "parquet":
        return read_parquet(path, facts.compression, limits)
    return read_sheet(path, facts.compression, facts.sheet or "", facts.header_row or 0, facts.columns, limits)


def _delimited_facts(facts: FileFacts, hints: ReadHints) -> FileFacts:
    path, limits = facts.path, facts.limits
    encoding = facts.encoding or "utf-8"
    check_delimiter(hints.delimiter)
    text, is_all = _beginning(facts)
    delimiter = hints.delimiter or find_delimiter(text, is_all, encoding, path, limits)
    sample = first_records(text, is_all, Dialect(delimiter, encoding), path, limits)
    if not sample:
        raise DataError(f"{shown(path)} holds no record, only blank lines")
    header = find_header(sample, hints.header_row, path, limits)
    names, renamed = column_names(header.cells)
    notes = (*facts.notes, *header.notes, *(renamed if header.row else ()))
    types = ("string",) * len(names)
    return replace(facts, delimiter=delimiter, header_row=header.row, columns=names, types=types, notes=notes)


def _beginning(facts: FileFacts) -> tuple[bytes, bool]:
    """Whole lines of about `SAMPLE_BYTES` from the file's beginning (or its first line), and whether that is all."""
    text = b""
    blocks = text_blocks(facts.path, facts.encoding or "utf-8", facts.is_classic_mac, facts.limits)
    for block in blocks:
        text += block
        if len(text) >= SAMPLE_BYTES and b"\n" in text:
            cut = text.rfind(b"\n", 0, SAMPLE_BYTES) + 1 or text.index(b"\n") + 1
            return text[:cut], False
        if len(text) > facts.limits.record_bytes:
            break
    return text, True


def _json_facts(facts: FileFacts, hints: ReadHints) -> FileFacts:
    if facts.format == "jsonl":
        return facts
    if hints.records_path is not None:
        return replace(facts, records_path=hints.records_path)
    records_path, notes = find_records(_cursor(facts), facts.path)
    return replace(facts, records_path=records_path, notes=(*facts.notes, *notes))


def _with_sample(facts: FileFacts) -> FileFacts:
    """The facts with the first rows, and with the columns if only the rows tell them."""
    first = _first_batch(facts)
    sample = first.table.slice(0, SAMPLE_ROWS_N)
    columns = [column.to_pylist() for column in sample.columns]
    types = facts.types if len(facts.types) == len(first.columns) else ("string",) * len(first.columns)
    return replace(facts, columns=first.columns, types=types, sample=tuple(zip(*columns, strict=True)))


def _first_batch(facts: FileFacts) -> RawBatch:
    """The first rows: of delimited text, whose columns are known, no more than a sample needs if that has enough."""
    if facts.format == "delimited":
        smaller = replace(facts.limits, block_bytes=min(FIRST_BYTES, facts.limits.block_bytes))
        batch = next(read_known(replace(facts, limits=smaller)))
        if batch.table.num_rows >= SAMPLE_ROWS_N:
            return batch
    return next(read_known(facts))


def _lines(facts: FileFacts) -> Lines:
    blocks = text_blocks(facts.path, facts.encoding or "utf-8", facts.is_classic_mac, facts.limits)
    return Lines(blocks, facts.path, facts.limits)


def _cursor(facts: FileFacts) -> JsonCursor:
    blocks = text_blocks(facts.path, facts.encoding or "utf-8", facts.is_classic_mac, facts.limits)
    return JsonCursor(blocks, facts.path, facts.limits)
