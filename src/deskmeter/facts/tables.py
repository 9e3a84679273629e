"""The working tables of one build: a name gives an expression, an expression becomes a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import ibis
import pyarrow as pa

from deskmeter.canon.schema import TABLES
from deskmeter.engines.protocol import Engine

FAR_PAST = -(2**62)
FAR_FUTURE = 2**62

_IBIS = {
    "string": "string", "int64": "int64", "float64": "float64", "boolean": "boolean", "timestamp": "int64", "date": "int64",
}  # fmt: skip


@dataclass(frozen=True)
class BuildSettings:
    """What a build depends on besides the data. Instants are UTC microseconds since 1970."""

    as_of_us: int
    episode_gap_us: int = 86_400_000_000
    default_schedule: str | None = None  # key of the schedule of sources that name none of their own
    is_live: bool = False  # nothing is cut at as_of: questions bring their own instant, later than all data

    @property
    def cut_us(self) -> int:
        """Nothing after this instant is known to the build."""
        return FAR_FUTURE if self.is_live else self.as_of_us


@dataclass
class Tables:
    """The tables of one engine by name; `canonical(x)` is the loaded canonical table x as known at `as_of`."""

    engine: Engine
    settings: BuildSettings
    _known: dict[str, ibis.Table] = field(default_factory=dict)

    def __getitem__(self, name: str) -> ibis.Table:
        return self._known[name]

    def put(self, name: str, expr: ibis.Table) -> None:
        """Compute `expr` now and keep it as table `name`."""
        self.engine.create(name, expr)
        self._known[name] = ibis.table(expr.schema(), name=name)

    def load(self, name: str, table: pa.Table) -> None:
        """Keep Arrow data as table `name`."""
        self.engine.load(name, table)
        self._known[name] = ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name)

    def canonical(self, name: str, cut: bool = True) -> ibis.Table:
        """Canonical table `name`: instants as microseconds, dates as days since 1970, cut at `as_of`.

        A row known only later is gone; a column known only later is null. `cut=False` leaves all in place:
        events are cut by their effective time, which later rows of their counter can move.
        """
        spec = TABLES[name]
        table = ibis.table(
            {column.name: _IBIS[column.type] for column in spec.columns}, name=f"c_{name}"
        )
        if not cut:
            return table
        as_of = self.settings.cut_us
        if spec.known_at:
            known = table[spec.known_at]
            table = table.filter(known.isnull() | (known <= as_of))
        for instant, others in spec.later:
            is_known = table[instant].isnull() | (table[instant] <= as_of)
            table = table.mutate(**{name: is_known.ifelse(table[name], ibis.null(table[name].type())) for name in (*others, instant)})
        return table


Step = Callable[[Tables], Mapping[str, ibis.Table]]


def key(source: ibis.Value, id: ibis.Value) -> ibis.Value:
    """The desk-wide key of a row: source/id; null where the id is null."""
    return source.concat("/", id)


def whole_seconds(micros: ibis.Value) -> ibis.Value:
    """Whole seconds of a length in microseconds, rounded down once (ruling 6)."""
    return (micros // 1_000_000).cast("int64")


def known_or(value: ibis.Value, otherwise: ibis.Value) -> ibis.Value:
    """`value`, else `otherwise`."""
    return ibis.coalesce(value, otherwise)
