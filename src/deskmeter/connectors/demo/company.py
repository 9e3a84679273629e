"""Invents the whole company: the list of its parts, in the order in which they need each other."""

from datetime import date

import pyarrow as pa

from deskmeter.canon.schema import TABLES
from deskmeter.connectors.demo.calls import invent_free_calls
from deskmeter.connectors.demo.customers import invent_customers
from deskmeter.connectors.demo.knowledge import invent_knowledge
from deskmeter.connectors.demo.money import invent_money
from deskmeter.connectors.demo.outreach import invent_outreach
from deskmeter.connectors.demo.sales import invent_sales
from deskmeter.connectors.demo.sheet import Row, Sheet, whole
from deskmeter.connectors.demo.staff import invent_staff
from deskmeter.connectors.demo.surveys import invent_surveys
from deskmeter.connectors.demo.tickets import invent_tickets
from deskmeter.connectors.demo.world import DEFAULT_END, World

COUNTER = "log"


def invent(seed: int = 7, tickets: int = 20_000, end: date = DEFAULT_END) -> dict[str, pa.Table]:
    """Every canonical table of an invented company, twelve months long; the same arguments give the same rows.

    Args:
        seed: another seed is another company.
        tickets: how many tickets; everything else grows with them, down to about 500.
        end: midnight UTC of this day is the end; nothing is known at or after it.

    Returns:
        One table for each name of `TABLES`, with exactly its columns.
    """
    world = World(seed, tickets, end)
    sheets = {name: Sheet(name) for name in TABLES}
    staff = invent_staff(world, sheets)
    base = invent_customers(world, staff, sheets)
    invent_money(world, base, sheets)
    lives = invent_tickets(world, base, staff, sheets)
    invent_free_calls(world, base, staff, sheets)
    invent_sales(world, staff, lives, sheets)
    invent_surveys(world, base, staff, lives, sheets)
    invent_knowledge(world, base, lives, sheets)
    invent_outreach(world, base, sheets)
    for sheet in sheets.values():
        _cut(sheet, world.end)
    _number(sheets["event"])
    return {name: sheet.arrow() for name, sheet in sheets.items()}


def _cut(sheet: Sheet, end: int) -> None:
    """Leaves out what was not known before the end, and empties what only became known later."""
    table = sheet.table
    if table.known_at is not None:
        known_at = table.known_at
        sheet.rows = [row for row in sheet.rows if _is_before(row, known_at, end)]
    for instant, others in table.later:
        for row in sheet.rows:
            if not _is_before(row, instant, end):
                row.update(dict.fromkeys((instant, *others)))


def _is_before(row: Row, column: str, end: int) -> bool:
    at = row.get(column)
    return at is None or (isinstance(at, int) and at < end)


def _number(events: Sheet) -> None:
    """Sorts by time (what was written first stands first within a second) and numbers the log."""
    events.rows.sort(key=_at)
    for index, row in enumerate(events.rows, start=1):
        row["id"] = f"E-{index:07}"
        row["counter"] = COUNTER
        row["sequence"] = index


def _at(row: Row) -> int:
    return whole(row["at"])
