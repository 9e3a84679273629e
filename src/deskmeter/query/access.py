"""What a question may read: the fact tables of one build, the catalogue, and the desk's own definitions."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from deskmeter.engines.expressions import ibis
from deskmeter.engines.protocol import Engine
from deskmeter.facts.held_state import STATES, columns_shown, shown
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
    schemas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # as tables are stored
    texts: dict[object, str] = field(default_factory=dict)  # compiled text by plan
    targets: tuple[Target, ...] = ()
    repeats: Repeats | None = None  # while one question is answered
    columns: Mapping[str, Mapping[str, str]] = field(init=False)  # as tables are read

    def __post_init__(self) -> None:
        if not self.schemas:
            self.schemas = self.engine.schemas()
        self.columns = {name: columns_shown(name, columns) for name, columns in self.schemas.items()}

    def table(self, name: str, only: Set[str] | None = None) -> ibis.Table:
        """Fact table `name` as an expression, or of its columns those of `only` (one at least)."""
        return shown(name, self.schemas[name], self.schemas.get(STATES, {}), only)

    def seen(self, name: str) -> ibis.Table:
        """Fact table `name` as if it were stored as it is read: to find out which columns an expression reads."""
        return ibis.table(dict(self.columns[name]), name=name)
