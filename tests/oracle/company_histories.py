"""Random people, teams, schedules and promises of one source."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from oracle.draw import RANGE, Draw
from oracle.rows import History

ZONES = ("America/New_York", "Europe/London", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
STATUSES = (
    ("New", "new"), ("Open", "open"), ("In progress", "open"), ("Waiting", "pending"), ("On hold", "hold"),
    ("Solved", "solved"), ("Closed", "closed"),
)  # fmt: skip
SLA_KINDS = ("first_reply", "next_reply", "requester_wait", "agent_work", "resolution")


@dataclass
class Company:
    """Who and what a history can refer to."""

    customers: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    bots: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    schedules: list[str] = field(default_factory=list)
    policies: dict[str, list[str]] = field(default_factory=dict)  # policy -> its kinds


def company(draw: Draw, history: History) -> Company:
    """Fill the tables of people, teams, schedules and promises."""
    out = Company()
    _accounts(draw, history, out)
    _people(draw, history, out)
    _teams(draw, history, out)
    _schedules(draw, history, out)
    _policies(draw, history, out)
    history["status_stage"] = [draw.row(f"{draw.source}.{s}", status=s, stage=stage) for s, stage in STATUSES]
    return out


def _accounts(draw: Draw, history: History, out: Company) -> None:
    out.accounts = [f"{draw.source}.acc{n}" for n in range(draw.rng.randrange(4))]
    history["account"] = [
        draw.row(
            account,
            name=None if draw.chance(0.2) else f"{account} Ltd",
            segment=draw.one((None, "small", "large")),
            country=draw.one((None, "DE", "US")),
            acquisition_channel=draw.one((None, "search", "fair")),
            language=draw.one((None, "de", "en")),
        )
        for account in out.accounts
    ]


def _people(draw: Draw, history: History, out: Company) -> None:
    people, spans = [], []
    for n in range(3):
        person = f"{draw.source}.cust{n}"
        out.customers.append(person)
        account = draw.one([None, *out.accounts])
        role = draw.one(("customer", "customer", None))
        more = {"country": draw.one((None, "DE", "FR")), "language": draw.one((None, "de"))}
        people.append(draw.row(person, name=f"{person} C", role=role, account=account, **more))
    for n in range(3):
        person = f"{draw.source}.agent{n}"
        out.agents.append(person)
        role = "staff" if draw.chance(0.8) else None
        people.append(draw.row(person, name=None if draw.chance(0.2) else f"{person} A", role=role))
        if role is None or draw.chance(0.3):
            until = draw.begin() + timedelta(days=draw.rng.randrange(20))
            spans.append(draw.row(draw.id("rs"), person=person, role="staff", from_at=None, to_at=until))
            if draw.chance(0.5):
                after = until + timedelta(seconds=draw.one((0, 3600)))
                spans.append(draw.row(draw.id("rs"), person=person, role=draw.one(("customer", "bot")), from_at=after))
    bot = f"{draw.source}.bot"
    out.bots.append(bot)
    people.append(draw.row(bot, name=f"{bot} B", role="bot"))
    out.strangers = [f"{draw.source}.ghost"]
    history["person"], history["role_span"] = people, spans


def _teams(draw: Draw, history: History, out: Company) -> None:
    out.teams = [f"{draw.source}.team{n}" for n in range(2)]
    history["team"] = [draw.row(team, name=draw.one((None, f"{team} T"))) for team in out.teams]
    spans = []
    for agent in out.agents:
        at = RANGE[0] - timedelta(days=5)
        for _ in range(draw.rng.randrange(3)):
            end = None if draw.chance(0.4) else draw.begin()
            if end is None or end > at:
                spans.append(draw.row(draw.id("ms"), person=agent, team=draw.one(out.teams), from_at=at, to_at=end))
                at = draw.begin()
    history["membership_span"] = spans


def _schedules(draw: Draw, history: History, out: Company) -> None:
    history["schedule"], history["schedule_hours"], history["holiday"] = [], [], []
    default = draw.one((0, 0, 0, 1, None))
    for n in range(draw.one((0, 1, 1, 2, 2, 3))):
        schedule = f"{draw.source}.hours{n}"
        out.schedules.append(schedule)
        always = draw.chance(0.1)
        row = draw.row(schedule, zone=draw.one(ZONES), is_always=always, is_default=n == default)
        history["schedule"].append(row)
        history["schedule_hours"].extend(_hours(draw, schedule))
    for _ in range(draw.rng.randrange(3)):
        first = draw.begin().date() + timedelta(days=draw.rng.randrange(4))
        part = draw.one(((None, None), (None, None), (720, None), (None, 600), (600, 900)))
        last = draw.one((None, first, first + timedelta(days=1)))
        holder = draw.one([None, *out.schedules])
        more = {"from_minute": part[0], "to_minute": part[1]}
        history["holiday"].append(draw.row(draw.id("hol"), schedule=holder, first_date=first, last_date=last, **more))


def _hours(draw: Draw, schedule: str) -> list[dict[str, object]]:
    style = draw.one(("office", "split", "night", "overlap", "change", "edge"))
    stretches: dict[str, list[tuple[int, int]]] = {
        "office": [(540, 1020)],
        "split": [(480, 720), (780, 1080)],
        "night": [(1320, 1800)],
        "overlap": [(540, 900), (840, 1200)],
        "change": [(60, 210)],
        "edge": [(0, 1440)],
    }
    days = range(5) if style in ("office", "split") else range(7)
    rows = []
    for day in days:
        for opens, closes in stretches[style]:
            limits: dict[str, date | None] = {"from_date": None, "to_date": None}
            if draw.chance(0.15):
                limits = {"from_date": date(2024, 3, 28), "to_date": None}
            elif draw.chance(0.1):
                limits = {"from_date": None, "to_date": date(2024, 4, 6)}
            more = {"weekday": day, "open_minute": opens, "close_minute": closes, **limits}
            rows.append(draw.row(draw.id("hr"), schedule=schedule, **more))
    return rows


def _policies(draw: Draw, history: History, out: Company) -> None:
    history["sla_policy"] = []
    for n in range(draw.rng.randrange(3)):
        policy = f"{draw.source}.sla{n}"
        name = draw.one((None, f"{policy} P"))
        out.policies[policy] = draw.rng.sample(SLA_KINDS, draw.rng.randrange(1, 5))
        for kind in out.policies[policy]:
            for priority in draw.one(((None,), (None,), ("high", "low"))):
                more = {
                    "target_s": draw.one((300, 1800, 3600, 14400, 86400, 100_000, 108_000, 259_200, 604_800)),
                    "clock": draw.one(("business", "calendar")),
                    "pause_stages": draw.one((None, None, None, "", "pending", "hold,pending")),
                    "priority": priority,
                    "name": name,
                }
                history["sla_policy"].append(draw.row(draw.id("sp"), policy=policy, kind=kind, **more))
