"""Everything that is known of a desk at one instant, source by source, and the life of each ticket."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from oracle.business import Lived, Schedules
from oracle.customer_book import Book
from oracle.episodes import Life, Resolution, live
from oracle.ordering import Event, Thread, survivors, threads
from oracle.people import People
from oracle.replies import FirstReply, Wait, contacts_by_staff, first_reply, last_resolution, waits
from oracle.rows import History, Row, by_source, naive_utc
from oracle.state import State, schedule_spans, states


@dataclass(frozen=True)
class Settings:
    """Desk settings that matter for numbers (house decision 1)."""

    episode_gap_s: int = 86400
    service_level_s: int = 20
    rates: dict[str, float] = field(default_factory=dict)  # currency -> rate into the desk's currency
    whole_desk_has_customer_spans: bool | None = None  # None: look at the rows given


class Ticket:
    """One ticket that counts: its own events and what moved to it."""

    def __init__(self, world: "World", thread: Thread) -> None:
        self.world = world
        self.id = thread.id
        self.row = thread.row
        self.created_at = thread.created_at
        self.is_staff_opened = thread.opener_kind == "staff"
        self.is_opened_by_us = thread.opener_kind in ("staff", "bot")
        self.born_call = world.born_call(self.row.get("call"))
        self.events = thread.events + self._answer_of_the_born_call()
        # stable: of one instant the call's answer stands behind the ticket's own events, and before what moved to it
        self.events.sort(key=lambda event: (event.at, event.is_moved))
        self.states = states(self.events, world.stages)
        spans = [row for row in world.tables["schedule_span"] if row["ticket"] == self.id]
        self.lived = Lived(world.schedules, schedule_spans(self.events, spans))

    def _answer_of_the_born_call(self) -> list[Event]:
        """Ruling 81: on a call-born ticket the answered call is the first human reply for every metric."""
        if self.born_call is None:
            return []
        at, call = self.born_call["answered_at"], self.born_call
        row = {"kind": "call_answer", "actor": call.get("agent"), "id": call["id"], "at": at}
        return [Event(row, at, max(at, self.created_at), "staff", channel="phone")]

    @cached_property
    def life(self) -> Life:
        """Resolutions, leavings, new contacts."""
        gap = timedelta(seconds=self.world.settings.episode_gap_s)
        return live(self.events, self.states, gap, self.row.get("opened_by") if self.is_opened_by_us else None)

    @cached_property
    def waits(self) -> list[Wait]:
        """Every wait of the customer."""
        return waits(self.events, self.states)

    @cached_property
    def calls(self) -> list[Row]:
        """Calls of this ticket and of what was merged into it."""
        return [call for call in self.world.tables["call"] if self.world.home.get(call.get("ticket") or "") == self.id]

    def answer_at(self, call: Row) -> datetime:
        """When the clocks of this ticket read the answer of a call: of its own or of a ticket merged into it."""
        own: datetime = max(call["answered_at"], self.world.created.get(call["ticket"], self.created_at))
        return max(own, self.created_at)

    def is_by_requester(self, call: Row) -> bool:
        """Whether the requester of the very ticket that a call belongs to took it themselves (rulings 18, 74)."""
        own = {row["id"]: row.get("requester") for row in self.world.tables["ticket"]}
        return call.get("agent") is not None and call.get("agent") == own.get(call.get("ticket"))

    def first_reply(self, count_automation: bool = False) -> FirstReply:
        """The clock of the first reply."""
        call = (self.born_call["ringing_at"], self.born_call["answered_at"]) if self.born_call else None
        return first_reply(self.events, self.is_staff_opened, call, count_automation)

    @cached_property
    def resolution(self) -> Resolution | None:
        """The last resolution, if it is resolved at `as_of`."""
        return last_resolution(self.life, self.states)

    @cached_property
    def contacts_n(self) -> int:
        """Contacts by staff up to and including the instant of the last resolution."""
        answered = [self.answer_at(call) for call in self.calls if call.get("answered_at") is not None]
        return contacts_by_staff(self.events, self.resolution, answered)

    @property
    def is_one_contact(self) -> bool:
        """Ruling 16: resolved with exactly one contact, neither reopened nor contacted anew."""
        return self.resolution is not None and not self.life.leavings and self.contacts_n == 1

    def position_at(self, moment: datetime, inclusive: bool) -> int | None:
        """Position of the last event before `moment` (or at it); null: not created yet."""
        found = None
        for position, event in enumerate(self.events):
            if event.at < moment or (inclusive and event.at == moment):
                found = position
        return found

    def state_then(self, moment: datetime) -> State:
        """Its state at `moment`; before its creation the one at the creation's instant."""
        position = self.position_at(max(moment, self.created_at), inclusive=True)
        return self.states[position or 0]

    def first_ever(self, attribute: str) -> str | None:
        """Ruling 9: the first agent, team or priority that the ticket ever had by `as_of`."""
        values = (getattr(state, attribute) for state in self.states)
        return next((value for value in values if value is not None), None)

    @property
    def requester(self) -> str | None:
        """The person who asks."""
        return self.row.get("requester")

    @property
    def account(self) -> str | None:
        """The account it is for, else the requester's."""
        return self.row.get("account") or self.world.people.account(self.requester)


class World:
    """One source."""

    def __init__(self, source: str, tables: History, as_of: datetime, settings: Settings) -> None:
        self.source, self.tables, self.as_of, self.settings = source, tables, as_of, settings
        self.people = People(tables)
        self.schedules = Schedules(tables)
        self.stages = {row["status"]: row["stage"] for row in tables["status_stage"]}
        self._calls = {row["id"]: row for row in tables["call"]}
        known = threads(tables, self.people, as_of)
        self.created = {thread.id: thread.created_at for thread in known.values()}
        kept, self.home = survivors(known)
        self.tickets = [Ticket(self, kept[ticket_id]) for ticket_id in sorted(kept)]
        self.by_id = {ticket.id: ticket for ticket in self.tickets}

    def born_call(self, call_id: str | None) -> Row | None:
        """The call from which a ticket was born, if it was answered."""
        call = self._calls.get(call_id or "")
        return call if call is not None and call.get("answered_at") is not None else None

    @cached_property
    def in_order_of_creation(self) -> list[Ticket]:
        """Ruling 70: of two tickets of one second the smaller id comes first."""
        return sorted(self.tickets, key=lambda t: (t.created_at.replace(microsecond=0), t.id))

    @cached_property
    def lived_default(self) -> Lived:
        """The default schedule, for what belongs to no ticket."""
        return Lived(self.schedules, [])

    def customer(self, account: str | None, person: str | None) -> str | None:
        """Ruling 39: a row's customer is its account, else the account of its person, else the person."""
        return account or self.people.account(person) or person


class Desk:
    """All sources, as known at `as_of`."""

    def __init__(self, history: History, as_of: datetime, settings: Settings | None = None) -> None:
        self.as_of = naive_utc(as_of)
        self.settings = settings or Settings()
        tables = by_source(history, self.as_of)
        self.bands: dict[datetime, dict[tuple[str, str], str]] = {}  # value bands by period start, once asked for
        self.worlds = [World(source, tables[source], self.as_of, self.settings) for source in sorted(tables)]

    @cached_property
    def books(self) -> list[Book]:
        """The customers of each source.

        Rulings 60, 78: where no customer span that counts has begun by `as_of` in the whole desk, a customer is
        an account with an open subscription.
        """
        has_spans = self.settings.whole_desk_has_customer_spans
        if has_spans is None:
            has_spans = any(Book(world, False).spans for world in self.worlds)
        return [Book(world, not has_spans) for world in self.worlds]

    @property
    def tickets(self) -> list[Ticket]:
        """Every ticket that counts."""
        return [ticket for world in self.worlds for ticket in world.tickets]

    @cached_property
    def _names(self) -> dict[str, Counter[str]]:
        return {
            table: Counter(row["name"] for world in self.worlds for row in world.tables[table] if row.get("name"))
            for table in ("person", "team", "account")
        }

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str], Row]:
        return {
            (table, world.source, row["id"]): row
            for table in ("person", "team", "account", "kb_item")
            for world in self.worlds
            for row in world.tables[table]
        }

    def row(self, table: str, world: World, row_id: str | None) -> Row:
        """The row of that id, or an empty one."""
        return self._rows.get((table, world.source, row_id or ""), {})

    def name(self, table: str, world: World, row_id: str | None) -> str | None:
        """House decision 6: the display name, else the id; two things with one name: name (id)."""
        if row_id is None:
            return None
        name = self.row(table, world, row_id).get("name")
        if not name:
            return row_id
        return f"{name} ({row_id})" if self._names[table][name] > 1 else name
