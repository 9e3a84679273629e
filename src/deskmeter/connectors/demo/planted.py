"""What was hidden in the invented company on purpose, and how to find it again."""

from dataclasses import dataclass
from datetime import date, timedelta

from deskmeter.connectors.demo.world import DAY, DEFAULT_END, World

SPIKE_PRODUCT = "Mobile app"
SPIKE_REASON = "bug/crash"
SPIKE_VERSION = "5.0"
SPIKE_DAYS = 10
SLOW_TEAM = "TEAM-IN"
SLOW_TEAM_NAME = "Integrations"
SOUR_REASON = "billing/invoice"
LEAVING_ACCOUNT = "C-0007"
LEAVING_ACCOUNT_NAME = "Pellomar Freight"
EMPTY_CATEGORY = "Classic importer"
LOST_SEARCH = "export to calendar"


@dataclass(frozen=True)
class Planted:
    """One planted event: what happens, where (the values to split by), when, and how it shows."""

    id: str
    what: str
    where: str
    when: str
    how_to_see: str


def release_day(world: World) -> int:
    """UTC second at which the troublesome release went out."""
    return world.end - 47 * DAY


def sour_from(world: World) -> int:
    """UTC second from which the topic drives satisfaction down."""
    return world.end - 78 * DAY


def trouble_from(world: World) -> int:
    """UTC second from which the leaving account's tickets rise."""
    return world.end - 70 * DAY


def planted(end: date = DEFAULT_END) -> list[Planted]:
    """The planted events of a company that ends at `end`; days are UTC days."""
    release, sour, trouble = (end - timedelta(days=days) for days in (47, 78, 70))
    renewal = end + timedelta(days=27)
    return [
        Planted(
            "release_spike",
            f"release {SPIKE_VERSION} of the {SPIKE_PRODUCT} crashes; its tickets rise to a multiple",
            f"product = {SPIKE_PRODUCT}, reason = {SPIKE_REASON}",
            f"{release} to {release + timedelta(days=SPIKE_DAYS)} (10 days)",
            f"tickets_created by day where reason = {SPIKE_REASON} and product = {SPIKE_PRODUCT}",
        ),
        Planted(
            "slow_team",
            "one team answers and resolves far more slowly than all others",
            f"team = {SLOW_TEAM_NAME}",
            "all twelve months",
            "first_reply_time and resolution_time by team, median and p90",
        ),
        Planted(
            "sour_topic",
            "a new layout of the invoices is not understood; satisfaction with that topic falls by half",
            f"reason = {SOUR_REASON}",
            f"from {sour} on",
            f"csat by month where reason = {SOUR_REASON}, against csat of all other reasons",
        ),
        Planted(
            "leaving_account",
            "a large account is about to leave: rising tickets, low scores, escalations by the customer, renewal near",
            f"account = {LEAVING_ACCOUNT_NAME}",
            f"from {trouble} on; renewal on {renewal}",
            f"tickets_created, escalations, csat, nps by month where account = {LEAVING_ACCOUNT_NAME}; account_summary",
        ),
        Planted(
            "empty_category",
            "a category of the knowledge base that nobody ever opened",
            f"category = {EMPTY_CATEGORY}",
            "all twelve months",
            "kb_views by category: 0",
        ),
        Planted(
            "lost_search",
            "the most frequent search that never leads to a click",
            f"words = {LOST_SEARCH}",
            "all twelve months",
            "kb_failed_searches by words",
        ),
    ]


PLANTED = planted()
