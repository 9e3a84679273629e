"""The working tables of one build: a name gives an expression, an expression becomes a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from deskmeter.base.collector import collector_paused
from deskmeter.canon.schema import PROVENANCE, TABLES, Column
from deskmeter.engines.expressions import ibis
from deskmeter.engines.protocol import Engine, Purpose
from deskmeter.facts.plans import PLANS, Planned

FAR_PAST = -(2**62)
FAR_FUTURE = 2**62

_IBIS = {
    "string": "string", "int64": "int64", "float64": "float64", "boolean": "boolean", "timestamp": "int64",
    "date": "int64",
}  # fmt: skip

# the types that tables of a build have, as Ibis calls them: a build whose plans are kept need not load it
_ARROW = {
    "string": pa.string(), "int64": pa.int64(), "int8": pa.int8(), "int32": pa.int32(), "float64": pa.float64(),
    "boolean": pa.bool_(),
}  # fmt: skip
_NAMES = {kind: name for name, kind in _ARROW.items()}


@dataclass(frozen=True)
class BuildSettings:
    """What a build depends on besides the data. Instants are UTC microseconds since 1970."""

    as_of_us: int
    episode_gap_us: int = 86_400_000_000
    default_schedule: str | None = None  # key of the schedule of sources that name none of their own
    rates: tuple[tuple[str, float], ...] = ()  # currency, factor that turns it into the base currency
    is_live: bool = False  # nothing is cut at as_of: questions bring their own instant, later than all data

    @property
    def cut_us(self) -> int:
        """Nothing after this instant is known to the build."""
        return FAR_FUTURE if self.is_live else self.as_of_us


# what questions, and a build of what arrived since, read besides the facts themselves, which begin with f_; all else
# goes when the build is done
KEEP = frozenset(
    {
        "account", "calendar_day", "calendar_reach", "customer", "default_schedule", "field_span", "kb_item",
        "leaving", "merge_link", "new_contact", "person", "plan_span", "resolution", "set_aside_answer", "set_aside_span",
        "standing", "state_span", "tag_span", "team", "ticket", "ticket_schedule", "ticket_state", "timeline",
        "unnamed_person", "wait",
    }
)  # fmt: skip

# canonical tables that are kept with the facts: whoever looks for the rows that a change reaches need not ask the ledger
ROWS_KEPT = (
    "availability_span", "call", "customer_span", "follow_up", "kb_event", "message_out", "order", "preference_span",
    "referral", "review", "subscription_span", "survey_answer", "survey_sent",
)  # fmt: skip

# of tables that are wide for the build's sake: the columns that explanations and checks of the data read
_ENOUGH = {
    "timeline": (
        "ticket_id", "ord", "pos", "event", "created_us", "said_us", "eff_us", "kind", "field", "to_value", "seconds",
        "who", "actor_label", "channel", "is_public", "is_creation", "is_moved", "is_opening", "is_birth",
        "is_customer_message", "is_human_reply", "is_any_reply", "is_resolution", "is_leaving", "is_resolved", "state_no",
    ),
}  # fmt: skip

# facts that no other step of the build reads: an engine may make them beside the steps that follow
_READ_BY_QUESTIONS_ALONE = frozenset(
    {
        "f_agent_time", "f_answer", "f_assigned", "f_availability", "f_contact", "f_duration", "f_escalation", "f_flow",
        "f_follow_up", "f_kb_issue", "f_kb_live", "f_kb_new", "f_kb_search", "f_kb_vote", "f_message_out", "f_open",
        "f_order", "f_plan_move", "f_reopen", "f_reply", "f_resolution", "f_review", "f_sla_risk", "f_stage_time",
        "f_stage_zero", "f_status_time", "f_survey", "f_waiting",
    }
)  # fmt: skip


def is_kept(name: str) -> bool:
    """Whether a table outlives the build."""
    return name.startswith("f_") or name in KEEP or is_arrived(name)


def is_arrived(name: str) -> bool:
    """Whether a kept table holds rows as they arrived."""
    return name.startswith("c_") and name[2:] in ROWS_KEPT


def purpose(name: str) -> Purpose:
    """What the table `name` of a build is for."""
    return Purpose(is_kept(name), _ENOUGH.get(name), name not in _READ_BY_QUESTIONS_ALONE)


# the canonical table whose rows are numbered, from 1 and in no order, when they are brought in: by that number steps find
# what an event says again, which is told to none of the tables that are sorted
NUMBERED, EVENT_NO = "event", "event_no"

# stands for the instant of knowledge in compiled text, so that one plan serves every instant
CUT_STAND_IN = 8_070_605_040_302_019_999


def canonical_columns(name: str) -> tuple[Column, ...]:
    """The columns of a canonical table that a build is given: all but those that say where a row came from."""
    return tuple(column for column in TABLES[name].columns if column not in PROVENANCE)


@dataclass
class Tables:
    """The tables of one engine by name; `canonical(x)` is the loaded canonical table x as known at `as_of`."""

    engine: Engine
    settings: BuildSettings
    _columns: dict[str, dict[str, str]] = field(default_factory=dict)
    _loaded: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ibis.Table:
        return ibis.table(self._columns[name], name=name)

    @property
    def cut_us(self) -> ibis.Value:
        """The last instant that this build knows, as an expression."""
        return ibis.literal(CUT_STAND_IN).cast("int64")

    def run(self, step: Step, is_empty: bool = False) -> None:
        """Make the tables of one step, from its kept plan if there is one; `is_empty`: with no row in them."""
        for planned in self.plan(step, is_empty):
            if is_empty:
                nothing = pa.schema([(column, _ARROW[kind]) for column, kind in planned.columns.items()]).empty_table()
                self.engine.load(planned.name, nothing, is_kept(planned.name))
            else:
                text = planned.text.replace(str(CUT_STAND_IN), str(self.settings.cut_us))
                self.engine.create(planned.name, text, purpose(planned.name))
            self._columns[planned.name] = planned.columns

    def plan(self, step: Step, is_empty: bool = False) -> list[Planned]:
        """What a step makes, and of what; `is_empty`: no text is wanted."""
        # all settings that expressions hold; the instant of knowledge has a stand-in
        settings = (self.settings.episode_gap_us, self.settings.default_schedule, self.settings.rates)
        plan_key = f"{self.engine.name} {step.__module__}.{step.__name__} {settings} {sorted(self._loaded.items())}"
        plan = PLANS.get(plan_key)
        # what will be empty needs its columns alone, and compiling is the longer part
        if plan is None or (not is_empty and not all(planned.text for planned in plan)):
            with collector_paused():
                made = step(self)
                reads = sorted(read_by(made.values()))
                plan = [
                    Planned(
                        name,
                        "" if is_empty else self.engine.prepare(expr),
                        {column: str(kind) for column, kind in expr.schema().items()},
                        reads,
                    )
                    for name, expr in made.items()
                ]
            PLANS.put(plan_key, plan)
        return plan

    def load(self, name: str, table: pa.Table) -> None:
        """Keep Arrow data as table `name`, whose columns depend on the data: so do the plans of the steps that follow."""
        self.engine.load(name, table, is_kept(name))
        self._columns[name] = {column.name: _NAMES[column.type] for column in table.schema}
        self._loaded[name] = _said(self._columns[name])

    def take(self, name: str, table: pa.Table) -> None:
        """Keep Arrow data as table `name`, which always has these columns, while the work lasts."""
        self.engine.load(name, table, is_kept=False)
        self._columns[name] = {column.name: _NAMES[column.type] for column in table.schema}

    def resume(self, stored: Mapping[str, Mapping[str, str]], loaded: Collection[str]) -> None:
        """Go on where a build ended: its kept tables with their columns, those among them that it had loaded by name."""
        self._columns.update({name: dict(columns) for name, columns in stored.items()})
        self._loaded.update({name: _said(self._columns[name]) for name in loaded})

    def foresee(self, columns: Mapping[str, Mapping[str, str]]) -> None:
        """Know the columns of tables that are going to be made, so that what is made of them can be planned."""
        self._columns.update({name: dict(own) for name, own in columns.items()})

    def canonical(self, name: str, cut: bool = True) -> ibis.Table:
        """Canonical table `name`: instants as microseconds, dates as days since 1970, cut at `as_of`.

        A row known only later is gone; a column known only later is null. `cut=False` leaves all in place:
        events are cut by their effective time, which later rows of their counter can move.
        """
        spec = TABLES[name]
        columns = {column.name: _IBIS[column.type] for column in canonical_columns(name)}
        if name == NUMBERED:
            columns[EVENT_NO] = "int64"
        table = ibis.table(columns, name=f"c_{name}")
        if not cut:
            return table
        if spec.known_at:
            known = table[spec.known_at]
            table = table.filter(known.isnull() | (known <= self.cut_us))
        for instant, others in spec.later:
            is_known = table[instant].isnull() | (table[instant] <= self.cut_us)
            hidden = (*others, instant)
            table = table.mutate(
                **{column: is_known.ifelse(table[column], ibis.null(table[column].type())) for column in hidden}
            )
        return table


def _said(columns: Mapping[str, str]) -> str:
    return ",".join(f"{column} {kind}" for column, kind in columns.items())


def read_by(exprs: Iterable[ibis.Table]) -> set[str]:
    """The names of all tables that some expressions read."""
    return {node.name for expr in exprs for node in expr.op().find(ibis.expr.operations.UnboundTable)}


class Facts(Protocol):
    """Tables by name: those of a build, or those that a question reads."""

    def __getitem__(self, name: str) -> ibis.Table: ...


class Step(Protocol):
    """Gives the expressions of one or more tables from those made before."""

    __name__: str

    def __call__(self, t: Tables) -> Mapping[str, ibis.Table]: ...


@dataclass(frozen=True)
class Fed:
    """A step whose tables have no row where the table `by` has none: a desk without calls does no work for them."""

    step: Step
    by: str


@dataclass(frozen=True)
class Act:
    """Work of a build that is no expression: it reads small tables and loads others. Its outcome is never kept."""

    do: Callable[[Tables], None]

    @property
    def __name__(self) -> str:
        return self.do.__name__


def key(source: ibis.Value, id: ibis.Value) -> ibis.Value:
    """The desk-wide key of a row: source/id; null where the id is null."""
    return source.concat("/", id)


def whole_seconds(micros: ibis.Value) -> ibis.Value:
    """Whole seconds of a length in microseconds, rounded down once (ruling 6)."""
    return (micros // 1_000_000).cast("int64")


def known_or(value: ibis.Value, otherwise: ibis.Value) -> ibis.Value:
    """`value`, else `otherwise`."""
    return ibis.coalesce(value, otherwise)
