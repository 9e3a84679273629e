"""Mappings as text: YAML with the line of every mistake, and the published JSON Schema."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, ValidationError

from deskmeter.base.errors import DataError, nearest
from deskmeter.ingest.mapping import Columns, Mapping, Part, Value
from deskmeter.ingest.shapes import SHAPES

Plain = dict[str, "Plain"] | list["Plain"] | str | None
Place = tuple[str | int, ...]

_NULL_TAG = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class MappingFile:
    """A mapping as read from a file: with the line of each of its parts, so that a mistake can be shown."""

    mapping: Mapping
    name: str
    lines: dict[Place, int]

    @property
    def id(self) -> str:
        """Content id of the mapping: comments and layout of the file do not count."""
        return mapping_id(self.mapping)

    def error(self, place: Place, text: str) -> DataError:
        """A mistake at `place`, as `file:line: text`."""
        return DataError(f"{self.name}:{_line(self.lines, place)}: {text}")


def mapping_id(mapping: Mapping) -> str:
    """Content id of a mapping."""
    return sha256(mapping.model_dump_json().encode()).hexdigest()[:32]


def load_mapping(path: Path) -> MappingFile:
    """The mapping in a YAML file.

    Raises:
        DataError: the file cannot be read, or `file:line: what is wrong; did you mean ...?` for each mistake.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"mapping `{path}` cannot be read: {error}") from error
    return parse_mapping(text, path.name)


def parse_mapping(text: str, name: str = "mapping.yml") -> MappingFile:
    """The mapping in a YAML text; `name` stands before the line in messages.

    >>> parse_mapping("source: desk\\ntables:\\n  tiket: {}\\n")
    Traceback (most recent call last):
    deskmeter.base.errors.DataError: mapping.yml:3: no table or shape `tiket`; did you mean `ticket`?
    """
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataError(f"{name}:{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise DataError(f"{name}:1: not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(node, yaml.MappingNode):
        raise DataError(f"{name}:1: a mapping is a list of `name: value`, such as `source: helpdesk`")
    plain = _plain(node, (), lines, name)
    try:
        mapping = Mapping.model_validate(plain)
    except ValidationError as error:
        raise DataError("\n".join(_mistakes(error, lines, name))) from error
    file = MappingFile(mapping, name, lines)
    wrong = sorted(_wrong_names(file), key=lambda found: _line(lines, found[0]))
    if wrong:
        raise DataError("\n".join(str(file.error(place, text)) for place, text in wrong))
    return file


def check_columns(file: MappingFile, columns: Iterable[str]) -> None:
    """Refuse a mapping that speaks of columns the data file does not have.

    Raises:
        DataError: `file:line: the file has no column ...; did you mean ...?` for each.
    """
    known = tuple(columns)
    wrong = [
        str(file.error(place, f"the file has no column `{column}`{nearest(column, known) or _listed(known)}"))
        for place, column in _named_columns(file.mapping)
        if column not in known
    ]
    if wrong:
        raise DataError("\n".join(dict.fromkeys(wrong)))


def unknown_columns(file: MappingFile, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns that a mapping speaks of and the data file does not have."""
    known = set(columns)
    return tuple(dict.fromkeys(column for _, column in _named_columns(file.mapping) if column not in known))


def mapping_schema() -> str:
    """The JSON Schema of a mapping, as published in docs/mapping.schema.json."""
    schema = Mapping.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "deskmeter mapping"
    tables = {name: {"$ref": "#/$defs/Part", "description": shape.says} for name, shape in sorted(SHAPES.items())}
    schema["properties"]["tables"] |= {"properties": tables, "additionalProperties": False}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], name: str) -> Plain:
    """The node as plain data. Scalars stay as written (`No` is the word No); the model knows the types."""
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == _NULL_TAG and node.value in ("", "~", "null") else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_item(child, (*place, i), lines, name) for i, child in enumerate(node.value)]
    found: dict[str, Plain] = {}
    for key, child in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise DataError(f"{name}:{key.start_mark.line + 1}: a name must be one word or text")
        line = key.start_mark.line + 1
        if key.value in found:
            first = lines[(*place, key.value)]
            raise DataError(f"{name}:{line}: `{key.value}` stands here a second time (first in line {first})")
        lines[(*place, key.value)] = line
        found[key.value] = _plain(child, (*place, key.value), lines, name)
    return found


def _item(node: yaml.Node, place: Place, lines: dict[Place, int], name: str) -> Plain:
    """An item of a list: here the word null is a word, as in a list of null words."""
    plain = _plain(node, place, lines, name)
    return str(node.value) if plain is None else plain


def _line(lines: dict[Place, int], place: Place) -> int:
    """Line of the innermost part on the way to `place` that stands in the file."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _mistakes(error: ValidationError, lines: dict[Place, int], name: str) -> Iterator[str]:
    seen = set()
    for mistake in sorted(error.errors(), key=lambda found: _line(lines, tuple(found["loc"]))):
        place = tuple(mistake["loc"])
        text = f"{name}:{_line(lines, place)}: {_says(mistake['type'], mistake['msg'], place, mistake['input'])}"
        if text not in seen:
            seen.add(text)
            yield text


def _says(kind: str, message: str, place: Place, given: object) -> str:
    last = str(place[-1]) if place else "mapping"
    if kind == "extra_forbidden":
        known = _known_names(place)
        return f"no setting `{last}` here{nearest(last, known) or _listed(known)}"
    if kind == "missing":
        return f"`{last}` is missing" + (f" in `{place[-2]}`" if len(place) > 1 else "")
    if kind == "literal_error":
        last = "stage" if place[0] == "stages" else last
        choices = [
            word.strip("'\"") for word in message.removeprefix("Input should be ").replace(" or ", ", ").split(", ")
        ]
        return f"`{given}` is no `{last}`{nearest(str(given), choices) or _listed(choices)}"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    shown = f"`{given}`" if isinstance(given, str) else "this"
    return f"{shown} does not fit `{last}`: {message[0].lower()}{message[1:]}"


def _known_names(place: Place) -> tuple[str, ...]:
    """Names that may stand where an unknown one was found."""
    model: type[BaseModel] = Mapping
    for step in place[:-1]:
        if isinstance(step, str) and step in model.model_fields:
            inner = _model_in(model.model_fields[step].annotation)
            model = inner or model
    return tuple(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The first model inside an annotation such as `dict[str, Part]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    return "; there is " + ", ".join(f"`{n}`" for n in shown[:12]) + (" ..." if len(shown) > 12 else "")


def _wrong_names(file: MappingFile) -> Iterator[tuple[Place, str]]:
    """Shapes and canonical columns that do not exist, and required ones that are missing."""
    yield from _wrong_settings(file.mapping)
    for name, part in file.mapping.tables.items():
        place: Place = ("tables", name)
        if name not in SHAPES:
            yield place, f"no table or shape `{name}`{nearest(name, SHAPES) or _listed(SHAPES)}"
            continue
        yield from _wrong_columns(part.columns, name, (*place, "columns"))
        if part.messages:
            yield from _wrong_columns(part.messages.columns, "event", (*place, "messages", "columns"))
        given = set(part.columns) | ({"kind", "score"} if part.questions else set())
        for slot in SHAPES[name].slots.values():
            if slot.required and slot.name not in given:
                yield place, f"`{name}` needs a column for `{slot.name}` ({slot.says})"
        yield from _misplaced(part, name, place)


def _wrong_settings(mapping: Mapping) -> Iterator[tuple[Place, str]]:
    """What no single part can see: names of columns elsewhere in the mapping, and signs that clash."""
    mapped = {column for part in mapping.tables.values() for column in part.columns}
    for column in mapping.roles.staff_columns:
        if column not in mapped:
            yield (
                ("roles", "staff_columns"),
                f"no column `{column}` is mapped{nearest(column, mapped) or _listed(sorted(mapped))}",
            )
    if mapping.thousands == mapping.decimal:
        yield ("thousands",), f"`{mapping.decimal}` cannot be the decimal sign and the thousands sign at once"


def _misplaced(part: Part, name: str, place: Place) -> Iterator[tuple[Place, str]]:
    """Settings that this shape has no use for."""
    homes = {
        "fields": (part.fields, ("ticket", "snapshot", "conversation")),
        "scale": (part.scale, ("survey_answer",)),
        "questions": (part.questions, ("survey_answer",)),
        "messages": (part.messages, ("conversation",)),
        "counter": (part.counter, ("snapshot", "event")),
        "order": (part.order == "reversed", ("snapshot",)),
    }
    for setting, (value, shapes) in homes.items():
        if value and name not in shapes:
            yield (
                (*place, setting),
                f"`{setting}` goes with {' and '.join(f'`{s}`' for s in shapes)}, not with `{name}`",
            )
    if name == "conversation" and not part.messages:
        yield place, "`conversation` needs `messages`"


def _wrong_columns(columns: Columns, shape: str, place: Place) -> Iterator[tuple[Place, str]]:
    slots = SHAPES[shape].slots
    for column in columns:
        if column not in slots:
            yield (*place, column), f"`{shape}` has no column `{column}`{nearest(column, slots) or _listed(slots)}"


def _named_columns(mapping: Mapping) -> Iterator[tuple[Place, str]]:
    """Every column of the data file that the mapping speaks of, with the place where it does."""
    for column in mapping.skip:
        yield ("skip", column), column
    if mapping.keep:
        yield ("keep", "of"), mapping.keep.of
    for name, part in mapping.tables.items():
        place: Place = ("tables", name)
        for setting in ("columns", "fields"):
            values: dict[str, Value] = getattr(part, setting)
            for column, value in values.items():
                yield from (((*place, setting, column), source) for source in value.sources)
        yield from (((*place, "where", column), column) for column in part.where)
        yield from (((*place, "needs"), column) for column in part.needs)
        if part.messages:
            yield (*place, "messages", "column"), part.messages.column
        for i, question in enumerate(part.questions):
            read = [value for value in (question.score, question.words) if value]
            yield from (((*place, "questions", i), source) for value in read for source in value.sources)
