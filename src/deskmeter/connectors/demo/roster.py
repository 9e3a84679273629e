"""Who works where: schedules, teams and agents of the invented company, as plain lists."""

from dataclasses import dataclass

from deskmeter.connectors.demo.hours import Stretch
from deskmeter.connectors.demo.planted import SLOW_TEAM, SLOW_TEAM_NAME

WORKDAYS = (0, 1, 2, 3, 4)
BOT = "B-1"
BOT_NAME = "Pilot"


@dataclass(frozen=True)
class SchedulePlan:
    """A schedule; `extended` hours begin `extended_days` before the company's end."""

    id: str
    name: str
    zone: str
    country: str
    subdivision: str | None
    stretches: tuple[Stretch, ...]
    extended: tuple[Stretch, ...] = ()
    extended_days: int = 0
    is_always: bool = False


@dataclass(frozen=True)
class TeamPlan:
    """A team: median working seconds to a reply, chance that a reply solves, and how much it pleases."""

    id: str
    name: str
    schedule: str
    reply_s: int
    solves: float
    care: float
    agents: tuple[str, ...]


SCHEDULES = (
    SchedulePlan(
        "S-EU", "Europe hours", "Europe/London", "GB", "ENG",
        (Stretch(WORKDAYS, 540, 780), Stretch(WORKDAYS, 810, 1050)),
        (Stretch(WORKDAYS, 540, 780), Stretch(WORKDAYS, 810, 1110)), 150,
    ),
    SchedulePlan(
        "S-AM", "America hours", "America/New_York", "US", None,
        (Stretch(WORKDAYS, 480, 1080), Stretch((5,), 600, 840)),
    ),
    SchedulePlan(
        "S-AS", "Asia late hours", "Asia/Kolkata", "IN", None,
        (Stretch(WORKDAYS, 660, 840), Stretch(WORKDAYS, 1080, 1470)),
    ),
    SchedulePlan("S-24", "Round the clock", "UTC", "", None, (), is_always=True),
)  # fmt: skip

TEAMS = (
    TeamPlan("TEAM-EU", "First line Europe", "S-EU", 2_700, 0.60, 0.15, ("Ana", "Ben", "Clara", "Dov", "Edda", "Finn")),
    TeamPlan("TEAM-AM", "First line America", "S-AM", 3_300, 0.57, 0, ("Hugo", "Iris", "Jonas", "Kaya", "Leo", "Mina")),
    TeamPlan("TEAM-AS", "First line Asia", "S-AS", 3_000, 0.59, 0.05, ("Nadia", "Omar", "Priya", "Ravi", "Sana")),
    TeamPlan("TEAM-BI", "Billing", "S-EU", 3_900, 0.62, 0.05, ("Tess", "Uli", "Vera", "Willem")),
    TeamPlan(SLOW_TEAM, SLOW_TEAM_NAME, "S-AM", 16_000, 0.42, -0.25, ("Abel", "Xenia", "Yuri", "Zoe")),
    TeamPlan("TEAM-PH", "Phone desk", "S-EU", 1_800, 0.66, 0.1, ("Bela", "Cleo", "Dina", "Emil", "Fay")),
    TeamPlan("TEAM-EN", "Second line", "S-EU", 6_500, 0.52, 0.1, ("Gus", "Hedda", "Ivo")),
)  # fmt: skip

FIRST_LINE = {"europe": "TEAM-EU", "americas": "TEAM-AM", "asia": "TEAM-AS"}
REGION_SCHEDULE = {"europe": "S-EU", "americas": "S-AM", "asia": "S-AS"}
REGION_ZONE = {"europe": "Europe/London", "americas": "America/New_York", "asia": "Asia/Kolkata"}
SECOND_LINE = "TEAM-EN"
PHONE_DESK = "TEAM-PH"

LEFT_AGENT, LEFT_DAYS = "Edda", 124
HIRED_AGENT, HIRED_DAYS = "Sana", 190
ONCE_CUSTOMER, PROMOTED_DAYS = "Fay", 240
MOVED_AGENT, MOVED_TO, MOVED_DAYS = "Leo", SLOW_TEAM, 90

STATUSES = {
    "New": "new", "In progress": "open", "Waiting for customer": "pending", "With developers": "hold",
    "Waiting for partner": "hold", "Done": "solved", "Archived": "closed",
}  # fmt: skip
