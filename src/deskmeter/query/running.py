"""Counts of what holds at the end of many buckets, from what begins and what ends: one pass over the rows in all.

Counting at each end would read every row once a bucket. Here a row is +1 in the bucket in which it begins and -1 in
that in which it ends; the sum so far is what holds at a bucket's end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

import pyarrow as pa

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.dimensions import Dimension, find, own_column
from deskmeter.metrics.spec import Always, Asked, Count, Metric, Part
from deskmeter.query.plan import Split

FEWEST = 8  # buckets from which on this way is the shorter one

Key = tuple[str, ...]


def is_running(
    metric: Metric, part: Part, split: Split, filters: Sequence[str], tables: Mapping[str, Mapping[str, str]],
    own: Mapping[str, Dimension], edges_us: Sequence[int], quarter_us: int,
) -> bool:  # fmt: skip
    """Whether the part is such a count: plain, by what each row has in a column of its own, in enough whole buckets."""
    if not part.spans or part.like is None or not split.has_grain or split.top or metric.beside or metric.splits_by:
        return False
    if metric.aggregate != Count() or len(edges_us) <= FEWEST or any(edge % quarter_us for edge in edges_us):
        return False
    named = [find(id, own) for id in (*split.dims, *filters)]
    columns = tuple(tables[part.like])
    return all(not one.multi and own_column(part.dims, one, columns) is not None for one in named)


def spans_of(part: Part) -> Part:
    """The part with its rows as they lie in their table, each once."""
    assert part.like is not None
    return replace(part, fact=part.like, when=Always("from_us"))


def changes(rows: ibis.Table, split: Split, asked: Asked) -> ibis.Table:
    """dim_0 .. dim_k, bucket, n: by how much the number at the end of the bucket differs from that before it.

    rows: from_us, to_us (null: still) and the dimensions. What began before the first bucket begins in it.
    """
    dims = [f"dim_{index}" for index in range(len(split.dims))]
    steps = asked.tables("bucket_of").select(_q="q", bucket="bucket")
    parts = []
    for column, sign in (("from_us", 1), ("to_us", -1)):
        at = rows[column]
        known = rows.filter((at <= asked.as_of_us) & (at < asked.to_us))
        step = (ibis.greatest(known[column], asked.buckets_us) - asked.buckets_us) // asked.bucket_us
        known = known.mutate(_step=step).join(steps, [("_step", "_q")])
        parts.append(known.select(*dims, "bucket", sign=ibis.literal(sign).cast("int64")))
    whole = parts[0].union(parts[1])
    return whole.group_by([*dims, "bucket"]).aggregate(n=whole.sign.sum())


def counts(found: pa.Table, dims: int, buckets: range) -> dict[tuple[Key, int], int]:
    """What holds at the end of each known bucket, from `changes`; nothing where that is 0."""
    steps: dict[Key, dict[int, int]] = {}
    names = [found[f"dim_{index}"].to_pylist() for index in range(dims)]
    numbers = zip(found["bucket"].to_pylist(), found["n"].to_pylist(), strict=True)
    for place, (bucket, n) in enumerate(numbers):
        key = tuple(str(column[place]) for column in names)
        steps.setdefault(key, {})[int(bucket)] = int(n)
    held = {}
    for key, change in steps.items():
        sums = accumulate(change.get(bucket, 0) for bucket in buckets)
        held.update({(key, bucket): n for bucket, n in zip(buckets, sums, strict=True) if n})
    return held
