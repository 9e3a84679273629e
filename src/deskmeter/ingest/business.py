"""Rows of the business tables: one row of the file is one row of a table, or of the three that make a customer."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.canon.schema import TABLES
from deskmeter.ingest.events import with_ids
from deskmeter.ingest.parts import PartRead, canonical, joined
from deskmeter.ingest.shapes import SHAPES

_SPANS = {
    "customer_span": ("joined_at", "left_at"),
    "subscription_span": ("from_at", "to_at"),
    "role_span": ("from_at", "to_at"),
    "membership_span": ("from_at", "to_at"),
    "availability_span": ("from_at", "to_at"),
    "schedule_span": ("from_at", "to_at"),
    "preference_span": ("from_at", "to_at"),
    "call": ("ringing_at", "ended_at"),
}
_WHO = {"customer_span": ("account", "person"), "subscription_span": ("account", "person")}


def refuse_impossible(read: PartRead) -> None:
    """Set aside rows that end before they begin, and those that belong to nobody."""
    start, end = _SPANS.get(read.name, ("", ""))
    if start in read.columns and end in read.columns:
        wrong = pc.fill_null(pc.less(read.columns[end], read.columns[start]), False)
        at = np.flatnonzero(wrong.to_numpy(zero_copy_only=False))
        read.rows.trouble.set_aside(read.rows.index[at], f"`{end}` lies before `{start}`", end)
    if read.name in _WHO:
        nobody = np.ones(read.rows.count, dtype=bool)
        for name in _WHO[read.name]:
            if name in read.columns:
                nobody &= pc.is_null(read.columns[name]).to_numpy(zero_copy_only=False)
        at = np.flatnonzero(nobody)
        read.rows.trouble.set_aside(read.rows.index[at], "neither `account` nor `person`: the row belongs to nobody")


def table_rows(read: PartRead) -> dict[str, pa.Table]:
    """The rows of one canonical table."""
    if not read.rows.count:
        return {}
    return {read.name: _rows(read, read.name, dict(read.columns))}


def customer_rows(read: PartRead) -> dict[str, pa.Table]:
    """The account, its time as a customer, and its subscription, which lasts as long.

    | account | joined_at | left_at | plan    | mrr   |
    |---------|-----------|---------|---------|-------|
    | 7590    | 2019-12-01| null    | monthly | 29.85 |

    gives one row each of `account`, `customer_span` and (where there is a plan or an amount) `subscription_span`.
    """
    if not read.rows.count:
        return {}
    account, given = read.columns["account"], read.columns
    start = {"account": account, "joined_at": given["joined_at"]}
    span_id = joined(account, ":", given["joined_at"].cast(pa.int64()).cast(pa.string()))
    facts = {name: given[name] for name in TABLES["account"].names if name in given}
    spans = {"id": span_id, **start} | {name: given[name] for name in ("left_at", "reason") if name in given}
    made = {
        "account": canonical("account", {"id": account, **facts}, read.rows.lines()),
        "customer_span": canonical("customer_span", spans, read.rows.lines()),
    }
    paid = {name: given[name] for name in ("plan", "mrr", "currency", "renewal_date") if name in given}
    if paid:
        columns = {"id": span_id, "account": account, "from_at": given["joined_at"], **_targets("customer", paid)}
        if "left_at" in given:
            columns["to_at"] = given["left_at"]
        made["subscription_span"] = canonical("subscription_span", columns, read.rows.lines())
    return made


def _rows(read: PartRead, table: str, columns: dict[str, pa.Array]) -> pa.Table:
    named = _targets(read.name, columns)
    named["id"] = with_ids(read, named)
    return canonical(table, named, read.rows.lines())


def _targets(shape: str, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Columns by their canonical names."""
    slots = SHAPES[shape].slots
    return {slots[name].target or name: values for name, values in columns.items()}
