"""A table that names its state by number is read with the texts of it, and joined to them only where one is wanted."""

import pyarrow as pa
import pytest

from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.facts.held_state import columns_shown, shown

STATES = {"state_no": "int64", "stage": "string", "status": "string", "assignee": "string", "agent": "string",
          "is_human": "boolean", "team": "string", "priority": "string"}  # fmt: skip
FACT = {"ticket_id": "int64", "agent": "string", "state_no": "int64"}


@pytest.fixture
def engine() -> DuckDBEngine:
    made = DuckDBEngine()
    made.load(
        "ticket_state",
        pa.table(
            {
                "state_no": [1, 2],
                "stage": ["new", "open"],
                "status": ["New", "Active"],
                "assignee": [None, "7"],
                "agent": [None, "Ann"],
                "is_human": [False, True],
                "team": pa.array([None, "Blue"]),
                "priority": ["low", None],
            }
        ),
    )
    made.load("f_thing", pa.table({"ticket_id": [10, 11, 12], "agent": ["Bob", None, "Eve"], "state_no": [2, 1, 2]}))
    return made


def test_every_row_has_the_texts_of_its_state_and_keeps_its_own(engine: DuckDBEngine) -> None:
    rows = engine.fetch(shown("f_thing", FACT, STATES).order_by("ticket_id")).to_pylist()
    assert rows == [
        {"ticket_id": 10, "agent": "Bob", "stage": "open", "status": "Active", "team": "Blue", "priority": None},
        {"ticket_id": 11, "agent": None, "stage": "new", "status": "New", "team": None, "priority": "low"},
        {"ticket_id": 12, "agent": "Eve", "stage": "open", "status": "Active", "team": "Blue", "priority": None},
    ]


def test_states_are_joined_where_a_text_of_them_is_wanted_and_nowhere_else(engine: DuckDBEngine) -> None:
    own = engine.compile(shown("f_thing", FACT, STATES, {"ticket_id", "agent"}))
    assert "ticket_state" not in own
    with_team = shown("f_thing", FACT, STATES, {"ticket_id", "team"})
    text = engine.compile(with_team)
    assert "ticket_state" in text
    assert "priority" not in text
    assert with_team.columns == ("ticket_id", "team")


def test_a_timeline_also_tells_who_was_assigned_and_other_tables_do_not() -> None:
    held = {"ticket_id": "int64", "state_no": "int64"}
    assert {"assignee", "is_human"} <= set(columns_shown("timeline", held))
    assert not {"assignee", "is_human", "state_no"} & set(columns_shown("f_thing", held))


def test_a_table_without_a_state_and_the_states_themselves_stay_as_they_are() -> None:
    assert columns_shown("ticket", {"ticket_id": "int64"}) == {"ticket_id": "int64"}
    assert columns_shown("ticket_state", STATES) == STATES
