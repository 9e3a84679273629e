"""The catalogue: every metric, built in and the desk's own, by id."""

from collections.abc import Iterable, Iterator, Mapping

from deskmeter.base.errors import AskerError, nearest
from deskmeter.base.registry import Registry
from deskmeter.metrics import catalog
from deskmeter.metrics.spec import Metric

BUILT_IN: Registry[Metric] = Registry(catalog, Metric, "metric", lambda metric: metric.id)


class Catalogue(Mapping[str, Metric]):
    """Built-in metrics and the desk's own; an own one may not take a built-in id."""

    def __init__(self, own: Iterable[Metric] = ()) -> None:
        self._metrics: dict[str, Metric] = dict(BUILT_IN)
        for metric in own:
            if metric.id in self._metrics:
                raise AskerError(f"the metric id `{metric.id}` is taken; give your metric another name")
            self._metrics[metric.id] = metric

    def __getitem__(self, id: str) -> Metric:
        if id not in self._metrics:
            raise AskerError(f"no metric `{id}`{nearest(id, self._metrics)}")
        return self._metrics[id]

    def __contains__(self, id: object) -> bool:
        return id in self._metrics

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)
