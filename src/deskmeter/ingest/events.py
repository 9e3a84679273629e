"""One row an event becomes one canonical event; a row without an id of its own is known by its content."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ingest.parts import PartRead, canonical, content_ids, repeated

_WITH_FIELD = ("field", "sla_applied", "sla_vendor_verdict", "escalation")


def event_rows(read: PartRead, counter: str) -> dict[str, pa.Table]:
    """The events of the good rows.

    | id  | at    | kind   | field       | to_value |
    |-----|-------|--------|-------------|----------|
    | 7   | 01:23 | status | (left out)  | open     |
    | 8   | 01:23 | field  | reason      | billing  |

    `counter` is the counter of the sequence: that of the source's own, or of the lines where the mapping names one.
    `field` stays only with the kinds that have one, so that a history of fields can map its column of names to it.
    """
    if not read.rows.count:
        return {}
    columns = dict(read.columns)
    if "field" in columns:
        has_field = pc.is_in(columns["kind"], pa.array(_WITH_FIELD))
        columns["field"] = pc.if_else(has_field, columns["field"], pa.scalar(None, pa.string()))
    if "sequence" in columns and "counter" not in columns:
        columns["counter"] = repeated(counter, read.rows.count)
    columns["id"] = with_ids(read, columns)
    if read.part.counter is not None:
        columns |= {"counter": repeated(counter, read.rows.count), "sequence": pa.array(read.rows.lines(), pa.int64())}
    return {"event": canonical("event", columns, read.rows.lines())}


def with_ids(read: PartRead, columns: dict[str, pa.Array]) -> pa.Array:
    """The rows' own ids, and where there is none the hash of their content.

    Rows that are equal in all that is mapped are one; this is noted, for the mapping can tell them apart
    (`id`, or `identity: line`).
    """
    own = columns.get("id")
    if own is not None and own.null_count == 0:
        return own
    content = {name: values for name, values in columns.items() if name != "id"}
    if read.rows.mapping.identity == "line":
        content["line"] = pa.array(read.rows.lines(), pa.int64())
    ids = content_ids(content)
    if own is not None:
        ids = pc.coalesce(own, ids)
    codes = ids.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    again = np.ones(len(codes), dtype=bool)
    again[np.unique(codes, return_index=True)[1]] = False
    said = f"rows of `{read.name}` equal to an earlier one in all that is mapped; they count once"
    read.rows.trouble.note("equal rows", said, read.rows.index[again])
    return ids
