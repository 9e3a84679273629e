"""What is odd in the data itself: a list of checks, each an expression over fact tables and canonical rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from deskmeter.base.time import MICROS_PER_DAY, from_micros
from deskmeter.canon.schema import TABLES
from deskmeter.canon.vocab import CALL_OUTCOMES, STAGES
from deskmeter.engines.expressions import ibis
from deskmeter.query.access import Access
from deskmeter.query.records import Canonical
from deskmeter.query.reports import Oddity
from deskmeter.query.run import reads

_TYPES = {
    "string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "boolean": pa.bool_(), "timestamp": pa.int64(),
    "date": pa.int32(),
}  # fmt: skip


@dataclass
class Data:
    """Fact tables by name, and canonical ones as `c_<name>`: instants as microseconds since 1970."""

    access: Access
    canonical: Canonical
    last_import_us: Mapping[str, int]
    _read: dict[str, pa.Table] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ibis.Table:
        if not name.startswith("c_"):
            return self.access.table(name)
        spec = TABLES[name[2:]]
        if name not in self._read:
            rows = self.canonical.read(spec.name)
            columns = {column.name: rows[column.name].cast(_plain(column.type)) for column in spec.columns}
            self._read[name] = pa.table(columns)
        return ibis.table(ibis.Schema.from_pyarrow(self._read[name].schema), name=name)

    def sources(self) -> ibis.Table:
        """When each source was last imported: source, last_us."""
        table = pa.table(
            {
                "source": pa.array(list(self.last_import_us), pa.string()),
                "last_us": pa.array(list(self.last_import_us.values()), pa.int64()),
            }
        )
        self._read["last_import"] = table
        return ibis.table(ibis.Schema.from_pyarrow(table.schema), name="last_import")

    def fetch(self, expr: ibis.Table) -> pa.Table:
        """The rows of an expression over any of these tables."""
        text = self.access.engine.compile(expr)
        used = {name: table for name, table in self._read.items() if reads(text, name)}
        return self.access.engine.run(text, {}, used)


def _plain(kind: str) -> pa.DataType:
    return _TYPES[kind]


@dataclass(frozen=True)
class Check:
    """One kind of oddity.

    Attributes:
        text: what is said of the first row; {a} and {b} are its values, whole numbers among them instants.
        rows: the odd rows with source, place, and where the text needs them a and b.
    """

    kind: str
    text: str
    rows: Callable[[Data], ibis.Table]


def find_oddities(data: Data) -> Iterator[Oddity]:
    """All oddities, one for each kind and source, with its first row by place."""
    for check in CHECKS:
        rows = check.rows(data)
        values = {name: rows[name].argmin(rows.place) for name in ("a", "b") if name in rows.columns}
        grouped = rows.group_by("source").aggregate(n=rows.count(), first=rows.place.min(), **values)
        for row in data.fetch(grouped.order_by("source")).to_pylist():
            shown = {name: _shown(row[name]) for name in values}
            yield Oddity(check.kind, row["source"], row["first"], check.text.format(**shown), row["n"])
    yield from _gaps(data)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return f"{from_micros(value):%Y-%m-%d %H:%M:%S}" if isinstance(value, int) else f"`{value}`"


def _place(rows: ibis.Table, word: str, column: str = "id") -> ibis.Value:
    return ibis.literal(f"{word} ").concat(rows[column])


def _with_ticket(data: Data, rows: ibis.Table) -> ibis.Table:
    """`rows` (they have ticket_id) with source, and place: the ticket."""
    named = data["standing"].select("source", _ticket_id="ticket_id", _ticket="ticket")
    joined = rows.join(named, [("ticket_id", "_ticket_id")])
    return joined.mutate(place=_place(joined, "ticket", "_ticket"))


def _corrected(data: Data) -> ibis.Table:
    rows = data["timeline"]
    rows = rows.filter((rows.is_moved == 0) & (rows.said_us < rows.eff_us) & ~_is_early_resolution(rows))
    return _with_ticket(data, rows.select("ticket_id", a="said_us", b="eff_us"))


def _is_early_resolution(rows: ibis.Table) -> ibis.Value:
    return rows.is_resolution & (rows.said_us < rows.created_us)


def _resolved_before_created(data: Data) -> ibis.Table:
    rows = data["timeline"]
    rows = rows.filter((rows.is_moved == 0) & _is_early_resolution(rows))
    return _with_ticket(data, rows.select("ticket_id", a="said_us", b="eff_us"))


def _nobodys_messages(data: Data) -> ibis.Table:
    rows = data["timeline"]
    rows = rows.filter((rows.kind == "message") & (rows.who == "nobody"))
    return _with_ticket(data, rows.select("ticket_id", a="eff_us"))


def _nameless_replies(data: Data) -> ibis.Table:
    rows = data["timeline"]
    rows = rows.filter(rows.is_human_reply & rows.actor_label.isnull())
    return _with_ticket(data, rows.select("ticket_id", a="eff_us"))


def _unknown_people(data: Data) -> ibis.Table:
    """Authors that are no person of their source; a source without any person names them in its events alone."""
    people = data["person"].select(_source="source", _id="id")
    events = data["c_event"]
    events = events.filter(events.kind.isin(["message", "note"]) & events.actor.notnull())
    events = events.semi_join(people.select("_source").distinct(), [("source", "_source")])
    unknown = events.anti_join(people, [("source", "_source"), ("actor", "_id")])
    return unknown.select("source", place=_place(unknown, "ticket", "ticket"), a="actor")


def _unmapped(data: Data) -> ibis.Table:
    mapped = data["c_status_stage"].select(_source="source", _status="status")
    events = data["c_event"]
    status = (events.kind == "status").ifelse(events.to_value, events.first_status)
    said = events.select("source", "ticket", status=status).filter(lambda rows: rows.status.notnull())
    unmapped = said.anti_join(mapped, [("source", "_source"), ("status", "_status")])
    # a source that maps nothing uses our own words, or none that can be understood
    silent = unmapped.anti_join(mapped.select("_source").distinct(), [("source", "_source")])
    strange = silent.filter(silent.status.notin(list(STAGES)))
    speaking = unmapped.semi_join(mapped.select("_source").distinct(), [("source", "_source")])
    both = strange.union(speaking)
    return both.select("source", place=_place(both, "status", "status"), a="ticket")


_CHECKED = {"status": "status", "assign": "assignee", "priority": "priority"}


def _contradicted(data: Data) -> ibis.Table:
    """Changes whose `from` is not what the ticket had: it is only checked, never used."""
    timeline = data["timeline"].join(data["standing"].select("ticket_id", "source"), "ticket_id")
    own = timeline.filter(timeline.is_moved == 0)
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    before = own.mutate(**{f"was_{value}": own[value].lag().over(in_order) for value in _CHECKED.values()})
    kinds = list(_CHECKED)
    before = before.filter(before.kind.isin(kinds))
    events = data["c_event"]
    said = events.filter(events.kind.isin(kinds) & events.from_value.notnull())
    said = said.select(_source="source", _id="id", _ticket="ticket", said="from_value")
    both = before.join(said, [("source", "_source"), ("event", "_id")])
    was = ibis.cases(*((both.kind == kind, both[f"was_{value}"]) for kind, value in _CHECKED.items()))
    both = both.mutate(was=was)
    differs = ibis.coalesce(both.said != both.was, True)
    both = both.filter(differs)
    return both.select("source", place=_place(both, "ticket", "_ticket"), a="said", b="was")


def _other_outcomes(data: Data) -> ibis.Table:
    calls = data["f_call"]
    calls = calls.filter(calls.outcome.notnull() & calls.outcome.notin(list(CALL_OUTCOMES)))
    return calls.select("source", place=_place(calls, "call", "call"), a="outcome")


def _undirected_calls(data: Data) -> ibis.Table:
    calls = data["f_call"]
    calls = calls.filter(calls.direction.isnull())
    return calls.select("source", place=_place(calls, "call", "call"))


def _merges(data: Data) -> ibis.Table:
    events = data["c_event"]
    return events.filter(events.kind == "merged").select("source", "ticket", "to_value")


def _unknown_survivors(data: Data) -> ibis.Table:
    known = data["standing"].select(_source="source", _ticket="ticket")
    rows = _merges(data).anti_join(known, [("source", "_source"), ("to_value", "_ticket")])
    return rows.select("source", place=_place(rows, "ticket", "ticket"), a="to_value")


def _circles(data: Data) -> ibis.Table:
    known = data["standing"]
    target = known.select(_source="source", _target="ticket")
    loser = known.select(_s="source", _loser="ticket", _survivor="survivor_id")
    rows = _merges(data).semi_join(target, [("source", "_source"), ("to_value", "_target")])
    rows = rows.join(loser, [("source", "_s"), ("ticket", "_loser")])
    rows = rows.filter(rows._survivor.isnull())
    return rows.select("source", place=_place(rows, "ticket", "ticket"), a="to_value")


def _from_the_future(data: Data) -> ibis.Table:
    events = data["c_event"].join(data.sources().rename(_source="source"), [("source", "_source")])
    late = events.filter(events["at"] > events.last_us)
    return late.select("source", place=_place(late, "ticket", "ticket"), a="at", b="last_us")


def _unknown_policies(data: Data) -> ibis.Table:
    rules = data["c_sla_policy"].select(_source="source", _policy="policy")
    events = data["c_event"]
    applied = events.filter(events.kind == "sla_applied")
    unknown = applied.anti_join(rules, [("source", "_source"), ("to_value", "_policy")])
    return unknown.select("source", place=_place(unknown, "ticket", "ticket"), a="to_value")


def _unknown_schedules(data: Data) -> ibis.Table:
    known = data["c_schedule"].select(_source="source", _id="id")
    events, spans = data["c_event"], data["c_schedule_span"]
    events = events.filter((events.kind == "schedule") & events.to_value.notnull())
    named = events.select("source", "ticket", schedule="to_value").union(spans.select("source", "ticket", "schedule"))
    unknown = named.anti_join(known, [("source", "_source"), ("schedule", "_id")])
    return unknown.select("source", place=_place(unknown, "ticket", "ticket"), a="schedule")


def _second_births(data: Data) -> ibis.Table:
    events = data["c_event"]
    events = events.filter(events.kind == "created")
    born = events.group_by("source", "ticket").aggregate(n=events.count())
    born = born.filter(born.n > 1)
    return born.select("source", place=_place(born, "ticket", "ticket"))


def _unknown_requesters(data: Data) -> ibis.Table:
    tickets = data["c_ticket"]
    tickets = tickets.filter(tickets.requester.isnull())
    return tickets.select("source", place=_place(tickets, "ticket"))


def _no_schedule(data: Data) -> ibis.Table:
    lengths = data["f_duration"]
    without = lengths.filter((lengths.kind == "resolution") & lengths.business_s.isnull())
    return _with_ticket(data, without.select("ticket_id"))


def _loose_marks(data: Data) -> ibis.Table:
    events = data["c_kb_event"]
    loose = events.filter((events.kind == "resolved") & events.session.isnull() & events.ticket.isnull())
    return loose.select("source", place=_place(loose, "kb_event"))


CHECKS: tuple[Check, ...] = (
    Check("resolved before created", "resolved {a}, before its creation; counts at {b}", _resolved_before_created),
    Check("time corrected", "{a} lies before the event before it; counts at {b}", _corrected),
    Check("reply without an author", "a reply at {a} of staff unknown by name; credited to nobody", _nameless_replies),
    Check("author unknown", "{a} is none of the people of this source; shown by its id", _unknown_people),
    Check("message without direction", "at {a}, its author unknown too; nobody's, in no clock", _nobodys_messages),
    Check("status without stage", "first on ticket {a}; it leaves the stage as it was", _unmapped),
    Check("`from` contradicts", "{a} before the change, but the history says {b}; that counts", _contradicted),
    Check("call with another outcome", "{a}; in none of answered, abandoned and flowed out", _other_outcomes),
    Check("call without direction", "in no number", _undirected_calls),
    Check("merged into an unknown ticket", "into {a}; the merge is ignored", _unknown_survivors),
    Check("merged in a circle", "into {a} and back; the merge is ignored", _circles),
    Check("event after its import", "dated {a}, imported by {b}", _from_the_future),
    Check("unknown SLA policy", "policy {a} has no rule; nothing is promised", _unknown_policies),
    Check("unknown schedule", "schedule {a} is not among the schedules; the default holds", _unknown_schedules),
    Check("created more than once", "the first in order counts", _second_births),
    Check("unknown requester", "no requester; the ticket counts, its customer is nobody", _unknown_requesters),
    Check("no schedule", "no schedule covers its life: business times are null, not 0", _no_schedule),
    Check("loose resolved mark", "neither session nor ticket; not counted", _loose_marks),
)  # fmt: skip


def _gaps(data: Data) -> Iterator[Oddity]:
    """Days without any event between the first and the last of a source (UTC days)."""
    events = data["c_event"]
    days = events.select("source", day=(events["at"] // MICROS_PER_DAY).cast("int64")).distinct()
    before = days.day.lag().over(ibis.window(group_by="source", order_by="day"))
    holes = days.mutate(missing=days.day - before - 1, begins=before + 1)
    holes = holes.filter(holes.missing > 0)
    grouped = holes.group_by("source").aggregate(
        n=holes.missing.sum(), longest=holes.missing.max(), begins=holes.begins.argmax(holes.missing)
    )
    for row in data.fetch(grouped.order_by("source")).to_pylist():
        first = from_micros(int(row["begins"]) * MICROS_PER_DAY)
        text = f"the longest stretch without one lasts {row['longest']} days"
        yield Oddity("days without any event", row["source"], f"{first:%Y-%m-%d}", text, int(row["n"]))
