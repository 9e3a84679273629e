"""Tells the format of a file by its content, and by its name where the content leaves it open."""

import json
from pathlib import Path

from deskmeter.base.errors import DataError, nearest
from deskmeter.connectors.files.archive import ZIP_MAGIC, is_workbook
from deskmeter.connectors.files.json_values import Decoder
from deskmeter.connectors.files.source import GZIP_MAGIC, shown, whole_content
from deskmeter.connectors.files.survey import Survey, is_binary
from deskmeter.connectors.protocol import FORMATS, Format, ReadLimits

PARQUET_MAGIC = b"PAR1"

FOREIGN = (
    (GZIP_MAGIC, "is packed twice; unpack it once"),
    (b"PK\x05\x06", "is an empty zip archive"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel file or protected by a password; save it as XLSX without one, or as CSV"),
    (b"BZh", "is packed with bzip2; unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "is packed with xz; unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd; unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf", "is a 7z archive; unpack it"),
    (b"%PDF", "is a PDF; export the table as CSV or XLSX"),
    (b"SQLite format 3", "is an SQLite database; export its tables as CSV"),
)
"""First bytes of what is not read, and the way out."""

ENDINGS: tuple[tuple[tuple[str, ...], Format], ...] = (
    ((".csv", ".tsv", ".tab", ".psv"), "delimited"),
    ((".jsonl", ".ndjson"), "jsonl"),
)


def find_format(path: Path, found: Survey, encoding: str, hint: Format | None, limits: ReadLimits) -> Format:
    """The format of a file.

    Raises:
        DataError: a format that is not read, with the way out; an unknown hint.
    """
    if hint is not None:
        if hint not in FORMATS:
            raise DataError(f"no format `{hint}`{nearest(hint, FORMATS)} (there are {', '.join(FORMATS)})")
        return hint
    head = found.head
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    if head.startswith(ZIP_MAGIC):
        with whole_content(path, found.compression, limits) as content:
            verdict = is_workbook(content)
        if verdict:
            return "xlsx"
        wrong = "damaged or truncated zip archive or workbook; fetch it again"
        other = "zip archive and no workbook; unpack it and import the files in it"
        raise DataError(f"{shown(path)} is a {wrong if verdict is None else other}")
    for magic, says in FOREIGN:
        if head.startswith(magic):
            raise DataError(f"{shown(path)} {says}")
    if is_binary(head):
        raise DataError(f"{shown(path)} is neither text nor Parquet nor XLSX; say its `format` if it is")
    return _text_format(path, head.decode("utf-8" if encoding == "mixed" else encoding, "replace"))


def _text_format(path: Path, head: str) -> Format:
    name = path.name.lower().removesuffix(".gz")
    for endings, kind in ENDINGS:
        if name.endswith(endings):
            return kind
    text = head.lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        return "jsonl" if _is_first_of_lines(text) else "json"
    if text.startswith("[") or name.endswith(".json"):
        return "json"
    if text[:200].lower().startswith(("<!doctype", "<html", "<table", "<?xml")):
        raise DataError(f"{shown(path)} is HTML or XML; export the table as CSV, XLSX or JSON")
    return "delimited"


def _is_first_of_lines(text: str) -> bool:
    """Whether an object is followed by another one."""
    try:
        _, end = Decoder().json.raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        return False
    return text[end:].lstrip().startswith("{")
