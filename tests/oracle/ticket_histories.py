"""Random tickets: messages, states, merges, removals, schedules, promises."""

from datetime import datetime, timedelta

from oracle.company_histories import STATUSES, Company
from oracle.draw import Draw
from oracle.rows import History, Row

CHANNELS = ("email", "email", "web", "chat", "chat", "phone", "messaging", None)

CHANGES = (
    "assign", "assign", "assign", "team", "team", "priority", "field", "tag_added", "tag_removed", "note",
    "escalation", "handoff", "time_entry", "time_entry", "viewing", "viewing", "schedule", "sla_applied", "status",
)  # fmt: skip


class TicketWriter:
    """Writes the events of one ticket, one after another."""

    def __init__(self, draw: Draw, crew: Company, ticket: Row, at: datetime, mode: str) -> None:
        self.draw, self.crew, self.ticket, self.at, self.mode = draw, crew, ticket, at, mode
        self.rows: list[Row] = []

    def step(self) -> datetime:
        """Let some time pass."""
        self.at = self.draw.later(self.at)
        return self.at

    def write(self, kind: str, **columns: object) -> None:
        """One event now; its raw time sometimes lies before that of an earlier one."""
        draw = self.draw
        at = self.at - timedelta(seconds=draw.one((1, 60, 3600, 90000))) if draw.chance(0.04) else self.at
        row = draw.row(draw.id("ev"), ticket=self.ticket["id"], at=at, kind=kind, **columns)
        if self.mode != "none" and not (self.mode == "mixed" and draw.chance(0.3)):
            row["counter"] = draw.one(("log-a", "log-b")) if self.mode == "two" else "log-a"
            row["sequence"] = len(self.rows) * 2 + draw.rng.randrange(2)
        self.rows.append(row)

    def staff(self) -> dict[str, object]:
        """Who of us: mostly an agent."""
        crew, draw = self.crew, self.draw
        who = draw.one([*crew.agents, *crew.agents, *crew.agents, *crew.bots, None, *crew.strangers])
        return {"actor": who}

    def customer_message(self) -> None:
        """The customer writes; sometimes nobody knows who."""
        draw = self.draw
        if draw.chance(0.1):
            who = draw.one([None, *self.crew.strangers])
            self.write("message", actor=who, direction=draw.one(("in", "in", None)))
            return
        who = self.ticket["requester"] if draw.chance(0.7) else draw.one(self.crew.customers)
        kind = "customer" if draw.chance(0.4) else None
        direction = "in" if who is None or draw.chance(0.5) else None
        channel = draw.one(CHANNELS) if draw.chance(0.2) else None
        self.write("message", actor=who, actor_kind=kind, direction=direction, channel=channel)

    def reply(self) -> None:
        """Staff, a bot, the system or somebody unknown answers."""
        draw = self.draw
        pick = draw.rng.random()
        channel = draw.one(CHANNELS) if draw.chance(0.2) else None
        if pick < 0.75:
            kind = "staff" if draw.chance(0.2) else None
            self.write("message", actor=draw.one(self.crew.agents), actor_kind=kind, channel=channel)
        elif pick < 0.85:
            self.write("message", actor=self.crew.bots[0], channel=channel)
        elif pick < 0.9:
            self.write("message", actor_kind="system", direction="out")
        else:
            self.write("message", actor=draw.one([None, *self.crew.strangers]), direction="out", channel=channel)

    def status(self, *stages: str) -> None:
        """A change into one of these stages."""
        names = [name for name, stage in STATUSES if stage in stages]
        self.write("status", to_value=self.draw.one(names), **self.staff())

    def solve(self) -> None:
        """Solved, sometimes with a reply in the same instant, before or after."""
        order = self.draw.one(("alone", "alone", "before", "after"))
        if order == "before":
            self.reply()
        self.status("solved", "solved", "closed")
        if order == "after":
            self.reply()

    def wake(self) -> None:
        """The customer writes on a resolved ticket; it opens before, with, after or not at all."""
        draw = self.draw
        self.at += timedelta(seconds=draw.one((60, 3600, 86399, 86400, 86400, 86401, 90000, 200000)))
        order = draw.one(("thanks", "before", "with", "later", "answered", "twice"))
        if order == "before":
            self.status("open")
        self.customer_message()
        if order == "twice":
            self.at += timedelta(seconds=draw.one((86400, 90000, 3600)))
            self.customer_message()
        if order == "answered":
            self.step()
            self.reply()
        if order in ("later", "answered"):
            self.step()
        if order in ("with", "later", "answered", "twice"):
            self.status("open", "pending")

    def open_up(self) -> None:
        """Some other stage."""
        self.status("new", "open", "pending", "hold", "closed")

    def change(self) -> None:
        """Any of the small changes."""
        draw, crew = self.draw, self.crew
        kind = draw.one(CHANGES)
        who = self.staff()
        if kind == "assign":
            self.write(kind, to_value=draw.one([*crew.agents, *crew.agents, *crew.bots, None]), **who)
        elif kind == "team":
            self.write(kind, to_value=draw.one([*crew.teams, *crew.teams, None]), **who)
        elif kind == "priority":
            self.write(kind, to_value=draw.one(("high", "low", None)), **who)
        elif kind == "field":
            self.field()
        elif kind in ("tag_added", "tag_removed"):
            self.write(kind, to_value=draw.one(("vip", "bug")), **who)
        elif kind == "escalation":
            asked = draw.one((None, "customer", "agent", "rule"))
            self.write(kind, field=asked, to_value="tier 2", **who)
        elif kind in ("time_entry", "viewing"):
            actor = draw.one([*crew.agents, None])
            self.write(kind, seconds=draw.one((None, 0, 30, 600, 601)), actor=actor)
        elif kind == "schedule":
            if crew.schedules and self.ticket["id"] not in self.spanned:
                self.write(kind, to_value=draw.one([*crew.schedules, *crew.schedules, None]))
        elif kind == "sla_applied":
            self.promise()
        elif kind == "status":
            self.write(kind, to_value=draw.one(("Weird", None)), **who)
        else:
            self.write(kind, **who)

    spanned: frozenset[str] = frozenset()

    def field(self) -> None:
        """A field changes."""
        name = self.draw.one(("reason", "reason", "type", "product", "size"))
        options = {"reason": ("billing", "billing/refund", "billing/refund/late", "login", None)}
        self.write("field", field=name, to_value=self.draw.one(options.get(name, ("x", "y", None))))

    def promise(self) -> None:
        """An SLA is applied, sometimes of one kind, sometimes with a target of its own."""
        draw = self.draw
        if self.crew.policies:
            policy = draw.one(sorted(self.crew.policies))
            kind = draw.one([None, None, *self.crew.policies[policy]])
            target = draw.one((None, None, None, 600, 3600))
            self.write("sla_applied", to_value=policy, field=kind, seconds=target)


def _opening(writer: TicketWriter, ticket: Row) -> None:
    draw, crew = writer.draw, writer.crew
    if draw.chance(0.93):
        first = {
            "first_status": draw.one((None, "New", "New", "Open", "Solved" if draw.chance(0.2) else "Open")),
            "first_assignee": draw.one([None, None, *crew.agents, *crew.bots]) if draw.chance(0.4) else None,
            "first_team": draw.one([None, *crew.teams]),
            "first_priority": draw.one((None, "high", "low")),
        }
        writer.write("created", actor=ticket["opened_by"], actor_kind=ticket["opened_by_kind"], **first)
        if draw.chance(0.03):
            writer.write("created", first_status="Open")
    if draw.chance(0.4):
        writer.promise()
    if draw.chance(0.8):
        if draw.chance(0.2):
            writer.step()
        (writer.reply if ticket["opened_by"] in crew.agents else writer.customer_message)()


def write_ticket(draw: Draw, crew: Company, history: History, ticket: Row, others: list[str], mode: str) -> None:
    """One ticket from its opening to wherever it ends."""
    writer = TicketWriter(draw, crew, ticket, draw.begin(), mode)
    writer.spanned = frozenset(row["ticket"] for row in history["schedule_span"])
    _opening(writer, ticket)
    acts = (writer.customer_message, writer.reply, writer.change, writer.solve, writer.wake)
    for _ in range(draw.rng.randrange(2, 13)):
        if not draw.chance(0.2):
            writer.step()
        draw.rng.choices((*acts, writer.open_up), weights=(3, 4, 5, 2, 1.5, 1))[0]()
    _end(writer, others)
    draw.rng.shuffle(writer.rows)
    history["event"].extend(writer.rows)


def _end(writer: TicketWriter, others: list[str]) -> None:
    draw = writer.draw
    if draw.chance(0.06):
        writer.write(draw.one(("spam", "deleted")))
        if draw.chance(0.3):
            writer.step()
            writer.write("restored")
    if draw.chance(0.2):
        writer.write("merged", to_value=draw.one([*others, *others, f"{draw.source}.nowhere"]), **writer.staff())
        if draw.chance(0.5):
            writer.step()
            writer.customer_message()
        if draw.chance(0.15):
            writer.write(draw.one(("spam", "deleted")))


def tickets(draw: Draw, crew: Company, history: History) -> list[str]:
    """One to four tickets with all of their events."""
    ids = [f"{draw.source}.t{n}" for n in range(draw.rng.randrange(1, 5))]
    mode = draw.one(("none", "none", "one", "two", "mixed"))
    for ticket_id in ids:
        opener = draw.one([None, None, *crew.agents[:1], *crew.bots, *crew.customers[:2]])
        requester = draw.one([*crew.customers[:2], *crew.customers, None, draw.one(crew.agents)])
        row = draw.row(
            ticket_id,
            requester=requester,
            account=draw.one([None, None, None, *crew.accounts]),
            opened_by=opener,
            opened_by_kind="bot" if opener in crew.bots and draw.chance(0.5) else None,
            channel=draw.one(CHANNELS),
            is_test=True if draw.chance(0.02) else None,
        )
        history["ticket"].append(row)
        if crew.schedules and draw.chance(0.25):
            _spans(draw, crew, history, ticket_id)
    for row in history["ticket"]:
        write_ticket(draw, crew, history, row, ids, mode)
    return ids


def _spans(draw: Draw, crew: Company, history: History, ticket_id: str) -> None:
    at: datetime | None = None if draw.chance(0.4) else draw.begin()
    for _ in range(draw.rng.randrange(1, 3)):
        end = None if draw.chance(0.3) else draw.later(draw.later(at or draw.begin()))
        if end is None or at is None or end > at:
            more = {"ticket": ticket_id, "schedule": draw.one(crew.schedules), "from_at": at, "to_at": end}
            history["schedule_span"].append(draw.row(draw.id("ss"), **more))
        if end is None:
            return
        at = draw.later(end)
