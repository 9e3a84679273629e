"""The ordered list of all fact tables; read it aloud and you know what a build does."""

from collections.abc import Callable, Mapping, Sequence

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
from deskmeter.facts.tables import Act, BuildSettings, Step, Tables

STEPS: tuple[Step | Act, ...] = (
    people.names,
    people.roles,
    ordering.tickets,
    Act(state.stage_names),
    state.stage_map,
    ordering.event_rows,
    ordering.effective,
    ordering.marks,
    Act(ordering.follow_merges),
    ordering.standing,
    actors.spoken,
    actors.openers,
    actors.acted,
    ordering.history,
    state.changes,
    state.positions,
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
    tickets.ticket_facts,
    tickets.work,
    tickets.agent_times,
    calls.calls,
    calls.availability,
    flow.contacts,
    stocks.stock_spans,
    stocks.wait_spans,
    stocks.reply_instants,
    sla.sla_applied,
    sla.sla_ends,
    sla.sla_pieces,
    sla.sla_facts,
    sla.sla_risks,
    answers.answers,
    answers.surveys,
    answers.answer_facts,
    answers.follow_ups,
    answers.reviews,
    answers.referrals,
    customers.stays,
    customers.customers,
    customers.customer_spans,
    money.subscriptions,
    money.plan_spans,
    money.plan_moves,
    money.orders,
    knowledge.kb_items,
    knowledge.written_words,
    Act(knowledge.plain_words),
    knowledge.kb_events,
    knowledge.kb_live,
    knowledge.kb_votes,
    knowledge.kb_sessions,
    knowledge.kb_searches,
    knowledge.kb_issues,
    preferences.preferences,
    preferences.messages_out,
)

Progress = Callable[[str, int, int | None], None]


def load_canonical(engine: Engine, tables: Mapping[str, pa.Table]) -> None:
    """Puts the canonical tables into the engine as c_<name>: instants as microseconds, dates as days since 1970."""
    for name, spec in TABLES.items():
        table = tables.get(name)
        arrays, names = [], []
        for column in spec.columns:
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
        engine.load(f"c_{name}", pa.table(arrays, names=names), is_kept=False)


def build(
    engine: Engine, settings: BuildSettings, progress: Progress = lambda step, done, total: None,
    steps: Sequence[Step | Act] = STEPS,
) -> Tables:  # fmt: skip
    """Every fact table as of `settings.as_of_us` from the canonical tables that the engine holds.

    The result depends on the set of rows and the settings alone, not on their order.
    """
    t = Tables(engine, settings)
    for done, step in enumerate(steps):
        progress(step.__name__.replace("_", " "), done, len(steps))
        if isinstance(step, Act):
            step.do(t)
        else:
            t.run(step)
    progress("done", len(steps), len(steps))
    PLANS.store()
    return t
