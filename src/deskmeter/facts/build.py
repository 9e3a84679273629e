"""The ordered list of all fact tables; read it aloud and you know what a build does."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from deskmeter.canon.schema import TABLES
from deskmeter.engines.protocol import Engine
from deskmeter.facts import (
    actors,
    answers,
    calls,
    clocks,
    customers,
    durations,
    flow,
    knowledge,
    money,
    ordering,
    people,
    preferences,
    replies,
    resolution,
    sla,
    state,
    stocks,
    tickets,
)
from deskmeter.facts.plans import PLANS
from deskmeter.facts.tables import (
    EVENT_NO,
    NUMBERED,
    Act,
    BuildSettings,
    Fed,
    Step,
    Tables,
    canonical_columns,
    is_kept,
)

# how a ticket went, and all that is told of it: of tickets that share neither a requester nor a merge, nothing of the one
# depends on the other
TICKETS: tuple[Step | Fed | Act, ...] = (
    people.roles,
    ordering.tickets,
    Act(state.stage_names),
    state.stage_map,
    ordering.call_events,
    ordering.effective,
    ordering.marks,
    Act(ordering.follow_merges),
    ordering.standing,
    actors.openers,
    actors.acted,
    actors.unnamed,
    ordering.history,
    state.changes,
    state.values,
    state.positions,
    state.state_codes,
    state.states,
    state.timeline,
    state.state_spans,
    clocks.life,
    Act(clocks.calendars),
    clocks.default_schedules,
    clocks.schedules_lived,
    resolution.new_contact_messages,
    resolution.leavings,
    resolution.resolutions,
    resolution.woken_leavings,
    resolution.resolution_facts,
    replies.waits,
    replies.first_replies,
    durations.lengths,
    durations.durations,
    durations.stage_times,
    durations.stage_zeros,
    durations.status_times,
    flow.flows,
    flow.handovers,
    flow.assignments,
    flow.activities,
    flow.escalations,
    tickets.fields,
    tickets.ticket_rows,
    tickets.counts,
    tickets.ticket_standings,
    tickets.ticket_facts,
    stocks.stock_spans,
    stocks.wait_spans,
    stocks.reply_instants,
    tickets.work,
    tickets.agent_times,
    Fed(sla.sla_applied, by="c_sla_policy"),
    Fed(sla.sla_ends, by="sla_start"),
    Fed(sla.sla_pieces, by="sla_start"),
    Fed(sla.sla_facts, by="sla_start"),
    Fed(sla.sla_risks, by="sla_start"),
)

# what is told of single calls, surveys, messages and visits: of a row, what it says itself, its ticket and its person
ROWS: tuple[Step | Fed | Act, ...] = (
    Fed(calls.calls, by="c_call"),
    flow.contacts,
    Fed(answers.answers, by="c_survey_answer"),
    Fed(answers.surveys, by="c_survey_sent"),
    Fed(answers.answers_placed, by="c_survey_answer"),
    Fed(answers.answer_facts, by="c_survey_answer"),
    knowledge.kb_items,
    Fed(knowledge.written_words, by="c_kb_event"),
    Act(knowledge.plain_words),
    Fed(knowledge.kb_events, by="c_kb_event"),
    Fed(knowledge.kb_votes, by="f_kb_event"),
    Fed(knowledge.kb_sessions, by="f_kb_event"),
    Fed(knowledge.kb_searches, by="f_kb_event"),
    knowledge.kb_issues,
    Fed(preferences.preferences, by="c_preference_span"),
    Fed(preferences.messages_placed, by="c_message_out"),
    Fed(preferences.messages_out, by="c_message_out"),
)

# the rest, made of kept tables of those above and of canonical ones
WHOLES: tuple[Step | Fed, ...] = (
    Fed(calls.availability, by="c_availability_span"),
    Fed(answers.follow_ups, by="c_follow_up"),
    Fed(answers.reviews, by="c_review"),
    Fed(answers.referrals, by="c_referral"),
    customers.stays,
    customers.customers,
    customers.customer_spans,
    Fed(money.subscriptions, by="c_subscription_span"),
    money.plan_spans,
    money.plan_moves,
    Fed(money.orders, by="c_order"),
    Fed(knowledge.kb_live, by="f_kb_event"),
)

STEPS = (people.names, *TICKETS, *ROWS, *WHOLES)

Progress = Callable[[str, int, int | None], None]


def load_canonical(engine: Engine, tables: Mapping[str, pa.Table]) -> None:
    """Puts all canonical tables into the engine, those that are not there as empty ones."""
    for name in TABLES:
        load_parts(engine, name, [tables.get(name)])


def load_parts(engine: Engine, name: str, parts: Iterable[pa.Table | None]) -> None:
    """Puts canonical table `name` into the engine as c_<name>, part by part, so that no more than one is in memory.

    Instants become microseconds since 1970, dates days; columns that are not there are null. None is an empty part.
    Events are numbered.
    """
    engine.load(f"c_{name}", _plain_parts(name, parts), is_kept(f"c_{name}"))


def _plain_parts(name: str, parts: Iterable[pa.Table | None]) -> Iterator[pa.Table]:
    count = 0
    for part in parts:
        made = plain(name, part)
        if name == NUMBERED:
            numbers = pa.array(np.arange(count + 1, count + 1 + made.num_rows), pa.int64())
            made = made.append_column(EVENT_NO, numbers)
        yield made
        count += made.num_rows


def plain(name: str, table: pa.Table | None) -> pa.Table:
    """Rows of canonical table `name` as a build holds them; None for no rows."""
    arrays, names = [], []
    for column in canonical_columns(name):
        kind = {"timestamp": pa.int64(), "date": pa.int64(), "string": pa.string(), "int64": pa.int64(),
                "float64": pa.float64(), "boolean": pa.bool_()}[column.type]  # fmt: skip
        if table is None or column.name not in table.column_names:
            arrays.append(pa.nulls(0 if table is None else table.num_rows, kind))
        else:
            values = table[column.name]
            if column.type == "timestamp":
                values = values.cast(pa.timestamp("us")).cast(kind)
            elif column.type == "date":
                values = values.cast(pa.date32()).cast(pa.int32())
            arrays.append(values.cast(kind))
        names.append(column.name)
    return pa.table(arrays, names=names)


def build(
    engine: Engine, settings: BuildSettings, progress: Progress = lambda step, done, total: None,
    steps: Sequence[Step | Fed | Act] = STEPS,
) -> Tables:  # fmt: skip
    """Every fact table as of `settings.as_of_us` from the canonical tables that the engine holds.

    The result depends on the set of rows and the settings alone, not on their order.
    """
    t = Tables(engine, settings)
    for done, step in enumerate(steps):
        made = step.step if isinstance(step, Fed) else step
        progress(made.__name__.replace("_", " "), done, len(steps))
        if isinstance(made, Act):
            made.do(t)
        else:
            t.run(made, isinstance(step, Fed) and engine.is_empty(step.by))
    progress("done", len(steps), len(steps))
    PLANS.store()
    return t
