"""What a ticket was, as one whole number: facts keep it in the place of five texts.

`ticket_state` has one row for each combination of stage, status, assignee, team and priority that any ticket ever had.
They are few beside the events (9,531 for the 312,896 of the ServiceNow log), and a whole number is made and written in a
fraction of the time that five texts take. Whoever asks for the texts joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from deskmeter.engines.expressions import ibis

STATES = "ticket_state"
NUMBER = "state_no"
TEXTS = ("stage", "status", "agent", "team", "priority")
"""What a table with a `state_no` is read with, but for what it has itself (an owner, a priority at the end)."""

_MORE = {"timeline": {"assignee": "string", "is_human": "boolean"}}


def with_state(table: ibis.Table, states: ibis.Table, *columns: str, number: str = NUMBER, **named: str) -> ibis.Table:
    """`table` with some columns of its state: `columns` under their own names, `named` as new name = column.

    number: the column of `table` that holds the number; a row without a number is left out.
    """
    known = states.select(_state_no=NUMBER, **{name: name for name in columns}, **named)
    return table.join(known, [(number, "_state_no")]).drop("_state_no")


def read_with(table: str, columns: Mapping[str, str]) -> Mapping[str, str]:
    """What table `table`, of these columns and types, is read with besides: columns of its state, with their types."""
    if NUMBER not in columns or table == STATES:
        return {}
    offered = {**dict.fromkeys(TEXTS, "string"), **_MORE.get(table, {})}
    return {name: kind for name, kind in offered.items() if name not in columns}


def columns_shown(table: str, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns of table `table` as a reader sees them: the texts of the state in the place of its number."""
    added = read_with(table, columns)
    own = {name: kind for name, kind in columns.items() if not added or name != NUMBER}
    return {**own, **added}


def shown(
    table: str, columns: Mapping[str, str], states: Mapping[str, str], only: Set[str] | None = None
) -> ibis.Table:
    """Table `table` of these columns as a reader sees it, or the columns of it that are in `only` (one at least).

    states: the columns of `ticket_state`. It is joined only where a text of the state is wanted.
    """
    seen = columns_shown(table, columns)
    wanted = [name for name in seen if only is None or name in only] or [*seen][:1]
    held = ibis.table(dict(columns), name=table)
    texts = [name for name in wanted if name not in columns]
    if texts:
        own = [name for name in wanted if name in columns]
        # selected by name: a table that only claimed to have these columns would be read with all that it has
        return with_state(held.select(*own, NUMBER), ibis.table(dict(states), name=STATES), *texts).select(*wanted)
    return held if wanted == [*columns] else held.select(wanted)
