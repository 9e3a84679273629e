"""A kept or arriving file without the people who were erased, byte for byte the same where none is named."""

import codecs
import gzip
from dataclasses import dataclass

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.redact import Roles
from deskmeter.connectors.files.redact_text import redact_delimited, redact_json, redact_json_lines
from deskmeter.connectors.files.redact_typed import redact_parquet, redact_workbook
from deskmeter.connectors.files.source import shown, whole_content
from deskmeter.connectors.protocol import MIXED, FileFacts
from deskmeter.ledger.forgotten import Forgotten

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
          (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"))  # fmt: skip


@dataclass(frozen=True)
class Redacted:
    """A file as it may stay: its bytes, or None where it may stay as it is."""

    content: bytes | None


def redact_file(facts: FileFacts, roles: Roles, forgotten: Forgotten) -> Redacted:
    """The file that `sniff` has looked at, without the people who were erased; the same file gives the same bytes.

    Raises:
        DataError: it cannot be written anew.
    """
    with whole_content(facts.path, facts.compression, facts.limits) as reader:
        content = reader.read()
    made = _redacted(content, facts, roles, forgotten)
    if made is None or made == content:
        return Redacted(None)
    return Redacted(gzip.compress(made, mtime=0) if facts.compression == "gzip" else made)


def _redacted(content: bytes, facts: FileFacts, roles: Roles, forgotten: Forgotten) -> bytes | None:
    if facts.format == "parquet":
        return redact_parquet(content, roles, forgotten)
    if facts.format == "xlsx":
        return redact_workbook(content, facts.sheet, facts.columns, roles, forgotten)
    mark = next((mark for mark, name in _MARKS if content.startswith(mark) and name == facts.encoding), b"")
    text = _decoded(content[len(mark) :], facts)
    if facts.format == "delimited":
        made = redact_delimited(text, facts.delimiter or ",", facts.columns, roles, forgotten, facts.is_classic_mac)
    else:
        redact = redact_json_lines if facts.format == "jsonl" else redact_json
        made = redact(text, roles, forgotten)
    return None if made == text else mark + _encoded(made, facts)


def _decoded(content: bytes, facts: FileFacts) -> str:
    """The text; a byte without meaning becomes a lone surrogate, so that it can be written back as it was."""
    if facts.encoding == MIXED:
        return "\n".join(_line_text(line) for line in content.split(b"\n"))
    try:
        return content.decode(facts.encoding or "utf-8", "surrogateescape")
    except UnicodeDecodeError as error:
        raise DataError(f"{shown(facts.path)} cannot be written anew without a person: {error}") from error


def _encoded(text: str, facts: FileFacts) -> bytes:
    encoding = "utf-8" if facts.encoding in (MIXED, None) else facts.encoding
    return text.encode(encoding, "surrogateescape")


def _line_text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "surrogateescape")
