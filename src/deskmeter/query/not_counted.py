"""Why a ticket does not count in a metric: a list of simple rules, the first that has something to say speaks."""

from collections.abc import Callable, Mapping

from deskmeter.metrics.spec import Metric
from deskmeter.query.result import Cell
from deskmeter.query.ticket_record import TicketRecord

Rule = Callable[[TicketRecord], str | None]
_WEEK_US = 7 * 86_400_000_000


def why_not(record: TicketRecord, metric: Metric, cell: Cell | None) -> str:
    """One line; `cell` is the metric's number for this ticket alone, null where it has no row at all."""
    if cell is not None and cell.n_open:
        return "still running: shown beside it as open"
    for rule in (_BY_ID.get(metric.id), _BY_BASIS.get(metric.basis), _BY_FACT.get(_fact(metric))):
        said = rule(record) if rule else None
        if said:
            return said
    if metric.is_stock:
        return _stock(record)
    return f"no row of what it measures: {metric.formula}"


def _fact(metric: Metric) -> str:
    fact = metric.parts[0].fact
    return fact if isinstance(fact, str) else ""


def _stock(record: TicketRecord) -> str:
    return "resolved at `as_of`" if record.sums.is_resolved else "it does not hold at `as_of`"


def _unresolved(record: TicketRecord) -> str | None:
    return None if record.sums.is_resolved else "unresolved at `as_of`"


def _never_resolved(record: TicketRecord) -> str | None:
    return None if record.resolutions else "it has never been resolved"


def _no_first_reply(record: TicketRecord) -> str | None:
    if record.sums.reply_start_us is None:
        return "opened by staff, and the customer has not written"
    if record.sums.first_reply_us is None:
        return "no human reply"
    return "its end lies before its start"


def _no_reply_at_all(record: TicketRecord) -> str | None:
    if record.sums.reply_start_us is None:
        return "opened by staff, and the customer has not written"
    return None if any(event.is_any_reply for event in record.events) else "no reply, not even by automation"


def _no_assignment(record: TicketRecord) -> str | None:
    if record.sums.first_reply_us is None:
        return "no human reply"
    if not any(event.is_human or event.kind == "handoff" for event in record.events):
        return "never assigned to a human"
    return "answered before it was assigned"


def _no_answered_wait(record: TicketRecord) -> str | None:
    if not record.waits:
        return "the customer never waited: no message of theirs on an unresolved ticket"
    if any(wait.ended_us is None for wait in record.waits):
        return "its wait is still open"
    return "its waits ended with a resolution, not with a reply"


def _no_reply_before_resolution(record: TicketRecord) -> str | None:
    if record.sums.first_reply_us is None:
        return "no human reply"
    return _unresolved(record) or "first answered after its resolution"


def _not_old_enough(record: TicketRecord) -> str | None:
    if not record.resolutions:
        return "it has never been resolved"
    young = record.access.as_of_us - record.resolutions[-1].eff_us <= _WEEK_US
    return "immature: resolved less than 7 days ago" if young else None


def _no_return_known(record: TicketRecord) -> str | None:
    if record.sums.requester_key is None:
        return "unknown requester"
    return _unresolved(record) or _not_old_enough(record)


def _unknown_requester(record: TicketRecord) -> str | None:
    return "unknown requester" if record.sums.requester_key is None else None


def _answered(record: TicketRecord) -> str | None:
    if record.sums.is_resolved:
        return "resolved at `as_of`"
    if record.sums.reply_start_us is None:
        return "opened by staff, and the customer has not written"
    return "a human has replied" if record.sums.first_reply_us is not None else None


def _nobody_waits(record: TicketRecord) -> str | None:
    return "resolved at `as_of`" if record.sums.is_resolved else "no open wait: no unanswered message of the customer"


def _never_active(record: TicketRecord) -> str | None:
    return "born solved, and it never left it"


def _promise(record: TicketRecord) -> str | None:
    if not record.promises:
        return "no SLA policy was applied"
    outcomes = sorted({promise.outcome for promise in record.promises})
    return "its promises are " + " and ".join(outcomes)


def _no_breach(record: TicketRecord) -> str | None:
    return _promise(record)


def _not_at_risk(record: TicketRecord) -> str | None:
    return "no open promise is within 20 % of being due" if record.promises else "no SLA policy was applied"


def _no_answer(record: TicketRecord) -> str | None:
    if not record.surveys and not record.answers:
        return "no survey was sent"
    if not record.answers:
        return "no survey was answered"
    kinds = ", ".join(sorted({answer.survey_kind for answer in record.answers}))
    return f"its answers are of another kind or scale: {kinds}"


def _no_low_answer(record: TicketRecord) -> str | None:
    return "no low score among its answers" if record.answers else _no_answer(record)


def _not_delivered(record: TicketRecord) -> str | None:
    return "its surveys were not delivered" if record.surveys else "no survey was sent"


def _no_follow_up(record: TicketRecord) -> str | None:
    return "no low score that was followed up" if record.answers else _no_answer(record)


def _no_call(record: TicketRecord) -> str | None:
    return "its calls are of another kind" if record.calls else "no call belongs to it"


def _says(text: str) -> Rule:
    return lambda record: text


def _no_work(kind: str, text: str) -> Rule:
    def rule(record: TicketRecord) -> str | None:
        recorded = any(work.kind == kind for work in record.work)
        return None if recorded else (_unresolved(record) or f"no {text} was recorded on it before its resolution")

    return rule


_BY_ID: Mapping[str, Rule] = {
    "first_reply_time": _no_first_reply,
    "first_reply_time_any": _no_reply_at_all,
    "assignment_to_first_reply": _no_assignment,
    "reply_time": _no_answered_wait,
    "first_reply_to_resolution": _no_reply_before_resolution,
    "fcr_no_repeat": _no_return_known,
    "durable_resolution_rate": _not_old_enough,
    "repeat_contact_rate": _unknown_requester,
    "unanswered": _answered,
    "unanswered_age": _answered,
    "waiting_now": _nobody_waits,
    "waiting_time": _nobody_waits,
    "open_by_last_response": _nobody_waits,
    "tickets_active": _never_active,
    "backlog_average": _never_active,
    "handle_time_entries": _no_work("entries", "time entry"),
    "handle_time_active": _no_work("active", "viewing or editing"),
    "handle_time_calls": _no_work("calls", "call with talk, hold and wrap time"),
    "sla_breaches": _no_breach,
    "sla_at_risk": _not_at_risk,
    "response_rate": _not_delivered,
    "low_scores": _no_low_answer,
    "follow_up_rate": _no_low_answer,
    "follow_up_time": _no_follow_up,
    "reopens": _says("never reopened"),
    "escalations": _says("nobody asked for a higher tier"),
    "reassignments": _says("never passed from one human to another"),
    "transfers": _says("never passed from one team to another"),
    "tickets_per_agent": _says("never assigned to a human"),
    "activities": _says("staff did nothing on it"),
    "upsells_per_agent_revenue": _says("no order was sold on it"),
    "cross_sells_per_agent_revenue": _says("no order was sold on it"),
    "agent_wait_time": _unresolved,
    "requester_wait_time": _unresolved,
}

_BY_BASIS: Mapping[str, Rule] = {
    "resolved (last)": _unresolved,
    "resolved (first)": _never_resolved,
    "resolved": _never_resolved,
}

_BY_FACT: Mapping[str, Rule] = {
    "f_sla": _promise,
    "f_answer": _no_answer,
    "f_survey": _not_delivered,
    "f_call": _no_call,
    "f_order": _says("no order was sold on it"),
    "f_message_out": _says("no recorded message of it went to a customer with a preference"),
    "f_kb_issue": _says("it was created without the knowledge base"),
    "f_kb_vote": _says("no vote in the knowledge base names it"),
    "f_kb_event": _says("no event of the knowledge base names it"),
    "f_kb_search": _says("no search in the knowledge base names it"),
    "f_flow": _says("no such flow"),
}
