"""What a question may read: the fact tables of one build, the catalogue, and the desk's own definitions."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from deskmeter.engines.expressions import ibis
from deskmeter.engines.protocol import Engine
from deskmeter.metrics.dimensions import Dimension
from deskmeter.metrics.spec import Metric
from deskmeter.metrics.targets import Target
from deskmeter.query.repeats import Repeats


@dataclass
class Access:
    """The facts as of one instant and all that is needed to read them."""

    engine: Engine
    as_of_us: int
    metrics: Mapping[str, Metric]
    dimensions: Mapping[str, Dimension]  # the desk's own
    settings: Mapping[str, object]
    schemas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    texts: dict[object, str] = field(default_factory=dict)  # compiled text by plan
    targets: tuple[Target, ...] = ()
    repeats: Repeats | None = None  # while one question is answered

    def __post_init__(self) -> None:
        if not self.schemas:
            self.schemas = self.engine.schemas()

    def table(self, name: str, only: Set[str] | None = None) -> ibis.Table:
        """Fact table `name` as an expression, or of its columns those of `only` (one at least)."""
        columns = dict(self.schemas[name])
        table = ibis.table(columns, name=name)
        if only is None or only >= columns.keys():
            return table
        # selected by name: a table that only claimed to have these columns would be read with all that it has
        return table.select([column for column in columns if column in only] or [*columns][:1])
