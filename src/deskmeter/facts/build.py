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
    money,
    ordering,
    people,
    replies,
    resolution,
    sla,
    state,
    stocks,
    tickets,
)
from deskmeter.facts.tables import BuildSettings, Step, Tables

STEPS: tuple[Step, ...] = (
    people.names,
    people.role_spans,
    ordering.tickets,
    state.stage_map,
    ordering.effective,
    ordering.standing,
    actors.acted,
    ordering.history,
    state.changes,
    state.timeline,
    state.state_spans,
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
        engine.load(f"c_{name}", pa.table(arrays, names=names))


def build(
    engine: Engine, settings: BuildSettings, progress: Progress = lambda step, done, total: None,
    steps: Sequence[Step] = STEPS,
) -> Tables:  # fmt: skip
    """Every fact table as of `settings.as_of_us` from the canonical tables that the engine holds.

    The result depends on the set of rows and the settings alone, not on their order.
    """
    t = Tables(engine, settings)
    for done, step in enumerate(steps):
        progress(step.__name__.replace("_", " "), done, len(steps))
        if step is clocks.schedules_lived:
            low, high = _life(t)
            clocks.calendars(t, low, high)
        for name, expr in step(t).items():
            t.put(name, expr)
    progress("done", len(steps), len(steps))
    return t


def _life(t: Tables) -> tuple[int, int]:
    """First and last effective instant of all histories."""
    history = t["history"]
    row = t.engine.fetch(history.aggregate(low=history.eff_us.min(), high=history.eff_us.max())).to_pylist()[0]
    as_of = t.settings.as_of_us
    return (as_of, as_of) if row["low"] is None else (row["low"], row["high"])
