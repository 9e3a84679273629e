"""The promises of the invented company: policies, kinds and targets."""

from deskmeter.connectors.demo.sheet import Sheet
from deskmeter.connectors.demo.world import HOUR

STANDARD, PREMIUM, FOLLOW = "SLA-STANDARD", "SLA-PREMIUM", "SLA-FOLLOW"
NAMES = {STANDARD: "Standard", PREMIUM: "Premium, round the clock", FOLLOW: "Every further reply"}

FIRST_REPLY_HOURS = {
    STANDARD: {"low": 9, "normal": 5, "high": 3, "urgent": 2},
    PREMIUM: {"low": 24, "normal": 20, "high": 16, "urgent": 12},
}
RESOLUTION_HOURS = {
    STANDARD: {"low": 60, "normal": 40, "high": 28, "urgent": 16},
    PREMIUM: {"low": 168, "normal": 120, "high": 96, "urgent": 48},
}


def write_policies(sheets: dict[str, Sheet]) -> None:
    """Fills sla_policy: first reply and resolution by priority, the rest for every priority."""
    for policy in (STANDARD, PREMIUM):
        clock = "business" if policy == STANDARD else "calendar"
        for priority, hours in FIRST_REPLY_HOURS[policy].items():
            _promise(sheets, policy, "first_reply", priority, hours, clock)
        for priority, hours in RESOLUTION_HOURS[policy].items():
            _promise(
                sheets, policy, "resolution", priority, hours, clock, "pending,hold" if clock == "calendar" else None
            )
    _promise(sheets, STANDARD, "requester_wait", None, 30, "business")
    _promise(sheets, PREMIUM, "agent_work", None, 72, "calendar")
    _promise(sheets, FOLLOW, "next_reply", None, 7, "business")


def _promise(
    sheets: dict[str, Sheet], policy: str, kind: str, priority: str | None, hours: int, clock: str,
    pauses: str | None = None,
) -> None:  # fmt: skip
    sheet = sheets["sla_policy"]
    sheet.add(
        id=f"SP-{len(sheet) + 1}", policy=policy, name=NAMES[policy], kind=kind, priority=priority,
        target_s=hours * HOUR, clock=clock, pause_stages=pauses,
    )  # fmt: skip
