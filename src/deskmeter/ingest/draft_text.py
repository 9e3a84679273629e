"""A proposed mapping as YAML with comments, for a person to read and correct."""

import json
import re

from deskmeter.ingest.draft import Draft, DraftPart, Plain, Spec
from deskmeter.ingest.profile import Profiles

_BARE = re.compile(r"^[A-Za-z_][\w ./+-]*$")
_RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"}
_WIDTH = 100


def draft_yaml(draft: Draft, source: str, file_name: str) -> str:
    """The mapping file of a proposal. It reads back as the same mapping.

    Where no table fits it is a comment that says so, with the columns.
    """
    lines = [f"# Proposed for {file_name}. Correct what is wrong, then import with this file.", "#"]
    lines += [f"# ? {doubt}" for doubt in draft.doubts]
    lines += ["", f"source: {_scalar(source)}                # name of the helpdesk; give all of its files the same"]
    if not draft.parts:
        names = ", ".join(column.name for column in draft.profiles.columns)
        return "\n".join([*lines, f"# columns: {names}", ""])
    common = _common_times(draft)
    lines.append(
        f"zone: UTC{'' if not _has_local_times(draft) else '                     # of times that name no zone'}"
    )
    lines.append(f"times: {_inline(common)}")
    if draft.profiles.null_words():
        lines.append(f"nulls: {_inline(list(draft.profiles.null_words()))}")
    lines += [f"{name}: {_inline(value)}" for name, value in draft.settings.items()]
    lines += ["", "tables:"]
    for table, part in draft.parts.items():
        lines += _part(table, part, draft.profiles, common)
    if draft.stages:
        lines += ["stages:"] + [f"  {_key(word)}: {stage or 'null'}" for word, stage in draft.stages.items()] + [""]
    if draft.staff_columns:
        lines += ["roles:", f"  staff_columns: {_inline(list(draft.staff_columns))}", ""]
    left = [c.name for c in draft.profiles.columns if c.name not in draft.used and c.name not in _all_fields(draft)]
    if left:
        lines += _wrapped("# not used: " + ", ".join(left))
    return "\n".join(lines) + "\n"


def _part(table: str, part: DraftPart, profiles: Profiles, common: list[Plain]) -> list[str]:
    lines = [f"  {table}:"]
    for name, value in part.settings.items():
        lines += _block(name, value, 4)
    lines.append("    columns:")
    for slot, spec in part.columns.items():
        lines.append(f"      {slot}: {_spec(spec, common)}{_example(spec, profiles)}")
    if part.fields:
        lines.append("    fields:")
        lines += [f"      - {_scalar(name)}" for name in part.fields]
    return [*lines, ""]


def _spec(spec: Spec, common: list[Plain]) -> str:
    """One column: its bare name where nothing else is to be said."""
    said = {name: value for name, value in spec.items() if not (name == "times" and value == common)}
    return _inline(said["column"]) if set(said) == {"column"} else _inline(said)


def _example(spec: Spec, profiles: Profiles) -> str:
    column = profiles.by_name.get(str(spec.get("column")))
    if column is None or not column.distinct_n or column.mean_length > 30 or column.kind == "email":
        return ""
    shown = ", ".join(word.replace("\n", " ") for word in column.most_common[:2])
    return f"    # {shown}"


def _common_times(draft: Draft) -> list[Plain]:
    """The formats that most of the mapped columns share."""
    used = [spec["times"] for part in draft.parts.values() for spec in part.columns.values() if "times" in spec]
    known = [formats for formats in used if isinstance(formats, list)]
    return max(known, key=known.count) if known else ["iso"]


def _has_local_times(draft: Draft) -> bool:
    return any(c.time and not c.time.has_zone for c in draft.profiles.columns if c.name in draft.used)


def _all_fields(draft: Draft) -> set[str]:
    return {name for part in draft.parts.values() for name in part.fields}


def _block(name: str, value: Plain, indent: int) -> list[str]:
    """A setting; lists of mappings stand one item a line."""
    space = " " * indent
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"{space}{name}:"] + [f"{space}  - {_inline(item)}" for item in value]
    return [f"{space}{name}: {_inline(value)}"]


def _inline(value: Plain) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)}: {_inline(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return _inline(value[0]) if len(value) == 1 else "[" + ", ".join(_inline(inner) for inner in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _scalar(value) if isinstance(value, str) else str(value)


def _key(text: str) -> str:
    return _scalar(text)


def _scalar(text: str) -> str:
    """Text as YAML: bare where that is read back as the same text, else in double quotes."""
    bare = _BARE.match(text) and text == text.strip() and text.lower() not in _RESERVED and " #" not in text
    return text if bare else json.dumps(text, ensure_ascii=False)


def _wrapped(text: str) -> list[str]:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) > _WIDTH:
            lines.append(line)
            line = "#  "
        line = f"{line} {word}" if line else word
    return [*lines, line]
