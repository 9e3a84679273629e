"""What an expression reads of its tables, by hand; and that an expression made of that alone gives the same."""

from collections.abc import Callable

import ibis
import pyarrow as pa
import pytest

from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.query.narrow import columns_read

Made = Callable[[ibis.Table, ibis.Table], ibis.Table]
TICKET = {"id": "int64", "team": "string", "at": "int64", "open": "boolean", "note": "string"}
NAME = {"key": "string", "label": "string", "more": "string"}
TICKETS = pa.table(
    {
        "id": [1, 2, 3, 4],
        "team": ["a", "b", "a", None],
        "at": [10, 20, 30, 40],
        "open": [True, False, True, True],
        "note": ["x", "y", "z", "x"],
    }
)
NAMES = pa.table({"key": ["a", "b"], "label": ["A", "B"], "more": ["1", "2"]})


def tables(only: dict[str, frozenset[str]] | None = None) -> tuple[ibis.Table, ibis.Table]:
    found = []
    for name, columns in (("ticket", TICKET), ("name", NAME)):
        table = ibis.table(columns, name=name)
        found.append(table if only is None else table.select([column for column in columns if column in only[name]]))
    return found[0], found[1]


def counted(ticket: ibis.Table, name: ibis.Table) -> ibis.Table:
    rows = ticket.filter(ticket.open).mutate(late=ticket.at > 15)
    rows = rows.left_join(name.select(_key="key", label="label"), [("team", "_key")])
    return rows.group_by("label").aggregate(n=rows.count(), late=rows.late.cast("int64").sum())


def numbered(ticket: ibis.Table, name: ibis.Table) -> ibis.Table:
    first = ticket.mutate(nth=ibis.row_number().over(ibis.window(group_by="team", order_by="at")))
    first = first.filter(first.nth == 0)
    return first.semi_join(name, [("team", "key")]).select("id")


def joined_sets(ticket: ibis.Table, name: ibis.Table) -> ibis.Table:
    both = ticket.select("team", "note").union(name.select(team="key", note="more"))
    return both.group_by("team").aggregate(n=both.count())


def distinct_rows(ticket: ibis.Table, name: ibis.Table) -> ibis.Table:
    rows = ticket.select("team", "note").distinct()
    named = rows.join(name, [("team", "key")])
    return named.group_by("label").aggregate(n=named.count())


READ: dict[Made, tuple[set[str], set[str]]] = {
    counted: ({"open", "at", "team"}, {"key", "label"}),
    numbered: ({"team", "at", "id"}, {"key"}),
    joined_sets: ({"team", "note"}, {"key", "more"}),
    distinct_rows: ({"team", "note"}, {"key", "label"}),
}


@pytest.mark.parametrize("made", READ, ids=lambda made: made.__name__)
def test_columns_read_are_those_counted_by_hand(made: Made) -> None:
    read = columns_read(made(*tables()))
    assert (set(read["ticket"]), set(read["name"])) == READ[made]


@pytest.mark.parametrize("made", READ, ids=lambda made: made.__name__)
def test_an_expression_over_these_columns_alone_gives_the_same(made: Made) -> None:
    engine = DuckDBEngine()
    engine.load("ticket", TICKETS)
    engine.load("name", NAMES)
    whole = made(*tables())
    narrow = made(*tables(columns_read(whole)))
    key = [(column, "ascending") for column in whole.columns]
    assert engine.fetch(narrow).sort_by(key).to_pylist() == engine.fetch(whole).sort_by(key).to_pylist()
    assert len(engine.fetch(whole)) > 0
    engine.close()


def test_short_tables_of_numbers_travel_within_the_text() -> None:
    engine = DuckDBEngine()
    short = pa.table({"q": pa.array([1, 2, None], pa.int64()), "bucket": pa.array([7, 2**40, -1], pa.int64())})
    words = pa.table({"value": ["it's", None]})
    found = engine.run('SELECT * FROM "short" ORDER BY bucket', {}, {"short": short})
    assert found.schema.types == [pa.int64(), pa.int64()]
    assert found.to_pylist() == short.sort_by("bucket").to_pylist()
    assert engine.run('SELECT * FROM "words"', {}, {"words": words}).to_pylist() == words.to_pylist()
    nothing = engine.run('WITH "x" AS (SELECT 1 AS a) SELECT a, q FROM "x", "short"', {}, {"short": short})
    assert nothing.num_rows == 3
    engine.close()
