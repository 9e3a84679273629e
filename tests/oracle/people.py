"""Who somebody was, then: roles, kinds of authors, teams."""

from datetime import datetime

from oracle.rows import History, Row


class People:
    """The persons of one source."""

    def __init__(self, tables: History) -> None:
        self.persons = {row["id"]: row for row in tables["person"]}
        self.role_spans = _by_person(tables["role_span"])
        self.memberships = _by_person(tables["membership_span"])

    def role(self, person: str | None, at: datetime) -> str | None:
        """The role then: the span begun last, else the person's own role, else unknown."""
        if person is None:
            return None
        span = span_at(self.role_spans.get(person, []), at)
        return span["role"] if span else self.persons.get(person, {}).get("role")

    def kind(self, ticket: Row, actor: str | None, stated: str | None, at: datetime) -> str:
        """customer, staff, bot, system or unknown.

        Ruling 18: on a ticket the requester is a customer, whatever their role elsewhere. Section 2: who was
        staff *then* counts.
        """
        if actor is not None and actor == ticket.get("requester"):
            return "customer"
        if stated is not None and stated != "unknown":
            return stated
        return self.role(actor, at) or "unknown"

    def is_human(self, person: str | None, at: datetime) -> bool:
        """An assignee who is no bot."""
        return person is not None and self.role(person, at) != "bot"

    def team(self, person: str | None, at: datetime) -> str | None:
        """House decision 3: the agent's membership then, the latest begun."""
        span = span_at(self.memberships.get(person or "", []), at)
        return span["team"] if span else None

    def changes_of_team(self, person: str, start: datetime, end: datetime) -> list[datetime]:
        """When a membership of the agent begins or ends between two instants."""
        spans = self.memberships.get(person, [])
        edges = {span.get(edge) for span in spans for edge in ("from_at", "to_at")}
        return sorted(edge for edge in edges if edge is not None and start < edge < end)

    def account(self, person: str | None) -> str | None:
        """The account that the person belongs to."""
        return self.persons.get(person or "", {}).get("account")


def _by_person(rows: list[Row]) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = {}
    for row in rows:
        out.setdefault(row["person"], []).append(row)
    return out


def span_at(spans: list[Row], at: datetime) -> Row | None:
    """The span [from_at, to_at) that holds at `at`; of several the one begun last, then the greatest id."""
    holding = [
        s
        for s in spans
        if (s.get("from_at") is None or s["from_at"] <= at) and (s.get("to_at") is None or at < s["to_at"])
    ]
    return max(holding, key=lambda s: (s.get("from_at") or datetime.min, s["id"])) if holding else None
