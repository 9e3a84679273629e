"""The files around a ledger without the people who were erased from it: mappings, targets, own metrics."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from deskmeter.ledger.forgotten import Forgotten, is_number
from deskmeter.ledger.objects import sync_folder

PATTERNS = ("targets.yml", "mappings/*.yml", "mappings/*.yaml", "metrics/*.yml", "metrics/*.yaml")


def settings_without(folder: Path, forgotten: Forgotten) -> tuple[str, ...]:
    """Replace the erased people in the files of the desk in `folder`; the names of the files that changed."""
    changed = []
    for pattern in PATTERNS:
        for path in sorted(folder.glob(pattern)):
            before = path.read_text(encoding="utf-8", errors="surrogateescape")
            after = text_without(before, forgotten)
            if after != before:
                _write_whole(path, after)
                changed.append(path.relative_to(folder).as_posix())
    return tuple(changed)


def text_without(text: str, forgotten: Forgotten) -> str:
    """A YAML text without the erased people, comments and layout as they were.

    Each word or text of its own is looked at as a whole; between them, in comments, only names and addresses are.
    """
    made, place = [], 0
    for start, end, value in _scalars(text):
        made.append(forgotten.text(text[place:start]))
        made.append(_scalar(text[start:end], value, forgotten))
        place = end
    made.append(forgotten.text(text[place:]))
    return "".join(made)


def _scalar(written: str, value: str, forgotten: Forgotten) -> str:
    if written[:1] in ("|", ">"):
        return forgotten.text(written)
    changed = value if is_number(value) else forgotten.person(value, is_id=False)
    if changed == value:
        return written
    return json.dumps(changed, ensure_ascii=False) if written[:1] in ("'", '"') else changed


def _scalars(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each scalar stands, and what it says; none in a text that is no YAML."""
    try:
        tokens = [token for token in yaml.scan(text) if isinstance(token, yaml.ScalarToken)]
    except yaml.YAMLError:
        return
    for token in tokens:
        yield token.start_mark.index, token.end_mark.index, str(token.value)


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)
