"""The state of one ticket while its history is being written, and the single steps that write it."""

from dataclasses import dataclass, field
from random import Random

from deskmeter.connectors.demo.arrivals import Arrival
from deskmeter.connectors.demo.roster import BOT
from deskmeter.connectors.demo.sheet import Cell, Sheet
from deskmeter.connectors.demo.sla import FIRST_REPLY_HOURS, PREMIUM, STANDARD
from deskmeter.connectors.demo.staff import Agent, Staff
from deskmeter.connectors.demo.world import DAY, HOUR, World

URGENCY = {"low": 1.5, "normal": 1.0, "high": 0.65, "urgent": 0.35}
PATIENCE = 36 * HOUR  # an agent who is away for longer than this hands the ticket on


@dataclass
class Desk:
    """What all tickets share."""

    world: World
    staff: Staff
    sheets: dict[str, Sheet]
    dice: Random


@dataclass(frozen=True)
class Resolved:
    """One resolution: who owned the ticket, who replied last, after how many human replies."""

    at: int
    owner: str | None
    replier: str | None
    replies: int


@dataclass
class Life:
    """One ticket between two steps; `at` never runs backwards."""

    desk: Desk
    arrival: Arrival
    at: int
    team: str
    priority: str
    policy: str
    schedule: str
    status: str = "New"
    agent: Agent | None = None
    replier: str | None = None
    replies: int = 0
    first_reply_at: int | None = None
    is_live: bool = False
    is_touched: bool = False
    is_sla_fresh: bool = True
    call: str | None = None
    escalated: int = 0
    resolved: list[Resolved] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The ticket's id."""
        return self.arrival.ticket

    @property
    def dice(self) -> Random:
        """The tickets' dice."""
        return self.desk.dice

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.desk.dice.random() < probability

    def event(self, kind: str, who: str | None = None, **cells: Cell) -> None:
        """Writes one event of a person at the present instant; nobody is the system."""
        if who is None:
            cells["actor_kind"] = "system"
        self.desk.sheets["event"].add(ticket=self.id, at=self.at, kind=kind, actor=who, **cells)

    def wait(self, seconds: int) -> None:
        """Lets calendar time pass."""
        self.at += max(0, seconds)

    def customer_writes(self, channel: str | None = None) -> None:
        """The customer's message; of an unknown customer only the direction is known."""
        self.desk.sheets["event"].add(
            ticket=self.id, at=self.at, kind="message", actor=self.arrival.person, direction="in", channel=channel,
            is_public=True,
        )  # fmt: skip

    def staff_writes(self, agent: Agent, channel: str | None = None) -> None:
        """A human reply, and what it means for the clocks that the story itself needs."""
        self.event("message", agent.id, direction="out", is_public=True, channel=channel)
        self.replier = agent.id
        self.replies += 1
        if self.first_reply_at is None:
            self.first_reply_at = self.at
            self._verdict()

    def bot_writes(self) -> None:
        """A public message of the bot."""
        self.event("message", BOT, direction="out", is_public=True)

    def set_status(self, status: str, who: str | None) -> None:
        """Changes the own status; into Done or Archived from elsewhere is a resolution."""
        if status == self.status:
            return
        self.event("status", who, from_value=self.status, to_value=status)
        over = ("Done", "Archived")
        if status in over and self.status not in over:
            owner = self.agent.id if self.agent else who
            self.resolved.append(Resolved(self.at, owner, self.replier, self.replies))
        self.status = status

    def assign(self, agent: Agent | None, who: str | None = None) -> None:
        """Gives the ticket to an agent or to nobody."""
        before = self.agent.id if self.agent else None
        after = agent.id if agent else None
        if before != after:
            self.event("assign", who, from_value=before, to_value=after)
        self.agent = agent

    def move(self, team: str, who: str | None) -> None:
        """Gives the ticket to another team; the assignee stays behind."""
        if team != self.team:
            self.event("team", who, from_value=self.team, to_value=team)
            self.team = team
            self.assign(None, who)

    def prioritise(self, priority: str, who: str | None) -> None:
        """Changes the priority; the policy is applied again and supersedes itself."""
        if priority != self.priority:
            self.event("priority", who, from_value=self.priority, to_value=priority)
            self.priority = priority
            self.is_sla_fresh = False
            self.event("sla_applied", to_value=self.policy)

    def acts(self, seconds: int) -> Agent:
        """Lets the assignee (or, if nobody can, another of the team) work that long; returns who did."""
        staff = self.desk.staff
        soon = staff.hours[staff.plans[self.team].schedule].advance(self.at, seconds) or self.at + seconds
        if self.agent is not None:
            then = self.agent.hours.advance(self.at, round(seconds * self.agent.speed))
            if then is not None and then - soon < PATIENCE and staff.is_member(self.agent.id, self.team, then):
                self.at = then
                return self.agent
        self.at = soon
        agent = staff.pick(self.dice, self.team, self.at, self.agent.id if self.agent else None)
        self.assign(agent, None if self.chance(0.8) else agent.id)
        return agent

    def _verdict(self) -> None:
        """For some tickets the helpdesk's own verdict about the first reply comes with the data."""
        if not self.is_sla_fresh or self.id[-1] not in "37" or self.arrival.is_staff_opened:
            return
        hours = self.desk.staff.hours["S-24" if self.policy == PREMIUM else self.schedule]
        used = hours.worked(self.at) - hours.worked(self.arrival.at)
        met = used <= FIRST_REPLY_HOURS[self.policy][self.priority] * HOUR
        self.event("sla_vendor_verdict", field="first_reply", to_value="met" if met else "breached")


def begin(desk: Desk, arrival: Arrival, schedule: str) -> Life:
    """A ticket at its first instant."""
    policy = PREMIUM if arrival.customer.is_top_plan else STANDARD
    return Life(desk, arrival, arrival.at, arrival.team, arrival.priority, policy, schedule)


def until_awake(at: int, region: str) -> int:
    """Moves a customer's instant out of the night of their region (by winter time; near enough for a story).

    >>> until_awake(2 * 3_600, "europe") // 3_600
    8
    """
    offset = {"europe": 0, "americas": -5 * HOUR, "asia": 5 * HOUR + HOUR // 2}[region]
    hour = ((at + offset) % DAY) // HOUR
    return at + (6 * HOUR if hour < 7 else 9 * HOUR if hour >= 23 else 0)
