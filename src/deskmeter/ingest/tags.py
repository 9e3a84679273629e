"""A cell that lists tags becomes one event a tag."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ingest.parts import PartRead, canonical, joined, repeated


def split_tags(values: pa.Array, sign: str | None) -> pa.Array:
    """Lists of tags of text such as `["vip", "eu"]`, `[vip, eu]` or (with `sign` `,`) `vip, eu`.

    >>> split_tags(pa.array(['["vip","eu"]', "a; b", "[]", None]), ";").to_pylist()
    [['vip', 'eu'], ['a', 'b'], [], None]
    """
    listed = pc.match_substring_regex(values, r"^\[.*\]$")
    inner = pc.replace_substring_regex(values, r'^\[|\]$|"', "")
    commas = pc.split_pattern(inner, ",")
    plain = pc.split_pattern(values, sign) if sign else pc.split_pattern(values, "\n")
    chosen = [a if is_list else b for is_list, a, b in zip(listed.to_pylist(), commas, plain, strict=True)]
    cleaned = [
        None if tags is None else [t for t in (tag.strip() for tag in tags) if t]
        for tags in (scalar.as_py() for scalar in chosen)
    ]
    return pa.array(cleaned, pa.list_(pa.string()))


def tag_events(read: PartRead, at: pa.Array, revision: pa.Array) -> pa.Table:
    """One `tag_added` a tag, at the first known instant of the ticket."""
    value = read.part.columns["tags"]
    cells = read.columns["tags"].dictionary_encode()
    tags = split_tags(cells.dictionary, value.split).take(cells.indices)
    tags = pc.if_else(pc.is_valid(at), tags, pa.scalar(None, tags.type))
    parents, flat = pc.list_parent_indices(tags), pc.list_flatten(tags)
    ticket = read.column("ticket").take(parents)
    return canonical(
        "event",
        {
            "id": joined(ticket, ":3tag:", flat),
            "ticket": ticket,
            "at": at.take(parents),
            "kind": repeated("tag_added", len(flat)),
            "to_value": flat,
            "revision": revision.take(parents),
        },
        read.rows.lines()[parents.to_numpy().astype(np.int64)],
    )
