"""Speed: how long customers wait and tickets take, by both clocks (metrics 5)."""

import ibis

from deskmeter.metrics.catalog.backlog import open_at_end, unanswered_at_end, waiting_at_end
from deskmeter.metrics.spec import Always, Asked, Flow, Metric, Part, Stat, Survival

FAMILY = "Speed"
