"""Finds out how delimited text tells its fields apart."""

import re
from collections.abc import Sequence
from math import log
from pathlib import Path

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.header import usual_width
from deskmeter.connectors.files.records import NEVER_CLOSED, Dialect, Record, RecordReader
from deskmeter.connectors.files.text import Lines
from deskmeter.connectors.protocol import ReadLimits

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_RECORDS_N = 200

_SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)


def find_delimiter(text: bytes, is_all: bool, encoding: str, path: Path, limits: ReadLimits) -> str:
    """The delimiter of a file that begins with `text`: what its first line declares, else what explains it best."""
    if declared := _SEPARATOR_LINE.match(text):
        return declared[1].decode()
    scores = {d: _score(first_records(text, is_all, Dialect(d, encoding), path, limits)) for d in DELIMITERS}
    if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")):
        scores["\t"] *= 1.5
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])


def check_delimiter(delimiter: str | None) -> None:
    """DataError if a hinted delimiter is none."""
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '\r\n" \0' or ord(delimiter) > 127):
        raise DataError(f"delimiter {delimiter!r} is not one character that can split fields; write , ; | or a tab")


def first_records(text: bytes, is_all: bool, dialect: Dialect, path: Path, limits: ReadLimits) -> list[Record]:
    """The first records; what the end of `text` may have cut is left out unless there is nothing else."""
    reader = RecordReader(Lines([text], path, limits), dialect, limits.record_bytes)
    records: list[Record] = []
    for record in reader.records():
        if not is_all and records and record.reason == NEVER_CLOSED:
            return records
        records.append(record)
        if len(records) == SAMPLE_RECORDS_N:
            return records
    return records if is_all or len(records) < 2 else records[:-1]


def _score(sample: Sequence[Record]) -> float:
    """How well a delimiter explains the sample: many fields, and as many in each record.

    Share of records with the usual width, squared, times log(width); half if the first record has another
    width. 0 if the usual record is one field.
    """
    good = [record for record in sample if record.reason is None]
    width = usual_width(good)
    if not good or width == 1:
        return 0.0
    share = sum(len(record.fields) == width for record in good) / len(sample)
    return share**2 * log(width) * (1.0 if len(good[0].fields) == width else 0.5)
