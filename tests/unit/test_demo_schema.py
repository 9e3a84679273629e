from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from deskmeter.canon import vocab
from deskmeter.canon.schema import TABLES
from deskmeter.connectors.demo import invent
from deskmeter.connectors.demo.sheet import ARROW

END = datetime(2026, 11, 1)


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return invent(tickets=1_500)


def values(table: pa.Table, column: str) -> set[object]:
    return {value for value in table[column].to_pylist() if value is not None}


def test_every_canonical_table_is_there_with_exactly_its_columns(tables: dict[str, pa.Table]) -> None:
    assert set(tables) == set(TABLES)
    for name, table in tables.items():
        expected = pa.schema([(column.name, ARROW[column.type]) for column in TABLES[name].columns])
        assert table.schema.equals(expected), name


def test_no_table_is_empty(tables: dict[str, pa.Table]) -> None:
    assert {name for name, table in tables.items() if table.num_rows == 0} == set()


def test_ids_are_unique_and_never_null(tables: dict[str, pa.Table]) -> None:
    for name, table in tables.items():
        assert table["id"].null_count == 0, name
        assert len(values(table, "id")) == table.num_rows, name


def test_columns_that_are_never_null_are_never_null(tables: dict[str, pa.Table]) -> None:
    for name, table in tables.items():
        for column in TABLES[name].columns:
            if column.null == "never null":
                relevant = table
                if (name, column.name) == ("kb_event", "is_helpful"):
                    relevant = table.filter(pc.equal(table["kind"], "vote"))
                assert relevant[column.name].null_count == 0, (name, column.name)


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("event", "kind", vocab.EVENT_KINDS),
        ("ticket", "channel", vocab.CHANNELS),
        ("call", "outcome", vocab.CALL_OUTCOMES),
        ("call", "direction", vocab.DIRECTIONS),
        ("availability_span", "state", vocab.AVAILABILITY_STATES),
        ("sla_policy", "kind", vocab.SLA_KINDS),
        ("survey_answer", "kind", vocab.SURVEY_KINDS),
        ("survey_sent", "occasion", vocab.OCCASIONS),
        ("order", "kind", vocab.ORDER_KINDS),
        ("kb_event", "kind", vocab.KB_KINDS),
        ("status_stage", "stage", vocab.STAGES),
    ],
)
def test_closed_words_are_used_and_no_others(
    tables: dict[str, pa.Table], table: str, column: str, words: tuple[str, ...]
) -> None:
    spared = {"other", "api", "in_person"}  # words for what this company does not have
    found = values(tables[table], column)
    assert found <= set(words)
    assert set(words) - spared <= found


def test_references_point_to_rows(tables: dict[str, pa.Table]) -> None:
    references = {
        "ticket": "ticket", "person": "person", "account": "account", "call": "call", "order": "order",
        "survey": "survey_sent", "item": "kb_item", "team": "team", "agent": "person", "requester": "person",
        "opened_by": "person", "actor": "person", "first_assignee": "person", "first_team": "team",
    }  # fmt: skip
    for name, table in tables.items():
        if name in ("status_stage", "scale_rule"):
            continue
        for column, target in references.items():
            if column in table.column_names and column != name:
                assert values(table, column) <= values(tables[target], "id"), (name, column)


def test_values_of_events_point_to_what_they_name(tables: dict[str, pa.Table]) -> None:
    rows = tables["event"].select(["kind", "to_value", "from_value"]).to_pylist()
    known = {
        "assign": values(tables["person"], "id") | {None},
        "team": values(tables["team"], "id"),
        "status": values(tables["status_stage"], "status"),
        "merged": values(tables["ticket"], "id"),
        "schedule": values(tables["schedule"], "id"),
        "sla_applied": values(tables["sla_policy"], "policy"),
    }
    for kind, allowed in known.items():
        assert {row["to_value"] for row in rows if row["kind"] == kind} <= allowed, kind


def test_nothing_is_known_at_or_after_the_end(tables: dict[str, pa.Table]) -> None:
    for name, table in tables.items():
        for column in TABLES[name].columns:
            if column.type == "timestamp" and column.name != "due_at":
                assert all(at < END for at in values(table, column.name)), (name, column.name)  # type: ignore[operator]


def test_spans_last(tables: dict[str, pa.Table]) -> None:
    for name, begin, finish in (
        ("customer_span", "joined_at", "left_at"),
        ("subscription_span", "from_at", "to_at"),
        ("availability_span", "from_at", "to_at"),
        ("preference_span", "from_at", "to_at"),
    ):
        for row in tables[name].select([begin, finish]).to_pylist():
            assert row[begin] is None or row[finish] is None or row[begin] < row[finish], name


def test_the_same_arguments_give_the_same_tables() -> None:
    first, second = invent(3, 500, date(2025, 7, 1)), invent(3, 500, date(2025, 7, 1))
    assert all(first[name].equals(second[name]) for name in TABLES)


def test_another_seed_is_another_company() -> None:
    assert not invent(3, 500)["ticket"].equals(invent(4, 500)["ticket"])


@pytest.mark.parametrize("end", [date(2024, 2, 29), date(2025, 3, 31)])
def test_any_day_may_be_the_end(end: date) -> None:
    tables = invent(5, 500, end)
    assert tables["ticket"].num_rows == 500
    created = [
        row["at"] for row in tables["event"].select(["at", "kind"]).to_pylist() if row["kind"] == "created"
    ]  # fmt: skip
    assert len(created) == 500
    assert (max(created) - min(created)).days > 340


def test_the_size_follows_the_number_of_tickets(tables: dict[str, pa.Table]) -> None:
    small = invent(tickets=500)
    assert small["ticket"].num_rows == 500
    assert tables["ticket"].num_rows == 1_500
    for name in ("event", "call", "survey_sent", "kb_event", "message_out"):
        assert 1.2 < tables[name].num_rows / small[name].num_rows < 5, name
