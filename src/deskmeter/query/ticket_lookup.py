"""Finds a ticket by what a person types: its id, or `source/id`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deskmeter.base.errors import AskerError, nearest
from deskmeter.engines.expressions import ibis
from deskmeter.query.access import Access
from deskmeter.query.records import Canonical, read_records

_COMPARED = 2_000  # ids that a mistyped one is held against


@dataclass(frozen=True)
class Standing:
    """One known ticket: whether it counts, why not, and where its messages went (see `standing` in facts)."""

    source: str
    ticket: str
    ticket_id: int
    created_us: int
    left_out: str | None
    survivor_id: int | None
    takes_all: bool


def find_ticket(access: Access, canonical: Canonical, ticket: str, source: str | None = None) -> Standing:
    """The ticket called `ticket`, or `source/ticket`.

    Raises:
        AskerError: there is none (the line names the nearest ids), or several sources have one.
    """
    wanted = [(source, ticket)]
    if source is None:
        wanted += [(ticket[:place], ticket[place + 1 :]) for place, letter in enumerate(ticket) if letter == "/"]
    known = access.table("standing")
    for owner, id in wanted:
        rows = known.filter(known.ticket == id)
        found = read_records(access, rows if owner is None else rows.filter(rows.source == owner), Standing, "source")
        if len(found) > 1:
            names = " or ".join(f"`{one.source}/{one.ticket}`" for one in found)
            raise AskerError(f"{len(found)} sources have a ticket `{id}`; say {names}")
        if found:
            return found[0]
    raise AskerError(_unknown(access, canonical, wanted, ticket, source))


def tickets_merged_into(access: Access, survivor_id: int) -> tuple[Standing, ...]:
    """The tickets whose messages moved to this one."""
    known = access.table("standing")
    rows = known.filter((known.survivor_id == survivor_id) & ~known.takes_all)
    return read_records(access, rows, Standing, "source", "ticket")


def ticket_of(access: Access, ticket_id: int) -> Standing:
    """The ticket with this number."""
    known = access.table("standing")
    return read_records(access, known.filter(known.ticket_id == ticket_id), Standing)[0]


def _unknown(
    access: Access, canonical: Canonical, wanted: Sequence[tuple[str | None, str]], ticket: str, source: str | None
) -> str:
    sources = access.engine.fetch(access.table("standing").select("source").distinct())["source"].to_pylist()
    asked = [(one, id) for owner, id in wanted for one in ([owner] if owner else sources)]
    if asked and canonical.read_tickets("ticket", asked).num_rows:
        return f"ticket `{ticket}` has no event yet, so there is nothing to tell; import its events"
    known = access.table("standing")
    if source is not None:
        known = known.filter(known.source == source)
    # the ids that share most with the one asked for; all of a large desk would take too long to compare
    like = known.ticket.contains(ticket) | known.ticket.startswith(ticket[: max(1, len(ticket) - 2)])
    ids = known.mutate(far=(~(like | ibis.literal(ticket).contains(known.ticket))).cast("int64"))
    ids = ids.order_by("far", "ticket").limit(_COMPARED).select("ticket")
    place = f" of `{source}`" if source else ""
    return f"no ticket `{ticket}`{place}{nearest(ticket, access.engine.fetch(ids)['ticket'].to_pylist())}"
