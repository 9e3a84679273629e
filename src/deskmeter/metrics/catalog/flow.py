"""Flow: what enters and leaves the backlog. Backlog at the end = at the start + inflow + moved_in - outflow - moved_out."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked, Count, Metric, Part, Sum

FAMILY = "Backlog and flow"
_IN = ("created", "reopened", "new_contact")


def _moved(direction: str) -> Part:
    """Moves between agents where the question is about agents, between teams where it is about teams."""

    def keep(rows: ibis.Table, asked: Asked) -> ibis.Value:
        is_move = rows.flow == direction
        if "agent" in asked.dims:
            return is_move if "team" in asked.dims else is_move & rows.is_agent_move
        return is_move & rows.is_team_move if "team" in asked.dims else is_move

    return Part("f_flow", keep=keep)


def _metric(
    id: str, label: str, definition: str, formula: str, part: Part, *, aggregate: Count | Sum | None = None
) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=definition,
        formula=formula,
        unit="count",
        basis="at",
        credit="assignee_then: at that very instant",
        good="neither",
        parts=(part,),
        aggregate=aggregate or Count(),
        sources=("IS4",),
        decimals=0,
    )


FLOW = (
    _metric(
        "inflow",
        "Inflow",
        "What entered the backlog: tickets created, reopened, or left solved as a new contact. Split by flow to see which.",
        "created + reopened + new-contact episodes",
        Part("f_flow", keep=lambda rows, asked: rows.flow.isin(list(_IN))),
    ),
    _metric(
        "outflow",
        "Outflow",
        "What left the backlog: resolutions, under the agent and team that had the ticket.",
        "resolutions",
        Part("f_flow", keep=lambda rows, asked: rows.flow == "resolved"),
    ),
    _metric(
        "net_flow",
        "Net flow",
        "How much the backlog grew: inflow less outflow.",
        "inflow - outflow",
        Part("f_flow", keep=lambda rows, asked: rows.flow.isin([*_IN, "resolved"])),
        aggregate=Sum(lambda rows, asked: rows.sign),
    ),
    _metric(
        "moved_in",
        "Moved in",
        "Unresolved tickets that an agent or team got from another or from nobody; a first assignment is one.",
        "changes of hand of unresolved tickets, under the one who got them",
        _moved("moved_in"),
    ),
    _metric(
        "moved_out",
        "Moved out",
        "Unresolved tickets that an agent, a team or nobody passed on.",
        "changes of hand of unresolved tickets, under the one who lost them",
        _moved("moved_out"),
    ),
)
