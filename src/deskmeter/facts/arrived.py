"""Facts brought up to what arrived since their build, without making all of them anew.

What a ticket was depends on its own events, on those of tickets merged with it, and on the other tickets of its requester.
So the tickets that new rows touch are made anew together with all that they reach in this way, by the steps of any build
in an engine of their own, and take the place of what was there; calls, answers, customers, orders and the rest are made
again where a table that they are made of has changed. The outcome is what a build of everything would give, but for the
numbers of tickets and states, which mean nothing.

    rows that arrived -> tickets touched -> tickets reached -> their facts, made apart -> put in place -> all else

Some changes reach everything (schedules, stages, roles, teams): then a build of everything is what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.canon.schema import TABLES
from deskmeter.engines.protocol import ChangingEngine, Engine
from deskmeter.facts import clocks, ordering, people, reach
from deskmeter.facts.build import OTHERS, TICKETS, Progress, build, load_parts
from deskmeter.facts.held_state import NUMBER, STATES
from deskmeter.facts.plans import PLANS
from deskmeter.facts.tables import Act, BuildSettings, Fed, Step, Tables, is_kept
from deskmeter.ledger.protocol import Ledger

_REACH_ALL = ("role_span", "team", "schedule", "schedule_hours", "holiday", "sla_policy", "status_stage")
"""Canonical tables whose rows bear on every ticket."""

_OF_TICKETS = ("event", "ticket", "schedule_span")
"""Canonical tables whose rows belong to one ticket each, all that the steps of tickets read by ticket but calls."""

_WHOLE = ("role_span", "schedule", "sla_policy", "status_stage")
"""Canonical tables that the steps of tickets read whole."""

_AT_MOST = 4  # a build of more than one ticket in so many costs no less than one of everything
_SMALL = 2_000  # tickets, of which a build of everything takes no time

_Ticket = tuple[str, str]  # source, id

_TICKET_KEYS = pa.schema([("source", pa.string()), ("ticket", pa.string())])
_KEYS = pa.schema([("key", pa.string())])
_CALENDAR = ("calendar_day", "calendar_reach")


class _ReachesAll(Exception):
    """The change bears on all tickets, or on too many."""


def catch_up(
    engine: ChangingEngine,
    apart: Callable[[], Engine],
    ledger: Ledger,
    imports: Collection[int],
    settings: BuildSettings,
    finish: Callable[[], None],
    progress: Progress = lambda step, done, total: None,
) -> bool:
    """Bring the facts that `engine` holds up to what came with `imports`, visible at once or not at all.

    Args:
        apart: gives an empty engine in memory, of the same kind, to make the facts of some tickets in.
        imports: those that count now and did not when the facts were made; all others are as they were.
        settings: those of the build that made the facts, but for the instant of a live desk.
        finish: what else is to be seen with the facts.

    Returns:
        False where only a build of everything will do; nothing has changed then.
    """
    arrived = {name: rows for name in TABLES if len(rows := ledger.arrived(name, imports))}
    if not arrived.keys().isdisjoint(_REACH_ALL):
        return False
    sources = set(engine.read("default_schedule")["source"].to_pylist())
    if not all(sources.issuperset(rows["source"].unique().to_pylist()) for rows in arrived.values()):
        return False
    engine.begin_change()
    try:
        _Arrival(engine, ledger, imports, settings, arrived, progress).settle(apart)
        finish()
        engine.commit()
    except _ReachesAll:
        engine.roll_back()
        return False
    except BaseException:  # also an interruption by hand: the facts stay as they were
        engine.roll_back()
        raise
    PLANS.store()
    return True


@dataclass
class _Near:
    """The tickets that are made anew, and the rows of theirs."""

    tickets: set[_Ticket] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    rows: dict[str, list[pa.Table]] = field(default_factory=lambda: {name: [] for name in _OF_TICKETS})

    def table(self, name: str) -> pa.Table:
        """All rows of a canonical table."""
        return pa.concat_tables(self.rows[name])


class _Arrival:
    """One run of `catch_up`, inside its transaction."""

    def __init__(
        self, engine: ChangingEngine, ledger: Ledger, imports: Collection[int], settings: BuildSettings,
        arrived: Mapping[str, pa.Table], progress: Progress,
    ) -> None:  # fmt: skip
        self._engine, self._ledger, self._imports, self._settings = engine, ledger, imports, settings
        self._arrived, self._progress = arrived, progress
        self._t = Tables(engine, settings)
        self._t.resume(engine.schemas(), _CALENDAR)
        self._changed = {f"c_{name}" for name in arrived}  # tables
        self._loaded: set[str] = set()  # canonical tables that the engine holds

    def settle(self, apart: Callable[[], Engine]) -> None:
        """All of it."""
        self._progress("find the tickets", 0, None)
        named, accounts = self._named()
        near = self._near(named, accounts)
        if near.tickets:
            engine = apart()
            try:
                self._make_apart(engine, near)
                self._put_in_place(engine, near)
            finally:
                engine.close()
        self._make_the_rest()

    def _named(self) -> tuple[set[_Ticket], pa.Table]:
        """Names as they are now; the tickets on which somebody has another one, and the accounts that changed."""
        if self._arrived.keys().isdisjoint(("person", "account")):
            return set(), _KEYS.empty_table()
        self._t.run(reach.before_naming)
        self._load("person", "account", "team")
        self._t.run(people.names)
        self._t.run(reach.renamed)
        if not self._engine.is_empty("new_role"):
            raise _ReachesAll
        self._changed |= {"person", "account"}
        accounts = self._engine.read("changed_account")
        if self._engine.is_empty("renamed_person"):
            return set(), accounts
        self._t.run(reach.mentions)
        return _tickets(self._engine.read("mention"), "ticket"), accounts

    def _near(self, named: Set[_Ticket], accounts: pa.Table) -> _Near:
        """The tickets that are touched, and all that share a requester or a merge with one of them, however far."""
        found = _Near()
        at_most = max(_SMALL, self._engine.sizes()["standing"] // _AT_MOST)
        new, askers = self._touched()
        new |= named
        while new or askers or len(accounts):
            found.tickets |= new
            if len(found.tickets) > at_most:
                raise _ReachesAll
            for name in _OF_TICKETS:
                found.rows[name].append(self._ledger.read_tickets(name, sorted(new)))
            askers |= _keys(found.rows["ticket"][-1], "requester")
            self._ask(new, askers - found.people, accounts)
            found.people |= askers
            self._t.run(reach.near)
            events = found.rows["event"][-1]
            merges = events.filter(pc.equal(events["kind"], "merged"))
            new = _tickets(self._engine.read("near"), "ticket") | _tickets(merges, "to_value")
            new -= found.tickets
            askers, accounts = set(), _KEYS.empty_table()
        return found

    def _ask(self, tickets: Iterable[_Ticket], people_keys: Iterable[str], accounts: pa.Table) -> None:
        self._t.take("asked_ticket", _ticket_keys(tickets))
        self._t.take("asked_person", pa.table([sorted(people_keys)], _KEYS))
        self._t.take("asked_account", accounts)

    def _touched(self) -> tuple[set[_Ticket], set[str]]:
        """The tickets that rows belong to or belonged to, and whose calls without a ticket came or went."""
        tickets: set[_Ticket] = set()
        callers: set[str] = set()
        for name in (*_OF_TICKETS, "call"):
            if name not in self._arrived:
                continue
            column = "id" if name == "ticket" else "ticket"
            rows = self._arrived[name]
            tickets |= _tickets(rows, column)
            if name == "call":
                callers |= _keys(rows, "person")
            if name != "ticket":
                for source, content in self._ledger.displaced(name, self._imports):
                    if content.get("ticket") is not None:
                        tickets.add((source, str(content["ticket"])))
                    if name == "call" and content.get("person") is not None:
                        callers.add(f"{source}/{content['person']}")
        return tickets, callers

    def _make_apart(self, engine: Engine, near: _Near) -> None:
        """The facts of some tickets, in an engine of their own."""
        tables = {name: near.table(name) for name in _OF_TICKETS}
        if self._ledger.has_any("call"):
            tables["call"] = self._calls_of(near.tickets)
        for name in _WHOLE:
            tables[name] = self._ledger.read(name)
        for name in TABLES:
            load_parts(engine, name, [tables.get(name)])
        numbers = self._numbers(tables, near.tickets)
        self._ask((), _people_in(tables), pa.table([sorted(_keys(tables["ticket"], "account"))], _KEYS))
        self._t.run(reach.names)

        def give_names(apart: Tables) -> None:
            for name, given in (("person", "person_near"), ("account", "account_near"), ("team", "team")):
                apart.take(name, self._engine.read(given))

        def give_numbers(apart: Tables) -> None:
            apart.take("ticket_number", numbers)

        def give_calendar(apart: Tables) -> None:
            for name, table in self._calendar(apart.engine.read("timeline")["eff_us"]).items():
                apart.load(name, table)

        given = {ordering.tickets: give_numbers, clocks.calendars: give_calendar}
        steps: list[Step | Fed | Act] = [Act(give_names)]
        for step in TICKETS:
            made = step.do if isinstance(step, Act) else step
            if made is not clocks.life:
                steps.append(Act(given[made]) if made in given else step)
        build(engine, self._settings, self._progress, steps)

    def _calls_of(self, tickets: Set[_Ticket]) -> pa.Table:
        """The calls of some tickets, and those without one."""
        calls = self._ledger.read("call")
        keys = pc.binary_join_element_wise(calls["source"], calls["ticket"], "/")
        wanted = pa.array([f"{source}/{ticket}" for source, ticket in tickets], pa.string())
        return calls.filter(pc.or_(pc.is_null(calls["ticket"]), pc.fill_null(pc.is_in(keys, wanted), False)))

    def _numbers(self, tables: Mapping[str, pa.Table], tickets: Set[_Ticket]) -> pa.Table:
        """Source, id and number of every ticket that has a row or an event; those that had one keep theirs."""
        self._ask(tickets, (), _KEYS.empty_table())
        self._t.run(reach.numbers)
        known = self._engine.read("numbered").to_pylist()
        numbers = {(row["source"], row["ticket"]): row["ticket_id"] for row in known}
        highest = self._engine.read("highest")["ticket_id"][0].as_py()
        there = _tickets(tables["event"], "ticket") | _tickets(tables["ticket"], "id")
        new = sorted(there - numbers.keys())
        numbers.update(zip(new, range(highest + 1, highest + 1 + len(new)), strict=True))
        whole = _ticket_keys(numbers)
        return whole.append_column("ticket_id", pa.array([numbers[ticket] for ticket in sorted(numbers)], pa.int64()))

    def _calendar(self, instants: pa.ChunkedArray) -> Mapping[str, pa.Table]:
        """The tables of the business clock; made anew where the desk's life has outgrown them."""
        held = {name: self._engine.read(name) for name in _CALENDAR}
        days = held["calendar_day"]["day"]
        if not len(days):
            return held
        life = self._engine.read("f_life").to_pylist()[0]
        lows, highs = [life["low"]], [life["high"]]
        for name, column in (("survey_answer", "at"), ("follow_up", "done_at")):
            if name in self._arrived:
                instants = pa.chunked_array([*instants.chunks, *self._arrived[name][column].cast(pa.int64()).chunks])
        found = pc.min_max(instants).as_py()
        low_us = min((us for us in (*lows, found["min"]) if us is not None), default=None)
        high_us = max((us for us in (*highs, found["max"]) if us is not None), default=None)
        first, last = clocks.calendar_days(low_us, high_us, self._settings.as_of_us)
        span = pc.min_max(days).as_py()
        epoch_day = clocks.days_since_1970
        if span["min"] <= epoch_day(first) and epoch_day(last) <= span["max"]:
            return held
        self._load(*clocks.CALENDAR_OF)
        loaded = {name: self._engine.read(f"c_{name}") for name in clocks.CALENDAR_OF}
        made = clocks.calendar_of(loaded, first, last)
        tables = {"calendar_day": made.days, "calendar_reach": made.reach}
        for name, table in tables.items():
            self._t.load(name, table)
        self._changed |= set(tables)
        return tables

    def _put_in_place(self, engine: Engine, near: _Near) -> None:
        """The facts of some tickets in the place of those that they had."""
        self._progress("put in place", 0, None)
        gone = self._engine.read("numbered")["ticket_id"]
        states = self._states(engine.read(STATES))
        stored = self._engine.schemas()
        for name, columns in engine.schemas().items():
            if not is_kept(name) or "ticket_id" not in columns:
                continue
            rows = engine.read(name).select(list(stored[name]))
            if NUMBER in columns:
                at = rows.schema.get_field_index(NUMBER)
                rows = rows.set_column(at, NUMBER, _mapped(rows[NUMBER], states))
            self._engine.replace_rows(name, "ticket_id", gone, rows)
            self._changed.add(name)
        self._t.take("asked_unnamed", engine.read("unnamed_person"))
        self._t.run(reach.unnamed_since)
        self._engine.replace_rows("unnamed_person", "id", None, self._engine.read("unnamed_since"))

    def _states(self, there: pa.Table) -> Mapping[int, int]:
        """The number here of each state there; those that were not met before are kept under new ones."""
        self._t.take("asked_state", there)
        self._t.run(reach.states_met)
        highest = self._engine.read("state_highest")[NUMBER][0].as_py()
        numbers: dict[int, int] = {}
        new = []
        for row in self._engine.read("state_met").to_pylist():
            if row["here"] is None:
                new.append(row["there"])
            numbers[row["there"]] = row["here"] or highest + len(new)
        rows = there.filter(pc.is_in(there[NUMBER], pa.array(new, pa.int64())))
        at = rows.schema.get_field_index(NUMBER)
        rows = rows.set_column(at, NUMBER, _mapped(rows[NUMBER], numbers))
        self._engine.replace_rows(STATES, NUMBER, None, rows)
        self._changed.add(STATES)
        return numbers

    def _make_the_rest(self) -> None:
        """Every other table that is made of one that changed, and what is needed on the way."""
        steps: tuple[Step | Fed | Act, ...] = (clocks.life, people.roles, *OTHERS)
        reads, makes = {}, {}
        wanted: set[int] = set()
        for place, step in enumerate(steps):
            if isinstance(step, Fed) and not self._feeds(step.by):
                continue  # nothing was there, and nothing is
            reads[place], makes[place] = self._foreseen(step)
            if step is people.roles:
                continue  # kept by nobody: made where it is needed
            if not self._changed.isdisjoint(reads[place]):
                wanted.add(place)
                self._changed |= makes[place]
        # what was not kept is made again for those that read it
        for place in sorted(reads, reverse=True):
            needed = {name for other in wanted for name in reads[other] if not is_kept(name)}
            if not needed.isdisjoint(makes[place]):
                wanted.add(place)
        self._load(*(name[2:] for place in wanted for name in reads[place] if name.startswith("c_")))
        for done, place in enumerate(sorted(wanted)):
            step = steps[place]
            made = step.step if isinstance(step, Fed) else step
            self._progress(made.__name__.replace("_", " "), done, len(wanted))
            if isinstance(made, Act):
                made.do(self._t)
            else:
                self._t.run(made, isinstance(step, Fed) and self._engine.is_empty(step.by))

    def _foreseen(self, step: Step | Fed | Act) -> tuple[Set[str], Set[str]]:
        """What a step reads and makes, which is known from then on by its columns."""
        made = step.step if isinstance(step, Fed) else step
        if isinstance(made, Act):
            self._t.foresee({made.makes: made.columns})
            return {made.reads}, {made.makes}
        plan = self._t.plan(made, is_empty=True)
        self._t.foresee({planned.name: planned.columns for planned in plan})
        return {name for planned in plan for name in planned.reads}, {planned.name for planned in plan}

    def _feeds(self, name: str) -> bool:
        """Whether a table that others are made of can have a row."""
        if name.startswith("c_"):
            return self._ledger.has_any(name[2:])
        return any(
            self._feeds(step.by) for step in OTHERS if isinstance(step, Fed) and name in self._foreseen(step)[1]
        )

    def _load(self, *names: str) -> None:
        for name in names:
            if name not in self._loaded:
                load_parts(self._engine, name, self._ledger.parts(name))
                self._loaded.add(name)


def _tickets(rows: pa.Table, column: str) -> set[_Ticket]:
    known = rows.filter(pc.is_valid(rows[column])).select(["source", column])
    found = known.group_by(["source", column], use_threads=False).aggregate([])
    return set(zip(found["source"].to_pylist(), found[column].to_pylist(), strict=True))


def _keys(rows: pa.Table, column: str) -> set[str]:
    return {f"{source}/{id}" for source, id in _tickets(rows, column)}


def _ticket_keys(tickets: Iterable[_Ticket]) -> pa.Table:
    ordered = sorted(tickets)
    return pa.table([[source for source, _ in ordered], [ticket for _, ticket in ordered]], _TICKET_KEYS)


def _people_in(tables: Mapping[str, pa.Table]) -> set[str]:
    """The keys of everybody whom events and tickets name."""
    events = tables["event"]
    assigned = events.filter(pc.equal(events["kind"], "assign"))
    found = _keys(events, "actor") | _keys(events, "first_assignee") | _keys(assigned, "to_value")
    found |= _keys(tables["ticket"], "requester") | _keys(tables["ticket"], "opened_by")
    return found | (_keys(tables["call"], "agent") if "call" in tables else set())


def _mapped(column: pa.ChunkedArray, numbers: Mapping[int, int]) -> pa.ChunkedArray:
    places = pc.index_in(column, pa.array(list(numbers), pa.int64()))
    return pa.chunked_array([pa.array(list(numbers.values()), pa.int64())]).take(places)
