"""What a desk defines for itself: metrics, dimensions, targets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deskmeter.metrics.dimensions import Dimension
from deskmeter.metrics.spec import Metric
from deskmeter.metrics.targets import Target


@dataclass(frozen=True)
class OwnDefinitions:
    """The desk's own metrics, dimensions and targets, checked."""

    metrics: tuple[Metric, ...] = ()
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
