"""One row a ticket becomes its events: each stamp is one event, placed by its own time.

| ticket | created | first reply | resolved | status |      | kind    | at    | to_value |
|--------|---------|-------------|----------|--------|      |---------|-------|----------|
| 1      | 08:00   | 09:00       | 11:00    | Closed |  ->  | created | 08:00 |          |
                                                            | message | 09:00 |          |
                                                            | status  | 11:00 | Closed   |

Stamps that contradict each other are not used: the ticket stays, the contradiction is noted with its line.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.canon.schema import TABLES
from deskmeter.canon.vocab import RESERVED_FIELDS, RESOLVED_STAGES
from deskmeter.ingest.mapping import Mapping
from deskmeter.ingest.parts import PartRead, canonical, joined, repeated, united
from deskmeter.ingest.snapshots import FACTS
from deskmeter.ingest.statuses import GONE, stages_of
from deskmeter.ingest.tags import tag_events
from deskmeter.ingest.trouble import Mask

NO_TEXT = pa.scalar(None, pa.string())
NO_TIME = pa.scalar(None, pa.timestamp("us"))
_STAMPS = ("created_at", "first_reply_at", "resolved_at", "closed_at", "updated_at")


@dataclass(frozen=True)
class _Ticket:
    """Rows of one file with their stamps, after the contradictory ones were taken out."""

    read: PartRead
    stamps: dict[str, pa.Array]
    revision: pa.Array

    def events(self, mask: Mask, code: str, at: str, kind: pa.Array | str, **columns: pa.Array) -> pa.Table:
        """Events of the rows where `mask` is true; `code` makes the id and ranks the events of one instant."""
        keep = pa.array(np.flatnonzero(mask))
        ticket = self.read.column("ticket").take(keep)
        given = {name: values.take(keep) for name, values in columns.items()}
        named = {
            "id": joined(ticket, f":{code}"),
            "ticket": ticket,
            "at": self.stamps[at].take(keep),
            "kind": repeated(kind, len(ticket)) if isinstance(kind, str) else kind.take(keep),
            "revision": self.revision.take(keep),
            **given,
        }
        return canonical("event", named, self.read.rows.lines()[mask])

    def has(self, at: str) -> Mask:
        """Where a stamp is known."""
        result: Mask = pc.is_valid(self.stamps[at]).to_numpy(zero_copy_only=False)
        return result


def ticket_rows(read: PartRead, mapping: Mapping) -> dict[str, pa.Table]:
    """Tickets and their events out of the good rows."""
    if not read.rows.count:
        return {}
    stamps = {name: read.column(name) for name in _STAMPS}
    revision = pc.max_element_wise(*(stamp.cast(pa.int64()) for stamp in stamps.values()))
    rows = _Ticket(read, _consistent(read, stamps), revision)
    rows = replace(rows, stamps=rows.stamps | {"first_at": _first(rows.stamps)})
    events = [*_opening(rows, mapping), *_changes(rows), *_stages(rows, mapping)]
    ids = {"id": read.column("ticket"), "revision": rows.revision}
    facts = {name: read.columns[name] for name in FACTS if name in read.columns and name in TABLES["ticket"].names}
    return {"ticket": canonical("ticket", ids | facts, read.rows.lines()), "event": united(events)}


def _consistent(read: PartRead, stamps: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """The stamps without those that cannot be: before the creation, or closed before resolved.

    A resolution before the first reply of a ticket whose creation is unknown leaves nothing to measure from:
    neither is used. Where the creation is known both stand, and what lies between them is no duration.
    """
    good = dict(stamps)
    for later, earlier, dropped in (
        ("first_reply_at", "created_at", ("first_reply_at",)),
        ("resolved_at", "created_at", ("resolved_at",)),
        ("closed_at", "created_at", ("closed_at",)),
        ("closed_at", "resolved_at", ("closed_at",)),
        ("resolved_at", "first_reply_at", ("resolved_at", "first_reply_at", "closed_at")),
    ):
        before = pc.fill_null(pc.less(good[later], good[earlier]), False)
        at = np.flatnonzero(before.to_numpy(zero_copy_only=False))
        if not len(at):
            continue
        unusable = before
        if earlier == "first_reply_at":
            unusable = pc.and_(before, pc.is_null(stamps["created_at"]))
        code = f"{later} before {earlier}".replace("_at", "").replace("first_reply", "first reply")
        used = pc.any(unusable).as_py()
        said = "these stamps are in no duration" if used else "the time between them is no duration"
        read.rows.trouble.note(code, f"`{later}` lies before `{earlier}`; {said}", read.rows.index[at])
        for name in dropped:
            good[name] = pc.if_else(unusable, NO_TIME, good[name])
    return good


def _first(stamps: dict[str, pa.Array]) -> pa.Array:
    """The first instant at which the ticket is known to have been there."""
    return pc.min_element_wise(*(stamps[name] for name in _STAMPS))


def _opening(rows: _Ticket, mapping: Mapping) -> list[pa.Table]:
    read, created = rows.read, rows.has("created_at")
    firsts = {
        first: read.columns[name]
        for name, first in (("assignee", "first_assignee"), ("team", "first_team"), ("priority", "first_priority"))
        if name in read.columns
    }
    if "status" in read.columns:
        firsts["first_status"] = _first_status(rows, mapping)
    events = [rows.events(created, "1created", "created_at", "created", **firsts)]
    if "opening_message" in read.columns:
        wrote = created & pc.is_valid(read.columns["opening_message"]).to_numpy(zero_copy_only=False)
        count = read.rows.count
        actor = read.column("requester")
        events.append(
            rows.events(wrote, "2message", "created_at", "message", actor=actor, direction=repeated("in", count))
        )
    replied = rows.has("first_reply_at")
    out = repeated("out", read.rows.count)
    return [*events, rows.events(replied, "4reply", "first_reply_at", "message", direction=out)]


def _first_status(rows: _Ticket, mapping: Mapping) -> pa.Array:
    """A status that has no time of its own and is not one of the end holds since the creation."""
    status = rows.read.column("status")
    stages = stages_of(mapping, status)
    ended = pc.fill_null(pc.is_in(stages, pa.array([*RESOLVED_STAGES, *GONE])), False)
    timed = pa.array(rows.has("updated_at") | rows.has("resolved_at") | rows.has("closed_at"))
    return pc.if_else(pc.or_(ended, timed), NO_TEXT, status)


def _changes(rows: _Ticket) -> list[pa.Table]:
    """Fields and tags at the first known instant; team, assignee and priority there if there is no creation."""
    read, known = rows.read, rows.has("first_at")
    fields = {name: read.columns[name] for name in RESERVED_FIELDS if name in read.columns} | dict(read.fields)
    events = []
    for name, values in fields.items():
        there = known & pc.is_valid(values).to_numpy(zero_copy_only=False)
        named = repeated(name, read.rows.count)
        events.append(rows.events(there, f"3field:{name}", "first_at", "field", field=named, to_value=values))
    for name, kind in (("priority", "priority"), ("team", "team"), ("assignee", "assign")):
        if name in read.columns:
            values = read.columns[name]
            there = known & ~rows.has("created_at") & pc.is_valid(values).to_numpy(zero_copy_only=False)
            events.append(rows.events(there, f"3{kind}", "first_at", kind, to_value=values))
    if "tags" in read.columns:
        events.append(tag_events(read, rows.stamps["first_at"], rows.revision))
    return events


def _stages(rows: _Ticket, mapping: Mapping) -> list[pa.Table]:
    """The resolution, the closing, and a status that was last known at `updated_at`."""
    read = rows.read
    status = read.column("status")
    stages = stages_of(mapping, status)
    ended, closed = rows.has("resolved_at"), rows.has("closed_at")
    is_solved = pc.fill_null(pc.equal(stages, "solved"), False)
    is_closed = pc.fill_null(pc.equal(stages, "closed"), False)
    own = pc.or_(is_solved, pc.and_(is_closed, pa.array(~closed)))
    events = [
        rows.events(ended, "5resolved", "resolved_at", "status", to_value=pc.if_else(own, status, "solved")),
        rows.events(closed, "6closed", "closed_at", "status", to_value=pc.if_else(is_closed, status, "closed")),
    ]
    is_end = pc.or_(is_solved, is_closed).to_numpy(zero_copy_only=False)
    there = pc.is_valid(status).to_numpy(zero_copy_only=False)
    later = there & rows.has("updated_at") & ~(is_end & (ended | closed))
    events.append(rows.events(later, "7status", "updated_at", "status", to_value=status))
    told = np.zeros(read.rows.count, dtype=bool)
    for name in _STAMPS:
        told |= pc.is_valid(read.column(name)).to_numpy(zero_copy_only=False)
    ending = pc.or_(pc.is_valid(read.column("resolved_at")), pc.is_valid(read.column("closed_at")))
    lost = np.flatnonzero(is_end & ~ending.to_numpy(zero_copy_only=False) & ~later)
    read.rows.trouble.note("resolved without a time", "resolved, but no time of it is known", read.rows.index[lost])
    timeless = np.flatnonzero(~told)
    read.rows.trouble.note("ticket without a time", "no time at all is known of the ticket", read.rows.index[timeless])
    return events
