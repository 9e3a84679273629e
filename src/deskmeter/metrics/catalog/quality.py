"""Resolution quality: what got resolved, at the first contact, for good, and with how much work (metrics 6)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.catalog_roles import CREATED, OWNED, RESOLVED, RESOLVED_FIRST
from deskmeter.metrics.spec import Asked, Condition, Count, Flow, Metric, Part, Ratio, Share, Stat

FAMILY = "Resolution quality and effort"
_WEEK_US = 7 * 86_400_000_000
_OWNER = "owner_at_resolution: the assignee, else the author of the resolution"
_BY_CREATION = Part("f_ticket", Flow("created_us"), dims=OWNED)
_BY_LAST = Part("f_ticket", Flow("resolved_us"), dims=RESOLVED)
_BY_FIRST = Part("f_ticket", Flow("first_resolved_us"), dims=RESOLVED_FIRST)


def _at_first_contact(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.is_resolved & (rows.contacts == 1) & (rows.reopens == 0) & (rows.new_contacts == 0)


def _share(
    id: str, label: str, definition: str, formula: str, basis: str, part: Part, hit: Condition, good: str = "up",
    credit: str = _OWNER, sources: tuple[str, ...] = (), base: Condition | None = None, maturing: Condition | None = None,
    leaves_out: str = "",
) -> Metric:  # fmt: skip
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula=formula, unit="share", basis=basis, credit=credit,
        good="up" if good == "up" else "down", parts=(part,), aggregate=Share(hit=hit, base=base, maturing=maturing),
        leaves_out=leaves_out, sources=sources,
    )  # fmt: skip


def _is_old(at: str, rows: ibis.Table, asked: Asked) -> ibis.Value:
    return asked.as_of_us - rows[at] > _WEEK_US


def _undone_soon(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.reopened_us.notnull() & (rows.reopened_us - rows.at_us <= _WEEK_US)


SHARES = (
    _share(
        "resolution_rate", "Resolution rate",
        "Of the tickets created in the period, the share that is resolved at as_of.",
        "tickets resolved at as_of / tickets created", "created", _BY_CREATION,
        lambda rows, asked: rows.is_resolved, sources=("MHC", "Jivo15 5"),
        credit="owner: at the last resolution, of unresolved tickets the assignee at as_of",
    ),
    _share(
        "first_contact_resolution", "First contact resolution",
        "Tickets created in the period that were resolved with exactly one contact by staff and neither reopened nor contacted "
        "anew by as_of, of all tickets created. Tickets younger than 7 days are marked as maturing.",
        "tickets resolved at the first contact / tickets created", "created", _BY_CREATION, _at_first_contact,
        sources=("MHC", "KPI8", "Jivo15 7", "IS4"),
        maturing=lambda rows, asked: asked.as_of_us - rows.created_us < _WEEK_US,
    ),
    _share(
        "one_touch_rate", "One-touch rate",
        "Tickets resolved with exactly one contact by staff and never reopened, of the tickets resolved at as_of.",
        "tickets resolved at the first contact / tickets resolved", "resolved (last)", _BY_LAST, _at_first_contact,
        sources=("ZD",),
    ),
    _share(
        "resolved_without_contact", "Resolved without contact",
        "Tickets resolved without any contact by staff, of the tickets resolved at as_of.",
        "tickets resolved with no contact / tickets resolved", "resolved (last)", _BY_LAST,
        lambda rows, asked: rows.contacts == 0,
    ),
    _share(
        "fcr_no_repeat", "Resolved without coming back",
        "Tickets resolved at as_of whose customer did not come back on any channel within 7 days of the resolution, of those "
        "resolved more than 7 days ago. Tickets resolved since are left out until they are 7 days old.",
        "tickets without a return / tickets resolved more than 7 x 24 h ago", "resolved (last)", _BY_LAST,
        lambda rows, asked: rows.came_back_us.isnull() | (rows.came_back_us - rows.resolved_us > _WEEK_US),
        base=lambda rows, asked: rows.requester_key.notnull() & _is_old("resolved_us", rows, asked),
        maturing=lambda rows, asked: rows.requester_key.notnull() & ~_is_old("resolved_us", rows, asked),
        leaves_out="tickets of unknown requesters; tickets resolved in the last 7 days",
    ),
    _share(
        "reopen_rate", "Reopen rate",
        "Tickets first resolved in the period that were reopened by as_of, of the tickets first resolved in the period.",
        "tickets reopened / tickets resolved", "resolved (first)", _BY_FIRST, lambda rows, asked: rows.reopens > 0,
        good="down", sources=("ZD",), credit="owner at the first resolution",
        leaves_out="new contacts after 24 h of silence are no reopens",
    ),
    _share(
        "durable_resolution_rate", "Durable resolutions",
        "Resolutions not undone by a reopen within 7 days, of the resolutions older than 7 days.",
        "resolutions that held / resolutions more than 7 x 24 h old", "resolved",
        Part("f_resolution"), lambda rows, asked: ~_undone_soon(rows, asked),
        base=lambda rows, asked: _is_old("at_us", rows, asked),
        maturing=lambda rows, asked: ~_is_old("at_us", rows, asked),
        leaves_out="resolutions of the last 7 days",
    ),
    _share(
        "escalation_rate", "Escalation rate",
        "Tickets created in the period on which somebody asked for a higher tier, of the tickets created.",
        "tickets with an escalation / tickets created", "created", Part("f_ticket", Flow("created_us"), dims=CREATED),
        lambda rows, asked: rows.escalations > 0, good="down", credit="assignee_then: the first assignee",
        sources=("Jivo15 11",),
    ),
)  # fmt: skip


def _count(
    id: str, label: str, definition: str, formula: str, basis: str, part: Part, credit: str, good: str = "neither",
    key: str | None = None, sources: tuple[str, ...] = (),
) -> Metric:  # fmt: skip
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula=formula, unit="count", basis=basis, credit=credit,
        good={"up": "up", "down": "down"}.get(good, "neither"),  # type: ignore[arg-type]  # the three words of Good
        parts=(part,), aggregate=Count(key=key), sources=sources, decimals=0, is_additive=key is None,
    )  # fmt: skip


COUNTS = (
    _count(
        "resolutions", "Resolutions", "Changes into solved or closed from another stage; a ticket can have several.",
        "number of resolutions", "resolved", Part("f_resolution"), _OWNER, "up", sources=("MHC", "IS4"),
    ),
    _count(
        "tickets_resolved", "Tickets resolved", "Distinct tickets with a resolution in the period.",
        "number of distinct tickets", "resolved", Part("f_resolution"), _OWNER, "up", key="ticket_id",
        sources=("MHC", "IS4"),
    ),
    _count(
        "reopens", "Reopens", "Changes from solved or closed back to another stage that are not a new contact.",
        "number of reopens", "at", Part("f_reopen"), "owner at the resolution that was undone", "down", sources=("ZD",),
    ),
    _count(
        "activities", "Activities",
        "Anything a staff member did on a ticket: reply, opening message, note, call, status change, assignment, tag, "
        "merge, time entry. Split by activity for the types.",
        "number of activities", "at", Part("f_activity"), "author", sources=("IS4",),
    ),
    _count(
        "escalations", "Escalations", "Requests to speak to a higher tier; split by asked_by for customer, agent or rule.",
        "number of requests", "requested", Part("f_escalation"), "assignee_then", "down", sources=("Jivo15 11",),
    ),
    _count(
        "reassignments", "Reassignments", "Changes from one human assignee to another; gaps and bots between do not count.",
        "number of changes", "at", Part("f_handover", keep=lambda rows, asked: rows.kind == "reassignment"),
        "the agent who lost it", "down",
    ),
    _count(
        "transfers", "Transfers", "Changes from one team to another; gaps without a team do not count.",
        "number of changes", "at", Part("f_handover", keep=lambda rows, asked: rows.kind == "transfer"),
        "the team that lost it", "down",
    ),
)  # fmt: skip

resolution_rate_flow = Metric(
    id="resolution_rate_flow",
    label="Resolutions per ticket created",
    family=FAMILY,
    definition="Resolutions of the period for each ticket created in it; may exceed 100 % while a backlog is worked off.",
    formula="resolutions / tickets created",
    unit="share",
    basis="resolved / created",
    credit="owner_at_resolution / first assignee",
    good="up",
    parts=(Part("f_resolution"), Part("f_ticket", Flow("created_us"), dims=CREATED)),
    aggregate=Ratio(bottom_part=1),
    sources=("MHC",),
)


def _per_ticket(id: str, label: str, column: str, definition: str, formula: str, sources: tuple[str, ...]) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=definition,
        formula=formula,
        unit="number",
        basis="resolved (last)",
        credit=_OWNER,
        good="down",
        parts=(_BY_LAST,),
        aggregate=Stat(lambda rows, asked: rows[column], default="mean"),
        sources=sources,
        is_additive=False,
        decimals=2,
    )


PER_TICKET = (
    _per_ticket(
        "replies_per_ticket", "Replies per ticket", "replies",
        "Human replies on tickets resolved at as_of, up to the last resolution.", "human replies / tickets resolved",
        ("MHC", "Jivo15 (Huot)"),
    ),
    _per_ticket(
        "exchanges_per_ticket", "Exchanges per ticket", "exchanges",
        "Waits that a reply ended, per ticket resolved: the back-and-forths.", "answered waits / tickets resolved", ("MHC",),
    ),
    _per_ticket(
        "activities_per_resolution", "Activities per resolution", "activities",
        "Staff activities on tickets resolved in the period, up to the last resolution.", "activities / tickets resolved",
        ("IS4",),
    ),
)  # fmt: skip

tickets_per_agent = Metric(
    id="tickets_per_agent",
    label="Tickets per agent",
    family=FAMILY,
    definition="Distinct tickets assigned to a human in the period for each agent who got one.",
    formula="distinct tickets assigned / agents with one",
    unit="number",
    basis="assigned",
    credit="assignee_then",
    good="neither",
    parts=(Part("f_assigned"),),
    aggregate=Ratio(top_key="ticket_id", bottom_key="agent"),
    sources=("MHC",),
    is_additive=False,
)
