"""Which columns of a ticket's row stand for agent, team, priority, status and stage under each credit."""

from collections.abc import Mapping

_STATE = ("agent", "team", "priority", "status", "stage")

CREATED: Mapping[str, str] = {
    "agent": "first_agent", "team": "first_team", "priority": "first_priority", "status": "created_status",
    "stage": "created_stage",
}  # fmt: skip
# filed at creation, credited to a later owner (ruling 68)
OWNED: Mapping[str, str] = {**CREATED, "agent": "owner_agent", "team": "owner_team"}
NOW: Mapping[str, str] = {**CREATED, "agent": "now_agent", "team": "now_team"}
RESOLVED: Mapping[str, str] = {name: f"resolved_{name}" for name in _STATE}
RESOLVED_FIRST: Mapping[str, str] = {name: f"first_resolved_{name}" for name in _STATE}
