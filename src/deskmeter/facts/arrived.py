"""Facts brought up to what arrived since their build, without making all of them anew.

What a ticket was depends on its own events, on those of tickets merged with it, and on the other tickets of its requester;
what is told of a call, a survey or a visit on its own row, its ticket and its person. So the tickets and rows that new
rows touch are made anew together with all that they reach in this way, by the steps of any build in an engine of their
own, and take the place of what was there. The few tables that are made as a whole (customers, orders, plans) are made
again where something in them has changed. The outcome is what a build of everything would give, but for the numbers of
tickets and states, which mean nothing.

    rows that arrived -> what they touch -> what that reaches -> its facts, made apart -> put in place -> the wholes

Some changes reach everything (schedules, stages, roles, teams): then a build of everything is what is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.canon.schema import TABLES
from deskmeter.engines.protocol import ChangingEngine, Engine
from deskmeter.facts import clocks, customers, money, ordering, people, reach
from deskmeter.facts.build import ROWS, TICKETS, WHOLES, Progress, build, load_parts, plain
from deskmeter.facts.held_state import NUMBER, STATES
from deskmeter.facts.plans import PLANS
from deskmeter.facts.reach import ACCOUNT, NEAR, ORDER, STAFF
from deskmeter.facts.tables import ROWS_KEPT, Act, BuildSettings, Fed, Step, Tables, is_arrived, is_kept
from deskmeter.ledger.protocol import Ledger

REACH_ALL = (
    "role_span", "team", "membership_span", "schedule", "schedule_hours", "holiday", "sla_policy", "status_stage",
    "scale_rule", "kb_item",
)  # fmt: skip
"""Canonical tables whose rows bear on everything, or on what nobody can tell cheaply."""

_OF_TICKETS = ("event", "ticket", "schedule_span")
"""Canonical tables whose rows belong to one ticket each; the ledger finds them by it."""

_AT_MOST = 4  # a build of more than one ticket in so many costs no less than one of everything
_SMALL = 2_000  # tickets, of which a build of everything takes no time
_MOST_ROWS = 200_000  # raw rows that came together: they are held in memory, and reach more than pays

# facts of single rows: the canonical table of their rows, and the column that holds the row's id
_BY_ROW = {
    "f_call": ("call", "call"), "f_survey": ("survey_sent", "survey"), "f_answer": ("survey_answer", "answer"),
    "set_aside_answer": ("survey_answer", "answer"), "f_message_out": ("message_out", "message"),
    "f_preference": ("preference_span", "id"), "f_kb_event": ("kb_event", "id"), "f_kb_vote": ("kb_event", "id"),
    "f_contact": ("call", "call"),
}  # fmt: skip
_BY_SESSION = ("f_kb_session", "f_kb_search", "f_kb_issue")
_BY_TICKET_TOO = ("f_contact", "f_kb_issue")  # they have rows of tickets besides
_LINKED_ORDERS = "orders that are linked"  # they stay as they are, and what is told of them changes
_LIFE_OF_ITEMS = ("published", "updated", "archived")  # kinds of kb_event

_Thing = tuple[str, str]  # source, id
_Things = dict[str, set[_Thing]]  # by kind

_ASKED = pa.schema([(name, pa.string()) for name in ("kind", "source", "id", "key")])
_CALENDAR = ("calendar_day", "calendar_reach")


class _ReachesAll(Exception):
    """The change bears on everything, or on too much."""


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
    if sum(record.counts.stored for record in ledger.imports() if record.number in imports) > _MOST_ROWS:
        return False
    arrived = {name: rows for name in TABLES if len(rows := ledger.arrived(name, imports))}
    if not arrived.keys().isdisjoint(REACH_ALL):
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


class _Near:
    """What is made anew: the things that were reached, and the rows of theirs."""

    def __init__(self) -> None:
        self.things: _Things = defaultdict(set)
        self._rows: dict[str, list[pa.Table]] = defaultdict(list)

    def take(self, new: _Things) -> _Things:
        """Count things as reached; those of them that were not before."""
        fresh: _Things = defaultdict(set)
        for kind, found in new.items():
            fresh[kind] = found - self.things[kind]
            self.things[kind] |= found
        return fresh

    def add(self, name: str, rows: pa.Table) -> pa.Table:
        """Keep rows of a canonical table."""
        self._rows[name].append(rows)
        return rows

    def table(self, name: str) -> pa.Table | None:
        """All rows of a canonical table that were kept, each once; None for none."""
        parts = self._rows.get(name)
        if not parts:
            return None
        whole = pa.concat_tables(parts).combine_chunks()
        places = whole.select(["source", "id"]).append_column("nth", pa.array(range(len(whole)), pa.int64()))
        first = places.group_by(["source", "id"], use_threads=False).aggregate([("nth", "min")])
        return whole.take(first["nth_min"])


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
        self._is_of_items = False  # whether an item of the knowledge base came, went or changed

    def settle(self, apart: Callable[[], Engine]) -> None:
        """All of it."""
        self._progress("find what it reaches", 0, None)
        touched = self._named()
        for kind, things in self._touched().items():
            touched[kind] |= things
        self._keep_rows()
        near = self._near(touched)
        whole = self._mentioned(near) | {f"c_{name}" for name in self._arrived}
        if any(near.things.values()):
            engine = apart()
            try:
                self._make_apart(engine, near)
                whole |= self._put_in_place(engine, near)
            finally:
                engine.close()
        self._make_wholes(whole)

    def _named(self) -> _Things:
        """Makes the names as they are now; people and accounts with another name, and the tickets that show them."""
        found: _Things = defaultdict(set)
        if self._arrived.keys().isdisjoint(("person", "account")):
            return found
        self._t.run(reach.before_naming)
        for name in ("person", "account", "team"):
            load_parts(self._engine, name, self._ledger.parts(name))
        self._t.run(people.names)
        self._t.run(reach.renamed)
        if not self._engine.is_empty("new_role"):
            raise _ReachesAll
        found[ACCOUNT] = _things(self._engine.read("changed_account"), "id")
        renamed = self._engine.read("renamed_person")
        found[STAFF] = _things(self._engine.read("new_person"), "id") | _things(renamed, "id")
        if len(renamed):
            self._t.run(reach.mentions)
            found["ticket"] = _things(self._engine.read("mention"), "ticket")
        return found

    def _touched(self) -> _Things:
        """All that rows name which arrived, and what those named that they took the place of."""
        found: _Things = defaultdict(set)
        for name in _OF_TICKETS:
            if name not in self._arrived:
                continue
            found["ticket"] |= _things(self._arrived[name], "id" if name == "ticket" else "ticket")
            for source, row in self._ledger.displaced(name, self._imports):
                named = {"ticket": row.get("ticket"), "person": row.get("requester")}
                if row.get("kind") == "merged":  # it went there, and does no more
                    found["ticket"] |= {(source, str(row["to_value"]))} if row.get("to_value") is not None else set()
                for kind, id in named.items():
                    if id is not None:
                        found[kind].add((source, str(id)))
        rows = {name: self._arrived[name] for name in NEAR if name in self._arrived}
        if rows:
            self._ask({name: _things(table, "id") for name, table in rows.items()})
            self._t.run(reach.arrived_before)
            for name, table in rows.items():
                _add_named(found, name, table)
                before = self._engine.read(f"before_{name}")
                _add_named(found, name, before)
                if name == "kb_event":
                    self._is_of_items |= _is_of_items(before)
        return found

    def _keep_rows(self) -> None:
        """What arrived, in the tables of rows as they arrived."""
        for name in ROWS_KEPT:
            if name in self._arrived:
                rows = self._arrived[name]
                self._engine.replace_rows(f"c_{name}", [rows.select(["source", "id"])], plain(name, rows))

    def _near(self, touched: _Things) -> _Near:
        """All that is touched, and all that shares a requester, a merge, a person or a row with it, however far."""
        near = _Near()
        at_most = max(_SMALL, self._engine.sizes()["standing"] // _AT_MOST)
        new = near.take(touched)
        while any(new.values()):
            if len(near.things["ticket"]) > at_most:
                raise _ReachesAll
            found: _Things = defaultdict(set)
            tickets = sorted(new["ticket"])
            for name in _OF_TICKETS:
                near.add(name, self._ledger.read_tickets(name, tickets))
            new["person"] |= near.take({"person": _of(near, "ticket", "requester")})["person"]
            self._ask(new)
            self._t.run(reach.near)
            found["ticket"] |= _things(self._engine.read("near"), "ticket") | _merged_into(near)
            for name in NEAR:
                _add_named(found, name, near.add(name, self._engine.read(f"near_{name}")))
            new = near.take(found)
        return near

    def _ask(self, things: Mapping[str, Iterable[_Thing]]) -> None:
        rows = [(kind, *thing, "/".join(thing)) for kind, found in things.items() for thing in sorted(found)]
        columns = list(zip(*rows, strict=True)) or [()] * len(_ASKED)
        self._t.take("asked", pa.table([pa.array(column, pa.string()) for column in columns], _ASKED))

    def _mentioned(self, near: _Near) -> set[str]:
        """The tables of rows, made as a whole, of which some row names something that is made anew."""
        if not any(near.things.values()):
            return set()
        self._ask({**near.things, ORDER: _of(near, "ticket", "order")})
        self._t.run(reach.mentioned)
        names = self._engine.read("mentioned")["table"].to_pylist()
        return {_LINKED_ORDERS if name == "order" else f"c_{name}" for name in names}

    def _make_apart(self, engine: Engine, near: _Near) -> None:
        """The facts of what is made anew, in an engine of their own."""
        rows = {name: near.table(name) for name in _OF_TICKETS}
        for name in TABLES:
            if name in NEAR:
                held = near.table(name)
                engine.load(f"c_{name}", plain(name, None) if held is None else held, is_kept=False)
            else:
                load_parts(engine, name, [self._ledger.read(name) if name in REACH_ALL else rows.get(name)])
        numbers = self._numbers(near)
        self._ask({"person": _people_in(near), ACCOUNT: _of(near, "ticket", "account")})
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
        for step in (*TICKETS, *ROWS):
            made = step.do if isinstance(step, Act) else step
            if made is not clocks.life:
                steps.append(Act(given[made]) if made in given else step)
        build(engine, self._settings, self._progress, steps)

    def _numbers(self, near: _Near) -> pa.Table:
        """Source, id and number of every ticket that has a row or an event; those that had one keep theirs."""
        self._ask({"ticket": near.things["ticket"]})
        self._t.run(reach.numbers)
        known = self._engine.read("numbered").to_pylist()
        numbers = {(row["source"], row["ticket"]): row["ticket_id"] for row in known}
        highest = self._engine.read("highest")["ticket_id"][0].as_py()
        there = {thing for name, column in (("event", "ticket"), ("ticket", "id")) for thing in _of(near, name, column)}
        new = sorted(there - numbers.keys())
        numbers.update(zip(new, range(highest + 1, highest + 1 + len(new)), strict=True))
        ordered = sorted(numbers)
        return pa.table(
            {
                "source": pa.array([source for source, _ in ordered], pa.string()),
                "ticket": pa.array([ticket for _, ticket in ordered], pa.string()),
                "ticket_id": pa.array([numbers[ticket] for ticket in ordered], pa.int64()),
            }
        )

    def _calendar(self, instants: pa.ChunkedArray) -> Mapping[str, pa.Table]:
        """The tables of the business clock; made anew where the desk's life has outgrown them."""
        held = {name: self._engine.read(name) for name in _CALENDAR}
        days = held["calendar_day"]["day"]
        if not len(days):
            return held
        life = self._engine.read("f_life").to_pylist()[0]
        of_calls = tuple(("call", column) for column in clocks.CALL_INSTANTS)
        for name, column in (("survey_answer", "at"), ("follow_up", "done_at"), *of_calls):
            if name in self._arrived:
                instants = pa.chunked_array([*instants.chunks, *self._arrived[name][column].cast(pa.int64()).chunks])
        found = pc.min_max(instants).as_py()
        low_us = min((us for us in (life["low"], found["min"]) if us is not None), default=None)
        high_us = max((us for us in (life["high"], found["max"]) if us is not None), default=None)
        first, last = clocks.calendar_days(low_us, high_us, self._settings.as_of_us)
        span = pc.min_max(days).as_py()
        held_first, held_last = (clocks.day_of(span[end]) for end in ("min", "max"))
        if held_first <= first and last <= held_last:
            return held
        first, last = min(first, held_first), max(last, held_last)
        for name in clocks.CALENDAR_OF:
            load_parts(self._engine, name, self._ledger.parts(name))
        loaded = {name: self._engine.read(f"c_{name}") for name in clocks.CALENDAR_OF}
        made = clocks.calendar_of(loaded, first, last)
        tables = {"calendar_day": made.days, "calendar_reach": made.reach}
        for name, table in tables.items():
            self._t.load(name, table)
        return tables

    def _put_in_place(self, engine: Engine, near: _Near) -> set[str]:
        """What was made apart in the place of what was there; which tables are to be made as a whole for it."""
        self._progress("put in place", 0, None)
        self._ask({"ticket": near.things["ticket"]})
        self._t.run(reach.numbers)
        tickets = self._engine.read("numbered").select(["ticket_id"])
        sessions = pa.table({"session": pa.array(sorted(map("/".join, near.things["session"])), pa.string())})
        states = self._states(engine.read(STATES))
        stored = self._engine.schemas()
        for name, columns in engine.schemas().items():
            gone = [tickets] if name in _BY_TICKET_TOO or name not in (*_BY_ROW, *_BY_SESSION) else []
            if name in _BY_ROW:
                table, column = _BY_ROW[name]
                rows = near.table(table)
                gone += [] if rows is None else [rows.select(["source", "id"]).rename_columns(["source", column])]
            if name in _BY_SESSION:
                gone.append(sessions)
            if not is_kept(name) or is_arrived(name) or not gone or not {*gone[0].column_names} <= columns.keys():
                continue
            made = engine.read(name).select(list(stored[name]))
            if NUMBER in columns:
                made = _with_numbers(made, states)
            self._engine.replace_rows(name, gone, made)
        self._t.take("asked_unnamed", engine.read("unnamed_person"))
        self._t.run(reach.unnamed_since)
        self._engine.replace_rows("unnamed_person", [], self._engine.read("unnamed_since"))
        visits = near.table("kb_event")
        self._is_of_items |= visits is not None and _is_of_items(visits)
        return {"timeline", "ticket"} | ({"f_kb_event"} if self._is_of_items else set())

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
        self._engine.replace_rows(STATES, [], _with_numbers(rows, numbers))
        return numbers

    def _make_wholes(self, changed: set[str]) -> None:
        """Every table that is made as a whole, of something that has changed."""
        steps: list[Step | Fed] = []
        if changed & {"timeline", "c_survey_answer", "c_follow_up", "c_call"}:
            steps.append(clocks.life)
        for step in WHOLES:
            made = step.step if isinstance(step, Fed) else step
            plan = self._t.plan(made, is_empty=True)
            self._t.foresee({planned.name: planned.columns for planned in plan})
            reads = {name for planned in plan for name in planned.reads}
            if made is money.orders:  # one that no ticket of those that changed is linked to stays as it is
                reads = reads - {"ticket"} | {_LINKED_ORDERS}
            if not changed.isdisjoint(reads):
                changed |= {planned.name for planned in plan}
                steps.append(step)
        if steps:
            load_parts(self._engine, "membership_span", self._ledger.parts("membership_span"))
        # stays are not kept: who is made of them needs them made again
        if customers.customer_spans in steps and customers.stays not in steps:
            steps.insert(steps.index(customers.customer_spans), customers.stays)
        for done, step in enumerate(steps):
            made = step.step if isinstance(step, Fed) else step
            self._progress(made.__name__.replace("_", " "), done, len(steps))
            self._t.run(made, isinstance(step, Fed) and self._engine.is_empty(step.by))


def _things(rows: pa.Table, column: str) -> set[_Thing]:
    """The (source, id) that a column names."""
    known = rows.filter(pc.is_valid(rows[column])).select(["source", column])
    found = known.group_by(["source", column], use_threads=False).aggregate([])
    return set(zip(found["source"].to_pylist(), found[column].to_pylist(), strict=True))


def _of(near: _Near, name: str, column: str) -> set[_Thing]:
    rows = near.table(name)
    return set() if rows is None else _things(rows, column)


def _merged_into(near: _Near) -> set[_Thing]:
    """What merges of the tickets name."""
    events = near.table("event")
    return set() if events is None else _things(events.filter(pc.equal(events["kind"], "merged")), "to_value")


def _is_of_items(visits: pa.Table) -> bool:
    """Whether some events of the knowledge base bear on when an item was live."""
    return bool(pc.any(pc.is_in(visits["kind"], pa.array(_LIFE_OF_ITEMS))).as_py())


def _add_named(found: _Things, name: str, rows: pa.Table) -> None:
    """Adds all things that rows of canonical table `name` name."""
    for column, kind in NEAR[name].items():
        found[kind] |= _things(rows, column)


def _people_in(near: _Near) -> set[_Thing]:
    """Everybody whom the rows name."""
    events = near.table("event")
    found = set() if events is None else _things(events.filter(pc.equal(events["kind"], "assign")), "to_value")
    for name in (*_OF_TICKETS, *NEAR):
        for column in TABLES[name].columns:
            if column.personal == "person":
                found |= _of(near, name, column.name)
    return found


def _with_numbers(rows: pa.Table, numbers: Mapping[int, int]) -> pa.Table:
    """Rows with other numbers of states."""
    places = pc.index_in(rows[NUMBER], pa.array(list(numbers), pa.int64()))
    renumbered = pa.chunked_array([pa.array(list(numbers.values()), pa.int64())]).take(places)
    return rows.set_column(rows.schema.get_field_index(NUMBER), NUMBER, renumbered)
