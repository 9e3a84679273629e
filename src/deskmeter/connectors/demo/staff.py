"""Writes schedules, teams, agents and their logged-in time, and knows who can act at an instant."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from holidays import country_holidays

from deskmeter.connectors.demo.hours import Hours, Span, Stretch, local_spans, weekly_hours
from deskmeter.connectors.demo.roster import (
    BOT,
    BOT_NAME,
    HIRED_AGENT,
    HIRED_DAYS,
    LEFT_AGENT,
    LEFT_DAYS,
    MOVED_AGENT,
    MOVED_DAYS,
    MOVED_TO,
    ONCE_CUSTOMER,
    PROMOTED_DAYS,
    SCHEDULES,
    TEAMS,
    SchedulePlan,
    TeamPlan,
)
from deskmeter.connectors.demo.sheet import Sheet
from deskmeter.connectors.demo.world import DAY, HOUR, MINUTE, World

LEAD_DAYS, TAIL_DAYS = 7, 75


@dataclass(frozen=True)
class Agent:
    """One agent: `speed` stretches working times, `care` lifts scores, `hours` are those really worked."""

    id: str
    name: str
    team: str
    from_at: int
    to_at: int
    hours: Hours
    speed: float
    care: float


@dataclass
class Staff:
    """Everyone who answers, and when."""

    hours: dict[str, Hours]
    agents: dict[str, Agent] = field(default_factory=dict)
    members: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    plans: dict[str, TeamPlan] = field(default_factory=dict)

    def pick(self, dice: Random, team: str, at: int, but: str | None = None) -> Agent:
        """An agent of the team who is at work at `at`, else one who is employed then."""
        able = [self.agents[who] for who, begin, finish in self.members[team] if begin <= at < finish and who != but]
        working = [agent for agent in able if agent.hours.is_open(at)]
        return dice.choice(working or able)

    def is_member(self, agent: str, team: str, at: int) -> bool:
        """Whether the agent is in the team at `at`."""
        return any(who == agent and begin <= at < finish for who, begin, finish in self.members[team])


def invent_staff(world: World, sheets: dict[str, Sheet]) -> Staff:
    """Fills schedule, schedule_hours, holiday, team, person, role_span, membership_span and availability_span."""
    first = world.start_date - timedelta(days=LEAD_DAYS)
    last = world.end_date + timedelta(days=TAIL_DAYS)
    staff = Staff({plan.id: _schedule(plan, world, sheets, first, last) for plan in SCHEDULES})
    dice = world.dice("staff")
    number = 0
    for team in TEAMS:
        sheets["team"].add(id=team.id, name=team.name)
        staff.plans[team.id] = team
        staff.members[team.id] = []
        for name in team.agents:
            number += 1
            agent = _agent(f"A-{number:02}", name, team, world, staff, dice)
            staff.agents[agent.id] = agent
            _write_person(agent, world, sheets)
    for agent in staff.agents.values():
        _write_membership(agent, world, staff, sheets)
        _write_availability(agent, world, sheets, dice)
    sheets["person"].add(id=BOT, name=BOT_NAME, role="bot")
    return staff


def _schedule(plan: SchedulePlan, world: World, sheets: dict[str, Sheet], first: date, last: date) -> Hours:
    sheets["schedule"].add(
        id=plan.id, name=plan.name, zone=plan.zone, is_always=plan.is_always, is_default=plan.id == "S-EU"
    )
    if plan.is_always:
        return Hours([local_spans(plan.zone, first, 0, ((last - first).days + 1) * 1440)])
    change = world.end_date - timedelta(days=plan.extended_days)
    stretches = [
        _until(stretch, change - timedelta(days=1)) if plan.extended else stretch for stretch in plan.stretches
    ]
    stretches += [Stretch(s.weekdays, s.open_minute, s.close_minute, change) for s in plan.extended]
    for stretch in stretches:
        for weekday in stretch.weekdays:
            sheets["schedule_hours"].add(
                id=f"SH-{len(sheets['schedule_hours']) + 1}", schedule=plan.id, weekday=weekday,
                open_minute=stretch.open_minute, close_minute=stretch.close_minute,
                from_date=stretch.from_date, to_date=stretch.to_date,
            )  # fmt: skip
    gaps = _holidays(plan, sheets, first, last)
    return weekly_hours(plan.zone, stretches, first, last).without(gaps)


def _until(stretch: Stretch, last: date) -> Stretch:
    return Stretch(stretch.weekdays, stretch.open_minute, stretch.close_minute, stretch.from_date, last)


def _holidays(plan: SchedulePlan, sheets: dict[str, Sheet], first: date, last: date) -> list[Span]:
    """Public holidays as whole days and the afternoon of Christmas Eve as a part of one."""
    gaps: list[Span] = []
    years = range(first.year, last.year + 1)
    days = [
        (day, name, 0) for day, name in country_holidays(plan.country, subdiv=plan.subdivision, years=years).items()
    ]
    days += [(date(year, 12, 24), "Christmas Eve, afternoon", 780) for year in years if plan.country != "IN"]
    for day, name, minute in sorted(days):
        if first <= day <= last:
            sheets["holiday"].add(
                id=f"H-{len(sheets['holiday']) + 1}", schedule=plan.id, name=name, first_date=day, last_date=day,
                from_minute=minute or None,
            )  # fmt: skip
            gaps.append(local_spans(plan.zone, day, minute, 1440))
    return gaps


def _agent(ident: str, name: str, team: TeamPlan, world: World, staff: Staff, dice: Random) -> Agent:
    from_at = world.start - dice.randint(60, 900) * DAY
    to_at = world.end + 800 * DAY
    if name == LEFT_AGENT:
        to_at = world.end - LEFT_DAYS * DAY + 17 * HOUR
    if name == HIRED_AGENT:
        from_at = world.end - HIRED_DAYS * DAY + 8 * HOUR
    if name == ONCE_CUSTOMER:
        from_at = world.end - PROMOTED_DAYS * DAY + 8 * HOUR
    away: list[Span] = [(world.start - 99 * DAY, from_at), (to_at, world.end + 99 * DAY)]
    for middle in (0.28, 0.72):
        begin = world.start + int((middle + dice.uniform(-0.2, 0.2)) * 365) * DAY
        away.append((begin, begin + dice.choice((5, 7, 12)) * DAY))
    hours = staff.hours[team.schedule].without(away)
    return Agent(ident, name, team.id, from_at, to_at, hours, 1 + dice.uniform(-0.25, 0.3), dice.gauss(team.care, 0.15))


def _write_person(agent: Agent, world: World, sheets: dict[str, Sheet]) -> None:
    sheets["person"].add(id=agent.id, name=agent.name, email=f"{agent.name.lower()}@halvorix.example")
    leaves = agent.to_at if agent.to_at < world.end else None
    if agent.name == ONCE_CUSTOMER:
        sheets["role_span"].add(id=f"R-{agent.id}-0", person=agent.id, role="customer", to_at=agent.from_at)
    sheets["role_span"].add(id=f"R-{agent.id}", person=agent.id, role="staff", from_at=agent.from_at, to_at=leaves)


def _write_membership(agent: Agent, world: World, staff: Staff, sheets: dict[str, Sheet]) -> None:
    stays = [(agent.team, agent.from_at, agent.to_at)]
    if agent.name == MOVED_AGENT:
        moves = world.end - MOVED_DAYS * DAY
        stays = [(agent.team, agent.from_at, moves), (MOVED_TO, moves, agent.to_at)]
    for index, (team, begin, finish) in enumerate(stays):
        staff.members[team].append((agent.id, begin, finish))
        sheets["membership_span"].add(
            id=f"M-{agent.id}-{index}", person=agent.id, team=team, from_at=begin,
            to_at=finish if finish < world.end else None,
        )  # fmt: skip


def _write_availability(agent: Agent, world: World, sheets: dict[str, Sheet], dice: Random) -> None:
    """Blocks of some hours, mostly on contact or available, sometimes away."""
    sheet = sheets["availability_span"]
    for begin, finish in agent.hours.spans:
        at = begin + dice.randint(-4, 6) * MINUTE
        while at < finish:
            state = dice.choices(("on_contact", "available", "away"), (58, 27, 15))[0]
            until = min(finish, at + dice.randint(45, 240 if state != "away" else 60) * MINUTE)
            if world.start <= at and until < world.end:
                sheet.add(id=f"V-{len(sheet) + 1}", person=agent.id, state=state, from_at=at, to_at=until)
            at = until
