"""What a ticket was after each of its events: stage, status, assignee, team, priority, fields, tags."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from oracle.ordering import Event
from oracle.rows import Row

RESOLVED = ("solved", "closed")


@dataclass(frozen=True)
class State:
    """The state just after an event (ruling 5)."""

    stage: str = "new"  # before its first status a ticket is new
    status: str | None = None
    assignee: str | None = None
    team: str | None = None
    priority: str | None = None
    fields: dict[str, str | None] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()

    @property
    def is_resolved(self) -> bool:
        """In solved or closed."""
        return self.stage in RESOLVED


def after(state: State, row: Row, stages: dict[str, str]) -> State:
    """The state after one own event; an unmapped status leaves the stage unchanged."""
    kind, value = row["kind"], row.get("to_value")
    if kind == "created":
        status = row.get("first_status")
        return replace(
            state,
            status=status,
            stage=stages.get(status or "", state.stage),
            assignee=row.get("first_assignee"),
            team=row.get("first_team"),
            priority=row.get("first_priority"),
        )
    if kind == "status":
        return replace(state, status=value, stage=stages.get(value or "", state.stage))
    if kind == "assign":
        return replace(state, assignee=value)
    if kind == "team":
        return replace(state, team=value)
    if kind == "priority":
        return replace(state, priority=value)
    if kind == "field" and row.get("field"):
        return replace(state, fields={**state.fields, row["field"]: value})
    if kind == "tag_added" and value is not None:
        return replace(state, tags=state.tags | {value})
    if kind == "tag_removed" and value is not None:
        return replace(state, tags=state.tags - {value})
    return state


def states(events: list[Event], stages: dict[str, str]) -> list[State]:
    """The state after each event; what moved here by a merge changes nothing (ruling 17)."""
    out, state = [], State()
    for event in events:
        if not event.is_moved:
            state = after(state, event.row, stages)
        out.append(state)
    return out


def schedule_spans(events: list[Event], rows: list[Row]) -> list[tuple[datetime | None, datetime | None, str]]:
    """Spans (from, to, schedule) from the ticket's schedule events, or from the source's own spans."""
    spans: list[tuple[datetime | None, datetime | None, str]] = [
        (row.get("from_at"), row.get("to_at"), row["schedule"]) for row in rows
    ]
    changes = [e for e in events if e.kind == "schedule" and not e.is_moved]
    for change, following in zip(changes, [*changes[1:], None], strict=False):
        until = following.at if following else None
        if change.row.get("to_value") is not None and until != change.at:
            spans.append((change.at, until, change.row["to_value"]))
    return spans
