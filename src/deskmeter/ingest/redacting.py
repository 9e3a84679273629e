"""What a mapping says of the columns of a file to whoever takes a person out of it, and the mapping without them."""

from collections.abc import Callable, Iterable, Iterator

from deskmeter.canon.schema import TABLES
from deskmeter.connectors.files.redact import UNREAD, ColumnRole, Roles, redact_cell
from deskmeter.ingest.mapping import Columns, Mapping, Only, Part, Value
from deskmeter.ledger.forgotten import Forgotten

_PEOPLE = {"assignee"} | {
    column.name for table in TABLES.values() for column in table.columns if column.personal == "person"
}
_WORDS = {"subject", "opening_message", "words"}
_AUTHORS = {"ticket": "requester", "snapshot": "requester", "conversation": "requester", "survey_answer": "person",
            "kb_event": "person", "person": "id", "event": "actor"}  # fmt: skip
_CHANGES = {"from_value", "to_value"}
_WEIGHT = ("none", "other", "field", "words", "person")


def roles_of(mappings: Iterable[Mapping]) -> Roles:
    """What each column of a file is to any of the mappings; of several uses the most personal one."""
    found: dict[str, ColumnRole] = {}
    for mapping in mappings:
        for column, role in _uses(mapping):
            held = found.get(column, UNREAD)
            use = max(held.use, role.use, key=_WEIGHT.index)
            prefixes = tuple(dict.fromkeys((*held.prefixes, *role.prefixes)))
            found[column] = ColumnRole(use, held.is_author or role.is_author, prefixes)
    return found


def _uses(mapping: Mapping) -> Iterator[tuple[str, ColumnRole]]:
    for name, part in mapping.tables.items():
        yield from _slots(name, part.columns)
        for value in part.fields.values():
            yield from ((column, ColumnRole("field")) for column in value.sources)
        for question in part.questions:
            yield from _slots(name, {"words": question.words} if question.words else {})
            yield from _slots(name, {"score": question.score} if question.score else {})
        if part.messages:
            yield part.messages.column, ColumnRole("other")
            yield from _slots("event", part.messages.columns)


def _slots(shape: str, columns: Columns) -> Iterator[tuple[str, ColumnRole]]:
    for slot, value in columns.items():
        is_author = _AUTHORS.get(shape) == slot
        for column in value.sources:
            if slot in _PEOPLE or (shape, slot) == ("person", "id"):
                yield column, ColumnRole("person", is_author, (value.prefix,))
            elif slot in _WORDS or (shape == "person" and slot in ("name", "email")):
                yield column, ColumnRole("words")
            else:
                yield column, ColumnRole("field" if slot in _CHANGES else "other")


def mapping_without(mapping: Mapping, forgotten: Forgotten) -> Mapping:
    """The mapping as it reads a redacted file: people who are named in it are the tokens that stand for them."""
    if not forgotten:
        return mapping
    roles = roles_of([mapping])

    def person(text: str) -> str:
        return forgotten.person(text, is_id=False)

    tables = {name: _part_without(part, roles, forgotten) for name, part in mapping.tables.items()}
    people = mapping.roles.model_copy(
        update={"staff": tuple(map(person, mapping.roles.staff)), "bots": tuple(map(person, mapping.roles.bots))}
    )
    changed = {"tables": tables, "roles": people, "skip": _only_without(mapping.skip, roles, forgotten)}
    return mapping.model_copy(update=changed)


def _part_without(part: Part, roles: Roles, forgotten: Forgotten) -> Part:
    columns = {slot: _value_without(slot, value, roles, forgotten) for slot, value in part.columns.items()}
    fields = {name: _value_without("to_value", value, roles, forgotten) for name, value in part.fields.items()}
    changed: dict[str, object] = {
        "columns": columns, "fields": fields, "where": _only_without(part.where, roles, forgotten),
        "needs": tuple(map(forgotten.text, part.needs)),
    }  # fmt: skip
    if part.messages:
        inner = {slot: _value_without(slot, value, roles, forgotten) for slot, value in part.messages.columns.items()}
        changed["messages"] = part.messages.model_copy(update={"columns": inner})
    return part.model_copy(update=changed)


def _value_without(slot: str, value: Value, roles: Roles, forgotten: Forgotten) -> Value:
    role = roles.get(value.sources[0], UNREAD) if value.sources else UNREAD
    is_person = slot in _PEOPLE or slot in _CHANGES
    meant: Callable[[str], str] = forgotten.person if is_person else forgotten.text
    renamed = {
        redact_cell(written, role, forgotten): word if word is None else meant(word)
        for written, word in value.values.items()
    }
    changed = {
        "values": renamed, "when": _only_without(value.when, roles, forgotten),
        "column": value.column and forgotten.text(value.column),
        "first_of": tuple(map(forgotten.text, value.first_of)), "join": tuple(map(forgotten.text, value.join)),
        "constant": value.constant and meant(value.constant), "if_empty": value.if_empty and meant(value.if_empty),
        "otherwise": value.otherwise and meant(value.otherwise),
    }  # fmt: skip
    return value.model_copy(update=changed)


def _only_without(only: Only, roles: Roles, forgotten: Forgotten) -> Only:
    return {
        forgotten.text(column): tuple(redact_cell(word, roles.get(column, UNREAD), forgotten) for word in words)
        for column, words in only.items()
    }
