"""Who is known to the ledger, and where a person stands in it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import apsw

from deskmeter.canon.schema import TABLES, Table
from deskmeter.ledger.asking import rows, whole
from deskmeter.ledger.forgotten import Person
from deskmeter.ledger.layout import quoted


@dataclass(frozen=True)
class Known:
    """Somebody whom a source names, with the addresses that are known of them."""

    source: str
    id: str
    mails: tuple[str, ...]


def known_people(db: apsw.Connection) -> tuple[Known, ...]:
    """Everybody who stands in a column of people, by source and id."""
    found: dict[tuple[str, str], set[str]] = {}
    for table in TABLES.values():
        for column in _people_columns(table):
            asked = (
                f"SELECT DISTINCT s.name, t.{quoted(column)} FROM {quoted(table.name)} t "
                f"JOIN ledger_source s ON s.source_no = t.source_no WHERE t.{quoted(column)} IS NOT NULL"
            )
            for source, person in rows(db, f"{asked}{' AND t.kind = ?' if _is_change(column) else ''}", _kind(column)):
                found.setdefault((source, person), set())
    for source, person, content in _person_contents(db):
        mail = content.get("email")
        found.setdefault((source, person), set()).update([mail] if isinstance(mail, str) else [])
    return tuple(Known(source, person, tuple(sorted(mails))) for (source, person), mails in sorted(found.items()))


def person_of(db: apsw.Connection, source: str, person: str) -> Person:
    """All that the ledger knows of a person, also from rows that lost to others."""
    names: set[str] = set()
    mails: set[str] = set()
    others: set[str] = set()
    for owner_source, owner, content in _person_contents(db):
        name, mail = content.get("name"), content.get("email")
        if (owner_source, owner) == (source, person):
            names |= {name} if isinstance(name, str) else set()
            mails |= {mail} if isinstance(mail, str) else set()
        elif owner_source == source and isinstance(name, str):
            others.add(name.casefold())
    names -= {person}
    shared = {name for name in names if name.casefold() in others}
    words = tuple(_unnamed_words(db, source, person))
    return Person(source, person, tuple(sorted(names - shared)), tuple(sorted(mails)), tuple(sorted(shared)), words)


def mentions(db: apsw.Connection, source: str, person: str) -> Mapping[str, int]:
    """How many rows of each canonical table name a person, where any does."""
    counted = {}
    for table in TABLES.values():
        where, values = _where(table, source, person)
        if where:
            counted[table.name] = whole(db, f"SELECT COUNT(*) FROM {quoted(table.name)} WHERE {where}", values)
    return {name: count for name, count in counted.items() if count}


def imports_naming(db: apsw.Connection, source: str, person: str) -> frozenset[int]:
    """The imports that hold a row which names a person, also as a copy or a row that lost."""
    found: set[int] = set()
    for table in TABLES.values():
        where, values = _where(table, source, person)
        if where:
            naming = f"SELECT source_no, id, import_no FROM {quoted(table.name)} WHERE {where}"
            found |= {row[2] for row in rows(db, naming, values)}
            for book in ("ledger_duplicate", "ledger_superseded"):
                same = (
                    f"SELECT DISTINCT b.import_no FROM {book} b JOIN ({naming}) t "
                    "ON t.source_no = b.source_no AND t.id = b.id WHERE b.table_name = ?"
                )
                found |= {row[0] for row in rows(db, same, (*values, table.name))}
    lost = rows(
        db,
        "SELECT import_no, content FROM ledger_superseded WHERE instr(content, ?) > 0 AND source_no = "
        "(SELECT source_no FROM ledger_source WHERE name = ?)",
        (json.dumps(person, ensure_ascii=False), source),
    )
    return frozenset(found | {row[0] for row in lost})


def _where(table: Table, source: str, person: str) -> tuple[str, tuple[str, ...]]:
    columns = _people_columns(table)
    if not columns:
        return "", ()
    tests = " OR ".join(f"({quoted(column)} = ?{' AND kind = ?' if _is_change(column) else ''})" for column in columns)
    values = [value for column in columns for value in (person, *_kind(column))]
    return f"source_no = (SELECT source_no FROM ledger_source WHERE name = ?) AND ({tests})", (source, *values)


def _people_columns(table: Table) -> tuple[str, ...]:
    columns = tuple(column.name for column in table.columns if column.personal == "person")
    if table.name == "event":
        return (*columns, "from_value", "to_value")
    return ("id", *columns) if table.name == "person" else columns


def _is_change(column: str) -> bool:
    return column in ("from_value", "to_value")


def _kind(column: str) -> tuple[str, ...]:
    return ("assign",) if _is_change(column) else ()


def _person_contents(db: apsw.Connection) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """(source, id, content) of every row of `person`, also of those that lost."""
    joined = "JOIN ledger_source s ON s.source_no = t.source_no"
    for source, person, name, email in rows(db, f"SELECT s.name, t.id, t.name, t.email FROM person t {joined}"):
        yield source, person, {"name": name, "email": email}
    lost = f"SELECT s.name, t.id, t.content FROM ledger_superseded t {joined} WHERE t.table_name = 'person'"
    for source, person, content in rows(db, lost):
        yield source, person, json.loads(content)


def _unnamed_words(db: apsw.Connection, source: str, person: str) -> Iterator[str]:
    """Texts of answers that name a survey, ticket or call of the person and nobody; only those that nobody else wrote."""
    found = rows(
        db,
        "SELECT a.words FROM survey_answer a JOIN ledger_source s ON s.source_no = a.source_no "
        "LEFT JOIN survey_sent q ON q.source_no = a.source_no AND q.id = a.survey "
        "LEFT JOIN ticket t ON t.source_no = a.source_no AND t.id = COALESCE(a.ticket, q.ticket) "
        'LEFT JOIN "call" c ON c.source_no = a.source_no AND c.id = COALESCE(a.call, q.call) '
        "WHERE s.name = ? AND a.words IS NOT NULL GROUP BY a.words "
        "HAVING MIN(COALESCE(a.person, q.person, t.requester, c.person) = ?) = 1 "
        "AND COUNT(*) = COUNT(COALESCE(a.person, q.person, t.requester, c.person))",
        (source, person),
    )
    yield from (row[0] for row in found)
